//! The reason why a plan is refused: the protected resource, the root change, the path between them, and hints.

use crate::diagnostic::{Code, Diagnostic};
use crate::resource::Address;

/// The reason why one protected resource stops one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The address of the protected resource, as recorded.
    pub protected: Address,
    /// The address of the change that would destroy it, or something that it depends on.
    pub root: Address,
    pub kind: RefusalKind,
    /// The path from the protected resource to the root, as recorded.
    pub path: Vec<Address>,
    /// The fields at fault; empty for a delete.
    pub fields: Vec<String>,
    /// Computed ways to make the change without harm. They are shown before the edit that lifts protection.
    pub harmless: Vec<String>,
    /// Its dependencies that would be deleted with it and that nothing else protects. Each is listed once in a plan.
    pub below: Vec<Address>,
    /// Whether this very plan removes the protection, which counts only from the next apply.
    pub lifting: bool,
    /// Whether the declaration is gone, so that there is nothing to edit.
    pub gone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    Delete,
    Recreate,
    /// A suppressed recreate, which counts as a recreate.
    Suppressed,
    /// An update in a field that takes serving or history away.
    Guarded,
}

impl Refusal {
    /// Returns the refusal as a diagnostic: the harm, the path, and the edit that lifts protection.
    pub fn diagnostic(&self) -> Diagnostic {
        let (protected, root) = (&self.protected, &self.root);
        let what = match self.kind {
            RefusalKind::Delete => "delete",
            RefusalKind::Recreate | RefusalKind::Suppressed => "recreate",
            RefusalKind::Guarded => "take serving or history from",
        };
        let (code, summary) = if protected == root {
            let code = match self.kind {
                RefusalKind::Delete => Code::P001,
                RefusalKind::Recreate | RefusalKind::Suppressed => Code::P002,
                RefusalKind::Guarded => Code::P004,
            };
            (code, format!("the plan would {what} `{root}`, which sets prevent_destroy"))
        } else {
            let code = if self.kind == RefusalKind::Guarded { Code::P004 } else { Code::P003 };
            (code, format!("the plan would {what} `{root}`, which protected `{protected}` depends on"))
        };
        let mut diagnostic = Diagnostic::error(code, summary);
        if self.path.len() > 1 || !self.fields.is_empty() {
            diagnostic = diagnostic.note(self.path_text());
        }
        if self.kind == RefusalKind::Suppressed {
            diagnostic = diagnostic.note("a suppressed recreate counts as the recreate that it is");
        }
        if !self.below.is_empty() {
            let below = self.below.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
            diagnostic = diagnostic.note(format!("what it depends on would be deleted with it: {below}"));
        }
        for way in &self.harmless {
            diagnostic = diagnostic.hint(way.clone());
        }
        self.lift(diagnostic)
    }

    /// Adds the last hint: the edit that lifts protection.
    fn lift(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let protected = &self.protected;
        let or = if self.harmless.is_empty() { "" } else { "or " };
        if self.lifting {
            diagnostic = diagnostic.note(format!(
                "`{protected}` says `prevent_destroy: false` now, and that counts from the next apply on"
            ));
            return diagnostic
                .hint(format!("{or}undo the rest, apply `prevent_destroy: false` on `{protected}` alone, then go on"));
        }
        if self.gone {
            return diagnostic.hint(format!(
                "{or}bring `{protected}` back with `prevent_destroy: false`, apply that alone, then remove it"
            ));
        }
        diagnostic
            .hint(format!("{or}set `prevent_destroy: false` on `{protected}`, apply that alone, then make the change"))
    }

    /// Returns `FeatureService.ads ← StreamFeatureView.clicks ← PushSource.clicks: schema`.
    pub fn path_text(&self) -> String {
        let path = self.path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ← ");
        match self.kind {
            RefusalKind::Delete => format!("{path}: deleted"),
            _ if self.fields.is_empty() => path,
            _ => format!("{path}: {}", self.fields.join(", ")),
        }
    }
}

impl RefusalKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Recreate => "recreate",
            Self::Suppressed => "suppressed_recreate",
            Self::Guarded => "guarded_update",
        }
    }
}

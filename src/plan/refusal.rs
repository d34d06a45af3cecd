//! Why a plan is refused: what is protected, the change at the root, the path between them, and what to do.

use crate::diagnostic::{Code, Diagnostic};
use crate::resource::Address;

/// Why one protected resource stands in the way of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is protected, as recorded.
    pub protected: Address,
    /// The change that would destroy it, or something it depends on.
    pub root: Address,
    pub kind: RefusalKind,
    /// From the protected resource to the root, as recorded.
    pub path: Vec<Address>,
    /// The fields at fault; none for a delete.
    pub fields: Vec<String>,
    /// What would have the change without the harm, computed; before the edit that lifts protection.
    pub harmless: Vec<String>,
    /// What it depends on and what is deleted with it: nothing else stands in the way of that. Each once in a plan.
    pub below: Vec<Address>,
    /// Whether the declaration drops its protection in this very plan, which does not count yet.
    pub lifting: bool,
    /// Whether its declaration is gone, so that there is nothing to edit.
    pub gone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    Delete,
    Recreate,
    /// A recreate that was suppressed: it counts as the recreate that it is.
    Suppressed,
    /// An update in a field that takes serving or history away.
    Guarded,
}

impl Refusal {
    /// Returns the refusal as a diagnostic: what would happen, along which path, and the edit that lifts it.
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

    /// Adds the edit that lifts protection: the last hint.
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

//! prevent_destroy: a pass over a finished plan that refuses whatever would destroy what production protects.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Cause, Change, Entry, Mode, Plan, Snapshot, Target, Targets};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, Effect};

/// A plan that nothing protected stands against. Only [`approve`] makes one, and `apply` takes nothing else.
#[derive(Debug, Clone)]
pub struct Approved {
    plan: Plan,
    targets: Targets,
}

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

/// Everything that stands in a plan's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub refusals: Vec<Refusal>,
}

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the row that will be at `address` when the changes are written.
    pub fn target(&self, address: &Address) -> Target {
        self.targets.get(address)
    }
}

/// Approves `plan`, or says everything that stands in its way.
///
/// Protection is read from what is recorded: deleting a declaration must not delete its protection.
pub fn approve(plan: Plan, snapshot: &Snapshot) -> Result<Approved, Refused> {
    let refusals = refusals(&plan, snapshot);
    if refusals.is_empty() {
        Ok(Approved { targets: Targets::of(&plan, snapshot), plan })
    } else {
        Err(Refused { refusals })
    }
}

/// Runs the guard again, inside apply's transaction, on what is recorded by then: mode, flags and dependencies.
pub fn recheck(plan: &Plan, mode: Mode, entries: &BTreeMap<Address, Entry>) -> Result<(), Refused> {
    let refusals = refusals_in(plan, mode, entries);
    if refusals.is_empty() { Ok(()) } else { Err(Refused { refusals }) }
}

/// Returns every protected resource that the plan would harm, with the change at the root (spec 2, the guard's table).
pub fn refusals(plan: &Plan, snapshot: &Snapshot) -> Vec<Refusal> {
    refusals_in(plan, snapshot.mode, &snapshot.entries)
}

fn refusals_in(plan: &Plan, mode: Mode, entries: &BTreeMap<Address, Entry>) -> Vec<Refusal> {
    if mode == Mode::Development {
        return Vec::new();
    }
    let roots: BTreeMap<&Address, (&Change, RefusalKind)> =
        plan.changes.iter().filter_map(|it| Some((it.recorded()?, (it, harm(it)?)))).collect();
    if roots.is_empty() {
        return Vec::new();
    }
    let declared: BTreeMap<&Address, &Change> =
        plan.changes.iter().filter_map(|it| Some((it.recorded()?, it))).collect();
    let mut refusals = Vec::new();
    for (protected, _) in entries.iter().filter(|it| it.1.prevent_destroy) {
        let lifting = declared.get(protected).is_some_and(|it| it.lifts());
        let gone = declared.get(protected).is_some_and(|it| it.action.after().is_none());
        for (root, path) in upstream(protected, entries) {
            let Some((change, kind)) = roots.get(&root) else { continue };
            // What falls only because something above it falls is named once, by that.
            if matches!(change.cause, Cause::Upstream { .. }) && !own_harm(change) {
                continue;
            }
            refusals.push(Refusal {
                protected: protected.clone(),
                root,
                kind: *kind,
                path,
                fields: fields(change),
                lifting,
                gone,
            });
        }
    }
    refusals
}

/// Says whether the plan harms anything at all: if not, there is nothing to guard, whatever is recorded.
pub fn is_harmless(plan: &Plan) -> bool {
    plan.changes.iter().all(|it| harm(it).is_none())
}

/// Returns how a change harms what it changes, if it does.
fn harm(change: &Change) -> Option<RefusalKind> {
    match &change.action {
        Action::Create { .. } => None,
        Action::Delete { .. } => Some(RefusalKind::Delete),
        Action::Recreate { .. } => Some(RefusalKind::Recreate),
        Action::Update { .. } if change.suppressed => Some(RefusalKind::Suppressed),
        Action::Update { .. } if change.effect() == Effect::InPlaceGuarded => Some(RefusalKind::Guarded),
        Action::Update { .. } => None,
    }
}

/// Says whether the change harms by its own fields, and not only because something above it is destroyed.
fn own_harm(change: &Change) -> bool {
    matches!(change.action, Action::Delete { .. }) || change.effect() > Effect::InPlace
}

/// The fields at fault: all that destroy or take something away.
fn fields(change: &Change) -> Vec<String> {
    let harmful = change.action.fields().iter().filter(|it| it.effect > Effect::InPlace);
    harmful.map(|it| it.path.clone()).collect()
}

/// Returns what `protected` depended on as recorded, itself first, each with the shortest path to it.
fn upstream(protected: &Address, entries: &BTreeMap<Address, Entry>) -> Vec<(Address, Vec<Address>)> {
    let mut seen = BTreeSet::from([protected.clone()]);
    let mut found = vec![(protected.clone(), vec![protected.clone()])];
    let mut next = 0;
    while next < found.len() {
        let (at, path) = found[next].clone();
        next += 1;
        for dependency in entries.get(&at).map(|it| it.depends_on.as_slice()).unwrap_or_default() {
            if seen.insert(dependency.clone()) {
                let path = path.iter().chain([dependency]).cloned().collect();
                found.push((dependency.clone(), path));
            }
        }
    }
    found
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
                RefusalKind::Delete => "P001",
                RefusalKind::Recreate | RefusalKind::Suppressed => "P002",
                RefusalKind::Guarded => "P004",
            };
            (code, format!("the plan would {what} `{root}`, which sets prevent_destroy"))
        } else {
            let code = if self.kind == RefusalKind::Guarded { "P004" } else { "P003" };
            (code, format!("the plan would {what} `{root}`, which protected `{protected}` depends on"))
        };
        let mut diagnostic = Diagnostic::error(code, summary);
        if self.path.len() > 1 || !self.fields.is_empty() {
            diagnostic = diagnostic.note(self.path_text());
        }
        if self.kind == RefusalKind::Suppressed {
            diagnostic = diagnostic.note("a suppressed recreate counts as the recreate that it is");
        }
        if self.lifting {
            diagnostic = diagnostic.note(format!(
                "`{protected}` says `prevent_destroy: false` now, and that counts from the next apply on"
            ));
            return diagnostic
                .hint(format!("undo the rest, apply `prevent_destroy: false` on `{protected}` alone, then go on"));
        }
        if self.gone {
            return diagnostic.hint(format!(
                "bring `{protected}` back with `prevent_destroy: false`, apply that alone, then remove it"
            ));
        }
        diagnostic
            .hint(format!("set `prevent_destroy: false` on `{protected}`, apply that alone, then make the change"))
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

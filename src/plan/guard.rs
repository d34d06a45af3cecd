//! The guard for prevent_destroy: a pass over a finished plan that refuses changes which destroy protected data.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Cause, Change, Plan};
use super::refusal::{Refusal, RefusalKind};
use super::target::Targets;
use crate::diagnostic::Diagnostic;
use crate::recorded::{Entry, Mode, Snapshot, Target, downstream, upstream};
use crate::resource::{Address, Effect};

/// A plan that harms nothing protected. Only [`approve`] makes one, and `apply` takes only this type.
#[derive(Debug, Clone)]
pub struct Approved {
    plan: Plan,
    targets: Targets,
}

/// The refusals that stop a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub refusals: Vec<Refusal>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let summaries: Vec<String> = self.refusals.iter().map(|it| it.diagnostic().summary).collect();
        f.write_str(&summaries.join("; "))
    }
}

impl std::error::Error for Refused {}

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the row that will be at `address` once the changes are written.
    pub fn target(&self, address: &Address) -> Target {
        self.targets.get(address)
    }
}

/// Approves `plan`, or returns every refusal.
///
/// Protection is read from the recorded resource, because deleting a declaration must not delete its protection.
pub fn approve(plan: Plan, snapshot: &Snapshot) -> Result<Approved, Refused> {
    let refusals = refusals(&plan, snapshot);
    if refusals.is_empty() {
        Ok(Approved { targets: Targets::of(&plan, snapshot), plan })
    } else {
        Err(Refused { refusals })
    }
}

/// Runs the guard again inside apply's transaction, on the mode, flags and dependencies recorded by then.
pub fn recheck(plan: &Plan, mode: Mode, entries: &BTreeMap<Address, Entry>) -> Result<(), Vec<Diagnostic>> {
    let refusals = refusals_in(plan, mode, entries);
    if refusals.is_empty() { Ok(()) } else { Err(refusals.iter().map(Refusal::diagnostic).collect()) }
}

/// Returns a refusal for each protected resource that the plan would harm (spec 2, the guard's table).
pub fn refusals(plan: &Plan, snapshot: &Snapshot) -> Vec<Refusal> {
    refusals_in(plan, snapshot.mode, &snapshot.entries)
}

fn refusals_in(plan: &Plan, mode: Mode, entries: &BTreeMap<Address, Entry>) -> Vec<Refusal> {
    if mode == Mode::Development {
        return Vec::new();
    }
    let changes: BTreeMap<&Address, &Change> =
        plan.changes.iter().filter_map(|it| Some((it.recorded()?, it))).collect();
    // A resource harmed only through a dependency is covered by the refusal of that dependency.
    let is_root = |it: &Change| harm(it).is_some() && (!matches!(it.cause, Cause::Upstream { .. }) || own_harm(it));
    let roots: BTreeSet<&Address> = changes.iter().filter(|it| is_root(it.1)).map(|it| *it.0).collect();
    if roots.is_empty() {
        return Vec::new();
    }
    let is_deleted = |it: &Address| changes.get(it).is_some_and(|it| matches!(it.action, Action::Delete { .. }));
    let protected = || entries.iter().filter(|it| it.1.prevent_destroy).map(|it| it.0);
    let guards = upstream(protected(), entries);
    let kept = upstream(protected().filter(|it| !is_deleted(it)), entries);
    let harmed = downstream(roots.iter().copied(), entries);

    let mut pairs: BTreeMap<(&Address, &Address), Vec<Address>> = BTreeMap::new();
    let mut below: BTreeMap<&Address, Vec<Address>> = BTreeMap::new();
    for root in &roots {
        let Some(mut path) = guards.path(root) else { continue };
        if is_deleted(root) && path.len() > 1 {
            match kept.path(root) {
                Some(kept) => path = kept,
                // Every protected resource that depends on it is deleted as well, and has a refusal of its own.
                None => {
                    below.entry(path[path.len() - 1]).or_default().push((*root).clone());
                    continue;
                }
            }
        }
        path.reverse();
        pairs.insert((path[0], root), path.into_iter().cloned().collect());
    }
    let named: BTreeSet<&Address> = pairs.keys().map(|it| it.0).collect();
    for protected in protected().filter(|it| !named.contains(it)) {
        let Some(path) = harmed.path(protected) else { continue };
        pairs.insert((protected, path[path.len() - 1]), path.into_iter().cloned().collect());
    }
    let refusal = |((protected, root), path): ((&Address, &Address), Vec<Address>)| {
        let change = changes.get(root)?;
        Some(Refusal {
            protected: protected.clone(),
            root: root.clone(),
            kind: harm(change)?,
            path,
            fields: fields(change),
            harmless: change.harmless.clone(),
            below: if protected == root { below.remove(protected).unwrap_or_default() } else { Vec::new() },
            lifting: changes.get(protected).is_some_and(|it| it.lifts()),
            gone: is_deleted(protected),
        })
    };
    let mut refusals: Vec<Refusal> = pairs.into_iter().filter_map(refusal).collect();
    refusals.sort_by(|a, b| (&a.protected, a.path.len(), &a.root).cmp(&(&b.protected, b.path.len(), &b.root)));
    refusals
}

/// Says whether the plan harms nothing, so that no guard is needed.
pub fn is_harmless(plan: &Plan) -> bool {
    plan.changes.iter().all(|it| harm(it).is_none())
}

/// Returns the kind of harm that a change does, if any.
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

/// Says whether the change does harm by its own fields, and not only through a dependency.
fn own_harm(change: &Change) -> bool {
    matches!(change.action, Action::Delete { .. }) || change.effect() > Effect::InPlace
}

/// Returns the paths of the fields that destroy or take something away.
fn fields(change: &Change) -> Vec<String> {
    let harmful = change.action.fields().iter().filter(|it| it.effect > Effect::InPlace);
    harmful.map(|it| it.path.clone()).collect()
}

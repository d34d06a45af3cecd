//! The jobs that a change starts, changes and ends, and the warnings to read before it is applied.

use std::collections::BTreeMap;

use super::change::{Action, Change};
use super::declared::Declared;
use super::job::{JobAction, JobChange};
use super::work::{Materialized, end_all, reconcile};
use super::written;
use super::written::Both;
use crate::diagnostic::{Code, Diagnostic};
use crate::recorded::{Mode, Snapshot};
use crate::resource::graph::{self, Reach};
use crate::resource::{Address, Duration, Effect, Instant};

/// Returns the effect of a change on the jobs of its own view. A development workspace has no jobs.
pub fn jobs(change: &Change, snapshot: &Snapshot, both: &Both, now: Instant) -> Vec<JobChange> {
    if snapshot.mode != Mode::Live {
        return Vec::new();
    }
    let recorded = change.id.and_then(|it| snapshot.jobs.get(&it)).map(Vec::as_slice).unwrap_or_default();
    let old = || change.action.before().and_then(|it| Materialized::new(it, &both.before));
    let new = || change.action.after().and_then(|it| Materialized::new(it, &both.after));
    let ended = || old().map(|it| end_all(&it, recorded)).unwrap_or_default();
    let begun = || new().map(|it| reconcile(&it, &[], false, now)).unwrap_or_default();
    let actions: Vec<JobAction> = match &change.action {
        Action::Create { .. } => begun(),
        Action::Recreate { .. } => begun().into_iter().chain(ended()).collect(),
        Action::Delete { .. } => ended(),
        Action::Update { .. } => match (old(), new()) {
            (Some(old), Some(new)) if old != new || appends(change) => reconcile(&new, recorded, appends(change), now),
            _ => Vec::new(),
        },
    };
    actions.into_iter().map(|action| JobChange { view: change.address.clone(), action }).collect()
}

/// Says whether the view gains features that the rows written so far lack.
fn appends(change: &Change) -> bool {
    let appended = |path: &str| matches!(path, "aggregations" | "schema" | "sql");
    !change.suppressed && change.action.fields().iter().any(|it| appended(&it.path) && it.effect == Effect::InPlace)
}

/// Adds the changes to jobs of unchanged views that read a resource changed in place: a source decides when its rows
/// are complete, and whether it has stored rows. Each is listed with the change that causes it.
pub fn jobs_below(
    changes: &mut BTreeMap<Address, Change>,
    snapshot: &Snapshot,
    declared: &BTreeMap<&Address, &Declared>,
    both: &Both,
    now: Instant,
) {
    let is_root =
        |it: &Change| matches!(&it.action, Action::Update { after, .. } if after.spec.declaration().view().is_none());
    let roots: Vec<&Address> = changes.values().filter(|it| is_root(it)).map(|it| &it.address).collect();
    if snapshot.mode != Mode::Live || roots.is_empty() {
        return;
    }
    let readers = graph::dependents(declared.values().map(|it| (&it.resource.address, &*it.resource.depends_on)));
    let stays = |it: &&Address| !changes.contains_key(*it);
    let reach = Reach::new(roots, |at| readers.get(at).into_iter().flatten().copied().filter(stays));
    let mut found: Vec<(Address, JobChange)> = Vec::new();
    for view in reach.nodes().filter(stays) {
        let (Some(way), Some(reader)) = (reach.path(view), declared.get(view)) else { continue };
        let of = |catalog| Materialized::new(&reader.resource, catalog);
        let (Some(old), Some(new)) = (of(&both.before), of(&both.after)) else { continue };
        let Some(entry) = snapshot.entries.get(view).filter(|_| old != new) else { continue };
        let recorded = snapshot.jobs.get(&entry.id).map(Vec::as_slice).unwrap_or_default();
        let actions = reconcile(&new, recorded, false, now);
        let job = |action| (way[way.len() - 1].clone(), JobChange { view: view.clone(), action });
        found.extend(actions.into_iter().map(job));
    }
    for (root, job) in found {
        changes.entry(root).and_modify(|it| it.jobs.push(job));
    }
}

/// Returns the warnings to read before a change is applied.
pub fn warnings(change: &Change, both: &Both, now: Instant) -> Vec<Diagnostic> {
    let mut warnings: Vec<Diagnostic> = begins_later(change, now).into_iter().collect();
    let (Some(before), Some(after)) = (change.action.before(), change.action.after()) else { return warnings };
    warnings.extend(written::unknown(&change.address, change.action.fields()));
    if change.suppressed && after.columns(&both.after).is_none() {
        warnings.push(Diagnostic::warning(
            Code::V104,
            format!(
                "not checked: whether `{}` still has the same columns, because no source was opened",
                change.address
            ),
        ));
    }
    let (Some(old), Some(new)) = (before.spec.declaration().view(), after.view(&both.after)) else { return warnings };
    if !matches!(change.action, Action::Update { .. }) || !old.aggregates() {
        return warnings;
    }
    if new.found.has_batch && change.jobs.iter().all(|it| it.brings().is_none()) {
        return warnings;
    }
    let longest = old.aggregations().map(|it| it.time_window).max().unwrap_or(Duration::ZERO);
    let interval = new.interval().unwrap_or(Duration::ZERO);
    for added in new.spec.aggregations().skip(old.aggregations().count()).filter(|it| it.time_window > longest) {
        let (feature, window) = (added.feature(interval), added.time_window);
        let summary = format!("the window of `{feature}` is {window}, longer than any before ({longest})");
        let complete = if new.found.has_batch {
            "it is complete when the backfill has run".to_owned()
        } else {
            format!("it is complete from {} on: older events are not kept", Instant { secs: now.secs + window.secs })
        };
        warnings.push(Diagnostic::warning(Code::P009, format!("{summary}; {complete}")));
    }
    warnings
}

/// Warns of a materialized view whose `feature_start_time` is in the future: it keeps nothing until then.
fn begins_later(change: &Change, now: Instant) -> Option<Diagnostic> {
    let view = change.action.after()?.spec.declaration().view()?;
    let start = view.feature_start_time.filter(|it| *it > now && view.is_materialized())?;
    let summary = format!("`{}` has no features before {start}, which is in the future", change.address);
    Some(Diagnostic::warning(Code::P014, summary).hint("write the first moment that should have features"))
}

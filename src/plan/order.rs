//! The order of a plan: first the deletes, readers before what they read; then the rest, dependencies before readers.

use super::change::Change;
use crate::resource::{Address, Resource, graph};

pub fn order(changes: Vec<Change>) -> Vec<Change> {
    let (deletes, rest): (Vec<_>, Vec<_>) = changes.into_iter().partition(|it| it.action.after().is_none());
    let mut ordered = sorted(deletes, |it| it.action.before());
    ordered.reverse();
    ordered.extend(sorted(rest, |it| it.action.after()));
    ordered
}

/// Puts dependencies first, then sorts by kind and name. A recorded circle that an older weir allowed comes last.
fn sorted(mut changes: Vec<Change>, state: impl Fn(&Change) -> Option<&Resource>) -> Vec<Change> {
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let at = |address: &Address| changes.binary_search_by(|it| it.address.cmp(address)).ok();
    let depends_on = |it: usize| state(&changes[it]).map(|it| it.depends_on.as_slice()).unwrap_or_default();
    let order = graph::order(changes.len(), |it| depends_on(it).iter().filter_map(at).collect::<Vec<_>>());
    let mut waiting: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|it| waiting[it].take()).collect()
}

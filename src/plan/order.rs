//! The order of a plan: deletions first, readers before what they read; then the rest, what is read before its readers.

use std::collections::BTreeSet;

use super::Change;
use crate::resource::{Address, Resource};

pub fn order(changes: Vec<Change>) -> Vec<Change> {
    let (deletes, rest): (Vec<_>, Vec<_>) = changes.into_iter().partition(|it| it.action.after().is_none());
    let mut ordered = sorted(deletes, |it| it.action.before());
    ordered.reverse();
    ordered.extend(sorted(rest, |it| it.action.after()));
    ordered
}

/// Dependencies first; where nothing decides, by kind and name.
fn sorted(mut changes: Vec<Change>, state: impl Fn(&Change) -> Option<&Resource>) -> Vec<Change> {
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let at = |address: &Address| changes.binary_search_by(|it| it.address.cmp(address)).ok();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    let mut open = vec![0; changes.len()];
    for (index, change) in changes.iter().enumerate() {
        let dependencies = state(change).map(|it| it.depends_on.as_slice()).unwrap_or_default();
        for dependency in dependencies.iter().filter_map(at).filter(|it| *it != index) {
            readers[dependency].push(index);
            open[index] += 1;
        }
    }
    let mut ready: BTreeSet<usize> = (0..changes.len()).filter(|it| open[*it] == 0).collect();
    let mut waiting: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some(index) = ready.pop_first() {
        for reader in &readers[index] {
            open[*reader] -= 1;
            if open[*reader] == 0 {
                ready.insert(*reader);
            }
        }
        ordered.extend(waiting[index].take());
    }
    // What was recorded may hold a circle that an older weir let through: it is shown all the same.
    ordered.extend(waiting.into_iter().flatten());
    ordered
}

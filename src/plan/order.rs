//! The order of a plan: deletions first, readers before what they read; then the rest, what is read before its readers.

use std::collections::{BTreeMap, BTreeSet};

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
fn sorted(changes: Vec<Change>, state: impl Fn(&Change) -> Option<&Resource>) -> Vec<Change> {
    let mut waiting: BTreeMap<Address, Change> = changes.into_iter().map(|it| (it.address.clone(), it)).collect();
    let mut readers: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    let mut open: BTreeMap<Address, usize> = BTreeMap::new();
    for (address, change) in &waiting {
        let dependencies = state(change).map(|it| it.depends_on.as_slice()).unwrap_or_default();
        let here: Vec<&Address> = dependencies.iter().filter(|it| *it != address && waiting.contains_key(it)).collect();
        open.insert(address.clone(), here.len());
        for dependency in here {
            readers.entry(dependency.clone()).or_default().push(address.clone());
        }
    }
    let mut ready: BTreeSet<Address> = open.iter().filter(|it| *it.1 == 0).map(|it| it.0.clone()).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some(address) = ready.pop_first() {
        for reader in readers.remove(&address).unwrap_or_default() {
            if let Some(count) = open.get_mut(&reader) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(reader);
                }
            }
        }
        ordered.extend(waiting.remove(&address));
    }
    // What was recorded may hold a circle that an older weir let through: it is shown all the same.
    ordered.extend(waiting.into_values());
    ordered
}

//! The features that each change adds and removes, for those who approve it. Nothing here decides.

use std::collections::BTreeMap;

use super::change::{Action, Brings, Change};
use super::data::opened;
use super::declared::Declared;
use crate::recorded::Columns;
use crate::resource::{Address, Catalog, Column, Resource};

/// The resources of the state before or after, with the columns found in the data of sources.
pub struct Known<'a> {
    pub catalog: &'a Catalog<'a>,
    pub data: &'a (dyn Fn(&Address) -> Option<&'a Columns> + Sync),
}

/// Returns the contents of a changed resource, and the features that the change adds and removes.
pub fn brings(change: &Change, before: &Known, after: &Known) -> Brings {
    let old = |it: &Resource| {
        let data = change.recorded().and_then(|it| (before.data)(it));
        it.contents(before.catalog, data.map(Vec::as_slice))
    };
    let new = |it: &Resource| it.contents(after.catalog, (after.data)(&it.address).map(Vec::as_slice));
    let alone = |contents| Brings { contents, adds: Vec::new(), removes: Vec::new() };
    match &change.action {
        Action::Create { after } => alone(new(after)),
        Action::Delete { before } => alone(old(before)),
        Action::Update { before, after, .. } | Action::Recreate { before, after, .. } => {
            let (old, new) = (old(before), new(after));
            let (had, has) = (old.features(), new.features());
            // When one side is not known, no difference is shown.
            let (had, has) = had.zip(has).unwrap_or_default();
            Brings { adds: missing(has, had), removes: missing(had, has), contents: new }
        }
    }
}

/// Returns the `features` that `others` lacks, in their order. An unknown type equals any type.
fn missing(features: &[Column], others: &[Column]) -> Vec<Column> {
    let others: BTreeMap<&str, &Column> = others.iter().map(|it| (it.name.as_str(), it)).collect();
    let differs = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let is_missing = |it: &&Column| others.get(it.name.as_str()).is_none_or(|other| differs(&it.dtype, &other.dtype));
    features.iter().filter(is_missing).cloned().collect()
}

/// Returns the recorded resources with their recorded columns. A resource without a change is taken as declared.
pub fn recorded_catalog<'a>(
    changes: &'a [Change],
    declared: &'a [Declared],
    recorded: impl Fn(&Address) -> Option<&'a Columns>,
) -> Catalog<'a> {
    let changed: BTreeMap<&Address, &Change> = changes.iter().map(|it| (&it.address, it)).collect();
    let same = declared.iter().map(|it| &*it.resource).filter(|it| !changed.contains_key(&it.address));
    let same = same.map(|it| (it, &it.address));
    let others = changes.iter().filter_map(|it| Some((it.action.before()?, it.recorded()?)));
    let states: Vec<(&Resource, &Address)> = same.chain(others).collect();
    let mut catalog = Catalog::new(states.iter().map(|it| it.0));
    for (resource, address) in states {
        if let Some(columns) = recorded(address).and_then(opened) {
            catalog.know_columns(&resource.address, columns);
        }
    }
    catalog
}

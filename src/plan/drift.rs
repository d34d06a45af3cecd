//! Drift: the columns of the data now, compared with those that were recorded (spec 3).
//!
//! A new column is an update in place. A change that breaks a column in use is an error that names the source, never a
//! recreate. A change of an unused column is recorded only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::brings::{self, Known};
use super::change::{Action, Brings, Cause, Change, Plan};
use super::data::{Data, opened};
use super::declared::Declared;
use super::{diff, order};
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::recorded::{Columns, Snapshot};
use crate::resource::{Address, Catalog, Effect, FieldChange};

/// Adds to `plan` the changes that data makes, or returns an error for each declaration with broken columns in use.
pub fn drift(plan: &mut Plan, snapshot: &Snapshot, declared: &[Declared], data: &Data) -> Result<(), Vec<Diagnostic>> {
    let today = columns_today(declared, data, &plan.changes);
    let Seen { learned, grown } = look(&plan.changes, declared, data, &today)?;
    let at: BTreeMap<Address, usize> = plan.changes.iter().enumerate().map(|it| (it.1.address.clone(), it.0)).collect();
    for change in grown {
        match at.get(&change.address).map(|it| &mut plan.changes[*it].action) {
            Some(Action::Update { fields, .. }) if fields.iter().all(|it| it.path != "schema") => {
                fields.extend_from_slice(change.action.fields());
            }
            Some(_) => {}
            None => {
                plan.unchanged -= 1;
                plan.changes.push(change);
            }
        }
    }
    // A resource that is spelled differently and also gains columns is one change.
    let changed: BTreeSet<&Address> = plan.changes.iter().map(|it| &it.address).collect();
    plan.rewritten.retain(|it| !changed.contains(&it.address));
    plan.changes = order::order(std::mem::take(&mut plan.changes));
    plan.learned.columns = learned;
    let brings = shown(&plan.changes, declared, data, &today);
    plan.changes.iter_mut().zip(brings).for_each(|it| it.0.brings = Some(it.1));
    let orders = diff::wire_orders(snapshot, declared, &plan.changes, &today, diff::Services::All);
    match plan.changes.is_empty() {
        true => plan.learned.wire_orders = orders,
        false => plan.wire_orders = orders,
    }
    Ok(())
}

/// The differences in data that break nothing.
struct Seen {
    /// Columns to record.
    learned: Vec<(Address, Columns)>,
    /// The changes in place that new columns make.
    grown: Vec<Change>,
}

/// Compares the columns of all that was opened. Returns an error for each declaration with broken columns in use.
fn look(changes: &[Change], declared: &[Declared], data: &Data, today: &Catalog) -> Result<Seen, Vec<Diagnostic>> {
    let by_address: BTreeMap<&Address, &Change> = changes.iter().map(|it| (&it.address, it)).collect();
    let recorded = |address: &Address| match by_address.get(address) {
        // A resource that is built again is not compared with its recorded columns.
        Some(change) if matches!(change.action, Action::Create { .. } | Action::Recreate { .. }) => None,
        Some(change) => data.recorded.get(change.recorded().unwrap_or(address)),
        None => data.recorded.get(address),
    };
    let has_moved = |it: &(&Address, &Columns)| recorded(it.0).is_some_and(|before| before.1 != *it.1);
    let moved: BTreeSet<&Address> = data.derived.iter().filter(has_moved).map(|it| it.0).collect();
    let then = columns_then(declared, data, changes);
    let is_unseen = |it: &Address| recorded(it).is_some() && !data.derived.contains_key(it);
    let unseen = declared.iter().filter(|it| is_unseen(&it.resource.address));
    let below_unseen: BTreeSet<&Address> = unseen.flat_map(|it| &it.resource.depends_on).collect();
    let (mut seen, mut faults) = (Seen { learned: Vec::new(), grown: Vec::new() }, Vec::new());
    for it in declared {
        let address = &it.resource.address;
        let Some(now) = data.derived.get(address) else { continue };
        let Some((id, before)) = recorded(address) else {
            seen.learned.push((address.clone(), now.clone()));
            continue;
        };
        let is_view = it.resource.spec.declaration().view().is_some();
        // New columns of a source wait while a view over it cannot be opened: recorded now, they would no longer show
        // as drift when it can.
        if before == now || !is_view && below_unseen.contains(address) {
            continue;
        }
        let uses = |catalog: &Catalog, name: &str| it.resource.view(catalog).is_some_and(|it| it.uses(name));
        let sources: Vec<&Address> = it.resource.depends_on.iter().filter(|it| moved.contains(it)).collect();
        let broken = broken(before, now, |name| uses(&then, name));
        if broken.is_empty() {
            seen.learned.push((address.clone(), now.clone()));
            let is_new = |name: &str| !before.iter().any(|known| known.0 == name);
            if !sources.is_empty() && now.iter().any(|it| is_new(&it.0) && uses(today, &it.0)) {
                seen.grown.push(grow(it, *id, before, now, &sources));
            }
        } else if !sources.is_empty() {
            faults.push(fault(it, &sources, &broken));
        }
        // When no source has other columns than before, the engine derives others: a newer weir does that. This makes
        // no change, and the recorded columns stay.
    }
    if faults.is_empty() { Ok(seen) } else { Err(faults) }
}

/// Returns the contents of each change, with the columns of the data now and when they were recorded.
fn shown(changes: &[Change], declared: &[Declared], data: &Data, today: &Catalog) -> Vec<Brings> {
    let then = |it: &Address| data.recorded.get(it).map(|it| &it.1);
    let kept = recorded_columns(data, changes);
    let now = |it: &Address| data.derived.get(it).or_else(|| kept(it));
    let catalog = brings::recorded_catalog(changes, declared, then);
    let (before, after) = (Known { catalog: &catalog, data: &then }, Known { catalog: today, data: &now });
    changes.par_iter().map(|it| brings::brings(it, &before, &after)).collect()
}

/// Returns the declared resources with the columns of today. A column that was not derived in this run is as recorded.
pub(super) fn columns_today<'a>(declared: &'a [Declared], data: &Data, changes: &[Change]) -> Catalog<'a> {
    let recorded = recorded_columns(data, changes);
    knowing(declared, |address| data.derived.get(address).or_else(|| recorded(address)))
}

/// Returns the declared resources with their recorded columns.
fn columns_then<'a>(declared: &'a [Declared], data: &Data, changes: &[Change]) -> Catalog<'a> {
    knowing(declared, recorded_columns(data, changes))
}

/// Returns the recorded columns of resources whose declared columns have not changed.
fn recorded_columns<'a>(data: &'a Data, changes: &[Change]) -> impl Fn(&Address) -> Option<&'a Columns> {
    // From the declared address to the recorded one, or to `None` when the columns have changed.
    let recorded: BTreeMap<Address, Option<Address>> = changes
        .iter()
        .map(|change| {
            let fields = change.action.fields();
            let others = |it: &FieldChange| COLUMNS.iter().any(|field| it.path.split(['.', '[']).next() == Some(field));
            let stays = matches!(change.action, Action::Update { .. }) && !fields.iter().any(others);
            (change.address.clone(), change.recorded().filter(|_| stays).cloned())
        })
        .collect();
    move |address| {
        let recorded = match recorded.get(address) {
            Some(recorded) => recorded.as_ref()?,
            None => address,
        };
        data.recorded.get(recorded).map(|it| &it.1)
    }
}

/// The fields of a view that decide its columns.
const COLUMNS: &[&str] = &["schema", "sources", "sql", "transformation"];

fn knowing<'a, 'd>(declared: &'a [Declared], columns: impl Fn(&Address) -> Option<&'d Columns>) -> Catalog<'a> {
    let resources = declared.iter().map(|it| &*it.resource);
    Catalog::knowing(resources, |it| columns(it).and_then(opened))
}

/// Returns a message for each column in use that is gone or has another type.
fn broken(before: &Columns, now: &Columns, uses: impl Fn(&str) -> bool) -> Vec<String> {
    let used = before.iter().filter(|it| uses(&it.0));
    let broken = used.filter_map(|(name, was)| match now.iter().find(|it| it.0 == *name) {
        None => Some(format!("`{name}` is gone")),
        Some((_, is)) if is != was => Some(format!("`{name}` was {was} and is {is}")),
        Some(_) => None,
    });
    broken.collect()
}

fn fault(declared: &Declared, sources: &[&Address], broken: &[String]) -> Diagnostic {
    let sources = sources.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let summary = format!(
        "the data of {sources} has changed under `{}`, which is declared as it was: {}",
        declared.resource.address,
        broken.join(", ")
    );
    let fault = Diagnostic::error(Code::D006, summary);
    let fault = match &declared.source {
        Some((file, line)) => {
            fault.place(Place::Span(Span { file: file.clone(), line: *line, column: 0, length: 0, text: "".into() }))
        }
        None => fault,
    };
    fault.hint("bring the columns back, or make them what they were in the batch_config's post_processor")
}

/// Returns the change in place that new columns make.
fn grow(declared: &Declared, id: i64, before: &Columns, now: &Columns, sources: &[&Address]) -> Change {
    let columns = |it: &Columns| it.iter().map(|it| json!({ "name": it.0, "dtype": it.1 })).collect::<Value>();
    let resource = &declared.resource;
    let field = FieldChange {
        path: "schema".to_owned(),
        before: columns(before),
        after: columns(now),
        effect: Effect::InPlace,
    };
    Change {
        address: resource.address.clone(),
        id: Some(id),
        action: Action::Update { before: resource.clone(), after: resource.clone(), fields: vec![field] },
        cause: Cause::Data { sources: sources.iter().map(|it| (*it).clone()).collect() },
        renamed_from: None,
        suppressed: false,
        jobs: Vec::new(),
        brings: None,
        harmless: Vec::new(),
        meanwhile: None,
        warnings: Vec::new(),
        source: declared.source.as_ref().map(|it| (Arc::clone(&it.0), it.1)),
        digest: Some(declared.digest),
    }
}

//! Compares a field that only one side writes out with the value that data gave it on the other (spec 1, "Kinds and
//! fields": a view's `schema` and `timestamp_field`; the `schema_override` of files).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::data::{Data, opened};
use super::declared::Declared;
use super::renames::Renames;
use crate::diagnostic::{Code, Diagnostic};
use crate::recorded::Columns;
use crate::resource::{Address, Catalog, Effect, FieldChange, OpenedColumns, Resource};

/// The fields of a view whose default comes from data.
const DERIVED: &[&str] = &["schema", "timestamp_field"];
/// The field of a source whose default comes from data.
const OVERRIDE: &str = "batch_config.schema_override";

/// Catalogs of the recorded resources, under their new names, and of the declared ones.
pub struct Both<'a> {
    pub before: Catalog<'a>,
    pub after: Catalog<'a>,
    taught: Taught<'a>,
}

impl<'a> Both<'a> {
    /// Returns both catalogs. A field that only one side writes is filled in from data on the other.
    pub fn new(
        befores: &'a BTreeMap<Address, Arc<Resource>>,
        declared: &BTreeMap<&Address, &'a Declared>,
        data: &'a Data,
        renames: &'a Renames,
    ) -> Self {
        let mut both = Self {
            before: Catalog::new(befores.values().map(Arc::as_ref)),
            after: Catalog::new(declared.values().map(|it| &*it.resource)),
            taught: Taught::default(),
        };
        let taught = Taught::new(data, renames);
        let pairs = befores.iter().filter_map(|(address, before)| {
            let declared = *declared.get(address)?;
            // A shared value means that the declaration equals the record.
            (!Arc::ptr_eq(before, &declared.resource)).then_some((before.as_ref(), declared))
        });
        teach(&mut both, &taught, pairs);
        Self { taught, ..both }
    }
}

/// Columns found in data, by the new names of resources.
#[derive(Default)]
struct Taught<'a> {
    /// The columns when they were recorded.
    then: BTreeMap<&'a Address, &'a Columns>,
    /// The columns found in this run, where data was opened.
    now: BTreeMap<&'a Address, &'a Columns>,
}

impl<'a> Taught<'a> {
    fn new(data: &'a Data, renames: &'a Renames) -> Self {
        let then = data.recorded.iter().map(|(old, (_, columns))| (renames.new_name(old).unwrap_or(old), columns));
        Self { then: then.collect(), now: data.derived.iter().collect() }
    }

    fn is_empty(&self) -> bool {
        self.then.is_empty() && self.now.is_empty()
    }
}

fn declares(resource: &Resource, field: &str) -> bool {
    resource.to_json().get(field).is_some()
}

/// Says whether exactly one of the two declares the field.
fn is_one_sided(before: &Resource, after: &Resource, field: &str) -> bool {
    declares(before, field) != declares(after, field)
}

/// Adds to both catalogs the columns of views where one side leaves out a field that the other declares. The missing
/// field is then compared by the value that it had.
fn teach<'a>(both: &mut Both<'a>, taught: &Taught, pairs: impl Iterator<Item = (&'a Resource, &'a Declared)>) {
    if taught.is_empty() {
        return;
    }
    for (before, declared) in pairs {
        let after = &declared.resource;
        let (old, new) = (before.spec.declaration().view(), after.spec.declaration().view());
        let (Some(old), Some(new)) = (old, new) else { continue };
        if !DERIVED.iter().any(|it| is_one_sided(before, after, it)) {
            continue;
        }
        let then = taught.then.get(&after.address).and_then(|it| opened(it));
        let now = taught.now.get(&after.address).and_then(|it| opened(it));
        // Columns belong to the query; another query has others.
        let asks_same = asks_same(before, after, both);
        let (was, is) = match asks_same {
            true if old.schema.is_none() && new.schema.is_none() => {
                let known = then.or(now);
                (known.clone(), known)
            }
            true => (then.clone().or(now.clone()), now.or(then)),
            false => (then, now),
        };
        know(&mut both.before, before, was);
        know(&mut both.after, after, is);
    }
}

/// Adds columns to the catalog unless the declaration alone makes them known.
fn know(catalog: &mut Catalog, view: &Resource, columns: Option<OpenedColumns>) {
    let is_known = view.view(catalog).is_none_or(|it| it.spec.schema.is_some() || it.output().is_some());
    if let (false, Some(columns)) = (is_known, columns) {
        catalog.know_columns(&view.address, columns);
    }
}

fn asks_same(before: &Resource, after: &Resource, both: &Both) -> bool {
    let asks = |it: &FieldChange| ["sql", "sources", "transformation"].contains(&top(&it.path));
    !super::fields::compare(before, &both.before, after, &both.after).iter().any(asks)
}

fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Removes changes that only write out what data says, and makes those that cannot be decided suppressible.
pub fn settle(before: &Resource, after: &Resource, changes: &mut Vec<FieldChange>, both: &Both) {
    changes.retain(|it| !(it.path == OVERRIDE && is_as_found(before, after, it, &both.taught)));
    // When one side only declares the columns, the change of the timestamp field follows and is not shown.
    let follows =
        is_one_sided(before, after, "schema") && super::fields::is_inherited("timestamp_field", before, after);
    changes.retain(|it| !(follows && it.path == "timestamp_field" && (it.before.is_null() || it.after.is_null())));
    let is_view = after.spec.declaration().view().is_some();
    for change in changes.iter_mut().filter(|it| is_view && DERIVED.contains(&it.path.as_str())) {
        if is_one_sided(before, after, &change.path) && may_be_same(before, change) {
            change.effect = Effect::RecreateUnlessSuppressed;
        }
    }
}

/// Says whether the written value may equal the value that the field had without it. All that is known has to agree.
fn may_be_same(before: &Resource, change: &FieldChange) -> bool {
    let (derived, written) = match declares(before, &change.path) {
        true => (&change.after, &change.before),
        false => (&change.before, &change.after),
    };
    let (known, written) = match (derived, written) {
        (Value::Null, _) => return true,
        (Value::Array(known), Value::Array(written)) => (known, written),
        _ => return false,
    };
    let is_guess = known.iter().any(|it| it["dtype"].is_null());
    let fits = |(known, written): (&Value, &Value)| {
        known["name"] == written["name"] && (known["dtype"].is_null() || known["dtype"] == written["dtype"])
    };
    is_guess && known.len() == written.len() && known.iter().zip(written).all(fits)
}

/// Says whether a written `schema_override` equals the columns that were found in the files.
fn is_as_found(before: &Resource, after: &Resource, change: &FieldChange, taught: &Taught) -> bool {
    let is_plain = |it: &Resource| {
        let config = it.spec.declaration().source().and_then(|it| it.batch());
        config.is_some_and(|it| it.config().post_processor().is_none())
    };
    // Columns count as found only on the side that had no `schema_override`.
    let (written, found) = match (&change.before, &change.after) {
        (Value::Null, written) => (written, taught.then.get(&after.address)),
        (written, Value::Null) => (written, taught.now.get(&after.address)),
        _ => return false,
    };
    let written = written.as_array().map(|it| it.iter().map(column).collect::<Option<Columns>>());
    is_plain(before) && is_plain(after) && found.is_some_and(|it| written.flatten().as_ref() == Some(*it))
}

fn column(it: &Value) -> Option<(String, String)> {
    Some((it["name"].as_str()?.to_owned(), it["dtype"].as_str()?.to_owned()))
}

/// Warns of fields whose derived value is not known, so that a written value could not be compared with it.
pub fn unknown(address: &Address, changes: &[FieldChange]) -> Option<Diagnostic> {
    let is_unknown =
        |it: &&FieldChange| DERIVED.contains(&it.path.as_str()) && it.effect == Effect::RecreateUnlessSuppressed;
    let paths: Vec<String> = changes.iter().filter(is_unknown).map(|it| format!("`{}`", it.path)).collect();
    let summary = format!(
        "not checked: whether {} of `{address}` says what was derived, because nothing of that is recorded and no source was opened",
        paths.join(" and ")
    );
    (!paths.is_empty()).then(|| Diagnostic::warning(Code::V104, summary))
}

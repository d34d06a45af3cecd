//! Finds a harmless way to the result of a refused change. Each way is tried with the function that decides effects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Action, Change};
use super::fields;
use super::written::Both;
use crate::diagnostic::DocumentId;
use crate::resource::{
    Address, Effect, FieldChange, Kind, Report, Resource, Rule, SOURCES, VARIANTS, VIEWS, rule_for, rules,
};
use crate::sql;

/// Adds to every refused change the ways that have the same result and destroy nothing.
pub fn fill(changes: &mut [Change], refused: &BTreeSet<Address>, twins: &[(Address, Address)], both: &Both) {
    if refused.is_empty() {
        return;
    }
    let twins: BTreeMap<&Address, &Address> = twins.iter().map(|it| (&it.0, &it.1)).collect();
    let created: BTreeSet<Address> =
        changes.iter().filter(|it| matches!(it.action, Action::Create { .. })).map(|it| it.address.clone()).collect();
    let other_kind = |address: &Address| {
        let mut others = Kind::ALL.iter().map(|kind| Address::new(*kind, address.name.clone()));
        others.find(|it| created.contains(it))
    };
    for change in changes.iter_mut().filter(|it| it.recorded().is_some_and(|it| refused.contains(it))) {
        change.harmless = match &change.action {
            Action::Delete { .. } => match twins.get(&change.address) {
                Some(new) => vec![format!(
                    "add `renamed_from: {}` to `{new}`: a rename keeps identity, data and protection",
                    change.address.name
                )],
                None => {
                    other_kind(&change.address).map(|new| beside(&change.address, &new, both)).into_iter().collect()
                }
            },
            Action::Update { before, after, fields } | Action::Recreate { before, after, fields }
                if fields.iter().any(|it| it.effect > Effect::InPlaceGuarded) =>
            {
                appended(before, after, fields, both)
                    .unwrap_or_else(|| vec![beside(&change.address, &change.address, both)])
            }
            _ => Vec::new(),
        };
    }
}

/// Tries the declaration with all recorded items kept and the new ones appended. Returns how to write it, when that is
/// an update in place without mistakes.
fn appended(before: &Resource, after: &Resource, changes: &[FieldChange], both: &Both) -> Option<Vec<String>> {
    let mut json = after.to_json();
    let mut ways = Vec::new();
    for field in changes.iter().filter(|it| it.effect > Effect::InPlaceGuarded) {
        let (value, way) = match rule_for(after.spec.declaration().rules(), &field.path) {
            Rule::Append => list(field)?,
            Rule::Query => query(field, after)?,
            _ => return None,
        };
        json[&field.path] = value;
        if let (Rule::Query, Some(object)) =
            (rule_for(after.spec.declaration().rules(), &field.path), json.as_object_mut())
        {
            object.remove("sql_file");
        }
        ways.push(way);
    }
    let mut trial = Resource::from_json(after.address.clone(), json, after.depends_on.clone()).ok()?;
    trial.engine = after.engine;
    // The kept items may refer to something that is gone.
    let references = trial.spec.declaration().references();
    if references.iter().any(|it| !it.optional && !it.candidates().any(|it| both.after.get(&it).is_some())) {
        return None;
    }
    let effects = fields::compare(before, &both.before, &trial, &both.after);
    if effects.iter().any(|it| it.effect > Effect::InPlace) {
        return None;
    }
    let mut diagnostics = Vec::new();
    let mut report = Report { document: DocumentId(0), diagnostics: &mut diagnostics };
    rules::alone(&trial, &mut report);
    rules::with_others(&trial, &both.after, &mut report);
    (!ways.is_empty() && diagnostics.iter().all(|it| !it.is_error())).then_some(ways)
}

/// Returns the recorded items with the new ones appended, and the words for that.
fn list(field: &FieldChange) -> Option<(Value, String)> {
    let (Value::Array(before), Value::Array(after)) = (&field.before, &field.after) else { return None };
    let added: Vec<&Value> = after.iter().filter(|it| !before.contains(it)).collect();
    let removed: Vec<&Value> = before.iter().filter(|it| !after.contains(it)).collect();
    let names = |items: &[&Value]| {
        let name = |it: &&Value| {
            let text = ["name", "namespace", "view"].iter().find_map(|key| it.get(key)?.as_str());
            text.or(it.as_str()).map(|it| format!("`{it}`"))
        };
        items.iter().map(name).collect::<Option<Vec<_>>>().map(|it| it.join(", "))
    };
    let path = &field.path;
    let way = match (added.is_empty(), removed.is_empty()) {
        (true, true) => format!("in its recorded order, `{path}` would not change"),
        (true, false) => return None,
        (false, true) => {
            let named = names(&added).unwrap_or_else(|| "what is new".to_owned());
            format!("moved to the end of `{path}`, {named} would be an update in place")
        }
        // One list cannot hold two items of the same name.
        (false, false) if names(&removed)? == names(&added)? => return None,
        (false, false) => format!(
            "keep {} in `{path}` and add {} at its end: that would be an update in place",
            names(&removed)?,
            names(&added)?
        ),
    };
    Some((before.iter().chain(added).cloned().collect(), way))
}

/// Returns the query with the recorded items of its SELECT list first and the new ones behind them.
fn query(field: &FieldChange, resource: &Resource) -> Option<(Value, String)> {
    let (before, after) = (field.before.as_str()?, field.after.as_str()?);
    let queries = resource.spec.declaration().queries();
    let dialect = queries.iter().find(|it| it.path == field.path)?.dialect.unwrap_or(resource.dialect());
    let (text, added) = sql::appended(dialect, before, after)?;
    let way = if added.is_empty() {
        format!("with its SELECT list in the recorded order, `{}` would not change", field.path)
    } else {
        let added = added.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        format!("moved to the end of the SELECT list of `{}`, {added} would be an update in place", field.path)
    };
    Some((Value::String(text), way))
}

/// Returns the way that always works: keep the recorded resource, and declare the new one beside it.
fn beside(recorded: &Address, new: &Address, both: &Both) -> String {
    let kinds =
        [SOURCES, VIEWS].into_iter().find(|it| it.contains(&new.kind)).unwrap_or(std::slice::from_ref(&new.kind));
    let is_free = |name: &String| both.before.find(kinds, name).is_none() && both.after.find(kinds, name).is_none();
    let base = new.name.split(':').next().unwrap_or(&new.name);
    let mark = if VARIANTS.contains(&new.kind) { ":v" } else { "_v" };
    let name = (2..).map(|it| format!("{base}{mark}{it}")).find(is_free).unwrap_or_default();
    format!("keep `{recorded}` as it is recorded, and declare the new one beside it as `{name}`")
}

//! Compares two states of one resource field by field. It walks canonical forms and knows no kinds.

use serde_json::Value;

use super::inputs;
use crate::resource::{
    Catalog, ENGINE, Effect, FeatureView, FieldChange, KnownColumns, Resource, Rule, pointer_mut, rule_for, typed,
};
use crate::sql::{self, Dialect};

/// Returns the fields that differ, in the order of their paths, each with its effect.
pub fn compare(
    before: &Resource,
    before_catalog: &Catalog,
    after: &Resource,
    after_catalog: &Catalog,
) -> Vec<FieldChange> {
    // When only the names of inputs differ, there is no change. Otherwise both sides are shown as written.
    if let Some(renamed) = inputs::renamed(before, before_catalog, after, after_catalog) {
        let changes = compare_as_named(&renamed, before_catalog, after, after_catalog);
        if changes.iter().all(|it| !matches!(it.path.as_str(), "inputs" | "sql")) {
            return changes;
        }
    }
    compare_as_named(before, before_catalog, after, after_catalog)
}

fn compare_as_named(
    before: &Resource,
    before_catalog: &Catalog,
    after: &Resource,
    after_catalog: &Catalog,
) -> Vec<FieldChange> {
    let (mut old, mut new) = (before.canonical(before_catalog), after.canonical(after_catalog));
    let mut changes = queries(before, &mut old, after, &mut new);
    changes.extend(features(before, before_catalog, &mut old, after, after_catalog, &mut new));
    walk("", &old, &new, after, &mut changes);
    begins(before, &mut changes);
    let seen = super::gains::seen(before, before_catalog, after, after_catalog);
    let inherited = |it: &FieldChange| is_inherited(&it.path, before, after);
    let own = changes.iter().any(|it| it.effect > Effect::InPlace || it.path == "sql" && !inherited(it));
    for change in changes.iter_mut().filter(|it| inherited(it)) {
        // A timestamp field that moves because the view's own query changed counts as a change of the declaration.
        if !(own && change.path == "timestamp_field") {
            change.effect = Effect::InPlace;
        }
    }
    changes.extend(seen);
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// Makes a new `feature_start_time` harmless for a view that kept nothing: it has no history to lose.
fn begins(before: &Resource, changes: &mut [FieldChange]) {
    let keeps = before.spec.declaration().view().is_none_or(FeatureView::is_materialized);
    for change in changes.iter_mut().filter(|it| !keeps && it.path == "feature_start_time" && it.before.is_null()) {
        change.effect = Effect::InPlace;
    }
}

/// Says whether neither side declares the field. Such a field follows others, and destroys only by cascade.
pub fn is_inherited(path: &str, before: &Resource, after: &Resource) -> bool {
    let top = path.split(['.', '[']).next().unwrap_or(path);
    let declares = |it: &Resource| it.to_json().get(top).is_some();
    // The engine is not declared either, but another engine may yield other rows, so it counts as declared.
    !matches!(top, "prevent_destroy" | ENGINE) && !declares(before) && !declares(after)
}

/// Compares SQL by its normal form, removes it from both sides, and shows it as written.
fn queries(before: &Resource, old: &mut Value, after: &Resource, new: &mut Value) -> Vec<FieldChange> {
    let engine = after.engine.or(before.engine).unwrap_or_default();
    let queries = before.spec.declaration().queries().into_iter().chain(after.spec.declaration().queries());
    let mut paths: Vec<(&'static str, Dialect)> = queries.map(|it| (it.path, it.dialect.unwrap_or(engine))).collect();
    // For a query that moves to another warehouse, the later dialect is used. The move is a change of its own.
    paths.reverse();
    paths.sort_by_key(|it| it.0);
    paths.dedup_by_key(|it| it.0);
    let before_unsure = before.is_unsure;
    let mut changes = Vec::new();
    for (path, dialect) in paths {
        let (Some(old), Some(new)) = (pointer_mut(old, path), pointer_mut(new, path)) else { continue };
        let (Value::String(before), Value::String(text)) = (&*old, &*new) else { continue };
        // A rename affects only the query that the engine runs, and a resource has one.
        let is_unsure = before_unsure && path == "sql";
        if is_unsure || sql::normal_form(dialect, before) != sql::normal_form(dialect, text) {
            let rule = rule_for(after.spec.declaration().rules(), path);
            changes.push(FieldChange {
                path: path.to_owned(),
                before: old.clone(),
                after: new.clone(),
                effect: match rule {
                    Rule::Query if !is_unsure && sql::only_appends(dialect, before, text) => Effect::InPlace,
                    Rule::Query => Effect::RecreateUnlessSuppressed,
                    rule => rule.effect(old, new),
                },
            });
        }
        (*old, *new) = (Value::Null, Value::Null);
    }
    changes
}

/// Compares the features that services serve, and removes them from both sides.
fn features(
    before: &Resource,
    before_catalog: &Catalog,
    old: &mut Value,
    after: &Resource,
    after_catalog: &Catalog,
    new: &mut Value,
) -> Option<FieldChange> {
    let (was, is) = (before.spec.declaration().service()?, after.spec.declaration().service()?);
    let (before, after) = (old["features"].take(), new["features"].take());
    let effect = was.compare(before_catalog, is, after_catalog)?;
    Some(FieldChange { path: "features".to_owned(), before, after, effect })
}

/// Compares objects member by member, and everything else as a whole.
///
/// A member of an object that exists on one side only is shown with the object, so that setting a whole
/// `batch_config` is one change with one effect.
fn walk(path: &str, before: &Value, after: &Value, resource: &Resource, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    if let (Value::Object(old), Value::Object(new)) = (before, after) {
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let dot = if path.is_empty() { "" } else { "." };
            let null = Value::Null;
            walk(
                &format!("{path}{dot}{key}"),
                old.get(key).unwrap_or(&null),
                new.get(key).unwrap_or(&null),
                resource,
                changes,
            );
        }
        return;
    }
    let rule = rule_for(resource.spec.declaration().rules(), path);
    if !rule.means_same(before, after) {
        let effect = rule.effect(before, after);
        changes.push(FieldChange { path: path.to_owned(), before: before.clone(), after: after.clone(), effect });
    }
}

/// Returns the reason why a recreate cannot be carried out as an update (spec 2, `--suppress-recreates`).
pub fn why_not_suppressed(
    before: &Resource,
    after: &Resource,
    fields: &[FieldChange],
    then: &Catalog,
    now: &Catalog,
) -> Option<String> {
    if let Some(field) = fields.iter().find(|it| it.effect == Effect::Recreate) {
        return Some(match field.path.as_str() {
            "ttl" => "its ttl grows".to_owned(),
            "join_keys" => "its join keys change".to_owned(),
            path => format!("`{path}` always recreates"),
        });
    }
    if let (Some(old), Some(new)) = (before.view(then), after.view(now))
        && !old.join_keys().eq(new.join_keys())
    {
        return Some("its join keys change".to_owned());
    }
    let (old, new) = (before.columns(then)?, after.columns(now)?);
    let names = |it: &KnownColumns| it.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    if !names(&new).starts_with(&names(&old)) {
        let (old, new) = (names(&old).join(", "), names(&new).join(", "));
        return Some(format!("its output columns change other than by appending ({old} -> {new})"));
    }
    if !typed(&new)?.starts_with(&typed(&old)?) {
        return Some("its output columns change other than by appending".to_owned());
    }
    None
}

//! Views whose query sees the columns that their sources gain (spec 1, "Transformation").

use serde_json::Value;

use crate::resource::graph::Reach;
use crate::resource::{Address, Catalog, Effect, FieldChange, Kind, Resource, SOURCES};
use crate::sql;

/// Returns each source whose new columns change the rows of a view, with its columns before and after.
///
/// A query that passes new columns on stores the same rows. One that counts them among distinct columns does not.
pub fn seen(before: &Resource, old: &Catalog, after: &Resource, new: &Catalog) -> Vec<FieldChange> {
    if before.spec.declaration().view().is_none() {
        return Vec::new();
    }
    let engine = after.engine.or(before.engine).unwrap_or_default();
    let read = read(before, old);
    let gained: Vec<(&Resource, Gained)> = read.iter().filter_map(|it| Some((*it, gained(it, old, new)?))).collect();
    let names: Vec<String> = gained.iter().flat_map(|it| it.1.names.iter().cloned()).collect();
    let sees = |it: &&Resource| {
        let queries = it.spec.declaration().queries();
        // A query in a warehouse, or before the declared columns, sees no new column.
        let mut own = queries.iter().filter(|it| it.path == "sql");
        own.any(|it| sql::sees_gained(engine, it.text, &names))
    };
    if gained.is_empty() || !std::iter::once(before).chain(read.iter().copied()).any(|it| sees(&it)) {
        return Vec::new();
    }
    let change = |(source, gained): (&Resource, Gained)| FieldChange {
        path: format!("sources.{}", source.address.name),
        before: gained.before,
        after: gained.after,
        effect: Effect::RecreateUnlessSuppressed,
    };
    gained.into_iter().map(change).collect()
}

/// Returns the resources that a view reads, directly or through transformations.
fn read<'a>(view: &'a Resource, catalog: &Catalog<'a>) -> Vec<&'a Resource> {
    let is_read = |it: &&Address| it.kind == Kind::Transformation || SOURCES.contains(&it.kind);
    let next = |at| catalog.get(at).into_iter().flat_map(|it| &it.depends_on).filter(is_read);
    let reach = Reach::new(view.depends_on.iter().filter(is_read), next);
    reach.nodes().filter_map(|it| catalog.get(it)).collect()
}

struct Gained {
    names: Vec<String>,
    before: Value,
    after: Value,
}

/// Returns the columns that a resource has gained since `before`.
fn gained(before: &Resource, old: &Catalog, new: &Catalog) -> Option<Gained> {
    let after = new.get(&before.address)?;
    let columns = |it: &Resource, catalog: &Catalog| {
        Some(it.columns(catalog)?.iter().map(|it| it.0.clone()).collect::<Vec<String>>())
    };
    let (was, is) = (columns(before, old), columns(after, new));
    if let (Some(was), Some(is)) = (was, is) {
        let names: Vec<String> = is.iter().filter(|it| !was.contains(it)).cloned().collect();
        return (!names.is_empty()).then(|| Gained { names, before: was.into(), after: is.into() });
    }
    // When the columns are not known, a changed query may have added some.
    let text = |it: &Resource| it.spec.to_json().get("sql").cloned();
    let (was, is) = (text(before)?, text(after)?);
    (was != is).then(|| Gained { names: Vec::new(), before: was, after: is })
}

//! Open inputs: the names by which a transformation's query reads the tables that views supply.

use std::sync::Arc;

use crate::resource::{Catalog, Resource, Spec};
use crate::sql::rename_table;

/// Returns `before` with its open inputs renamed as in `after`, in `inputs` and in the query. Returns `None` when no
/// name differs, or when a name means more than a table.
///
/// Views supply open inputs by position, so their names matter to the transformation alone. When transformations read
/// each other, one name can mean the same table in several of them, and then it is not renamed.
pub fn renamed(
    before: &Resource,
    before_catalog: &Catalog,
    after: &Resource,
    after_catalog: &Catalog,
) -> Option<Resource> {
    let (Spec::Transformation(was), Spec::Transformation(is)) = (&before.spec, &after.spec) else { return None };
    if was.inputs == is.inputs || was.inputs.len() != is.inputs.len() {
        return None;
    }
    let is_one_of_several = |it: &Resource, inputs: &[String], catalog: &Catalog| {
        inputs.iter().any(|it| catalog.transformation(it).is_some()) || catalog.is_input(&it.address.name)
    };
    if is_one_of_several(before, &was.inputs, before_catalog) || is_one_of_several(after, &is.inputs, after_catalog) {
        return None;
    }
    let dialect = after.engine.or(before.engine).unwrap_or_default();
    let mut sql = was.sql.clone()?;
    // Renames by way of unused names, so that two inputs can swap.
    let between = |index: usize| format!("weir_input_{index}");
    let pairs = was.inputs.iter().zip(&is.inputs).enumerate().filter(|(_, (old, new))| old != new);
    for (index, (old, _)) in pairs.clone() {
        sql = rename_table(dialect, &sql, old, &between(index))?;
    }
    for (index, (_, new)) in pairs {
        sql = rename_table(dialect, &sql, &between(index), new)?;
    }
    let mut spec = was.as_ref().clone();
    (spec.sql, spec.inputs) = (Some(sql), is.inputs.clone());
    Some(Resource { spec: Spec::Transformation(Arc::new(spec)), ..before.clone() })
}

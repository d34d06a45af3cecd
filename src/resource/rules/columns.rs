//! The rules of views over their columns, as far as they are known without opening a source.

use super::aggregations;
use crate::diagnostic::{Code, did_you_mean};
use crate::resource::address::Address;
use crate::resource::catalog::Catalog;
use crate::resource::dtype::Dtype;
use crate::resource::feature_view::FeatureView;
use crate::resource::function::Function;
use crate::resource::names::column_name_fault;
use crate::resource::opened::OpenedColumn;
use crate::resource::report::Report;
use crate::resource::spec::Spec;
use crate::resource::view::{Lookup as _, View};

/// Reports join keys, timestamps, aggregations and features that do not fit the columns.
pub fn check(view: &View, me: &Address, catalog: &Catalog, report: &mut Report) {
    aggregations::check_names(view, me, report);
    check_schema(view, me, report);
    check_types(view, me, report);
    let Some(columns) = view.columns() else {
        // When the sources were opened, the reason why the columns are unknown has been reported.
        if view.found.opened.is_some() {
            return;
        }
        report
            .warning(
                Code::V104,
                "name",
                format!("not checked: the columns of `{me}` are known only when its sources are opened"),
            )
            .hint("declare `schema` to check them here");
        return;
    };
    let names: Vec<&str> = columns.iter().map(|it| it.0.as_str()).collect();
    let has = || names.join(", ");
    for (index, name) in view.spec.entities.iter().enumerate() {
        check_key_types(name, index, me, columns, catalog, report);
        let keys = catalog.keys(name).unwrap_or_default();
        for (key, _) in keys.iter().filter(|it| !names.contains(&it.0.as_str())) {
            report
                .error(
                    Code::V004,
                    format!("entities[{index}]"),
                    format!("join key `{key}` of `Entity.{name}` is not a column of `{}` (has: {})", me, has()),
                )
                .hint_if(did_you_mean(key, names.iter().copied()));
        }
    }
    check_column_names(view.spec, me, &names, report);
    check_timestamp(view.spec, me, columns, report);
    for (index, aggregation) in view.spec.aggregations.iter().flatten().enumerate() {
        let column = &aggregation.column;
        match columns.iter().find(|it| it.0 == *column) {
            None => {
                report
                    .error(
                        Code::V004,
                        format!("aggregations[{index}].column"),
                        format!("`{column}` is not a column of `{}` (has: {})", me, has()),
                    )
                    .hint_if(did_you_mean(column, names.iter().copied()));
            }
            Some((_, Some(dtype))) => check_function(aggregation.function, column, dtype, index, report),
            Some((_, None)) => {}
        }
    }
    if !view.spec.aggregates()
        && let Some(timestamp) = view.timestamp()
        && !names.iter().any(|it| *it != timestamp && !view.is_key(it))
    {
        report
            .error(
                Code::V004,
                "name",
                format!("`{}` has no feature: all its columns are join keys or the timestamp (has: {})", me, has()),
            )
            .hint("add a column to its query, or an aggregation");
    }
}

/// Reports each difference between a declared schema and the columns that the view's query yields.
fn check_schema(view: &View, me: &Address, report: &mut Report) {
    let (Some(schema), Some(opened)) = (&view.spec.schema, &view.found.opened) else { return };
    // Without a query, the schema chooses among the columns of the source.
    let chooses = view.spec.sql.is_none() && view.spec.transformation.is_none();
    let is_declared = |it: &&OpenedColumn| schema.iter().any(|field| field.name == it.name);
    let mut differences = Vec::new();
    for field in schema {
        match opened.iter().find(|it| it.name == field.name) {
            None => differences.push(format!("`{}` is missing", field.name)),
            Some(column) if column.dtype.as_ref() == Some(&field.dtype) => {}
            Some(column) => {
                let found = column.found().map(|it| format!("`{}` is {it}, not {}", field.name, field.dtype));
                differences.extend(found);
            }
        }
    }
    let extra = opened.iter().filter(|it| !chooses && !is_declared(it));
    differences.extend(extra.map(|it| format!("`{}` is not declared", it.name)));
    if !differences.is_empty() {
        let summary = format!("the schema of `{me}` is not what its query yields: {}", differences.join(", "));
        let hint = "write the schema as the query yields it, or leave `schema` out";
        report.error(Code::D003, "schema", summary).hint(hint);
    }
}

/// Reports columns of a query whose type no feature can have.
fn check_types(view: &View, me: &Address, report: &mut Report) {
    if view.spec.schema.is_some() {
        return;
    }
    let path = if view.spec.sql.is_some() { "sql" } else { "name" };
    for column in view.unusable() {
        let (name, Some(found)) = (&column.name, column.found()) else { continue };
        let summary = format!("column `{name}` of `{me}` is {found}, which no feature can be");
        let cast = column.cast.as_ref().map(|it| format!("write `{it}`, or leave the column out"));
        let hint = cast.unwrap_or_else(|| "leave the column out of the query".to_owned());
        report.error(Code::D004, path, summary).hint(hint);
    }
}

/// Reports a join key whose type in the view differs from the type that the entity declares.
fn check_key_types(
    name: &str,
    index: usize,
    me: &Address,
    columns: &[(String, Option<Dtype>)],
    catalog: &Catalog,
    report: &mut Report,
) {
    let Some(Spec::Entity(entity)) = catalog.entity(name).map(|it| &it.spec) else { return };
    for key in entity.keys(name) {
        let found = columns.iter().find(|it| it.0 == key.name()).and_then(|it| it.1.as_ref());
        let (Some(dtype), Some(found)) = (key.dtype(), found) else { continue };
        if *found != *dtype {
            let key = key.name();
            let summary =
                format!("join key `{key}` of `Entity.{name}` is {dtype}, and the column of `{me}` is {found}");
            report
                .error(Code::V017, format!("entities[{index}]"), summary)
                .hint(format!("cast the column in the query, or write `dtype: {found}` in `Entity.{name}`"));
        }
    }
}

/// Reports columns of a query whose name no feature can have.
fn check_column_names(view: &FeatureView, me: &Address, names: &[&str], report: &mut Report) {
    // A declared schema has been checked already, and the columns under an aggregation are not features.
    if view.schema.is_some() || view.aggregates() {
        return;
    }
    let path = if view.sql.is_some() { "sql" } else { "name" };
    for name in names {
        if let Some(fault) = column_name_fault(name) {
            let summary = format!("column `{name}` of `{me}` is not allowed: a column name {fault}");
            report
                .error(Code::V002, path, summary)
                .hint("name it in the query, as in `SELECT a + 1 AS more`, or leave it out");
        }
    }
}

fn check_function(function: Function, column: &str, dtype: &Dtype, index: usize, report: &mut Report) {
    if let Err(takes) = function.output(dtype) {
        report.error(
            Code::V006,
            format!("aggregations[{index}].function"),
            format!("`{function}` takes {takes}, and `{column}` is {dtype}"),
        );
    }
}

fn check_timestamp(view: &FeatureView, me: &Address, columns: &[(String, Option<Dtype>)], report: &mut Report) {
    let address = me;
    let has = || columns.iter().map(|it| it.0.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(field) = &view.timestamp_field {
        match columns.iter().find(|it| it.0 == *field) {
            None => {
                report
                    .error(
                        Code::V004,
                        "timestamp_field",
                        format!("timestamp_field `{field}` is not a column of `{address}` (has: {})", has()),
                    )
                    .hint_if(did_you_mean(field, columns.iter().map(|it| it.0.as_str())));
            }
            Some((_, Some(dtype))) if *dtype != Dtype::Timestamp => {
                report.error(
                    Code::V005,
                    "timestamp_field",
                    format!("timestamp_field `{field}` of `{address}` is {dtype}, not Timestamp"),
                );
            }
            _ => {}
        }
        return;
    }
    if columns.iter().any(|it| it.1.is_none()) {
        return;
    }
    let timestamps: Vec<_> =
        columns.iter().filter(|it| it.1 == Some(Dtype::Timestamp)).map(|it| it.0.as_str()).collect();
    match timestamps.as_slice() {
        [_] => {}
        [] => {
            report
                .error(
                    Code::V005,
                    if view.schema.is_some() { "schema" } else { "name" },
                    format!("`{address}` has no Timestamp column (has: {})", has()),
                )
                .hint("add the column with the time of a row, with type Timestamp");
        }
        several => {
            report
                .error(
                    Code::V005,
                    if view.schema.is_some() { "schema" } else { "name" },
                    format!(
                        "`{address}` has {} Timestamp columns and no `timestamp_field`: {}",
                        several.len(),
                        several.join(", ")
                    ),
                )
                .hint(format!("say which one is the time of a row, as `timestamp_field: {}`", several[0]));
        }
    }
}

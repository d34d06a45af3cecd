//! The rules of sources over the columns of their batch config: those found in opened data, else the declared ones.

use std::borrow::Cow;

use crate::diagnostic::{Code, did_you_mean};
use crate::resource::address::Address;
use crate::resource::batch_config::BatchConfig;
use crate::resource::catalog::Catalog;
use crate::resource::dtype::Dtype;
use crate::resource::opened::OpenedColumn;
use crate::resource::report::Report;
use crate::resource::view::IsSource;

/// Reports what is wrong with the columns of a source, as far as they are known.
pub fn check(source: &dyn IsSource, me: &Address, catalog: &Catalog, report: &mut Report) {
    let Some(config) = source.batch() else { return };
    let Some(columns) = columns(config, me, catalog) else { return };
    check_timestamp(config, me, &columns, report);
    if let Some(pushed) = source.columns().filter(|_| source.is_pushed()) {
        check_superset(config, me, &pushed, &columns, report);
    }
}

fn columns<'a>(config: &BatchConfig, me: &Address, catalog: &'a Catalog) -> Option<Cow<'a, [OpenedColumn]>> {
    let declared = || Some(config.column_names()?.into_iter().map(|it| OpenedColumn::new(it.0, it.1)).collect());
    catalog.opened(me).map(Cow::Borrowed).or_else(declared)
}

fn check_timestamp(config: &BatchConfig, me: &Address, columns: &[OpenedColumn], report: &mut Report) {
    let Some(field) = config.config().timestamp_field() else { return };
    let path = "batch_config.timestamp_field";
    let Some(column) = columns.iter().find(|it| it.name == field) else {
        let names = names(columns);
        let summary = format!(
            "timestamp_field `{field}` is not a column that the batch_config of `{me}` yields (yields: {})",
            names.join(", ")
        );
        report.error(Code::V004, path, summary).hint_if(did_you_mean(field, names));
        return;
    };
    let Some(found) = column.found().filter(|_| column.dtype != Some(Dtype::Timestamp)) else { return };
    // A column of text holds times when the declaration gives their format.
    if column.dtype == Some(Dtype::String) && config.config().timestamp_format().is_some() {
        return;
    }
    let hint = match (&column.dtype, &column.as_time) {
        (Some(Dtype::String), _) => "say how it is written, as `timestamp_format: yyyy-MM-dd HH:mm:ss`".to_owned(),
        (_, Some(hint)) => hint.clone(),
        _ => format!("write `CAST({0} AS TIMESTAMP) AS {0}` in the post_processor", crate::sql::quoted(field)),
    };
    let summary = format!("timestamp_field `{field}` of the batch_config of `{me}` is {found}, not Timestamp");
    report.error(Code::V005, path, summary).hint(hint);
}

/// Checks that the batch rows have all pushed columns, by name and type (seed: batch_config).
fn check_superset(
    config: &BatchConfig,
    me: &Address,
    pushed: &[(String, Option<Dtype>)],
    columns: &[OpenedColumn],
    report: &mut Report,
) {
    let (names, path) = (names(columns), config.columns_path());
    let missing: Vec<&str> = pushed.iter().map(|it| it.0.as_str()).filter(|it| !names.contains(it)).collect();
    // All missing columns are one mistake.
    if let Some(first) = missing.first() {
        let near = did_you_mean(first, names.iter().copied()).filter(|_| missing.len() == 1);
        let (missing, names) = (missing.join("`, `"), names.join(", "));
        let summary = format!("the batch_config of `{me}` does not yield `{missing}` of its schema (yields: {names})");
        let hint = "select every column of `schema` in the batch_config's post_processor";
        report.error(Code::V014, path, summary).hint(near.unwrap_or_else(|| hint.to_owned()));
    }
    for (name, dtype) in pushed {
        let column = columns.iter().find(|it| it.name == *name && it.dtype != *dtype);
        let (Some(found), Some(dtype)) = (column.and_then(OpenedColumn::found), dtype) else { continue };
        let summary = format!("the batch_config of `{me}` yields `{name}` as {found}, and its schema says {dtype}");
        let hint = format!("cast it in the post_processor, or write `dtype: {found}` in the schema");
        report.error(Code::V014, path, summary).hint(hint);
    }
}

fn names(columns: &[OpenedColumn]) -> Vec<&str> {
    columns.iter().map(|it| it.name.as_str()).collect()
}

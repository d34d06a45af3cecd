//! BatchSource: rows that lie somewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::Address;
use super::batch_config::BatchConfig;
use super::catalog::Catalog;
use super::contents::{Column, Contents};
use super::declaration::{Declaration, Reference, SourceTraits};
use super::field::Field;
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::rule::Rule;

/// Rows in files or in a warehouse table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchSource {
    /// Where the rows lie and how to read them
    pub batch_config: BatchConfig,
}

impl Declaration for BatchSource {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("batch_config", Rule::Suppressible)]
    }

    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    fn canonical(&self, _: &Address, mut json: Value, _: &Catalog) -> Value {
        json["batch_config"] = self.batch_config.canonical();
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        self.batch_config.check(me, report);
    }

    fn queries(&self) -> Vec<Query<'_>> {
        self.batch_config.queries()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.batch_config.map_queries(map);
    }

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        self.batch_config.files()
    }

    fn source(&self) -> Option<SourceTraits<'_>> {
        Some(SourceTraits { pushed: false, batch: Some(&self.batch_config) })
    }

    fn contents(&self, _: &Address, _: &Catalog, data: Option<Vec<Column>>) -> Contents {
        let columns = data.or_else(|| self.batch_config.column_names().map(|it| Column::all(&it)));
        Contents::Source { columns }
    }

    fn column_names(&self, _: &Catalog) -> Option<Vec<String>> {
        Some(self.batch_config.column_names()?.into_iter().map(|it| it.0).collect())
    }

    fn columns(&self, _: &Catalog) -> Option<Vec<Field>> {
        let names = self.batch_config.column_names()?;
        names.into_iter().map(|(name, dtype)| dtype.map(|dtype| Field { name, dtype })).collect()
    }
}

//! BatchSource: rows in files or in a warehouse table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::Address;
use super::batch_config::BatchConfig;
use super::contents::{Column, Contents};
use super::declaration::{Declaration, HoldsSql, Reference};
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::rule::Rule;
use super::view::{IsSource, KnownColumns, Lookup};

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

    fn canonical(&self, _: &Address, mut json: Value, _: &dyn Lookup) -> Value {
        json["batch_config"] = self.batch_config.canonical();
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        self.batch_config.check(me, report);
    }

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        self.batch_config.files()
    }

    fn sql(&self) -> Option<&dyn HoldsSql> {
        Some(self)
    }

    fn sql_mut(&mut self) -> Option<&mut dyn HoldsSql> {
        Some(self)
    }

    fn source(&self) -> Option<&dyn IsSource> {
        Some(self)
    }

    fn contents(&self, _: &Address, _: &dyn Lookup, data: Option<Vec<Column>>) -> Contents {
        let columns = data.or_else(|| self.batch_config.column_names().map(|it| Column::all(&it)));
        Contents::Source { columns }
    }

    fn columns(&self, _: &Address, _: &dyn Lookup) -> Option<KnownColumns> {
        IsSource::columns(self)
    }
}

impl IsSource for BatchSource {
    fn batch(&self) -> Option<&BatchConfig> {
        Some(&self.batch_config)
    }

    fn columns(&self) -> Option<KnownColumns> {
        self.batch_config.column_names().map(Into::into)
    }
}

impl HoldsSql for BatchSource {
    fn queries(&self) -> Vec<Query<'_>> {
        self.batch_config.queries()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.batch_config.map_queries(map);
    }
}

//! PushSource: events that arrive over the Stream Ingest API, with an optional batch source of their history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::address::Address;
use super::batch_config::BatchConfig;
use super::contents::{Column, Contents};
use super::declaration::{Declaration, HoldsSql, Reference};
use super::field::{Field, check_schema};
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::rule::Rule;
use super::view::{IsSource, KnownColumns, Lookup};
use crate::diagnostic::Code;

/// Events that are pushed, record by record (seed: PushSource).
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushSource {
    /// The fields of a pushed event
    #[schemars(length(min = 1))]
    pub schema: Vec<Field>,
    /// Where the history of these events lies, for backfills and training data
    pub batch_config: Option<BatchConfig>,
}

impl Declaration for PushSource {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("schema", Rule::Append), ("batch_config", Rule::InPlaceWhenSet)]
    }

    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    fn canonical(&self, _: &Address, mut json: Value, _: &dyn Lookup) -> Value {
        if let Some(config) = &self.batch_config {
            json["batch_config"] = config.canonical();
        }
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        let address = me;
        if self.schema.is_empty() {
            report
                .error(Code::V016, "schema", format!("the schema of `{address}` is empty"))
                .hint("write at least one field, as `- { name: user_id, dtype: String }`");
        }
        check_schema(&format!("`{address}`"), "schema", &self.schema, report);
        if let Some(config) = &self.batch_config {
            config.check(me, report);
        }
    }

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        self.batch_config.iter_mut().flat_map(BatchConfig::files).collect()
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

    fn contents(&self, _: &Address, _: &dyn Lookup, _: Option<Vec<Column>>) -> Contents {
        // A reader sees the schema only; the history may have more columns.
        Contents::Source {
            columns: Some(self.schema.iter().map(|it| Column::new(&it.name, Some(&it.dtype))).collect()),
        }
    }

    fn columns(&self, _: &Address, _: &dyn Lookup) -> Option<KnownColumns> {
        IsSource::columns(self)
    }
}

impl IsSource for PushSource {
    fn is_pushed(&self) -> bool {
        true
    }

    fn batch(&self) -> Option<&BatchConfig> {
        self.batch_config.as_ref()
    }

    fn columns(&self) -> Option<KnownColumns> {
        Some(self.schema.iter().map(|it| (it.name.clone(), Some(it.dtype.clone()))).collect())
    }
}

impl HoldsSql for PushSource {
    fn queries(&self) -> Vec<Query<'_>> {
        self.batch_config.iter().flat_map(BatchConfig::queries).collect()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.batch_config.iter_mut().for_each(|it| it.map_queries(map));
    }
}

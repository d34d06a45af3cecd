//! SparkBatchConfig: a Python function that reads rows on Spark.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::config::Config;
use crate::diagnostic::Code;
use crate::resource::address::Address;
use crate::resource::duration::Duration;
use crate::resource::query::FileSlot;
use crate::resource::report::Report;

/// A data source function: Python that reads rows on Spark.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SparkBatchConfig {
    /// `file.py:function`, the file relative to this one
    #[serde(deserialize_with = "crate::resource::text")]
    pub data_source_function: String,
    /// Whether the function takes a start and an end (default: false)
    pub supports_time_filtering: Option<bool>,
    /// How long after the end of a window its rows are complete (default: 0s)
    pub data_delay: Option<Duration>,
    /// The text of the file, filled in when the repo is read: it is what is stored and compared.
    #[schemars(skip)]
    pub data_source_text: Option<String>,
}

impl Config for SparkBatchConfig {
    fn data_delay(&self) -> Option<Duration> {
        self.data_delay
    }

    fn is_read_by_spark(&self) -> bool {
        true
    }

    fn timestamp_field(&self) -> Option<&str> {
        None
    }

    fn write_defaults(&self, json: &mut Value) {
        json["supports_time_filtering"] = Value::Bool(self.supports_time_filtering.unwrap_or(false));
        // The text of the file is compared beside it, so the file's path means nothing.
        if let (Some(_), Some((_, function))) = (&self.data_source_text, self.data_source_function.rsplit_once(':')) {
            json["data_source_function"] = Value::String(function.to_owned());
        }
    }

    fn file(&mut self) -> Option<FileSlot<'_>> {
        let file = self.data_source_function.rsplit_once(':')?.0.to_owned();
        let path = "batch_config.data_source_function";
        Some(FileSlot { path, fills: path, file, text: &mut self.data_source_text })
    }

    fn check(&self, me: &Address, report: &mut Report) {
        let written = &self.data_source_function;
        let well_formed = written.rsplit_once(':').is_some_and(|(file, function)| {
            file.ends_with(".py")
                && !function.is_empty()
                && function.chars().all(|it| it.is_alphanumeric() || it == '_')
        });
        if !well_formed {
            report
                .error(
                    Code::V016,
                    "batch_config.data_source_function",
                    format!("`{written}` of `{me}` is not `file.py:function`"),
                )
                .hint("name the Python file and the function in it, as `sources/clicks.py:read`");
        }
        if self.data_source_text.is_some() {
            report
                .error(
                    Code::L009,
                    "batch_config.data_source_text",
                    format!("`data_source_text` of `{me}` is not a field: weir fills it from the file"),
                )
                .hint("remove it");
        }
    }
}

//! HiveConfig: a table in a Hive metastore.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::config::Config;
use crate::resource::duration::Duration;
use crate::sql::Dialect;

/// A table in a Hive metastore.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HiveConfig {
    /// The database
    #[serde(deserialize_with = "crate::resource::text")]
    pub database: String,
    /// The table in it
    #[serde(deserialize_with = "crate::resource::text")]
    pub table: String,
    /// The column with the time of a row
    pub timestamp_field: Option<String>,
    /// How timestamps are written where they are text
    pub timestamp_format: Option<String>,
    /// The columns that partition the table by time
    pub datetime_partition_columns: Option<Vec<DatetimePartitionColumn>>,
    /// SQL over `input`, run on the rows as they are read
    pub post_processor: Option<String>,
    /// How long after the end of a window its rows are complete (default: 0s)
    pub data_delay: Option<Duration>,
}

/// A partition column that holds a part of the time.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatetimePartitionColumn {
    /// The partition column
    #[serde(deserialize_with = "crate::resource::text")]
    pub column_name: String,
    /// The part of the time that it holds
    pub datepart: Datepart,
    /// Whether `01` is written for the first (default: false; `date` needs true)
    pub zero_padded: Option<bool>,
    /// How the value is written, where it is not the plain number
    pub format_string: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Datepart {
    Year,
    Month,
    Day,
    Hour,
    Date,
}

impl Config for HiveConfig {
    fn data_delay(&self) -> Option<Duration> {
        self.data_delay
    }

    fn is_read_by_spark(&self) -> bool {
        true
    }

    fn timestamp_field(&self) -> Option<&str> {
        self.timestamp_field.as_deref()
    }

    fn timestamp_format(&self) -> Option<&str> {
        self.timestamp_format.as_deref()
    }

    fn queries_mut(&mut self) -> Vec<(Option<Dialect>, &mut Option<String>)> {
        vec![(None, &mut self.post_processor)]
    }

    fn write_defaults(&self, json: &mut Value) {
        let columns = self.datetime_partition_columns.as_deref().unwrap_or_default();
        let column = |it: &DatetimePartitionColumn| {
            let mut column = serde_json::to_value(it).expect("columns hold only plain data");
            column["zero_padded"] = Value::Bool(it.zero_padded.unwrap_or(false));
            if let Value::Object(members) = &mut column {
                members.retain(|_, value| !value.is_null());
            }
            column
        };
        json["datetime_partition_columns"] =
            if columns.is_empty() { Value::Null } else { columns.iter().map(column).collect() };
    }

    fn post_processor(&self) -> Option<&str> {
        self.post_processor.as_deref()
    }
}

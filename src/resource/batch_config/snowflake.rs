//! SnowflakeConfig: a table or a query in Snowflake.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::config::{Config, check_address, check_table_or_query};
use crate::resource::address::Address;
use crate::resource::duration::Duration;
use crate::resource::report::Report;
use crate::sql::Dialect;

/// A table or a query in Snowflake.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnowflakeConfig {
    /// The database
    #[serde(deserialize_with = "crate::resource::text")]
    pub database: String,
    /// The schema in it
    #[serde(deserialize_with = "crate::resource::text")]
    pub schema: String,
    /// The table; exactly one of `table` and `query`
    pub table: Option<String>,
    /// The query; exactly one of `table` and `query`
    pub query: Option<String>,
    /// The account's address
    pub url: Option<String>,
    /// The warehouse that runs queries
    pub warehouse: Option<String>,
    /// The role that runs queries
    pub role: Option<String>,
    /// The column with the time of a row
    pub timestamp_field: Option<String>,
    /// SQL over `input`, run on the rows as they are read
    pub post_processor: Option<String>,
    /// How long after the end of a window its rows are complete (default: 0s)
    pub data_delay: Option<Duration>,
}

impl Config for SnowflakeConfig {
    fn data_delay(&self) -> Option<Duration> {
        self.data_delay
    }

    fn is_read_by_spark(&self) -> bool {
        false
    }

    fn timestamp_field(&self) -> Option<&str> {
        self.timestamp_field.as_deref()
    }

    fn queries_mut(&mut self) -> Vec<(Option<Dialect>, &mut Option<String>)> {
        vec![(None, &mut self.post_processor), (Some(Dialect::Snowflake), &mut self.query)]
    }

    fn post_processor(&self) -> Option<&str> {
        self.post_processor.as_deref()
    }

    fn query(&self) -> Option<(Dialect, &str)> {
        Some((Dialect::Snowflake, self.query.as_deref()?))
    }

    fn write_defaults(&self, json: &mut Value) {
        if let Some(url) = self.url.as_deref().and_then(|it| it.strip_suffix('/')) {
            json["url"] = Value::String(url.to_owned());
        }
    }

    fn check(&self, me: &Address, report: &mut Report) {
        check_table_or_query(self.table.is_some(), self.query.is_some(), me, report);
        let hint = "write https://ACCOUNT.snowflakecomputing.com, and set SNOWFLAKE_USER and a key or a token";
        let holds_more = self.url.as_deref().is_some_and(|it| it.contains(['@', '?', ';', '#']));
        check_address("batch_config.url", holds_more, me, hint, report);
    }
}

//! RedshiftConfig: a table or a query in Amazon Redshift.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::config::{Config, check_address, check_table_or_query};
use crate::resource::address::Address;
use crate::resource::duration::Duration;
use crate::resource::report::Report;
use crate::sql::Dialect;

/// A table or a query in Amazon Redshift.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedshiftConfig {
    /// Host, port and database
    #[serde(deserialize_with = "crate::resource::text")]
    pub endpoint: String,
    /// The table; exactly one of `table` and `query`
    pub table: Option<String>,
    /// The query; exactly one of `table` and `query`
    pub query: Option<String>,
    /// The column with the time of a row
    pub timestamp_field: Option<String>,
    /// SQL over `input`, run on the rows as they are read
    pub post_processor: Option<String>,
    /// How long after the end of a window its rows are complete (default: 0s)
    pub data_delay: Option<Duration>,
}

impl Config for RedshiftConfig {
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
        vec![(None, &mut self.post_processor), (Some(Dialect::Redshift), &mut self.query)]
    }

    fn post_processor(&self) -> Option<&str> {
        self.post_processor.as_deref()
    }

    fn query(&self) -> Option<(Dialect, &str)> {
        Some((Dialect::Redshift, self.query.as_deref()?))
    }

    fn write_defaults(&self, json: &mut Value) {
        json["endpoint"] = Value::String(endpoint(&self.endpoint));
    }

    fn check(&self, me: &Address, report: &mut Report) {
        check_table_or_query(self.table.is_some(), self.query.is_some(), me, report);
        let hint = "write host:port/database, and set REDSHIFT_USER and REDSHIFT_PASSWORD";
        check_address("batch_config.endpoint", self.endpoint.contains(['@', '?', ';']), me, hint, report);
    }
}

/// Returns `text` without the default port (5439) and the default database (`dev`).
fn endpoint(text: &str) -> String {
    let (address, database) = text.split_once('/').map_or((text, None), |it| (it.0, Some(it.1)));
    let address = address.strip_suffix(":5439").unwrap_or(address).to_ascii_lowercase();
    match database {
        None | Some("dev") => address,
        Some(database) => format!("{address}/{database}"),
    }
}

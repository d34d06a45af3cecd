//! The trait of batch configs, and the checks that several of them share.

use serde_json::Value;

use crate::diagnostic::Code;
use crate::resource::address::Address;
use crate::resource::dtype::Dtype;
use crate::resource::duration::Duration;
use crate::resource::query::FileSlot;
use crate::resource::report::Report;
use crate::sql::Dialect;

/// The questions that each batch config answers.
pub trait Config: Send + Sync {
    /// Returns how long after the end of a window its rows are complete.
    fn data_delay(&self) -> Option<Duration>;

    fn timestamp_field(&self) -> Option<&str>;

    /// Says whether Spark reads its rows, where Spark is the engine. What it does not read weir reads itself.
    fn is_read_by_spark(&self) -> bool;

    /// Returns the format of timestamps that are written as text.
    fn timestamp_format(&self) -> Option<&str> {
        None
    }

    /// Returns the SQL over `input` that runs on the rows as they are read.
    fn post_processor(&self) -> Option<&str> {
        None
    }

    /// Writes out the defaults that only this config has.
    fn write_defaults(&self, _json: &mut Value) {}

    /// Returns the SQL that yields the rows, with the dialect of its warehouse.
    fn query(&self) -> Option<(Dialect, &str)> {
        None
    }

    /// Returns the texts of the query and the post_processor. A dialect of `None` means the engine's.
    fn queries_mut(&mut self) -> Vec<(Option<Dialect>, &mut Option<String>)> {
        Vec::new()
    }

    /// Returns the columns before the post_processor, when the config itself declares them.
    fn declared_columns(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        None
    }

    fn file(&mut self) -> Option<FileSlot<'_>> {
        None
    }

    fn check(&self, _me: &Address, _report: &mut Report) {}
}

/// Reports a config that has both of `table` and `query`, or neither (facts 2.5).
pub fn check_table_or_query(table: bool, query: bool, me: &Address, report: &mut Report) {
    let (path, what) = match (table, query) {
        (true, true) => ("batch_config.query", "has both `table` and `query`"),
        (false, false) => ("batch_config", "has neither `table` nor `query`"),
        _ => return,
    };
    report.error(Code::V008, path, format!("the batch_config of `{me}` {what}")).hint("write exactly one of them");
}

/// Reports an address with credentials, which are never recorded. `secret::hide` hides them where the line is shown.
pub fn check_address(path: &str, holds_more: bool, me: &Address, hint: &str, report: &mut Report) {
    if holds_more {
        let field = path.rsplit('.').next().unwrap_or(path);
        let summary = format!("the {field} of `{me}` holds more than an address: nothing that signs in is recorded");
        report.error(Code::V016, path, summary).hint(hint);
    }
}

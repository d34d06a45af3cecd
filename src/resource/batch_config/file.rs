//! FileConfig: Parquet, CSV or JSON files, local or in an object store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::config::{Config, check_address};
use crate::diagnostic::Code;
use crate::resource::address::Address;
use crate::resource::dtype::Dtype;
use crate::resource::duration::Duration;
use crate::resource::field::{Field, check_schema};
use crate::resource::report::Report;
use crate::secret::signs_in;
use crate::sql::Dialect;

/// The schemes that a `uri` may have, besides paths in the repo. Spark calls S3 `s3a`.
const SCHEMES: &[&str] = &["file", "s3", "s3a"];

/// One file, a folder or a glob of files.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// A path relative to the repo, `file://` or `s3://`; a folder or a glob is one data set
    #[serde(deserialize_with = "crate::resource::text")]
    pub uri: String,
    /// The format of the files
    pub file_format: FileFormat,
    /// The column with the time of a row
    pub timestamp_field: Option<String>,
    /// How timestamps are written where they are text
    pub timestamp_format: Option<String>,
    /// SQL over `input`, run on the rows as they are read
    pub post_processor: Option<String>,
    /// How long after the end of a window its rows are complete (default: 0s)
    pub data_delay: Option<Duration>,
    /// The columns and their types, instead of what the files say
    pub schema_override: Option<Vec<Field>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    Parquet,
    Csv,
    Json,
}

impl Config for FileConfig {
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

    fn post_processor(&self) -> Option<&str> {
        self.post_processor.as_deref()
    }

    fn write_defaults(&self, json: &mut Value) {
        json["uri"] = Value::String(place(&self.uri));
    }

    fn declared_columns(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        let fields = self.schema_override.as_ref()?;
        Some(fields.iter().map(|it| (it.name.clone(), Some(it.dtype.clone()))).collect())
    }

    fn check(&self, me: &Address, report: &mut Report) {
        if let Some(fields) = &self.schema_override {
            check_schema(&format!("`{me}`"), "batch_config.schema_override", fields, report);
        }
        let holds_more = signs_in(&self.uri);
        let hint = "write s3://BUCKET/PATH, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        check_address("batch_config.uri", holds_more, me, hint, report);
        if let Some((scheme, _)) = self.uri.split_once("://")
            && !SCHEMES.contains(&scheme)
        {
            let summary = format!("the uri of `{me}` starts with `{scheme}://`, and weir reads no such place");
            let hint = "write a path relative to the repo, `file://` or `s3://`";
            report.error(Code::V016, "batch_config.uri", summary).hint(hint);
        }
        if self.uri.trim().is_empty() {
            report
                .error(Code::V016, "batch_config.uri", format!("the uri of `{me}` is empty"))
                .hint("write a path relative to the repo, or an s3:// address");
        }
    }
}

/// Returns the one spelling of `uri` that is compared. In an object store `a//b` and `a/` are names of their own.
fn place(uri: &str) -> String {
    match uri.split_once("://") {
        None => path(uri),
        Some(("file", rest)) => path(rest),
        Some(("s3" | "s3a", rest)) => format!("s3://{rest}"),
        Some(_) => uri.to_owned(),
    }
}

/// Returns `path` without empty and `.` steps. `..` stays: behind a symbolic link it does not undo the step before it.
fn path(path: &str) -> String {
    // Inside brackets a slash is not a separator. After a glob, a slash at the end asks for folders.
    if path.contains('[') {
        return path.to_owned();
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let steps: Vec<&str> = path.split('/').filter(|it| !it.is_empty() && *it != ".").collect();
    let folders = path.ends_with('/') && steps.last().is_some_and(|it| it.contains(['*', '?']));
    match format!("{root}{}{}", steps.join("/"), if folders { "/" } else { "" }) {
        here if here.is_empty() => ".".to_owned(),
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_name() {
        for (uri, expected) in [
            ("data/x.csv", "data/x.csv"),
            ("./data/x.csv", "data/x.csv"),
            ("data/./x.csv", "data/x.csv"),
            ("data//x.csv", "data/x.csv"),
            ("././data///x/", "data/x"),
            ("data/x/.", "data/x"),
            (".", "."),
            ("./", "."),
            ("file://data/x.csv", "data/x.csv"),
            ("file:///data//x.csv", "/data/x.csv"),
            ("/data/x.csv/", "/data/x.csv"),
            ("data/*/", "data/*/"),
            ("./data/**/x.csv", "data/**/x.csv"),
            ("./data/[a//b]", "./data/[a//b]"),
            ("data/../x.csv", "data/../x.csv"),
            ("s3a://bucket/x", "s3://bucket/x"),
            ("s3://bucket//x/", "s3://bucket//x/"),
            ("s3://bucket/./x", "s3://bucket/./x"),
        ] {
            assert_eq!(place(uri), expected, "{uri}");
        }
    }
}

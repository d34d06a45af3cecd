//! A column: a name and its type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dtype::Dtype;
use super::names::column_name_fault;
use super::report::Report;
use crate::diagnostic::Code;

/// One column of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Letters, digits and single underscores
    #[serde(deserialize_with = "crate::resource::text")]
    pub name: String,
    /// The column's type
    pub dtype: Dtype,
}

/// Reports bad and repeated column names in the schema at `path`.
pub fn check_schema(what: &str, path: &str, fields: &[Field], report: &mut Report) {
    for (index, field) in fields.iter().enumerate() {
        let name = &field.name;
        if let Some(fault) = column_name_fault(name) {
            report.error(
                Code::V002,
                format!("{path}[{index}].name"),
                format!("column `{name}` of {what} is not allowed: a column name {fault}"),
            );
        }
        if fields[..index].iter().any(|it| it.name == *name) {
            let first = fields.iter().position(|it| it.name == *name).unwrap_or(0);
            report
                .error(Code::V003, format!("{path}[{index}].name"), format!("column `{name}` of {what} is named twice"))
                .also(format!("{path}[{first}].name"), "first here")
                .hint("remove one of them");
        }
    }
}

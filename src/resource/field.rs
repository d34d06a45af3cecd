//! A column: a name and its type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::declaration::Report;
use super::dtype::Dtype;

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

/// Says why `name` cannot name a column or a feature: letters, digits, single underscores.
///
/// `__` separates namespace and feature offline (facts 2.5), so it is refused.
pub fn column_name_fault(name: &str) -> Option<String> {
    let starts = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    if !starts {
        return Some("starts with a letter or `_`".to_owned());
    }
    if name.contains("__") {
        return Some("has single underscores only: `__` separates namespace and feature".to_owned());
    }
    if !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
        return Some("has only letters, digits and `_`".to_owned());
    }
    (name.len() > 128).then(|| "has at most 128 characters".to_owned())
}

/// Reports bad and repeated column names in the schema at `path`.
pub fn check_schema(what: &str, path: &str, fields: &[Field], report: &mut Report) {
    for (index, field) in fields.iter().enumerate() {
        let name = &field.name;
        if let Some(fault) = column_name_fault(name) {
            report.error(
                "V002",
                format!("{path}[{index}].name"),
                format!("column `{name}` of {what} is not allowed: a column name {fault}"),
            );
        }
        if fields[..index].iter().any(|it| it.name == *name) {
            let first = fields.iter().position(|it| it.name == *name).unwrap_or(0);
            let document = report.document;
            let diagnostic = report.error(
                "V003",
                format!("{path}[{index}].name"),
                format!("column `{name}` of {what} is named twice"),
            );
            *diagnostic = diagnostic
                .clone()
                .also(document, format!("{path}[{first}].name"), "first here")
                .hint("remove one of them");
        }
    }
}

//! The rule against `${NAME}` in declarations, where it is not replaced.

use serde_json::Value;

use crate::diagnostic::Code;
use crate::resource::report::Report;
use crate::resource::spec::Resource;

/// Reports `${NAME}` in a declaration: it is replaced in weir.toml only, and would be recorded as written. SQL and
/// descriptions may hold it with a meaning of their own.
pub fn variables(resource: &Resource, report: &mut Report) {
    let mut found = Vec::new();
    texts("", &resource.to_json(), &mut found);
    for path in found {
        let last = path.rsplit('.').next().unwrap_or(&path);
        if matches!(last, "sql" | "query" | "post_processor" | "data_source_text" | "description") {
            continue;
        }
        report
            .error(
                Code::V016,
                path.clone(),
                format!("`{path}` of `{}` holds a variable: it is not replaced here", resource.address),
            )
            .hint("write the value itself: `${...}` is replaced in weir.toml only");
    }
}

/// Collects the paths of all texts that hold a variable.
fn texts(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.split("${").skip(1).any(|it| it.contains('}')) => found.push(path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, it)| texts(&format!("{path}[{index}]"), it, found));
        }
        Value::Object(entries) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            entries.iter().for_each(|(key, it)| texts(&below(key), it, found));
        }
        _ => {}
    }
}

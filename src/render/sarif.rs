//! SARIF 2.1.0: diagnostics for code scanning, at the YAML source.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::shown;
use crate::diagnostic::{CODES, Diagnostic, Severity};

/// The characters that stay in the path of a URI (RFC 3986). Others are written as `%` and two digits.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Returns the log of one run. `folder` is the place of the feature repo in its git repository, and starts every path,
/// because code scanning reads paths from the git root.
pub fn log(diagnostics: &[Diagnostic], folder: &str) -> Value {
    let used: BTreeMap<&str, &str> = CODES
        .iter()
        .copied()
        .filter(|it| diagnostics.iter().any(|diagnostic| diagnostic.code.as_str() == it.0))
        .collect();
    let rules: Vec<Value> =
        used.iter().map(|(id, title)| json!({ "id": id, "shortDescription": { "text": title } })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "weir", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": diagnostics.iter().map(|it| result(it, folder)).collect::<Vec<_>>(),
        }],
    })
}

fn result(diagnostic: &Diagnostic, folder: &str) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = std::iter::once(diagnostic.summary.clone())
        .chain(diagnostic.notes.iter().cloned())
        .chain(diagnostic.hints.iter().map(|it| format!("hint: {it}")))
        .map(|it| shown::line(&it).into_owned())
        .collect::<Vec<_>>()
        .join("\n");
    let locations: Vec<Value> = diagnostic
        .span()
        .map(|span| {
            let uri = utf8_percent_encode(&format!("{folder}{}", span.file), PATH).to_string();
            let mut location = json!({ "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" } });
            if span.line > 0 {
                location["region"] = json!({ "startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length });
            }
            json!({ "physicalLocation": location })
        })
        .into_iter()
        .collect();
    json!({ "ruleId": diagnostic.code.as_str(), "level": level, "message": { "text": text }, "locations": locations })
}

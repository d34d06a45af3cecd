//! SARIF 2.1.0: diagnostics for code scanning, at the YAML source.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnostic::{CODES, Diagnostic, Severity};

/// Returns the log of one run.
pub fn log(diagnostics: &[Diagnostic]) -> Value {
    let used: BTreeMap<&str, &str> =
        CODES.iter().copied().filter(|it| diagnostics.iter().any(|diagnostic| diagnostic.code.0 == it.0)).collect();
    let rules: Vec<Value> =
        used.iter().map(|(id, title)| json!({ "id": id, "shortDescription": { "text": title } })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "weir", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": diagnostics.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = std::iter::once(diagnostic.summary.clone())
        .chain(diagnostic.hints.iter().map(|it| format!("hint: {it}")))
        .collect::<Vec<_>>()
        .join("\n");
    let locations: Vec<Value> = diagnostic
        .span()
        .map(|span| {
            let mut location = json!({ "artifactLocation": { "uri": &*span.file } });
            if span.line > 0 {
                location["region"] = json!({ "startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length });
            }
            json!({ "physicalLocation": location })
        })
        .into_iter()
        .collect();
    json!({ "ruleId": diagnostic.code.0, "level": level, "message": { "text": text }, "locations": locations })
}

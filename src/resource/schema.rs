//! The JSON Schema of declarations, for editors.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::address::{Kind, VARIANTS};
use super::spec::Spec;

/// Returns the JSON Schema of one declaration.
///
/// `if`/`then` by kind: an editor then names the wrong field, and not seven shapes that do not fit.
pub fn repo_schema() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let kinds: Vec<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
    let shapes: Vec<Value> = Kind::ALL.iter().map(|kind| shape(*kind, &mut generator)).collect();
    let definitions: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "weir declaration",
        "description": "One document of a feature repo: what a kind declares",
        "type": "object",
        "required": ["kind", "name"],
        "properties": { "kind": { "enum": kinds, "description": "What is declared" } },
        "allOf": shapes,
        "$defs": definitions,
    })
}

fn shape(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    let mut body = Spec::schema(kind, generator).to_value();
    body["properties"]["kind"] = json!({ "const": kind.as_str() });
    let name = match VARIANTS.contains(&kind) {
        true => r"^[A-Za-z_][A-Za-z0-9_-]*(:[A-Za-z0-9_-]+)?$",
        false => r"^[A-Za-z_][A-Za-z0-9_-]*$",
    };
    body["properties"]["name"] =
        json!({ "type": "string", "pattern": name, "maxLength": 128, "description": "Letters, digits, `_` and `-`" });
    body["properties"]["renamed_from"] = json!({ "type": ["string", "null"], "pattern": name, "maxLength": 128, "description": "The name before a rename" });
    body["properties"]["description"] = text("What this is, for people");
    body["properties"]["owner"] = text("Who answers for it");
    body["properties"]["tags"] = json!({
        "type": ["object", "null"],
        "additionalProperties": { "type": ["string", "number", "boolean"] },
        "description": "Anything else, as text",
    });
    body["properties"]["prevent_destroy"] = json!({
        "type": "boolean",
        "description": "Refuse whatever would delete or recreate it, or what it depends on (default: false)",
    });
    if kind == Kind::StreamFeatureView
        && let Some(properties) = body["properties"].as_object_mut()
    {
        properties.remove("incremental_backfills");
    }
    if let Some(object) = body.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    json!({ "if": { "properties": { "kind": { "const": kind.as_str() } }, "required": ["kind"] }, "then": body })
}

fn text(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

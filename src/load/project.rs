//! weir.toml: where the repo starts, and what holds for all of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::services::{EngineKind, Services, WrittenEngine, WrittenRedshift, WrittenSnowflake};
use super::yaml::DefaultsByKind;
use crate::diagnostic::{Diagnostic, Place, Span, did_you_mean};
use crate::resource::{Duration, HEADER, Kind};

/// The name of the file that makes a folder a feature repo.
pub const FILE: &str = "weir.toml";

/// What weir.toml says, with defaults and environment filled in.
#[derive(Debug, Default)]
pub struct Project {
    pub workspace: Option<String>,
    pub registry_url: Option<String>,
    pub defaults: DefaultsByKind,
    /// Of all that changes how a declaration is read.
    pub defaults_hash: [u8; 32],
    pub services: Services,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    workspace: Option<String>,
    registry: Option<Url>,
    defaults: Option<BTreeMap<String, toml::Table>>,
    engine: Option<WrittenEngine>,
    redshift: Option<WrittenRedshift>,
    snowflake: Option<WrittenSnowflake>,
    offline_store: Option<Url>,
    online_store: Option<Url>,
    materialization: Option<Materialization>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section with `url`, as `[registry]` and below it `url = ...`")]
struct Url {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section, as `[materialization]` and below it `enabled = ...`")]
struct Materialization {
    #[serde(rename = "enabled")]
    _enabled: Option<bool>,
    keep: Option<String>,
}

/// Returns the nearest folder at or above `start` that holds a weir.toml.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|it| it.join(FILE).is_file()).map(Path::to_owned)
}

/// Reads weir.toml below `root`; `env` answers for `${VAR}`.
pub fn read_project(root: &Path, env: &dyn Fn(&str) -> Option<String>) -> (Project, Vec<Diagnostic>) {
    let text = match std::fs::read_to_string(root.join(FILE)) {
        Ok(text) => text,
        Err(error) => {
            let summary = format!("`{FILE}` cannot be read: {}", super::files::describe(&error));
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "run `weir init` to write one",
                std::io::ErrorKind::InvalidData => "save it as UTF-8",
                _ => "make it readable",
            };
            return (Project::default(), vec![Diagnostic::error("L012", summary).hint(hint)]);
        }
    };
    let written: Written = match toml::from_str(&text) {
        Ok(written) => written,
        Err(error) => {
            let line = error.span().map_or(1, |it| line_of(&text, it.start));
            let message = match holds_secrets(&text, line) {
                true => without_value(error.message()),
                false => first_line(error.message()),
            };
            let diagnostic = Diagnostic::error("L012", format!("{FILE}: {message}"));
            return (
                Project::default(),
                vec![at(diagnostic, &text, error.span()).hint_if(unknown_key_hint(error.message()))],
            );
        }
    };
    let mut diagnostics = Vec::new();
    let mut expand = |section: &str, value: Option<String>| expand(section, value?, &text, env, &mut diagnostics);
    let registry_url = expand("registry", written.registry.and_then(|it| it.url));
    let mut engine = written.engine.unwrap_or_default();
    let time_limit = engine.time_limit.take();
    let sections = (engine, written.redshift.unwrap_or_default(), written.snowflake.unwrap_or_default());
    let mut services = Services::new(sections, &mut expand, env);
    expand("offline_store", written.offline_store.and_then(|it| it.url));
    expand("online_store", written.online_store.and_then(|it| it.url));
    let mut duration = |section: &str, key: &str, written: Option<String>| {
        let written = written?;
        let fault = match written.parse::<Duration>() {
            Ok(duration) if duration.secs > 0 => return Some(duration),
            Ok(_) => "it is not longer than nothing".to_owned(),
            Err(fault) => fault,
        };
        let summary = format!("`{key}` of `{section}`: {fault}");
        diagnostics.push(at(Diagnostic::error("L012", summary), &text, find(&text, &written)));
        None
    };
    services.engine.time_limit = duration("engine", "time_limit", time_limit);
    duration("materialization", "keep", written.materialization.and_then(|it| it.keep));
    let defaults = defaults(written.defaults.unwrap_or_default(), &text, &mut diagnostics);
    let defaults_hash = hash(&defaults, services.engine.kind);
    (Project { workspace: written.workspace, registry_url, defaults, defaults_hash, services }, diagnostics)
}

/// Returns a hash of all that changes how a declaration is read: what is no mistake for one engine is one for another.
fn hash(defaults: &DefaultsByKind, engine: EngineKind) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(serde_json::to_string(&hashable(defaults)).unwrap_or_default().as_bytes());
    hasher.update(format!("{engine:?}").as_bytes());
    *hasher.finalize().as_bytes()
}

fn hashable(defaults: &DefaultsByKind) -> BTreeMap<&'static str, &crate::resource::Defaults> {
    defaults.iter().map(|(kind, fields)| (kind.as_str(), fields)).collect()
}

fn defaults(written: BTreeMap<String, toml::Table>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> DefaultsByKind {
    let mut defaults = DefaultsByKind::new();
    for (name, table) in written {
        let kind = match name.parse::<Kind>() {
            Ok(kind) => kind,
            Err(fault) => {
                diagnostics.push(at(
                    Diagnostic::error("L012", format!("[defaults.{name}]: {fault}")),
                    text,
                    find(text, &format!("defaults.{name}")),
                ));
                continue;
            }
        };
        let fields: crate::resource::Defaults = table.into_iter().map(|(key, value)| (key, json(value))).collect();
        for key in fields.keys() {
            if let Some((summary, hint)) = default_fault(kind, key, &fields[key]) {
                diagnostics.push(
                    at(
                        Diagnostic::error("L012", format!("[defaults.{name}]: {summary}")),
                        text,
                        find_key(text, &name, key),
                    )
                    .hint_if(hint),
                );
            }
        }
        defaults.insert(kind, fields);
    }
    defaults
}

/// Says why `key = value` cannot be a default of `kind`.
fn default_fault(kind: Kind, key: &str, value: &Value) -> Option<(String, Option<String>)> {
    if matches!(key, "kind" | "name" | "renamed_from") {
        return Some((format!("`{key}` is each declaration's own"), Some("remove it".to_owned())));
    }
    let mut generator = schemars::SchemaGenerator::default();
    let schema = kind.body_schema(&mut generator).to_value();
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|it| it.keys())
        .map(String::as_str)
        .chain(HEADER.iter().copied())
        .collect();
    if !names.contains(&key) {
        return Some((format!("`{key}` is not a field of {kind}"), did_you_mean(key, names.iter().copied())));
    }
    // Decode a declaration that has nothing but this field: the only fault may be what it lacks.
    let alone = serde_json::Map::from_iter([(key.to_owned(), value.clone())]);
    match crate::resource::Resource::from_json(
        crate::resource::Address::new(kind, "default"),
        Value::Object(alone),
        Vec::new(),
    ) {
        Err(error) if !error.to_string().starts_with("missing field") => {
            Some((format!("`{key}`: {}", first_line(&error.to_string())), None))
        }
        _ => None,
    }
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(it) => Value::String(it.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect()),
        toml::Value::String(it) => Value::String(it),
        toml::Value::Integer(it) => it.into(),
        toml::Value::Float(it) => it.into(),
        toml::Value::Boolean(it) => Value::Bool(it),
    }
}

/// Replaces `${VAR}`; an unset variable is an error that names it.
fn expand(
    section: &str,
    value: String,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = value.as_str();
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            let diagnostic = Diagnostic::error("L012", format!("`${{` in [{section}] of {FILE} has no `}}`"));
            let hint = "write a variable as ${NAME}";
            diagnostics.push(at(diagnostic, text, find(text, &rest[start..])).hint(hint));
            return None;
        };
        let name = &rest[start + 2..start + length];
        expanded.push_str(&rest[..start]);
        match env(name) {
            Some(value) => expanded.push_str(&value),
            None => {
                let diagnostic = Diagnostic::error(
                    "L012",
                    format!("environment variable `{name}` is not set, and [{section}] of {FILE} uses it"),
                );
                diagnostics.push(
                    at(diagnostic, text, find(text, &format!("${{{name}}}")))
                        .hint(format!("set it, as `export {name}=...`")),
                );
                return None;
            }
        }
        rest = &rest[start + length + 1..];
    }
    expanded.push_str(rest);
    Some(expanded)
}

fn find(text: &str, needle: &str) -> Option<Range<usize>> {
    text.find(needle).map(|start| start..start + needle.len())
}

/// Finds `key =` below the header of the kind's defaults.
fn find_key(text: &str, kind: &str, key: &str) -> Option<Range<usize>> {
    let section = text.find(&format!("defaults.{kind}")).unwrap_or(0);
    let offset = text[section..].lines().scan(section, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let found = offset
        .into_iter()
        .find(|(_, line)| line.trim_start().strip_prefix(key).is_some_and(|it| it.trim_start().starts_with('=')));
    found.map(|(start, line)| {
        let start = start + line.len() - line.trim_start().len();
        start..start + key.len()
    })
}

fn at(diagnostic: Diagnostic, text: &str, range: Option<Range<usize>>) -> Diagnostic {
    let file: Arc<str> = FILE.into();
    let Some(range) = range.filter(|it| it.start <= text.len()) else {
        return diagnostic.place(Place::Span(Span { file, line: 0, column: 0, length: 0, text: "".into() }));
    };
    let before = &text[..range.start];
    let line = line_of(text, range.start);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let whole = shown_line(text, line);
    let length = text.get(range).unwrap_or_default().lines().next().unwrap_or_default().chars().count().max(1);
    diagnostic.place(Place::Span(Span { file, line, column, length, text: whole.into() }))
}

/// Returns toml's message without the value that it was given: it may be a secret.
fn without_value(message: &str) -> String {
    let line = first_line(message);
    let Some((before, rest)) = line.split_once("invalid type: ") else { return line };
    let Some((found, expected)) = rest.split_once(", expected ") else { return line };
    let sort = found.split([' ', '`']).next().unwrap_or_default();
    format!("{before}invalid type: {sort}, expected {expected}")
}

/// Says whether a line of weir.toml lies in a section whose values sign in to something, or is such a section.
fn holds_secrets(text: &str, line: usize) -> bool {
    let is_one = |name: &str| matches!(name.trim(), "engine" | "redshift" | "snowflake");
    let headers = text.lines().take(line).filter_map(|it| it.trim().strip_prefix('[')?.split([']', '.']).next());
    let own = text.lines().nth(line - 1).and_then(|it| it.split(['.', '=']).next());
    headers.last().is_some_and(is_one) || own.is_some_and(is_one)
}

/// Returns a line of weir.toml as it may be shown: of what signs in, only a variable that stands alone.
fn shown_line(text: &str, line: usize) -> String {
    let whole = text.lines().nth(line - 1).unwrap_or_default();
    if !holds_secrets(text, line) || whole.trim_start().starts_with('[') {
        return whole.to_owned();
    }
    match whole.split_once('=') {
        Some((_, value)) if is_variable(value.trim().trim_matches('"')) => whole.to_owned(),
        Some((key, _)) => format!("{key}= ***"),
        // It goes on from the line before, as a key does that has many.
        None => "***".to_owned(),
    }
}

fn is_variable(value: &str) -> bool {
    let name = value.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    name.is_some_and(|it| it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// toml's own message lists what it expected; the closest one is the hint.
fn unknown_key_hint(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"))?;
    let expected: Vec<&str> = quoted.collect();
    did_you_mean(unknown, expected.iter().copied())
}

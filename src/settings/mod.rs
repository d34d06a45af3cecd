//! weir.toml and the environment as values: the root of the repo, its defaults, and the sign-ins to the services that
//! it reads from.

mod services;
mod written;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::disk::{SETTINGS_MAX, describe, or_absent, read_text};
use crate::resource::{Defaults, Duration, HEADER, Kind, Spec};
use crate::secret::hide;
use services::{WrittenEngine, WrittenRedshift, WrittenSnowflake};
use written::{at, find, find_key, first_line, line_of, shown_message, unknown_key_hint};

pub use crate::secret::Secret;
pub use services::{EngineKind, EngineSettings, Redshift, Services, Snowflake, Ssl};
pub use written::FILE;

/// The defaults for declarations of each kind.
pub type DefaultsByKind = BTreeMap<Kind, Defaults>;

/// The values of weir.toml, with defaults and environment filled in.
#[derive(Debug, Default)]
pub struct Settings {
    pub workspace: Option<String>,
    /// The url of the registry, or the mistake in it for the commands that need it.
    pub registry_url: Option<Result<Secret, Box<Diagnostic>>>,
    pub defaults: DefaultsByKind,
    /// The hash of all settings that change how a declaration is read.
    pub defaults_hash: [u8; 32],
    pub services: Services,
    /// True where a mistake hides some of the defaults. Fields that declarations lack may be among them.
    pub defaults_missing: bool,
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

/// Returns the nearest folder at or above `start` that holds a weir.toml. Anything of that name ends the search,
/// readable or not.
pub fn find_root(start: &Path) -> Result<Option<PathBuf>, Diagnostic> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        let summary = format!("`{}` cannot be read: {}", path.display(), describe(error));
        Diagnostic::error(Code::L012, summary).hint("make it readable, or name another folder with -C")
    };
    // `..` in a path is no folder of its own.
    let named = start.components().any(|it| it == Component::ParentDir);
    let start = match named.then(|| start.canonicalize()).transpose() {
        Ok(real) => real.unwrap_or_else(|| start.to_owned()),
        Err(error) => return Err(unreadable(start, &error)),
    };
    for folder in start.ancestors() {
        let file = folder.join(FILE);
        if or_absent(&file, file.metadata()).map_err(|error| unreadable(&file, &error))?.is_some() {
            return Ok(Some(folder.to_owned()));
        }
    }
    Ok(None)
}

/// Reads weir.toml below `root`, with `env` for `${VAR}`. Mistakes in it do not hide the other values.
pub fn read(root: &Path, env: &dyn Fn(&str) -> Option<String>) -> (Settings, Vec<Diagnostic>) {
    let text = match read_text(&root.join(FILE), SETTINGS_MAX) {
        Ok(text) => text,
        Err(error) => {
            let summary = format!("`{FILE}` cannot be read: {}", describe(&error));
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "run `weir init` to write one",
                std::io::ErrorKind::InvalidData => "save it as UTF-8",
                std::io::ErrorKind::IsADirectory | std::io::ErrorKind::Other => {
                    "write the settings into a file of this name"
                }
                _ => "make it readable",
            };
            let settings = Settings { defaults_missing: true, ..Settings::default() };
            return (settings, vec![at(Diagnostic::error(Code::L012, summary).hint(hint), "", None)]);
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (written, mut diagnostics) = parse(text);
    let defaults_missing = !diagnostics.is_empty();
    let Some(written) = written else {
        return (Settings { defaults_missing, ..Settings::default() }, diagnostics);
    };
    let mut expand = |section: &str, value: Option<String>| {
        let expanded = expand(section, value?, text, env);
        Some(expanded.map_err(|fault| fault.into_diagnostic(&mut diagnostics)))
    };
    let registry_url = expand("registry", written.registry.and_then(|it| it.url)).map(|it| it.map(Secret::new));
    let mut engine = written.engine.unwrap_or_default();
    let time_limit = engine.time_limit.take();
    let sections = (engine, written.redshift.unwrap_or_default(), written.snowflake.unwrap_or_default());
    let mut services = Services::new(sections, &mut expand, env);
    // These are not used yet.
    expand("offline_store", written.offline_store.and_then(|it| it.url));
    expand("online_store", written.online_store.and_then(|it| it.url));
    let mut duration = |section: &str, key: &str, written: Option<String>| {
        let written = written?;
        let fault = match written.parse::<Duration>() {
            Ok(duration) if duration.secs > 0 => return Some(duration),
            Ok(_) => "it is not longer than nothing".to_owned(),
            // The value is not shown: it may be a secret that belongs into the line above.
            Err(_) if section == "engine" => "it is not a duration; write it as 90s, 15m, 1h, 30d or 1h30m".to_owned(),
            Err(fault) => fault,
        };
        let summary = format!("`{key}` of `{section}`: {fault}");
        diagnostics.push(at(Diagnostic::error(Code::L012, summary), text, find(text, &written)));
        None
    };
    services.engine.time_limit = duration("engine", "time_limit", time_limit);
    duration("materialization", "keep", written.materialization.and_then(|it| it.keep));
    let sound = diagnostics.len();
    let defaults = defaults(written.defaults.unwrap_or_default(), text, &mut diagnostics);
    let defaults_missing = defaults_missing || diagnostics.len() > sound;
    diagnostics.iter_mut().for_each(hide);
    diagnostics.sort_by_key(|it| it.span().map(|it| (it.line, it.column)));
    let defaults_hash = hash(&defaults, services.engine.kind);
    let workspace = written.workspace;
    (Settings { workspace, registry_url, defaults, defaults_hash, services, defaults_missing }, diagnostics)
}

/// The most mistakes that are looked for.
const FAULTS_MAX: usize = 50;

/// Parses the text: each mistake is reported, and the lines at fault are left out, until the rest can be read.
fn parse(text: &str) -> (Option<Written>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut left = text.to_owned();
    for _ in 0..FAULTS_MAX {
        let error = match toml::from_str(&left) {
            Ok(written) => return (Some(written), diagnostics),
            Err(error) => error,
        };
        let start = error.span().map_or(0, |it| it.start);
        let is_toml = left.parse::<toml::Table>().is_ok();
        // A text that is no TOML after lines were taken out is broken by that.
        if !is_toml && !diagnostics.is_empty() {
            return (None, diagnostics);
        }
        let message = shown_message(error.message(), text, line_of(text, start));
        let diagnostic = Diagnostic::error(Code::L012, format!("{FILE}: {message}"));
        let hint = unknown_key_hint(error.message());
        diagnostics.push(at(diagnostic, text, error.span()).hint_if(hint));
        if !is_toml || !blank(&mut left, start) {
            return (None, diagnostics);
        }
    }
    (None, diagnostics)
}

/// Blanks the line at `start`, or the whole section when that is a header. Says whether there was anything to blank.
fn blank(text: &mut String, start: usize) -> bool {
    let first = text[..start.min(text.len())].rfind('\n').map_or(0, |it| it + 1);
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |it| from + it);
    let mut end = line_end(first);
    if text[first..end].trim_start().starts_with('[') {
        while end < text.len() && !text[end + 1..line_end(end + 1)].trim_start().starts_with('[') {
            end = line_end(end + 1);
        }
    }
    let blank: String = text[first..end]
        .chars()
        .map(|it| if it == '\n' { "\n".to_owned() } else { " ".repeat(it.len_utf8()) })
        .collect();
    let changes = !text[first..end].trim().is_empty();
    text.replace_range(first..end, &blank);
    changes
}

/// Returns a hash of all that changes how a declaration is read: what is no mistake for one engine is one for another.
fn hash(defaults: &DefaultsByKind, engine: EngineKind) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(serde_json::to_string(&hashable(defaults)).expect("defaults are plain data").as_bytes());
    hasher.update(format!("{engine:?}").as_bytes());
    *hasher.finalize().as_bytes()
}

fn hashable(defaults: &DefaultsByKind) -> BTreeMap<&'static str, &Defaults> {
    defaults.iter().map(|(kind, fields)| (kind.as_str(), fields)).collect()
}

fn defaults(written: BTreeMap<String, toml::Table>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> DefaultsByKind {
    let mut defaults = DefaultsByKind::new();
    for (name, table) in written {
        let kind = match name.parse::<Kind>() {
            Ok(kind) => kind,
            Err(fault) => {
                diagnostics.push(at(
                    Diagnostic::error(Code::L012, format!("[defaults.{name}]: {fault}")),
                    text,
                    find(text, &format!("defaults.{name}")),
                ));
                continue;
            }
        };
        let mut faulty = Vec::new();
        let mut fields: Defaults = table.into_iter().map(|(key, value)| (key, json(value))).collect();
        for key in fields.keys() {
            if let Some((summary, hint)) = default_fault(kind, key, &fields[key]) {
                diagnostics.push(
                    at(
                        Diagnostic::error(Code::L012, format!("[defaults.{name}]: {summary}")),
                        text,
                        find_key(text, &name, key),
                    )
                    .hint_if(hint),
                );
                faulty.push(key.clone());
            }
        }
        fields.retain(|key, _| !faulty.contains(key));
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
    let schema = Spec::schema(kind, &mut generator).to_value();
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
    // Decode a declaration that has this field alone: only missing fields are no fault of the value.
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

/// The reason why a variable in a value of weir.toml could not be replaced.
enum Gap {
    /// The value is malformed: a mistake for every command.
    Malformed(Diagnostic),
    /// A variable is not set: a mistake only for the command that needs the value.
    Unset(Diagnostic),
}

impl Gap {
    /// Returns the mistake for the command that needs the value. One for every command is added to `diagnostics` too.
    fn into_diagnostic(self, diagnostics: &mut Vec<Diagnostic>) -> Box<Diagnostic> {
        match self {
            Self::Malformed(diagnostic) => {
                diagnostics.push(diagnostic.clone());
                Box::new(diagnostic)
            }
            Self::Unset(diagnostic) => Box::new(diagnostic),
        }
    }
}

/// Replaces `${VAR}`.
fn expand(section: &str, value: String, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Gap> {
    let mut expanded = String::new();
    let mut rest = value.as_str();
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            let diagnostic = Diagnostic::error(Code::L012, format!("`${{` in [{section}] of {FILE} has no `}}`"));
            let hint = "write a variable as ${NAME}";
            return Err(Gap::Malformed(at(diagnostic, text, find(text, &rest[start..])).hint(hint)));
        };
        let name = &rest[start + 2..start + length];
        expanded.push_str(&rest[..start]);
        let Some(value) = env(name) else {
            let summary = format!("environment variable `{name}` is not set, and [{section}] of {FILE} uses it");
            let place = find(text, &format!("${{{name}}}"));
            let diagnostic = at(Diagnostic::error(Code::L012, summary), text, place);
            let mut diagnostic = diagnostic.hint(format!("set it, as `export {name}=...`"));
            hide(&mut diagnostic);
            return Err(Gap::Unset(diagnostic));
        };
        expanded.push_str(&value);
        rest = &rest[start + length + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

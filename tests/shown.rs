//! What is shown is safe to show: every field of every kind, filled with what hides or moves, goes through every command
//! in every format. Fields are found in the schema, so that a new one is covered by itself.

mod secrets;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::support::{Repo, Run, weir};

/// Every control character but the line end, and all that hides, moves or blanks what stands around it.
fn raw() -> Vec<char> {
    let ranges = [
        '\u{1}'..='\u{8}',
        '\u{9}'..='\u{9}',
        '\u{b}'..='\u{1f}',
        '\u{7f}'..='\u{a0}',
        '\u{ad}'..='\u{ad}',
        '\u{34f}'..='\u{34f}',
        '\u{61c}'..='\u{61c}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{2000}'..='\u{200f}',
        '\u{2028}'..='\u{202f}',
        '\u{205f}'..='\u{206f}',
        '\u{2800}'..='\u{2800}',
        '\u{3000}'..='\u{3000}',
        '\u{3164}'..='\u{3164}',
        '\u{e000}'..='\u{e001}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fffc}',
        '\u{e0001}'..='\u{e0001}',
        '\u{e0020}'..='\u{e007f}',
        '\u{e0100}'..='\u{e0103}',
        '\u{f0000}'..='\u{f0001}',
    ];
    ranges.into_iter().flatten().collect()
}

/// The same in groups that fit on one line.
fn hostile() -> Vec<String> {
    raw().chunks(16).map(|it| format!("x{}y", it.iter().map(|it| format!("{it}z")).collect::<String>())).collect()
}

/// Stops the test where a character of the hostile ones went out as it is.
#[track_caller]
fn is_safe(arguments: &[&str], run: &Run, raw: &[char]) {
    for text in [&run.stdout, &run.stderr] {
        let Some((at, sign)) = text.char_indices().find(|it| raw.contains(&it.1)) else { continue };
        let (start, end) = (text.floor_char_boundary(at.saturating_sub(120)), text.ceil_char_boundary(at + 60));
        panic!("{arguments:?} writes {sign:?} raw: {:?}", &text[start..end.min(text.len())]);
    }
}

/// Writes YAML in which every character outside ASCII is an escape.
fn yaml(value: &Value) -> String {
    let text = |it: &str| {
        let escape = |it: char| match it {
            '"' | '\\' => format!("\\{it}"),
            ' '..='~' => it.to_string(),
            _ => format!("\\U{:08X}", u32::from(it)),
        };
        format!("\"{}\"", it.chars().map(escape).collect::<String>())
    };
    match value {
        Value::String(it) => text(it),
        Value::Array(items) => format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(key, it)| format!("{}: {}", text(key), yaml(it)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

static SCHEMA: LazyLock<Value> = LazyLock::new(weir::resource::repo_schema);

/// The schema of each kind, its own members only.
fn kinds() -> BTreeMap<String, Value> {
    let kinds = SCHEMA["allOf"].as_array().unwrap().iter();
    kinds
        .map(|it| (it["then"]["properties"]["kind"]["const"].as_str().unwrap().to_owned(), it["then"].clone()))
        .collect()
}

/// Returns what a member may be with `text` wherever a text may stand, one place at a time.
fn fillings(schema: &Value, text: &str, depth: usize) -> Vec<Value> {
    if depth > 6 {
        return Vec::new();
    }
    let below = |it: &Value| fillings(it, text, depth + 1);
    if let Some(name) = schema["$ref"].as_str() {
        return below(&SCHEMA["$defs"][name.rsplit('/').next().unwrap()]);
    }
    let mut all = vec![json!(text)];
    for choice in ["anyOf", "oneOf", "allOf"] {
        all.extend(schema[choice].as_array().into_iter().flatten().flat_map(below));
    }
    if schema["then"].is_object() {
        let kind = &schema["if"]["properties"]["kind"]["const"];
        for mut it in below(&schema["then"]) {
            if let Value::Object(members) = &mut it {
                members.insert("kind".to_owned(), kind.clone());
            }
            all.push(it);
        }
    }
    if schema["items"].is_object() {
        all.extend(below(&schema["items"]).into_iter().map(|it| json!([it])));
    }
    for (name, it) in schema["properties"].as_object().into_iter().flatten() {
        all.extend(below(it).into_iter().map(|it| json!({ name.as_str(): it })));
    }
    if !schema["additionalProperties"].is_boolean() && schema["type"].to_string().contains("object") {
        all.extend([json!({ text: "v" }), json!({ "k": text }), json!({ text: { text: text } })]);
    }
    all
}

#[test]
fn no_mistake_in_any_field_writes_what_hides() {
    let mut documents = Vec::new();
    let mut texts = hostile();
    texts.push("\u{0}".to_owned());
    for (kind, schema) in kinds() {
        for (name, member) in schema["properties"].as_object().unwrap() {
            for which in 0..fillings(member, "", 0).len() {
                // Each place in its turn gets the next text.
                let text = &texts[documents.len() % texts.len()];
                let mut document = json!({ "kind": kind, "name": format!("n{}", documents.len()) });
                document[name] = fillings(member, text, 0).swap_remove(which);
                documents.push(document);
            }
        }
        documents.extend(texts.iter().map(|it| json!({ "kind": kind, "name": "a", it.as_str(): it })));
        documents.extend(texts.iter().map(|it| json!({ "kind": it })));
    }
    assert!(documents.len() > 500, "only {} documents", documents.len());
    let all: String = documents.iter().map(|it| format!("---\n{}\n", yaml(it))).collect();
    let raw = raw();
    let repo = Repo::new(&[("all.yaml", &all)]);
    for format in ["text", "json", "github", "markdown", "sarif"] {
        let arguments = ["validate", "--offline", "--format", format];
        is_safe(&arguments, &repo.run(&arguments).exits(1), &raw);
    }
}

/// Declarations that are right, of every kind and over every place that rows lie in.
const SOUND: &str = "
kind: Entity
name: user
---
kind: PushSource
name: clicks
schema: [{ name: user, dtype: String }, { name: at, dtype: Timestamp }, { name: page, dtype: String }]
---
kind: BatchSource
name: file
batch_config: { kind: FileConfig, uri: data/x.csv, file_format: csv, timestamp_field: at,
  schema_override: [{ name: user, dtype: String }, { name: at, dtype: Timestamp }] }
---
kind: BatchSource
name: hive
batch_config: { kind: HiveConfig, database: d, table: t, timestamp_field: at }
---
kind: BatchSource
name: redshift
batch_config: { kind: RedshiftConfig, endpoint: 'h:5439/d', table: t, timestamp_field: at }
---
kind: BatchSource
name: snowflake
batch_config: { kind: SnowflakeConfig, url: 'https://o-a.snowflakecomputing.com', database: d, schema: s, warehouse: w, table: t, timestamp_field: at }
---
kind: BatchSource
name: spark
batch_config: { kind: SparkBatchConfig, data_source_function: 'f.py:read', supports_time_filtering: false }
---
kind: Transformation
name: pick
mode: sql
inputs: [t]
sql: SELECT user, at, page FROM t
---
kind: StreamFeatureView
name: pages
sources: [clicks]
entities: [user]
online: true
aggregations: [{ column: page, function: count, time_window: 1h }]
---
kind: BatchFeatureView
name: rows
sources: [file]
entities: [user]
online: true
offline: true
timestamp_field: at
sql: SELECT user, at, 1 AS one FROM file
feature_start_time: 2026-11-20
batch_schedule: 1d
---
kind: FeatureService
name: service
features: [pages, rows]
";

/// A repo of one file a declaration, filled as far as the checks allow.
struct Filled {
    repo: Repo,
    documents: Vec<Value>,
}

impl Filled {
    fn new() -> Self {
        use serde::Deserialize as _;
        let documents: Vec<Value> =
            serde_yaml::Deserializer::from_str(SOUND).map(|it| Value::deserialize(it).unwrap()).collect();
        let filled = Self { repo: Repo::new(&[("f.py", "def read(spark): pass\n")]), documents };
        filled.write();
        filled.repo.run(&["validate", "--offline"]).exits(0);
        filled
    }

    fn write(&self) {
        for (index, it) in self.documents.iter().enumerate() {
            self.repo.write(&file(index), &yaml(it));
        }
    }

    /// Puts `text` into every member that takes it, in every declaration, one member of each at a time.
    fn fill(&mut self, text: &str) {
        let kinds = kinds();
        let mut tries: Vec<Vec<(String, Value)>> = self
            .documents
            .iter()
            .map(|it| {
                let members = kinds[it["kind"].as_str().unwrap()]["properties"].as_object().unwrap();
                let members = members.iter().filter(|it| !matches!(it.0.as_str(), "kind" | "name"));
                let whole = members.flat_map(|(name, schema)| {
                    fillings(schema, text, 0).into_iter().map(move |it| (format!("/{name}"), it))
                });
                let mut all: Vec<(String, Value)> = whole.collect();
                // What is there already keeps its neighbours.
                let inside = it.as_object().unwrap().iter().filter(|it| it.1.is_object());
                for (name, _) in inside {
                    let kind = &it[name]["kind"];
                    let configs = &SCHEMA["$defs"]["BatchConfig"]["allOf"];
                    let config =
                        configs.as_array().unwrap().iter().find(|it| it["if"]["properties"]["kind"]["const"] == *kind);
                    for (member, schema) in
                        config.into_iter().flat_map(|it| it["then"]["properties"].as_object().unwrap())
                    {
                        let fillings = fillings(schema, text, 0).into_iter();
                        all.extend(fillings.map(|it| (format!("/{name}/{member}"), it)));
                    }
                }
                all.extend([(
                    "/sql".to_owned(),
                    json!(format!("{} /* {text} */", it["sql"].as_str().unwrap_or_default())),
                )]);
                all
            })
            .collect();
        while tries.iter().any(|it| !it.is_empty()) {
            let before = self.documents.clone();
            for (document, tries) in self.documents.iter_mut().zip(&mut tries) {
                if let Some((path, value)) = tries.pop() {
                    put(document, &path, value);
                }
            }
            self.write();
            // What one declaration says wrongly may be reported at another: all of a round that fails is taken back.
            let mut reverted = Vec::new();
            loop {
                let run = self.repo.run(&["validate", "--offline", "--format", "json"]);
                if run.code == Some(0) {
                    break;
                }
                let found: Value = serde_json::from_str(&run.stdout).unwrap();
                let at = |it: &Value| it["file"].as_str()?.strip_prefix('d')?.split_once('-')?.0.parse().ok();
                let errors = found["diagnostics"].as_array().unwrap().iter().filter(|it| it["severity"] == "error");
                let mut wrong: Vec<usize> = errors.filter_map(at).filter(|it| !reverted.contains(it)).collect();
                if wrong.is_empty() {
                    wrong = (0..before.len()).collect();
                }
                for index in wrong {
                    self.documents[index] = before[index].clone();
                    reverted.push(index);
                }
                self.write();
            }
        }
    }
}

/// Names of files are shown, too.
fn file(index: usize) -> String {
    format!("d{index}-\u{1b}[31m\u{202e}\u{a0}\r.yaml")
}

fn put(document: &mut Value, path: &str, value: Value) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().insert(name.to_owned(), value);
}

/// Replaces a text everywhere in a value.
fn replaced(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(it) => json!(it.replace(old, new)),
        Value::Array(items) => items.iter().map(|it| replaced(it, old, new)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, it)| (key.replace(old, new), replaced(it, old, new)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn count(value: &Value, text: &str) -> usize {
    serde_json::to_string(value).unwrap().matches(serde_json::to_string(text).unwrap().trim_matches('"')).count()
}

/// Every command that prints, with every format that it has.
fn commands(service: &str) -> Vec<Vec<String>> {
    let words = |it: &str| it.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all: Vec<Vec<String>> = [
        "list",
        "list --format json",
        "log",
        "log --format json",
        "graph",
        "graph --format dot",
        "graph --format mermaid",
        "graph --format json",
        "diff 1 2",
        "diff 1 2 --format json",
        "restore 1",
        "destroy",
        "workspace list",
        "workspace list --format json",
        "workspace show",
        "workspace show --format json",
        "registry check",
        "plan",
        "-v plan",
        "plan --format json",
        "plan --format github",
        "plan --format markdown",
        "validate",
        "-v validate",
        "validate --format json",
        "validate --format sarif",
        "validate --format github",
        "validate --format markdown",
        "apply",
        "--color always plan",
        "show nosuch",
        "plan --out p.plan",
        "show p.plan",
        "show p.plan --format json",
        "show p.plan --format github",
        "show p.plan --format markdown",
    ]
    .into_iter()
    .map(words)
    .collect();
    for name in ["user", "clicks", "file", "hive", "redshift", "snowflake", "spark", "pick", "pages", "rows", service] {
        for more in ["", " --format json"] {
            all.push(words(&format!("show {name}{more}")));
            all.push(words(&format!("columns {name}{more}")));
        }
    }
    all
}

#[test]
fn no_field_that_is_recorded_writes_what_hides() {
    let texts = hostile();
    let first = "e\u{1b}[31m\u{202e}\u{200b}o";
    let mut filled = Filled::new();
    filled.fill(first);
    let places: usize = filled.documents.iter().map(|it| count(it, first)).sum();
    assert!(places >= 50, "only {places} places take a text");
    let apply = |message: &str| {
        let mut command = weir(filled.repo.path());
        let run = Run::of(command.env("WEIR_ACTOR", message).args(["apply", "--offline", "--yes", "-m", message]));
        run.exits(0)
    };
    let raw = raw();
    is_safe(&["apply"], &apply(first), &raw);
    let service = filled.documents.last().unwrap()["name"].as_str().unwrap().to_owned();
    let mut applied = filled.documents.clone();
    // The last is of several lines, so that differences are shown line by line.
    let lines = format!("one\n{}\nthree\n", texts[0]);
    for (index, text) in texts.iter().chain([&lines]).enumerate() {
        let now: Vec<Value> = filled.documents.iter().map(|it| replaced(it, first, text)).collect();
        let repo = Filled { repo: Repo::new(&[("f.py", "def read(spark): pass\n")]), documents: now.clone() };
        let (ours, theirs) = (filled.repo.path(), repo.repo.path());
        std::fs::create_dir_all(theirs.join(".weir")).unwrap();
        std::fs::copy(ours.join(".weir/registry.db"), theirs.join(".weir/registry.db")).unwrap();
        repo.write();
        for arguments in ["plan", "plan --format json", "plan --format markdown", "plan --format github"] {
            let arguments: Vec<&str> = arguments.split(' ').chain(["--offline"]).collect();
            is_safe(&arguments, &repo.repo.run(&arguments), &raw);
        }
        if index == 0 {
            applied = now;
        }
    }
    for (index, it) in applied.iter().enumerate() {
        filled.repo.write(&file(index), &yaml(it));
    }
    is_safe(&["apply"], &apply(&texts[0]), &raw);
    filled.write();
    for arguments in commands(&service) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = filled.repo.run(&arguments);
        let escape = |it: &&char| !(arguments.contains(&"always") && **it == '\u{1b}');
        is_safe(&arguments, &run, &raw.iter().filter(escape).copied().collect::<Vec<_>>());
        if arguments.ends_with(&["--format", "json"]) {
            let shown: Value =
                serde_json::from_str(&run.stdout).unwrap_or_else(|it| panic!("{arguments:?}: {it}\n{run:?}"));
            if let ["show", name, ..] = arguments[..]
                && let Some(index) = applied.iter().position(|it| it["name"] == *name)
            {
                assert_eq!(shown["declaration"]["description"], applied[index]["description"], "{name}");
            }
        }
    }
}

//! The JSON Schemas, held to the loader and to what weir prints, by a validator that editors use too.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::Repo;

fn declarations() -> Validator {
    jsonschema::validator_for(&weir::resource::repo_schema()).unwrap()
}

/// Reads every document of a YAML text as an editor would.
fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text)
        .map(|it| Value::deserialize(it).unwrap())
        .filter(|it| !it.is_null())
        .collect()
}

#[test]
fn every_declaration_of_repo_example_fits_the_schema() {
    let schema = declarations();
    let mut count = 0;
    for entry in walk(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example")) {
        for document in documents(&std::fs::read_to_string(&entry).unwrap()) {
            let faults: Vec<String> =
                schema.iter_errors(&document).map(|it| format!("{}: {it}", it.instance_path())).collect();
            assert!(faults.is_empty(), "{}: {}", entry.display(), faults.join("\n"));
            count += 1;
        }
    }
    assert!(count >= 25, "only {count} declarations were found");
}

fn walk(folder: std::path::PathBuf) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(path));
        } else if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
    found
}

/// Each kind of mistake that a schema can see: refused by the schema, and by the loader.
#[test]
fn what_the_schema_underlines_the_loader_refuses() {
    let view = "kind: StreamFeatureView\nname: v\nsources: [s]\nentities: [e]\n";
    let batch = "kind: BatchSource\nname: s\n";
    let service = "kind: FeatureService\nname: s\n";
    let mistakes = [
        ("unknown field", format!("{view}onlin: true\n")),
        ("wrong type", format!("{view}online: maybe\n")),
        ("a name where a list is needed", "kind: StreamFeatureView\nname: v\nsources: s\nentities: [e]\n".to_owned()),
        ("missing field", "kind: PushSource\nname: s\n".to_owned()),
        ("missing name", "kind: Entity\n".to_owned()),
        ("bad name", "kind: Entity\nname: 9lives\n".to_owned()),
        ("variant of a source", "kind: Entity\nname: user:v2\n".to_owned()),
        ("unknown kind", "kind: Entit\nname: e\n".to_owned()),
        ("unknown type", "kind: PushSource\nname: s\nschema: [{ name: a, dtype: Int }]\n".to_owned()),
        ("empty list", "kind: PushSource\nname: s\nschema: []\n".to_owned()),
        ("bad duration", format!("{view}ttl: 1w\n")),
        ("bad instant", format!("{view}feature_start_time: yesterday\n")),
        ("bad function", format!("{view}aggregations: [{{ column: a, function: median, time_window: 1h }}]\n")),
        ("bad trigger", format!("{view}batch_trigger: sometimes\n")),
        ("a batch view's field", format!("{view}incremental_backfills: true\n")),
        ("unknown batch config", format!("{batch}batch_config: {{ kind: MongoConfig }}\n")),
        ("batch config without kind", format!("{batch}batch_config: {{ database: a, table: b }}\n")),
        (
            "field of another config",
            format!("{batch}batch_config: {{ kind: HiveConfig, database: a, table: b, uri: c }}\n"),
        ),
        ("missing config field", format!("{batch}batch_config: {{ kind: HiveConfig, database: a }}\n")),
        ("bad file format", format!("{batch}batch_config: {{ kind: FileConfig, uri: a, file_format: xml }}\n")),
        ("unknown key of a reference", format!("{service}features: [{{ view: v, feature: [a] }}]\n")),
        ("number where a name is needed", format!("{service}features: [1]\n")),
    ];
    let schema = declarations();
    for (what, text) in mistakes {
        let document = &documents(&text)[0];
        assert!(!schema.is_valid(document), "the schema takes: {what}\n{text}");
        let run = Repo::new(&[("a.yaml", &text)]).run(&["validate"]).exits(1);
        assert!(run.stderr.contains("a.yaml:"), "the loader does not say where: {what}\n{}", run.stderr);
    }
}

#[test]
fn a_large_plan_fits_its_schema() {
    let repo = Repo::copy_of(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example"));
    let schema = jsonschema::validator_for(&weir::render::json::plan_schema()).unwrap();
    let check = |code| {
        let plan: Value = serde_json::from_str(&repo.run(&["plan", "--format", "json"]).exits(code).stdout).unwrap();
        let faults: Vec<String> = schema.iter_errors(&plan).map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        plan
    };
    let creates = check(0);
    assert_eq!(creates["format_version"], json!(2));
    repo.run(&["apply", "--yes"]).exits(0);
    // Every service goes, and every view with them: creates, deletes, cascades and refusals in one plan.
    for path in walk(repo.path().to_owned()) {
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("kind: FeatureService") {
            std::fs::remove_file(path).unwrap();
        } else if text.contains("kind: PushSource") {
            std::fs::write(path, text.replacen("dtype: Int64", "dtype: Float64", 1)).unwrap();
        }
    }
    let plan: Value = serde_json::from_str(&repo.run(&["plan", "--format", "json"]).stdout).unwrap();
    let faults: Vec<String> = schema.iter_errors(&plan).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(!plan["refusals"].as_array().unwrap().is_empty(), "{plan:#}");
}

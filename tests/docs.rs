//! The docs are true: their commands run, their links lead somewhere, their tables say what the code says.
//!
//! In a page, ```` ```console ```` is a transcript: lines with `$ ` are run (`> ` continues one), what follows is
//! what they print. A fence or an HTML comment that opens with `file=PATH` writes that file first, and
//! `<!-- $ command -->` runs a command without showing it. `WEIR_BLESS=1 cargo test docs` writes the outputs anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rayon::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir::resource::{Address, Kind, Resource, Rule, repo_schema, rule_for};

use crate::child;
use crate::support::{Run, clean, weir};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a page shows where the folder that it ran in stood.
const HOME: &str = "/home/you";

/// What a page holds whose commands are run by a build with the engine.
const WITH_ENGINE: &str = "<!-- build: data -->";

/// How the README calls weir: from source, because a fresh machine has nothing else.
const FROM_SOURCE: &str = "cargo run --release -- ";

#[test]
fn every_console_block_shows_what_its_commands_print() {
    let faults: Vec<String> = pages().par_iter().filter_map(|(path, text)| replay(path, text)).collect();
    assert!(faults.is_empty(), "`WEIR_BLESS=1 cargo test docs` writes this down:\n{}", faults.join("\n"));
}

#[test]
fn the_two_commands_of_the_readme_work() {
    let readme = read("README.md");
    let commands: Vec<&str> = blocks(&readme, "sh").flat_map(str::lines).collect();
    let run = commands.iter().find_map(|it| it.strip_prefix(FROM_SOURCE)).unwrap();
    assert!(commands.contains(&"cargo test"), "{commands:?}");
    let folder = example();
    let arguments: Vec<&str> = run.split(' ').collect();
    let applied = Run::of(weir(folder.path()).args(&arguments)).exits(0);
    let declared = Run::of(weir(folder.path()).args(["-C", "repo-example", "list", "--format", "json"])).exits(0);
    let declared: Vec<Value> = serde_json::from_str(&declared.stdout).unwrap();
    let said = format!("Applied {} changes to workspace prod. Registry is at serial 1.\n", declared.len());
    assert!(applied.stdout.ends_with(&said), "{}", applied.stdout);
}

#[test]
fn the_example_validates_applies_and_converges() {
    let folder = example();
    let run = |arguments: &[&str]| Run::of(weir(folder.path()).args(["-q", "-C", "repo-example"]).args(arguments));
    run(&["validate"]).exits(0);
    run(&["plan", "--detailed-exitcode"]).exits(2);
    run(&["apply", "--yes"]).exits(0);
    let again = run(&["apply", "--yes"]).exits(0);
    assert!(again.stdout.ends_with("There is nothing to do: nothing was applied.\n"), "{}", again.stdout);
    run(&["plan", "--detailed-exitcode"]).exits(0);
    let entities = folder.path().join("repo-example/entities.yaml");
    let text = std::fs::read_to_string(&entities).unwrap();
    std::fs::write(entities, text.replacen("description: ", "description: Edited. ", 1)).unwrap();
    run(&["plan", "--detailed-exitcode"]).exits(2);
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_linked() {
    let pages: BTreeMap<String, String> = pages().into_iter().collect();
    let mut dead = Vec::new();
    let mut linked = BTreeSet::from(["README.md".to_owned()]);
    for (path, text) in &pages {
        for link in links(text) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |it| (it.0, Some(it.1)));
            let target = if file.is_empty() { path.clone() } else { join(path, file) };
            if !Path::new(ROOT).join(&target).exists() {
                dead.push(format!("{path}: {link}"));
            } else if let (Some(anchor), Some(text)) = (anchor, pages.get(&target)) {
                let found = headings(text).any(|it| slug(it) == anchor);
                dead.extend((!found).then(|| format!("{path}: {link}, which has no such heading")));
            }
            linked.extend((target != *path).then_some(target));
        }
    }
    dead.extend(pages.keys().filter(|it| !linked.contains(*it)).map(|it| format!("{it}: no page links here")));
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn the_command_reference_is_the_help() {
    let written = weir::cli::command_reference();
    if bless() {
        std::fs::write(Path::new(ROOT).join("docs/reference/commands.md"), &written).unwrap();
    }
    assert_eq!(read("docs/reference/commands.md"), written, "`WEIR_BLESS=1 cargo test docs` writes it anew");
}

#[test]
fn every_code_has_its_section() {
    let page = read("docs/reference/errors.md");
    let sections: Vec<&str> = headings(&page).filter(|it| it.contains(": ")).collect();
    let codes: Vec<String> = weir::diagnostic::CODES.iter().map(|it| format!("{}: {}", it.0, it.1)).collect();
    assert_eq!(sections, codes);
}

#[test]
fn every_field_of_every_kind_has_its_row() {
    let page = read("docs/reference/kinds.md");
    let schema = repo_schema();
    let mut faults = Vec::new();
    for shape in schema["allOf"].as_array().unwrap() {
        let kind: Kind = shape["then"]["properties"]["kind"]["const"].as_str().unwrap().parse().unwrap();
        let resource = minimal(kind);
        let rules = resource.spec.declaration().rules();
        for field in names(&shape["then"]) {
            let (section, sign) = match field.as_str() {
                "kind" | "name" => ("Every kind", "identity"),
                "renamed_from" => ("Every kind", "rename"),
                "description" | "owner" | "tags" | "prevent_destroy" => ("Every kind", Rule::InPlace.sign()),
                // Its text is what is compared, as `sql`.
                "sql_file" => (kind.as_str(), rule_for(rules, "sql").sign()),
                field => (kind.as_str(), rule_for(rules, field).sign()),
            };
            check_row(&page, section, &field, Some(sign), &mut faults);
        }
    }
    let batch_source = minimal(Kind::BatchSource);
    for config in schema["$defs"]["BatchConfig"]["allOf"].as_array().unwrap() {
        let name = config["then"]["properties"]["kind"]["const"].as_str().unwrap();
        for field in names(&config["then"]) {
            let rule = rule_for(batch_source.spec.declaration().rules(), &format!("batch_config.{field}"));
            check_row(&page, name, &field, Some(rule.sign()), &mut faults);
        }
    }
    for (definition, shape) in schema["$defs"].as_object().unwrap().iter().filter(|it| it.0 != "BatchConfig") {
        names(shape).iter().for_each(|field| check_row(&page, definition, field, None, &mut faults));
    }
    assert!(faults.is_empty(), "docs/reference/kinds.md:\n{}", faults.join("\n"));
}

#[test]
fn every_member_of_a_plan_is_described() {
    let page = read("docs/reference/plan-json.md");
    let schema = weir::render::json::plan_schema();
    let shapes = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    let missing: BTreeSet<String> = shapes.flat_map(names).filter(|it| !page.contains(&format!("`{it}`"))).collect();
    assert!(missing.is_empty(), "docs/reference/plan-json.md does not say what these are: {missing:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let page = read("docs/decisions/dependencies.md");
    let tables = ["dependencies", "dev-dependencies"].into_iter().filter_map(|it| manifest[it].as_table());
    let wanted: BTreeSet<&str> = tables.flat_map(|it| it.keys()).map(String::as_str).collect();
    let rows = page.lines().filter_map(|it| it.strip_prefix("| `")?.split_once('`'));
    let given: BTreeSet<&str> = rows.map(|it| it.0).collect();
    assert_eq!(given, wanted);
}

#[test]
fn every_table_column_and_trigger_is_described() {
    let page = read("docs/internals/registry.md");
    let folder = Path::new(ROOT).join("src/registry/sqlite/migrations");
    let mut steps: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    steps.sort();
    let migration: String = steps.iter().map(|it| std::fs::read_to_string(it).unwrap()).collect();
    let mut missing = Vec::new();
    let mut table = "";
    for line in migration.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (text, name) = match words.as_slice() {
            ["CREATE", "TABLE", name, ..] => {
                table = name;
                continue;
            }
            ["ALTER", "TABLE", table, "ADD", "COLUMN", name, ..] => (section(&page, table), name),
            ["CREATE", "VIEW" | "TRIGGER" | "INDEX", name, ..] => (page.as_str(), name),
            [name, "TEXT" | "INTEGER" | "TEXT,", ..] if line.starts_with("    ") => (section(&page, table), name),
            _ => continue,
        };
        missing.extend((!text.contains(&format!("| `{name}` |"))).then(|| format!("{table}: {name}")));
    }
    assert!(missing.is_empty(), "docs/internals/registry.md: {missing:?}");
}

#[test]
fn the_queries_over_the_registry_answer() {
    use sqlx::{Connection as _, Row as _};
    let folder = example();
    Run::of(weir(folder.path()).args(["-C", "repo-example", "apply", "--yes"])).exits(0);
    let url = format!("sqlite:{}", folder.path().join("repo-example/.weir/registry.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let page = read("docs/internals/registry.md");
    let queries: Vec<&str> = blocks(&page, "sql").collect();
    assert!(queries.len() > 3);
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for query in queries {
            let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
            assert!(rows.first().is_some_and(|it| it.len() > 0), "{query}\nfinds nothing in repo-example");
        }
    });
}

/// Runs a page, and returns how it differs from what it shows; when blessing, writes it down instead.
fn replay(path: &str, text: &str) -> Option<String> {
    let has_steps = |it: &str| it.starts_with("```") && it.ends_with("`console");
    // What a page shows is what one sort of build prints: the core, unless it says otherwise.
    if !text.lines().any(has_steps) || text.contains(WITH_ENGINE) != weir::engine::AVAILABLE {
        return None;
    }
    let folder = example();
    let mut page = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(page, "{line}");
        if let Some(command) = line.strip_prefix("<!-- $ ").and_then(|it| it.strip_suffix(" -->")) {
            let (output, code) = shell(folder.path(), command);
            assert_eq!(code, 0, "{path}: {command}\n{output}");
        } else if let Some(fence) = line.strip_suffix("console").filter(|it| it.starts_with("```")) {
            let block: Vec<&str> = lines.by_ref().take_while(|it| *it != fence).collect();
            let _ = writeln!(page, "{}{fence}", transcript(folder.path(), &block));
        } else if let Some(file) = line.split_once("file=").filter(|it| it.0 == "<!-- " || it.0.starts_with("```")) {
            let end = if line.starts_with("```") { "```" } else { "-->" };
            let body: String = lines.by_ref().take_while(|it| *it != end).map(|it| format!("{it}\n")).collect();
            let file_path = folder.path().join(file.1);
            std::fs::create_dir_all(file_path.parent().unwrap()).unwrap();
            std::fs::write(file_path, &body).unwrap();
            let _ = writeln!(page, "{body}{end}");
        }
    }
    if page == text {
        return None;
    }
    if bless() {
        std::fs::write(Path::new(ROOT).join(path), &page).unwrap();
        return None;
    }
    let difference = similar::TextDiff::from_lines(text, &page);
    Some(difference.unified_diff().context_radius(4).header(path, "what it prints now").to_string())
}

/// Runs the commands of a block, and returns them with all that they print, in the order of printing.
fn transcript(folder: &Path, block: &[&str]) -> String {
    let mut shown = String::new();
    let mut lines = block.iter().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        let _ = writeln!(shown, "{line}");
        while let Some(more) = lines.next_if(|it| it.starts_with("> ") || **it == ">") {
            let _ = write!(command, "\n{}", more.trim_start_matches('>').trim_start());
            let _ = writeln!(shown, "{more}");
        }
        let (output, code) = shell(folder, &command);
        shown.push_str(&output);
        if code != 0 {
            let _ = writeln!(shown, "[exit {code}]");
        }
    }
    shown
}

/// Runs one command with stdout and stderr in one pipe.
fn shell(folder: &Path, command: &str) -> (String, i32) {
    let weir = PathBuf::from(env!("CARGO_BIN_EXE_weir"));
    let mut shell = Command::new("sh");
    clean(&mut shell).args(["-c", &command.replace(FROM_SOURCE, "weir ")]).current_dir(folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [weir.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&path));
    shell.env("PATH", std::env::join_paths(folders).unwrap());
    for (who, what) in [("AUTHOR", "you"), ("COMMITTER", "you")] {
        shell.env(format!("GIT_{who}_NAME"), what).env(format!("GIT_{who}_EMAIL"), "you@example.com");
        shell.env(format!("GIT_{who}_DATE"), "2026-11-21T00:00:00Z");
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    shell.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let child = child::start(&mut shell);
    // The pipe ends when nobody can write any more, and the command itself holds two ends.
    drop(shell);
    let mut output = String::new();
    reader.read_to_string(&mut output).unwrap();
    let code = child.finish().status.code().unwrap_or(-1);
    let output = output.replace(&folder.display().to_string(), HOME);
    let missing_end = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
    (format!("{output}{missing_end}"), code)
}

/// Returns a folder that holds a copy of repo-example.
fn example() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(ROOT).join("repo-example"), &folder.path().join("repo-example"));
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|it| it.unwrap()).filter(|it| it.file_name() != ".weir") {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn bless() -> bool {
    std::env::var_os("WEIR_BLESS").is_some()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|it| panic!("{path}: {it}"))
}

/// Returns every page, by its path in the package.
fn pages() -> Vec<(String, String)> {
    let mut folders = vec![PathBuf::from("docs")];
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("repo-example/README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(Path::new(ROOT).join(&folder)).unwrap().map(|it| it.unwrap()) {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let text = |it: &PathBuf| it.to_string_lossy().replace('\\', "/");
    paths.iter().map(text).map(|it| (it.clone(), read(&it))).collect()
}

/// Returns the text inside every fence of this language.
fn blocks<'a>(page: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    page.split("\n```").skip(1).step_by(2).filter_map(move |it| it.strip_prefix(language)?.strip_prefix('\n'))
}

fn headings(page: &str) -> impl Iterator<Item = &str> {
    let outside = page.split("\n```").step_by(2);
    outside.flat_map(str::lines).filter(|it| it.starts_with('#')).map(|it| it.trim_start_matches('#').trim())
}

/// Returns the part of a page below the heading that is, or starts with, `title`, up to the next one.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let parts = page.split("\n## ").flat_map(|it| it.split("\n### "));
    let wanted = |it: &&str| {
        let heading = it.lines().next().unwrap_or_default();
        heading.split(|it: char| !it.is_alphanumeric() && it != '_' && it != ' ').any(|it| it.trim() == title)
    };
    parts.into_iter().find(wanted).unwrap_or_default()
}

/// Returns what the links of a page name, those to elsewhere left out.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let outside = page.split("\n```").step_by(2);
    let targets = outside.flat_map(|it| it.split("](").skip(1)).filter_map(|it| it.split(')').next());
    targets.filter(|it| !it.contains("://"))
}

/// Resolves a link of the page at `path`.
fn join(path: &str, link: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the anchor that GitHub gives a heading.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(|it: char| !it.is_alphanumeric() && !" -_".contains(it), "");
    kept.replace(' ', "-")
}

/// Returns the names of the properties of a JSON Schema.
fn names(shape: &Value) -> Vec<String> {
    shape["properties"].as_object().into_iter().flat_map(|it| it.keys().cloned()).collect()
}

/// Returns a declaration of this kind with nothing but what it has to have.
fn minimal(kind: Kind) -> Resource {
    let spec = match kind {
        Kind::Entity => json!({}),
        Kind::PushSource => json!({ "schema": [{ "name": "a", "dtype": "Int64" }] }),
        Kind::BatchSource => json!({ "batch_config": { "kind": "FileConfig", "uri": "a", "file_format": "csv" } }),
        Kind::Transformation => json!({ "mode": "sql", "inputs": ["a"], "sql": "SELECT a FROM a" }),
        Kind::BatchFeatureView | Kind::StreamFeatureView => json!({ "sources": ["a"], "entities": ["a"] }),
        Kind::FeatureService => json!({ "features": ["a"] }),
    };
    Resource::from_json(Address::new(kind, "a"), spec, Vec::new()).unwrap()
}

/// Looks for the row of `field` in the table of `title`, and for its change class in the last cell.
fn check_row(page: &str, title: &str, field: &str, sign: Option<&str>, faults: &mut Vec<String>) {
    let start = format!("| `{field}` |");
    let Some(row) = section(page, title).lines().find(|it| it.starts_with(&start)) else {
        faults.push(format!("{title} has no row `{field}`"));
        return;
    };
    let last = row.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default().trim().trim_matches('`');
    if let Some(sign) = sign.filter(|it| *it != last) {
        faults.push(format!("{title}: the class of `{field}` is `{last}`, and the code says `{sign}`"));
    }
}

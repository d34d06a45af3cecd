//! The house rules that a machine can keep: who may know what, how long things get, which words we do not use.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns every file below `folder` with this ending, relative to the package, with its text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") && !path.ends_with(".weir") {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join(folder), ending, &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(ROOT).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|it| (relative(it), std::fs::read_to_string(it).unwrap())).collect()
}

/// Returns the part of a source file that ships: what stands before its tests.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[track_caller]
fn none(rule: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

/// Stops when one of `words` is used outside the folders (or files) that may know it.
fn only_in(rule: &str, words: &[&str], allowed: &[&str]) {
    let mut offenders = Vec::new();
    for (path, text) in files("src", ".rs") {
        if allowed.iter().any(|it| path.starts_with(it)) {
            continue;
        }
        for (index, line) in shipped(&text).lines().enumerate() {
            if !line.trim_start().starts_with("//") && words.iter().any(|it| line.contains(it)) {
                offenders.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none(rule, offenders);
}

#[test]
fn only_the_shell_prints_and_reads_the_environment() {
    let words = ["println!", "print!", "std::env::", "io::stdout", "io::stderr", "io::stdin", "use clap", "clap::"];
    only_in("only cli/ prints, reads the environment or knows clap", &words, &["src/cli/", "src/main.rs"]);
}

#[test]
fn only_the_registry_and_redshift_know_sqlx() {
    only_in("only registry/ and what reads Redshift know sqlx", &["sqlx"], &["src/registry/", "src/engine/redshift"]);
}

#[test]
fn only_the_loader_knows_yaml() {
    only_in("only load/ knows YAML", &["serde_yaml", "saphyr_parser"], &["src/load/"]);
}

#[test]
fn only_the_engine_knows_datafusion() {
    only_in("only engine/ knows DataFusion", &["datafusion::", "use datafusion"], &["src/engine/"]);
}

#[test]
fn only_one_folder_of_the_engine_knows_spark() {
    only_in("only engine/spark/ speaks Spark Connect", &["spark_connect_"], &["src/engine/spark/"]);
}

#[test]
fn plans_are_pure() {
    let words = ["async ", "SystemTime", "HashMap", "HashSet", "std::fs", "std::env", "tokio", "Timestamp::now"];
    let mut offenders = Vec::new();
    for (path, text) in files("src/plan", ".rs").into_iter().chain(files("src/render", ".rs")) {
        for (index, line) in shipped(&text).lines().enumerate().filter(|it| !it.1.trim_start().starts_with("//")) {
            if words.iter().any(|it| line.contains(it)) {
                offenders.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none("plan/ and render/ have no clock, no I/O, no async, no order of luck", offenders);
}

/// Where files and variables decide what is acted on, only what is not there is absent: an error is none of that.
const ABSENT: &[&str] = &["src/cli/", "src/registry/", "src/apply.rs"];

/// Questions to the file system whose answer decides nothing but a place in a message, or how fast a run is.
const HARMLESS: &[(&str, &str)] = &[
    ("src/cli/git.rs", ".join(\".git\")"),
    ("src/cli/git.rs", "let Ok(root) = root.canonicalize()"),
    // A variable of weir.toml that is no text is an error there: it is not set.
    ("src/cli/context.rs", "settings::read("),
    ("src/cli/context.rs", "find_map(|it| environment(it)"),
    ("src/cli/repo.rs", "load::local_folder"),
    ("src/cli/repo.rs", "current_exe"),
    ("src/cli/context.rs", "current_dir"),
];

/// Returns the statements that take an error of the file system or the environment for "not there".
fn errors_taken_for_absent(text: &str) -> Vec<String> {
    // These answer `false` to every error.
    const ASKS: &[&str] = &[".exists()", ".is_symlink()", ".is_file()", ".is_dir()"];
    const READS: &[&str] = &[
        "read_to_string(",
        "read_text(",
        "read_file(",
        "read_up_to(",
        "fs::read(",
        "metadata(",
        "canonicalize(",
        "read_dir(",
        "read_link(",
        "File::open(",
        "env::var(",
        "current_dir(",
        "current_exe(",
        "local_folder(",
        "environment(",
        "remove_file(",
    ];
    const FORGETS: &[&str] = &[".ok()", ".is_ok", ".is_err", ".unwrap_or", "if let Ok", "let Ok("];
    let code: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.starts_with("//")).collect();
    let code = code.join(" ").replace(" .", ".");
    let statements = code.split([';', '{']).map(str::trim);
    let wrong = |it: &&str| {
        let asks = ASKS.iter().any(|ask| {
            it.match_indices(ask).any(|(at, _)| !it[..at].ends_with("metadata") && !it[..at].ends_with("file_type()"))
        });
        // What a failed removal leaves behind is no choice of anybody.
        let read = READS.iter().any(|read| it.contains(read)) && !it.starts_with("let _ = ");
        asks || read && FORGETS.iter().any(|forgets| it.contains(forgets))
    };
    statements.filter(wrong).map(str::to_owned).collect()
}

#[test]
fn only_what_is_not_there_is_absent() {
    let mut offenders = Vec::new();
    for (path, text) in files("src", ".rs").into_iter().filter(|it| ABSENT.iter().any(|part| it.0.starts_with(part))) {
        let harmless = |it: &String| HARMLESS.iter().any(|(file, part)| path == *file && it.contains(part));
        let found = errors_taken_for_absent(shipped(&text)).into_iter().filter(|it| !harmless(it));
        offenders.extend(found.map(|it| format!("{path}: {it}")));
    }
    none("an error is not `absent`: use disk::or_absent", offenders);
}

#[test]
fn the_rule_of_what_is_absent_can_fail() {
    for wrong in [
        "let text = std::fs::read_to_string(path).ok()?;",
        "if !location.path.exists() { return None }",
        "let text = read_text(&path, SETTINGS_MAX).unwrap_or_default();",
        "let root = start.ancestors().find(|it| it.join(FILE).is_file());",
        "std::fs::metadata(&self.path).is_ok_and(|it| it.len() > 0)",
        "let name = std::env::var(name).ok().filter(|it| !it.is_empty());",
        "let text = std::fs::read_to_string(path)\n    .ok()\n    .unwrap_or_default();",
        "if let Ok(text) = std::fs::read_to_string(&path) {",
        "let Ok(found) = path.canonicalize() else { return };",
        "path.parent().filter(|it| it.is_dir())",
    ] {
        assert_eq!(errors_taken_for_absent(wrong).len(), 1, "{wrong}");
    }
    for right in [
        "let text = or_absent(&path, std::fs::read_to_string(&path))?;",
        "Ok(metadata) if metadata.is_dir() => return Ok(directory),",
        "let _ = std::fs::remove_file(&path);",
        "// if path.exists() {",
        "let number: Option<i64> = text.parse().ok();",
    ] {
        assert_eq!(errors_taken_for_absent(right), Vec::<String>::new(), "{right}");
    }
}

/// Who may import whom: `docs/internals/architecture.md` says the same.
const IMPORTS: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("disk", &[]),
    ("secret", &["diagnostic"]),
    ("sql", &[]),
    ("resource", &["diagnostic", "secret", "sql"]),
    ("settings", &["diagnostic", "disk", "secret", "sql", "resource"]),
    ("load", &["diagnostic", "disk", "secret", "sql", "resource", "settings"]),
    ("resolve", &["diagnostic", "resource", "load"]),
    ("engine", &["diagnostic", "disk", "sql", "resource", "settings"]),
    ("check", &["diagnostic", "resource", "load"]),
    ("recorded", &["resource"]),
    ("plan", &["diagnostic", "sql", "resource", "recorded"]),
    ("render", &["diagnostic", "resource", "recorded", "plan"]),
    ("registry", &["diagnostic", "disk", "secret", "resource", "recorded"]),
    ("apply", &["resource", "recorded", "plan", "registry"]),
    (
        "session",
        &[
            "diagnostic",
            "disk",
            "secret",
            "resource",
            "settings",
            "load",
            "resolve",
            "check",
            "engine",
            "recorded",
            "plan",
            "registry",
            "apply",
            "render",
        ],
    ),
];

#[test]
fn modules_import_only_what_the_house_lets_them() {
    let mut offenders = Vec::new();
    for (module, allowed) in IMPORTS {
        let here = |path: &str| path.starts_with(&format!("src/{module}/")) || path == format!("src/{module}.rs");
        let here: Vec<_> = files("src", ".rs").into_iter().filter(|it| here(&it.0)).collect();
        assert!(!here.is_empty(), "there is no module {module}");
        let others = IMPORTS.iter().map(|it| it.0).chain(["cli"]);
        let forbidden: Vec<&str> = others.filter(|it| it != module && !allowed.contains(it)).collect();
        for (path, text) in here {
            for (index, line) in shipped(&text).lines().enumerate().filter(|it| !it.1.trim_start().starts_with("//")) {
                let imports =
                    |it: &&str| line.contains(&format!("crate::{it}::")) || line.contains(&format!("crate::{it};"));
                if forbidden.iter().any(imports) {
                    offenders.push(format!("{path}:{}: {}", index + 1, line.trim()));
                }
            }
        }
    }
    none("a module imports what it must not know", offenders);
}

#[test]
fn files_functions_and_lines_stay_short() {
    let mut offenders = Vec::new();
    for (path, text) in files("src", ".rs").into_iter().chain(files("tests", ".rs")).chain(files("benches", ".rs")) {
        let source = shipped(&text);
        if source.lines().count() > 450 && path.starts_with("src") {
            offenders.push(format!("{path}: {} lines", source.lines().count()));
        }
        for (index, line) in text.lines().enumerate().filter(|it| it.1.chars().count() > 160) {
            offenders.push(format!("{path}:{}: {} characters", index + 1, line.chars().count()));
        }
        if path.starts_with("tests") {
            // A table of literals is as long as it is.
            continue;
        }
        offenders.extend(
            long_functions(source).into_iter().map(|(name, lines)| format!("{path}: `{name}` has {lines} lines")),
        );
    }
    none("files have at most 450 lines, functions 70, lines 160 characters", offenders);
}

/// Finds functions of more than 70 lines by their indentation, which rustfmt keeps honest.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (index, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let word = line.trim_start();
        let starts =
            ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(super) fn "].iter().any(|it| word.starts_with(it));
        if starts && open.is_none() && !line.trim_end().ends_with(';') {
            open = Some((word.split('(').next().unwrap().to_owned(), index, indent));
        }
        if let Some((name, start, at)) = &open
            && (line.trim_end() == format!("{}}}", " ".repeat(*at)) || line.trim_end().ends_with("{}"))
        {
            if index - start > 70 {
                found.push((name.clone(), index - start));
            }
            open = None;
        }
    }
    found
}

/// Finds the places where a test starts a process by itself, and so without a time limit.
fn unlimited(path: &str, text: &str) -> Vec<String> {
    let words = [".spawn()", ".output()", ".status()", ".wait_with_output()"];
    let lines = text.lines().enumerate().filter(|it| words.iter().any(|word| it.1.contains(word)));
    lines.map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim())).collect()
}

#[test]
fn every_child_of_a_test_has_a_time_limit() {
    // A server lives as long as the test run, and ends with it: each is started at one place.
    let allowed = ["child.rs", "tidy.rs", "data/python.rs", "data/redshift.rs", "data/s3.rs", "data/spark_server.rs"];
    let tests = files("tests", ".rs").into_iter().filter(|it| !allowed.iter().any(|end| it.0.ends_with(end)));
    none("tests start processes by way of child.rs", tests.flat_map(|it| unlimited(&it.0, &it.1)).collect());
    assert_eq!(unlimited("a.rs", "fn a() {\n    sh.output();\n}"), ["a.rs:2: sh.output();"]);
}

#[test]
fn every_module_says_what_it_is() {
    let unsaid = |(path, text): (String, String)| (!text.starts_with("//! ")).then_some(path);
    none("a file opens with a line that says what it is", files("src", ".rs").into_iter().filter_map(unsaid).collect());
}

#[test]
fn the_repo_speaks_of_weir_alone() {
    let words = ["TODO", "FIXME", "XXX", "/work/", "manager", "handler", "util", "helper", "misc"];
    let mut offenders = Vec::new();
    for (path, text) in files("src", ".rs") {
        // What others call their modules is theirs.
        for (index, line) in text.lines().enumerate().filter(|it| !it.1.starts_with("use ")) {
            let lower = line.to_lowercase();
            if words.iter().any(|it| {
                lower.split(|it: char| !it.is_alphanumeric() && it != '/').any(|word| word == it.to_lowercase())
            }) {
                offenders.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    for (path, text) in files("docs", ".md").into_iter().chain(files("repo-example", ".md")) {
        for (index, line) in text.lines().enumerate() {
            if ["TODO", "FIXME", "/work/"].iter().any(|it| line.contains(it)) {
                offenders.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none("words that say nothing, or that are about something else than weir", offenders);
}

#[test]
fn every_code_is_used_and_every_used_code_is_listed() {
    let sources: String =
        files("src", ".rs").iter().filter(|it| it.0 != "src/diagnostic.rs").map(|it| it.1.as_str()).collect();
    let unused = weir::diagnostic::CODES.iter().filter(|it| !sources.contains(&format!("Code::{}", it.0)));
    none("codes that nothing gives", unused.map(|it| it.0.to_owned()).collect());
}

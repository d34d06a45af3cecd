//! The house rules that a machine can keep: who may know what, how long things get, which words we do not use.

mod imports;

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

/// Returns the part of a source file that ships: what stands before the tests in it.
fn shipped(text: &str) -> &str {
    let tests = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub mod tests {"];
    tests.iter().filter_map(|it| Some(text.split_once(it)?.0)).next().unwrap_or(text)
}

#[track_caller]
fn none(rule: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

/// Files with their texts.
type Files = [(String, String)];

/// Finds the lines of what ships that hold one of `words`, outside the folders (or files) that may know it.
fn saying(files: &Files, words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut offenders = Vec::new();
    for (path, text) in files.iter().filter(|it| !allowed.iter().any(|allowed| it.0.starts_with(allowed))) {
        let lines = shipped(text).lines().enumerate().filter(|it| !it.1.trim_start().starts_with("//"));
        let found = lines.filter(|it| words.iter().any(|word| it.1.contains(word)));
        offenders.extend(found.map(|it| format!("{path}:{}: {}", it.0 + 1, it.1.trim())));
    }
    offenders
}

/// Stops when one of `words` is used outside the folders (or files) that may know it.
fn only_in(rule: &str, words: &[&str], allowed: &[&str]) {
    none(rule, saying(&files("src", ".rs"), words, allowed));
}

#[test]
fn only_the_shell_prints_and_reads_the_environment() {
    let words = ["println!", "print!", "std::env::", "io::stdout", "io::stderr", "io::stdin", "use clap", "clap::"];
    only_in("only cli/ prints, reads the environment or knows clap", &words, &["src/cli/", "src/main.rs"]);
}

#[test]
fn only_the_registry_and_redshift_know_sqlx() {
    only_in(
        "only registry/ and what reads Redshift know sqlx",
        &["sqlx"],
        &["src/registry/", "src/engine/place/redshift/"],
    );
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
    let files = [files("src/plan", ".rs"), files("src/render", ".rs")].concat();
    none("plan/ and render/ have no clock, no I/O, no async, no order of luck", saying(&files, &words, &[]));
}

/// Ways to read one variant of what a plan says, and to forget the others in silence.
const PICKS: &[&str] = &["if let Action::", "if let Cause::", "if let JobAction::", "if let Meanwhile::"];

#[test]
fn renderers_forget_no_variant() {
    none("a renderer matches all variants of a plan's words", saying(&files("src/render", ".rs"), PICKS, &[]));
}

/// Where files and variables decide what is acted on, only what is not there is absent: an error is none of that.
const ABSENT: &[&str] = &["src/cli/", "src/session/", "src/settings/", "src/registry/", "src/apply.rs"];

/// Questions to the file system whose answer decides nothing but a place in a message, or how fast a run is.
const HARMLESS: &[(&str, &str)] = &[
    ("src/cli/git.rs", ".join(\".git\")"),
    ("src/cli/git.rs", "let Ok(root) = root.canonicalize()"),
    ("src/cli/context.rs", "current_dir"),
    // A cache that cannot be named or believed is not used: the run is slower.
    ("src/session/check.rs", "load::local_folder(&site.root).ok()"),
    ("src/session/check.rs", "program?.metadata().ok()?"),
    // `Redshift.ssl`, whose statement also reads the environment.
    ("src/settings/services.rs", "redshift.ssl.unwrap_or_default()"),
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
    let mut unused: Vec<_> = HARMLESS.to_vec();
    for (path, text) in files("src", ".rs").into_iter().filter(|it| ABSENT.iter().any(|part| it.0.starts_with(part))) {
        for found in errors_taken_for_absent(shipped(&text)) {
            match HARMLESS.iter().find(|(file, part)| path == *file && found.contains(part)) {
                Some(harmless) => unused.retain(|it| it != harmless),
                None => offenders.push(format!("{path}: {found}")),
            }
        }
    }
    offenders.extend(unused.into_iter().map(|(file, part)| format!("{file}: `{part}` is gone: take it off the list")));
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
    ("no_engine", &["engine", "resource"]),
    ("secret", &["diagnostic"]),
    ("sql", &[]),
    ("resource", &["diagnostic", "secret", "sql"]),
    ("settings", &["diagnostic", "disk", "secret", "sql", "resource"]),
    ("load", &["diagnostic", "disk", "secret", "sql", "resource", "settings"]),
    ("resolve", &["diagnostic", "resource", "load"]),
    ("engine", &["diagnostic", "disk", "secret", "sql", "resource", "settings"]),
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

/// Returns the files of `src/`, as they are shipped.
fn house() -> imports::House {
    let files = files("src", ".rs").into_iter().filter(|it| !it.0.ends_with("/tests.rs"));
    imports::House::new(files.map(|it| (it.0["src/".len()..].to_owned(), shipped(&it.1).to_owned())))
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let house = house();
    let circles = house.circles().into_iter().map(|it| it.join(", "));
    none("what both need stands in a file of its own, below them", circles.collect());
}

#[test]
fn the_rule_of_circles_can_fail() {
    let circles = |files: &[(&str, &str)]| {
        let house = imports::House::new(files.iter().map(|it| (it.0.to_owned(), it.1.to_owned())));
        house.circles().iter().map(|it| it.join(", ")).collect::<Vec<_>>()
    };
    let (face, b) = (("a/mod.rs", "mod b;\nmod c;\npub use b::B;\n"), ("a/b.rs", "use super::c::C;\npub struct B;\n"));
    assert_eq!(circles(&[face, b, ("a/c.rs", "pub struct C;\n// use super::b::B;\n")]), [""; 0]);
    for wrong in [
        "use super::b::B;",
        "use super::{b::B};",
        "use crate::a::B;",
        "use crate::a::{\n    self,\n    B,\n};",
        "fn c() { super::b::f() }",
        "use crate::{a::{B as Other}};",
    ] {
        assert_eq!(circles(&[face, b, ("a/c.rs", wrong)]), ["a/b.rs, a/c.rs"], "{wrong}");
    }
    // What a face defines itself is its own.
    assert_eq!(
        circles(&[("a/mod.rs", "mod b;\nstruct A;\nfn a() { b::f() }"), ("a/b.rs", "use super::A;")]),
        ["a/b.rs, a/mod.rs"]
    );
}

#[test]
fn modules_import_only_what_the_house_lets_them() {
    none("a module imports what it must not know", strangers(&house(), IMPORTS));
}

/// Finds the files that import from rooms which theirs may not know.
fn strangers(house: &imports::House, allowed: &[(&str, &[&str])]) -> Vec<String> {
    let room = |path: &str| path.split(['/', '.']).next().unwrap_or_default().to_owned();
    let mut offenders = Vec::new();
    for (path, imports) in house.imports() {
        let own = room(path);
        // The program and the shell know everything; nothing knows them.
        if ["main", "lib", "cli"].contains(&own.as_str()) {
            continue;
        }
        let Some((_, known)) = allowed.iter().find(|it| it.0 == own) else {
            offenders.push(format!("{path}: `{own}` has no line in IMPORTS"));
            continue;
        };
        let strange = imports.iter().filter(|it| room(it) != own && !known.contains(&room(it).as_str()));
        offenders.extend(strange.map(|it| format!("{path} imports {it}")));
    }
    offenders
}

#[test]
fn the_rule_of_rooms_can_fail() {
    let strangers = |text: &str| {
        let files = [("plan/diff.rs", text), ("load/mod.rs", ""), ("recorded.rs", ""), ("new.rs", "")];
        let house = imports::House::new(files.map(|it| (it.0.to_owned(), it.1.to_owned())));
        strangers(&house, &[("plan", &["recorded"]), ("load", &[]), ("recorded", &[])])
    };
    let new = "new.rs: `new` has no line in IMPORTS";
    assert_eq!(strangers("use crate::recorded::Row;"), [new]);
    for wrong in ["use crate::load::Repo;", "use crate::{load, recorded};", "fn f() { crate::load::f() }"] {
        assert_eq!(strangers(wrong), [new, "plan/diff.rs imports load/mod.rs"], "{wrong}");
    }
}

#[test]
fn files_functions_and_lines_stay_short() {
    let files = [files("src", ".rs"), files("tests", ".rs"), files("benches", ".rs")].concat();
    let offenders = files.iter().flat_map(|it| too_long(&it.0, &it.1)).collect();
    none("files have at most 450 lines, functions 70, lines 160 characters", offenders);
}

fn too_long(path: &str, text: &str) -> Vec<String> {
    let source = shipped(text);
    let mut offenders = Vec::new();
    if source.lines().count() > 450 && path.starts_with("src") {
        offenders.push(format!("{path}: {} lines", source.lines().count()));
    }
    let lines = text.lines().enumerate().map(|it| (it.0, it.1.chars().count())).filter(|it| it.1 > 160);
    offenders.extend(lines.map(|(index, count)| format!("{path}:{}: {count} characters", index + 1)));
    // A table of literals is as long as it is.
    if !path.starts_with("tests") {
        let long = long_functions(source).into_iter();
        offenders.extend(long.map(|(name, lines)| format!("{path}: `{name}` has {lines} lines")));
    }
    offenders
}

/// Finds functions of more than 70 lines: from the line that begins one to the brace that stands below its first letter,
/// which rustfmt keeps honest.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some((before, rest)) = line.trim_start().split_once("fn ") else { continue };
        let words = ["pub", "pub(super)", "pub(crate)", "async", "const"];
        let is_start = before.split_whitespace().all(|it| words.contains(&it)) && rest.contains('(');
        if !is_start || line.ends_with("{}") || line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let closes =
            |it: &&&str| indent(it) == indent(line) && (it.starts_with(&" ".repeat(indent(line))) && it.trim() == "}");
        let length = lines[start + 1..].iter().position(|it| closes(&it)).map_or(0, |it| it + 1);
        // What has no body ends with its signature.
        let has_body = lines[start..=start + length].iter().any(|it| it.ends_with('{'));
        let ends_before =
            lines[start + 1..=start + length].iter().position(|it| indent(it) == indent(line) && it.ends_with(';'));
        if has_body && ends_before.is_none() && length > 70 {
            found.push((rest.split('(').next().unwrap_or_default().to_owned(), length));
        }
    }
    found
}

#[test]
fn the_rule_of_long_functions_can_fail() {
    let long = |head: &str, lines: usize| {
        let body = "        match it {\n            A => {}\n        }\n".repeat(lines / 3);
        long_functions(&format!("impl A {{\n    {head} {{\n{body}    }}\n}}\n"))
    };
    for head in ["fn f()", "pub async fn f(a: A)", "pub(super) fn f<T>(a: T)", "const fn f(\n        a: A,\n    ) -> B"]
    {
        assert_eq!(long(head, 81).len(), 1, "{head}");
        assert_eq!(long(head, 30).len(), 0, "{head}");
    }
    assert_eq!(
        long_functions(&format!("trait A {{\n    fn f(\n        a: A,\n    );\n{}}}\n", "    fn g();\n".repeat(80))),
        []
    );
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
    none("a file opens with a line that says what it is", unsaid(&files("src", ".rs")));
}

fn unsaid(files: &Files) -> Vec<String> {
    files.iter().filter(|it| !it.1.starts_with("//! ")).map(|it| it.0.clone()).collect()
}

#[test]
fn the_repo_speaks_of_weir_alone() {
    let words = ["TODO", "FIXME", "XXX", "/work/", "manager", "handler", "util", "helper", "misc"];
    let pages = [files("docs", ".md"), files("repo-example", ".md")].concat();
    let offenders = [naming(&files("src", ".rs"), &words), naming(&pages, &["TODO", "FIXME", "/work/"])].concat();
    none("words that say nothing, or that are about something else than weir", offenders);
}

/// Finds the lines with one of `words`, whole and in whatever case.
fn naming(files: &Files, words: &[&str]) -> Vec<String> {
    let has = |line: &str| {
        let lower = line.to_lowercase();
        let mut found = lower.split(|it: char| !it.is_alphanumeric());
        let (paths, words): (Vec<&str>, Vec<&str>) = words.iter().partition(|it| it.contains('/'));
        paths.iter().any(|it| lower.contains(it)) || found.any(|it| words.iter().any(|word| word.to_lowercase() == it))
    };
    let mut offenders = Vec::new();
    for (path, text) in files {
        // What others call their modules is theirs.
        let lines = text.lines().enumerate().filter(|it| !it.1.starts_with("use ") && has(it.1));
        offenders.extend(lines.map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim())));
    }
    offenders
}

#[test]
fn the_rules_of_words_can_fail() {
    let file = |text: &str| [("src/a.rs".to_owned(), text.to_owned())];
    for wrong in ["println!(1)", "a();\nb(println!(1));", "#[cfg(test)]\nfn a() { println!(1) }"] {
        assert_eq!(saying(&file(wrong), &["println!"], &[]).len(), 1, "{wrong}");
    }
    for fine in ["// println!(1)", "#[cfg(test)]\nmod tests {\nprintln!(1)\n}"] {
        assert_eq!(saying(&file(fine), &["println!"], &[]), [""; 0], "{fine}");
    }
    assert_eq!(saying(&file("println!(1)"), &["println!"], &["src/a.rs"]), [""; 0]);
    assert_eq!(saying(&file("if let Cause::Data { sources } = &change.cause {"), PICKS, &[]).len(), 1);
    for wrong in ["// TODO: mend", "struct Manager;", "let a = \"/work/b\";", "fn my_util() {}"] {
        assert_eq!(naming(&file(wrong), &["TODO", "manager", "/work/", "util"]).len(), 1, "{wrong}");
    }
    assert_eq!(naming(&file("// Managers and utilities\nuse a::util;"), &["manager", "util"]), [""; 0]);
    assert_eq!(unsaid(&file("use a;\n//! Late.")), ["src/a.rs"]);
    assert_eq!(unsaid(&file("//! What it is.\n")), [""; 0]);
    assert_eq!(unused(&["A1", "A2"], "Code::A1"), ["A2"]);
    assert_eq!(too_long("src/a.rs", &"a\n".repeat(451)), ["src/a.rs: 451 lines"]);
    assert_eq!(too_long("src/a.rs", &"a".repeat(161)), ["src/a.rs:1: 161 characters"]);
}

#[test]
fn every_code_is_used_and_every_used_code_is_listed() {
    let sources: String =
        files("src", ".rs").iter().filter(|it| it.0 != "src/diagnostic.rs").map(|it| it.1.as_str()).collect();
    let codes: Vec<&str> = weir::diagnostic::CODES.iter().map(|it| it.0).collect();
    none("codes that nothing gives", unused(&codes, &sources));
}

fn unused(codes: &[&str], sources: &str) -> Vec<String> {
    let unused = codes.iter().filter(|it| !sources.contains(&format!("Code::{it}")));
    unused.map(|it| (*it).to_owned()).collect()
}

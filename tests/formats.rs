//! The machine formats are a contract: whatever happens, stdout holds one document of the format asked for. Each is read
//! with a parser of its own field.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
use serde_json::Value;

use crate::support::{Repo, Run, weir};

/// The largest comment that GitHub takes.
const COMMENT_MAX: usize = 65_536;

/// Stops the test unless `text` is one document of the format.
#[track_caller]
fn parses(format: &str, text: &str) {
    match format {
        "json" => drop(json(text)),
        "sarif" => sarif(text),
        "github" => github(text),
        "markdown" => drop(markdown(text)),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|it| panic!("{it}: {text:?}"))
}

/// The shape that code scanning asks for (SARIF 2.1.0, and GitHub's page "SARIF support for code scanning").
#[track_caller]
fn sarif(text: &str) {
    let log = json(text);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "weir");
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for result in run["results"].as_array().unwrap() {
        assert!(rules.contains(&result["ruleId"].as_str().unwrap()), "{result}");
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().unwrap() {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-._~/%".contains(&it);
            assert!(uri.bytes().all(allowed) && !uri.starts_with('/'), "{uri} is no relative URI path");
            for sign in uri.split('%').skip(1) {
                assert!(sign.len() >= 2 && sign[..2].bytes().all(|it| it.is_ascii_hexdigit()), "{uri}");
            }
            for (_, number) in place["region"].as_object().into_iter().flatten() {
                assert!(number.as_u64().is_some_and(|it| it > 0), "{place}");
            }
        }
    }
}

/// Reads workflow commands as the runner does: `::NAME KEY=VALUE,…::DATA`, one a line.
#[track_caller]
fn github(text: &str) {
    assert!(!text.is_empty());
    for line in text.lines() {
        let (head, data) = line.strip_prefix("::").and_then(|it| it.split_once("::")).expect(line);
        let (name, properties) = head.split_once(' ').expect(line);
        assert!(["error", "warning", "notice"].contains(&name), "{line}");
        assert!(!data.is_empty(), "{line}");
        let keys: Vec<&str> = properties.split(',').map(|it| it.split_once('=').expect(line).0).collect();
        assert!(keys.iter().all(|it| ["file", "line", "col", "endColumn", "title"].contains(it)), "{line}");
    }
}

/// What a comment holds beside words and code.
#[derive(Debug, Default, PartialEq)]
struct Markup {
    headings: usize,
    rows: usize,
}

/// Reads a comment and stops the test where something in it is markup that is not ours.
#[track_caller]
fn markdown(text: &str) -> Markup {
    assert!(text.starts_with("<!-- weir"), "there is no marker: {text}");
    assert!(text.len() < COMMENT_MAX, "{} bytes", text.len());
    let mut markup = Markup::default();
    let mut in_code = 0;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM) {
        match event {
            Event::Html(it) | Event::InlineHtml(it) => {
                let ours =
                    ["<br>", "<details>", "<summary>", "</details>", "<details><summary>The whole plan</summary>"];
                assert!(ours.contains(&it.trim()) || it.starts_with("<!-- weir"), "HTML: {it:?}");
            }
            Event::Start(Tag::Heading { .. }) => markup.headings += 1,
            Event::Start(Tag::TableRow) => markup.rows += 1,
            Event::Start(Tag::CodeBlock(kind)) => {
                assert_eq!(kind, CodeBlockKind::Fenced("text".into()));
                in_code += 1;
            }
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code -= 1,
            Event::Start(
                tag @ (Tag::Link { .. } | Tag::Image { .. } | Tag::List(_) | Tag::Emphasis | Tag::Strikethrough),
            ) => panic!("{tag:?} in {text}"),
            Event::Text(it) if in_code == 0 => {
                let means = ["@", "://", "www.", "|", "GH-"];
                assert!(!means.iter().any(|sign| it.contains(sign)), "not inert: {it:?}");
            }
            _ => {}
        }
    }
    assert_eq!(markup.headings, 1, "{text}");
    markup
}

/// What goes wrong, and how: files, arguments and environment.
type Wrong<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str], &'a [(&'a str, &'a str)]);

const ENTITY: (&str, &str) = ("a.yaml", "kind: Entity\nname: user\n");

#[test]
fn whatever_goes_wrong_there_is_one_document_of_the_format() {
    let wrong: &[Wrong] = &[
        ("a mistake", &[("a.yaml", "kind: Entity\nnaem: user\n")], &[], &[]),
        ("no YAML", &[("a.yaml", "kind: [\n")], &[], &[]),
        ("no text", &[("a.yaml", "kind: Entity\nname: \u{0}\n")], &[], &[]),
        ("a mistake in weir.toml", &[ENTITY, ("weir.toml", "workspce = 'x'\n")], &[], &[]),
        ("no TOML", &[ENTITY, ("weir.toml", "x = [")], &[], &[]),
        ("a variable of weir.toml", &[ENTITY, ("weir.toml", "[registry]\nurl = '${NOPE}/x'\n")], &[], &[]),
        ("a registry that is away", &[ENTITY], &["--registry", "sqlite://away/r.db"], &[("CI", "true")]),
        (
            "a registry that is none",
            &[ENTITY, ("r.db", "this is no database, and long enough")],
            &["--registry", "r.db"],
            &[],
        ),
        ("a registry that is a folder", &[ENTITY, ("r.db/x", "")], &["--registry", "r.db"], &[]),
        ("a registry of another kind", &[ENTITY], &["--registry", "oracle://x"], &[]),
        ("no such workspace", &[ENTITY], &["-w", "nosuch"], &[]),
        ("no such clock", &[ENTITY], &[], &[("WEIR_NOW", "soon")]),
        ("no such folder", &[ENTITY], &["-C", "nosuch"], &[]),
        ("no such flag", &[ENTITY], &["--nosuch"], &[]),
        ("a flag twice", &[ENTITY], &["-w", "a", "-w", "b"], &[]),
        ("a broken workspace file", &[ENTITY, (".weir/workspace", "no name\n")], &[], &[]),
    ];
    let of = |format: &'static str| {
        let all: &[(&[&str], &[&str])] = &[
            (&["validate"], &["json", "github", "markdown", "sarif"]),
            (&["plan"], &["json", "github", "markdown"]),
            (&["list"], &["json"]),
            (&["show", "Entity.user"], &["json"]),
            (&["show", "x.plan"], &["json", "github", "markdown"]),
            (&["columns", "Entity.user"], &["json"]),
            (&["graph"], &["json"]),
            (&["log"], &["json"]),
            (&["diff", "1", "2"], &["json"]),
            (&["workspace", "list"], &["json"]),
            (&["workspace", "show"], &["json"]),
        ];
        all.iter().filter(move |it| it.1.contains(&format)).map(|it| it.0)
    };
    for (what, files, more, environment) in wrong {
        let repo = Repo::new(files);
        for format in ["json", "github", "markdown", "sarif"] {
            for command in of(format) {
                let run = |tail: &[&str]| {
                    let mut command_ = weir(repo.path());
                    Run::of(command_.envs(environment.iter().copied()).args(command).args(*more).args(tail))
                };
                let (text, document) = (run(&[]), run(&["--format", format]));
                assert_eq!(text.code, document.code, "{what}: {command:?} {format}\n{text:?}\n{document:?}");
                let said = std::panic::catch_unwind(|| parses(format, &document.stdout));
                assert!(said.is_ok(), "{what}: {command:?} --format {format}: {document:?}");
            }
        }
    }
}

#[test]
fn no_folder_of_a_repo_is_no_excuse() {
    let empty = tempfile::tempdir().unwrap();
    for (command, formats) in [("validate", "json github markdown sarif"), ("plan", "json github markdown")] {
        for format in formats.split(' ') {
            let run = Run::of(weir(empty.path()).args([command, "--format", format])).exits(1);
            parses(format, &run.stdout);
        }
    }
}

/// Texts that would be markup if they could.
const MARKUP: &[&str] = &[
    "`</code> <img src=//e.co/p> @octo/team",
    "``` \n\n# Approved\n\n</details><h1>yes</h1>\n",
    "x | y | z \\| w \\\\| v",
    "[click](https://e.co) ![p](https://e.co/p.png) <https://e.co> www.e.co",
    "\r\r### weir plan: prod (live), no changes\r\r<!--",
    "-->\n<script>alert(1)</script>\n- [x] done\n1. one\n> quote\n***\n---\n",
    "*em* _em_ __b__ ~~s~~ :tada: #12 GH-12 octo/repo#1 deadbeefcafe",
    "&lt;b&gt; &#64;octo $$x$$ <details open><summary>",
    "`a` `` b ` c ``` d",
    "text ends in a backslash \\",
];

#[test]
fn no_text_in_a_comment_is_markup() {
    let value = |text: &str| serde_json::to_string(text).unwrap();
    let old = Repo::new(&[]);
    let write = |repo: &Repo, of: &dyn Fn(usize) -> String| {
        for index in 0..MARKUP.len() {
            let owner = of(index);
            let entity = format!(
                "kind: Entity\nname: e{index}\nowner: {o}\ndescription: {o}\ntags: {{ {o}: {o} }}\n",
                o = value(&owner)
            );
            repo.write(&format!("e{index}`|<b>@octo.yaml"), &entity);
        }
    };
    write(&old, &|_| "plain".to_owned());
    old.run(&["-q", "apply", "-y"]).exits(0);
    write(&old, &|index| MARKUP[index].to_owned());
    let comment = old.run(&["plan", "--format", "markdown"]).exits(0).stdout;
    assert_eq!(markdown(&comment).rows, MARKUP.len(), "{comment}");
    github(&old.run(&["plan", "--format", "github"]).exits(0).stdout);
    old.run(&["-q", "apply", "-y"]).exits(0);
    write(&old, &|index| MARKUP[(index + 1) % MARKUP.len()].to_owned());
    assert_eq!(markdown(&old.run(&["plan", "--format", "markdown"]).exits(0).stdout).rows, MARKUP.len());
    // Mistakes repeat what is written, too.
    let wrong: String = MARKUP
        .iter()
        .map(|it| format!("---\nkind: Entity\nname: {o}\n{o}: 1\n---\nkind: {o}\n---\nkind: FeatureService\nname: s\nfeatures: [{o}]\n", o = value(it)))
        .collect();
    let repo = Repo::new(&[("b`|\n\n# Approved\n.yaml", &wrong)]);
    for command in ["validate", "plan"] {
        let comment = repo.run(&[command, "--format", "markdown"]).exits(1).stdout;
        assert!(markdown(&comment).rows >= 3 * MARKUP.len(), "{comment}");
        github(&repo.run(&[command, "--format", "github"]).exits(1).stdout);
    }
    sarif(&repo.run(&["validate", "--format", "sarif"]).exits(1).stdout);
}

#[test]
fn a_comment_is_never_longer_than_github_takes() {
    let many = |count: usize, more: &dyn Fn(usize) -> String| -> String {
        (0..count).map(|it| format!("---\nkind: Entity\nname: e{it}\n{}", more(it))).collect()
    };
    let wide = "\u{9762}".repeat(400);
    let cases: [(String, String); 5] = [
        (many(1_500, &|_| "owner: a\n".to_owned()), many(1_500, &|_| "owner: b\n".to_owned())),
        (many(400, &|_| "prevent_destroy: true\n".to_owned()), String::new()),
        (many(300, &|_| "description: x\n".to_owned()), many(300, &|it| format!("description: {it}{wide}\n"))),
        (
            many(1, &|_| "description: x\n".to_owned()),
            many(1, &|_| format!("description: \"{}\"\n", "x\\n\\t`".repeat(300_000))),
        ),
        (many(1, &|_| String::new()), many(3_000, &|it| format!("wrong{it}: {wide}\n"))),
    ];
    for (index, (before, after)) in cases.iter().enumerate() {
        let repo = Repo::new(&[("a.yaml", before)]);
        repo.run(&["-q", "apply", "-y"]).exits(0);
        repo.write("a.yaml", after);
        let run = repo.run(&["plan", "--format", "markdown"]);
        markdown(&run.stdout);
        assert!(run.stdout.contains("more"), "case {index} does not say what is left out");
        if run.code == Some(3) {
            let (refused, table) = (run.stdout.find("**Refused"), run.stdout.find("| | Resource"));
            assert!(refused < table && refused.is_some(), "refusals come first");
        }
        if run.code != Some(1) {
            assert!(run.stdout.contains("\nPlan: "), "the tally is whole");
        }
        markdown(&repo.run(&["validate", "--format", "markdown"]).stdout);
    }
}

#[test]
fn files_are_named_from_the_root_of_the_git_repository() {
    let top = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = top.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(".git/HEAD", "ref: refs/heads/main\n");
    write("features/ml/weir.toml", "");
    write("features/ml/my views/a,b:c #1 100%.yaml", "kind: Entity\nnaem: user\n");
    let run =
        |format| Run::of(weir(top.path()).args(["-C", "features/ml", "validate", "--format", format])).exits(1).stdout;
    let text = run("sarif");
    sarif(&text);
    let place = json(&text)["runs"][0]["results"][0]["locations"][0]["physicalLocation"].clone();
    assert_eq!(place["artifactLocation"]["uri"], "features/ml/my%20views/a%2Cb%3Ac%20%231%20100%25.yaml");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let github = run("github");
    assert!(github.starts_with("::error file=features/ml/my views/a%2Cb%3Ac #1 100%25.yaml,line="), "{github}");
    assert!(run("markdown").contains("`features/ml/my views/a,b:c #1 100%.yaml:"));
    assert_eq!(json(&run("json"))["folder"], "features/ml/");
}

#[test]
fn a_difference_that_cannot_be_seen_is_shown() {
    let alike = [
        ("a b", "a\u{a0}b"),
        ("x", "x "),
        ("v", "v\n"),
        ("a\tb", "a b"),
        ("a\r\nb", "a\nb"),
        ("pay", "p\u{430}y"),
        ("\u{e9}", "e\u{301}"),
        ("v", "v\u{200b}"),
        ("\u{3a9}", "\u{2126}"),
        ("", "(unset)"),
        ("a -> b", "a"),
        ("x", "\u{ff58}"),
        ("a", "a\u{fe0f}"),
        ("one\ntwo \nthree", "one\ntwo\nthree"),
    ];
    for (old, new) in alike {
        let value = |it: &str| serde_json::to_string(it).unwrap();
        let entity = |it: &str| format!("kind: Entity\nname: e\nowner: {o}\ntags: {{ k: {o} }}\n", o = value(it));
        let repo = Repo::new(&[("a.yaml", &entity(old))]);
        repo.run(&["-q", "apply", "-y"]).exits(0);
        repo.write("a.yaml", &entity(new));
        let text = repo.run(&["-q", "plan"]).exits(0).stdout;
        let sides = text.lines().filter_map(|it| it.trim().strip_prefix("owner: ")?.split_once(" -> "));
        let shown: Vec<(&str, &str)> = sides.collect();
        let removed = |sign: &str| text.lines().filter(|it| it.trim().starts_with(sign)).count();
        match shown.as_slice() {
            [(before, after)] => assert!(weir::render::shown::tells_apart(before, after), "{old:?} {new:?}:\n{text}"),
            _ => assert!(removed("- ") > 0 && removed("+ ") > 0, "{old:?} {new:?}:\n{text}"),
        }
        let comment = repo.run(&["-q", "plan", "--format", "markdown"]).exits(0).stdout;
        markdown(&comment);
        let row = comment.lines().find(|it| it.contains("`owner`")).unwrap();
        let (before, after) = row.split_once("`owner`: ").unwrap().1.split_once(" → ").unwrap();
        assert!(
            weir::render::shown::tells_apart(before, after.split("<br>").next().unwrap()),
            "{old:?} {new:?}: {row}"
        );
    }
}

#[test]
fn every_list_keeps_one_line_a_thing() {
    let value = r#""two\nlines\r\u2028and \u0085 more""#;
    let entity = |it: usize| format!("---\nkind: Entity\nname: e{it}\nowner: {value}\ndescription: {value}\n");
    let repo = Repo::new(&[("a.yaml", &(0..3).map(entity).collect::<String>())]);
    let apply = ["-q", "apply", "-y", "-m", "two\nlines\r\n"];
    Run::of(weir(repo.path()).env("WEIR_ACTOR", "a\nb\u{2028}").args(apply)).exits(0);
    let lines = |command: &[&str]| repo.run(command).exits(0).stdout.lines().count();
    assert_eq!([lines(&["list"]), lines(&["log"]), lines(&["graph"]), lines(&["workspace", "list"])], [4, 2, 3, 2]);
}

#[test]
fn no_line_of_a_text_is_a_command_to_the_runner() {
    let sql = |last: &str| format!("a\n  ::stop-commands::x\n{last}\n ::add-mask::y\nz\n");
    let words = "word ".repeat(15) + "::error::x " + &"word ".repeat(12) + "::error::x";
    let entity = |last: &str| {
        let (text, words) = (serde_json::to_string(&sql(last)).unwrap(), serde_json::to_string(&words).unwrap());
        format!("kind: Entity\nname: e\ndescription: {text}\nowner: {words}\ntags: {{ {words}: {words} }}\n")
    };
    let repo = Repo::new(&[("a.yaml", &entity("a"))]);
    repo.run(&["-q", "apply", "-y"]).exits(0);
    repo.write("a.yaml", &(entity("b") + "\"::error::\": 1\n"));
    let mistakes = repo.run(&["validate"]).exits(1);
    repo.write("a.yaml", &entity("b"));
    for run in [mistakes, repo.run(&["plan"]), repo.run(&["-v", "plan"]), repo.run(&["show", "e"]), repo.run(&["list"])]
    {
        let mut lines = run.stdout.lines().chain(run.stderr.lines());
        assert!(lines.all(|it| !it.trim_start().starts_with("::")), "{run:?}");
    }
}

#[test]
fn a_workspace_without_a_name_is_said_to_have_none() {
    let repo = Repo::new(&[ENTITY, ("weir.toml", "workspace = ''\n")]);
    let said = repo.run(&["-q", "plan"]).exits(1).stderr;
    assert_eq!(said, "error[G005]: the name of the workspace is empty (from weir.toml)\nhint: choose one of prod\n");
}

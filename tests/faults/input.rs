//! Files that are wrong, hostile, or no declarations at all.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::{USER, answer, run, says};
use crate::child;
use crate::support::{Repo, weir};

/// Checks what a repo of these files is told, by validate and by apply, which also leaves no registry behind.
#[track_caller]
fn check(files: &[(&str, &[u8])], expected: &str) {
    check_repo(&repo(files), expected);
}

#[track_caller]
fn check_repo(repo: &Repo, expected: &str) {
    let validate = run(repo, &["-q", "validate"]).exits(1);
    says(repo, &validate.stdout, "");
    says(repo, &validate.stderr, expected);
    let apply = run(repo, &["-q", "apply", "-y"]).exits(1);
    says(repo, &apply.stderr, &format!("{}\nNothing was applied.", expected.trim()));
    assert!(!repo.registry().exists(), "an apply of a broken repo made a registry");
}

/// Checks that a repo of these files is fine.
#[track_caller]
fn check_fine(files: &[(&str, &[u8])], expected: &str) {
    let repo = repo(files);
    let validate = run(&repo, &["-q", "validate"]).exits(0);
    says(&repo, &validate.stdout, expected);
}

fn repo(files: &[(&str, &[u8])]) -> Repo {
    let repo = Repo::new(&[]);
    files.iter().for_each(|(path, bytes)| std::fs::write(repo.path().join(path), bytes).unwrap());
    repo
}

/// Nine aliases of nine aliases, nine times over: 400 million values in 500 bytes.
fn billion_laughs(indent: &str) -> String {
    let mut text = format!("{indent}a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (of, key) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let aliases = [format!("*{of}").as_str(); 9].join(", ");
        writeln!(text, "{indent}{key}: &{key} [{aliases}]").unwrap();
    }
    text
}

#[test]
fn aliases_that_multiply_are_stopped() {
    check(
        &[("bomb.yaml", billion_laughs("").as_bytes())],
        "
error[L005]: the YAML nests too deeply, or its aliases multiply without end
 --> bomb.yaml:6:12
  |
6 | f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
  |            ^
hint: write the values out

1 error in 1 declaration.",
    );
    let text = format!("{USER}tags:\n{}", billion_laughs("  "));
    let run = run(&repo(&[("bomb.yaml", text.as_bytes())]), &["-q", "validate"]).exits(1);
    assert!(run.stderr.starts_with("error[L005]: "), "{}", run.stderr);
}

#[test]
fn a_file_of_100_mb_is_not_read() {
    let repo = Repo::new(&[]);
    std::fs::File::create(repo.path().join("big.yaml")).unwrap().set_len(100_000_000).unwrap();
    check_repo(
        &repo,
        "
error[L003]: `big.yaml` has 95 MiB, and weir reads files up to 64 MiB
 --> big.yaml
hint: split it, or list it in .weirignore

1 error in 0 declarations.",
    );
}

#[test]
fn a_binary_file_by_the_name_of_yaml_is_not_blamed_for_tabs() {
    check(
        &[("junk.yaml", b"\x00\x01\x02\x03ELF\x00\x00")],
        "
error[L004]: the YAML is not well formed: U+0000 is no sign of a text
 --> junk.yaml:1:1
  |
1 | \\u{0}\\u{1}\\u{2}\\u{3}ELF\\u{0}\\u{0}
  | ^^^^^
hint: remove it, or write it in double quotes as `\\u0000`

1 error in 1 declaration.",
    );
}

#[test]
fn text_that_is_not_utf_8_is_named_by_line() {
    let windows_1252: &[u8] = b"kind: Entity\nname: user\ndescription: caf\xe9 au lait\n";
    for (name, bytes, line, at) in [
        ("cafe.yaml", windows_1252, 3, 40),
        ("utf16.yaml", b"\xff\xfek\0i\0n\0d\0", 1, 0),
        ("gzip.yaml", b"\x1f\x8b\x08\0", 1, 1),
    ] {
        check(
            &[(name, bytes)],
            &format!(
                "
error[L002]: `{name}` is not UTF-8 text: byte {at} is no part of a letter
 --> {name}:{line}
hint: save it as UTF-8, or list it in .weirignore

1 error in 0 declarations."
            ),
        );
    }
}

#[test]
fn a_key_that_is_written_twice_is_one_error() {
    check(
        &[("user.yaml", b"kind: Entity\nname: user\nowner: a\nowner: b\n")],
        "
error[L006]: key `owner` is written twice
 --> user.yaml:4:1
  |
4 | owner: b
  | ^^^^^
  |
 ::: user.yaml:3:1
  |
3 | owner: a
  | ----- first here
hint: remove one of them

1 error in 1 declaration.",
    );
}

#[test]
fn a_tag_that_is_written_twice_is_one_error() {
    check(
        &[("user.yaml", b"kind: Entity\nname: user\ntags: { team: a, team: b }\n")],
        "
error[L006]: key `team` is written twice
 --> user.yaml:3:18
  |
3 | tags: { team: a, team: b }
  |         ----     ^^^^
  |         |
  |         first here
hint: remove one of them

1 error in 1 declaration.",
    );
}

#[test]
fn tabs_are_named() {
    check(
        &[("user.yaml", b"kind: Entity\nname: user\ntags:\n\tteam: a\n")],
        "
error[L004]: the YAML is not well formed: tabs disallowed within this context (block indentation)
 --> user.yaml:4:1
  |
4 |     team: a
  | ^^^^
hint: indent with spaces: YAML does not allow tabs

1 error in 1 declaration.",
    );
}

#[test]
fn brackets_without_end_are_answered_at_once() {
    let clipped = format!("{}...", "[".repeat(113));
    check(
        &[("open.yaml", &[b'['; 100_000])],
        &format!(
            "
error[L005]: the YAML nests brackets too deeply
 --> open.yaml:1:1
  |
1 | {clipped}
  | ^
hint: check for a bracket that is never closed

1 error in 1 declaration."
        ),
    );
}

#[test]
fn nesting_of_any_style_is_answered_at_once() {
    let staircase: String = (1..3000).map(|it| format!("{}k:\n", " ".repeat(it))).collect();
    let deep = [
        format!("{USER}tags:\n{staircase}"),
        format!("{USER}tags:\n  {}", "- ".repeat(50_000)),
        "? ".repeat(50_000),
        format!("{USER}tags: {}", "{a: ".repeat(400)),
    ];
    for text in deep {
        let run = run(&repo(&[("deep.yaml", text.as_bytes())]), &["-q", "validate"]).exits(1);
        let first = run.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("error[L005]: ") || first.starts_with("error[L004]: "), "{}", run.stderr);
        assert!(run.stderr.trim_end().ends_with("1 error in 1 declaration."), "{}", run.stderr);
        assert!(run.stderr.len() < 2000, "the message drowns in the input");
    }
}

#[test]
fn sql_that_nests_without_end_is_answered_at_once() {
    let (open, close) = ("(".repeat(20_000), ")".repeat(20_000));
    let text = format!("kind: Transformation\nname: deep\nmode: sql\ninputs: [orders]\nsql: SELECT {open}1{close}\n");
    let run = run(&repo(&[("deep.yaml", text.as_bytes())]), &["-q", "validate"]).exits(1);
    assert!(run.stderr.starts_with("error[L014]: "), "{}", run.stderr);
    assert!(run.stderr.len() < 2000, "the message drowns in the input");
}

#[test]
fn a_cycle_is_shown_whole() {
    let transformation = |name: &str, input: &str| {
        format!("kind: Transformation\nname: {name}\nmode: sql\ninputs: [{input}]\nsql: SELECT * FROM {input}\n")
    };
    check(
        &[("a.yaml", transformation("a", "b").as_bytes()), ("b.yaml", transformation("b", "a").as_bytes())],
        "
error[R004]: `Transformation.a` depends on itself: `Transformation.a` → `Transformation.b` → `Transformation.a`
 --> a.yaml:4:10
  |
4 | inputs: [b]
  |          ^
hint: take one of these references out

1 error in 2 declarations.",
    );
    check(
        &[("a.yaml", transformation("a", "a").as_bytes())],
        "
error[R004]: `Transformation.a` depends on itself: `Transformation.a` → `Transformation.a`
 --> a.yaml:4:10
  |
4 | inputs: [a]
  |          ^
hint: take one of these references out

1 error in 1 declaration.",
    );
}

#[test]
fn ten_thousand_mistakes_are_all_reported() {
    let all: String = (0..10_000).map(|it| format!("---\nkind: Entity\nname: e{it}\nonwer: me\n")).collect();
    let run = run(&repo(&[("all.yaml", all.as_bytes())]), &["-q", "validate"]).exits(1);
    assert_eq!(run.stderr.matches("error[L009]: `onwer` is not a field of Entity").count(), 10_000);
    assert_eq!(run.stderr.matches("hint: did you mean `owner`?").count(), 10_000);
    assert!(run.stderr.ends_with("\n10000 errors in 10000 declarations.\n"));
}

#[test]
fn ten_thousand_broken_references_are_all_reported() {
    let mut all = "kind: Entity\nname: user\n---\nkind: BatchSource\nname: orders\n\
                   batch_config: { kind: HiveConfig, database: d, table: t }\n"
        .to_owned();
    for index in 0..10_000 {
        write!(all, "---\nkind: BatchFeatureView\nname: v{index}\nentities: [usr]\nsources: [orders]\n").unwrap();
    }
    let run = run(&repo(&[("all.yaml", all.as_bytes())]), &["-q", "validate"]).exits(1);
    assert_eq!(run.stderr.matches("hint: did you mean `user`?").count(), 10_000);
    assert!(run.stderr.ends_with("\n10000 errors in 10002 declarations.\n"));
}

#[test]
fn very_long_lines_are_clipped() {
    let long = "x".repeat(3_000_000);
    check(
        &[("user.yaml", format!("{USER}onwer: {long}\n").as_bytes())],
        &format!(
            "
error[L009]: `onwer` is not a field of Entity
 --> user.yaml:3:1
  |
3 | onwer: {}...
  | ^^^^^
hint: did you mean `owner`?

1 error in 1 declaration.",
            "x".repeat(106)
        ),
    );
    check_fine(&[("user.yaml", format!("{USER}description: {long}\n").as_bytes())], "Valid: 1 declaration.");
}

#[test]
fn a_file_that_declares_nothing_is_no_declaration() {
    let kinds = "Entity`, `kind: PushSource`, `kind: BatchSource`, `kind: Transformation`, `kind: BatchFeatureView`, \
                 `kind: StreamFeatureView`, `kind: FeatureService";
    check(
        &[("docker-compose.yaml", b"services:\n  db:\n    image: postgres\n")],
        &format!(
            "
error[L007]: this document is not a declaration: it has no `kind`
 --> docker-compose.yaml:1:1
  |
1 | services:
  | ^^^^^^^^
hint: add one of `kind: {kinds}`, or list this file in .weirignore

1 error in 1 declaration."
        ),
    );
    check(
        &[("list.yaml", b"hello\n")],
        "
error[L007]: this document is not a declaration: it is not a map of fields
 --> list.yaml:1:1
  |
1 | hello
  | ^^^^^
hint: write `kind:` and `name:`, or list this file in .weirignore

1 error in 1 declaration.",
    );
    check_fine(
        &[("docker-compose.yaml", b"services: {}\n"), (".weirignore", b"docker-compose.yaml\n")],
        "Valid: 0 declarations.",
    );
}

#[test]
fn files_without_a_declaration_in_them_are_fine() {
    check_fine(&[], "Valid: 0 declarations.");
    check_fine(
        &[("a.yaml", b""), ("b.yaml", b"\n\n"), ("c.yaml", b"# only\n# words\n"), ("d.yaml", b"---\n---\n# x\n...\n")],
        "Valid: 0 declarations.",
    );
    check_fine(&[("bom.yaml", b"\xef\xbb\xbf")], "Valid: 0 declarations.");
}

#[test]
fn line_ends_and_byte_order_marks_make_no_difference() {
    let repo =
        repo(&[("all.yaml", b"kind: Entity\nname: a\n---\nkind: Entity\nname: b\ndescription: |\n  two\n  lines\n")]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    let windows = b"\xef\xbb\xbfkind: Entity\r\nname: a\r\n---\r\nkind: Entity\r\nname: b\r\ndescription: |\r\n  two\r\n  lines\r\n";
    std::fs::write(repo.path().join("all.yaml"), windows).unwrap();
    let plan = run(&repo, &["-q", "plan", "--detailed-exitcode"]).exits(0);
    says(
        &repo,
        &plan.stdout,
        "
Workspace prod (live), the default, at serial 1

No changes. The registry matches the repo (2 unchanged).",
    );
}

#[test]
fn mistakes_are_placed_by_line_in_files_with_windows_line_ends() {
    check(
        &[("all.yaml", b"\xef\xbb\xbfkind: Entity\r\nname: a\r\n---\r\nkind: Entity\r\nname: b\r\nonwer: me\r\n")],
        "
error[L009]: `onwer` is not a field of Entity
 --> all.yaml:6:1
  |
6 | onwer: me
  | ^^^^^
hint: did you mean `owner`?

1 error in 2 declarations.",
    );
}

const READS_A_QUERY: &str = "kind: BatchSource\nname: orders\nbatch_config: { kind: HiveConfig, database: d, table: t }\n\
                             ---\nkind: Transformation\nname: cleaned\nmode: sql\ninputs: [orders]\n";

#[test]
fn a_query_file_must_be_there_and_in_the_repo() {
    let outside = |path: &str| {
        let underline = "^".repeat(path.len());
        format!(
            "
error[L013]: `{path}` lies outside the repo
 --> all.yaml:9:11
  |
9 | sql_file: {path}
  |           {underline}
hint: move it into the repo

1 error in 2 declarations."
        )
    };
    let naming = |path: &str| format!("{READS_A_QUERY}sql_file: {path}\n");
    for path in ["../cleaned.sql", "/etc/hostname", "a/../../cleaned.sql"] {
        check(&[("all.yaml", naming(path).as_bytes())], &outside(path));
    }
    check(
        &[("all.yaml", naming("claned.sql").as_bytes()), ("cleaned.sql", b"SELECT * FROM orders")],
        "
error[L013]: `claned.sql` cannot be read: it does not exist
 --> all.yaml:9:11
  |
9 | sql_file: claned.sql
  |           ^^^^^^^^^^
hint: did you mean `cleaned.sql`?

1 error in 2 declarations.",
    );
}

#[cfg(unix)]
#[test]
fn a_query_file_that_is_a_link_out_of_the_repo_is_not_read() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("password"), "hunter2 is the password").unwrap();
    let repo = repo(&[("all.yaml", format!("{READS_A_QUERY}sql_file: cleaned.sql\n").as_bytes())]);
    std::os::unix::fs::symlink(outside.path().join("password"), repo.path().join("cleaned.sql")).unwrap();
    let run = run(&repo, &["-q", "validate"]).exits(1);
    assert!(!run.stderr.contains("hunter2"), "what lies outside of the repo is shown:\n{}", run.stderr);
    assert!(run.stderr.contains("error[L013]: `cleaned.sql` is a link out of the repo\n"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let pipe = |path: &Path| child::succeed(Command::new("mkfifo").arg(path));
    let repo = Repo::new(&[]);
    pipe(&repo.path().join("x.yaml"));
    check_repo(
        &repo,
        "
error[L001]: `x.yaml` is not a file
 --> x.yaml
hint: list it in .weirignore

1 error in 0 declarations.",
    );
    let repo = Repo::new(&[("all.yaml", &format!("{READS_A_QUERY}sql_file: cleaned.sql\n"))]);
    pipe(&repo.path().join("cleaned.sql"));
    let run = run(&repo, &["-q", "validate"]).exits(1);
    assert!(run.stderr.starts_with("error[L013]: `cleaned.sql` cannot be read: it is not a file\n"), "{}", run.stderr);
}

/// What weir itself looks for is no pipe, and ends: neither is waited for.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_file_without_an_end_is_named_wherever_weir_reads() {
    let workspace = "the selected workspace cannot be read from `DIR/.weir/workspace`";
    for (file, command, expected) in [
        ("weir.toml", "plan", "error[L012]: `weir.toml` cannot be read"),
        (".weirignore", "plan", "error[L001]: `.weirignore`"),
        (".gitignore", "plan", "error[L001]: `.gitignore`"),
        (".weir/workspace", "plan", &format!("error[G012]: {workspace}")),
        (".weir/workspace", "list", &format!("error[G012]: {workspace}")),
        ("cleaned.sql", "validate", "error[L013]: `cleaned.sql` cannot be read"),
        ("saved.plan", "apply --yes saved.plan", "error: the plan `DIR/saved.plan` cannot be read"),
        ("saved.plan", "show saved.plan", "error: the plan `DIR/saved.plan` cannot be read"),
    ] {
        let repo =
            Repo::new(&[("all.yaml", &format!("{READS_A_QUERY}sql_file: cleaned.sql\n")), ("cleaned.sql", "select 1")]);
        run(&repo, &["-q", "registry", "init"]).exits(0);
        let path = repo.path().join(file);
        let said = |how: &str| {
            let run = run(&repo, &[&["-q"], &command.split(' ').collect::<Vec<_>>()[..]].concat()).exits(1);
            let folder = repo.path().canonicalize().unwrap();
            let stderr = run.stderr.replace(folder.to_str().unwrap(), "DIR");
            assert!(stderr.starts_with(expected), "{how} {file}: {stderr}");
            assert!(stderr.contains(": it ") || stderr.contains(" is not a file"), "{how} {file}: {stderr}");
        };
        std::fs::File::create(&path).unwrap().set_len(30 << 30).unwrap();
        said("endless");
        std::fs::remove_file(&path).unwrap();
        // A plan may come from a pipe that somebody names.
        if file != "saved.plan" {
            child::succeed(Command::new("mkfifo").arg(&path));
            said("pipe");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    let repo = repo(&[("user.yaml", USER.as_bytes()), ("secret.yaml", USER.as_bytes())]);
    super::permit(repo.path(), 0o755);
    super::permit(&repo.path().join("secret.yaml"), 0o000);
    let run = answer(super::unprivileged(weir(repo.path()).args(["-q", "validate"]))).exits(1);
    says(
        &repo,
        &run.stderr,
        "
error[L001]: `secret.yaml` cannot be read: permission denied
 --> secret.yaml
hint: make it readable, or list it in .weirignore

1 error in 1 declaration.",
    );
}

#[test]
fn a_folder_by_the_name_of_a_file_is_a_folder() {
    let repo = Repo::new(&[("x.yaml/user.yaml", USER)]);
    says(&repo, &run(&repo, &["-q", "validate"]).exits(0).stdout, "Valid: 1 declaration.");
}

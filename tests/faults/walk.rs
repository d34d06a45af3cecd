//! What is read of a repo: ignore files, links, folders. What cannot be looked at is never taken for nothing.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{USER, answer, permit, run, says, unprivileged};
use crate::child::output;
use crate::support::{Repo, clean, installed, weir};

/// A place with a git repository in `git/`, a feature repo in `git/features/`, and neighbours of both.
struct Ground {
    place: Repo,
}

impl Ground {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Repo::new(&[("git/.git/HEAD", "ref: refs/heads/main\n"), ("git/features/weir.toml", "")]);
        place.remove("weir.toml");
        files.iter().for_each(|(path, text)| place.write(path, text));
        Self { place }
    }

    fn link(&self, target: &str, path: &str) {
        symlink(target, self.place.path().join(path)).unwrap();
    }

    /// Checks what validate says in the feature repo.
    #[track_caller]
    fn check(&self, code: i32, expected: &str) {
        let run = run(&self.place, &["-q", "-C", "git/features", "validate"]).exits(code);
        says(&self.place, &(run.stdout + &run.stderr), expected);
    }
}

fn entity(name: &str) -> String {
    format!("kind: Entity\nname: {name}\n")
}

#[test]
fn nothing_above_the_git_repository_can_empty_a_repo() {
    let ground = Ground::new(&[(".gitignore", "*\n"), (".weirignore", "*\n"), ("git/features/user.yaml", USER)]);
    ground.check(0, "Valid: 1 declaration.");
    // Where there is no git, nothing above weir.toml can.
    let place = Repo::new(&[(".gitignore", "*\n"), ("features/weir.toml", ""), ("features/user.yaml", USER)]);
    place.remove("weir.toml");
    says(&place, &run(&place, &["-q", "-C", "features", "validate"]).exits(0).stdout, "Valid: 1 declaration.");
}

#[test]
fn ignore_files_count_from_the_root_of_the_git_repository() {
    let ground = Ground::new(&[
        ("git/.gitignore", "drafts/\n*.tmp.yaml\n"),
        ("git/.weirignore", "notes.yaml\n"),
        ("git/features/user.yaml", USER),
        ("git/features/a.tmp.yaml", USER),
        ("git/features/notes.yaml", "no declaration\n"),
        ("git/features/drafts/user.yaml", USER),
    ]);
    ground.check(0, "Valid: 1 declaration.");
    // A folder that git leaves out is no part of the repository: weir.toml is where its rules start.
    ground.place.write("git/.gitignore", "features/\n");
    ground.place.remove("git/features/notes.yaml");
    ground.place.remove("git/features/a.tmp.yaml");
    ground.place.remove("git/features/drafts/user.yaml");
    ground.check(0, "Valid: 1 declaration.");
    // An empty folder by the name of .git is no repository.
    let place = Repo::new(&[("features/weir.toml", ""), ("features/user.yaml", USER), (".gitignore", "*.yaml\n")]);
    place.remove("weir.toml");
    std::fs::create_dir(place.path().join(".git")).unwrap();
    says(&place, &run(&place, &["-q", "-C", "features", "validate"]).exits(0).stdout, "Valid: 1 declaration.");
}

#[test]
fn an_ignore_file_that_cannot_be_read_is_named() {
    let table: &[(&str, &[u8], &str)] = &[
        (
            "git/features/.gitignore",
            b"ok\n[z-a].yaml\n",
            "
error[L001]: `.gitignore` cannot be read: `[z-a].yaml` is not a pattern: invalid range; 'z' > 'a'
 --> .gitignore:2:1
  |
2 | [z-a].yaml
  | ^^^^^^^^^^
hint: mend the pattern, or remove it

1 error in 1 declaration.",
        ),
        (
            "git/features/deep/.weirignore",
            b"caf\xe9\n",
            "
error[L001]: `deep/.weirignore` cannot be read: it is not UTF-8 text
 --> deep/.weirignore
hint: save it as UTF-8

1 error in 1 declaration.",
        ),
        (
            "git/.gitignore",
            b"[a.yaml\n",
            "
error[L001]: `REPO/git/.gitignore` cannot be read: `[a.yaml` is not a pattern: unclosed character class; missing ']'
 --> REPO/git/.gitignore:1:1
  |
1 | [a.yaml
  | ^^^^^^^
hint: mend the pattern, or remove it

1 error in 1 declaration.",
        ),
    ];
    for (path, bytes, expected) in table {
        let ground = Ground::new(&[("git/features/deep/user.yaml", USER)]);
        std::fs::write(ground.place.path().join(path), bytes).unwrap();
        ground.check(1, expected);
    }
    let ground = Ground::new(&[("git/features/user.yaml", USER), ("git/features/.gitignore/x", "")]);
    ground.check(
        1,
        "
error[L001]: `.gitignore` is not a file
 --> .gitignore
hint: remove it

1 error in 1 declaration.",
    );
    let ground = Ground::new(&[("git/features/user.yaml", USER), ("git/ignores", "user.yaml\n")]);
    ground.link("../ignores", "git/features/.gitignore");
    ground.check(
        1,
        "
error[L001]: `.gitignore` is a link, and ignore files are read in their place only
 --> .gitignore
hint: copy what it leads to

1 error in 1 declaration.",
    );
}

#[test]
fn an_ignore_file_or_a_folder_without_permission_is_named() {
    let ground = Ground::new(&[
        ("git/features/user.yaml", USER),
        ("git/features/.gitignore", "x\n"),
        ("git/features/shut/hidden.yaml", USER),
    ]);
    let at = |path: &str| ground.place.path().join(path);
    permit(&at(""), 0o755);
    permit(&at("git/features/.gitignore"), 0o000);
    permit(&at("git/features/shut"), 0o000);
    let said = answer(unprivileged(weir(&at("git/features")).args(["-q", "validate"]))).exits(1).stderr;
    permit(&at("git/features/shut"), 0o755);
    says(
        &ground.place,
        &said,
        "
error[L001]: `.gitignore` cannot be read: permission denied
 --> .gitignore
hint: make it readable, or remove it

error[L001]: `shut` cannot be read: permission denied
 --> shut
hint: make it readable, or list it in .weirignore

2 errors in 1 declaration.",
    );
}

#[test]
fn links_are_followed_inside_the_git_repository() {
    let ground = Ground::new(&[("git/common/user.yaml", USER), ("git/one.yaml", &entity("one"))]);
    ground.link("../common", "git/features/shared");
    ground.link("../one.yaml", "git/features/one.yaml");
    ground.check(0, "Valid: 2 declarations.");
    // What git leaves out by a name, it leaves out as a folder only; a person may mean the link.
    ground.place.write("git/features/.gitignore", "shared/\n");
    ground.check(0, "Valid: 2 declarations.");
    ground.place.write("git/features/.weirignore", "shared/\n");
    ground.check(0, "Valid: 1 declaration.");
}

#[test]
fn a_file_beside_a_linked_declaration_is_found() {
    let ground = Ground::new(&[
        (
            "git/features/orders.yaml",
            "kind: BatchSource\nname: orders\nbatch_config: { kind: HiveConfig, database: d, table: t }\n",
        ),
        ("git/common/t.yaml", "kind: Transformation\nname: t\nmode: sql\ninputs: [orders]\nsql_file: t.sql\n"),
        ("git/common/t.sql", "SELECT * FROM orders"),
    ]);
    ground.link("../common", "git/features/shared");
    ground.check(0, "Valid: 2 declarations.");
    ground.place.remove("git/common/t.sql");
    ground.place.write("t.sql", "SELECT hunter2 FROM orders");
    ground.link("../../t.sql", "git/common/t.sql");
    ground.check(
        1,
        "
error[L001]: the link `shared/t.sql` leads out of the git repository, to `../../t.sql`
 --> shared/t.sql
hint: copy what it leads to, or list the link in .weirignore

error[L013]: `t.sql` is a link out of the git repository
 --> shared/t.yaml:5:11
  |
5 | sql_file: t.sql
  |           ^^^^^
hint: copy it into the repo

2 errors in 2 declarations.",
    );
}

#[test]
fn links_in_circles_are_skipped() {
    let ground = Ground::new(&[("git/features/user.yaml", USER), ("git/features/a/x", ""), ("git/features/b/x", "")]);
    for (target, path) in [("..", "up"), (".", "here"), ("../..", "a/top"), ("../b", "a/b"), ("../a", "b/a")] {
        ground.link(target, &format!("git/features/{path}"));
    }
    ground.check(0, "Valid: 1 declaration.");
}

#[test]
fn links_that_multiply_come_to_an_end() {
    let ground = Ground::new(&[]);
    for depth in 0..40 {
        std::fs::create_dir_all(ground.place.path().join(format!("git/features/d{depth}"))).unwrap();
        for name in ["x", "y"] {
            ground.link(&format!("../d{}", depth + 1), &format!("git/features/d{depth}/{name}"));
        }
    }
    std::fs::create_dir_all(ground.place.path().join("git/features/d40")).unwrap();
    ground.check(
        1,
        "
error[L001]: links lead to more than 20000 folders
hint: take out links that lead to links

1 error in 0 declarations.",
    );
}

#[test]
fn a_link_that_leads_nowhere_or_out_is_named() {
    for (target, path, reason, hint) in [
        ("nowhere", "x.yaml", "the link `x.yaml` leads to `nowhere`, which does not exist", "mend the link"),
        ("../../gone", "shared", "the link `shared` leads to `../../gone`, which does not exist", "mend the link"),
        ("nowhere", "notes.txt", "the link `notes.txt` leads to `nowhere`, which does not exist", "mend the link"),
        ("x", "x", "the link `x` cannot be followed to `x`: too many levels of symbolic links", "mend the link"),
        ("user.yaml/x", "x", "the link `x` cannot be followed to `user.yaml/x`: not a directory", "mend the link"),
        ("../../out", "o", "the link `o` leads out of the git repository, to `../../out`", "copy what it leads to"),
        (
            "/etc/passwd",
            "p.yaml",
            "the link `p.yaml` leads out of the git repository, to `/etc/passwd`",
            "copy what it leads to",
        ),
        ("/", "q", "the link `q` leads out of the git repository, to `/`", "copy what it leads to"),
    ] {
        let ground = Ground::new(&[("git/features/user.yaml", USER), ("out/secret.yaml", "hunter2\n")]);
        ground.link(target, &format!("git/features/{path}"));
        let tail =
            if hint.starts_with("copy") { ", or list the link in .weirignore" } else { ", or list it in .weirignore" };
        ground
            .check(1, &format!("error[L001]: {reason}\n --> {path}\nhint: {hint}{tail}\n\n1 error in 1 declaration."));
        ground.place.write("git/features/.weirignore", &format!("/{path}\n"));
        ground.check(0, "Valid: 1 declaration.");
    }
}

#[test]
fn where_there_is_no_git_links_stay_in_the_repo() {
    let place = Repo::new(&[("features/weir.toml", ""), ("features/user.yaml", USER), ("common/x.yaml", USER)]);
    place.remove("weir.toml");
    symlink("../common", place.path().join("features/shared")).unwrap();
    says(
        &place,
        &run(&place, &["-q", "-C", "features", "validate"]).exits(1).stderr,
        "
error[L001]: the link `shared` leads out of the repo, to `../common`
 --> shared
hint: copy what it leads to, or list the link in .weirignore

1 error in 1 declaration.",
    );
}

#[test]
fn a_file_whose_ending_is_in_capitals_is_a_warning() {
    for name in ["user.YAML", "user.Yml", "user.yAml"] {
        let ground = Ground::new(&[(&format!("git/features/{name}"), USER)]);
        let said = run(&ground.place, &["-C", "git/features", "-v", "validate", "--offline"]).exits(0);
        let fixed = if name.len() == 9 { "user.yaml" } else { "user.yml" };
        let ending = name.rsplit_once('.').unwrap().1;
        says(
            &ground.place,
            &said.stderr.replace(
                "--offline: sources were not opened, and queries were not checked against their columns.\n",
                "",
            ),
            &format!(
                "
warning[L016]: `{name}` is not read: its ending is `.{ending}`
 --> {name}
hint: rename it to `{fixed}`, or list it in .weirignore
1 warning: 1 not read (L016)"
            ),
        );
        says(&ground.place, &said.stdout, "Valid: 0 declarations.");
    }
}

#[test]
fn a_repo_inside_a_repo_is_named() {
    let ground = Ground::new(&[
        ("git/features/user.yaml", USER),
        ("git/features/inner/weir.toml", ""),
        ("git/features/inner/user.yaml", USER),
    ]);
    ground.check(
        1,
        "
error[L015]: `inner` is a feature repo inside this one: its declarations would belong to both
 --> inner/weir.toml
hint: remove `inner/weir.toml`, or list `inner/` in .weirignore

1 error in 1 declaration.",
    );
    ground.place.write("git/features/.weirignore", "inner/\n");
    ground.check(0, "Valid: 1 declaration.");
}

#[test]
fn a_repo_that_holds_nothing_says_that_everything_goes() {
    let repo = super::applied();
    std::fs::rename(repo.path().join("user.yaml"), repo.path().join("user.YAML")).unwrap();
    says(
        &repo,
        &run(&repo, &["-q", "plan"]).exits(0).stdout,
        "
Workspace prod (live), the default, at serial 1

- Entity.user

warning: the repo declares nothing, and this plan deletes all that workspace
  `prod` records: 1 resource
hint: check what lies in the repo, and what .gitignore and .weirignore leave out

Plan: 0 to create, 0 to update, 0 to recreate, 1 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.",
    );
}

/// What git ignores by the repository's own files is what we ignore.
#[test]
fn git_agrees_on_what_is_ignored() {
    if !installed("git") {
        return;
    }
    let git = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        output(clean(&mut command).current_dir(folder).args(arguments))
    };
    let files: &[&str] = &[
        "a.yaml",
        "b c.yaml",
        "d/a.yaml",
        "d/e/a.yaml",
        "d/e/f.yaml",
        "x/{a,b}.yaml",
        "x/a.yaml",
        "x/[a].yaml",
        "x/!a.yaml",
    ];
    for rules in [
        "*.yaml",
        "/a.yaml",
        "a.yaml\n!d/a.yaml",
        "d/",
        "d/*\n!d/e",
        "d/*\n!d/e/\nd/e/*\n!d/e/f.yaml",
        "**/e",
        "d/**",
        "d/**/a.yaml",
        "*.{yaml,yml}",
        "x/{a,b}.yaml",
        "x/[a].yaml",
        "x/\\[a\\].yaml",
        "\\!a.yaml",
        "!a.yaml",
        "a.yaml ",
        "b\\ c.yaml",
        "b c.yaml",
        "# a.yaml",
        "\\#a",
        "/",
        "//",
        "d//a.yaml",
        "a.yaml/",
        "?.yaml",
        "[!a].yaml",
        "[^a].yaml",
        "[a-d].yaml",
        "*",
        "*\n!*/\n!a.yaml",
        "**",
        "***",
        "d**",
        "**a.yaml",
        "e/a.yaml",
        "/e",
        "d/e/",
        "d/e/*",
        "[{]a",
        "*.yaml\r\n",
        "\u{feff}a.yaml",
        "d\\/a.yaml",
        "[]a].yaml",
        "a.ya\\ml",
        "!",
        "\\",
        "d/*/",
        "*/a.yaml",
        "/*/a.yaml",
        "/**/a.yaml",
        "**/d/**",
        "d/../a.yaml",
        "./a.yaml",
    ] {
        let repo = Repo::new(&[(".gitignore", rules)]);
        git(repo.path(), &["init", "-q", "."]);
        for (index, file) in files.iter().enumerate() {
            repo.write(file, &entity(&format!("e{index}")));
        }
        let ignored = git(repo.path(), &[&["check-ignore"], files].concat()).stdout;
        let kept = files.len() - ignored.iter().filter(|it| **it == b'\n').count();
        let said = run(&repo, &["-q", "validate"]);
        if said.code == Some(1) && said.stderr.starts_with("error[L001]: `.gitignore` cannot be read") {
            continue;
        }
        let plural = if kept == 1 { "" } else { "s" };
        assert_eq!(said.stdout, format!("Valid: {kept} declaration{plural}.\n"), "{rules}");
        assert_eq!(said.code, Some(0), "{rules}: {}", said.stderr);
    }
}

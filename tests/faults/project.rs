//! weir.toml, and where weir is told to look.

use super::{USER, answer, run, says};
use crate::support::{Repo, weir};

/// Checks what is said to this weir.toml.
#[track_caller]
fn check(toml: &str, expected: &str) {
    let expected = &format!("{}\n\n1 error in 1 declaration.", expected.trim());
    let repo = Repo::new(&[("weir.toml", toml), ("user.yaml", USER)]);
    for arguments in [["-q", "validate"], ["-q", "plan"]] {
        says(&repo, &run(&repo, &arguments).exits(1).stderr, expected);
    }
    let apply = run(&repo, &["-q", "apply", "-y"]).exits(1);
    says(&repo, &apply.stderr, &format!("{}\nNothing was applied.", expected.trim()));
    assert!(!repo.registry().exists());
}

#[test]
fn unknown_keys_are_named_with_the_one_that_was_meant() {
    let keys = "`workspace`, `registry`, `defaults`, `engine`, `redshift`, `snowflake`, `offline_store`, `online_store`, `materialization`";
    check(
        "workspce = \"prod\"\n",
        &format!(
            "
error[L012]: weir.toml: unknown field `workspce`, expected one of {keys}
 --> weir.toml:1:1
  |
1 | workspce = \"prod\"
  | ^^^^^^^^
hint: did you mean `workspace`?"
        ),
    );
    check(
        "[registry]\nurll = \"x\"\n",
        "
error[L012]: weir.toml: unknown field `urll`, expected `url`
 --> weir.toml:2:1
  |
2 | urll = \"x\"
  | ^^^^
hint: did you mean `url`?",
    );
    check(
        "[defaults.Entity]\nonwer = \"me\"\n",
        "
error[L012]: [defaults.Entity]: `onwer` is not a field of Entity
 --> weir.toml:2:1
  |
2 | onwer = \"me\"
  | ^^^^^
hint: did you mean `owner`?",
    );
}

#[test]
fn values_of_the_wrong_type_are_named() {
    check(
        "workspace = 3\n",
        "
error[L012]: weir.toml: invalid type: integer `3`, expected a string
 --> weir.toml:1:13
  |
1 | workspace = 3
  |             ^",
    );
    check(
        "[defaults.Entity]\nowner = 3\n",
        "
error[L012]: [defaults.Entity]: `owner`: invalid type: integer `3`, expected a string
 --> weir.toml:2:1
  |
2 | owner = 3
  | ^^^^^",
    );
}

#[test]
fn a_url_in_the_place_of_a_section_is_told_where_it_belongs() {
    let repo = Repo::new(&[("weir.toml", "registry = \"sqlite://x.db\"\n")]);
    let run = run(&repo, &["-q", "plan"]).exits(1);
    assert!(run.stderr.starts_with("error[L012]: weir.toml: "), "{}", run.stderr);
    assert!(!run.stderr.contains("struct"), "a person does not know our types:\n{}", run.stderr);
}

#[test]
fn what_is_no_toml_is_named() {
    check(
        "workspace = = 3\n",
        "
error[L012]: weir.toml: extra `=`, expected nothing
 --> weir.toml:1:13
  |
1 | workspace = = 3
  |             ^",
    );
}

#[test]
fn an_unset_variable_is_named_by_the_command_that_needs_it() {
    let repo =
        Repo::new(&[("weir.toml", "[registry]\nurl = \"sqlite://${REGISTRY_FOLDER}/x.db\"\n"), ("user.yaml", USER)]);
    let expected = "
error[L012]: environment variable `REGISTRY_FOLDER` is not set, and [registry] of weir.toml uses it
 --> weir.toml:2:17
  |
2 | url = \"sqlite://${REGISTRY_FOLDER}/x.db\"
  |                 ^^^^^^^^^^^^^^^^^^
hint: set it, as `export REGISTRY_FOLDER=...`";
    for arguments in [&["-q", "plan"][..], &["list"], &["log"], &["workspace", "list"], &["show", "Entity.user"]] {
        says(&repo, &run(&repo, arguments).exits(1).stderr, expected);
    }
    says(&repo, &run(&repo, &["-q", "validate"]).exits(0).stdout, "Valid: 1 declaration.");
    run(&repo, &["-q", "graph"]).exits(0);
    run(&repo, &["-q", "--registry", "sqlite://other.db", "registry", "init"]).exits(0);
    run(&repo, &["-q", "--registry", "sqlite://other.db", "apply", "-y"]).exits(0);
    answer(weir(repo.path()).args(["-q", "plan"]).env("WEIR_REGISTRY_URL", "sqlite://other.db")).exits(0);
}

#[test]
fn a_secret_that_is_not_set_is_missed_by_nobody_who_does_not_sign_in() {
    let sections = "[redshift]\npassword = \"${RS_PW}\"\n[snowflake]\ntoken = \"${SF}\"\n[engine]\nurl = \"sc://${H}\"\n\
                    [online_store]\nurl = \"redis://:${PW}@h\"\n[offline_store]\nurl = \"s3://${B}\"\n";
    let repo = Repo::new(&[("weir.toml", sections), ("user.yaml", USER)]);
    for arguments in
        [&["-q", "validate"][..], &["-q", "plan", "--offline"], &["-q", "apply", "-y"], &["list"], &["log"]]
    {
        run(&repo, arguments).exits(0);
    }
}

#[test]
fn mistakes_in_weir_toml_are_shown_with_those_in_declarations() {
    let repo = Repo::new(&[
        (
            "weir.toml",
            "workspce = \"x\"\n[registry]\nurll = \"x\"\n[redshfit]\nuser = 1\n[defaults.Entity]\nowner = 3\n",
        ),
        ("user.yaml", "kind: Entity\nname: user\nonwer: me\n"),
    ]);
    let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
    let errors: Vec<&str> = stderr.lines().filter(|it| it.starts_with("error") || it.starts_with(" -->")).collect();
    let places: Vec<&str> = errors.iter().filter_map(|it| it.strip_prefix(" --> ")).collect();
    assert_eq!(
        places,
        ["weir.toml:1:1", "weir.toml:3:1", "weir.toml:4:2", "weir.toml:7:1", "user.yaml:3:1"],
        "{stderr}"
    );
    for (format, found) in [
        ("json", "\"file\": \"weir.toml\""),
        ("github", "::error file=weir.toml,line=1,"),
        ("sarif", "\"weir.toml\""),
        ("markdown", "weir.toml"),
    ] {
        let run = run(&repo, &["-q", "validate", "--format", format]).exits(1);
        assert!(run.stdout.contains(found) && run.stdout.contains("user.yaml"), "{format}: {}", run.stdout);
    }
    let plan = run(&repo, &["-q", "plan"]).exits(1);
    assert_eq!(plan.stderr, stderr);
    // What a declaration lacks may be what stands in the line at fault.
    let repo = Repo::new(&[
        ("weir.toml", "[defaults.BatchSource]\nbatch_config = 3\n"),
        ("b.yaml", "kind: BatchSource\nname: b\n"),
    ]);
    let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
    assert!(stderr.ends_with("\n1 error in 1 declaration.\n"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_weir_toml_that_cannot_be_read_is_a_repo_all_the_same() {
    let outer = Repo::new(&[("inner/user.yaml", USER)]);
    let at = |path: &str| outer.path().join(path);
    let said = |expected: &str| {
        for arguments in [["-q", "plan"], ["-q", "list"]] {
            let run = answer(super::unprivileged(weir(&at("inner")).args(arguments))).exits(1);
            assert!(run.stderr.starts_with(expected), "{}", run.stderr);
        }
    };
    super::permit(outer.path(), 0o755);
    std::fs::create_dir(at("inner/weir.toml")).unwrap();
    said("error[L012]: `weir.toml` cannot be read: is a directory\n");
    std::fs::remove_dir(at("inner/weir.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("inner/weir.toml")).unwrap();
    said("error[L012]: `");
    std::fs::remove_file(at("inner/weir.toml")).unwrap();
    outer.write("inner/weir.toml", "");
    super::permit(&at("inner/weir.toml"), 0o000);
    said("error[L012]: `weir.toml` cannot be read: permission denied\n");
}

#[test]
fn a_folder_above_is_found_by_its_real_path() {
    let outer = Repo::new(&[("a/weir.toml", ""), ("a/b/x", "")]);
    outer.write("user.yaml", USER);
    outer.remove("weir.toml");
    let run = answer(weir(&outer.path().join("a")).args(["-q", "-C", "..", "validate"])).exits(1);
    assert!(run.stderr.starts_with("error[L015]: no weir.toml in `"), "{}", run.stderr);
}

#[test]
fn a_repo_is_not_started_inside_a_repo() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    for folder in ["inner", "deep/er"] {
        says(
            &repo,
            &run(&repo, &["init", folder]).exits(1).stderr,
            &format!(
                "
error[L015]: `REPO/{folder}` lies in the feature repo `REPO`
hint: write declarations there, or choose a folder outside of it: a repo inside a repo is read by both"
            ),
        );
        assert!(!repo.path().join(folder).exists());
    }
}

#[test]
fn in_ci_nothing_that_earlier_runs_remember_is_believed() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    run(&repo, &["-q", "validate"]).exits(0);
    let caches = |it: &Repo| {
        std::fs::read_dir(it.path().join(".weir"))
            .unwrap()
            .filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().ends_with(".cache"))
            .count()
    };
    assert!(caches(&repo) > 0);
    // A cache that speaks for another repo: it checks out, and says that nothing has changed.
    let path = repo.path().join(".weir/parse.cache");
    let text = std::fs::read_to_string(&path).unwrap();
    repo.write("user.yaml", super::USER_EDITED);
    let said = |ci: &str| answer(weir(repo.path()).args(["-q", "plan"]).env("CI", ci)).exits(0).stdout;
    assert!(said("true").contains("1 to update"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a run in CI remembers nothing");
}

#[test]
fn a_variable_without_its_brace_is_no_file_name() {
    let repo = Repo::new(&[("weir.toml", "[registry]\nurl = \"sqlite://${HOME/x.db\"\n"), ("user.yaml", USER)]);
    let run = run(&repo, &["-q", "apply", "-y"]).exits(1);
    assert!(run.stderr.starts_with("error[L012]: "), "{}", run.stderr);
}

#[test]
fn a_toml_that_is_not_utf_8_is_not_replaced_by_init() {
    let repo = Repo::new(&[]);
    std::fs::write(repo.path().join("weir.toml"), b"\xff\xfew\0").unwrap();
    says(
        &repo,
        &run(&repo, &["-q", "plan"]).exits(1).stderr,
        "
error[L012]: `weir.toml` cannot be read: it is not UTF-8 text
 --> weir.toml
hint: save it as UTF-8

1 error in 0 declarations.",
    );
}

#[test]
fn a_folder_that_is_missing_or_no_repo_is_named() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    says(
        &repo,
        &run(&repo, &["-C", "nowhere", "plan"]).exits(1).stderr,
        "
error[L015]: `REPO/nowhere` is not a folder
hint: name an existing folder after -C",
    );
    says(
        &repo,
        &run(&repo, &["-C", "user.yaml", "plan"]).exits(1).stderr,
        "
error[L015]: `REPO/user.yaml` is not a folder
hint: name an existing folder after -C",
    );
    repo.remove("weir.toml");
    says(
        &repo,
        &run(&repo, &["plan"]).exits(1).stderr,
        "
error[L015]: no weir.toml in `REPO` or above: this is not a feature repo
hint: run `weir init` to start one, or name its folder with -C",
    );
}

#[test]
fn an_empty_repo_has_nothing_to_do_and_makes_no_registry() {
    let repo = Repo::new(&[]);
    let expected = "
new registry at .weir/registry.db: nothing is recorded, nothing is protected
Workspace prod (live), the default, at serial 0

No changes. The registry matches the repo (0 unchanged).";
    says(&repo, &run(&repo, &["-q", "plan"]).exits(0).stdout, expected);
    let apply = run(&repo, &["-q", "apply"]).exits(0);
    says(&repo, &apply.stdout, &format!("{expected}\nThere is nothing to do: nothing was applied."));
    assert!(!repo.registry().exists());
}

#[test]
fn a_workspace_that_does_not_exist_is_named_with_the_one_that_was_meant() {
    let repo = super::applied();
    let before = super::bytes(&repo);
    for arguments in [&["-q", "plan", "-w", "prodd"][..], &["list", "-w", "prodd"], &["log", "-w", "prodd"]] {
        says(
            &repo,
            &run(&repo, arguments).exits(1).stderr,
            "
error[G005]: workspace `prodd` does not exist (from --workspace)
hint: did you mean `prod`?",
        );
    }
    let apply = answer(weir(repo.path()).args(["-q", "apply", "-y"]).env("WEIR_WORKSPACE", "staging")).exits(1);
    says(
        &repo,
        &apply.stderr,
        "
error[G005]: workspace `staging` does not exist (from WEIR_WORKSPACE)
hint: run `weir workspace create staging`, or choose one of prod
Nothing was applied.",
    );
    assert_eq!(super::bytes(&repo), before);
}

/// A mistake beside a secret must not show it: what is printed ends up in the log of a CI.
#[test]
fn secrets_are_not_shown_with_the_mistakes_beside_them() {
    for toml in [
        "[redshift]\npasswort = \"hunter2\"\n",
        "[redshift]\npassword = \"hunter2\n",
        "[redshift]\npassword = 1234567\n",
        "[snowflake]\ntoken = \"hunter2${NOPE\"\n",
        "[engine]\nurl = \"sc://host/;token=hunter2${NOPE\"\n",
        "\nredshift = { password = \"hunter2\", usr = \"me\" }\n",
        "\nredshift.passwort = \"hunter2\"\n",
        "[snowflake]\nprivate_key = \"\"\"\nhunter2 \\q\n\"\"\"\n",
    ] {
        let repo = Repo::new(&[("weir.toml", toml), ("user.yaml", USER)]);
        let run = run(&repo, &["-q", "validate"]).exits(1);
        assert!(run.stderr.contains("weir.toml:2:") || run.stderr.contains("weir.toml:3:"), "{}", run.stderr);
        assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("1234567"), "{}", run.stderr);
    }
}

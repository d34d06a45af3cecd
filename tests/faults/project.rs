//! weir.toml, and where weir is told to look.

use super::{USER, answer, run, says};
use crate::support::{Repo, weir};

/// Checks what is said to this weir.toml.
#[track_caller]
fn check(toml: &str, expected: &str) {
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
fn an_unset_variable_is_named() {
    check(
        "[registry]\nurl = \"sqlite://${REGISTRY_FOLDER}/x.db\"\n",
        "
error[L012]: environment variable `REGISTRY_FOLDER` is not set, and [registry] of weir.toml uses it
 --> weir.toml:2:17
  |
2 | url = \"sqlite://${REGISTRY_FOLDER}/x.db\"
  |                 ^^^^^^^^^^^^^^^^^^
hint: set it, as `export REGISTRY_FOLDER=...`",
    );
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
hint: save it as UTF-8",
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
        "[snowflake]\ntoken = \"hunter2${NOPE}\"\n",
        "[engine]\nurl = \"sc://host/;token=hunter2${NOPE}\"\n",
        "\nredshift = { password = \"hunter2\", usr = \"me\" }\n",
        "\nredshift.passwort = \"hunter2\"\n",
        "[snowflake]\nprivate_key = \"\"\"\nhunter2 \\q\n\"\"\"\n",
    ] {
        let repo = Repo::new(&[("weir.toml", toml), ("user.yaml", USER)]);
        let run = run(&repo, &["-q", "validate"]).exits(1);
        assert!(run.stderr.contains("weir.toml:2:") || run.stderr.contains("weir.toml:3:"), "{}", run.stderr);
        assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("1234567"), "{}", run.stderr);
    }
    check(
        "[snowflake]\ntoken = \"${NOPE}\"\n",
        "
error[L012]: environment variable `NOPE` is not set, and [snowflake] of weir.toml uses it
 --> weir.toml:2:10
  |
2 | token = \"${NOPE}\"
  |          ^^^^^^^
hint: set it, as `export NOPE=...`",
    );
}

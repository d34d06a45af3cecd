//! What git and a CI say of an apply, and what is made of it when they say nothing, or something else.

use serde_json::Value;

use super::{USER, answer};
use crate::support::{Repo, installed, weir};

/// Runs git in a repo, as nobody in particular.
fn git(repo: &Repo, arguments: &[&str]) {
    let mut command = std::process::Command::new("git");
    crate::support::clean(&mut command).current_dir(repo.path());
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    answer(command.args(identity).args(arguments)).exits(0);
}

fn committed() -> Repo {
    let repo = Repo::new(&[("user.yaml", USER)]);
    git(&repo, &["init", "-q"]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-q", "-m", "first"]);
    repo
}

fn log(repo: &Repo) -> Value {
    serde_json::from_str(&repo.run(&["log", "--format", "json"]).exits(0).stdout).unwrap()
}

/// Git tells its hooks which repository is meant, and a hook of one may run weir in another.
#[test]
fn the_hook_of_another_repository_says_nothing_of_this_one() {
    if !installed("git") {
        return;
    }
    let (repo, other) = (committed(), Repo::new(&[("other.txt", "other\n")]));
    git(&other, &["init", "-q"]);
    let mut apply = weir(repo.path());
    apply.args(["apply", "-y"]);
    for (name, path) in [
        ("GIT_DIR", ".git"),
        ("GIT_WORK_TREE", ""),
        ("GIT_INDEX_FILE", ".git/index"),
        ("GIT_OBJECT_DIRECTORY", ".git/objects"),
        ("GIT_COMMON_DIR", ".git"),
    ] {
        apply.env(name, other.path().join(path));
    }
    let said = answer(apply.env("GIT_PREFIX", "deep/")).exits(0);
    assert!(!said.stderr.contains("P013"), "{}", said.stderr);
    let mut head = std::process::Command::new("git");
    crate::support::clean(&mut head).current_dir(repo.path()).args(["rev-parse", "HEAD"]);
    let head = answer(&mut head).exits(0).stdout;
    assert_eq!(log(&repo)[0]["git_commit"], head.trim());
    assert_eq!(log(&repo)[0]["dirty"], false);
}

/// No repository, no commit yet and no git at all are nothing to speak of; everything else is said, and stops nothing.
#[test]
fn what_git_cannot_say_is_a_warning_and_what_is_not_there_is_none() {
    if !installed("git") {
        return;
    }
    let plain = Repo::new(&[("user.yaml", USER)]);
    let unborn = Repo::new(&[("user.yaml", USER)]);
    git(&unborn, &["init", "-q"]);
    for repo in [&plain, &unborn] {
        let said = repo.run(&["apply", "-y"]).exits(0);
        assert!(!said.stderr.contains("warning["), "{}", said.stderr);
        assert_eq!(log(repo)[0]["git_commit"], Value::Null);
    }
    let without = Repo::new(&[("user.yaml", USER)]);
    let said = answer(weir(without.path()).args(["apply", "-y"]).env("PATH", "/nonexistent")).exits(0);
    assert!(!said.stderr.contains("warning["), "{}", said.stderr);

    let (moved, cut, config, index) = (committed(), committed(), committed(), committed());
    std::fs::remove_dir_all(moved.path().join(".git")).unwrap();
    moved.write(".git", "gitdir: /nonexistent/elsewhere\n");
    cut.write(".git/HEAD", "0123456789012345678901234567890123456789\n");
    config.write(".git/config", "[core\n");
    index.write(".git/index", "no index");
    for (repo, words) in
        [(&moved, "not a git repository: /nonexistent/elsewhere"), (&config, "bad config line 1"), (&index, "index")]
    {
        let said = repo.run(&["apply", "-y", "-q"]).exits(0);
        assert!(said.stderr.contains("warning[P013]: git does not say what the repo is at: "), "{}", said.stderr);
        assert!(said.stderr.contains(words), "{}", said.stderr);
        assert_eq!(log(repo)[0]["dirty"], Value::Null, "not known is not clean");
        let said = repo.run(&["apply", "-y", "--require-clean"]).exits(1);
        assert!(said.stderr.contains("error[P012]"), "{}", said.stderr);
    }
    // Files of another user, as in a container.
    let foreign = committed();
    for (arguments, code) in [(&["apply", "-y", "-q"][..], 0), (&["apply", "-y", "--require-clean"], 1)] {
        let run = answer(weir(foreign.path()).args(arguments).env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")).exits(code);
        let folder = foreign.path().canonicalize().unwrap();
        let hint =
            format!("hint: trust this folder: `git config --global --add safe.directory '{}'`\n", folder.display());
        assert!(run.stderr.contains("detected dubious ownership"), "{}", run.stderr);
        assert!(run.stderr.contains(&hint), "{}", run.stderr);
    }
    assert_eq!(log(&foreign)[0]["git_commit"], Value::Null);
    // A commit that is not there is named, and is no clean one.
    let said = cut.run(&["plan", "--require-clean"]).exits(1);
    assert!(said.stderr.contains("error[P012]"), "{}", said.stderr);
}

/// Each CI says who started it in a variable of its own; what is said to weir comes first.
#[test]
fn the_actor_is_who_started_the_ci() {
    let of = |variables: &[(&str, &str)]| {
        let repo = Repo::new(&[("user.yaml", USER)]);
        let mut apply = weir(repo.path());
        let apply = apply.args(["apply", "-y", "--create-registry"]).env_remove("WEIR_ACTOR").env("USER", "root");
        answer(apply.envs(variables.iter().copied())).exits(0);
        log(&repo)[0]["actor"].as_str().unwrap().to_owned()
    };
    assert_eq!(of(&[]), "root");
    for (ci, variable) in [
        ("GITHUB_ACTIONS", "GITHUB_ACTOR"),
        ("GITLAB_CI", "GITLAB_USER_LOGIN"),
        ("JENKINS_URL", "BUILD_USER_ID"),
        ("JENKINS_URL", "CHANGE_AUTHOR"),
        ("BUILDKITE", "BUILDKITE_BUILD_CREATOR"),
        ("CIRCLECI", "CIRCLE_USERNAME"),
        ("TF_BUILD", "BUILD_REQUESTEDFOR"),
    ] {
        let said = [("CI", "true"), (ci, "1"), (variable, "ada")];
        assert_eq!(of(&said), "ada", "{variable}");
        let explicit = [said[0], said[1], said[2], ("WEIR_ACTOR", "grace")];
        assert_eq!(of(&explicit), "grace", "{variable}");
        let empty = [said[0], said[1], (variable, "")];
        assert_eq!(of(&empty), "root", "an empty {variable} says nothing");
    }
}

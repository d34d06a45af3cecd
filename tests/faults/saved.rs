//! Saved plans: exactly what was shown is carried out, once, where it was made for.

use super::{USER, USER_EDITED, applied, bytes, recorded, run, says};
use crate::support::Repo;

/// An applied repo with an edit, and a plan of it in `edit.plan`.
fn planned() -> Repo {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    repo
}

/// Checks that the plan is refused with these words, and that no byte of the registry changes.
#[track_caller]
fn refused(repo: &Repo, arguments: &[&str], expected: &str) {
    let before = bytes(repo);
    let apply = run(repo, &[&["-q", "apply", "-y", "edit.plan"], arguments].concat()).exits(1);
    says(repo, &apply.stderr, &format!("{}\nNothing was applied.", expected.trim()));
    assert!(before == bytes(repo), "a refused plan wrote to the registry");
}

fn edit(repo: &Repo, from: &str, to: &str) {
    let text = std::fs::read_to_string(repo.path().join("edit.plan")).unwrap();
    assert!(text.contains(from), "{text}");
    repo.write("edit.plan", &text.replace(from, to));
}

#[test]
fn an_edited_plan_is_refused() {
    for (from, to) in [
        ("whoever clicks", "whoever pays"),
        ("\"base_serial\": 1", "\"base_serial\": 2"),
        ("\"workspace\": \"prod\"", "\"workspace\": \"dev\""),
    ] {
        let repo = planned();
        edit(&repo, from, to);
        refused(
            &repo,
            &[],
            "
error[P007]: `REPO/edit.plan` was edited after it was saved
hint: plan again: what is applied is what was shown",
        );
    }
}

#[test]
fn a_plan_that_was_only_formatted_again_is_still_the_plan() {
    let repo = planned();
    edit(&repo, "\n", "\r\n");
    run(&repo, &["-q", "apply", "-y", "edit.plan"]).exits(0);
}

const NO_PLAN: &str = "
error[P007]: `REPO/edit.plan` is not a saved plan, or only a part of one
hint: make one with `weir plan --out FILE`";

#[test]
fn a_plan_that_was_cut_off_is_refused() {
    let repo = planned();
    let whole = std::fs::read(repo.path().join("edit.plan")).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        std::fs::write(repo.path().join("edit.plan"), &whole[..length]).unwrap();
        refused(&repo, &[], NO_PLAN);
    }
}

#[test]
fn what_is_no_plan_is_refused() {
    let repo = planned();
    repo.write("edit.plan", "{}");
    refused(&repo, &[], NO_PLAN);
    repo.write("edit.plan", "{\"format\": \"weir plan 99\"}");
    refused(
        &repo,
        &[],
        "
error[P007]: `REPO/edit.plan` was saved as `weir plan 99`, which this weir does not read
hint: plan again with this weir",
    );
    repo.remove("edit.plan");
    let expected = "
error: the plan `REPO/edit.plan` cannot be read
  caused by: No such file or directory (os error 2)";
    refused(&repo, &[], expected);
}

#[test]
fn a_plan_of_another_workspace_is_refused() {
    let repo = planned();
    run(&repo, &["workspace", "create", "dev"]).exits(0);
    super::settle(&repo.registry());
    refused(
        &repo,
        &["-w", "dev"],
        "
error[P007]: this plan was made for workspace `prod`, and the workspace is `dev` (from --workspace)
hint: add `--workspace prod`, or plan again",
    );
}

#[test]
fn a_plan_of_another_registry_is_refused() {
    let repo = planned();
    let other = applied();
    let url = format!("sqlite://{}", other.registry().display());
    let before = bytes(&other);
    refused(
        &repo,
        &["--registry", &url],
        "
error[P007]: this plan was made for another registry, or for an earlier workspace of this name
hint: name the registry with --registry, or plan again",
    );
    assert!(before == bytes(&other));
}

#[test]
fn a_plan_whose_registry_is_gone_is_refused() {
    let repo = planned();
    repo.remove(".weir/registry.db");
    refused(
        &repo,
        &[],
        "
error[P007]: this plan was made for another registry, or for an earlier workspace of this name
hint: name the registry with --registry, or plan again",
    );
    assert!(!repo.registry().exists());
}

#[test]
fn a_plan_of_a_workspace_that_was_made_again_is_refused() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    run(&repo, &["workspace", "create", "dev"]).exits(0);
    run(&repo, &["-q", "apply", "-y", "-w", "dev"]).exits(0);
    repo.write("user.yaml", USER_EDITED);
    run(&repo, &["-q", "plan", "-w", "dev", "--out", "edit.plan"]).exits(0);
    run(&repo, &["-q", "workspace", "delete", "dev", "-y"]).exits(0);
    run(&repo, &["workspace", "create", "dev"]).exits(0);
    repo.write("user.yaml", "kind: Entity\nname: merchant\n");
    run(&repo, &["-q", "apply", "-y", "-w", "dev"]).exits(0);
    let before = run(&repo, &["list", "-w", "dev"]).exits(0).stdout;
    let apply = run(&repo, &["-q", "apply", "-y", "-w", "dev", "edit.plan"]).exits(1);
    assert!(apply.stderr.starts_with("error[P007]: ") || apply.stderr.starts_with("error[G004]: "), "{}", apply.stderr);
    assert_eq!(run(&repo, &["list", "-w", "dev"]).exits(0).stdout, before);
}

#[test]
fn a_plan_is_carried_out_once() {
    let repo = planned();
    let first = run(&repo, &["-q", "apply", "-y", "edit.plan"]).exits(0);
    assert!(first.stdout.ends_with("\nApplied 1 change to workspace prod. Registry is at serial 2.\n"), "{first:?}");
    super::settle(&repo.registry());
    refused(
        &repo,
        &[],
        "
error[G004]: registry changed since this plan (was 1, is 2)
hint: run `weir plan` again",
    );
}

#[test]
fn a_stale_plan_is_refused() {
    let repo = planned();
    repo.write("merchant.yaml", "kind: Entity\nname: merchant\n");
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    super::settle(&repo.registry());
    refused(
        &repo,
        &[],
        "
error[G004]: registry changed since this plan (was 1, is 2)
hint: run `weir plan` again",
    );
}

#[test]
fn a_first_plan_is_refused_when_another_was_first() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    assert!(!repo.registry().exists(), "a plan made a registry");
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    super::settle(&repo.registry());
    refused(
        &repo,
        &[],
        "
error[G004]: registry changed since this plan (was 0, is 1)
hint: run `weir plan` again",
    );
}

#[test]
fn a_plan_that_is_carried_out_needs_no_repo() {
    let repo = planned();
    let other = Repo::new(&[]);
    other.remove("weir.toml");
    std::fs::copy(repo.path().join("edit.plan"), other.path().join("edit.plan")).unwrap();
    let url = format!("sqlite://{}", repo.registry().display());
    run(&other, &["-q", "apply", "-y", "edit.plan", "--registry", &url]).exits(0);
    assert!(recorded(&repo).contains("whoever clicks"));
}

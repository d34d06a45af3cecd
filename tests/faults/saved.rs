//! Saved plans: exactly what was shown is carried out, once, where it was made for.

use serde_json::{Value, json};

use super::{USER, USER_EDITED, applied, bytes, recorded, run, says};
use crate::support::{Repo, Run};

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

// ---- A backup that was put back, and copies -------------------------------------------------------------------------

const SOURCE: &str =
    "kind: PushSource\nname: NAME\nschema: [{ name: user_id, dtype: String }, { name: ts, dtype: Timestamp }]\n";

fn source(name: &str) -> String {
    SOURCE.replace("NAME", name)
}

/// A plan of `junk`, row 2 at serial 2, in `edit.plan`, and then a registry in which serial 2 came another way.
#[track_caller]
fn put_back(edit: impl FnOnce(&Repo), then: impl FnOnce(&Repo)) -> Repo {
    let repo = applied();
    std::fs::copy(repo.registry(), repo.path().join("backup.db")).unwrap();
    repo.write("source.yaml", &source("junk"));
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    edit(&repo);
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    super::settle(&repo.registry());
    std::fs::copy(repo.path().join("backup.db"), repo.registry()).unwrap();
    then(&repo);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    super::settle(&repo.registry());
    repo
}

const OTHER_STATE: &str = "
error[G004]: the registry holds something else than when this plan was made, though it is at serial 2 again
hint: run `weir plan` again";

#[test]
fn a_plan_made_before_a_backup_was_put_back_is_refused() {
    let protected = |repo: &Repo| repo.write("source.yaml", &(source("payments") + "prevent_destroy: true\n"));
    let renamed = source("sink") + "renamed_from: junk\n";
    for edit in [
        &(source("junk") + "description: changed\n"),
        &source("junk").replace("user_id", "customer_id"),
        &renamed,
        USER,
    ] {
        let repo = put_back(|repo| repo.write("source.yaml", edit.replace(USER, "").as_str()), protected);
        refused(&repo, &[], OTHER_STATE);
        assert!(run(&repo, &["list"]).exits(0).stdout.contains("PushSource.payments  yes"));
    }
}

/// The same resources, recorded in another order: the same state, other numbers.
#[test]
fn a_plan_finds_its_rows_by_name_where_their_numbers_are_others() {
    let repo = applied();
    std::fs::copy(repo.registry(), repo.path().join("backup.db")).unwrap();
    let all = source("a") + "---\n" + &source("b");
    repo.write("source.yaml", &all);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    repo.write("source.yaml", &(all.clone() + "description: changed\n"));
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    super::settle(&repo.registry());
    std::fs::copy(repo.path().join("backup.db"), repo.registry()).unwrap();
    repo.write("source.yaml", &all);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    // Nothing of weir exchanges numbers: a hand does.
    super::sql(
        &repo.registry(),
        "CREATE TEMP TABLE kept AS SELECT state FROM workspace;
         UPDATE resource SET id = 100 WHERE name = 'a'; UPDATE resource SET id = 2 WHERE name = 'b';
         UPDATE resource SET id = 3 WHERE name = 'a'; UPDATE workspace SET state = (SELECT state FROM kept)",
    );
    refused(
        &repo,
        &[],
        "
error[P007]: `REPO/edit.plan` is not the plan that this weir makes of what it would record
note: `changes[0].id` is 3 in the file, and would be 2
hint: plan again: what is applied is what was shown",
    );
}

/// A copy has the identity of its original: it is told apart by what it holds.
#[test]
fn a_plan_of_a_copy_is_refused_once_the_two_have_parted() {
    let repo = applied();
    super::settle(&repo.registry());
    std::fs::copy(repo.registry(), repo.path().join("copy.db")).unwrap();
    repo.write("user.yaml", USER_EDITED);
    run(&repo, &["-q", "apply", "-y", "--registry", "copy.db"]).exits(0);
    repo.write("user.yaml", &USER_EDITED.replace("clicks", "pays"));
    run(&repo, &["-q", "plan", "--registry", "copy.db", "--out", "edit.plan"]).exits(0);
    repo.write("user.yaml", &USER_EDITED.replace("clicks", "browses"));
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    super::settle(&repo.registry());
    refused(&repo, &[], OTHER_STATE);
}

/// A registry that came to be meanwhile, and in which something was done, is not the one that was not there.
#[test]
fn a_plan_for_no_registry_is_refused_by_one_that_was_used() {
    for used in [&["workspace", "create", "dev"][..], &["apply", "-q", "-y", "-w", "dev"]] {
        let repo = Repo::new(&[("user.yaml", USER)]);
        run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
        run(&repo, &["workspace", "create", "dev"]).exits(0);
        if used[0] == "apply" {
            run(&repo, used).exits(0);
            run(&repo, &["-q", "workspace", "delete", "dev", "-y"]).exits(0);
        }
        super::settle(&repo.registry());
        refused(
            &repo,
            &[],
            "
error[G004]: there was no registry when this plan was made, and this one has been used since
hint: run `weir plan` again",
        );
    }
}

// ---- Edited plans with a fresh seal ---------------------------------------------------------------------------------

/// Edits the plan, and seals it as weir does.
#[track_caller]
fn forge(repo: &Repo, edit: impl FnOnce(&mut Value)) {
    let path = repo.path().join("edit.plan");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let before = file["plan"].clone();
    edit(&mut file["plan"]);
    assert_ne!(file["plan"], before, "the edit changes nothing");
    file["digest"] = json!(blake3::hash(file["plan"].to_string().as_bytes()).to_string());
    std::fs::write(path, file.to_string()).unwrap();
}

const VIEW: &str = "
kind: BatchSource
name: orders
batch_config: { kind: HiveConfig, database: shop, table: orders, timestamp_field: at }
---
kind: Entity
name: user_id
---
kind: BatchFeatureView
name: spend
entities: [user_id]
sources: [orders]
schema: [{ name: user_id, dtype: String }, { name: at, dtype: Timestamp }, { name: amount, dtype: Float64 }]
sql: SELECT user_id, at, amount FROM orders
online: true
offline: true
feature_start_time: 2026-01-01
PROTECTION
---
kind: FeatureService
name: ads
features: [spend]
";

/// A view whose query has changed, so that it and its service are recreated, in `edit.plan`.
fn recreated(protection: &str) -> (Repo, Run) {
    let view = VIEW.replace("PROTECTION", protection);
    let repo = Repo::new(&[("all.yaml", &view), ("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    repo.write(
        "all.yaml",
        &view.replace("SELECT user_id, at, amount FROM", "SELECT user_id, at, -amount AS amount FROM"),
    );
    let plan = run(&repo, &["-q", "plan", "--out", "edit.plan"]);
    super::settle(&repo.registry());
    (repo, plan)
}

fn change<'a>(plan: &'a mut Value, address: &str) -> &'a mut Value {
    plan["changes"].as_array_mut().unwrap().iter_mut().find(|it| it["address"] == address).unwrap()
}

const SPEND: &str = "BatchFeatureView.spend";

/// The guard looks at what would happen, and not at what the file says of it.
#[test]
fn a_refused_plan_with_milder_effects_is_refused_again() {
    let milder: [fn(&mut Value); 5] = [
        |plan| {
            plan["changes"].as_array_mut().unwrap().retain(|it| it["address"] == SPEND);
            plan["wire_orders"] = json!([]);
            let change = change(plan, SPEND);
            (change["action"], change["history_lost"]) = (json!("update"), Value::Null);
            change["fields"].as_array_mut().unwrap().iter_mut().for_each(|it| it["effect"] = json!("in_place"));
        },
        |plan| change(plan, SPEND)["fields"] = json!([]),
        |plan| plan["mode"] = json!("development"),
        |plan| change(plan, SPEND)["suppressed"] = json!(true),
        // Nothing of the view at all: its service alone.
        |plan| plan["changes"].as_array_mut().unwrap().retain(|it| it["address"] != SPEND),
    ];
    for (index, edit) in milder.into_iter().enumerate() {
        let (repo, plan) = recreated("prevent_destroy: true");
        plan.exits(3);
        forge(&repo, edit);
        let before = bytes(&repo);
        let apply = run(&repo, &["-q", "apply", "-y", "edit.plan"]);
        assert!(matches!(apply.code, Some(1 | 3)), "{index}: {apply:?}");
        assert!(index != 0 || apply.code == Some(3) && apply.stdout.contains("error[P002]"), "{apply:?}");
        assert!(apply.stderr.ends_with("Nothing was applied.\n"), "{apply:?}");
        assert!(before == bytes(&repo), "{index}: a forged plan wrote to the registry");
    }
}

/// What is falsified, and how.
type Falsified = (&'static str, fn(&mut Value));

/// Each thing that a plan says, said otherwise. Nothing here is protected: it is the lie that is refused.
#[test]
fn a_plan_that_says_anything_else_than_what_it_would_do_is_refused() {
    let falsified: [Falsified; 24] = [
        ("mode", |plan| plan["mode"] = json!("development")),
        ("registry", |plan| plan["registry"] = json!("another/1")),
        ("no registry", |plan| plan["registry"] = json!("")),
        ("base_serial", |plan| plan["base_serial"] = json!(0)),
        ("base_state", |plan| plan["base_state"] = json!("")),
        ("made_at", |plan| plan["made_at"] = json!("2036-01-01T00:00:00Z")),
        ("made_at earlier", |plan| plan["made_at"] = json!("2026-06-01T00:00:00Z")),
        ("suppress", |plan| plan["suppress"] = json!("all")),
        ("state", |plan| plan["state"] = json!("0")),
        ("unchanged", |plan| plan["unchanged"] = json!(9)),
        ("wire_orders", |plan| plan["wire_orders"] = json!([["FeatureService.ads", ["spend.x"]]])),
        ("learned", |plan| plan["learned"]["columns"] = json!([["BatchSource.orders", [["x", "String"]]]])),
        ("rewritten", |plan| plan["rewritten"] = json!([change(plan, SPEND)])),
        ("a change left out", |plan| drop(plan["changes"].as_array_mut().unwrap().pop())),
        ("action", |plan| change(plan, SPEND)["action"] = json!("update")),
        ("id", |plan| change(plan, SPEND)["id"] = json!(1)),
        ("effect", |plan| change(plan, SPEND)["fields"][0]["effect"] = json!("in place")),
        ("before", |plan| change(plan, SPEND)["before"]["spec"]["owner"] = json!("nobody")),
        ("depends_on", |plan| change(plan, SPEND)["after"]["depends_on"] = json!([])),
        ("suppressed", |plan| change(plan, SPEND)["suppressed"] = json!(true)),
        ("jobs", |plan| change(plan, SPEND)["jobs"] = json!([])),
        ("history_lost", |plan| change(plan, SPEND)["history_lost"] = json!(true)),
        ("path", |plan| change(plan, "FeatureService.ads")["path"] = Value::Null),
        ("digest", |plan| change(plan, SPEND)["digest"] = json!("00000000000000000000000000000000")),
    ];
    let (repo, plan) = recreated("");
    plan.exits(0);
    let sound = std::fs::read_to_string(repo.path().join("edit.plan")).unwrap();
    for (what, falsify) in falsified {
        repo.write("edit.plan", &sound);
        forge(&repo, falsify);
        let before = bytes(&repo);
        let apply = run(&repo, &["-q", "apply", "-y", "edit.plan"]);
        assert_eq!(apply.code, Some(1), "{what}: {apply:?}");
        assert!(
            apply.stderr.starts_with("error[P007]: ") || apply.stderr.starts_with("error[G004]: "),
            "{what}: {apply:?}"
        );
        assert!(apply.stderr.contains("\nhint: "), "{what}: {apply:?}");
        assert!(before == bytes(&repo), "{what}: a forged plan wrote to the registry");
    }
    repo.write("edit.plan", &sound);
    run(&repo, &["-q", "apply", "-y", "edit.plan"]).exits(0);
}

#[test]
fn a_plan_of_an_older_format_is_refused_with_a_sentence() {
    let repo = planned();
    edit(&repo, "weir plan 2", "weir plan 1");
    refused(
        &repo,
        &[],
        "
error[P007]: `REPO/edit.plan` was saved as `weir plan 1`, which this weir does not read
hint: plan again with this weir",
    );
}

#[test]
fn a_plan_that_was_asked_to_suppress_is_carried_out_as_it_was_shown() {
    let (repo, _) = recreated("");
    run(&repo, &["-q", "plan", "--suppress-recreates", "--out", "edit.plan"]).exits(0);
    let apply = run(&repo, &["-q", "apply", "-y", "edit.plan"]).exits(0);
    assert!(apply.stdout.contains("\n~ BatchFeatureView.spend"), "{apply:?}");
    assert!(run(&repo, &["-q", "plan", "--detailed-exitcode"]).exits(0).stdout.contains("No changes."));
}

//! Another engine reads the same text, and may read something else in it.

use crate::support::Repo;

const VIEW: &str = "\
kind: BatchFeatureView
name: spend
sources: [clicks]
entities: [user]
sql: SELECT user_id, ts, a || 'x' AS label FROM clicks
schema: [{ name: user_id, dtype: String }, { name: ts, dtype: Timestamp }, { name: label, dtype: String }]
";

const SPARK: &str = "[engine]\nkind = \"spark\"\n";

fn repo() -> Repo {
    Repo::new(&[
        ("user.yaml", "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n"),
        ("clicks.yaml", "kind: BatchSource\nname: clicks\nbatch_config: { kind: HiveConfig, database: d, table: t }\n"),
        ("view.yaml", VIEW),
    ])
}

fn plan(repo: &Repo, arguments: &[&str]) -> String {
    let run = repo.run(&[&["--color", "never", "-q", "plan", "--offline"], arguments].concat());
    run.stdout.split_once("\n\n").map_or(run.stdout.clone(), |it| it.1.to_owned())
}

const CHANGE: &str = "\
± BatchFeatureView.spend  view.yaml:1
    engine: (unset) -> spark  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
";

#[test]
fn a_query_that_another_engine_reads_is_another_query() {
    let repo = repo();
    repo.run(&["apply", "--yes", "--offline"]).exits(0);
    repo.write("weir.toml", SPARK);
    assert_eq!(plan(&repo, &[]), CHANGE);
    // A saved plan says so, too, and is carried out as it was shown.
    repo.run(&["plan", "--offline", "--out", "p.plan"]).exits(0);
    repo.run(&["apply", "--yes", "p.plan"]).exits(0);
    assert!(plan(&repo, &[]).starts_with("No changes"), "{}", plan(&repo, &[]));
    repo.run(&["registry", "check"]).exits(0);
    // Back again.
    repo.write("weir.toml", "");
    assert!(
        plan(&repo, &[]).contains("engine: spark -> (unset)  (recreates, can be suppressed)"),
        "{}",
        plan(&repo, &[])
    );
    repo.run(&["restore", "1", "--yes"]).exits(0);
    assert!(plan(&repo, &[]).starts_with("No changes"), "{}", plan(&repo, &[]));
}

#[test]
fn what_asks_no_engine_does_not_mind_which_it_is() {
    let repo = Repo::new(&[("user.yaml", "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n")]);
    repo.run(&["apply", "--yes", "--offline"]).exits(0);
    repo.write("weir.toml", SPARK);
    assert!(plan(&repo, &[]).starts_with("No changes"), "{}", plan(&repo, &[]));
}

#[test]
fn an_engine_is_not_declared_by_a_resource() {
    let repo = repo();
    repo.write("view.yaml", &format!("{VIEW}engine: spark\n"));
    let run = repo.run(&["--color", "never", "validate", "--offline"]).exits(1);
    assert!(run.stderr.starts_with("error[L004]") || run.stderr.contains("`engine`"), "{}", run.stderr);
}

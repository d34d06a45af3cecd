//! Queries that nobody can mean as they stand, found without opening a source.

use crate::support::Repo;

/// Returns what validate says of a view with this query, without its frame.
fn said(sql: &str) -> String {
    let view = format!("kind: BatchFeatureView\nname: w\nsources: [clicks]\nentities: [user]\nsql: |\n  {sql}\n");
    let repo = Repo::new(&[
        ("user.yaml", "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n"),
        ("clicks.yaml", "kind: BatchSource\nname: clicks\nbatch_config: { kind: HiveConfig, database: d, table: t }\n"),
        ("w.yaml", &view),
    ]);
    let run = repo.run(&["--color", "never", "validate", "--offline", "-v"]);
    let kept = |it: &&str| it.starts_with("error[") || it.starts_with("warning[D") || it.contains("--> w.yaml:6");
    let lines: Vec<&str> = run.stderr.lines().collect();
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if kept(line) {
            out.push_str(&format!("{line}\n"));
        }
        let belongs = lines[..index].iter().rev().find(|it| it.contains(" --> "));
        if line.starts_with("hint:") && belongs.is_some_and(|it| it.contains("w.yaml:6")) {
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}

#[test]
fn a_query_that_cannot_mean_what_it_says_is_found_where_it_is() {
    for (sql, says) in [
        (
            "SELECT user_id, ts, c, score AS c FROM clicks",
            "error[V003]: `sql` of `BatchFeatureView.w` yields two columns `c`\n --> w.yaml:6:26\n\
             hint: leave one of them out, or give it another name with AS\n",
        ),
        (
            "SELECT user_id, ts, c FROM {clicks}",
            "error[L014]: `sql` of `BatchFeatureView.w` is not SQL: expected: identifier, found: {\n --> w.yaml:6:30\n\
             hint: write the source's name, without braces\n",
        ),
        (
            "SELECT user_id, ts, c FROM clicks WHERE ts < TO_TIMESTAMP(\"{context.end_time}\")",
            "error[L014]: `sql` of `BatchFeatureView.w` cannot be read: `{context.end_time}` is a column here, and nothing fills it in\n \
             --> w.yaml:6:61\nhint: write `window_end()`\n",
        ),
        (
            "SELECT user_id, ts, c FROM clicks WHERE ts < '{context.start_time}'",
            "error[L014]: `sql` of `BatchFeatureView.w` cannot be read: `{context.start_time}` is a text here, and nothing fills it in\n \
             --> w.yaml:6:48\nhint: write `window_start()`\n",
        ),
        (
            "SELECT user_id, ts, c FROM clicks LIMIT -1",
            "error[L014]: `sql` of `BatchFeatureView.w` cannot be read: LIMIT takes 0 or more, and not -1\n --> w.yaml:6:44\n",
        ),
        (
            "SELECT user_id, ts, substr(c, 0, 1) AS c FROM clicks",
            "warning[D011]: `sql` of `BatchFeatureView.w`: `substr` counts from 1, and from position 0 it yields one letter less \
             than it is asked for\n --> w.yaml:6:30\nhint: start at 1\n",
        ),
    ] {
        assert_eq!(said(sql), says, "{sql}");
    }
}

#[test]
fn a_workspace_is_not_told_from_another_by_its_case() {
    let repo = Repo::new(&[("user.yaml", "kind: Entity\nname: user\njoin_keys: [user_id]\n")]);
    repo.run(&["workspace", "create", "dev"]).exits(0);
    let run = repo.run(&["--color", "never", "workspace", "create", "DEV"]).exits(1);
    assert_eq!(
        run.stderr,
        "error[G011]: workspace `dev` exists, and `DEV` differs from it by its case alone\nhint: choose another name\n"
    );
    repo.run(&["workspace", "create", "dev2"]).exits(0);
}

//! The seed's own example: a push source with a Hive table behind it, whose rows are renamed and cast on the way.

use std::path::Path;

use crate::support::{Repo, Run};

const CLICKS: &str = "\
kind: PushSource
name: click_event_source
schema:
  - { name: user_id, dtype: String }
  - { name: event_timestamp, dtype: String }
  - { name: clicked, dtype: Int64 }
batch_config:
  kind: HiveConfig
  database: demo_ads
  table: impressions_batch
  post_processor: |
    SELECT user_uuid AS user_id,
           CAST(ts AS VARCHAR) AS event_timestamp,
           clicked
    FROM input
description: Sample Push Source for click events
owner: pooja@tecton.ai
tags: { release: staging }
";

/// The table lies in the warehouse of repo-example.
fn repo(clicks: &str) -> Repo {
    let warehouse = Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example/data/warehouse");
    let project = format!("[engine]\nwarehouse = \"{}\"\n", warehouse.display());
    Repo::new(&[("weir.toml", &project), ("clicks.yaml", clicks)])
}

fn validate(clicks: &str) -> Run {
    repo(clicks).run(&["-q", "--color", "never", "validate"])
}

#[test]
fn it_validates() {
    assert_eq!(validate(CLICKS).exits(0).stdout, "Valid: 1 declaration.\n");
}

#[test]
fn a_column_that_the_post_processor_drops_is_named_with_its_source() {
    let run = validate(&CLICKS.replace(" AS event_timestamp,\n           clicked\n", " AS event_timestamp\n")).exits(1);
    assert_eq!(
        run.stderr,
        "\
error[V014]: the batch_config of `PushSource.click_event_source` does not yield `clicked` of its schema (yields: user_id, event_timestamp)
  --> clicks.yaml:11:3
   |
11 |   post_processor: |
   |   ^^^^^^^^^^^^^^
hint: select every column of `schema` in the batch_config's post_processor

1 error in 1 declaration.
"
    );
}

#[test]
fn a_column_that_the_table_does_not_have_is_shown_in_the_query() {
    let run = validate(&CLICKS.replace("user_uuid", "user_uid")).exits(1);
    assert_eq!(
        run.stderr,
        "\
error[D002]: `batch_config.post_processor` of `PushSource.click_event_source` does not fit its tables: column `user_uid` does not exist
  --> clicks.yaml:12:12
   |
12 |     SELECT user_uid AS user_id,
   |            ^^^^^^^^
hint: did you mean `user_uuid`?

1 error in 1 declaration.
"
    );
}

#[test]
fn every_column_that_is_missing_or_differs_is_listed() {
    let fewer = CLICKS.replace("CAST(ts AS VARCHAR) AS event_timestamp", "ts AS event_timestamp");
    let run = validate(&fewer.replace("SELECT user_uuid AS user_id,", "SELECT ad_id,")).exits(1);
    let said: Vec<&str> = run.stderr.lines().filter(|it| it.starts_with("error")).collect();
    assert_eq!(
        said,
        [
            "error[V014]: the batch_config of `PushSource.click_event_source` does not yield `user_id` of its schema (yields: ad_id, event_timestamp, clicked)",
            "error[V014]: the batch_config of `PushSource.click_event_source` yields `event_timestamp` as Timestamp, and its schema says String",
        ]
    );
}

#[test]
fn its_rows_are_what_would_have_been_pushed() {
    let run = repo(CLICKS).run(&["preview", "click_event_source", "--limit", "1", "--format", "json"]).exits(0);
    let pushed = "[{\"user_id\":\"user_003\",\"event_timestamp\":\"2024-02-01T01:21:54\",\"clicked\":0}]\n";
    assert_eq!(run.stdout, pushed);
    let raw = repo(CLICKS).run(&["preview", "click_event_source", "--raw", "--limit", "1", "--format", "csv"]).exits(0);
    assert_eq!(raw.stdout, "user_uuid,ts,clicked,ad_id,ds\nuser_003,2024-02-01T01:21:54Z,0,ad_008,2024-02-01\n");
}

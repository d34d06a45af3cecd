//! What a change of the fields does that say where, when and for how long a view is stored.

use super::batch;

const STORED: &str = "feature_start_time: 2026-11-01\n";

#[test]
fn going_online_is_an_update() {
    batch(
        STORED,
        &format!("{STORED}online: true"),
        r#"
~ BatchFeatureView.spend
    online: false -> true
    backfill: 10 jobs, 2026-11-01 → now, 20 days, online
    then a job every day, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn going_from_online_takes_serving_away() {
    batch(
        &format!("{STORED}online: true"),
        STORED,
        r#"
~ BatchFeatureView.spend
    online: true -> false  (takes serving or history away)
    cancels backfill: 10 jobs, 2026-11-01 → now, 20 days, online
    cancels a job every day, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn going_offline_is_an_update() {
    batch(
        STORED,
        &format!("{STORED}offline: true"),
        r#"
~ BatchFeatureView.spend
    offline: false -> true
    backfill: 10 jobs, 2026-11-01 → now, 20 days, offline
    then a job every day, offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn going_from_offline_takes_history_away() {
    batch(
        &format!("{STORED}offline: true"),
        &format!("{STORED}offline: false"),
        r#"
~ BatchFeatureView.spend
    offline: true -> false  (takes serving or history away)
    cancels backfill: 10 jobs, 2026-11-01 → now, 20 days, offline
    cancels a job every day, offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn an_earlier_start_is_an_update() {
    batch(
        "feature_start_time: 2026-11-01",
        "feature_start_time: 2026-10-01",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-11-01T00:00:00Z -> 2026-10-01T00:00:00Z

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_later_start_takes_history_away() {
    batch(
        "feature_start_time: 2026-11-01",
        "feature_start_time: 2026-11-02",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-11-01T00:00:00Z -> 2026-11-02T00:00:00Z
      (takes serving or history away)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_first_start_is_an_update_and_no_start_takes_history_away() {
    batch(
        "",
        "feature_start_time: 2026-11-01",
        r#"
~ BatchFeatureView.spend
    feature_start_time: (unset) -> 2026-11-01T00:00:00Z

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
    batch(
        "feature_start_time: 2026-11-01",
        "",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-11-01T00:00:00Z -> (unset)
      (takes serving or history away)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_schedule_recreates() {
    batch(
        "",
        "batch_schedule: 7d",
        r#"
± BatchFeatureView.spend
    batch_schedule: 1d -> 7d  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_trigger_is_an_update() {
    batch(
        "",
        "batch_trigger: MANUAL\nmanual_trigger_backfill_end_time: 2026-11-01\nmax_backfill_interval: 7d",
        r#"
~ BatchFeatureView.spend
    batch_trigger: SCHEDULED -> MANUAL
    manual_trigger_backfill_end_time: (unset) -> 2026-11-01T00:00:00Z
    max_backfill_interval: (unset) -> 7d

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn incremental_backfills_recreate() {
    batch(
        "",
        "incremental_backfills: true",
        r#"
± BatchFeatureView.spend
    incremental_backfills: false -> true  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
    batch(
        "incremental_backfills: true",
        "",
        r#"
± BatchFeatureView.spend
    incremental_backfills: true -> false  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_that_shrinks_recreates_and_can_be_suppressed() {
    batch(
        "ttl: 30d",
        "ttl: 29d",
        r#"
± BatchFeatureView.spend
    ttl: 30d -> 29d  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_that_grows_recreates() {
    batch(
        "ttl: 30d",
        "ttl: 31d",
        r#"
± BatchFeatureView.spend
    ttl: 30d -> 31d  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_where_none_was_shrinks() {
    batch(
        "",
        "ttl: 30d",
        r#"
± BatchFeatureView.spend
    ttl: (unset) -> 30d  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_that_goes_grows() {
    batch(
        "ttl: 30d",
        "",
        r#"
± BatchFeatureView.spend
    ttl: 30d -> (unset)  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn monitoring_is_an_update() {
    batch(
        &format!("{STORED}online: true\nmonitoring: {{ monitor_freshness: true, alert_email: a@example.com }}"),
        &format!("{STORED}online: true\nmonitoring: {{ monitor_freshness: true, expected_freshness: 2d }}"),
        r#"
~ BatchFeatureView.spend
    monitoring.alert_email: a@example.com -> (unset)
    monitoring.expected_freshness: (unset) -> 2d

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn monitoring_where_none_was_is_an_update() {
    batch(
        &format!("{STORED}online: true"),
        &format!("{STORED}online: true\nmonitoring: {{ monitor_freshness: true, expected_freshness: 2d }}"),
        r#"
~ BatchFeatureView.spend
    monitoring: (unset) ->
      + monitor_freshness: true
      + expected_freshness: 2d

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn the_strongest_field_decides() {
    batch(
        "ttl: 30d\nowner: a",
        "ttl: 20d\nowner: b\nbatch_schedule: 2d",
        r#"
± BatchFeatureView.spend
    batch_schedule: 1d -> 2d  (recreates)
    owner: a -> b
    ttl: 30d -> 20d  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

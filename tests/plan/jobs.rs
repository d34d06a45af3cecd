//! What a change costs: the jobs that it brings (facts 8.1).

use super::{START, ads, batch, check, spend};

/// A first apply of the view of `BATCH` with these fields.
#[track_caller]
fn first(fields: &str, expected: &str) {
    check("", &spend(fields), expected);
}

#[test]
fn a_backfill_of_about_ten_jobs_and_then_one_a_day() {
    first(
        &format!("{START}online: true\noffline: true"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online and offline
    features: amount Float64
    backfill: 10 jobs, 2022-10-10 → now, 1503 days, online and offline
    then a job every day, online and offline

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_view_that_is_stored_nowhere_costs_nothing() {
    first(
        START,
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: nothing
    features: amount Float64

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn the_longest_stretch_decides_how_many() {
    first(
        &format!("{START}online: true\nmax_backfill_interval: 30d"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 51 jobs, 2022-10-10 → now, 1503 days, online
    then a job every day, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      51 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn incremental_backfills_take_a_job_a_window() {
    first(
        &format!("{START}offline: true\nincremental_backfills: true"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: offline
    features: amount Float64
    backfill: 1503 jobs, 2022-10-10 → now, 1503 days, offline
    then a job every day, offline

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      1503 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_week_at_a_time() {
    first(
        "feature_start_time: 2026-11-01\nonline: true\nbatch_schedule: 7d",
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 3 jobs, 2026-11-01 → 2026-11-19, 18 days, online
    then a job every 7 days, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      3 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_start_that_has_not_come_yet() {
    first(
        "feature_start_time: 2027-01-01\nonline: true",
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    a job every day, from 2027-01-01 on, online
    warning: `BatchFeatureView.spend` has no features before 2027-01-01T00:00:00Z, which is in the future

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_manual_view_starts_nothing_by_itself() {
    first(
        &format!("{START}online: true\nbatch_trigger: MANUAL"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_manual_view_backfills_up_to_its_end_time() {
    first(
        &format!("{START}online: true\nbatch_trigger: MANUAL\nmanual_trigger_backfill_end_time: 2023-10-10"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 10 jobs, 2022-10-10 → 2023-10-10, 365 days, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_later_end_time_backfills_what_is_missing() {
    let manual = format!("{START}online: true\nbatch_trigger: MANUAL\nmanual_trigger_backfill_end_time: ");
    batch(
        &format!("{manual}2023-10-10"),
        &format!("{manual}2024-01-10"),
        r#"
~ BatchFeatureView.spend
    manual_trigger_backfill_end_time: 2023-10-10T00:00:00Z -> 2024-01-10T00:00:00Z
    backfill: 10 jobs, 2023-10-10 → 2024-01-10, 92 days, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn pushed_events_without_history_cost_nothing() {
    check(
        "",
        &ads(),
        r#"
+ Entity.user
    join key: user_id
+ PushSource.events
    columns: user_id String, at Timestamp, clicked Int64
+ StreamFeatureView.clicks
    entity: user; source: events; serves: online
    features: clicked Int64
+ FeatureService.ads
    serves: online
    features: clicks.clicked Int64

Plan: 4 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_source_that_is_late_delays_every_job() {
    let late =
        spend(&format!("{START}online: true")).replace("timestamp_field: at", "timestamp_field: at, data_delay: 6h");
    check(
        "",
        &late,
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 10 jobs, 2022-10-10 → now, 1502 days, online
    then a job every day, 6h after each window, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn aggregations_set_the_schedule() {
    first(
        "feature_start_time: 2026-11-01\nonline: true\naggregation_interval: 1h\naggregations:\n  - { column: amount, function: sum, time_window: 1d }",
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount_sum_1d_1h Float64
    backfill: 10 jobs, 2026-11-01 → now, 20 days, online
    then a job every hour, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

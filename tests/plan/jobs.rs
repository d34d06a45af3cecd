//! What a change costs: the jobs that it brings (facts 8.1).

use super::{BATCH, CLICKS, COLUMNS, EVENTS, NOW, Scene, batch, check, edit};

const START: &str = "feature_start_time: 2022-10-10\n";

/// A first apply of the view of `BATCH` with these fields.
#[track_caller]
fn first(fields: &str, expected: &str) {
    check("", &format!("{BATCH}{COLUMNS}{fields}"), expected);
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
        &format!("{EVENTS}{CLICKS}"),
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
    let late = format!("{BATCH}{COLUMNS}{START}online: true")
        .replace("timestamp_field: at", "timestamp_field: at, data_delay: 6h");
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

#[test]
fn going_online_builds_only_what_is_missing() {
    batch(
        &format!("{START}offline: true"),
        &format!("{START}offline: true\nonline: true"),
        r#"
~ BatchFeatureView.spend
    online: false -> true
    backfill: 10 jobs, 2022-10-10 → now, 1503 days, online
    then a job every day, online and offline
      in place of a job every day, offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn starting_earlier_builds_only_what_is_missing() {
    batch(
        "feature_start_time: 2026-01-01\nonline: true",
        "feature_start_time: 2025-12-01\nonline: true",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-01-01T00:00:00Z -> 2025-12-01T00:00:00Z
    backfill: 8 jobs, 2025-12-01 → 2026-01-01, 31 days, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      8 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn starting_earlier_and_going_online_at_once() {
    batch(
        "feature_start_time: 2026-01-01\noffline: true",
        "feature_start_time: 2025-12-01\noffline: true\nonline: true",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-01-01T00:00:00Z -> 2025-12-01T00:00:00Z
    online: false -> true
    backfill: 8 jobs, 2025-12-01 → 2026-01-01, 31 days, online and offline
    backfill: 10 jobs, 2026-01-01 → now, 324 days, online
    then a job every day, online and offline
      in place of a job every day, offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      18 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn starting_later_or_going_offline_builds_nothing() {
    batch(
        "feature_start_time: 2026-01-01\nonline: true\noffline: true",
        "feature_start_time: 2026-02-01\nonline: true\noffline: false",
        r#"
~ BatchFeatureView.spend
    feature_start_time: 2026-01-01T00:00:00Z -> 2026-02-01T00:00:00Z
      (takes serving or history away)
    offline: true -> false  (takes serving or history away)
    backfill: 10 jobs, 2026-02-01 → now, 293 days, online
      in place of 10 jobs, 2026-01-01 → now, 324 days, online and offline
    then a job every day, online
      in place of a job every day, online and offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_trigger_that_becomes_manual_ends_the_schedule() {
    batch(
        &format!("{START}online: true"),
        &format!("{START}online: true\nbatch_trigger: MANUAL"),
        r#"
~ BatchFeatureView.spend
    batch_trigger: SCHEDULED -> MANUAL
    cancels backfill: 10 jobs, 2022-10-10 → now, 1503 days, online
    cancels a job every day, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_trigger_that_becomes_scheduled_starts_one() {
    batch(
        &format!("{START}online: true\nbatch_trigger: MANUAL"),
        &format!("{START}online: true"),
        r#"
~ BatchFeatureView.spend
    batch_trigger: MANUAL -> SCHEDULED
    backfill: 10 jobs, 2022-10-10 → now, 1503 days, online
    then a job every day, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_manual_view_that_becomes_scheduled_builds_what_is_missing() {
    let manual = format!("{START}online: true\nbatch_trigger: MANUAL\nmanual_trigger_backfill_end_time: 2026-01-01");
    batch(
        &manual,
        &format!("{START}online: true"),
        r#"
~ BatchFeatureView.spend
    batch_trigger: MANUAL -> SCHEDULED
    manual_trigger_backfill_end_time: 2026-01-01T00:00:00Z -> (unset)
    backfill: 10 jobs, 2026-01-01 → now, 324 days, online
    then a job every day, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_that_passes_through_is_built_from_the_start() {
    let column = "  - { name: clicked, dtype: Int64 }\n";
    let history = format!("{column}batch_config: {{ kind: HiveConfig, database: ads, table: clicks }}\n");
    let recorded = format!("{EVENTS}{CLICKS}")
        .replace("online: true", "online: true\nfeature_start_time: 2026-01-01")
        .replace(column, &history);
    edit(
        &recorded,
        column,
        &format!("{column}  - {{ name: ad_id, dtype: String }}\n"),
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad_id, dtype: String}
~ StreamFeatureView.clicks
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad_id, dtype: String}
    adds feature: ad_id String
    backfill: 10 jobs, 2026-01-01 → now, 324 days, online

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked clicks.ad_id
"#,
    );
}

#[test]
fn an_appended_feature_is_built_from_the_start() {
    let sum = format!(
        "{START}online: true\naggregation_interval: 1d\naggregations:\n  - {{ column: amount, function: sum, time_window: 7d }}\n"
    );
    batch(
        &sum,
        &format!("{sum}  - {{ column: amount, function: max, time_window: 7d }}"),
        r#"
~ BatchFeatureView.spend
    aggregations:
        {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: amount_max_7d_1d, function: max, time_window: 7d}
    adds feature: amount_max_7d_1d Float64
    backfill: 10 jobs, 2022-10-10 → now, 1503 days, online

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_recreated_view_is_built_again_beside_the_old_one() {
    batch(
        &format!("{START}online: true\nttl: 30d"),
        &format!("{START}online: true\nttl: 60d"),
        r#"
± BatchFeatureView.spend
    ttl: 30d -> 60d  (recreates)
    backfill: 10 jobs, 2022-10-10 → now, 1503 days, online
    then a job every day, online
    cancels 2 recorded jobs of the old version
    the old version serves until the new one is complete

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_view_recreated_by_a_cascade_is_built_again_too() {
    edit(
        &format!("{BATCH}{COLUMNS}{START}online: true"),
        "table: orders",
        "table: orders_v2",
        r#"
± BatchSource.orders
    batch_config.table: orders -> orders_v2  (recreates, can be suppressed)
    ± BatchFeatureView.spend ← BatchSource.orders
        backfill: 10 jobs, 2022-10-10 → now, 1503 days, online
        then a job every day, online
        cancels 2 recorded jobs of the old version
        the old version serves until the new one is complete

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 1 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn what_no_source_can_rebuild_is_lost() {
    edit(
        &format!("{EVENTS}{CLICKS}"),
        "Int64",
        "Float64",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.events
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_history_that_comes_later_is_backfilled() {
    let stored = format!("{EVENTS}{CLICKS}").replace("online: true", "online: true\nfeature_start_time: 2026-01-01");
    edit(
        &stored,
        "  - { name: clicked, dtype: Int64 }\n",
        "  - { name: clicked, dtype: Int64 }\nbatch_config: { kind: HiveConfig, database: ads, table: clicks }\n",
        r#"
~ PushSource.events
    batch_config: (unset) ->
      + kind: HiveConfig
      + database: ads
      + table: clicks
      + data_delay: 0s
~ StreamFeatureView.clicks
    batch_trigger: NO_BATCH_MATERIALIZATION -> SCHEDULED
    backfill: 10 jobs, 2026-01-01 → now, 324 days, online
    then a job every day, online

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn in_place_changes_that_cost_nothing() {
    batch(
        &format!("{START}online: true\nowner: a\nmax_backfill_interval: 30d"),
        &format!("{START}online: true\nowner: b\nmax_backfill_interval: 60d"),
        r#"
~ BatchFeatureView.spend
    max_backfill_interval: 30d -> 60d
    owner: a -> b

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_delete_costs_nothing() {
    let view = BATCH.rfind("---").unwrap();
    check(
        &format!("{BATCH}{COLUMNS}{START}online: true"),
        &BATCH[..view],
        r#"
- BatchFeatureView.spend
    served: online
    removes feature: amount Float64
    cancels 2 recorded jobs

Plan: 0 to create, 0 to update, 0 to recreate, 1 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn nothing_is_materialized_in_development() {
    Scene::DEVELOPMENT.check(
        "",
        &format!("{BATCH}{COLUMNS}{START}online: true\noffline: true"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online and offline
    features: amount Float64

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
    Scene::DEVELOPMENT.check(
        &format!("{BATCH}{COLUMNS}{START}online: true\nttl: 30d"),
        &format!("{BATCH}{COLUMNS}{START}online: true\nttl: 60d"),
        r#"
± BatchFeatureView.spend
    ttl: 30d -> 60d  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn the_last_window_that_is_complete_ends_the_range() {
    let scene = Scene { now: "2026-11-21T13:37:00Z", ..Scene::LIVE };
    assert_ne!(scene.now, NOW);
    scene.check(
        "",
        &format!("{BATCH}{COLUMNS}feature_start_time: 2026-11-20\nonline: true"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 1 job, 2026-11-20 → now, 1 day, online
    then a job every day, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      1 backfill job, 0 refused, 0 lifts.
"#,
    );
    scene.check(
        "",
        &format!("{BATCH}{COLUMNS}feature_start_time: 2026-11-21\nonline: true"),
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    a job every day, online

Plan: 3 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_source_that_gets_rows_at_rest_brings_jobs_to_its_views() {
    let last = "  - { name: clicked, dtype: Int64 }\n";
    let batch =
        "batch_config: { kind: HiveConfig, database: shop, table: events, timestamp_field: at, data_delay: 1h }\n";
    let recorded = format!("{EVENTS}{CLICKS}").replace("online: true", "online: true\nfeature_start_time: 2026-01-01");
    check(
        &recorded,
        &recorded.replacen(last, &format!("{last}{batch}"), 1),
        r#"
~ PushSource.events
    batch_config: (unset) ->
      + kind: HiveConfig
      + database: shop
      + table: events
      + timestamp_field: at
      + data_delay: 1h
~ StreamFeatureView.clicks
    batch_trigger: NO_BATCH_MATERIALIZATION -> SCHEDULED
    backfill: 10 jobs, 2026-01-01 → now, 323 days, online
    then a job every day, 1h after each window, online

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

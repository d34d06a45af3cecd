//! What an edit of a recorded view costs: the jobs that it adds, and those that it ends.

use super::{BATCH, CLICKED, HISTORY, NOW, START, Scene, ads, batch, check, edit, spend, stored_ads};

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
    edit(
        &stored_ads().replace(CLICKED, HISTORY),
        CLICKED,
        &format!("{CLICKED}  - {{ name: ad_id, dtype: String }}\n"),
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
        &spend(&format!("{START}online: true")),
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
        &ads(),
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
    edit(
        &stored_ads(),
        CLICKED,
        HISTORY,
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
        &spend(&format!("{START}online: true")),
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
        &spend(&format!("{START}online: true\noffline: true")),
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
        &spend(&format!("{START}online: true\nttl: 30d")),
        &spend(&format!("{START}online: true\nttl: 60d")),
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
        &spend("feature_start_time: 2026-11-20\nonline: true"),
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
        &spend("feature_start_time: 2026-11-21\nonline: true"),
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
    let batch =
        "batch_config: { kind: HiveConfig, database: shop, table: events, timestamp_field: at, data_delay: 1h }\n";
    edit(
        &stored_ads(),
        CLICKED,
        &format!("{CLICKED}{batch}"),
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

//! How a cascade is shown: many reached, long paths, transformations between, defaults that follow.

use super::{EVENTS, ads, check, edit, spend, stored_ads};

#[test]
fn more_than_ten_are_counted() {
    let views: Vec<String> = (0..13)
        .map(|it| format!("kind: StreamFeatureView\nname: view_{it:02}\nsources: [events]\nentities: [user]\n---"))
        .collect();
    edit(
        &format!("{EVENTS}{}", views.join("\n")),
        "Int64",
        "Float64",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.view_00 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_01 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_02 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_03 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_04 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_05 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_06 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_07 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_08 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± StreamFeatureView.view_09 ← PushSource.events
        another type: clicked Int64 -> Float64
    ± and 3 more that depend on it (-v lists them)

Plan: 0 to create, 0 to update, 14 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_long_path_breaks_before_an_arrow() {
    let long = ads()
        .replace("name: ads", "name: the_service_with_a_very_long_name_that_says_it_all")
        .replace("clicks", "clicks_of_users_on_ads_in_the_last_hour_of_the_day:v2")
        .replace("name: events", "name: events_of_the_web_tier_and_of_the_apps")
        .replace("[events]", "[events_of_the_web_tier_and_of_the_apps]");
    edit(
        &long,
        "Int64",
        "Float64",
        r#"
± PushSource.events_of_the_web_tier_and_of_the_apps
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks_of_users_on_ads_in_the_last_hour_of_the_day:v2
        ← PushSource.events_of_the_web_tier_and_of_the_apps
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.the_service_with_a_very_long_name_that_says_it_all
        ← StreamFeatureView.clicks_of_users_on_ads_in_the_last_hour_of_the_day:v2
        ← PushSource.events_of_the_web_tier_and_of_the_apps
        another type: clicks_of_users_on_ads_in_the_last_hour_of_the_day:v2.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.the_service_with_a_very_long_name_that_says_it_all: clicks_of_users_on_ads_in_the_last_hour_of_the_day:v2.clicked
"#,
    );
}

/// A view whose query calls another query.
const LAYERS: &str = "transformation: { name: outer }
online: true
feature_start_time: 2026-11-01
---
kind: Transformation
name: outer
mode: sql
inputs: [inner]
sql: SELECT * FROM inner
---
kind: Transformation
name: inner
mode: sql
inputs: [rows]
sql: SELECT user_id, at, amount FROM rows
---
kind: FeatureService
name: shop
features: [spend]
";

#[test]
fn through_transformations() {
    edit(
        &spend(LAYERS),
        "FROM rows",
        "FROM rows WHERE paid",
        r#"
± Transformation.inner
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, amount FROM rows
      + SELECT user_id, at, amount FROM rows WHERE paid
    ± Transformation.outer ← Transformation.inner
    ± BatchFeatureView.spend ← Transformation.outer ← Transformation.inner
        backfill: 10 jobs, 2026-11-01 → now, 20 days, online
        then a job every day, online
        cancels 2 recorded jobs of the old version
        the old version serves until the new one is complete
    ± FeatureService.shop ← BatchFeatureView.spend ← Transformation.outer
        ← Transformation.inner

Plan: 0 to create, 0 to update, 4 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.shop: spend.amount
"#,
    );
}

/// Whether a source gains rows at rest or loses them: the default that follows is on the view's line.
#[test]
fn a_default_that_follows_is_shown_both_ways() {
    let both = stored_ads()
        .replace("name: events\n", "name: events\nbatch_config: { kind: HiveConfig, database: shop, table: events }\n");
    check(
        &stored_ads(),
        &both,
        r#"
~ PushSource.events
    batch_config: (unset) ->
      + kind: HiveConfig
      + database: shop
      + table: events
      + data_delay: 0s
~ StreamFeatureView.clicks
    batch_trigger: NO_BATCH_MATERIALIZATION -> SCHEDULED
    backfill: 10 jobs, 2026-01-01 → now, 324 days, online
    then a job every day, online

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
    check(
        &both,
        &stored_ads(),
        r#"
± PushSource.events
    batch_config: {kind: HiveConfig, database: shop, table: events, data_delay: 0s} -> (unset)
      (recreates, can be suppressed)
    ± StreamFeatureView.clicks ← PushSource.events
        batch_trigger: SCHEDULED -> NO_BATCH_MATERIALIZATION
        cancels 2 recorded jobs of the old version
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

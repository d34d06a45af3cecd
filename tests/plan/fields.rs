//! What a change of each field does: every kind but the views (spec 1, "Kinds and fields").

use super::{BATCH, CLICKS, COLUMNS, EVENTS, batch, check, edit, same};

#[test]
fn nothing_changes_when_nothing_changes() {
    check(
        EVENTS,
        EVENTS,
        r#"
No changes. The registry matches the repo (2 unchanged).
"#,
    );
}

#[test]
fn what_every_kind_has_is_updated_in_place() {
    batch(
        "description: How much\nowner: shop\ntags: { team: a, tier: gold }",
        "description: How much a user spends\ntags: { team: b, new: yes }\nprevent_destroy: true",
        r#"
~ BatchFeatureView.spend
    description: How much -> How much a user spends
    owner: shop -> (unset)
    prevent_destroy: false -> true
    tags.new: (unset) -> yes
    tags.team: a -> b
    tags.tier: gold -> (unset)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn protection_that_goes_is_a_lift() {
    batch(
        "prevent_destroy: true",
        "prevent_destroy: false",
        r#"
~ BatchFeatureView.spend
    prevent_destroy: true -> false

Lifts protection from: BatchFeatureView.spend

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 1 lift.
"#,
    );
}

#[test]
fn another_join_key_recreates_the_entity_and_all_below() {
    edit(
        &format!("{BATCH}{COLUMNS}"),
        "join_keys: [user_id]",
        "join_keys: [user_id, at]",
        r#"
± Entity.user
    join_keys:  (recreates)
        user_id
      + at
    ± BatchFeatureView.spend ← Entity.user

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn giving_a_join_key_its_type_is_an_update() {
    edit(
        EVENTS,
        "join_keys: [user_id]",
        "join_keys: [{ name: user_id, dtype: String }]",
        r#"
~ Entity.user
    join_keys:
      - user_id
      + {name: user_id, dtype: String}

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn taking_a_join_keys_type_recreates() {
    edit(
        &EVENTS.replace("[user_id]", "[{ name: user_id, dtype: String }]"),
        "[{ name: user_id, dtype: String }]",
        "[user_id]",
        r#"
± Entity.user
    join_keys:  (recreates)
      - {name: user_id, dtype: String}
      + user_id

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_type_of_a_join_key_recreates() {
    edit(
        &EVENTS.replace("[user_id]", "[{ name: user_id, dtype: String }]"),
        "[{ name: user_id, dtype: String }]",
        "[{ name: user_id, dtype: Int64 }]",
        r#"
± Entity.user
    join_keys:  (recreates)
      - {name: user_id, dtype: String}
      + {name: user_id, dtype: Int64}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_type_and_another_key_at_once_recreate() {
    edit(
        EVENTS,
        "[user_id]",
        "[{ name: user_id, dtype: String }, device]",
        r#"
± Entity.user
    join_keys:  (recreates)
      - user_id
      + {name: user_id, dtype: String}
      + device

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

const LAST: &str = "  - { name: clicked, dtype: Int64 }\n";

#[test]
fn a_column_at_the_end_of_a_push_source_is_an_update() {
    edit(
        EVENTS,
        LAST,
        "  - { name: clicked, dtype: Int64 }\n  - { name: ad_id, dtype: String }\n",
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad_id, dtype: String}

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_in_between_recreates() {
    edit(
        EVENTS,
        LAST,
        "  - { name: ad_id, dtype: String }\n  - { name: clicked, dtype: Int64 }\n",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      + {name: ad_id, dtype: String}
        {name: clicked, dtype: Int64}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_less_recreates() {
    edit(
        EVENTS,
        LAST,
        "",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_of_another_type_recreates() {
    edit(
        EVENTS,
        "Int64",
        "Float64",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_of_another_type_and_one_at_the_end_recreate() {
    edit(
        EVENTS,
        LAST,
        "  - { name: clicked, dtype: Bool }\n  - { name: ad_id, dtype: String }\n",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Bool}
      + {name: ad_id, dtype: String}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn columns_in_another_order_recreate() {
    edit(
        EVENTS,
        "  - { name: user_id, dtype: String }\n  - { name: at, dtype: Timestamp }\n",
        "  - { name: at, dtype: Timestamp }\n  - { name: user_id, dtype: String }\n",
        r#"
± PushSource.events
    schema:  (recreates)
      + {name: at, dtype: Timestamp}
        {name: user_id, dtype: String}
      - {name: at, dtype: Timestamp}
        {name: clicked, dtype: Int64}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

const HISTORY: &str =
    "  - { name: clicked, dtype: Int64 }\nbatch_config: { kind: HiveConfig, database: ads, table: clicks }\n";

#[test]
fn a_push_source_that_gets_a_history_is_updated() {
    edit(
        EVENTS,
        LAST,
        HISTORY,
        r#"
~ PushSource.events
    batch_config: (unset) ->
      + kind: HiveConfig
      + database: ads
      + table: clicks
      + data_delay: 0s

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_push_source_that_loses_its_history_is_recreated() {
    edit(
        &EVENTS.replace(LAST, HISTORY),
        HISTORY,
        LAST,
        r#"
± PushSource.events
    batch_config: {kind: HiveConfig, database: ads, table: clicks, data_delay: 0s} -> (unset)
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_table_recreates_and_can_be_suppressed() {
    edit(
        &EVENTS.replace(LAST, HISTORY),
        "table: clicks",
        "table: clicks_v2, data_delay: 1h",
        r#"
± PushSource.events
    batch_config.data_delay: 0s -> 1h  (recreates, can be suppressed)
    batch_config.table: clicks -> clicks_v2  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_kind_of_batch_config_recreates() {
    edit(
        BATCH,
        "{ kind: HiveConfig, database: shop, table: orders, timestamp_field: at }",
        "{ kind: FileConfig, uri: orders.parquet, file_format: parquet, timestamp_field: at }",
        r#"
± BatchSource.orders
    batch_config.database: shop -> (unset)  (recreates, can be suppressed)
    batch_config.file_format: (unset) -> parquet  (recreates, can be suppressed)
    batch_config.kind: HiveConfig -> FileConfig  (recreates, can be suppressed)
    batch_config.table: orders -> (unset)  (recreates, can be suppressed)
    batch_config.uri: (unset) -> orders.parquet  (recreates, can be suppressed)
    ± BatchFeatureView.spend ← BatchSource.orders

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn every_field_of_a_batch_config_recreates() {
    edit(
        BATCH,
        "timestamp_field: at",
        "timestamp_field: at, data_delay: 2h, post_processor: \"SELECT user_id, at, amount FROM input\"",
        r#"
± BatchSource.orders
    batch_config.data_delay: 0s -> 2h  (recreates, can be suppressed)
    batch_config.post_processor: (unset) -> SELECT user_id, at, amount FROM input
      (recreates, can be suppressed)
    ± BatchFeatureView.spend ← BatchSource.orders

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

const CLEANED: &str = "
kind: Transformation
name: cleaned
mode: sql
inputs: [rows]
sql: SELECT user_id, at FROM rows
";

#[test]
fn other_inputs_and_another_query_recreate_a_transformation() {
    edit(
        CLEANED,
        "inputs: [rows]\nsql: SELECT user_id, at FROM rows",
        "inputs: [raw]\nsql: SELECT at, user_id FROM raw",
        r#"
± Transformation.cleaned
    inputs:  (recreates, can be suppressed)
      - rows
      + raw
    sql: SELECT user_id, at FROM rows -> SELECT at, user_id FROM raw
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_that_appends_columns_is_an_update() {
    edit(
        CLEANED,
        "user_id, at",
        "user_id, at, amount * 2 AS double",
        r#"
~ Transformation.cleaned
    sql:
      - SELECT user_id, at FROM rows
      + SELECT user_id, at, amount * 2 AS double FROM rows

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_that_appends_and_filters_recreates() {
    edit(
        CLEANED,
        "user_id, at FROM rows",
        "user_id, at, amount FROM rows WHERE amount > 0",
        r#"
± Transformation.cleaned
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at FROM rows
      + SELECT user_id, at, amount FROM rows WHERE amount > 0

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_whose_columns_swap_recreates() {
    edit(
        CLEANED,
        "user_id, at",
        "at, user_id",
        r#"
± Transformation.cleaned
    sql: SELECT user_id, at FROM rows -> SELECT at, user_id FROM rows
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn appending_to_a_distinct_query_recreates() {
    edit(
        &CLEANED.replace("SELECT", "SELECT DISTINCT"),
        "user_id, at",
        "user_id, at, amount",
        r#"
± Transformation.cleaned
    sql:  (recreates, can be suppressed)
      - SELECT DISTINCT user_id, at FROM rows
      + SELECT DISTINCT user_id, at, amount FROM rows

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

/// The features of a view that has two.
const TWO: &str = "online: true
aggregations:
  - { column: clicked, function: last, time_window: 1h, name: last }
  - { column: clicked, function: first, time_window: 1h, name: first }";

/// A second view for services to read.
const VISITS: &str = "
kind: StreamFeatureView
name: visits
sources: [events]
entities: [user]
online: true
---";

#[test]
fn a_service_grows_in_place() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}"),
        "features: [clicks]",
        "features: [clicks, visits]",
        r#"
~ FeatureService.ads
    features:
        clicks
      + visits
    adds feature: visits.clicked Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn a_service_that_loses_a_view_is_recreated() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}").replace("features: [clicks]", "features: [clicks, visits]"),
        "features: [clicks, visits]",
        "features: [clicks]",
        r#"
± FeatureService.ads
    features:  (recreates)
        clicks
      - visits
    removes feature: visits.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_service_in_another_order_is_the_same() {
    let both = format!("{EVENTS}{VISITS}{CLICKS}").replace("features: [clicks]", "features: [clicks, visits]");
    same(&both, &both.replace("[clicks, visits]", "[visits, clicks]"));
}

#[test]
fn a_service_that_grows_in_another_order_grows_at_its_end() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}"),
        "features: [clicks]",
        "features: [visits, clicks]",
        r#"
~ FeatureService.ads
    features:
      + visits
        clicks
    adds feature: visits.clicked Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn a_service_with_fewer_features_of_a_view_is_recreated() {
    edit(
        &format!("{EVENTS}{CLICKS}").replace("online: true", TWO),
        "features: [clicks]",
        "features: [{ view: clicks, features: [last] }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: clicks, features: [last]}
    removes feature: clicks.first Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.last
"#,
    );
}

#[test]
fn a_service_with_more_features_of_a_view_grows() {
    edit(
        &format!("{EVENTS}{CLICKS}")
            .replace("online: true", TWO)
            .replace("[clicks]", "[{ view: clicks, features: [last] }]"),
        "features: [last]",
        "features: [first, last]",
        r#"
~ FeatureService.ads
    features:
      - {view: clicks, namespace: clicks, features: [last]}
      + {view: clicks, namespace: clicks, features: [first, last]}
    adds feature: clicks.first Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.last clicks.first
"#,
    );
}

#[test]
fn another_namespace_recreates() {
    edit(
        &format!("{EVENTS}{CLICKS}"),
        "features: [clicks]",
        "features: [{ view: clicks, namespace: c }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: c.clicked
"#,
    );
}

#[test]
fn a_join_key_map_recreates() {
    edit(
        &format!("{EVENTS}{CLICKS}"),
        "features: [clicks]",
        "features: [{ view: clicks, join_key_map: { user_id: sender_id } }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: clicks, join_key_map: {user_id: sender_id}}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_service_that_stops_serving_takes_serving_away() {
    edit(
        &format!("{EVENTS}{CLICKS}"),
        "features: [clicks]",
        "features: [clicks]\nonline_serving_enabled: false",
        r#"
~ FeatureService.ads
    online_serving_enabled: true -> false  (takes serving or history away)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_service_that_starts_serving_is_updated() {
    edit(
        &format!("{EVENTS}{CLICKS}\nonline_serving_enabled: false"),
        "\nonline_serving_enabled: false",
        "",
        r#"
~ FeatureService.ads
    online_serving_enabled: false -> true

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

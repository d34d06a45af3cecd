//! What a change of each field does: every kind but the views (spec 1, "Kinds and fields").

use super::{BATCH, CLICKED, EVENTS, HISTORY, batch, check, edit, spend};

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
        &spend(""),
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

#[test]
fn a_column_at_the_end_of_a_push_source_is_an_update() {
    edit(
        EVENTS,
        CLICKED,
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
        CLICKED,
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
        CLICKED,
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
        CLICKED,
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

#[test]
fn a_push_source_that_gets_a_history_is_updated() {
    edit(
        EVENTS,
        CLICKED,
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
        &EVENTS.replace(CLICKED, HISTORY),
        HISTORY,
        CLICKED,
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
        &EVENTS.replace(CLICKED, HISTORY),
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

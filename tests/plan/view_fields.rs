//! What a change of each field of a view does (spec 1, the table of views).

use super::{BATCH, COLUMNS, ads, batch, check, edit, spend};

/// A second batch source and a second entity to change to.
const MORE: &str = "---
kind: BatchSource
name: returns
batch_config: { kind: HiveConfig, database: shop, table: returns, timestamp_field: at }
---
kind: Entity
name: shop
join_keys: [user_id]
";

#[test]
fn another_source_recreates_and_can_be_suppressed() {
    edit(
        &spend(MORE),
        "sources: [orders]",
        "sources: [returns]",
        r#"
± BatchFeatureView.spend
    sources:  (recreates, can be suppressed)
      - orders
      + returns

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_offset_of_a_source_recreates_and_can_be_suppressed() {
    edit(
        &spend(""),
        "sources: [orders]",
        "sources: [{ source: orders, start_time_offset: -7d }]",
        r#"
± BatchFeatureView.spend
    sources:  (recreates, can be suppressed)
      - orders
      + {source: orders, start_time_offset: -7d}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_entity_recreates_and_can_be_suppressed() {
    edit(
        &spend(MORE),
        "entities: [user]",
        "entities: [shop]",
        r#"
± BatchFeatureView.spend
    entities:  (recreates, can be suppressed)
      - user
      + shop

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_where_none_was_recreates_and_can_be_suppressed() {
    batch(
        "",
        "sql: SELECT user_id, at, amount FROM orders",
        r#"
± BatchFeatureView.spend
    sql: (unset) -> SELECT user_id, at, amount FROM orders
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_query_recreates_and_shows_its_lines() {
    batch(
        "sql: |\n  SELECT user_id, at, amount\n  FROM orders\n  WHERE paid",
        "sql: |\n  SELECT user_id, at, amount\n  FROM orders\n  WHERE paid AND amount > 0",
        r#"
± BatchFeatureView.spend
    sql:  (recreates, can be suppressed)
        FROM orders
      - WHERE paid
      + WHERE paid AND amount > 0

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

const SELECTS: &str = "sql: SELECT user_id, at, clicked FROM events";

#[test]
fn a_query_that_appends_columns_is_an_update() {
    edit(
        &ads().replace("online: true", SELECTS).replace("clicks]", "clicks]\nonline_serving_enabled: false"),
        "at, clicked",
        "at, clicked, clicked + 1 AS more",
        r#"
~ StreamFeatureView.clicks
    schema:
        {name: clicked, dtype: Int64}
      + more
    sql:
      - SELECT user_id, at, clicked FROM events
      + SELECT user_id, at, clicked, clicked + 1 AS more FROM events
    adds feature: more

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked clicks.more
"#,
    );
}

const CALLS: &str = "---
kind: Transformation
name: cleaned
mode: sql
inputs: [rows]
sql: SELECT user_id, at, amount FROM rows
---
kind: Transformation
name: raw
mode: sql
inputs: [rows]
sql: SELECT user_id, at, amount FROM rows
";

#[test]
fn another_transformation_recreates_and_can_be_suppressed() {
    batch(
        &format!("transformation: {{ name: cleaned }}\n{CALLS}"),
        &format!("transformation: {{ name: raw }}\n{CALLS}"),
        r#"
± BatchFeatureView.spend
    transformation.name: cleaned -> raw  (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_schema_that_grows_is_an_update() {
    let more = format!("{COLUMNS}  - {{ name: currency, dtype: String }}\n");
    check(
        &spend(""),
        &format!("{BATCH}{more}"),
        r#"
~ BatchFeatureView.spend
    schema:
        {name: amount, dtype: Float64}
      + {name: currency, dtype: String}
    adds feature: currency String

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_schema_that_changes_recreates() {
    edit(
        &spend(""),
        "Float64",
        "Int64",
        r#"
± BatchFeatureView.spend
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: amount, dtype: Float64}
      + {name: amount, dtype: Int64}
    another type: amount Float64 -> Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_schema_where_none_was_recreates() {
    check(
        BATCH,
        &spend(""),
        r#"
± BatchFeatureView.spend
    schema: (unset) ->  (recreates, can be suppressed)
      + {name: user_id, dtype: String}
      + {name: at, dtype: Timestamp}
      + {name: amount, dtype: Float64}
    warning: not checked: whether `schema` of `BatchFeatureView.spend` says what was derived, because nothing of that is recorded and no source was opened

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_timestamp_field_recreates() {
    let columns = format!("{COLUMNS}  - {{ name: seen_at, dtype: Timestamp }}\n");
    check(
        &format!("{BATCH}{columns}timestamp_field: at"),
        &format!("{BATCH}{columns}timestamp_field: seen_at"),
        r#"
± BatchFeatureView.spend
    timestamp_field: at -> seen_at  (recreates)
    adds feature: at Timestamp
    removes feature: seen_at Timestamp

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

const SUM: &str = "aggregation_interval: 1d\naggregations:\n  - { column: amount, function: sum, time_window: 7d }\n";

#[test]
fn an_aggregation_at_the_end_is_an_update() {
    batch(
        SUM,
        &format!("{SUM}  - {{ column: amount, function: max, time_window: 7d }}"),
        r#"
~ BatchFeatureView.spend
    aggregations:
        {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: amount_max_7d_1d, function: max, time_window: 7d}
    adds feature: amount_max_7d_1d Float64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn an_aggregation_in_front_recreates() {
    let (head, tail) = SUM.split_at(SUM.find("  -").unwrap());
    batch(
        SUM,
        &format!("{head}  - {{ column: amount, function: max, time_window: 7d }}\n{tail}"),
        r#"
± BatchFeatureView.spend
    aggregations:  (recreates)
      + {column: amount, name: amount_max_7d_1d, function: max, time_window: 7d}
        {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
    adds feature: amount_max_7d_1d Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn an_aggregation_with_another_name_recreates() {
    batch(
        SUM,
        &SUM.replace("7d }", "7d, name: weekly }"),
        r#"
± BatchFeatureView.spend
    aggregations:  (recreates)
      - {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: weekly, function: sum, time_window: 7d}
    adds feature: weekly Float64
    removes feature: amount_sum_7d_1d Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_window_recreates() {
    batch(
        SUM,
        &SUM.replace("7d", "14d"),
        r#"
± BatchFeatureView.spend
    aggregations:  (recreates)
      - {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: amount_sum_14d_1d, function: sum, time_window: 14d}
    adds feature: amount_sum_14d_1d Float64
    removes feature: amount_sum_7d_1d Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn the_first_aggregation_recreates() {
    batch(
        "",
        SUM,
        r#"
± BatchFeatureView.spend
    aggregation_interval: (unset) -> 1d  (recreates)
    aggregations: (unset) ->  (recreates)
      + {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
    adds feature: amount_sum_7d_1d Float64
    removes feature: amount Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_window_longer_than_any_before_warns() {
    batch(
        SUM,
        &format!("{SUM}  - {{ column: amount, function: sum, time_window: 30d }}"),
        r#"
~ BatchFeatureView.spend
    aggregations:
        {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: amount_sum_30d_1d, function: sum, time_window: 30d}
    adds feature: amount_sum_30d_1d Float64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_longer_window_over_pushed_events_is_complete_when_they_have_come() {
    let counted = ads().replace(
        "online: true",
        "online: true\naggregations:\n  - { column: clicked, function: sum, time_window: 1h }\n",
    );
    edit(
        &counted,
        "1h }\n",
        "1h }\n  - { column: clicked, function: sum, time_window: 7d, name: weekly }\n",
        r#"
~ StreamFeatureView.clicks
    aggregations:
        {column: clicked, name: clicked_sum_1h_continuous, function: sum, time_window: 1h}
      + {column: clicked, name: weekly, function: sum, time_window: 7d}
    adds feature: weekly Int64
    warning: the window of `weekly` is 7d, longer than any before (1h); it is complete from 2026-11-28T00:00:00Z on: older events are not kept

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked_sum_1h_continuous clicks.weekly
"#,
    );
}

#[test]
fn another_aggregation_interval_recreates() {
    batch(
        SUM,
        &SUM.replace("interval: 1d", "interval: 7d"),
        r#"
± BatchFeatureView.spend
    aggregation_interval: 1d -> 7d  (recreates)
    aggregations:  (recreates)
      - {column: amount, name: amount_sum_7d_1d, function: sum, time_window: 7d}
      + {column: amount, name: amount_sum_7d_7d, function: sum, time_window: 7d}
    batch_schedule: 1d -> 7d
    adds feature: amount_sum_7d_7d Float64
    removes feature: amount_sum_7d_1d Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

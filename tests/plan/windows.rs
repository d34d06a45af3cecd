//! Which rows a job reads, and how far back: `unfiltered`, `time_windows`, and where history begins.

use super::{BATCH, COLUMNS, ads, check, edit, same, spend};

/// A view of aggregates over `BATCH`: the entries of the list come below.
fn sums(entries: &str) -> String {
    format!("{BATCH}{COLUMNS}aggregation_interval: 1h\naggregations:\n{entries}")
}

/// A view of pushed events that is kept, with these fields.
fn kept(fields: &str) -> String {
    ads().replace("online: true", &format!("online: true{fields}"))
}

#[test]
fn windows_in_a_list_are_the_same_as_one_by_one() {
    let one = |window: &str| format!("  - {{ column: amount, function: sum, time_window: {window} }}\n");
    let list = |windows: &str| format!("  - {{ column: amount, function: sum, time_windows: [{windows}] }}\n");
    let mean = "  - { column: amount, function: mean, time_window: 1h }\n";
    let three = sums(&format!("{}{}{}{mean}", one("1h"), one("24h"), one("7d")));
    same(&three, &sums(&format!("{}{mean}", list("1h, 1d, 7d"))));
    same(&sums(&format!("{}{mean}", list("60m, 24h, 168h"))), &three);
    same(&three, &sums(&format!("{}{}{mean}", list("1h"), list("1d, 7d"))));
    same(&three, &sums(&format!("{}{}{mean}", one("1h, name: amount_sum_1h_1h"), list("1d, 7d"))));
    same(&sums(&one("1d")), &sums(&list("1d")));
}

#[test]
fn a_window_more_is_a_feature_more() {
    edit(
        &sums("  - { column: amount, function: sum, time_windows: [1h, 1d] }\n"),
        "[1h, 1d]",
        "[1h, 1d, 7d]",
        r#"
~ BatchFeatureView.spend
    aggregations:
        {column: amount, name: amount_sum_1d_1h, function: sum, time_window: 1d}
      + {column: amount, name: amount_sum_7d_1h, function: sum, time_window: 7d}
    adds feature: amount_sum_7d_1h Float64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_window_less_recreates() {
    edit(
        &sums("  - { column: amount, function: sum, time_windows: [1h, 1d] }\n"),
        "[1h, 1d]",
        "[1h]",
        r#"
± BatchFeatureView.spend
    aggregations:  (recreates)
        {column: amount, name: amount_sum_1h_1h, function: sum, time_window: 1h}
      - {column: amount, name: amount_sum_1d_1h, function: sum, time_window: 1d}
    removes feature: amount_sum_1d_1h Float64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_plain_name_means_the_window() {
    let plain = spend("");
    for other in [
        "[{ source: orders }]",
        "[{ source: orders, unfiltered: false }]",
        "[{ source: orders, unfiltered: ~ }]",
        "[{ source: orders, start_time_offset: 0s, unfiltered: false }]",
    ] {
        same(&plain, &plain.replace("[orders]", other));
        same(&plain.replace("[orders]", other), &plain);
    }
}

#[test]
fn a_source_read_whole_is_another_view() {
    edit(
        &spend(""),
        "sources: [orders]",
        "sources: [{ source: orders, unfiltered: true }]",
        r#"
± BatchFeatureView.spend
    sources:  (recreates, can be suppressed)
      - orders
      + {source: orders, unfiltered: true}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_source_read_by_the_window_again_is_another_view() {
    edit(
        &spend("").replace("sources: [orders]", "sources: [{ source: orders, unfiltered: true }]"),
        "{ source: orders, unfiltered: true }",
        "{ source: orders, start_time_offset: -1d }",
        r#"
± BatchFeatureView.spend
    sources:  (recreates, can be suppressed)
      - {source: orders, unfiltered: true}
      + {source: orders, start_time_offset: -1d}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn sources_in_another_order_are_the_same() {
    let more = "
kind: BatchSource
name: refunds
batch_config: { kind: HiveConfig, database: shop, table: refunds, timestamp_field: at }
---
kind: Transformation
name: both
mode: sql
inputs: [a, b]
sql: SELECT user_id, at, amount FROM a UNION ALL SELECT user_id, at, amount FROM b
---";
    let sql = "sql: SELECT user_id, at, amount FROM orders UNION ALL SELECT user_id, at, amount FROM refunds\n";
    let written = format!("{more}{BATCH}{COLUMNS}{sql}").replace("[orders]", "[orders, refunds]");
    same(&written, &written.replace("[orders, refunds]", "[refunds, { source: orders }]"));
    // Those that stand for the inputs of a transformation, one by one, have an order.
    let called = written.replace(sql, "transformation: { name: both }\n");
    same(&called, &called.replace("name: both }", "name: both, inputs: [orders, refunds] }"));
    edit(
        &called,
        "sources: [orders, refunds]",
        "sources: [refunds, orders]",
        r#"
± BatchFeatureView.spend
    transformation.inputs:  (recreates, can be suppressed)
      + refunds
        orders
      - refunds

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_beginning_takes_history_away_where_there_was_none() {
    check(
        &kept("\nprevent_destroy: true"),
        &kept("\nprevent_destroy: true\nfeature_start_time: 2026-11-01"),
        r#"
~ StreamFeatureView.clicks
    feature_start_time: (unset) -> 2026-11-01T00:00:00Z
      (takes serving or history away)

1 refusal:

error[P004]: the plan would take serving or history from
  `StreamFeatureView.clicks`, which sets prevent_destroy
note: StreamFeatureView.clicks: feature_start_time
hint: set `prevent_destroy: false` on `StreamFeatureView.clicks`, apply that
  alone, then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_beginning_of_what_was_not_kept_takes_nothing_away() {
    let before = spend("prevent_destroy: true");
    check(
        &before,
        &format!("{before}\noffline: true\nfeature_start_time: 2026-11-01"),
        r#"
~ BatchFeatureView.spend
    feature_start_time: (unset) -> 2026-11-01T00:00:00Z
    offline: false -> true
    backfill: 10 jobs, 2026-11-01 → now, 20 days, offline
    then a job every day, offline

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      10 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_beginning_in_the_future_is_warned_of() {
    check(
        &kept("\nfeature_start_time: 2026-11-01"),
        &kept("\nfeature_start_time: 2027-01-01"),
        r#"
~ StreamFeatureView.clicks
    feature_start_time: 2026-11-01T00:00:00Z -> 2027-01-01T00:00:00Z
      (takes serving or history away)
    warning: `StreamFeatureView.clicks` has no features before 2027-01-01T00:00:00Z, which is in the future

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

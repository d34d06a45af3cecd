//! What is no change: comparison is on a canonical form (spec 2, "Actions").

use super::{BATCH, CLICKS, COLUMNS, EVENTS, Scene, batch, same};

/// Both texts stand below the view of `BATCH`, which has columns.
#[track_caller]
fn same_view(before: &str, after: &str) {
    same(&format!("{BATCH}{COLUMNS}{before}"), &format!("{BATCH}{COLUMNS}{after}"));
}

#[test]
fn units_of_durations() {
    same_view("ttl: 24h\nmax_backfill_interval: 86400s", "ttl: 1d\nmax_backfill_interval: 1440m");
    same_view("ttl: 1h30m", "ttl: 90m");
}

#[test]
fn ways_to_write_an_instant() {
    same_view("feature_start_time: 2026-11-01", "feature_start_time: 2026-11-01T00:00:00Z");
    same_view("feature_start_time: 2026-11-01", "feature_start_time: 2026-11-01T02:00:00+02:00");
    same_view("feature_start_time: \"2026-11-01\"", "feature_start_time: 2026-11-01");
}

#[test]
fn defaults_written_out() {
    same_view(
        "",
        "online: false\noffline: false\nprevent_destroy: false\nbatch_trigger: SCHEDULED\nincremental_backfills: false\n\
         batch_schedule: 1d\ntimestamp_field: at",
    );
    same(
        &format!("{EVENTS}{CLICKS}"),
        &format!("{EVENTS}{CLICKS}online_serving_enabled: true")
            .replace("online: true", "online: true\nbatch_trigger: NO_BATCH_MATERIALIZATION"),
    );
}

#[test]
fn no_tags_written_out() {
    same_view("", "tags: {}");
}

#[test]
fn no_offset_written_out() {
    same(
        &format!("{BATCH}{COLUMNS}"),
        &format!("{BATCH}{COLUMNS}").replace("[orders]", "[{ source: orders, start_time_offset: 0s }]"),
    );
}

#[test]
fn default_join_key_written_out() {
    let device = "kind: Entity\nname: device_id\n";
    same(device, &format!("{device}join_keys: [device_id]"));
    same(device, &format!("{device}join_keys: [{{ name: device_id }}]"));
}

#[test]
fn schema_that_passes_through_written_out() {
    let events = format!("{EVENTS}{CLICKS}");
    let schema = "online: true\nschema:\n  - { name: user_id, dtype: String }\n  - { name: at, dtype: Timestamp }\n  - { name: clicked, dtype: Int64 }\n";
    same(&events, &events.replace("online: true", schema));
}

#[test]
fn shorthand_and_long_form() {
    let short = format!("{EVENTS}{CLICKS}");
    same(&short, &short.replace("features: [clicks]", "features: [{ view: clicks }]"));
    same(
        &short,
        &short.replace("features: [clicks]", "features: [{ view: clicks, namespace: clicks, join_key_map: {} }]"),
    );
    same(&short, &short.replace("sources: [events]", "sources: [{ source: events }]"));
}

#[test]
fn names_of_aggregations_written_out() {
    let sum = "aggregation_interval: 1d\naggregations:\n  - { column: amount, function: sum, time_window: 7d }";
    same_view(sum, &sum.replace("7d }", "7d, name: amount_sum_7d_1d }"));
    same_view(sum, &sum.replace("7d }", "168h }"));
    same_view(sum, &format!("{sum}\nbatch_schedule: 1d"));
}

#[test]
fn continuous_is_the_interval_of_pushed_events() {
    let sum = "online: true\naggregations:\n  - { column: clicked, function: last(3), time_window: 1h }";
    let events = format!("{EVENTS}{CLICKS}").replace("online: true", sum);
    same(&events, &events.replace("online: true", "online: true\naggregation_interval: 0s"));
    same(&events, &events.replace("1h }", "60m, name: clicked_last_3_1h_continuous }"));
}

#[test]
fn order_of_keys_quotes_comments_and_flow() {
    same(
        &format!("{BATCH}{COLUMNS}ttl: 30d"),
        "
# The same, by someone else.
{name: 'user', kind: Entity, \"join_keys\": [\"user_id\"]}
---
name: orders
batch_config:
  timestamp_field: at   # the column
  table: orders
  database: \"shop\"
  data_delay: 0s
  kind: HiveConfig
kind: BatchSource
---
ttl: \"30d\"
entities:
  - user
schema: [{ dtype: String, name: user_id }, { dtype: 'Timestamp', name: at }, { name: amount, dtype: Float64 }]
sources:
  - orders
name: spend
kind: BatchFeatureView
",
    );
}

#[test]
fn order_of_declarations() {
    let mut documents: Vec<String> =
        format!("{BATCH}{COLUMNS}").split("---").map(|it| format!("{}\n", it.trim())).collect();
    documents.reverse();
    same(&format!("{BATCH}{COLUMNS}"), &documents.join("---\n"));
}

#[test]
fn layout_comments_and_case_of_sql() {
    same_view(
        "sql: SELECT user_id, at, amount FROM orders WHERE amount > 0",
        "sql: |\n  -- what was paid\n  select user_id,\n         at,\n         amount /* in USD */\n  from orders\n  where amount > 0;",
    );
}

#[test]
fn case_of_text_in_sql_is_a_change() {
    batch(
        "sql: \"SELECT user_id, at, 'Paid' AS amount FROM orders\"",
        "sql: \"SELECT user_id, at, 'paid' AS amount FROM orders\"",
        r#"
± BatchFeatureView.spend
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, 'Paid' AS amount FROM orders
      + SELECT user_id, at, 'paid' AS amount FROM orders

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn sql_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spend.sql"), "-- all of it\nSELECT user_id, at, amount\nFROM orders\n").unwrap();
    let scene = Scene { root: folder.path().to_str().unwrap(), ..Scene::LIVE };
    let inline = format!("{BATCH}{COLUMNS}sql: SELECT user_id, at, amount FROM orders");
    let file = format!("{BATCH}{COLUMNS}sql_file: spend.sql");
    for (recorded, declared) in [(&inline, &file), (&file, &inline)] {
        let plan = scene.plan(recorded, declared);
        assert!(plan.starts_with("No changes."), "{plan}");
    }
}

#[test]
fn text_of_a_sql_file_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spend.sql"), "SELECT user_id, at, amount FROM orders WHERE paid").unwrap();
    let scene = Scene { root: folder.path().to_str().unwrap(), ..Scene::LIVE };
    scene.check(
        &format!("{BATCH}{COLUMNS}sql: SELECT user_id, at, amount FROM orders"),
        &format!("{BATCH}{COLUMNS}sql_file: spend.sql"),
        r#"
± BatchFeatureView.spend
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, amount FROM orders
      + SELECT user_id, at, amount FROM orders WHERE paid

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn spaces_in_types() {
    let columns = COLUMNS.replace("Float64", "\"Map<String, Struct<a: Int64, b: Array<String>>>\"");
    let spaced = COLUMNS.replace("Float64", "\"Map<String,Struct<a:Int64,b:Array<String>>>\"");
    same(&format!("{BATCH}{columns}"), &format!("{BATCH}{spaced}"));
}

#[test]
fn renamed_from_of_nothing() {
    same_view("", "renamed_from: long_gone");
}

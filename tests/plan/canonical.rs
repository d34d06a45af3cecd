//! What is no change: comparison is on a canonical form (spec 2, "Actions").

use super::{BATCH, CLICKS, COLUMNS, EVENTS, Scene, ads, batch, same, spend};

/// Both texts stand below the view of `BATCH`, which has columns.
#[track_caller]
fn same_view(before: &str, after: &str) {
    same(&spend(before), &spend(after));
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
        &ads(),
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
    same(&spend(""), &spend("").replace("[orders]", "[{ source: orders, start_time_offset: 0s }]"));
}

#[test]
fn default_join_key_written_out() {
    let device = "kind: Entity\nname: device_id\n";
    same(device, &format!("{device}join_keys: [device_id]"));
    same(device, &format!("{device}join_keys: [{{ name: device_id }}]"));
}

#[test]
fn schema_that_passes_through_written_out() {
    let schema = "online: true\nschema:\n  - { name: user_id, dtype: String }\n  - { name: at, dtype: Timestamp }\n  - { name: clicked, dtype: Int64 }\n";
    same(&ads(), &ads().replace("online: true", schema));
}

#[test]
fn shorthand_and_long_form() {
    let short = ads();
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
    let events = ads().replace("online: true", sum);
    same(&events, &events.replace("online: true", "online: true\naggregation_interval: 0s"));
    same(&events, &events.replace("1h }", "60m, name: clicked_last_3_1h_continuous }"));
}

#[test]
fn order_of_keys_quotes_comments_and_flow() {
    same(
        &spend("ttl: 30d"),
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
    let mut documents: Vec<String> = spend("").split("---").map(|it| format!("{}\n", it.trim())).collect();
    documents.reverse();
    same(&spend(""), &documents.join("---\n"));
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
    let inline = spend("sql: SELECT user_id, at, amount FROM orders");
    let file = spend("sql_file: spend.sql");
    for (recorded, declared) in [(&inline, &file), (&file, &inline)] {
        let plan = scene.plan(recorded, declared);
        assert!(plan.starts_with("No changes."), "{plan}");
    }
}

/// A source whose function lies in `file`, which holds `text`.
fn spark(scene: &Scene, file: &str, function: &str, text: &str) -> String {
    std::fs::write(std::path::Path::new(scene.root).join(file), text).unwrap();
    let function = format!("data_source_function: \"{file}:{function}\"");
    format!("kind: BatchSource\nname: s\nbatch_config: {{ kind: SparkBatchConfig, {function} }}\n")
}

#[test]
fn name_of_a_file_that_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene { root: folder.path().to_str().unwrap(), ..Scene::LIVE };
    let text = "def read(spark):\n    return spark.table('s')\n\n\nload = read\n";
    let before = spark(&scene, "sessions.py", "read", text);
    let plan = scene.plan(&before, &spark(&scene, "read_sessions.py", "read", text));
    assert!(plan.starts_with("No changes."), "{plan}");
    scene.check(
        &before,
        &spark(&scene, "read_sessions.py", "load", text),
        r#"
± BatchSource.s
    batch_config.data_source_function: read -> load
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn ways_to_write_a_place() {
    let source = |config: &str| format!("kind: BatchSource\nname: s\nbatch_config: {{ {config} }}\n");
    let file = |uri: &str| source(&format!("kind: FileConfig, file_format: csv, uri: \"{uri}\""));
    for uri in ["./data/x.csv", "data//x.csv", "data/./x.csv", "file://data/x.csv", "././data/x.csv/"] {
        same(&file("data/x.csv"), &file(uri));
        same(&file(uri), &file("data/x.csv"));
    }
    same(&file("s3://bucket/x.csv"), &file("s3a://bucket/x.csv"));
    let redshift = |it: &str| source(&format!("kind: RedshiftConfig, table: t, endpoint: \"{it}\""));
    same(&redshift("Cluster.example.com"), &redshift("cluster.example.com:5439/dev"));
    let snowflake =
        |it: &str| source(&format!("kind: SnowflakeConfig, database: d, schema: s, table: t, url: \"{it}\""));
    same(&snowflake("https://a.snowflakecomputing.com"), &snowflake("https://a.snowflakecomputing.com/"));
}

#[test]
fn other_places_are_changes() {
    let file = |uri: &str| {
        format!("kind: BatchSource\nname: s\nbatch_config: {{ kind: FileConfig, file_format: csv, uri: \"{uri}\" }}\n")
    };
    for (before, after) in [
        ("data/x.csv", "data/y.csv"),
        ("data/x.csv", "/data/x.csv"),
        ("data/x.csv", "../data/x.csv"),
        ("data/a/../x.csv", "data/x.csv"),
        ("s3://bucket/x", "s3://bucket//x"),
        ("s3://bucket/x", "s3://bucket/x/"),
        ("s3://bucket/x", "bucket/x"),
        ("data/X.csv", "data/x.csv"),
    ] {
        let plan = Scene::LIVE.plan(&file(before), &file(after));
        assert!(plan.contains("± BatchSource.s"), "{before} -> {after}:\n{plan}");
    }
}

#[test]
fn keys_that_stand_for_themselves() {
    let mapped = |map: &str| ads().replace("[clicks]", &format!("[{{ view: clicks, join_key_map: {map} }}]"));
    same(&ads(), &mapped("{ user_id: user_id }"));
    same(&mapped("{ user_id: user_id }"), &ads());
    let two = |it: &str| {
        let more = "  - { name: clicked, dtype: Int64 }\n  - { name: seen, dtype: Int64 }\n";
        it.replace("join_keys: [user_id]", "join_keys: [user_id, clicked]")
            .replace("  - { name: clicked, dtype: Int64 }\n", more)
    };
    same(&two(&mapped("{ user_id: me }")), &two(&mapped("{ clicked: clicked, user_id: me }")));
}

#[test]
fn all_features_written_out() {
    let chosen = ads().replace("[clicks]", "[{ view: clicks, features: [clicked] }]");
    same(&ads(), &chosen);
    same(&chosen, &ads());
}

#[test]
fn text_of_a_sql_file_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spend.sql"), "SELECT user_id, at, amount FROM orders WHERE paid").unwrap();
    let scene = Scene { root: folder.path().to_str().unwrap(), ..Scene::LIVE };
    scene.check(
        &spend("sql: SELECT user_id, at, amount FROM orders"),
        &spend("sql_file: spend.sql"),
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

const SPEND: &str = "\
kind: BatchFeatureView
name: spend
sources: [s]
entities: [user]
transformation: { name: clean, inputs: [s] }
---
kind: Entity
name: user
join_keys: [{ name: user_id, dtype: String }]
---
kind: BatchSource
name: s
batch_config: { kind: HiveConfig, database: d, table: t }
---
";

fn clean(inputs: &str, sql: &str) -> String {
    format!("{SPEND}kind: Transformation\nname: clean\nmode: sql\ninputs: [{inputs}]\nsql: {sql}\n")
}

#[test]
fn names_of_inputs_that_are_open() {
    let scene = Scene::LIVE;
    let before = clean("x", "SELECT x.user_id, ts, a FROM x WHERE x.a > 0");
    for after in [
        clean("events", "SELECT events.user_id, ts, a FROM events WHERE events.a > 0"),
        clean("Events", "select events.user_id, ts, a from events where events.a > 0"),
        clean("clean_in", "SELECT clean_in.user_id, ts, a /* all */ FROM clean_in WHERE clean_in.a > 0"),
    ] {
        let plan = scene.plan(&before, &after);
        assert!(plan.starts_with("No changes."), "{after}\n{plan}");
    }
    for (after, shown) in [
        // Another query under another name, and a name that the query does not follow, or says already.
        (clean("events", "SELECT events.user_id, ts, a FROM events WHERE events.a > 1"), "sql:"),
        (clean("a", "SELECT a.user_id, ts, a FROM a WHERE a.a > 0"), "inputs:"),
    ] {
        let plan = scene.plan(&before, &after);
        assert!(plan.contains("± Transformation.clean") && plan.contains(shown), "{after}\n{plan}");
    }
}

#[test]
fn names_of_inputs_are_not_those_of_other_tables() {
    let scene = Scene::LIVE;
    let two = |inputs: &str, sql: &str| {
        let join =
            clean(inputs, sql).replace("sources: [s]", "sources: [s, u]").replace("inputs: [s]", "inputs: [s, u]");
        format!("{join}---\nkind: BatchSource\nname: u\nbatch_config: {{ kind: HiveConfig, database: d, table: u }}\n")
    };
    let before = two("x, y", "SELECT x.user_id, x.ts, y.a FROM x JOIN y ON x.id = y.id");
    // Each is called as the other was: the same tables in the same places.
    let plan = scene.plan(&before, &two("y, x", "SELECT y.user_id, y.ts, x.a FROM y JOIN x ON y.id = x.id"));
    assert!(plan.starts_with("No changes."), "{plan}");
    // The same names for the other tables.
    let plan = scene.plan(&before, &two("y, x", "SELECT x.user_id, x.ts, y.a FROM x JOIN y ON x.id = y.id"));
    assert!(plan.contains("± Transformation.clean"), "{plan}");
    // Where another transformation reads this one, a name may stand for a table of both.
    let outer = "---\nkind: Transformation\nname: outer\nmode: sql\ninputs: [clean, x]\nsql: SELECT * FROM clean JOIN x USING (id)\n";
    let one = |input: &str| clean(input, &format!("SELECT user_id, ts, a FROM {input}")) + outer;
    let plan = scene.plan(&one("x"), &one("z"));
    assert!(plan.contains("± Transformation.clean"), "{plan}");
}

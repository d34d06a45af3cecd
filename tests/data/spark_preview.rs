//! `weir preview` on a real Spark, and that it shows what the embedded engine shows.

use super::spark_server::{Server, server};
use crate::support::{Repo, Run};

const REPO: &str = "\
kind: Entity
name: card
join_keys: [{ name: card_id, dtype: String }]
---
kind: BatchSource
name: taps
batch_config:
  kind: HiveConfig
  database: ads
  table: taps
  timestamp_field: at
  datetime_partition_columns:
    - { column_name: day, datepart: date, zero_padded: true }
  post_processor: SELECT card_id, amount, at FROM input WHERE amount <> 2.5
---
kind: BatchSource
name: read
batch_config:
  kind: SparkBatchConfig
  data_source_function: taps.py:read
---
kind: BatchSource
name: read_between
batch_config:
  kind: SparkBatchConfig
  data_source_function: taps.py:read_between
  supports_time_filtering: true
---
kind: BatchFeatureView
name: spend
sources: [taps]
entities: [card]
timestamp_field: at
sql: |
  SELECT card_id, at, amount * 2 AS twice, CASE WHEN amount > 3 THEN 'much' ELSE 'little' END AS size
  FROM taps
  ORDER BY at
";

const PYTHON: &str = "\
from pyspark.sql import functions as F

def read(spark):
    return spark.table('ads.taps').orderBy('at')

def read_between(spark, filter_context):
    frame = spark.table('ads.taps').orderBy('at')
    if filter_context.start_time is not None:
        frame = frame.filter(F.col('at') >= filter_context.start_time)
    if filter_context.end_time is not None:
        frame = frame.filter(F.col('at') < filter_context.end_time)
    return frame
";

fn on_spark(server: &Server) -> Repo {
    let toml = format!("[engine]\nkind = \"spark\"\nurl = \"{}\"\npython = \"{}\"\n", server.url(), server.python);
    Repo::new(&[("weir.toml", &toml), ("all.yaml", REPO), ("taps.py", PYTHON)])
}

fn preview(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["-q", "--color", "never", "preview"], arguments].concat())
}

/// The same declaration over the same files: what one engine shows, the other does.
#[test]
fn the_embedded_engine_and_spark_show_the_same_rows() {
    let Some(server) = server() else { return };
    let repo = on_spark(server);
    let spark = std::fs::read_to_string(repo.path().join("weir.toml")).unwrap();
    let embedded = format!("[engine]\nwarehouse = \"{}\"\n", server.warehouse.display());
    for arguments in [
        &["BatchSource.taps"] as &[&str],
        &["BatchSource.taps", "--start", "2024-01-31T06:00:00Z", "--end", "2024-02-01T06:00:00Z"],
        &["BatchFeatureView.spend"],
        &["BatchFeatureView.spend", "--start", "2024-02-01"],
    ] {
        let arguments = [arguments, &["--format", "csv", "--limit", "100"]].concat();
        let mut shown = Vec::new();
        for toml in [&spark, &embedded] {
            repo.write("weir.toml", toml);
            let run = preview(&repo, &arguments).exits(0);
            let mut lines: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
            // A source promises no order.
            lines[1..].sort();
            shown.push(lines);
        }
        assert!(shown[0].len() > 3, "{shown:?}");
        assert_eq!(shown[0], shown[1], "{arguments:?}");
    }
}

#[test]
fn raw_rows_are_those_before_the_post_processor() {
    let Some(server) = server() else { return };
    let repo = on_spark(server);
    let lines = |arguments: &[&str]| preview(&repo, arguments).exits(0).stdout.lines().count();
    let all = ["BatchSource.taps", "--format", "csv", "--limit", "100"];
    assert_eq!(lines(&all), 16);
    assert_eq!(lines(&[&all as &[_], &["--raw"]].concat()), 17);
}

#[test]
fn a_function_is_given_the_times_that_it_can_filter() {
    let Some(server) = server() else { return };
    let repo = on_spark(server);
    let times = ["--start", "2024-01-31", "--end", "2024-02-01", "--format", "csv", "--limit", "100"];
    let run = preview(&repo, &[&["BatchSource.read_between"], &times as &[_]].concat()).exits(0);
    assert_eq!(run.stdout.lines().count(), 5, "{}", run.stdout);
    // One that takes no times cannot be asked for some.
    let run = preview(&repo, &[&["BatchSource.read"], &times as &[_]].concat()).exits(1);
    assert!(run.stderr.contains("supports_time_filtering"), "{}", run.stderr);
    let run = preview(&repo, &["BatchSource.read", "--format", "csv", "--limit", "3"]).exits(0);
    assert_eq!(run.stdout.lines().count(), 4, "{}", run.stdout);
}

#[test]
fn a_view_that_only_spark_understands_is_computed_there() {
    let Some(server) = server() else { return };
    let repo = on_spark(server);
    let sql = "SELECT card_id, at, CAST(amount AS INT) DIV 2 AS half, explode(sequence(1, 2)) AS n FROM taps";
    let (before, _) = REPO.split_once("sql: |").unwrap();
    repo.write("all.yaml", &format!("{before}sql: {sql}\n"));
    let arguments = ["BatchFeatureView.spend", "--start", "2024-02-02", "--format", "csv", "--limit", "100"];
    let run = preview(&repo, &arguments).exits(0);
    assert_eq!(run.stdout.lines().count(), 9, "{}", run.stdout);
}

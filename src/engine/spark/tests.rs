//! What only a real Spark shows; without PySpark these are skipped, and say so.

#[path = "../../../tests/data/spark_server.rs"]
mod spark_server;

use std::path::Path;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::cast;
use futures::TryStreamExt;
use futures::future::join_all;

use super::*;
use crate::engine::relation::Window;
use crate::resource::batch_config::{BatchConfig, Datepart, DatetimePartitionColumn};
use crate::settings::{EngineKind, EngineSettings, Secret, Services};

/// Runs a test with a core of its own, where there is a Spark.
fn on_spark(test: impl AsyncFnOnce(Core)) {
    let Some(server) = spark_server::server() else { return };
    let engine = EngineSettings {
        kind: EngineKind::Spark,
        url: Some(Secret::new(server.url())),
        python: Some(server.python.clone()),
        ..EngineSettings::default()
    };
    let core = Core::new(Path::new("/tmp"), &Services { engine, ..Services::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shared = core.spark.clone();
        test(core).await;
        shared.close().await;
    });
}

fn hive_config(table: &str, partitions: &[(&str, Datepart, bool)]) -> HiveConfig {
    let column = |it: &(&str, Datepart, bool)| DatetimePartitionColumn {
        column_name: it.0.to_owned(),
        datepart: it.1,
        zero_padded: Some(it.2),
        format_string: None,
    };
    HiveConfig {
        database: "ads".to_owned(),
        table: table.to_owned(),
        timestamp_field: Some("at".to_owned()),
        timestamp_format: None,
        datetime_partition_columns: Some(partitions.iter().map(column).collect()),
        post_processor: None,
        data_delay: None,
    }
}

/// Returns the rows of a batch config whose time lies in the window.
async fn preview_plan(core: &Core, config: &BatchConfig, window: Window) -> Plan {
    let rows = preview::lying(core, config, window).await.unwrap();
    match config.config().timestamp_field() {
        Some(field) => rows.within(field, window),
        None => rows,
    }
}

/// Runs a plan.
async fn rows(core: &Core, plan: &Plan) -> (SchemaRef, SendableRecordBatchStream) {
    let session = core.spark.session(&core.services).await.unwrap();
    let schema = session.schema(plan).await.unwrap();
    let rows = session.rows(plan, schema.clone()).await.unwrap();
    (schema, rows)
}

fn window(start: &str, end: &str) -> Window {
    Window { start: start.parse().ok(), end: end.parse().ok() }
}

/// Returns the rows of a plan as a table.
async fn shown(core: &Core, plan: &Plan) -> String {
    let (_, stream) = rows(core, plan).await;
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    core.session.read_batches(batches).unwrap().to_string().await.unwrap()
}

async fn count(core: &Core, plan: &Plan) -> usize {
    let (_, stream) = rows(core, plan).await;
    stream.try_fold(0, async |sum, batch| Ok(sum + batch.num_rows())).await.unwrap()
}

#[test]
fn queries_at_once_over_tables_of_one_name_do_not_meet() {
    on_spark(async |core| {
        // Analyses overlap far more than runs do: a few hundred of them meet where they can.
        let analyse = |number: usize| {
            let core = &core;
            let one = Plan::query(&format!("SELECT 1 AS n{number}"), []);
            let plan = Plan::query("SELECT * FROM input", [("input".to_owned(), one)]);
            async move {
                let session = core.spark.session(&core.services).await.unwrap();
                assert_eq!(*session.schema(&plan).await.unwrap().field(0).name(), format!("n{number}"));
            }
        };
        join_all((0..300).map(analyse)).await;
        let ask = |number: usize| {
            let core = &core;
            let rows = Plan::query(&format!("SELECT {number} AS n"), []);
            let plan = Plan::query("SELECT n, count(*) AS rows FROM input GROUP BY n", [("input".to_owned(), rows)]);
            async move {
                let text = shown(core, &plan).await;
                assert!(text.contains(&format!("| {number} ")), "{number}: {text}");
            }
        };
        join_all((100..120).map(ask)).await;
    });
}

#[test]
fn a_text_with_a_side_effect_is_a_fault() {
    on_spark(async |core| {
        for text in
            ["DROP TABLE ads.kinds", "CREATE DATABASE stolen", "SELECT 1) ; DROP TABLE ads.kinds --", "SET a = b"]
        {
            let refused = output(&core, text, &[]).await.unwrap_err();
            assert!(matches!(refused, Refused::Fault(_)), "{text}: {refused:?}");
        }
        let session = core.spark.session(&core.services).await.unwrap();
        assert!(session.names("SHOW TABLES IN ads", 1).await.contains(&"kinds".to_owned()));
        assert!(!session.names("SHOW DATABASES", 0).await.contains(&"stolen".to_owned()));
    });
}

#[test]
fn every_type_of_spark_is_known_and_its_values_arrive() {
    on_spark(async |core| {
        let table = hive(&core, &hive_config("kinds", &[])).unwrap();
        let schema = table.schema().await.unwrap();
        let types: Vec<&DataType> = schema.fields().iter().map(|it| it.data_type()).collect();
        use DataType::*;
        let utc = Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let expected = [
            &Boolean,
            &Int8,
            &Int16,
            &Int32,
            &Int64,
            &Float32,
            &Float64,
            &Decimal128(3, 2),
            &Utf8,
            &Binary,
            &Date32,
            &utc,
            &Timestamp(TimeUnit::Microsecond, None),
        ];
        assert_eq!(types, expected);
        let provider = table.table(schema, Window::default()).await.unwrap();
        let text = core.session.read_table(provider).unwrap().to_string().await.unwrap();
        let values = "| true   | 1      | 2       | 3      | 4      | 1.5     | 2.5      | 1.25      | x        | 00       \
                      | 2024-01-01 | 2024-01-01T10:00:00Z | 2024-01-01T10:00:00 |";
        assert!(text.contains(values), "{text}");
    });
}

#[test]
fn a_scan_takes_its_filters_columns_and_limit_to_spark() {
    on_spark(async |core| {
        let table = hive(&core, &hive_config("taps", &[])).unwrap();
        let schema = table.schema().await.unwrap();
        let provider = table.table(schema, Window::default()).await.unwrap();
        let all = core.session.read_table(provider).unwrap();
        let noon = cast(lit("2024-01-31T12:00:00Z"), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
        let filtered = all.clone().filter(col("at").gt_eq(noon).and(col("amount").lt(lit(5.5)))).unwrap();
        let sorted = filtered.sort(vec![col("amount").sort(true, false)]).unwrap();
        let batches = sorted.select_columns(&["amount", "card_id"]).unwrap().collect().await.unwrap();
        let amounts: Vec<f64> =
            batches.iter().flat_map(|it| it.column(0).as_primitive::<Float64Type>().values().to_vec()).collect();
        assert_eq!(amounts, [3.0, 3.5, 4.0, 4.5, 5.0]);
        assert_eq!(all.clone().count().await.unwrap(), 16);
        assert_eq!(all.limit(0, Some(3)).unwrap().count().await.unwrap(), 3);
    });
}

#[test]
fn a_window_reads_the_partitions_that_it_can_lie_in() {
    on_spark(async |core| {
        let check = async |config: &HiveConfig, start: &str, end: &str, in_partitions: usize, in_window: usize| {
            let window = window(start, end);
            let partitions = hive::HiveTable::new(&core, config).plan(window).await.unwrap();
            assert_eq!(count(&core, &partitions).await, in_partitions, "{start} {end}");
            let config = BatchConfig::HiveConfig(config.clone());
            let plan = preview_plan(&core, &config, window).await;
            assert_eq!(count(&core, &plan).await, in_window, "{start} {end}");
        };
        // Four rows a day, from the 30th of January to the 2nd of February.
        let by_day = hive_config("taps", &[("day", Datepart::Date, true)]);
        check(&by_day, "2024-01-31T06:00:00Z", "2024-02-01", 4, 3).await;
        check(&by_day, "2024-01-31", "2024-02-01T00:00:01Z", 8, 5).await;
        check(&by_day, "", "", 16, 16).await;
        let by_month = hive_config("taps_by_month", &[("y", Datepart::Year, false), ("m", Datepart::Month, false)]);
        check(&by_month, "2024-02-01T12:00:00Z", "", 8, 6).await;
        check(&by_month, "", "2024-02-01", 8, 8).await;
        let wrong = hive(&core, &hive_config("taps", &[("days", Datepart::Date, true)])).unwrap();
        let Err(Closed::Fault { field, hint, .. }) = wrong.schema().await else { panic!("there is no such column") };
        assert_eq!((field, hint.as_deref()), ("datetime_partition_columns", Some("did you mean `day`?")));
    });
}

#[test]
fn a_function_gets_its_times_and_leaves_its_rows() {
    on_spark(async |core| {
        let text = "from pyspark.sql import functions as F\n\
                    def read(spark, filter_context):\n    \
                        assert filter_context.start_time.tzinfo is not None and filter_context.end_time is None\n    \
                        return spark.table('ads.taps').filter(F.col('at') >= filter_context.start_time)\n";
        let config = SparkBatchConfig {
            data_source_function: "taps.py:read".to_owned(),
            supports_time_filtering: Some(true),
            data_delay: None,
            data_source_text: Some(text.to_owned()),
        };
        let source = BatchConfig::SparkBatchConfig(config);
        let plan = preview_plan(&core, &source, window("2024-02-01T06:00:00Z", "")).await;
        let view = "SELECT card_id, sum(amount) AS spent FROM taps GROUP BY card_id ORDER BY card_id";
        let view = Plan::query(view, [("taps".to_owned(), plan)]).limit(1);
        assert!(shown(&core, &view).await.contains("| c0      | 18.0  |"), "{}", shown(&core, &view).await);
    });
}

#[test]
fn files_are_read_with_the_columns_that_weir_sees() {
    on_spark(async |mut core| {
        let folder = tempfile::tempdir().unwrap();
        core.root = folder.path().into();
        std::fs::create_dir_all(folder.path().join("data/day=2024-01-01")).unwrap();
        let text = "id,at,note\n1,2024-01-01T10:00:00Z,\"two\nlines, \"\"quoted\"\"\"\n";
        std::fs::write(folder.path().join("data/day=2024-01-01/a.csv"), text).unwrap();
        let config = FileConfig {
            uri: "data".to_owned(),
            ..serde_json::from_str("{\"uri\": \"data\", \"file_format\": \"csv\", \"timestamp_field\": \"at\"}")
                .unwrap()
        };
        let embedded = crate::engine::place::files::relation(&core, &config).unwrap().schema().await.unwrap();
        let config = BatchConfig::FileConfig(config);
        let plan = preview_plan(&core, &config, window("2024-01-01", "2024-01-02")).await;
        let (schema, stream) = rows(&core, &plan).await;
        let batches: Vec<_> = stream.try_collect().await.unwrap();
        let names = |it: &Schema| it.fields().iter().map(|it| it.name().clone()).collect::<Vec<_>>();
        assert_eq!(names(&schema), names(&embedded));
        assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 1);
        assert_eq!(batches[0].column(2).as_string::<i32>().value(0), "two\nlines, \"quoted\"");
    });
}

#[test]
fn a_time_that_is_text_is_read_as_its_format_says() {
    on_spark(async |core| {
        let read = async |values: &str, format: &str| {
            let rows = Plan::query(&format!("SELECT * FROM VALUES {values} AS t(at)"), []);
            let session = core.spark.session(&core.services).await.unwrap();
            let schema = session.schema(&rows).await.unwrap();
            preview::with_timestamp(rows, &schema, "at", format)
        };
        let window = window("2024-01-31T09:00:00Z", "2024-01-31T13:00:00Z");
        let texts = "('31.01.2024 10:00'), ('2024-01-31T12:00:00Z'), ('31.01.2024 20:00'), (NULL)";
        let plan = read(texts, "dd.MM.yyyy HH:mm").await.within("at", window);
        assert_eq!(count(&core, &plan).await, 2);
        let quoted = read("('2024-01-31T10:00')", "yyyy-MM-dd'T'HH:mm").await.within("at", window);
        assert_eq!(count(&core, &quoted).await, 1);
        // What is no time is an error, as it is where weir itself reads.
        let wrong = read("('?')", "yyyy-MM-dd").await.within("at", window);
        let session = core.spark.session(&core.services).await.unwrap();
        let schema = session.schema(&wrong).await.unwrap();
        let failed = match session.rows(&wrong, schema).await {
            Ok(rows) => rows.try_collect::<Vec<_>>().await.is_err(),
            Err(_) => true,
        };
        assert!(failed);
    });
}

#[test]
fn many_rows_come_in_many_batches() {
    on_spark(async |core| {
        let plan = Plan::query("SELECT id, repeat('x', 100) AS filler FROM range(200000)", []);
        let (_, stream) = rows(&core, &plan).await;
        let batches: Vec<_> = stream.try_collect().await.unwrap();
        assert_eq!(batches.iter().map(|it| it.num_rows()).sum::<usize>(), 200_000);
        let largest = batches.iter().map(|it| it.num_rows()).max().unwrap_or_default();
        assert!(largest < 50_000, "{largest} rows in one batch");
        assert_eq!(batches[0].column(0).null_count(), 0);
    });
}

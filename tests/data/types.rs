//! Types that a file can have and no feature: each is named as SQL calls it, with a cast that then works.

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, DurationSecondArray, Int8Array, Int16Array, Int64Array,
    IntervalYearMonthArray, LargeBinaryArray, ListArray, NullArray, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use datafusion::arrow::datatypes::Date32Type;

use super::files::{array, parquet};
use super::{ENTITY, told, validate};
use crate::support::Repo;

#[test]
fn what_no_feature_can_be_names_a_cast_that_works() {
    let cases: Vec<(ArrayRef, &str, &str)> = vec![
        (array(Int8Array::from(vec![1])), "TINYINT", "CAST(it AS INT) AS it"),
        (array(Int16Array::from(vec![1])), "SMALLINT", "CAST(it AS INT) AS it"),
        (array(UInt8Array::from(vec![1])), "TINYINT UNSIGNED", "CAST(it AS INT) AS it"),
        (array(UInt16Array::from(vec![1])), "SMALLINT UNSIGNED", "CAST(it AS INT) AS it"),
        (array(UInt32Array::from(vec![1])), "INT UNSIGNED", "CAST(it AS BIGINT) AS it"),
        (array(UInt64Array::from(vec![1])), "BIGINT UNSIGNED", "CAST(it AS BIGINT) AS it"),
        (
            array(Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap()),
            "DECIMAL(10, 2)",
            "CAST(it AS DOUBLE) AS it",
        ),
        (array(Date32Array::from(vec![1])), "DATE", "CAST(it AS TIMESTAMP) AS it"),
        (array(Time64MicrosecondArray::from(vec![1])), "TIME", "CAST(it AS STRING) AS it"),
        (array(DurationSecondArray::from(vec![1])), "INTERVAL", "CAST(it AS STRING) AS it"),
        (array(IntervalYearMonthArray::from(vec![1])), "INTERVAL", "CAST(it AS STRING) AS it"),
        (array(BinaryArray::from(vec![b"\xff" as &[u8]])), "BINARY", "encode(it, 'hex') AS it"),
        (array(LargeBinaryArray::from(vec![b"\xff" as &[u8]])), "BINARY", "encode(it, 'hex') AS it"),
        (array(NullArray::new(1)), "NULL", "CAST(it AS STRING) AS it"),
        (
            array(ListArray::from_iter_primitive::<Date32Type, _, _>([Some([Some(1)])])),
            "an array of DATE",
            "CAST(it AS TIMESTAMP[]) AS it",
        ),
    ];
    let source = "\
kind: BatchSource
name: rows
batch_config: { kind: FileConfig, uri: rows.parquet, file_format: parquet }
";
    let view = "kind: BatchFeatureView\nname: view\nsources: [rows]\nentities: [card]\nsql: SELECT card_id, it, at FROM rows\ntimestamp_field: at\n";
    for (column, name, cast) in cases {
        let repo = Repo::new(&[("entity.yaml", ENTITY), ("source.yaml", source), ("view.yaml", view)]);
        let at = TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC");
        let file = parquet(vec![("card_id", array(StringArray::from(vec!["c1"]))), ("it", column), ("at", array(at))]);
        std::fs::write(repo.path().join("rows.parquet"), file).unwrap();
        let run = validate(&repo).exits(1);
        let says = format!("error[D004]: column `it` of `BatchFeatureView.view` is {name}, which no feature can be\n");
        let hint = format!("hint: write `{cast}`, or leave the column out\n");
        assert_eq!(told(&run.stderr), format!("{says}--> view.yaml:5:6\n{hint}"));
        // What the hint says works, and the rows can be had.
        repo.write("view.yaml", &view.replace("it,", &format!("{cast},")));
        validate(&repo).exits(0);
        repo.run(&["preview", "view"]).exits(0);
        // What reads no such column does not mind it.
        repo.write("view.yaml", &view.replace("it,", "1 AS one,"));
        validate(&repo).exits(0);
    }
}

/// A source may hold more than a view reads; only what passes through without a query is looked at.
#[test]
fn a_view_without_a_query_has_the_columns_of_its_source() {
    let repo = Repo::new(&[
        ("entity.yaml", ENTITY),
        (
            "source.yaml",
            "kind: BatchSource\nname: rows\nbatch_config: { kind: FileConfig, uri: r.parquet, file_format: parquet }\n",
        ),
        ("view.yaml", "kind: BatchFeatureView\nname: view\nsources: [rows]\nentities: [card]\n"),
    ]);
    let at = TimestampMicrosecondArray::from(vec![0]);
    let columns = vec![
        ("card_id", array(StringArray::from(vec!["c1"]))),
        ("n", array(Int64Array::from(vec![1]))),
        ("day", array(Date32Array::from(vec![1]))),
        ("at", array(at)),
    ];
    std::fs::write(repo.path().join("r.parquet"), parquet(columns)).unwrap();
    let run = validate(&repo).exits(1);
    assert_eq!(
        told(&run.stderr),
        "error[D004]: column `day` of `BatchFeatureView.view` is DATE, which no feature can be\n\
         --> view.yaml:2:7\nhint: write `CAST(day AS TIMESTAMP) AS day`, or leave the column out\n"
    );
}

//! `weir preview`: the rows of `get_dataframe` of the seed, and its errors.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int64Array, Int64Builder, ListBuilder,
    StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field};

use super::files::{array, parquet, read_parquet};
use super::{CARDS, SOURCE, repo, told};
use crate::child;
use crate::support::{Repo, Run, weir};

const MORE: &str = "\
kind: PushSource
name: bare
schema:
  - { name: card_id, dtype: String }
  - { name: at, dtype: Timestamp }
  - { name: amount, dtype: Float64 }
---
kind: StreamFeatureView
name: bare_view
sources: [bare]
entities: [card]
---
kind: BatchSource
name: people
batch_config: { kind: FileConfig, uri: data/people.csv, file_format: csv }
---
kind: Transformation
name: sorted
mode: sql
inputs: [spend]
sql: SELECT card_id, amount, opened_at FROM spend ORDER BY amount
---
kind: BatchFeatureView
name: by_size
sources: [cards]
entities: [card]
transformation: { name: sorted }
---
kind: BatchFeatureView
name: with_people
sources: [cards, people]
entities: [card]
sql: SELECT card_id, name, amount, opened_at FROM cards JOIN people USING (user_id)
---
kind: StreamFeatureView
name: tapped
sources: [taps]
entities: [card]
sql: SELECT card_id, amount * 2 AS twice, at FROM taps
---
kind: BatchSource
name: function
batch_config: { kind: SparkBatchConfig, data_source_function: \"rows.py:rows\" }
";

fn shop() -> Repo {
    let repo = repo();
    repo.write("more.yaml", MORE);
    repo.write("rows.py", "def rows(spark):\n    pass\n");
    repo.write("data/people.csv", "user_id,name\nu1,Ann\nu2,Bob\n");
    repo
}

fn preview(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["--color", "never", "preview"], arguments].concat())
}

/// Checks all that is printed, and that nothing is said beside it but `said`.
#[track_caller]
fn shows(repo: &Repo, arguments: &[&str], rows: &str, said: &str) {
    let run = preview(repo, arguments).exits(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (rows, said));
}

/// Checks that nothing but this is said: the diagnostic, without the lines that it shows.
#[track_caller]
fn refuses(repo: &Repo, arguments: &[&str], says: &str) {
    let run = preview(repo, arguments).exits(1);
    assert_eq!((run.stdout.as_str(), told(&run.stderr).trim_end()), ("", says));
}

#[test]
fn rows_are_a_table_csv_or_json() {
    let repo = shop();
    shows(
        &repo,
        &["cards"],
        "\
card_id  user_id  amount  limit_eur  day         opened_at
c1       u1       12.5    100        2024-01-01  2024-01-01T10:00:00Z
c2       u2       7.25    250        2024-01-02  2024-01-02T11:30:00Z
",
        "2 rows.\n",
    );
    shows(&repo, &["BatchSource.cards", "--format", "csv"], CARDS, "");
    shows(
        &repo,
        &["taps", "--format", "json"],
        concat!(
            r#"[{"card_id":"c1","amount":12.5,"at":"2024-01-01T10:00:00Z"},"#,
            r#"{"card_id":"c2","amount":7.25,"at":"2024-01-02T11:30:00Z"}]"#,
            "\n"
        ),
        "",
    );
    // Where no row is, the header and the brackets still are.
    shows(&repo, &["taps", "--end", "2000-01-01", "--format", "csv"], "card_id,amount,at\n", "");
    shows(&repo, &["taps", "--end", "2000-01-01", "--format", "json"], "[]\n", "");
    shows(&repo, &["taps", "--end", "2000-01-01"], "card_id  amount  at\n", "0 rows.\n");
}

#[test]
fn a_limit_shows_so_many_rows_and_says_that_there_are_more() {
    let repo = shop();
    let many: String = (0..30).map(|it| format!("c{it},u1,1.5,1,2024-01-01,2024-01-01T10:00:00Z\n")).collect();
    repo.write("data/cards.csv", &format!("card_id,user_id,amount,limit_eur,day,opened_at\n{many}"));
    let run = preview(&repo, &["taps"]).exits(0);
    let said = "20 rows, and there are more: --limit N shows N.\n";
    assert_eq!((run.stdout.lines().count(), run.stderr.as_str()), (21, said));
    let run = preview(&repo, &["taps", "--limit", "30"]).exits(0);
    assert_eq!((run.stdout.lines().count(), run.stderr.as_str()), (31, "30 rows.\n"));
    shows(
        &repo,
        &["taps", "--limit", "0"],
        "card_id  amount  at\n",
        "0 rows, and there are more: --limit N shows N.\n",
    );
    let first = "card_id,amount,at\nc0,1.5,2024-01-01T10:00:00Z\n";
    shows(&repo, &["taps", "--limit", "1", "--format", "csv"], first, "");
    assert_eq!(preview(&repo, &["taps", "--format", "csv"]).exits(0).stdout.lines().count(), 31);
    // A table in a file is as long as one on the screen.
    let run = preview(&repo, &["taps", "--out", "taps.txt"]).exits(0);
    let path = repo.path().join("taps.txt");
    let said = format!("Wrote 20 rows to {}, and there are more: --limit N shows N.\n", path.display());
    assert_eq!((run.stderr, std::fs::read_to_string(path).unwrap().lines().count()), (said, 21));
}

/// `start <= timestamp_field < end`; a time without zone is UTC.
#[test]
fn times_are_inclusive_at_the_start_and_exclusive_at_the_end() {
    let repo = shop();
    let ids = |arguments: &[&str]| {
        let run = preview(&repo, &[&["taps", "--format", "csv"], arguments].concat()).exits(0);
        run.stdout.lines().skip(1).map(|it| it[..2].to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (times, expected) in [
        (&["--start", "2024-01-01T10:00:00Z"] as &[&str], "c1 c2"),
        (&["--start", "2024-01-01T10:00:01Z"], "c2"),
        (&["--end", "2024-01-02T11:30:00Z"], "c1"),
        (&["--end", "2024-01-02T11:30:01Z"], "c1 c2"),
        (&["--start", "2024-01-01T10:00:00", "--end", "2024-01-01T10:00:01"], "c1"),
        (&["--start", "2024-01-01T11:00:00+01:00", "--end", "2024-01-01T10:00:01Z"], "c1"),
        (&["--start", "2024-01-01T09:00:01-01:00"], "c2"),
        (&["--start", "2024-01-02"], "c2"),
        (&["--end", "2024-01-02"], "c1"),
        (&["--start", "2025-01-01"], ""),
    ] {
        assert_eq!(ids(times), expected, "{times:?}");
    }
    let run = preview(&repo, &["taps", "--start", "yesterday"]).exits(64);
    assert!(run.stderr.starts_with("error: invalid value 'yesterday' for '--start <TIME>'"), "{}", run.stderr);
}

#[test]
fn raw_rows_are_those_before_the_post_processor() {
    let repo = shop();
    shows(&repo, &["taps", "--raw", "--format", "csv"], CARDS, "");
    shows(&repo, &["cards", "--raw", "--format", "csv"], CARDS, "");
    // A post_processor that does not fit is not in the way.
    repo.write("push.yaml", &super::PUSH.replace("opened_at AS at", "openedat AS at"));
    shows(&repo, &["taps", "--raw", "--format", "csv"], CARDS, "");
    refuses(
        &repo,
        &["taps"],
        "error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: column `openedat` does not exist\n\
         --> push.yaml:15:12\nhint: did you mean `opened_at`?",
    );
}

/// The errors of the seed's `get_dataframe`, one by one.
#[test]
fn what_cannot_be_shown_is_refused_with_what_to_do() {
    let repo = shop();
    refuses(
        &repo,
        &["cards", "--raw", "--start", "2024-01-01"],
        "error[D007]: times cannot be given with --raw: the time of a row of `BatchSource.cards` is known afterwards\n\
         --> source.yaml:2:7\nhint: leave out --raw, or --start and --end",
    );
    refuses(
        &repo,
        &["people", "--end", "2024-01-01"],
        "error[D007]: `BatchSource.people` has no timestamp_field, so its rows cannot be chosen by time\n\
         --> more.yaml:15:15\nhint: write `timestamp_field:` with the column that holds the time of a row",
    );
    let bare = "error[D007]: `PushSource.bare` has no batch_config, so there are no rows to show\n\
                --> more.yaml:2:7\nhint: send records to its ingest endpoint once it is applied, or give it a `batch_config`";
    refuses(&repo, &["bare"], bare);
    refuses(&repo, &["bare_view"], bare);
    refuses(
        &repo,
        &["function", "--start", "2024-01-01"],
        "error[D007]: `rows.py:rows` of `BatchSource.function` cannot filter by time\n\
         --> more.yaml:43:63\n\
         hint: let it take a filter_context and write `supports_time_filtering: true`, or leave out the times",
    );
    refuses(
        &repo,
        &["function", "--raw"],
        "error[D007]: `rows.py:rows` of `BatchSource.function` has no post_processor to leave out\n\
         --> more.yaml:43:63\nhint: leave out --raw",
    );
    refuses(
        &repo,
        &["cards", "--start", "2024-01-02", "--end", "2024-01-02"],
        "error[D007]: no time is between 2024-01-02T00:00:00Z and 2024-01-02T00:00:00Z\n\
         --> source.yaml:2:7\nhint: give an --end after the --start",
    );
    refuses(
        &repo,
        &["card_spend", "--raw"],
        "error[D007]: `BatchFeatureView.card_spend` has no post_processor to leave out\n\
         --> view.yaml:2:7\nhint: leave out --raw",
    );
    refuses(
        &repo,
        &["card"],
        "error[D007]: `Entity.card` has no rows: only sources and views have\n\
         --> entity.yaml:2:7\nhint: name a source or a view",
    );
    refuses(
        &repo,
        &["spend"],
        "error[D007]: `FeatureService.spend` has no rows: only sources and views have\n\
         --> service.yaml:2:7\nhint: name a source or a view",
    );
    refuses(&repo, &["card_spent"], "error[R001]: `card_spent` is not declared\nhint: did you mean `card_spend`?");
    refuses(
        &repo,
        &["PushSource.cards"],
        "error[R001]: `PushSource.cards` is not declared\nhint: did you mean `BatchSource.cards`?",
    );
    refuses(&repo, &["zzz"], "error[R001]: `zzz` is not declared\nhint: write it as Kind.name, or the name alone");
}

#[test]
fn views_show_what_their_query_yields() {
    let repo = shop();
    let rows = "card_id,amount,opened_at\nc1,12.5,2024-01-01T10:00:00Z\nc2,7.25,2024-01-02T11:30:00Z\n";
    shows(&repo, &["card_spend", "--format", "csv"], rows, "");
    shows(
        &repo,
        &["card_spend", "--format", "csv", "--start", "2024-01-02"],
        &rows.replace("c1,12.5,2024-01-01T10:00:00Z\n", ""),
        "",
    );
    let sorted = "card_id,amount,opened_at\nc2,7.25,2024-01-02T11:30:00Z\nc1,12.5,2024-01-01T10:00:00Z\n";
    shows(&repo, &["by_size", "--format", "csv"], sorted, "");
    let twice = "card_id,twice,at\nc1,25.0,2024-01-01T10:00:00Z\nc2,14.5,2024-01-02T11:30:00Z\n";
    shows(&repo, &["tapped", "--format", "csv"], twice, "");
    let run = preview(&repo, &["with_people", "--format", "csv"]).exits(0);
    let mut joined: Vec<&str> = run.stdout.lines().collect();
    joined[1..].sort_unstable();
    let expected =
        ["card_id,name,amount,opened_at", "c1,Ann,12.5,2024-01-01T10:00:00Z", "c2,Bob,7.25,2024-01-02T11:30:00Z"];
    assert_eq!(joined, expected);
}

#[test]
fn mistakes_elsewhere_do_not_matter() {
    let repo = shop();
    repo.write("view.yaml", &super::VIEW.replace("entities", "entitys"));
    repo.write("broken.yaml", "kind: [\n");
    repo.write("nowhere.yaml", &SOURCE.replace("cards", "nowhere"));
    shows(&repo, &["cards", "--format", "csv"], CARDS, "");
    let run = preview(&repo, &["card_spend"]).exits(1);
    assert!(run.stderr.contains("error[L009]: `entitys` is not a field"), "{}", run.stderr);
    // What it reads has the mistake.
    repo.write("source.yaml", &SOURCE.replace("file_format", "file_formt"));
    let run = preview(&repo, &["by_size"]).exits(1);
    assert!(run.stderr.contains("error[L009]: `file_formt` is not a field"), "{}", run.stderr);
    let run = preview(&repo, &["cards"]).exits(1);
    assert!(run.stderr.contains("error[L009]: `file_formt` is not a field"), "{}", run.stderr);
    shows(&repo, &["people", "--format", "csv"], "user_id,name\nu1,Ann\nu2,Bob\n", "");
}

#[test]
fn times_that_are_text_are_read_as_their_format_says() {
    let check = |format: &str, texts: &[&str], expected: &[&str]| {
        let rows: String = texts.iter().enumerate().map(|(index, it)| format!("{index},\"{it}\"\n")).collect();
        let source = format!(
            "kind: BatchSource\nname: it\nbatch_config:\n  kind: FileConfig\n  uri: it.csv\n  file_format: csv\n  \
             timestamp_field: at\n  timestamp_format: {format}\n"
        );
        let repo = Repo::new(&[("it.csv", &format!("id,at\n{rows}")), ("it.yaml", &source)]);
        let run = preview(&repo, &["it", "--format", "csv"]).exits(0);
        let found: Vec<&str> = run.stdout.lines().skip(1).map(|it| it.split_once(',').unwrap().1).collect();
        assert_eq!(found, expected, "{format}");
        repo
    };
    let repo = check(
        "dd/MM/yyyy HH:mm",
        &["31/12/2023 23:59", "01/01/2024 00:00", "", "2024-01-01T00:00:01Z"],
        &["2023-12-31T23:59:00Z", "2024-01-01T00:00:00Z", "", "2024-01-01T00:00:01Z"],
    );
    let early = "id,at\n0,2023-12-31T23:59:00Z\n";
    shows(&repo, &["it", "--end", "2024-01-01", "--format", "csv"], early, "");
    shows(&repo, &["it", "--raw", "--limit", "1", "--format", "csv"], "id,at\n0,31/12/2023 23:59\n", "");
    check("\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"", &["2024-01-01T01:00:00.250+01:00"], &["2024-01-01T00:00:00.250Z"]);
    check("dd MMM yyyy hh:mm a", &["02 Jan 2024 01:30 PM"], &["2024-01-02T13:30:00Z"]);
    check("yyyyMMdd", &["20240102", "20240103"], &["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"]);
    repo.write("it.csv", "id,at\n0,31/12/2023 23:59\n1,soon\n");
    let run = preview(&repo, &["it", "--format", "csv"]).exits(1);
    let says = "error[D008]: the rows of `BatchSource.it` cannot be read: a text of `at` is not a time as its format writes it\n";
    assert!(run.stderr.starts_with(says), "{}", run.stderr);
}

#[test]
fn folders_of_partitions_are_columns_that_can_be_filtered() {
    let row = |id: &str, day: &str| format!("id,at\n{id},{day}T10:00:00Z\n");
    let source = "\
kind: BatchSource
name: it
batch_config:
  kind: FileConfig
  uri: data
  file_format: csv
  timestamp_field: day
  timestamp_format: yyyy-MM-dd
";
    let repo = Repo::new(&[
        ("data/day=2024-01-01/a.csv", &row("1", "2024-01-01")),
        ("data/day=2024-01-02/a.csv", &row("2", "2024-01-02")),
        ("it.yaml", source),
    ]);
    let rows = "id,at,day\n2,2024-01-02T10:00:00Z,2024-01-02T00:00:00Z\n";
    // The other folder is not even opened.
    shows(&repo, &["-v", "it", "--start", "2024-01-02", "--format", "csv"], rows, "Read 1 row.\n");
}

#[test]
fn every_type_can_be_shown() {
    let mut lists = ListBuilder::new(Int64Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_null();
    let structs = StructArray::from(vec![
        (Arc::new(Field::new("a", DataType::Int64, true)), array(Int64Array::from(vec![1, 2])) as ArrayRef),
        (Arc::new(Field::new("b", DataType::Utf8, true)), array(StringArray::from(vec!["x,\"y\"", "z"]))),
    ]);
    let bytes = parquet(vec![
        ("l", array(lists.finish())),
        ("s", array(structs)),
        ("d", array(Decimal128Array::from(vec![Some(150), None]).with_precision_and_scale(10, 2).unwrap())),
        ("b", array(BinaryArray::from(vec![Some(b"\x00\xff" as &[u8]), None]))),
        ("day", array(Date32Array::from(vec![Some(19723), None]))),
        ("ns", array(TimestampNanosecondArray::from(vec![Some(1), None]))),
        ("berlin", array(TimestampMicrosecondArray::from(vec![Some(0), None]).with_timezone("Europe/Berlin"))),
        ("f", array(Float64Array::from(vec![f64::NAN, f64::INFINITY]))),
        ("t", array(StringArray::from(vec!["a\nb", ""]))),
    ]);
    let source =
        "kind: BatchSource\nname: it\nbatch_config: { kind: FileConfig, uri: it.parquet, file_format: parquet }\n";
    let repo = Repo::new(&[("it.yaml", source)]);
    std::fs::write(repo.path().join("it.parquet"), bytes).unwrap();
    shows(
        &repo,
        &["it", "--format", "csv"],
        "\
l,s,d,b,day,ns,berlin,f,t
\"[1,null]\",\"{\"\"a\"\":1,\"\"b\"\":\"\"x,\\\"\"y\\\"\"\"\"}\",1.50,00ff,2024-01-01,1970-01-01T00:00:00.000000001Z,1970-01-01T00:00:00Z,NaN,\"a
b\"
,\"{\"\"a\"\":2,\"\"b\"\":\"\"z\"\"}\",,,,,,inf,\"\"
",
        "",
    );
    let run = preview(&repo, &["it", "--format", "json"]).exits(0);
    let expected = serde_json::json!([
        { "l": [1, null], "s": { "a": 1, "b": "x,\"y\"" }, "d": 1.5, "b": "00ff", "day": "2024-01-01",
          "ns": "1970-01-01T00:00:00.000000001Z", "berlin": "1970-01-01T00:00:00Z", "f": "NaN", "t": "a\nb" },
        { "l": null, "s": { "a": 2, "b": "z" }, "d": null, "b": null, "day": null, "ns": null, "berlin": null,
          "f": "Infinity", "t": "" },
    ]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap(), expected);
    let table = preview(&repo, &["it"]).exits(0).stdout;
    assert_eq!((table.lines().count(), table.contains("a\\nb")), (3, true), "a line break tears the table:\n{table}");
    preview(&repo, &["it", "--out", "out.parquet"]).exits(0);
    let (columns, rows) = read_parquet(&repo.path().join("out.parquet"));
    assert_eq!(
        columns,
        [
            "l: List(Int64)",
            "s: Struct(\"a\": Int64, \"b\": Utf8)",
            "d: Decimal128(10, 2)",
            "b: Binary",
            "day: Date32",
            "ns: Timestamp(ns, \"UTC\")",
            "berlin: Timestamp(µs, \"UTC\")",
            "f: Float64",
            "t: Utf8"
        ]
    );
    assert!(rows.contains("{a: 1, b: x,\"y\"}") && rows.contains("1970-01-01T00:00:00.000000001Z"), "{rows}");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let repo = shop();
    let path = |name: &str| repo.path().join(name);
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(repo.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let run = preview(&repo, &["cards", "--out", "cards.csv"]).exits(0);
    let said = format!("Wrote 2 rows to {}.\n", path("cards.csv").display());
    assert_eq!((run.stdout.as_str(), run.stderr), ("", said));
    assert_eq!(std::fs::read_to_string(path("cards.csv")).unwrap(), CARDS);
    // A longer file that was there is replaced, whatever it was; --format decides before the name.
    repo.write("cards.csv", &"x".repeat(10_000));
    preview(&repo, &["cards", "--format", "json", "--out", "cards.csv"]).exits(0);
    let text = std::fs::read_to_string(path("cards.csv")).unwrap();
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap().len(), 2);
    preview(&repo, &["cards", "--out", "cards.parquet"]).exits(0);
    let (columns, rows) = read_parquet(&path("cards.parquet"));
    let timestamp = "opened_at: Timestamp(µs, \"UTC\")";
    assert_eq!(
        columns,
        ["card_id: Utf8", "user_id: Utf8", "amount: Float64", "limit_eur: Int64", "day: Date32", timestamp]
    );
    assert!(rows.contains("| c2      | u2      | 7.25   | 250       | 2024-01-02 | 2024-01-02T11:30:00Z |"), "{rows}");
    let before = files();
    // A bad row far down: what was there stays, and nothing else is left.
    repo.write(
        "data/cards.csv",
        &format!("{CARDS}{}c3\n", "c1,u1,1.5,1,2024-01-01,2024-01-01T10:00:00Z\n".repeat(20_000)),
    );
    for name in ["cards.csv", "cards.parquet", "new.json"] {
        let run = preview(&repo, &["cards", "--out", name]).exits(1);
        assert!(run.stderr.contains("error[D008]"), "{}", run.stderr);
    }
    assert_eq!(std::fs::read_to_string(path("cards.csv")).unwrap(), text);
    assert_eq!(files(), before);
    let run = preview(&repo, &["people", "--out", "nowhere/people.csv"]).exits(1);
    let says = format!("error: `{}` is not in a folder that exists\n", path("nowhere/people.csv").display());
    assert_eq!(run.stderr, says);
    let run = preview(&repo, &["people", "--out", "data"]).exits(1);
    let says =
        format!("error: `{}` cannot be written\n  caused by: Is a directory (os error 21)\n", path("data").display());
    assert_eq!(run.stderr, says);
    assert_eq!(files(), before);
    // To standard output go the rows before the bad one.
    let run = preview(&repo, &["cards", "--format", "csv"]).exits(1);
    assert!(run.stdout.starts_with(CARDS), "{:.200}", run.stdout);
    assert!(run.stderr.starts_with(
        "error[D008]: the rows of `BatchSource.cards` cannot be read: `data/cards.csv`, line 20004 has 1 field"
    ));
}

/// `weir preview … | head`: the reader that goes away is no fault, and what is left is not read.
#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let repo = shop();
    repo.write("data/people.csv", &format!("user_id,name\n{}", "u1,a name that is rather long\n".repeat(200_000)));
    for format in ["csv", "json", "parquet"] {
        let mut command = weir(repo.path());
        command.args(["preview", "people", "--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child::start(&mut command);
        let mut few = [0; 4];
        child.stdout.take().unwrap().read_exact(&mut few).unwrap();
        let output = child.finish();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_to_and_a_link_is_followed() {
    let repo = shop();
    let link = repo.path().join("link.csv");
    std::os::unix::fs::symlink(repo.path().join("target.csv"), &link).unwrap();
    repo.write("target.csv", "old\n");
    preview(&repo, &["people", "--out", "link.csv"]).exits(0);
    assert!(link.is_symlink());
    let written = std::fs::read_to_string(repo.path().join("target.csv")).unwrap();
    assert!(written.starts_with("user_id,"), "{written}");
    let pipe = repo.path().join("pipe.csv");
    child::succeed(std::process::Command::new("mkfifo").arg(&pipe));
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    preview(&repo, &["people", "--out", "pipe.csv"]).exits(0);
    assert_eq!(reader.join().unwrap(), written);
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
}

/// Files may write times in many ways: one without zone is UTC, and all of them are shown and chosen as such.
#[test]
fn times_of_many_zones_and_units_are_one_column() {
    let repo = Repo::new(&[(
        "it.yaml",
        "kind: BatchSource\nname: it\nbatch_config: { kind: FileConfig, uri: data, file_format: parquet, timestamp_field: at }\n",
    )]);
    std::fs::create_dir(repo.path().join("data")).unwrap();
    let at = |name: &str, column: ArrayRef| {
        let path = repo.path().join(format!("data/{name}.parquet"));
        std::fs::write(path, parquet(vec![("at", column)])).unwrap();
    };
    at("0", Arc::new(TimestampMillisecondArray::from(vec![0, 3_600_000])));
    at("1", Arc::new(TimestampMillisecondArray::from(vec![7_200_000]).with_timezone("+09:00")));
    at("2", Arc::new(TimestampNanosecondArray::from(vec![10_800_000_000_000])));
    at("3", Arc::new(TimestampSecondArray::from(vec![-62_000_000_000, 14_400]).with_timezone("UTC")));
    let hour = |it: usize| format!("1970-01-01T0{it}:00:00Z\n");
    let all: String = (0..5).map(hour).collect();
    let csv = ["it", "--format", "csv"];
    shows(&repo, &[&csv as &[_], &["--start", "1970-01-01"]].concat(), &format!("at\n{all}"), "");
    let some = ["--start", "1970-01-01T01:00:00Z", "--end", "1970-01-01T03:00:00Z"];
    shows(&repo, &[&csv as &[_], &some].concat(), &format!("at\n{}{}", hour(1), hour(2)), "");
    // A column of nanoseconds ends in the year 2262, and nothing of it lies beyond.
    let of_nanoseconds =
        std::fs::read_to_string(repo.path().join("it.yaml")).unwrap().replace("data,", "data/2.parquet,");
    repo.write("it.yaml", &of_nanoseconds);
    for (start, end, rows) in
        [("1500-01-01", "2300-01-01", 1), ("2300-01-01", "2400-01-01", 0), ("1400-01-01", "1500-01-01", 0)]
    {
        let shown = format!("at\n{}", hour(3).repeat(rows));
        shows(&repo, &[&csv as &[_], &["--start", start, "--end", end]].concat(), &shown, "");
    }
}

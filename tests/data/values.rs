//! A value that is read is the one that stands in the file, or an error that says where it does not.

use datafusion::arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use std::sync::Arc;

use super::files::{array, parquet};
use crate::support::{Repo, Run, clean};

const ENTITY: &str = "kind: Entity\nname: e\njoin_keys: [{ name: id, dtype: Int64 }]\n";

/// Returns a repo with one source `src` over `uri`, and with a view over it where there is a query.
fn repo(uri: &str, format: &str, config: &str, sql: &str) -> Repo {
    let source = format!(
        "kind: BatchSource\nname: src\nbatch_config:\n  kind: FileConfig\n  uri: {uri}\n  file_format: {format}\n{config}"
    );
    let view = format!(
        "kind: BatchFeatureView\nname: v\nsources: [src]\nentities: [e]\ntimestamp_field: ts\nsql: |\n  {sql}\n"
    );
    let repo = Repo::new(&[("e.yaml", ENTITY), ("s.yaml", &source)]);
    if !sql.is_empty() {
        repo.write("v.yaml", &view);
    }
    repo
}

fn read(repo: &Repo, name: &str) -> String {
    std::fs::read_to_string(repo.path().join(name)).unwrap()
}

/// Returns the rows of `name` as JSON, or what preview says instead.
fn rows(repo: &Repo, name: &str) -> String {
    let run = repo.run(&["--color", "never", "-q", "preview", name, "--format", "json"]);
    let said = run.stderr.split("\n\n").next().unwrap_or_default().trim();
    if run.code == Some(0) { run.stdout.trim_end().to_owned() } else { said.to_owned() }
}

/// Returns all that validate says, warnings one by one.
fn said(repo: &Repo) -> String {
    let run = repo.run(&["--color", "never", "validate", "-v"]);
    run.stderr
        .split("\n\n")
        .filter(|it| it.starts_with("error[") || it.starts_with("warning[D0"))
        .flat_map(|it| it.trim().lines())
        // How many there are follows.
        .filter(|it| !it.contains(" warnings: "))
        .map(|it| format!("{it}\n"))
        .collect()
}

const STAMP: &str = "2024-01-01T00:00:00Z";

#[test]
fn a_column_that_is_empty_for_long_keeps_what_comes_later() {
    let repo = repo("d.csv", "csv", "", "SELECT id, n, ts FROM src WHERE id >= 9999");
    let empty: String = (0..1200).map(|id| format!("{id},,{STAMP}\n")).collect();
    repo.write("d.csv", &format!("id,n,ts\n{empty}9999,abc,{STAMP}\n"));
    assert_eq!(rows(&repo, "v"), r#"[{"id":9999,"n":"abc","ts":"2024-01-01T00:00:00Z"}]"#);
    let says = "\
warning[D010]: no value of the first 1000 rows tells a type for column `n` of `BatchSource.src`: it is text
 --> s.yaml:5:8
  |
5 |   uri: d.csv
  |        ^^^^^
hint: say the type in `schema_override`
";
    assert_eq!(said(&repo), says);
    // It is said again when the columns are remembered, and without -v.
    assert_eq!(said(&repo), says);
    let run = repo.run(&["--color", "never", "validate"]).exits(0);
    assert!(run.stderr.starts_with(says.trim_end()), "{}", run.stderr);
    // Declared, it is what it is declared to be, and what it is not is said with its place.
    let types =
        "  schema_override: [{ name: id, dtype: Int64 }, { name: n, dtype: Int64 }, { name: ts, dtype: Timestamp }]\n";
    repo.write("s.yaml", &(read(&repo, "s.yaml") + types));
    assert_eq!(said(&repo), "");
    let says = "error[D008]: the rows of `BatchFeatureView.v` cannot be read: `d.csv`, line 1202, column `n`: this is not a value of Int64";
    assert_eq!(rows(&repo, "v").lines().next(), Some(says));
}

#[test]
fn a_value_is_never_changed_into_another_of_its_columns_type() {
    // Each: a column whose first thousand values tell a type, one that comes later, and what is said of it.
    for (first, later, dtype) in [
        ("1", "007", "Int64"),
        ("1", "1.5", "Int64"),
        ("1", "+2", "Int64"),
        ("1", "9223372036854775808", "Int64"),
        ("1.5", "9007199254740993", "Float64"),
        ("1.5", "1e400", "Float64"),
        ("true", "yes", "Bool"),
        ("2024-01-01 00:00:00", "2024-01-01 00:00:00.123456789", "Timestamp"),
        ("2024-01-01 00:00:00", "soon", "Timestamp"),
    ] {
        let says = format!(
            "error[D008]: the rows of `BatchSource.src` cannot be read: `d.csv`, line 1003, column `x`: this is not a value of {dtype}"
        );
        let hint = "hint: the first 1000 rows tell the type: say it in `schema_override`";
        let csv = repo("d.csv", "csv", "", "");
        csv.write("d.csv", &format!("id,x\n{}7,{later}\n", format!("1,{first}\n").repeat(1001)));
        let told = rows(&csv, "src");
        assert_eq!((told.lines().next(), told.lines().last()), (Some(&*says), Some(hint)), "{later}");
        if !matches!(dtype, "Int64" | "Float64") || later.starts_with(['0', '+']) {
            continue;
        }
        let json = repo("d.json", "json", "", "");
        json.write("d.json", &format!("{}{{\"x\": {later}}}\n", format!("{{\"x\": {first}}}\n").repeat(1001)));
        let says = says.replace("d.csv", "d.json").replace("1003", "1002");
        assert_eq!(rows(&json, "src").lines().next(), Some(&*says), "{later}");
    }
}

#[test]
fn what_a_number_would_lose_is_text() {
    for (name, text, expected) in [
        ("d.csv", "x\n00501\nK1A\n", r#"[{"x":"00501"},{"x":"K1A"}]"#),
        ("d.csv", "x\n007\n7\n", r#"[{"x":"007"},{"x":"7"}]"#),
        ("d.csv", "x\n+49\n-007\n", r#"[{"x":"+49"},{"x":"-007"}]"#),
        ("d.csv", "x\n1\n18446744073709551615\n", r#"[{"x":"1"},{"x":"18446744073709551615"}]"#),
        ("d.csv", "x\n9007199254740993\n0.5\n", r#"[{"x":"9007199254740993"},{"x":"0.5"}]"#),
        ("d.csv", "x\n9007199254740993\n5\n", r#"[{"x":9007199254740993},{"x":5}]"#),
        (
            "d.json",
            "{\"x\":9007199254740993}\n{\"x\":18446744073709551615}\n",
            r#"[{"x":"9007199254740993"},{"x":"18446744073709551615"}]"#,
        ),
        ("d.json", "{\"x\":1}\n{\"x\":\"a\"}\n{\"x\":true}\n", r#"[{"x":"1"},{"x":"a"},{"x":"true"}]"#),
        (
            "d.json",
            "{\"x\":{\"y\":[1,null]}}\n{\"x\":{\"z\":1e400}}\n",
            r#"[{"x":{"y":[1,null],"z":null}},{"x":{"y":null,"z":"1e400"}}]"#,
        ),
    ] {
        let repo = repo(name, &name[2..], "", "");
        repo.write(name, text);
        assert_eq!(rows(&repo, "src"), expected, "{text}");
    }
    for (folder, expected) in [
        ("p=49", r#"[{"x":1,"p":49}]"#),
        ("p=+49", r#"[{"x":1,"p":"+49"}]"#),
        ("p=-007", r#"[{"x":1,"p":"-007"}]"#),
        ("p=-0", r#"[{"x":1,"p":"-0"}]"#),
    ] {
        let repo = repo("data", "csv", "", "");
        repo.write(&format!("data/{folder}/a.csv"), "x\n1\n");
        assert_eq!(rows(&repo, "src"), expected);
    }
}

#[test]
fn a_format_that_is_declared_is_the_one_that_is_read() {
    let format = "  timestamp_field: ts\n  timestamp_format: yyyy-dd-MM HH:mm:ss\n";
    let types = "  schema_override: [{ name: id, dtype: Int64 }, { name: ts, dtype: Timestamp }]\n";
    for more in ["", types, "  post_processor: SELECT * FROM input\n"] {
        let csv = repo("d.csv", "csv", &format!("{format}{more}"), "");
        csv.write("d.csv", "id,ts\n1,2024-02-01 10:00:00\n");
        assert_eq!(rows(&csv, "src"), r#"[{"id":1,"ts":"2024-01-02T10:00:00Z"}]"#, "{more}");
        let json = repo("d.json", "json", &format!("{format}{more}"), "");
        json.write("d.json", "{\"id\": 1, \"ts\": \"2024-02-01 10:00:00\"}\n");
        assert_eq!(rows(&json, "src"), r#"[{"id":1,"ts":"2024-01-02T10:00:00Z"}]"#, "{more}");
    }
}

#[test]
fn a_number_is_a_time_only_where_somebody_says_what_it_counts() {
    let repo = repo("d.json", "json", "  timestamp_field: ts\n", "");
    repo.write("d.json", "{\"id\": 1, \"ts\": 1704067200.5}\n");
    let told = said(&repo);
    let hint = told.lines().find_map(|it| it.strip_prefix("hint: in the post_processor write `")).unwrap();
    let query = format!("  post_processor: SELECT id, {} FROM input\n", hint.split('`').next().unwrap());
    repo.write("s.yaml", &(read(&repo, "s.yaml") + &query));
    assert_eq!(rows(&repo, "src"), r#"[{"id":1,"ts":"2024-01-01T00:00:00.500Z"}]"#);
    let types = "  schema_override: [{ name: ts, dtype: Timestamp }]\n";
    for (name, text) in [("d.json", "{\"ts\": 1704067200}\n"), ("d.csv", "ts\n1704067200\n")] {
        let repo = self::repo(name, &name[2..], types, "");
        repo.write(name, text);
        let says = format!(
            "error[D001]: the source of `BatchSource.src` cannot be opened: `ts` of `{name}` is Int64, which does not become Timestamp"
        );
        assert_eq!(said(&repo).lines().next(), Some(&*says));
        assert!(said(&repo).contains("or to_timestamp_millis, or"), "{}", said(&repo));
    }
    let repo = self::repo("d.parquet", "parquet", types, "");
    std::fs::write(repo.path().join("d.parquet"), parquet(vec![("ts", array(Int64Array::from(vec![1704067200])))]))
        .unwrap();
    assert!(said(&repo).contains("`ts` of `d.parquet` is Int64, which does not become Timestamp"), "{}", said(&repo));
}

#[test]
fn the_zone_of_a_file_is_no_part_of_a_time() {
    let hours = "  post_processor: SELECT date_trunc('day', ts) AS day, date_part('hour', ts) AS h FROM input\n";
    let at = |zone: &str| -> Vec<(&str, ArrayRef)> {
        let times = TimestampMicrosecondArray::from(vec![1711841400000000]).with_timezone(zone);
        vec![("ts", Arc::new(times))]
    };
    let repo = repo("data", "parquet", hours, "");
    std::fs::create_dir(repo.path().join("data")).unwrap();
    std::fs::write(repo.path().join("data/a.parquet"), parquet(at("Europe/Berlin"))).unwrap();
    let row = r#"{"day":"2024-03-30T00:00:00Z","h":23}"#;
    assert_eq!(rows(&repo, "src"), format!("[{row}]"));
    std::fs::write(repo.path().join("data/b.parquet"), parquet(at("UTC"))).unwrap();
    std::fs::write(repo.path().join("data/c.parquet"), parquet(at("+09:00"))).unwrap();
    assert_eq!(rows(&repo, "src"), format!("[{row},{row},{row}]"));
}

#[test]
fn a_query_does_not_yield_a_column_twice() {
    let repo = repo("d.csv", "csv", "", "SELECT a.*, b.x FROM src a JOIN src b ON a.id = b.id");
    repo.write("d.csv", &format!("id,x,ts\n1,2,{STAMP}\n"));
    let says = "error[D002]: `sql` of `BatchFeatureView.v` does not fit its tables: the query yields two columns `x`";
    assert_eq!(said(&repo).lines().next(), Some(says));
}

#[test]
fn whole_numbers_do_not_start_over() {
    let repo = repo("d.csv", "csv", "", "SELECT id FROM src");
    repo.write("d.csv", &format!("id,big,ts\n1,9223372036854775807,{STAMP}\n2,1,{STAMP}\n"));
    for (sum, expected) in [
        ("big + 1", Err("Int64")),
        ("big * 2", Err("Int64")),
        ("-big - 2", Err("Int64")),
        ("-(-big - 1)", Err("Int64")),
        ("CAST(2147483647 AS INT) + CAST(id AS INT)", Err("Int32")),
        ("sum(big) OVER ()", Err("Int64")),
        ("big - 1", Ok("9223372036854775806")),
        ("sum(id) OVER ()", Ok("3")),
        ("sum(id) OVER (ORDER BY id)", Ok("1")),
        ("big * 2.0", Ok("1.8446744073709552e19")),
    ] {
        let view = read(&repo, "v.yaml");
        let head = view.split("sql: |").next().unwrap();
        repo.write("v.yaml", &format!("{head}sql: |\n  SELECT id, {sum} AS x, ts FROM src\n"));
        let told = rows(&repo, "v");
        match expected {
            Ok(value) => assert!(told.starts_with(&format!("[{{\"id\":1,\"x\":{value},")), "{sum}: {told}"),
            Err(dtype) => {
                assert!(told.lines().next().unwrap().ends_with(&format!("is more than {dtype} holds")), "{sum}: {told}")
            }
        }
    }
    repo.write("v.yaml", "kind: BatchFeatureView\nname: v\nsources: [src]\nentities: [e]\nsql: SELECT 1 AS id, max(ts) AS ts, sum(big) AS x FROM src\n");
    assert!(rows(&repo, "v").contains("a sum is more than Int64 holds"), "{}", rows(&repo, "v"));
}

#[test]
fn what_is_no_number_and_what_is_empty_can_be_told_from_null() {
    let types = "  schema_override: [{ name: f, dtype: Float64 }, { name: s, dtype: String }]\n";
    let repo = repo("d.json", "json", types, "");
    let lines = [
        "{\"f\": \"NaN\", \"s\": \"\"}",
        "{\"f\": \"inf\"}",
        "{\"f\": \"-inf\", \"s\": \"a,\\\"b\\\"\"}",
        "{\"s\": \"z\"}",
    ];
    repo.write("d.json", &(lines.join("\n") + "\n"));
    let json = r#"[{"f":"NaN","s":""},{"f":"Infinity","s":null},{"f":"-Infinity","s":"a,\"b\""},{"f":null,"s":"z"}]"#;
    assert_eq!(rows(&repo, "src"), json);
    let csv = repo.run(&["-q", "preview", "src", "--format", "csv"]).exits(0);
    assert_eq!(csv.stdout, "f,s\nNaN,\"\"\ninf,\n-inf,\"a,\"\"b\"\"\"\n,z\n");
}

#[test]
fn files_that_look_like_data_and_are_not_read_are_counted() {
    let repo = repo("data", "csv", "", "");
    for name in ["a.csv", "b.csv.gz", "C.CSV", "_SUCCESS", ".hidden.csv", "readme.md", "e.jsonl"] {
        repo.write(&format!("data/{name}"), "x\n1\n");
    }
    repo.write("data/empty.json", "");
    let says = "\
warning[D009]: the folder of `BatchSource.src` holds more: 3 files that look like data are not read, such as `data/C.CSV` (only `*.csv` of `data` is)
 --> s.yaml:5:8
  |
5 |   uri: data
  |        ^^^^
hint: give all files of the folder one ending, or name those that count with a glob
";
    assert_eq!(said(&repo), says);
    assert_eq!(said(&repo), says, "remembered");
    assert_eq!(rows(&repo, "src"), r#"[{"x":1}]"#);
    repo.run(&["validate", "--deny-warnings"]).exits(1);
}

#[test]
fn a_path_that_exists_is_that_file() {
    for name in ["data [1].csv", "a*b.csv", "a?b.csv", "50% of.csv", "a#b.csv"] {
        let repo = repo(&format!("'{name}'"), "csv", "", "");
        repo.write(name, "x\n1\n");
        assert_eq!(rows(&repo, "src"), r#"[{"x":1}]"#, "{name}");
    }
}

#[test]
fn what_is_no_plain_text_file_says_what_it_is() {
    for (start, says) in [
        (b"\x1f\x8b\x08\0".as_slice(), "it is compressed (gzip), and compressed files are not read"),
        (b"\x28\xb5\x2f\xfd\0", "it is compressed (zstd), and compressed files are not read"),
        (b"PK\x03\x04", "it is compressed (zip), and compressed files are not read"),
        (b"PAR1\0\0\0\0PAR1", "it is a Parquet file"),
    ] {
        for format in ["csv", "json"] {
            let repo = repo("d", format, "", "");
            std::fs::write(repo.path().join("d"), start).unwrap();
            let expected = format!(
                "error[D001]: the source of `BatchSource.src` cannot be opened: `d` cannot be read as {format}: {says}"
            );
            assert_eq!(said(&repo).lines().next(), Some(&*expected));
        }
    }
}

#[test]
fn json_says_the_line() {
    for (text, says) in [
        ("\u{feff}{\"a\":1}\n\n{\"a\":2}\n", ""),
        ("{\n \"a\": 1\n}\n", "line 1 is not valid JSON: it ends inside of a value"),
        ("{\"a\":1}\n\n{\"a\":", "line 3 is not valid JSON: it ends inside of a value"),
        ("{\"a\":1} {\"a\":2}\n", "line 1 is not valid JSON: more follows the object at column 9"),
        ("{\"a\":1}\n{\"a\":01}\n", "line 2 is not valid JSON: invalid number at column 7"),
        ("{\"a\":1,\"b\":2,\"a\":3}\n", "line 1 has `a` twice"),
        ("{\"a\":1}\n\"a\"\n", "line 2 is not an object"),
    ] {
        let repo = repo("d.json", "json", "", "");
        repo.write("d.json", text);
        let head = "error[D001]: the source of `BatchSource.src` cannot be opened: `d.json` cannot be read as json: ";
        let expected = if says.is_empty() { None } else { Some(format!("{head}{says}")) };
        assert_eq!(said(&repo).lines().next().map(str::to_owned), expected, "{text:?}");
    }
}

#[test]
fn a_form_that_others_read_otherwise_is_warned_of() {
    let repo = repo("d.csv", "csv", "", "SELECT id, substr(x, 0, 1) AS y, to_char(ts, 'YYYY') AS z, ts FROM src");
    repo.write("d.csv", &format!("id,x,ts\n1,abc,{STAMP}\n"));
    let says = "\
warning[D011]: `sql` of `BatchFeatureView.v`: `substr` counts from 1, and from position 0 it yields one letter less than it is asked for
 --> v.yaml:7:21
  |
7 |   SELECT id, substr(x, 0, 1) AS y, to_char(ts, 'YYYY') AS z, ts FROM src
  |                     ^
hint: start at 1
warning[D011]: `sql` of `BatchFeatureView.v`: `to_char` takes a format with `%`, and yields 'YYYY' as it stands on every row
 --> v.yaml:7:36
  |
7 |   SELECT id, substr(x, 0, 1) AS y, to_char(ts, 'YYYY') AS z, ts FROM src
  |                                    ^^^^^^^
hint: write `to_char(ts, '%Y-%m-%d')`
";
    assert_eq!(said(&repo), says);
}

#[test]
fn two_columns_of_a_parquet_file_with_one_name_are_refused() {
    let schema = datafusion::arrow::datatypes::Schema::new(vec![
        datafusion::arrow::datatypes::Field::new("a", datafusion::arrow::datatypes::DataType::Int64, true),
        datafusion::arrow::datatypes::Field::new("a", datafusion::arrow::datatypes::DataType::Int64, true),
    ]);
    let columns = vec![array(Int64Array::from(vec![3])), array(Int64Array::from(vec![5]))];
    let batch = datafusion::arrow::array::RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = datafusion::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let repo = repo("d.parquet", "parquet", "", "");
    std::fs::write(repo.path().join("d.parquet"), bytes).unwrap();
    let says = "error[D001]: the source of `BatchSource.src` cannot be opened: `d.parquet` cannot be read as parquet: two of its columns are called `a`";
    assert_eq!(said(&repo).lines().next(), Some(says));
}

/// Whatever there is, sources are opened or a sentence says that they cannot be.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_for_sources_is_a_sentence() {
    let repo = repo("d.csv", "csv", "", "SELECT id, n, ts FROM src");
    repo.write("d.csv", &format!("id,n,ts\n1,2,{STAMP}\n"));
    let sentences = [
        "error[C002]: the system gives weir no thread to run on: ",
        "error[D005]: no source can be opened, because the system gives no thread for it: ",
    ];
    for limit in (800_000..4_800_000).step_by(800_000) {
        for arguments in ["validate", "preview v"] {
            let script = format!("ulimit -v {limit}; exec \"$0\" --color never -q {arguments}");
            let mut command = std::process::Command::new("sh");
            clean(&mut command).current_dir(repo.path()).args(["-c", &script, env!("CARGO_BIN_EXE_weir")]);
            let run = Run::from(crate::child::output(&mut command));
            let is_said = sentences.iter().any(|it| run.stderr.starts_with(it));
            assert!(run.code == Some(0) || run.code == Some(1) && is_said, "{arguments}, {limit}: {run:?}");
        }
    }
}

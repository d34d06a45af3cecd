//! What lies where data should: each sort of rubbish is one clear error at the declaration, and no other source
//! suffers from it.

use std::process::Command;

use datafusion::arrow::array::{DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use datafusion::arrow::array::{TimestampMicrosecondArray, TimestampMillisecondArray};
use datafusion::arrow::datatypes::Int32Type;

use super::files::{array, parquet};
use super::{CARDS, validate};
use crate::child;
use crate::support::{Repo, weir};

const JSON: &str = "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\": null}\n";

fn numbers(name: &str) -> Vec<u8> {
    parquet(vec![(name, array(Int64Array::from(vec![1, 2])))])
}

/// Returns a repo with a source at `uri`, and another whose timestamp_field is not there.
fn at(uri: &str, format: &str) -> Repo {
    let repo = Repo::new(&[
        ("other.csv", "a\n1\n"),
        ("other.yaml", &source("other", "other.csv", "csv", "  timestamp_field: nope\n")),
        ("source.yaml", &source("it", uri, format, "")),
    ]);
    std::fs::create_dir(repo.path().join("data")).unwrap();
    repo
}

fn source(name: &str, uri: &str, format: &str, more: &str) -> String {
    let uri = serde_json::to_string(uri).unwrap();
    format!(
        "kind: BatchSource\nname: {name}\nbatch_config:\n  kind: FileConfig\n  uri: {uri}\n  file_format: {format}\n{more}"
    )
}

fn put(repo: &Repo, path: &str, bytes: impl AsRef<[u8]>) {
    let path = repo.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Checks that exactly this is said of the source, beside what is said of the other one, and that preview says it too.
#[track_caller]
fn refused(repo: &Repo, reason: &str) {
    let run = validate(repo).exits(1);
    let head = "error[D001]: the source of `BatchSource.it` cannot be opened: ";
    let other =
        "error[V004]: timestamp_field `nope` is not a column that the batch_config of `BatchSource.other` yields";
    assert!(run.stderr.contains(other), "{}", run.stderr);
    let told = run.stderr.lines().find_map(|it| it.strip_prefix(head));
    assert_eq!(told, Some(reason), "{}", run.stderr);
    assert!(run.stderr.contains(" --> source.yaml:5:8\n"), "{}", run.stderr);
    assert!(run.stderr.ends_with("2 errors in 2 declarations.\n"), "{}", run.stderr);
    let shown = repo.run(&["--color", "never", "preview", "it", "--format", "csv"]).exits(1);
    assert_eq!((shown.stdout.as_str(), shown.stderr.lines().find_map(|it| it.strip_prefix(head))), ("", Some(reason)));
}

/// Checks that the source is open, and that it shows these rows.
#[track_caller]
fn shows(repo: &Repo, rows: &str) {
    let run = validate(repo).exits(1);
    assert!(run.stderr.ends_with("1 error in 2 declarations.\n"), "{}", run.stderr);
    let shown = repo.run(&["--color", "never", "preview", "it", "--format", "csv"]).exits(0);
    assert_eq!(shown.stdout, rows, "{}", shown.stderr);
}

/// Checks that the columns are seen, and that the first bad row stops what reads them.
#[track_caller]
fn breaks(repo: &Repo, reason: &str) {
    let run = validate(repo).exits(1);
    assert!(run.stderr.ends_with("1 error in 2 declarations.\n"), "{}", run.stderr);
    let shown = repo.run(&["--color", "never", "preview", "it", "--format", "csv"]).exits(1);
    let head = "error[D008]: the rows of `BatchSource.it` cannot be read: ";
    assert_eq!(shown.stderr.lines().find_map(|it| it.strip_prefix(head)), Some(reason), "{}", shown.stderr);
    let out = repo.path().join("out.parquet");
    repo.run(&["preview", "it", "--out", "out.parquet"]).exits(1);
    assert!(!out.exists(), "half a file was left");
}

#[test]
fn a_file_is_what_its_format_says() {
    let (as_parquet, csv, json) = (numbers("a"), CARDS.as_bytes().to_vec(), JSON.as_bytes().to_vec());
    let other = "it does not end as a Parquet file does: it is something else, or was cut off";
    let cases: &[(&str, &[u8], &str)] = &[
        ("parquet", &csv, other),
        ("parquet", &json, other),
        ("parquet", b"", "it is too short for a Parquet file"),
        ("parquet", b"PAR1", "it is too short for a Parquet file"),
        ("parquet", b"\0\0\0\0\0\0\0\0\0\0\0\0", other),
        ("csv", &json, "its first line looks like JSON"),
        ("csv", b"\0\0\0\0\0\0\0\0\0\0", "the name of column 1 has signs that are no text"),
        ("json", &csv, "line 1 is not valid JSON: expected value at column 1"),
        ("json", b"\0\0\0\0\0\0\0\0\0\0", "line 1 is not valid JSON: expected value at column 1"),
    ];
    for (format, bytes, reason) in cases {
        let repo = at("data/x", format);
        put(&repo, "data/x", bytes);
        refused(&repo, &format!("`data/x` cannot be read as {format}: {reason}"));
    }
    for format in ["csv", "json"] {
        let repo = at("data/x", format);
        put(&repo, "data/x", &as_parquet);
        let run = validate(&repo).exits(1);
        assert!(run.stderr.contains(&format!("`data/x` cannot be read as {format}: ")), "{}", run.stderr);
        put(&repo, "data/x", b"");
        refused(&repo, "`data/x` is empty");
        put(&repo, "data/x", b"\n\n");
        refused(&repo, "`data/x` has no columns");
    }
}

#[test]
fn a_files_name_tells_its_format() {
    let repo = at("data/x.csv", "parquet");
    put(&repo, "data/x.csv", CARDS);
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("hint: write `file_format: csv`\n"), "{}", run.stderr);
}

#[test]
fn a_parquet_file_that_was_cut_or_damaged_is_an_error() {
    let whole = numbers("a");
    let repo = at("data/x", "parquet");
    for length in 0..whole.len() {
        // Every cut that is near an end, and a few between.
        if length > 20 && length + 20 < whole.len() && length % 64 != 0 {
            continue;
        }
        put(&repo, "data/x", &whole[..length]);
        let run = validate(&repo).exits(1);
        assert!(run.stderr.contains("`data/x` cannot be read as parquet: it "), "cut at {length}: {}", run.stderr);
    }
    for footer in [u32::MAX, i32::MAX as u32, whole.len() as u32 - 7] {
        let mut damaged = whole.clone();
        let end = damaged.len() - 8;
        damaged[end..end + 4].copy_from_slice(&footer.to_le_bytes());
        put(&repo, "data/x", &damaged);
        refused(&repo, "`data/x` cannot be read as parquet: its footer is damaged");
    }
    // Any byte of the footer may be another: an error or other columns, never a panic or a wait.
    let end = whole.len() - 8;
    let footer = u32::from_le_bytes(whole[end..end + 4].try_into().unwrap()) as usize;
    for index in (end - footer..end).step_by(7) {
        let mut damaged = whole.clone();
        damaged[index] ^= 0x55;
        put(&repo, "data/x", &damaged);
        assert_eq!(validate(&repo).code, Some(1), "byte {index}");
        let shown = repo.run(&["preview", "it"]);
        assert!(matches!(shown.code, Some(0 | 1)), "byte {index}: {:?} {}", shown.code, shown.stderr);
    }
}

#[test]
fn csv_rows_have_the_headers_columns() {
    let repo = at("data/x", "csv");
    let csv = |text: &str| put(&repo, "data/x", text);
    let wrong = |reason: &str| refused(&repo, &format!("`data/x` cannot be read as csv: {reason}"));
    csv("a,b\n1,2\n1,2,3\n");
    wrong("line 3 has 3 fields, and the header 2");
    csv("a,b\n1\n");
    wrong("line 2 has 1 field, and the header 2");
    csv("a,b\n\"1,2\n3,4\n");
    wrong("line 2 opens a quote that is never closed");
    csv("a,b,a\n1,2,3\n");
    wrong("columns 1 and 3 are both called `a` in the first line");
    csv("a,,c\n1,2,3\n");
    wrong("column 2 has no name in the first line");
    put(&repo, "data/x", b"a,b\n\xff\xfe,1\n");
    wrong("line 2, column `a`: it is not UTF-8");
    csv("a,A\n1,2\n");
    shows(&repo, "a,A\n1,2\n");
    csv("\u{feff}a,b\r\n1,\"x\ny\"\r\n");
    shows(&repo, "a,b\n1,\"x\ny\"\n");
    csv("a,b\n");
    refused(&repo, "`data/x` holds no value, so nothing tells the types of its columns");
    // Without a header the first row is taken for one, which is to be seen.
    csv("1,2\n3,4\n");
    shows(&repo, "1,2\n3,4\n");
    csv("a\n99999999999999999999999\n");
    shows(&repo, "a\n99999999999999999999999\n");
    csv("a,b\n1,x\0y\n");
    shows(&repo, "a,b\n1,x\0y\n");
}

/// The columns of a file are told by its first rows.
#[test]
fn a_bad_row_far_down_stops_what_reads_it() {
    let repo = at("data/x", "csv");
    let long = format!("a,b\n{}", "1,x\n".repeat(5000));
    put(&repo, "data/x", format!("{long}2\n"));
    breaks(&repo, "`data/x`, line 5002 has 1 field, and the header 2");
    put(&repo, "data/x", format!("{long}zz,x\n"));
    breaks(&repo, "`data/x`, line 5002, column `a`: this is not a value of Int64");
    put(&repo, "data/x", [long.as_bytes(), b"2,\xff\n"].concat());
    breaks(&repo, "`data/x`, line 5002, column `b`: it is not UTF-8");
    let repo = at("data/x", "json");
    let long = "{\"a\": 1}\n".repeat(5000);
    put(&repo, "data/x", format!("{long}{{\"a\": \"x\"}}\n"));
    breaks(&repo, "`data/x`, line 5001, column `a`: this is not a value of Int64");
    put(&repo, "data/x", format!("{long}{{\"a\"\n"));
    breaks(&repo, "`data/x`, line 5001 is not valid JSON: it ends inside of a value");
}

#[test]
fn json_is_one_object_a_line() {
    let repo = at("data/x", "json");
    let json = |text: &str| put(&repo, "data/x", text);
    let wrong = |reason: &str| refused(&repo, &format!("`data/x` cannot be read as json: {reason}"));
    for array in ["[{\"a\": 1}, {\"a\": 2}]\n", "[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n"] {
        json(array);
        wrong("line 1 starts an array, and JSON is read as one object a line");
        let run = validate(&repo);
        assert!(run.stderr.contains("hint: write one object a line, as `jq -c '.[]'` does\n"), "{}", run.stderr);
    }
    json("{\"a\": 1}\n{\"a\":\n{\"a\": 3}\n");
    wrong("line 2 is not valid JSON: it ends inside of a value");
    json("1\n2\n");
    wrong("line 1 is not an object");
    json("{\"a\": {\"b\": 1}}\n{\"a\": [1]}\n");
    wrong("line 2, column `a`: it is one value in one line, and an array or an object in another");
    json(&format!("{}1{}\n", "{\"a\": ".repeat(3000), "}".repeat(3000)));
    wrong("line 1, column `a`: it nests too deeply");
    json("{}\n{}\n");
    refused(&repo, "`data/x` has no columns");
    json("{\"a\": 1}\n{\"b\": \"x\", \"a\": 2.5}\n");
    shows(&repo, "a,b\n1.0,\n2.5,x\n");
    json("{\"a\": 1, \"A\": 2}\n");
    shows(&repo, "a,A\n1,2\n");
}

#[test]
fn the_files_of_a_folder_fit_together() {
    let folder = |format: &str, files: &[(&str, &[u8])]| {
        let repo = at("data/x", format);
        files.iter().for_each(|(name, bytes)| put(&repo, &format!("data/x/{name}"), bytes));
        repo
    };
    let misfit = |format, first: &[u8], second: &[u8], reason: &str| {
        let repo = folder(format, &[(&format!("1.{format}"), first), (&format!("2.{format}"), second)]);
        refused(&repo, &format!("the files of `data/x` do not fit together: {reason}"));
    };
    let text = parquet(vec![("a", array(StringArray::from(vec!["x"])))]);
    misfit("parquet", &numbers("a"), &text, "`a` is Int64 in `data/x/1.parquet` and String in `data/x/2.parquet`");
    misfit("csv", b"a\n1\n", b"a\nx\n", "`a` is Int64 in `data/x/1.csv` and String in `data/x/2.csv`");
    misfit("json", b"{\"a\":1}\n", b"{\"a\":\"x\"}\n", "`a` is Int64 in `data/x/1.json` and String in `data/x/2.json`");
    let headers = "`data/x/1.csv` has the columns a, b, and `data/x/2.csv` has";
    misfit("csv", b"a,b\n1,2\n", b"b,a\n1,2\n", &format!("{headers} b, a"));
    misfit("csv", b"a,b\n1,2\n", b"", &format!("{headers} none"));
    let repo = folder("parquet", &[("1.parquet", &numbers("a")), ("2.parquet", b"")]);
    refused(&repo, "`data/x/2.parquet` cannot be read as parquet: it is too short for a Parquet file");
}

/// What two writers of one data set write differently without meaning anything by it.
#[test]
fn columns_widen_where_nothing_is_lost() {
    let both = |first, second| {
        let repo = at("data/x", "parquet");
        put(&repo, "data/x/1.parquet", parquet(vec![("a", first)]));
        put(&repo, "data/x/2.parquet", parquet(vec![("a", second)]));
        let run = repo.run(&["preview", "it", "--format", "csv"]).exits(0);
        let mut rows: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
        rows.sort();
        rows.join(" ")
    };
    let narrow = Int32Array::from(vec![1]);
    assert_eq!(both(array(narrow.clone()), array(Int64Array::from(vec![2]))), "1 2 a");
    assert_eq!(both(array(narrow), array(Float64Array::from(vec![2.5]))), "1.0 2.5 a");
    let (millis, micros) = (TimestampMillisecondArray::from(vec![1]), TimestampMicrosecondArray::from(vec![1]));
    let times = "1970-01-01T00:00:00.000001Z 1970-01-01T00:00:00.001Z a";
    assert_eq!(both(array(millis.clone()), array(micros.clone())), times);
    assert_eq!(both(array(millis.with_timezone("UTC")), array(micros)), times);
    let few: DictionaryArray<Int32Type> = ["x"].into_iter().collect();
    assert_eq!(both(array(few), array(StringArray::from(vec!["y"]))), "a x y");
    // Only some files have a column; and to Parquet `a` and `A` are two.
    let repo = at("data/x", "parquet");
    put(&repo, "data/x/1.parquet", numbers("a"));
    put(&repo, "data/x/2.parquet", numbers("A"));
    let run = repo.run(&["preview", "it", "--format", "csv"]).exits(0);
    assert!(run.stdout.starts_with("a,A\n") && run.stdout.contains("\n,1\n") && run.stdout.contains("\n1,\n"));
}

#[test]
fn folders_of_partitions_fit_together() {
    let folder = |files: &[&str]| {
        let repo = at("data/x", "csv");
        files.iter().for_each(|it| put(&repo, &format!("data/x/{it}"), "a\n1\n"));
        repo
    };
    let misfit = |files: &[&str], reason: &str| {
        refused(&folder(files), &format!("the folders of `data/x` do not fit together: {reason}"));
    };
    misfit(&["a.csv", "day=1/a.csv"], "some files lie in no folder `column=value`, and others in folders of `day`");
    misfit(&["day=1/a.csv", "hour=1/a.csv"], "some files lie in folders of `day`, and others in folders of `hour`");
    let twice = "is a column of the files of `data/x` and the name of a folder";
    refused(&folder(&["a=1/a.csv"]), &format!("`a` {twice}"));
    refused(&folder(&["d=1/d=2/a.csv"]), &format!("`d` {twice}"));
    shows(&folder(&["d=a%20b/a.csv"]), "a,d\n1,a b\n");
    let run = folder(&["d=1/a.csv", "d=x/a.csv"]).run(&["preview", "it", "--format", "csv"]).exits(0);
    assert!(run.stdout.contains("\n1,1\n") && run.stdout.contains("\n1,x\n"), "{}", run.stdout);
}

#[test]
fn a_path_or_a_glob_that_finds_nothing_says_so() {
    let repo = at("data/x", "csv");
    refused(&repo, "`data/x` does not exist");
    std::fs::create_dir(repo.path().join("data/x")).unwrap();
    refused(&repo, "`data/x` holds no `*.csv` file");
    put(&repo, "data/x/.a.csv", "a\n1\n");
    put(&repo, "data/x/_b.csv", "a\n1\n");
    put(&repo, "data/x/a.csv.gz", "a\n1\n");
    put(&repo, "data/x/_tmp/c.csv", "a\n1\n");
    refused(&repo, "`data/x` holds no `*.csv` file");
    for (uri, reason) in [
        ("data/b*.csv", "`data/b*.csv` matches no file"),
        ("data/x[1].csv", "`data/x[1].csv` matches no file"),
        ("data/***", "`data/***` is not a glob: wildcards are either regular `*` or recursive `**`"),
        ("data/[a.csv", "`data/[a.csv` is not a glob: invalid range pattern"),
        ("other.csv/x", "`other.csv/x` goes through a file as if it were a folder"),
        ("file:///nowhere/x", "`file:///nowhere/x` does not exist"),
    ] {
        repo.write("source.yaml", &source("it", uri, "csv", ""));
        refused(&repo, reason);
    }
}

#[test]
fn paths_mean_what_they_say() {
    for (uri, file) in [
        ("data/my file %20 100%.csv", "data/my file %20 100%.csv"),
        ("data/my folder %41", "data/my folder %41/a b.csv"),
        ("data/é ü/ñ.csv", "data/é ü/ñ.csv"),
        ("data/**/*.csv", "data/p/q/a.csv"),
        ("data/a[12]*.csv", "data/a1#b.csv"),
        (".", "other.csv"),
    ] {
        let repo = at(uri, "csv");
        put(&repo, file, "a\n1\n");
        shows(&repo, "a\n1\n");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_read() {
    use std::os::unix::fs::symlink;
    let repo = at("data/x", "csv");
    let path = |name: &str| repo.path().join(name);
    // Links that lead nowhere are of no concern to the declarations.
    repo.write(".weirignore", "data/\n");
    symlink("nowhere", path("data/x")).unwrap();
    refused(&repo, "`data/x` does not exist");
    repo.remove("data/x");
    symlink("x", path("data/x")).unwrap();
    refused(&repo, "`data/x` cannot be read: Too many levels of symbolic links (os error 40)");
    repo.remove("data/x");
    for device in ["/dev/zero", "/dev/null", "/dev/tty"] {
        repo.write("source.yaml", &source("it", device, "csv", ""));
        refused(&repo, &format!("`{device}` is neither a file nor a folder"));
    }
    repo.write("source.yaml", &source("it", "/proc/self/status", "csv", ""));
    refused(&repo, "`/proc/self/status` is empty");
    // Beside good files, what is none is left alone.
    repo.write("source.yaml", &source("it", "data/x", "csv", ""));
    put(&repo, "data/x/a.csv", "a\n1\n");
    symlink("nowhere.csv", path("data/x/b.csv")).unwrap();
    child::succeed(Command::new("mkfifo").arg(path("data/x/c.csv")));
    symlink("c.csv", path("data/x/d.csv")).unwrap();
    shows(&repo, "a\n1\n");
    repo.write("source.yaml", &source("it", "data/x/*.csv", "csv", ""));
    shows(&repo, "a\n1\n");
    symlink(".", path("data/x/loop")).unwrap();
    let run = validate(&repo).exits(1);
    assert!(
        run.stderr
            .contains("`data/x/*.csv` cannot be read: the link `data/x/loop` leads to a folder that it lies in\n"),
        "{}",
        run.stderr
    );
}

/// Root may read everything: run as somebody else.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let repo = at("data/x", "csv");
    put(&repo, "data/x", "a\n1\n");
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(repo.path().join("data/x"), closed).unwrap();
    std::fs::set_permissions(repo.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let me = child::output(Command::new("id").arg("-u"));
    let mut command = if me.stdout == b"0\n" {
        // The binary may lie where only root may go: it is opened first.
        let mut command = Command::new("sh");
        command.args(["-c", "exec setpriv --reuid 65534 --clear-groups /proc/self/fd/9 -q validate 9<\"$WEIR\""]);
        crate::support::clean(&mut command).current_dir(repo.path()).env("WEIR", env!("CARGO_BIN_EXE_weir"));
        command
    } else {
        let mut command = weir(repo.path());
        command.args(["-q", "validate"]);
        command
    };
    let run = crate::support::Run::of(&mut command).exits(1);
    assert!(run.stderr.contains("`data/x` cannot be read: Permission denied (os error 13)"), "{}", run.stderr);
}

/// Whoever writes while weir reads gets an error or rows, whole or not: never a panic, never a wait.
#[test]
fn a_file_that_is_replaced_while_it_is_read_does_no_harm() {
    let repo = at("data/x", "parquet");
    let (small, large) = (numbers("a"), parquet(vec![("b", array(Int64Array::from_iter_values(0..200_000)))]));
    put(&repo, "data/x", &small);
    let path = repo.path().join("data/x");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for bytes in [&large, &small, &large[..1000].to_vec()] {
                    // In place, as a careless writer does it.
                    std::fs::write(&path, bytes).unwrap();
                }
            }
        });
        for _ in 0..20 {
            let run = repo.run(&["preview", "it", "--format", "csv"]);
            if !matches!(run.code, Some(0 | 1)) {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
                panic!("{:?}: {}", run.code, run.stderr);
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn ten_thousand_columns_and_a_query_over_them_are_read() {
    let names: Vec<String> = (0..10_000).map(|it| format!("c{it}")).collect();
    let values: Vec<String> = (0..10_000).map(|it| it.to_string()).collect();
    let repo = at("data/x", "csv");
    put(&repo, "data/x", format!("{}\n{}\n", names.join(","), values.join(",")));
    let run = repo.run(&["preview", "it", "--format", "csv"]).exits(0);
    assert_eq!(run.stdout, format!("{}\n{}\n", names.join(","), values.join(",")));
    let query = format!("  post_processor: SELECT {} FROM input\n", names[..2_000].join(", "));
    repo.write("source.yaml", &source("it", "data/x", "csv", &query));
    let run = validate(&repo).exits(1);
    assert!(run.stderr.ends_with("1 error in 2 declarations.\n"), "{}", run.stderr);
    let query = format!("  post_processor: SELECT {}, d0 FROM input\n", names[..1_000].join(", "));
    repo.write("source.yaml", &source("it", "data/x", "csv", &query));
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("does not fit its tables: column `d0` does not exist\n"), "{:.2000}", run.stderr);
}

#[test]
fn long_and_deep_queries_are_refused_or_read_and_never_fatal() {
    let repo = at("data/x", "csv");
    put(&repo, "data/x", "a\n1\n");
    let query = |text: &str| {
        repo.write("source.yaml", &source("it", "data/x", "csv", &format!("  post_processor: {text}\n")));
        let run = validate(&repo).exits(1);
        let heads = [
            "error[L014]: `batch_config.post_processor` of `BatchSource.it` is not SQL: ",
            "error[D002]: `batch_config.post_processor` of `BatchSource.it` does not fit its tables: ",
        ];
        let said = |line: &str| heads.iter().find_map(|it| line.strip_prefix(it)).map(str::to_owned);
        run.stderr.lines().find_map(said)
    };
    let nested = format!("SELECT {}a{} AS b FROM input", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(query(&nested).as_deref(), Some("the query nests too deeply"));
    let many = format!("SELECT a{} AS b FROM input", " + a".repeat(10_000));
    assert_eq!(query(&many).as_deref(), Some("the query has 20006 words, and weir reads up to 20000"));
    let chain = "operators or tables follow each other 1002 times, and weir reads up to 1000";
    for long in [
        format!("SELECT a{} AS b FROM input", " + a".repeat(1_001)),
        format!("SELECT a FROM input{}", " UNION ALL SELECT a FROM input".repeat(1_001)),
    ] {
        repo.write("source.yaml", &source("it", "data/x", "csv", &format!("  post_processor: {long}\n")));
        let run = validate(&repo).exits(1);
        assert!(run.stderr.contains(chain), "{:.500}", run.stderr);
    }
    for good in [
        format!("SELECT {}a{} AS b FROM input", "(".repeat(15), ")".repeat(15)),
        format!("SELECT a{} AS b FROM input", " + a".repeat(500)),
        format!("SELECT a FROM input WHERE a IN ({}1)", "1, ".repeat(9_900)),
        format!("SELECT a FROM input{}", " UNION ALL SELECT a FROM input".repeat(200)),
    ] {
        assert_eq!(query(&good), None, "{good:.60}");
        repo.run(&["preview", "it", "--format", "csv"]).exits(0);
    }
    // As deep as it gets.
    assert_eq!(query(&format!("SELECT a{} AS b FROM input", " + a".repeat(999))), None);
    assert_eq!(query(&format!("SELECT a FROM input{}", " UNION ALL SELECT a FROM input".repeat(999))), None);
}

/// Data moves under a declaration that stays.
#[test]
fn a_column_renamed_under_a_view_is_told_at_the_query() {
    let repo = super::repo();
    validate(&repo).exits(0);
    repo.write("data/cards.csv", &CARDS.replace("amount", "sum"));
    let run = validate(&repo).exits(1);
    let fault = "does not fit its tables: column `amount` does not exist";
    for (query, at) in [
        ("`sql` of `BatchFeatureView.card_spend`", " --> view.yaml:7:10\n"),
        ("`batch_config.post_processor` of `PushSource.taps`", "  --> push.yaml:14:12\n"),
    ] {
        assert!(run.stderr.contains(&format!("error[D002]: {query} {fault}\n{at}")), "{}", run.stderr);
    }
}

/// Names that differ only in case are two columns, and SQL can read both.
#[test]
fn columns_that_differ_only_in_case_are_told_apart() {
    let repo = at("data/x", "csv");
    put(&repo, "data/x", "a,A\n1,2\n");
    let query = "  post_processor: SELECT a AS small, \"A\" AS large FROM input\n";
    repo.write("source.yaml", &source("it", "data/x", "csv", query));
    shows(&repo, "small,large\n1,2\n");
}

/// A block scalar may say how deep it is indented: what is deeper belongs to the query, and the place stays right.
#[test]
fn a_block_that_says_its_indentation_shows_the_right_column() {
    let repo = super::repo();
    let view = std::fs::read_to_string(repo.path().join("view.yaml")).unwrap();
    let deeper = view.replace("sql: |\n", "sql: |2\n").replace("  SELECT card_id,", "      SELECT card_id,");
    repo.write("view.yaml", &deeper.replace("         amount,", "             amont,"));
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("column `amont` does not exist\n --> view.yaml:7:14\n"), "{}", run.stderr);
}

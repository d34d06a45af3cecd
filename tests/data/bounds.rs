//! A data set that is larger than what may be held: five million rows in thirty files, of which a day is read.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::python;
use crate::child;
use crate::support::{Repo, clean, installed};

const ROWS: usize = 5_000_000;

/// The most memory that a preview may take, in kB.
const MEMORY_MAX: usize = 300 * 1024;

const SOURCE: &str = "\
kind: BatchSource
name: taps
batch_config:
  kind: FileConfig
  uri: taps
  file_format: parquet
  timestamp_field: tapped_at
---
kind: BatchSource
name: renamed
batch_config:
  kind: FileConfig
  uri: taps
  file_format: parquet
  timestamp_field: at
  post_processor: SELECT card_id, amount * 2 AS twice, tapped_at AS at FROM input
";

/// Runs weir under GNU time; returns what it said and the most memory that it took, in kB.
fn measured(repo: &Repo, arguments: &[&str], stdout: Stdio) -> (String, usize) {
    let report = repo.path().join("time");
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", "-o"]).arg(&report).arg(env!("CARGO_BIN_EXE_weir"));
    clean(&mut command).args(arguments).current_dir(repo.path()).stdin(Stdio::null());
    let output = child::start(command.stdout(stdout).stderr(Stdio::piped())).finish();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.signal().is_none() && output.status.success(), "{:?}: {said}", output.status);
    (said, std::fs::read_to_string(report).unwrap().trim().parse().unwrap())
}

#[test]
fn a_day_of_a_month_is_read_alone_and_a_month_in_little_memory() {
    if !installed("time") {
        return;
    }
    let Some(mut generate) = python::script("generate.py", "pyarrow.parquet") else { return };
    let repo = Repo::new(&[("taps.yaml", SOURCE)]);
    let folder = repo.path().join("taps");
    std::fs::create_dir(&folder).unwrap();
    let generated = child::output(generate.arg(&folder).arg(ROWS.to_string()));
    assert!(generated.status.success(), "{}", String::from_utf8_lossy(&generated.stderr));
    let day = ROWS / 30;
    let groups = day.div_ceil(50_000);
    for name in ["taps", "renamed"] {
        let csv = std::fs::File::create(repo.path().join("day.csv")).unwrap();
        let day_of = ["preview", name, "--start", "2024-01-10", "--end", "2024-01-11", "-v", "--format", "csv"];
        let (said, memory) = measured(&repo, &day_of, csv.into());
        let rows = std::fs::read_to_string(repo.path().join("day.csv")).unwrap();
        assert_eq!(rows.lines().count(), day + 1, "{name}");
        assert!(rows.lines().skip(1).all(|it| it.contains(",2024-01-10T")), "{name}");
        let read = format!("Read {groups} of {} row groups, {day} rows, ", 30 * groups);
        assert!(said.starts_with(&read), "{name}: {said}");
        assert!(memory < MEMORY_MAX, "{name}: {memory} kB");
    }
    let (said, memory) = measured(&repo, &["preview", "renamed", "--out", "all.parquet"], Stdio::null());
    assert!(said.starts_with(&format!("Wrote {} rows to ", day * 30)), "{said}");
    assert!(memory < MEMORY_MAX, "all: {memory} kB");
    let whole: u64 = size(&repo.path().join("all.parquet"));
    assert!(whole > 10_000_000, "{whole} bytes are too few for so many rows");
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

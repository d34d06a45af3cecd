//! How long weir takes with data: opening sources, checking queries against them, reading a window of many rows. Run it
//! with `cargo bench --features data --bench data`.
//!
//! Everything is measured as whole processes in one run, so that ratios hold on a machine that does other things too.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its results")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;

const WEIR: &str = env!("CARGO_BIN_EXE_weir");
/// GNU time, which reports the peak memory of what it runs.
const TIME: &str = "/usr/bin/time";

/// How much is measured: all of it under `cargo bench`, a little under `cargo test --benches`.
struct Size {
    sources: usize,
    views: usize,
    days: usize,
    rows_a_day: usize,
    runs: usize,
}

fn main() -> ExitCode {
    let full = std::env::args().any(|it| it == "--bench");
    let size = match full {
        true => Size { sources: 100, views: 1_000, days: 30, rows_a_day: 166_667, runs: 7 },
        false => Size { sources: 2, views: 10, days: 2, rows_a_day: 100, runs: 1 },
    };
    match run(&size) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(size: &Size) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("This is a debug build: its times say nothing.");
    }
    let folder = tempfile::tempdir()?;
    let repo = folder.path();
    generate(repo, size)?;
    println!("{} views over {} Parquet files: median (min) in ms, budget", size.views, size.sources);
    let forget = || {
        std::fs::remove_dir_all(repo.join(".weir"))
            .or_else(|it| if repo.join(".weir").exists() { Err(it) } else { Ok(()) })
    };
    row(size, "start-up", "10", repo, &["--version"], || Ok(()))?;
    row(size, "validate, cold", "1500", repo, &["-q", "validate"], || Ok(forget()?))?;
    row(size, "validate again", "300", repo, &["-q", "validate"], || Ok(()))?;
    row(size, "validate --offline, no cache", "", repo, &["-q", "validate", "--offline"], || Ok(forget()?))?;
    let rows = size.days * size.rows_a_day;
    println!("\n{rows} rows in {} Parquet files", size.days);
    let day = ["preview", "clicks", "--start", "2024-01-02", "--end", "2024-01-03", "-v", "--format", "csv"];
    row(size, "preview of one day", "", repo, &day, || Ok(()))?;
    println!("  {}", stderr(repo, &day)?.lines().last().unwrap_or_default());
    println!("  peak memory {}, budget 300 MB", peak(repo, &day)?);
    let all = ["preview", "clicks", "--out", "all.parquet"];
    row(size, "all of it to a Parquet file", "", repo, &all, || Ok(()))?;
    println!("  peak memory {}, budget 300 MB", peak(repo, &all)?);
    Ok(())
}

/// Measures one command and prints its line.
fn row(
    size: &Size,
    title: &str,
    budget_ms: &str,
    repo: &Path,
    arguments: &[&str],
    prepare: impl Fn() -> Result<()>,
) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..size.runs {
        prepare()?;
        let start = Instant::now();
        let status = weir(WEIR, repo).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        ensure!(status.success(), "`weir {}` failed: {}", arguments.join(" "), stderr(repo, arguments)?);
    }
    times.sort_by(f64::total_cmp);
    println!("{title:<32} {:>8.1} ({:.1})  {budget_ms}", times[times.len() / 2], times[0]);
    Ok(())
}

/// Returns a command that the settings of whoever runs this do not reach.
fn weir(program: &str, repo: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repo).env_remove("CI").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn stderr(repo: &Path, arguments: &[&str]) -> Result<String> {
    let output = weir(WEIR, repo).args(arguments).stdout(Stdio::null()).output()?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn peak(repo: &Path, arguments: &[&str]) -> Result<String> {
    if !Path::new(TIME).exists() {
        return Ok(format!("unknown: {TIME} is not installed"));
    }
    let output = weir(TIME, repo).args(["-f", "%M", WEIR]).args(arguments).stdout(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let kb: u64 = text.lines().last().and_then(|it| it.trim().parse().ok()).context("time did not say the memory")?;
    Ok(format!("{} MB", kb / 1024))
}

/// Writes the repo: sources of a few rows for the many views, and one of many rows.
fn generate(repo: &Path, size: &Size) -> Result<()> {
    std::fs::write(repo.join("weir.toml"), "")?;
    std::fs::create_dir_all(repo.join("data/clicks"))?;
    std::fs::write(
        repo.join("entity.yaml"),
        "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n",
    )?;
    let mut sources = String::new();
    for source in 0..size.sources {
        write_rows(&repo.join(format!("data/{source}.parquet")), 0, 1_000)?;
        sources.push_str(&declared_source(&format!("source_{source}"), &format!("data/{source}.parquet")));
    }
    sources.push_str(&declared_source("clicks", "data/clicks/"));
    std::fs::write(repo.join("sources.yaml"), sources)?;
    for day in 0..size.days {
        write_rows(&repo.join(format!("data/clicks/{day:02}.parquet")), day, size.rows_a_day)?;
    }
    let mut views = String::new();
    for view in 0..size.views {
        let (source, other) = (view % size.sources, (view / size.sources) % size.sources);
        let also = if source == other { String::new() } else { format!(", source_{other}") };
        let join = match also.is_empty() {
            true => String::new(),
            false => format!(
                "LEFT JOIN (SELECT user_id, max(amount) AS best FROM source_{other} GROUP BY user_id) AS o\n    ON s.user_id = o.user_id"
            ),
        };
        let best = if also.is_empty() { "0.0 AS best" } else { "o.best" };
        write!(
            views,
            "---\nkind: BatchFeatureView\nname: view_{view}\nsources: [source_{source}{also}]\nentities: [user]\ntimestamp_field: at\nsql: |\n  \
             SELECT s.user_id, s.at, upper(s.page) AS page_{view}, CASE WHEN s.amount > {view} THEN 1 ELSE 0 END AS large,\n         {best}\n  \
             FROM source_{source} AS s\n  {join}\n"
        )?;
    }
    Ok(std::fs::write(repo.join("views.yaml"), views)?)
}

fn declared_source(name: &str, uri: &str) -> String {
    format!(
        "---\nkind: BatchSource\nname: {name}\nbatch_config: {{ kind: FileConfig, uri: {uri}, file_format: parquet, timestamp_field: at }}\n"
    )
}

/// Writes rows spread evenly over one day of January 2024, in row groups of 50,000.
fn write_rows(path: &Path, day: usize, count: usize) -> Result<()> {
    const MIDNIGHT_US: i64 = 1_704_067_200_000_000;
    const DAY_US: i64 = 86_400_000_000;
    let step = DAY_US / count as i64;
    let start = MIDNIGHT_US + day as i64 * DAY_US;
    let ids = || 0..count as i64;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user_id", Arc::new(StringArray::from_iter_values(ids().map(|it| format!("user_{}", it * 7919 % 10_007))))),
        ("page", Arc::new(StringArray::from_iter_values(ids().map(|it| format!("/page/{}", it * 31 % 997))))),
        ("amount", Arc::new(Float64Array::from_iter_values(ids().map(|it| (it * 17 % 10_000) as f64 / 100.0)))),
        ("clicked", Arc::new(Int64Array::from_iter_values(ids().map(|it| it % 2)))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(ids().map(|it| start + it * step)))),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(50_000)).build();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path)?, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

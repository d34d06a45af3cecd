//! Properties that hold for every repo and every edit. More cases, from a new seed: `PROPTEST_CASES=5000 cargo test properties`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError};
use serde_json::{Map, Value, json};
use weir::apply::{Occasion, apply};
use weir::check;
use weir::diagnostic::{Diagnostic, DocumentId, Place};
use weir::load::{self, Cache, Project, Repo};
use weir::plan::{
    Action, Approved, Cause, Declared, Entry, Mode, Plan, Saved, Serial, Snapshot, Suppress, approve, diff, recheck,
};
use weir::registry::{Memory, Registry, decode, read_specs, specs_at};
use weir::render::json::RepoJson;
use weir::resolve::{link, resolve};
use weir::resource::{Address, Catalog, Instant, Kind, Report, Resource, SOURCES, VIEWS};

use crate::support::{self, NOW};

/// The same cases on every run, so that a red build is red twice; PROPTEST_CASES asks for other and more ones.
fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(20_261_121) },
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

// ---- The loader -----------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..400), name in "[a-z]{1,3}\\.ya?ml") {
        load_and_check(vec![(name, bytes)])?;
    }

    #[test]
    fn any_text_is_read_without_a_panic(parts in vec(prop::sample::select(FRAGMENTS), 0..40)) {
        load_and_check(vec![("a.yaml".to_owned(), parts.concat().into_bytes())])?;
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn declarations_with_slips_are_read_without_a_panic(
        document in 0..usize::MAX,
        slips in vec(slip(), 0..6),
        sql_slips in vec(slip(), 0..3),
    ) {
        let corpus = corpus();
        let mut text = corpus[document % corpus.len()].clone().into_bytes();
        slips.iter().for_each(|it| it.make(&mut text));
        let mut sql = b"SELECT user_id, amount -- spent\nFROM orders\n".to_vec();
        sql_slips.iter().for_each(|it| it.make(&mut sql));
        let others = ALL_KINDS.as_bytes().to_vec();
        let files = [("a.yaml", text), ("orders.sql", sql), ("others.yaml", others)];
        load_and_check(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())?;
    }
}

/// Something that a hand, an editor or a merge does to a file.
#[derive(Debug, Clone)]
enum Slip {
    Byte(usize, u8),
    Cut(usize),
    Swap(usize, usize),
    Repeat(usize),
    Indent(usize, usize),
    Dedent(usize),
    Insert(usize, &'static str),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = || 0..usize::MAX;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Slip::Byte(at, byte)),
        at().prop_map(Slip::Cut),
        (at(), at()).prop_map(|(a, b)| Slip::Swap(a, b)),
        at().prop_map(Slip::Repeat),
        (at(), 1..5usize).prop_map(|(at, by)| Slip::Indent(at, by)),
        at().prop_map(Slip::Dedent),
        (at(), prop::sample::select(FRAGMENTS)).prop_map(|(at, text)| Slip::Insert(at, text)),
    ]
}

impl Slip {
    fn make(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let place = |at: usize| at % bytes.len();
        match *self {
            Self::Byte(at, byte) => {
                let at = place(at);
                bytes[at] = byte;
            }
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Insert(at, text) => {
                let at = place(at);
                bytes.splice(at..at, text.bytes());
            }
            Self::Swap(..) | Self::Repeat(_) | Self::Indent(..) | Self::Dedent(_) => self.make_on_lines(bytes),
        }
    }

    fn make_on_lines(&self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|it| *it == b'\n').map(<[u8]>::to_vec).collect();
        let count = lines.len();
        match *self {
            Self::Swap(a, b) => lines.swap(a % count, b % count),
            Self::Repeat(at) => lines.insert(at % count, lines[at % count].clone()),
            Self::Indent(at, by) => {
                lines[at % count].splice(0..0, vec![b' '; by]);
            }
            Self::Dedent(at) if lines[at % count].starts_with(b" ") => {
                lines[at % count].remove(0);
            }
            _ => {}
        }
        *bytes = lines.concat();
    }
}

/// What YAML, SQL and our own fields are made of, and what breaks them.
const FRAGMENTS: &[&str] = &[
    "kind: ", "Entity", "PushSource", "StreamFeatureView", "FeatureService", "\nname: ", "\nsources: [a]", "\nentities: [user]",
    "\nschema:\n  - { name: a, dtype: Int64 }", "\nbatch_config: { kind: HiveConfig, database: d, table: t }", "\nsql: |\n  SELECT a\n  FROM b\n",
    "\nsql: >\n  SELECT a FROM\n", "\nsql: 'SELECT ''x", "\naggregations:\n  - ", "{ column: a, function: last(3), time_window: 1h }", "\n", "\n\n",
    "\r\n", "\r", "\t", " ", "  ", "- ", ": ", "? ", "---\n", "...\n", "--- ", "%YAML 1.2\n", "# ", "&a ", "*a", "<<: *a", "!!map ", "!x ", "|\n",
    ">-\n", "'", "\"", "\\", "{", "}", "[", "]", ",", "~", "null", "yes", "1.10", "-9223372036854775808", "1e999", ".nan", "\u{feff}", "\u{85}",
    "\u{2028}", "\0", "é", "名前", "\u{1f600}", "Map<String, Int64>", "Struct<a: Int64>", "Array<Array<", "1h30m", "9999999999999999999d",
    "2024-02-30", "a:b:c", "__", "Entity.user", "renamed_from: user\n", "prevent_destroy: true\n", "$", "((((((((", "unknown: 1\n",
];

fn corpus() -> Vec<String> {
    let mut texts = vec![ALL_KINDS.to_owned()];
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "yaml") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    texts.sort();
    texts
}

const ALL_KINDS: &str = r#"# Every kind, every way to write it.
kind: Entity
name: user
join_keys: [{ name: user_id, dtype: String }]
---
kind: PushSource
name: clicks
description: "Ad clicks: pushed"
tags: { release: staging }
prevent_destroy: true
schema: &columns
  - { name: user_id, dtype: String }
  - { name: at, dtype: Timestamp }
  - { name: labels, dtype: "Map<String, Int64>" }
  - name: clicked
    dtype: Int64
batch_config:
  kind: HiveConfig
  database: demo
  table: clicks
  data_delay: 1h30m
  post_processor: |
    SELECT user_uuid AS user_id, ts AS at, labels, clicked -- renamed
    FROM input
---
kind: BatchSource
name: orders
batch_config: { uri: data/orders.parquet, file_format: parquet, kind: FileConfig, schema_override: *columns }
---
kind: Transformation
name: clean
mode: sql
inputs: [events]
sql: "SELECT user_id, clicked, at FROM events WHERE clicked IS NOT NULL"
---
kind: StreamFeatureView
name: user_clicks
sources:
  - source: clicks
    start_time_offset: -1d
entities: [user]
transformation: { name: clean, inputs: [clicks] }
schema:
  - { name: user_id, dtype: String }
  - { name: clicked, dtype: Int64 }
  - { name: at, dtype: Timestamp }
aggregations:
  - { column: clicked, function: count, time_window: 1h }
  - column: clicked
    function: approx_percentile(0.5, 100)
    time_window: 24h
    name: middle
online: true
offline: true
feature_start_time: 2024-01-01
monitoring: { monitor_freshness: true, expected_freshness: 5m, alert_email: a@example.com }
---
kind: BatchFeatureView
name: user_orders:v2
renamed_from: user_orders
sources: [orders]
entities: [user]
sql_file: orders.sql
timestamp_field: at
ttl: 30d
batch_trigger: MANUAL
manual_trigger_backfill_end_time: 2024-05-01T00:00:00+02:00
---
kind: FeatureService
name: ads
features:
  - { view: user_clicks, features: [middle], namespace: clicks, join_key_map: { user_id: sender_id } }
online_serving_enabled: true
"#;

/// Longer than any honest repo of this size takes in a debug build on a busy machine.
const HANG: Duration = Duration::from_secs(60);

fn load_and_check(files: Vec<(String, Vec<u8>)>) -> Result<(), TestCaseError> {
    let (done, finished) = mpsc::channel();
    let shown = files.iter().map(|it| format!("{}: {:?}", it.0, String::from_utf8_lossy(&it.1))).collect::<Vec<_>>();
    std::thread::spawn(move || done.send(std::panic::catch_unwind(|| load_files(&files))));
    match finished.recv_timeout(HANG) {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(fault))) => Err(TestCaseError::fail(format!("{fault}\n{}", shown.join("\n")))),
        Ok(Err(_)) => Err(TestCaseError::fail(format!("it panics\n{}", shown.join("\n")))),
        Err(_) => Err(TestCaseError::fail(format!("it hangs\n{}", shown.join("\n")))),
    }
}

fn load_files(files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (found, mut diagnostics) = load::read_files(folder.path());
    let (mut repo, more) = load::declare(found, &Project::default(), &mut Cache::open(None, "test"));
    diagnostics.extend(more);
    diagnostics.extend(resolve(&mut repo));
    diagnostics.extend(check::together(&repo));
    repo.locate(&mut diagnostics);
    diagnostics.iter().try_for_each(|it| points_somewhere(it, files))
}

/// Every diagnostic has a place, and the place is a line of the file, shown as it is.
fn points_somewhere(diagnostic: &Diagnostic, files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let code = diagnostic.code.0;
    let span = diagnostic.span().ok_or_else(|| format!("{code} has no place: {diagnostic}"))?;
    let (_, bytes) =
        files.iter().find(|it| it.0 == *span.file).ok_or_else(|| format!("{code} names a file that is not there"))?;
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let known = text.lines().nth(span.line.saturating_sub(1));
    match known {
        Some(line) if span.line > 0 && (span.text.is_empty() || *span.text == *line) => {}
        None if span.line == 1 && text.is_empty() => {}
        _ => return Err(format!("{code} points at line {} ({:?}): {diagnostic}", span.line, span.text)),
    }
    let width = span.text.chars().count();
    if span.column == 0 || span.length == 0 || (!span.text.is_empty() && span.column > width + 1) {
        return Err(format!("{code} points at {}:{} of {:?}", span.line, span.column, span.text));
    }
    Ok(())
}

// ---- Repos and their edits ------------------------------------------------------------------------------------------

/// A feature repo of at most one declaration a slot; what each looks like is told by its knobs. All at 0 is a plain repo.
#[derive(Clone, PartialEq)]
struct World {
    knobs: Vec<[u8; KNOBS]>,
}

const KNOBS: usize = 15;
const (HERE, NAME, PROTECT, RENAMED, META, SWAP): (usize, usize, usize, usize, usize, usize) = (0, 1, 2, 3, 4, 5);

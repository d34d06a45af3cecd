//! Properties that hold for every repo and every edit. More cases, from a new seed: `PROPTEST_CASES=5000 cargo test properties`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestCaseError};
use serde_json::{Map, Value, json};
use weir::apply::{Occasion, apply, parts};
use weir::check;
use weir::diagnostic::{Diagnostic, DocumentId, Place};
use weir::load::{self, Repo};
use weir::plan::{
    Action, Approved, Cause, Declared, Entry, Mode, Plan, Saved, Serial, Snapshot, Suppress, approve, diff, recheck,
};
use weir::registry::{Commit as _, Memory, Recorded as _, decode, read_jobs, read_specs, specs_at};
use weir::render::json::RepoJson;
use weir::resolve::{link, resolve};
use weir::resource::{Address, Catalog, Instant, Kind, Report, Resource, SOURCES, VIEWS, pointer_mut};
use weir::session;
use weir::settings::Settings;

use crate::support::NOW;

mod histories;
mod jobs;
mod sql;

/// The same cases on every run, so that a red build is red twice; PROPTEST_CASES asks for other and more ones.
pub(crate) fn config(cases: u32) -> ProptestConfig {
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
    #![proptest_config(config(300))]

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
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "kind: ", "Entity", "PushSource", "StreamFeatureView", "FeatureService", "\nname: ", "\nsources: [a]",
    "\nentities: [user]", "\nschema:\n  - { name: a, dtype: Int64 }",
    "\nbatch_config: { kind: HiveConfig, database: d, table: t }", "\nsql: |\n  SELECT a\n  FROM b\n",
    "\nsql: >\n  SELECT a FROM\n", "\nsql: 'SELECT ''x", "\naggregations:\n  - ",
    "{ column: a, function: last(3), time_window: 1h }", "\n", "\n\n", "\r\n", "\r", "\t", " ", "  ", "- ", ": ",
    "? ", "---\n", "...\n", "--- ", "%YAML 1.2\n", "# ", "&a ", "*a", "<<: *a", "!!map ", "!x ", "|\n", ">-\n", "'",
    "\"", "\\", "{", "}", "[", "]", ",", "~", "null", "yes", "1.10", "-9223372036854775808", "1e999", ".nan",
    "\u{feff}", "\u{85}", "\u{2028}", "\0", "é", "名前", "\u{1f600}", "Map<String, Int64>", "Struct<a: Int64>",
    "Array<Array<", "1h30m", "9999999999999999999d", "2024-02-30", "a:b:c", "__", "Entity.user",
    "renamed_from: user\n", "prevent_destroy: true\n", "$", "((((((((", "unknown: 1\n",
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
    diagnostics.extend(session::check_files(found, &Settings::default()).diagnostics);
    diagnostics.iter().try_for_each(|it| points_somewhere(it, files))
}

/// Every diagnostic has a place, and the place is a line of the file, shown as it is.
fn points_somewhere(diagnostic: &Diagnostic, files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let code = diagnostic.code;
    let span = diagnostic.span().ok_or_else(|| format!("{code} has no place: {diagnostic}"))?;
    let (_, bytes) =
        files.iter().find(|it| it.0 == *span.file).ok_or_else(|| format!("{code} names a file that is not there"))?;
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // YAML ends a line at a lone carriage return too.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
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
const HERE: usize = 0;
const NAME: usize = 1;
const PROTECT: usize = 2;
const RENAMED: usize = 3;
const META: usize = 4;
const SWAP: usize = 5;
/// The knobs from here on mean what the slot makes of them.
const OWN: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    Entity,
    Source,
    Transformation,
    View,
    Service,
}

const SLOTS: &[Slot] = &[
    Slot::Entity,
    Slot::Entity,
    Slot::Source,
    Slot::Source,
    Slot::Source,
    Slot::Transformation,
    Slot::Transformation,
    Slot::View,
    Slot::View,
    Slot::View,
    Slot::View,
    Slot::Service,
    Slot::Service,
];
const ENTITIES: usize = 0;
const SOURCES_AT: usize = 2;
const TRANSFORMATIONS: usize = 5;
const VIEWS_AT: usize = 7;

impl Slot {
    /// The names of all slots of this sort: what one leaves, another may take.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Entity => &["user", "ad", "account"],
            Self::Source => &["src_a", "src_b", "src_c", "src_d"],
            Self::Transformation => &["clean", "wide", "rare"],
            Self::View => &["view_a", "view_b", "view_c", "view_d", "view_e:v2"],
            Self::Service => &["serve_a", "serve_b", "serve_c"],
        }
    }
}

/// Turns one knob of one slot.
#[derive(Debug, Clone)]
struct Edit {
    slot: usize,
    knob: usize,
    value: u8,
}

fn world() -> impl Strategy<Value = World> {
    vec(prop::array::uniform15(prop_oneof![2 => Just(0u8), 3 => 0..8u8]), SLOTS.len()).prop_map(|knobs| World { knobs })
}

/// Single turns of a knob, and those that only mean something together.
fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let slot = || 0..SLOTS.len();
    let edit = |slot, knob, value| Edit { slot, knob, value };
    let one = prop_oneof![
        6 => (slot(), 0..KNOBS, 0..8u8).prop_map(move |(slot, knob, value)| vec![edit(slot, knob, value)]),
        2 => (slot(), 0..5u8).prop_map(move |(slot, name)| vec![edit(slot, NAME, name), edit(slot, RENAMED, 5)]),
        1 => (slot(), OWN..KNOBS, 0..8u8).prop_map(move |(slot, knob, value)| vec![edit(slot, PROTECT, 0), edit(slot, knob, value)]),
        1 => (SOURCES_AT..SOURCES_AT + 3).prop_map(move |slot| vec![edit(slot, OWN, 4)]),
        1 => (slot(), slot(), 0..5u8).prop_map(move |(a, b, name)| vec![edit(a, HERE, 7), edit(b, NAME, name), edit(b, RENAMED, 5)]),
    ];
    vec(one, 0..4).prop_map(|it| it.concat())
}

impl World {
    fn edited(&self, edits: &[Edit]) -> Self {
        let mut world = self.clone();
        edits.iter().for_each(|it| world.knobs[it.slot][it.knob] = it.value);
        world
    }

    fn name(&self, slot: usize) -> &'static str {
        let names = SLOTS[slot].names();
        let first = SLOTS.iter().position(|it| *it == SLOTS[slot]).unwrap();
        let step = self.knobs[slot][NAME];
        names[(slot - first + if step > 4 { 0 } else { usize::from(step) }) % names.len()]
    }

    fn is_push(&self, slot: usize) -> bool {
        (slot < SOURCES_AT + 2) != (self.knobs[slot][SWAP] > 5)
    }

    /// Returns what this slot declares; `before` is the world that it was edited from.
    fn declaration(&self, slot: usize, before: &World) -> Option<(Address, Value)> {
        let knobs = &self.knobs[slot];
        if knobs[HERE] == 7 {
            return None;
        }
        let own: [u8; KNOBS - OWN] = knobs[OWN..].try_into().unwrap();
        let (kind, mut spec) = match SLOTS[slot] {
            Slot::Entity => (Kind::Entity, self.entity(slot, own)),
            Slot::Source if self.is_push(slot) => (Kind::PushSource, push_source(own)),
            Slot::Source => (Kind::BatchSource, json!({ "batch_config": batch_config(own[1].max(1), own[0]) })),
            Slot::Transformation => (Kind::Transformation, self.transformation(slot, own)),
            Slot::View => self.view(slot, own),
            Slot::Service => (Kind::FeatureService, self.service(own)),
        };
        if knobs[PROTECT] > 4 {
            spec["prevent_destroy"] = json!(true);
        }
        match knobs[META] {
            3 => spec["description"] = json!("about it"),
            4 => spec["owner"] = json!("team"),
            5 => spec["tags"] = json!({ "release": "staging" }),
            6 => spec["tags"] = json!({}),
            _ => {}
        }
        let name = self.name(slot);
        match knobs[RENAMED] {
            4..=6 if before.name(slot) != name => spec["renamed_from"] = json!(before.name(slot)),
            7 => {
                let names = SLOTS[slot].names();
                let other = names[(slot + usize::from(knobs[NAME]) + 1) % names.len()];
                if other != name {
                    spec["renamed_from"] = json!(other);
                }
            }
            _ => {}
        }
        Some((Address::new(kind, name), spec))
    }

    fn entity(&self, slot: usize, own: [u8; KNOBS - OWN]) -> Value {
        let key = if slot == ENTITIES { "user_id" } else { "ad_id" };
        match own[0] {
            0..=2 => json!({}),
            3 | 4 => json!({ "join_keys": [key] }),
            5 => json!({ "join_keys": [{ "name": key, "dtype": "String" }] }),
            6 => json!({ "join_keys": [self.name(slot)] }),
            _ => json!({ "join_keys": [key, "account"] }),
        }
    }

    fn transformation(&self, slot: usize, own: [u8; KNOBS - OWN]) -> Value {
        let input = if slot > TRANSFORMATIONS && own[0] > 5 { self.name(TRANSFORMATIONS) } else { "events" };
        json!({ "mode": "sql", "inputs": [input], "sql": query(input, own[1], own[2]) })
    }

    fn view(&self, slot: usize, own: [u8; KNOBS - OWN]) -> (Kind, Value) {
        let [source, form, schema, aggregations, interval, stores, start, extra, rest] = own;
        let source = SOURCES_AT + usize::from(source % 3);
        let name = self.name(source);
        let pushed = self.is_push(source) && self.knobs[slot][SWAP] < 6;
        let kind = if pushed { Kind::StreamFeatureView } else { Kind::BatchFeatureView };
        let mut spec = json!({ "sources": [name] });
        match form {
            2..=4 => {
                spec["sql"] = json!(query(name, if form == 3 { 6 } else { 0 }, if form == 4 { 6 } else { schema }))
            }
            5 => spec["sql"] = json!(format!("SELECT * FROM {name}")),
            6 | 7 => {
                let at = TRANSFORMATIONS + usize::from(form - 6);
                spec["transformation"] = json!({ "name": self.name(at) });
                if at > TRANSFORMATIONS && self.knobs[at][OWN] > 5 {
                    spec["transformation"]["inputs"] = json!([]);
                } else if rest % 2 == 1 {
                    spec["transformation"]["inputs"] = json!([name]);
                }
            }
            _ => {}
        }
        if schema > 5 {
            spec["schema"] = columns(if schema == 7 && form == 3 { 4 } else { 0 });
        }
        let aggregation = |it: &[&str]| json!({ "column": it[0], "function": it[1], "time_window": it[2] });
        let (count, sum, mean) = (&["ad", "count", "1d"], &["amount", "sum", "7d"], &["amount", "mean", "30d"]);
        let chosen: Vec<&[&str; 3]> = match aggregations {
            1 => vec![count],
            2 => vec![count, sum],
            3 => vec![count, sum, mean],
            4 => vec![sum, count],
            5 => vec![&["ad", "last(3)", "2d"]],
            _ => vec![],
        };
        if !chosen.is_empty() {
            spec["aggregations"] = chosen.into_iter().map(|it| aggregation(it)).collect();
            match interval {
                0..=3 if pushed => {}
                7 if pushed => spec["aggregation_interval"] = json!("0s"),
                5 | 6 => spec["aggregation_interval"] = json!("12h"),
                _ => spec["aggregation_interval"] = json!("1d"),
            }
        }
        match stores {
            1 => spec["online"] = json!(true),
            2 => spec["offline"] = json!(true),
            3 => spec["online"] = json!(false),
            _ => (spec["online"], spec["offline"]) = (json!(true), json!(true)),
        }
        match start {
            5 => spec["feature_start_time"] = json!("2023-01-01"),
            6 => spec["feature_start_time"] = json!("2025-01-01T00:00:00Z"),
            7 if stores == 3 => {}
            _ => spec["feature_start_time"] = json!("2024-01-01"),
        }
        match extra {
            1 => spec["ttl"] = json!("30d"),
            2 => spec["ttl"] = json!("60d"),
            3 => spec["monitoring"] = json!({ "expected_freshness": "3d" }),
            4 => spec["batch_schedule"] = json!("2d"),
            5 => {
                spec["batch_trigger"] = json!("MANUAL");
                spec["manual_trigger_backfill_end_time"] = json!("2026-01-01");
            }
            6 => spec["max_backfill_interval"] = json!("30d"),
            7 if !pushed => spec["incremental_backfills"] = json!(true),
            _ => {}
        }
        match rest {
            4 => spec["timestamp_field"] = json!("ts"),
            5 => spec["sources"] = json!([{ "source": name, "start_time_offset": "-1d" }]),
            6 => spec["sources"] = json!([{ "source": name }]),
            _ => {}
        }
        let entities = match rest {
            2 | 3 => vec![ENTITIES + 1],
            7 => vec![ENTITIES, ENTITIES + 1],
            _ => vec![ENTITIES],
        };
        spec["entities"] = entities.into_iter().map(|it| self.name(it)).collect();
        (kind, spec)
    }

    fn service(&self, own: [u8; KNOBS - OWN]) -> Value {
        let [views, form, online, ..] = own;
        let views: &[usize] = match views {
            0 => &[0, 1],
            1 => &[0],
            2 => &[0, 1, 2],
            3 => &[1, 0],
            4 => &[2],
            5 => &[0, 1, 2, 3],
            6 => &[3],
            _ => &[1],
        };
        let views: Vec<usize> = views.iter().map(|it| VIEWS_AT + it).filter(|it| self.knobs[*it][HERE] != 7).collect();
        let mut features: Vec<Value> = views.iter().map(|it| json!(self.name(*it))).collect();
        if let Some(first) = views.first().map(|it| self.name(*it)) {
            match form {
                4 => features[0] = json!({ "view": first, "namespace": "first" }),
                5 => features[0] = json!({ "view": first, "namespace": first.replace(':', "_") }),
                6 => features[0] = json!({ "view": first, "join_key_map": { "user": "sender" } }),
                7 => features[0] = json!({ "view": first }),
                _ => {}
            }
        }
        let mut spec = json!({ "features": features });
        let serves = |view: &usize| !matches!(self.knobs[*view][OWN + 5], 2 | 3);
        if online > 5 || (online < 5 && !views.iter().all(serves)) {
            spec["online_serving_enabled"] = json!(false);
        } else if online == 5 {
            spec["online_serving_enabled"] = json!(true);
        }
        spec
    }
}

const COLUMNS: &[(&str, &str)] = &[
    ("user", "String"),
    ("user_id", "String"),
    ("account", "String"),
    ("ad", "String"),
    ("ad_id", "String"),
    ("amount", "Float64"),
    ("ts", "Timestamp"),
];

/// The columns that everything has; 4 and 5 append, 6 changes a type, 7 the order.
fn columns(shape: u8) -> Value {
    let mut columns: Vec<(&str, &str)> = COLUMNS.to_vec();
    match shape {
        4 => columns.push(("more", "Float64")),
        5 => columns.extend([("more", "Float64"), ("most", "Int64")]),
        6 => columns[5].1 = "Int64",
        7 => columns.swap(0, 1),
        _ => {}
    }
    columns.into_iter().map(|(name, dtype)| json!({ "name": name, "dtype": dtype })).collect()
}

/// A query over `table`; `shape` over 4 appends columns, `layout` 6 and 7 filter, 4 and 5 only look different.
fn query(table: &str, shape: u8, layout: u8) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|it| it.0).collect();
    let more = match shape {
        5 | 6 => ", amount AS more",
        7 => ", amount AS more, upper(ad) AS most",
        _ => "",
    };
    let plain = format!("SELECT {}{more} FROM {table}", names.join(", "));
    match layout {
        4 => plain.to_lowercase(),
        5 => plain.replace(" FROM", "\n  /* all of it */ FROM").replace(", ", ",\n  "),
        6 => format!("{plain} WHERE amount > 0"),
        7 => format!("{plain} WHERE amount > 1"),
        _ => plain,
    }
}

fn push_source(own: [u8; KNOBS - OWN]) -> Value {
    let mut spec = json!({ "schema": columns(own[0]) });
    if own[1] > 0 {
        spec["batch_config"] = batch_config(own[1], own[0]);
    }
    spec
}

fn batch_config(form: u8, shape: u8) -> Value {
    let input = "SELECT user, user_id, account, ad, ad_id, amount, ts, more, most FROM input";
    let hive = json!({ "kind": "HiveConfig", "database": "demo", "table": "clicks" });
    let with = |field: &str, value: &str| {
        let mut config = hive.clone();
        config[field] = json!(value);
        config
    };
    let file = |uri: &str| json!({ "kind": "FileConfig", "uri": uri, "file_format": "parquet", "schema_override": columns(shape) });
    match form {
        1 => hive,
        2 => with("data_delay", "1h"),
        3 => with("post_processor", input),
        4 => with("post_processor", &input.to_lowercase().replace(' ', "\n")),
        5 => file("data/clicks"),
        6 => file("data/others"),
        _ => with("data_delay", "0s"),
    }
}

/// Returns the world's declarations as the loader would, without those that would be mistakes.
fn declare(world: &World, before: &World) -> Vec<Declared> {
    sound(world, before).1
}

/// Returns the world's declarations as they are written, mistakes and all.
fn stated(world: &World, before: &World) -> Vec<(Address, Value)> {
    (0..SLOTS.len()).filter_map(|slot| world.declaration(slot, before)).collect()
}

/// Returns those without the mistakes as they are written, too.
fn sound(world: &World, before: &World) -> (Vec<(Address, Value)>, Vec<Declared>) {
    let mut stated = stated(world, before);
    loop {
        let mut diagnostics = Vec::new();
        let mut repo = Repo::default();
        for (index, (address, spec)) in stated.iter().enumerate() {
            let (document, resource) = (DocumentId(index), read(address, spec));
            let mut report = Report { document, diagnostics: &mut diagnostics };
            check::alone(&resource, &mut report);
            let parsed: Vec<_> =
                resource.spec.declaration().queries().iter().map(|it| weir::sql::parse(it.text)).collect();
            check::queries(&resource, weir::sql::Dialect::Embedded, &parsed, &mut report);
            let local_digest = resource.local_digest();
            repo.declared.push(load::Declared { resource, document, local_digest });
        }
        diagnostics.extend(resolve(&mut repo));
        diagnostics.extend(check::together(&repo, &repo.catalog()));
        let wrong: BTreeSet<usize> = diagnostics
            .iter()
            .filter(|it| it.is_error())
            .map(|it| match &it.labels[0].place {
                Place::Field { document, .. } | Place::Query { document, .. } => document.0,
                Place::Span(_) => unreachable!("nothing is located yet"),
            })
            .collect();
        if wrong.is_empty() {
            let declared = digests(repo.declared.into_iter().map(|it| it.resource).collect());
            return (stated, declared);
        }
        let mut index = 0;
        stated.retain(|_| {
            index += 1;
            !wrong.contains(&(index - 1))
        });
    }
}

fn read(address: &Address, spec: &Value) -> Resource {
    Resource::from_json(address.clone(), spec.clone(), Vec::new()).unwrap()
}

fn digests(resources: Vec<Resource>) -> Vec<Declared> {
    let catalog = Catalog::new(&resources);
    let digests: Vec<_> = resources.iter().map(|it| it.digest(&it.local_digest(), &catalog)).collect();
    resources
        .into_iter()
        .zip(digests)
        .map(|(resource, digest)| Declared { resource: resource.into(), digest, source: None })
        .collect()
}

// ---- The differ and the guard ---------------------------------------------------------------------------------------

/// One turn: an edit, or a way back to what was recorded earlier.
#[derive(Debug, Clone)]
struct Turn {
    edits: Vec<Edit>,
    suppress: u8,
    restore: Option<i64>,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let restore = prop_oneof![5 => Just(None), 1 => (0..4i64).prop_map(Some)];
    vec((edits(), 0..10u8, restore).prop_map(|(edits, suppress, restore)| Turn { edits, suppress, restore }), 1..5)
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let declared = (0..SLOTS.len()).filter_map(|slot| self.declaration(slot, self));
        f.debug_map().entries(declared.map(|(address, spec)| (address.to_string(), spec.to_string()))).finish()
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn an_approved_plan_harms_nothing_protected_and_converges(world in world(), turns in turns()) {
        play(Mode::Live, world, &turns)?;
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn a_development_workspace_refuses_nothing_and_starts_no_jobs(world in world(), turns in turns()) {
        play(Mode::Development, world, &turns)?;
    }

    #[test]
    fn a_saved_plan_is_the_plan_and_an_edited_one_is_refused(
        world in world(), edits in edits(), at in 0..usize::MAX, byte in 0x20..0x7fu8,
    ) {
        let registry = Memory::default();
        let first = declare(&world, &world);
        // A first declaration may claim a name that another gives up: no plan, and nothing to save.
        let Ok(approved) = planned(&registry, "prod", &first) else { return Ok(()) };
        carry_out(&registry, approved);
        let second = declare(&world.edited(&edits), &world);
        let snapshot = snapshot(&registry, "prod");
        if let Ok(plan) = diff(&snapshot, &second, &Suppress::None, now()) {
            saved_round_trip(&plan, at, byte)?;
        }
    }
}

/// A repo without protection in which every single edit changes something.
fn rich() -> World {
    let mut world = World { knobs: vec![[0; KNOBS]; SLOTS.len()] };
    world.knobs[SOURCES_AT][OWN + 1] = 1;
    world.knobs[VIEWS_AT][OWN + 1] = 2;
    world.knobs[VIEWS_AT][OWN + 3] = 2;
    world.knobs[VIEWS_AT + 1][OWN + 1] = 5;
    world.knobs[VIEWS_AT + 2][OWN + 3] = 2;
    world.knobs[VIEWS_AT + 3][OWN] = 2;
    world
}

#[test]
fn every_single_edit_does_what_its_field_says_there_and_back() {
    let edit = |slot, knob, value| Turn { edits: vec![Edit { slot, knob, value }], suppress: 0, restore: None };
    let mut faults = Vec::new();
    for slot in [ENTITIES, SOURCES_AT, SOURCES_AT + 2, TRANSFORMATIONS, VIEWS_AT, VIEWS_AT + 2, VIEWS_AT + 4] {
        for knob in (HERE..KNOBS).filter(|it| *it != RENAMED) {
            let before = rich().knobs[slot][knob];
            for value in (0..8).filter(|it| *it != before) {
                if let Err(fault) = play(Mode::Live, rich(), &[edit(slot, knob, value), edit(slot, knob, before)]) {
                    faults.push(format!("{:?} {slot}, knob {knob} to {value}: {fault}", SLOTS[slot]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_entity_that_is_renamed_keeps_its_default_join_key_or_is_recreated() {
    let rename = vec![Edit { slot: ENTITIES, knob: NAME, value: 2 }, Edit { slot: ENTITIES, knob: RENAMED, value: 5 }];
    play(Mode::Live, rich(), &[Turn { edits: rename, suppress: 0, restore: None }]).unwrap();
}

/// `wide` reads the table `clean`, which its views supply, until there is a transformation of that name.
#[test]
fn a_transformation_whose_input_is_taken_by_a_new_one_does_not_change_in_silence() {
    let mut world = rich();
    world.knobs[TRANSFORMATIONS][HERE] = 7;
    world.knobs[TRANSFORMATIONS + 1][OWN] = 6;
    let take = vec![Edit { slot: TRANSFORMATIONS, knob: HERE, value: 0 }];
    play(Mode::Live, world, &[Turn { edits: take, suppress: 0, restore: None }]).unwrap();
}

fn saved_round_trip(plan: &Plan, at: usize, byte: u8) -> Result<(), TestCaseError> {
    let text = Saved {
        plan: plan.clone(),
        made_at: NOW.to_owned(),
        commit: Some("0123abc".to_owned()),
        dirty: Some(true),
        suppress: Suppress::None,
        derived: BTreeMap::new(),
    }
    .to_text();
    let read = Saved::from_text(&text).map_err(|it| TestCaseError::fail(format!("{it:?}")))?;
    prop_assert_eq!(&read.to_text(), &text);
    prop_assert_eq!(weir_json(&read.plan), weir_json(plan), "and it says the same");
    let mut bytes = text.clone().into_bytes();
    let at = at % bytes.len();
    bytes[at] = byte;
    if let Ok(read) = Saved::from_text(&String::from_utf8(bytes).unwrap()) {
        prop_assert_eq!(read.to_text(), text);
    }
    Ok(())
}

/// Warnings are said when the plan is made, and not kept.
fn weir_json(plan: &Plan) -> Value {
    let mut plan = plan.clone();
    plan.warnings.clear();
    plan.changes.iter_mut().for_each(|it| it.warnings.clear());
    json!(weir::render::json::plan(&plan, &[], RepoJson::default(), ""))
}

/// Applies the world, then turn after turn what is approved, and looks at every step.
fn play(mode: Mode, world: World, turns: &[Turn]) -> Result<(), TestCaseError> {
    let registry = Memory::default();
    let workspace = if mode == Mode::Live { "prod" } else { "dev" };
    if mode == Mode::Development {
        wait(registry.create_workspace(workspace, mode, NOW)).unwrap();
    }
    let first = Turn { edits: Vec::new(), suppress: 0, restore: None };
    let mut world = world;
    for turn in std::iter::once(&first).chain(turns) {
        let edited = world.edited(&turn.edits);
        let before = snapshot(&registry, workspace);
        let declared = match turn.restore.filter(|it| *it < before.serial.0) {
            Some(serial) => restored(&registry, workspace, &before, Serial(serial + 1)),
            None => declare(&edited, &world),
        };
        if step(&registry, &before, &declared, &turn.suppress(&before))? {
            world = edited;
        }
    }
    Ok(())
}

impl Turn {
    fn suppress(&self, before: &Snapshot) -> Suppress {
        match self.suppress {
            0..=5 => Suppress::None,
            6 | 7 => Suppress::All,
            at => Suppress::Only(before.entries.keys().skip(usize::from(at) * 2).take(1).cloned().collect()),
        }
    }
}

/// Plans, looks, applies when that is allowed, and looks again. Says whether it was applied.
fn step(
    registry: &Memory,
    before: &Snapshot,
    declared: &[Declared],
    suppress: &Suppress,
) -> Result<bool, TestCaseError> {
    let workspace = before.workspace.as_str();
    let plan = diff(before, declared, suppress, now());
    prop_assert_eq!(&plan, &diff(before, declared, suppress, now()), "the same twice");
    let Ok(plan) = plan else { return Ok(false) };
    let backwards: Vec<Declared> = declared.iter().rev().cloned().collect();
    prop_assert_eq!(bytes(&plan), bytes(&diff(before, &backwards, suppress, now()).unwrap()), "in any order");
    let lazy = lazy_snapshot(registry, before, declared);
    prop_assert_eq!(bytes(&plan), bytes(&diff(&lazy, declared, suppress, now()).unwrap()), "specs read as needed");
    is_ordered(&plan)?;
    explains_itself(&plan, before, suppress)?;
    if before.mode == Mode::Development {
        prop_assert!(plan.changes.iter().all(|it| it.jobs.is_empty()), "no jobs");
    }
    let approved = match approve(plan.clone(), before) {
        Ok(approved) => approved,
        Err(refused) => {
            prop_assert_eq!(before.mode, Mode::Live, "development refuses nothing");
            prop_assert!(!refused.refusals.is_empty());
            prop_assert!(
                recheck(&plan, before.mode, &before.entries).is_err(),
                "the second guard agrees with the first"
            );
            return Ok(false);
        }
    };
    carry_out(registry, approved);
    let after = snapshot(registry, workspace);
    keeps_what_it_should(&plan, before, &after)?;
    if before.mode == Mode::Live {
        harms_nothing_protected(before, &after)?;
    }
    records_what_is_declared(registry, &after, declared)?;
    jobs::follow(&after, declared)?;
    converges(&after, declared)?;
    Ok(true)
}

fn now() -> Instant {
    NOW.parse().unwrap()
}

fn bytes(plan: &Plan) -> String {
    let saved = Saved {
        plan: plan.clone(),
        made_at: NOW.to_owned(),
        commit: None,
        dirty: None,
        suppress: Suppress::None,
        derived: BTreeMap::new(),
    };
    format!("{}{}", saved.to_text(), json!(weir::render::json::plan(plan, &[], RepoJson::default(), "")))
}

fn snapshot(registry: &Memory, workspace: &str) -> Snapshot {
    wait(async {
        let known = registry.workspaces().await.unwrap().into_iter().find(|it| it.name == workspace).unwrap();
        let mut entries = registry.entries(workspace).await.unwrap();
        read_specs(registry, workspace, &mut entries, |_, _| true).await.unwrap();
        let jobs = read_jobs(registry, workspace, &entries, |_, _| true).await.unwrap();
        Snapshot {
            workspace: known.name,
            mode: known.mode,
            registry: known.registry,
            serial: known.serial,
            state: Snapshot::state_of(&entries),
            entries,
            jobs,
        }
    })
}

/// As the command line reads it: specs only where the digest differs.
fn lazy_snapshot(registry: &Memory, before: &Snapshot, declared: &[Declared]) -> Snapshot {
    let digests: BTreeMap<_, _> = declared.iter().map(|it| (&it.resource.address, it.digest)).collect();
    let mut entries = wait(registry.entries(&before.workspace)).unwrap();
    let wanted = |address: &Address, entry: &Entry| digests.get(address) != Some(&entry.digest);
    wait(read_specs(registry, &before.workspace, &mut entries, wanted)).unwrap();
    let jobs = wait(read_jobs(registry, &before.workspace, &entries, wanted)).unwrap();
    Snapshot { entries, jobs, ..before.clone() }
}

fn planned(registry: &Memory, workspace: &str, declared: &[Declared]) -> Result<Approved, Vec<Diagnostic>> {
    let snapshot = snapshot(registry, workspace);
    let plan = diff(&snapshot, declared, &Suppress::None, now())?;
    Ok(approve(plan, &snapshot).expect("nothing is protected yet"))
}

fn carry_out(registry: &Memory, approved: Approved) {
    let occasion = Occasion {
        at: NOW.to_owned(),
        actor: "tester".to_owned(),
        git_commit: None,
        git_dirty: None,
        message: None,
        restores: None,
    };
    wait(apply(registry, &approved, &occasion, Box::new(parts(&approved)))).unwrap();
}

/// What `restore` declares: the specs of an earlier serial, with the protection of today.
fn restored(registry: &Memory, workspace: &str, today: &Snapshot, serial: Serial) -> Vec<Declared> {
    let specs = wait(specs_at(registry, workspace, serial)).unwrap();
    let mut resources: Vec<Resource> =
        specs.iter().map(|(address, spec)| decode(address, spec, Vec::new()).unwrap()).collect();
    for resource in &mut resources {
        if let Some(entry) = today.entries.get(&resource.address) {
            resource.set_prevent_destroy(entry.prevent_destroy);
        }
    }
    link(&mut resources);
    digests(resources)
}

/// Deletes first, readers before what they read; then what is read before its readers.
fn is_ordered(plan: &Plan) -> Result<(), TestCaseError> {
    let place: BTreeMap<&Address, usize> = plan.changes.iter().enumerate().map(|(at, it)| (&it.address, at)).collect();
    let mut deletes_are_over = false;
    for (at, change) in plan.changes.iter().enumerate() {
        let (state, is_delete) = match &change.action {
            Action::Delete { before } => (&**before, true),
            other => (other.after().unwrap(), false),
        };
        prop_assert!(!(is_delete && deletes_are_over), "{} is deleted late", change.address);
        deletes_are_over |= !is_delete;
        for dependency in &state.depends_on {
            let Some(other) = place.get(dependency) else { continue };
            let other_is_delete = plan.changes[*other].action.after().is_none();
            if is_delete == other_is_delete {
                prop_assert_eq!(at < *other, is_delete, "{} and {}", &change.address, dependency);
            }
        }
    }
    Ok(())
}

/// A recreate has fields of its own that ask for it, or a path to one that has.
fn explains_itself(plan: &Plan, before: &Snapshot, suppress: &Suppress) -> Result<(), TestCaseError> {
    for change in &plan.changes {
        prop_assert!(!change.suppressed || *suppress != Suppress::None);
        let Cause::Upstream { path } = &change.cause else { continue };
        prop_assert_eq!(&path[0], &change.address);
        let root = path.last().unwrap();
        let destroyed = plan.changes.iter().any(|it| it.address == *root && it.action.destroys());
        prop_assert!(path.len() > 1 && destroyed, "{} is blamed for {}", root, &change.address);
        prop_assert!(change.recorded().is_some_and(|it| before.entries.contains_key(it)));
    }
    Ok(())
}

/// What an apply leaves is what was declared, and there is nothing left to do.
fn converges(after: &Snapshot, declared: &[Declared]) -> Result<(), TestCaseError> {
    let again = diff(after, declared, &Suppress::None, now());
    let again = again.map_err(|it| TestCaseError::fail(format!("the second plan fails: {}", it[0])))?;
    prop_assert_eq!(&again.changes, &vec![], "the second plan has nothing to do");
    prop_assert_eq!(again.rewritten.len(), 0);
    prop_assert_eq!(again.unchanged, declared.len());
    let recorded: Vec<Declared> = after
        .entries
        .values()
        .map(|it| Declared { resource: it.resource.clone().unwrap().into(), digest: it.digest, source: None })
        .collect();
    let same = diff(after, &recorded, &Suppress::None, now()).unwrap();
    prop_assert_eq!((same.changes.len(), same.rewritten.len()), (0, 0), "diff(x, x) is empty");
    Ok(())
}

fn records_what_is_declared(registry: &Memory, after: &Snapshot, declared: &[Declared]) -> Result<(), TestCaseError> {
    let catalog = Catalog::new(declared.iter().map(|it| &*it.resource));
    for it in declared {
        let entry = &after.entries[&it.resource.address];
        let recorded = entry.resource.as_ref().unwrap();
        prop_assert_eq!(without_layout(recorded), without_layout(&it.resource));
        prop_assert_eq!(&entry.depends_on, &it.resource.depends_on);
        prop_assert_eq!(entry.prevent_destroy, it.resource.meta.prevent_destroy);
        if let Some(service) = it.resource.spec.declaration().service() {
            let order = service.wire_order(&catalog, &entry.wire_order);
            prop_assert_eq!(&entry.wire_order, &order, "the wire order of {} is complete", &it.resource.address);
        }
    }
    prop_assert_eq!(after.entries.len(), declared.len());
    let history = wait(specs_at(registry, &after.workspace, after.serial)).unwrap();
    for (address, entry) in &after.entries {
        let spec: Value = serde_json::from_str(&history[address]).unwrap();
        prop_assert_eq!(spec, entry.resource.as_ref().unwrap().to_json(), "the history of {}", address);
    }
    prop_assert_eq!(history.len(), after.entries.len());
    Ok(())
}

/// A query that is only laid out otherwise is not stored anew.
fn without_layout(resource: &Resource) -> Value {
    let mut spec = resource.to_json();
    for path in ["sql", "batch_config.post_processor"] {
        if let Some(text) = pointer_mut(&mut spec, path) {
            *text = json!(plain_sql(text.as_str().unwrap(), &|it| it.to_owned()));
        }
    }
    spec
}

/// Identity follows the spec's table of fields, and falls with what it depended on.
fn keeps_what_it_should(plan: &Plan, before: &Snapshot, after: &Snapshot) -> Result<(), TestCaseError> {
    let kept = by_id(after);
    let ids: BTreeSet<i64> = by_id(before).into_keys().collect();
    let new: BTreeSet<i64> = kept.keys().copied().filter(|it| !ids.contains(it)).collect();
    prop_assert!(new.iter().all(|new| ids.iter().all(|old| new > old)), "an identity is never used twice");
    for (address, entry) in &before.entries {
        let lost = closure(address, before).into_iter().find(|it| !kept.contains_key(&before.entries[it].id));
        let now = kept.get(&entry.id);
        let change = plan.changes.iter().find(|it| it.recorded() == Some(address));
        let Some((new_address, _)) = now else {
            let change = change.expect("what is gone was in the plan");
            prop_assert!(change.action.destroys(), "{} lost its identity in an update", address);
            if let Action::Recreate { .. } = change.action
                && change.cause == Cause::Declaration
            {
                let fields = effects(address, before, &change.address, after);
                prop_assert!(
                    fields.iter().any(|it| it.1 != Effect::InPlace && it.1 != Effect::TakesAway),
                    "{} is recreated, and these allow an update: {:?}",
                    address,
                    fields
                );
            }
            continue;
        };
        prop_assert!(lost.is_none(), "{} keeps its identity, and {:?} that it depended on does not", address, lost);
        prop_assert_eq!(new_address.kind, address.kind);
        prop_assert!(*new_address == address || change.is_some_and(|it| it.renamed_from.as_ref() == Some(address)));
        let order = &after.entries[*new_address].wire_order;
        prop_assert!(order.starts_with(&entry.wire_order), "{:?} -> {:?}", &entry.wire_order, order);
        if change.is_some_and(|it| it.suppressed) {
            continue;
        }
        let fields = effects(address, before, new_address, after);
        prop_assert!(
            fields.iter().all(|it| it.1 != Effect::Recreate),
            "{} is updated in place, and these recreate: {:?}",
            address,
            fields
        );
    }
    Ok(())
}

/// The guard, found out again from what is recorded before and after, and from nothing that the plan says.
fn harms_nothing_protected(before: &Snapshot, after: &Snapshot) -> Result<(), TestCaseError> {
    let kept = by_id(after);
    for (protected, _) in before.entries.iter().filter(|it| it.1.prevent_destroy) {
        for address in closure(protected, before) {
            let entry = &before.entries[&address];
            let Some((new_address, _)) = kept.get(&entry.id) else {
                return Err(TestCaseError::fail(format!("{address} is gone, which {protected} protects")));
            };
            prop_assert_eq!(new_address.kind, address.kind);
            let fields = effects(&address, before, new_address, after);
            prop_assert!(
                fields.iter().all(|it| !matches!(it.1, Effect::Recreate | Effect::TakesAway)),
                "{}, which {} protects, changed in {:?}",
                address,
                protected,
                fields
            );
        }
    }
    Ok(())
}

fn by_id(snapshot: &Snapshot) -> BTreeMap<i64, (&Address, &Entry)> {
    snapshot.entries.iter().map(|it| (it.1.id, it)).collect()
}

/// What a resource depended on as recorded, and itself.
fn closure(address: &Address, snapshot: &Snapshot) -> BTreeSet<Address> {
    let mut found = BTreeSet::from([address.clone()]);
    let mut open = vec![address.clone()];
    while let Some(at) = open.pop() {
        for dependency in &snapshot.entries[&at].depends_on {
            if found.insert(dependency.clone()) {
                open.push(dependency.clone());
            }
        }
    }
    found
}

// ---- The table of spec 1, once more ---------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq)]
enum Effect {
    InPlace,
    TakesAway,
    Recreate,
    /// Depends on columns that only a source knows.
    Unknown,
}

/// Returns what differs between two recorded states of one identity, field by field, with what spec 1 says of it.
fn effects(old: &Address, before: &Snapshot, new: &Address, after: &Snapshot) -> Vec<(String, Effect)> {
    let Some(changed) = after.entries.get(new) else { return Vec::new() };
    let (old_fields, new_fields) = (plain(old, &before.entries[old], before), plain(new, changed, after));
    let keys: BTreeSet<&String> = old_fields.keys().chain(new_fields.keys()).collect();
    let value = |fields: &Map<String, Value>, key: &str| fields.get(key).cloned().unwrap_or(Value::Null);
    keys.into_iter()
        .map(|key| (key, value(&old_fields, key), value(&new_fields, key)))
        .filter(|(_, old, new)| old != new)
        .map(|(key, old, new)| {
            (
                format!("{key}: {old} -> {new}"),
                effect(new_kind(new_fields.get("kind")), key, (&old, &new), &old_fields, &new_fields),
            )
        })
        .collect()
}

fn new_kind(kind: Option<&Value>) -> Kind {
    kind.and_then(Value::as_str).unwrap().parse().unwrap()
}

fn effect(
    kind: Kind,
    field: &str,
    (old, new): (&Value, &Value),
    was: &Map<String, Value>,
    all: &Map<String, Value>,
) -> Effect {
    let when = |it: bool, then: Effect, otherwise: Effect| if it { then } else { otherwise };
    let grows = || match (old.as_array(), new.as_array()) {
        (Some(old), Some(new)) => !old.is_empty() && new.starts_with(old),
        _ => false,
    };
    match field {
        "description" | "owner" | "tags" | "prevent_destroy" => Effect::InPlace,
        "batch_trigger" | "manual_trigger_backfill_end_time" | "max_backfill_interval" | "monitoring" => {
            Effect::InPlace
        }
        "online" | "offline" | "online_serving_enabled" => {
            when(*new == json!(true), Effect::InPlace, Effect::TakesAway)
        }
        // Plain dates and instants of this generator compare as text.
        "feature_start_time" => {
            let kept = ["online", "offline"].iter().any(|it| was.get(*it) == Some(&json!(true)));
            let earlier = !old.is_null() && !new.is_null() && new.as_str() < old.as_str();
            when(earlier || old.is_null() && !kept, Effect::InPlace, Effect::TakesAway)
        }
        "join_keys" => {
            let names = |it: &Value| it.as_array().unwrap().iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
            let typed = old.as_array().unwrap().iter().any(|it| !it["dtype"].is_null());
            when(names(old) == names(new) && !typed, Effect::InPlace, Effect::Recreate)
        }
        "batch_config" if kind == Kind::PushSource && old.is_null() => Effect::InPlace,
        "schema" if VIEWS.contains(&kind) && (old.is_null() || new.is_null()) => {
            when(all["sql"].is_null() && all["transformation"].is_null(), Effect::Unknown, Effect::Recreate)
        }
        "timestamp_field" if old.is_null() || new.is_null() => Effect::Unknown,
        "features" => {
            let (old, new) = (old.as_array().unwrap(), new.as_array().unwrap());
            when(old.iter().all(|it| new.contains(it)), Effect::InPlace, Effect::Recreate)
        }
        "schema" | "aggregations" => when(grows(), Effect::InPlace, Effect::Recreate),
        "sql" => {
            let (Some(old), Some(new)) = (old.as_str(), new.as_str()) else { return Effect::Recreate };
            let (Some((old, rows)), Some((new, new_rows))) = (old.split_once(" from "), new.split_once(" from "))
            else {
                return Effect::Recreate;
            };
            when(rows == new_rows && new.starts_with(&format!("{old},")), Effect::InPlace, Effect::Recreate)
        }
        _ => Effect::Recreate,
    }
}

/// Returns a recorded resource with its defaults written out, and identities in the place of the names it refers to.
fn plain(address: &Address, entry: &Entry, snapshot: &Snapshot) -> Map<String, Value> {
    let Value::Object(fields) = entry.resource.as_ref().unwrap().to_json() else { unreachable!() };
    in_full(address, fields, &|kinds, name| {
        let found = entry.depends_on.iter().find(|it| kinds.contains(&it.kind) && *it.name == *name);
        found.map_or_else(|| name.to_owned(), |it| format!("#{}", snapshot.entries[it].id))
    })
}

/// Returns fields with their defaults written out, and what `identity` says in the place of the names they refer to.
fn in_full(
    address: &Address,
    mut fields: Map<String, Value>,
    identity: &dyn Fn(&[Kind], &str) -> String,
) -> Map<String, Value> {
    let source = |it: &Value| json!(identity(SOURCES, it.as_str().unwrap()));
    fields.insert("kind".to_owned(), json!(address.kind.as_str()));
    fields.entry("prevent_destroy").or_insert(json!(false));
    fields.entry("tags").or_insert(json!({}));
    match address.kind {
        Kind::Entity => {
            let keys = fields.get("join_keys").cloned().unwrap_or(json!([*address.name]));
            let named = |it: &Value| if it.is_string() { json!({ "name": it }) } else { it.clone() };
            fields.insert("join_keys".to_owned(), keys.as_array().unwrap().iter().map(named).collect());
        }
        Kind::PushSource | Kind::BatchSource => {
            if let Some(config) = fields.get_mut("batch_config") {
                if config.get("data_delay") == Some(&json!("0s")) {
                    config.as_object_mut().unwrap().remove("data_delay");
                }
                if let Some(text) = config.get_mut("post_processor") {
                    *text = json!(plain_sql(text.as_str().unwrap(), &|it| it.to_owned()));
                }
            }
        }
        Kind::Transformation => {
            let input = |it: &str| identity(&[Kind::Transformation], it);
            fields["sql"] = json!(plain_sql(fields["sql"].as_str().unwrap(), &input));
            let inputs = fields["inputs"].as_array().unwrap().iter().map(|it| json!(input(it.as_str().unwrap())));
            fields["inputs"] = inputs.collect();
        }
        Kind::BatchFeatureView | Kind::StreamFeatureView => {
            let sources: Vec<Value> = fields["sources"].as_array().unwrap().clone();
            let name = |it: &Value| if it.is_string() { source(it) } else { source(&it["source"]) };
            if let Some(call) = fields.get_mut("transformation") {
                call["name"] = json!(identity(&[Kind::Transformation], call["name"].as_str().unwrap()));
                call["inputs"] = match call.get("inputs") {
                    Some(inputs) => inputs.as_array().unwrap().iter().map(source).collect(),
                    None => sources.iter().map(name).collect(),
                };
            }
            if let Some(text) = fields.get_mut("sql") {
                *text = json!(plain_sql(text.as_str().unwrap(), &|it| identity(SOURCES, it)));
            }
            let offset = |it: &Value| it.get("start_time_offset").cloned().unwrap_or(Value::Null);
            fields["sources"] = sources.iter().map(|it| json!([name(it), offset(it)])).collect();
            let entities = fields["entities"].as_array().unwrap().iter();
            fields["entities"] = entities.map(|it| json!(identity(&[Kind::Entity], it.as_str().unwrap()))).collect();
            for key in ["online", "offline", "incremental_backfills"] {
                fields.entry(key).or_insert(json!(false));
            }
            if let Some(config) = fields.get_mut("monitoring") {
                config["monitor_freshness"] = json!(config.get("monitor_freshness") == Some(&json!(true)));
            }
            if fields.contains_key("aggregations") && address.kind == Kind::StreamFeatureView {
                fields.entry("aggregation_interval").or_insert(json!("0s"));
            }
            let interval = fields.get("aggregation_interval").filter(|it| **it != json!("0s")).cloned();
            fields.entry("batch_schedule").or_insert(interval.unwrap_or(json!("1d")));
            for key in ["sql", "transformation"] {
                fields.entry(key).or_insert(Value::Null);
            }
        }
        Kind::FeatureService => {
            let entry = |it: &Value| {
                let view = if it.is_string() { it } else { &it["view"] };
                let namespace = it.get("namespace").unwrap_or(view);
                let rest = (it.get("features"), it.get("join_key_map"));
                json!([identity(VIEWS, view.as_str().unwrap()), namespace, rest])
            };
            // The order on the wire is recorded, and that of the list means nothing.
            let mut features: Vec<Value> = fields["features"].as_array().unwrap().iter().map(entry).collect();
            features.sort_by_key(Value::to_string);
            fields["features"] = features.into();
            fields.entry("online_serving_enabled").or_insert(json!(true));
        }
    }
    fields
}

/// The generator's queries with one layout, and `table` in the place of the table's name.
fn plain_sql(text: &str, table: &dyn Fn(&str) -> String) -> String {
    let text = text.replace("/* all of it */", "").to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut after_from = false;
    let words = words.into_iter().map(|it| {
        let name = if after_from { table(it) } else { it.to_owned() };
        after_from = it == "from";
        name
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn generated_repos_hold_every_kind_and_plans_do_everything() {
    let mut runner = proptest::test_runner::TestRunner::new(config(1));
    let (mut kinds, mut seen) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
    for _ in 0..120 {
        let (world, edits) = (world(), edits()).new_tree(&mut runner).unwrap().current();
        let registry = Memory::default();
        let first = declare(&world, &world);
        first.iter().for_each(|it| *kinds.entry(it.resource.address.kind).or_insert(0) += 1);
        let Ok(approved) = planned(&registry, "prod", &first) else { continue };
        carry_out(&registry, approved);
        let before = snapshot(&registry, "prod");
        let Ok(plan) = diff(&before, &declare(&world.edited(&edits), &world), &Suppress::None, now()) else {
            *seen.entry("unclear rename".to_owned()).or_default() += 1;
            continue;
        };
        for change in &plan.changes {
            *seen.entry(change.action.word().to_owned()).or_default() += 1;
            *seen.entry("rename".to_owned()).or_default() += usize::from(change.renamed_from.is_some());
        }
        let verdict = if approve(plan, &before).is_ok() { "approved" } else { "refused" };
        *seen.entry(verdict.to_owned()).or_default() += 1;
    }
    eprintln!("{kinds:?} {seen:?}");
    assert!(Kind::ALL.iter().all(|it| kinds.get(it).is_some_and(|it| *it >= 20)), "{kinds:?}");
    for it in ["create", "update", "recreate", "delete", "rename", "approved", "refused", "unclear rename"] {
        assert!(seen.get(it).is_some_and(|count| *count > 0), "no {it} in {seen:?}");
    }
}

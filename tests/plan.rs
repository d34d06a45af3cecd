//! Plans: what is recorded, what is declared, and the whole text of what stands between them. Microseconds each.
//! `WEIR_BLESS=1 cargo test plan::` writes what was planned into the tests: read the difference before you commit it.

mod canonical;
mod cascade;
mod cascade_paths;
mod contents;
mod engine;
mod fields;
mod guard;
mod guard_hints;
mod guard_reach;
mod jobs;
mod jobs_edits;
mod order;
mod rename;
mod rename_mistakes;
mod service_fields;
mod suppress;
mod view_fields;
mod view_storage;
mod windows;
mod work;
mod written;

use std::panic::Location;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use similar::TextDiff;
use weir::load::{Bounds, Files, SourceFile};
use weir::plan::{Declared, Entry, JobState, Mode, RecordedJob, Serial, Snapshot, Suppress};
use weir::render::{diagnostics, text};
use weir::resource::{Address, Instant, Resource};
use weir::settings::Settings;

use crate::support::NOW;

/// One entity and one batch view of it; what a test is about comes below.
const BATCH: &str = "
kind: Entity
name: user
join_keys: [user_id]
---
kind: BatchSource
name: orders
batch_config: { kind: HiveConfig, database: shop, table: orders, timestamp_field: at }
---
kind: BatchFeatureView
name: spend
sources: [orders]
entities: [user]
";

/// The columns of `BATCH`, where a test does not bring its own.
const COLUMNS: &str = "
schema:
  - { name: user_id, dtype: String }
  - { name: at, dtype: Timestamp }
  - { name: amount, dtype: Float64 }
";

/// A start that is years ago.
const START: &str = "feature_start_time: 2022-10-10\n";

/// One entity and one push source without history.
const EVENTS: &str = "
kind: Entity
name: user
join_keys: [user_id]
---
kind: PushSource
name: events
schema:
  - { name: user_id, dtype: String }
  - { name: at, dtype: Timestamp }
  - { name: clicked, dtype: Int64 }
---
";

/// The last column of `EVENTS`.
const CLICKED: &str = "  - { name: clicked, dtype: Int64 }\n";

/// The last column of `EVENTS`, and a table that keeps the past of them.
const HISTORY: &str =
    "  - { name: clicked, dtype: Int64 }\nbatch_config: { kind: HiveConfig, database: ads, table: clicks }\n";

/// A view and a service over `EVENTS`.
const CLICKS: &str = "
kind: StreamFeatureView
name: clicks
sources: [events]
entities: [user]
online: true
---
kind: FeatureService
name: ads
features: [clicks]
";

/// A service over a view over a push source.
fn ads() -> String {
    format!("{EVENTS}{CLICKS}")
}

/// `ads`, where the view has a start: what is stored of it is stored from then on.
fn stored_ads() -> String {
    ads().replace("online: true", "online: true\nfeature_start_time: 2026-01-01")
}

/// `ads`, where the service is protected.
fn protected() -> String {
    ads() + "prevent_destroy: true\n"
}

/// The view of `BATCH` with its columns and these fields.
fn spend(fields: &str) -> String {
    format!("{BATCH}{COLUMNS}{fields}")
}

/// Compares the plan that makes `recorded` what is `declared`, as a person reads it, in a live workspace.
#[track_caller]
fn check(recorded: &str, declared: &str, expected: &str) {
    Scene::LIVE.check(recorded, declared, expected);
}

/// Compares the plan for one edit: `from` becomes `to`.
#[track_caller]
fn edit(recorded: &str, from: &str, to: &str, expected: &str) {
    Scene::LIVE.edit(recorded, from, to, expected);
}

/// Compares the plan when the one view of `BATCH` has other fields.
#[track_caller]
fn batch(before: &str, after: &str, expected: &str) {
    check(&spend(before), &spend(after), expected);
}

/// Stops when two texts do not declare the same.
#[track_caller]
fn same(recorded: &str, declared: &str) {
    let plan = Scene::LIVE.plan(recorded, declared);
    assert!(plan.starts_with("No changes."), "{plan}");
}

/// Where a plan is made.
#[derive(Clone)]
struct Scene<'a> {
    mode: Mode,
    suppress: Suppress,
    /// What files that declarations name are relative to.
    root: &'a str,
    now: &'a str,
}

impl Scene<'static> {
    const LIVE: Self = Self { mode: Mode::Live, suppress: Suppress::None, root: "/nonexistent", now: NOW };
    const DEVELOPMENT: Self = Self { mode: Mode::Development, ..Self::LIVE };

    fn suppressing(suppress: Suppress) -> Self {
        Self { suppress, ..Self::LIVE }
    }
}

impl Scene<'_> {
    #[track_caller]
    fn edit(&self, recorded: &str, from: &str, to: &str, expected: &str) {
        assert_eq!(recorded.matches(from).count(), 1, "`{from}` is not there exactly once");
        self.check(recorded, &recorded.replace(from, to), expected);
    }

    #[track_caller]
    fn check(&self, recorded: &str, declared: &str, expected: &str) {
        let plan = format!("\n{}", self.plan(recorded, declared));
        if plan == expected {
            return;
        }
        let here = Location::caller();
        if std::env::var_os("WEIR_BLESS").is_some() {
            return bless(here, expected, &plan);
        }
        let diff = TextDiff::from_lines(expected, &plan);
        panic!("{here}: another plan:\n{}", diff.unified_diff().context_radius(9).header("expected", "planned"));
    }

    /// Returns the plan as text, with its refusals; or why there is none.
    #[track_caller]
    fn plan(&self, recorded: &str, declared: &str) -> String {
        let snapshot = self.record(&self.declare(recorded));
        let now: Instant = self.now.parse().unwrap();
        let mut out = String::new();
        match weir::plan::diff(&snapshot, &self.declare(declared), &self.suppress, now) {
            Ok(plan) => {
                let refusals = weir::plan::refusals(&plan, &snapshot);
                text::plan(&mut out, &plan, &refusals, now, text::Detail::Brief).unwrap();
                for (address, order) in plan.wire_orders {
                    out.push_str(&format!("wire {address}: {}\n", order.join(" ")));
                }
            }
            Err(faults) => out = diagnostics::all(&faults),
        }
        anstream::adapter::strip_str(&out).to_string()
    }

    /// Reads declarations the way that every command does.
    #[track_caller]
    fn declare(&self, text: &str) -> Vec<Declared> {
        let (path, hash) = ("repo.yaml".into(), blake3::hash(text.as_bytes()));
        let files = Files {
            bounds: Bounds { root: self.root.into(), top: self.root.into() },
            files: vec![SourceFile { path, text: text.to_owned(), hash }].into(),
        };
        let mut read = weir::session::check_files(files, &Settings::default());
        read.diagnostics.retain(|it| it.is_error());
        let found = diagnostics::all(&read.diagnostics);
        assert!(found.is_empty(), "{}\nin:\n{text}", anstream::adapter::strip_str(&found));
        read.declared.into_iter().map(|it| Declared { source: None, ..it }).collect()
    }

    /// Returns what a registry holds after a first apply: every spec went through its JSON.
    fn record(&self, declared: &[Declared]) -> Snapshot {
        let mut snapshot = Snapshot::empty("prod", self.mode);
        let first = weir::plan::diff(&snapshot, declared, &Suppress::None, NOW.parse().unwrap()).unwrap();
        for (index, it) in declared.iter().enumerate() {
            let Resource { address, depends_on, .. } = it.resource.as_ref().clone();
            let order = first.wire_orders.iter().find(|it| it.0 == address).map(|it| it.1.clone());
            let entry = Entry {
                id: index as i64,
                digest: it.digest,
                prevent_destroy: it.resource.meta.prevent_destroy,
                depends_on: depends_on.clone(),
                wire_order: order.unwrap_or_default(),
                resource: Some(Resource::from_json(address.clone(), it.resource.to_json(), depends_on).unwrap()),
            };
            snapshot.entries.insert(address, entry);
        }
        for (index, change) in first.changes.iter().flat_map(|it| &it.jobs).enumerate() {
            let Some(job) = change.brings().cloned() else { continue };
            let recorded = RecordedJob { id: index as i64, state: JobState::Pending, job, ran_to: None };
            snapshot.jobs.entry(snapshot.entries[&change.view].id).or_default().push(recorded);
        }
        snapshot.serial = Serial(1);
        snapshot
    }
}

fn only(address: &str) -> Suppress {
    Suppress::Only(vec![address.parse::<Address>().unwrap()])
}

/// Writes the plan into the test that expected another.
fn bless(here: &Location, expected: &str, plan: &str) {
    static WRITTEN: Mutex<Vec<(String, u32, usize, usize)>> = Mutex::new(Vec::new());
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(here.file());
    let source = std::fs::read_to_string(&path).unwrap();
    let before = written.iter().filter(|it| it.0 == here.file() && it.1 < here.line());
    let (added, removed) = before.fold((0, 0), |sum, it| (sum.0 + it.2, sum.1 + it.3));
    let line = here.line() as usize - 1 + added - removed;
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let literal = |text: &str| format!("r#\"{text}\"#");
    let (head, tail) = source.split_at(start);
    std::fs::write(&path, format!("{head}{}", tail.replacen(&literal(expected), &literal(plan), 1))).unwrap();
    let lines = |text: &str| text.matches('\n').count();
    written.push((here.file().to_owned(), here.line(), lines(plan), lines(expected)));
}

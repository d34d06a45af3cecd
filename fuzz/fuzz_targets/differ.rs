//! Two repos, one recorded and one declared: their plan converges, reads back, and spares what is protected.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use weir::diagnostic::Diagnostic;
use weir::plan::{Action, Declared, Entry, Mode, Plan, Saved, Snapshot, Suppress, approve, diff};
use weir::resource::Address;
use weir::settings::Settings;
use weir::{load, session};

fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.iter().position(|it| *it == 0).unwrap_or(bytes.len());
    let (recorded, declared) = bytes.split_at(middle);
    let Some(recorded) = declare(recorded) else { return };
    let Some(declared) = declare(declared.get(1..).unwrap_or_default()) else { return };
    let now = "2026-11-21T00:00:00Z".parse().expect("an instant");
    let empty = Snapshot::empty("prod", Mode::Live);
    let Ok(first) = diff(&empty, &recorded, &Suppress::None, now) else { return };
    let before = applied(&empty, &first, &recorded);
    let Ok(plan) = diff(&before, &declared, &Suppress::None, now) else { return };
    reads_back(&plan);
    let Ok(approved) = approve(plan, &before) else { return };
    let after = applied(&before, approved.plan(), &declared);
    let again = diff(&after, &declared, &Suppress::None, now).expect("what was planned once is planned twice");
    assert!(again.changes.is_empty(), "{:?}", again.changes);
    for (address, entry) in before.entries.iter().filter(|it| it.1.prevent_destroy) {
        for id in std::iter::once(entry.id).chain(entry.depends_on.iter().map(|it| before.entries[it].id)) {
            assert!(after.entries.values().any(|it| it.id == id), "{address} protects {id}");
        }
    }
});

/// Reads declarations, or `None` when they hold a mistake.
fn declare(bytes: &[u8]) -> Option<Vec<Declared>> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), bytes).expect("a file");
    let (files, mut diagnostics) = load::read_files(folder.path());
    let read = session::check_files(files, &Settings::default());
    diagnostics.extend(read.diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    Some(read.declared.into_iter().map(|it| Declared { source: None, ..it }).collect())
}

/// Returns what a registry would hold after the plan, without one: identities follow the changes.
fn applied(before: &Snapshot, plan: &Plan, declared: &[Declared]) -> Snapshot {
    let mut ids: BTreeMap<Address, i64> = before.entries.iter().map(|it| (it.0.clone(), it.1.id)).collect();
    let mut next = ids.values().max().copied().unwrap_or(0);
    for change in &plan.changes {
        if let Some(old) = change.recorded() {
            ids.remove(old);
        }
        let id = match change.action {
            Action::Delete { .. } => continue,
            Action::Update { .. } => change.id.expect("an update has an identity"),
            Action::Create { .. } | Action::Recreate { .. } => {
                next += 1;
                next
            }
        };
        ids.insert(change.address.clone(), id);
    }
    let entry = |it: &Declared| Entry {
        id: ids[&it.resource.address],
        digest: it.digest,
        prevent_destroy: it.resource.meta.prevent_destroy,
        depends_on: it.resource.depends_on.clone(),
        wire_order: Vec::new(),
        resource: Some(it.resource.as_ref().clone()),
    };
    let entries = declared.iter().map(|it| (it.resource.address.clone(), entry(it))).collect();
    Snapshot { entries, ..before.clone() }
}

fn reads_back(plan: &Plan) {
    let text = Saved {
        plan: plan.clone(),
        made_at: String::new(),
        commit: None,
        dirty: None,
        suppress: Suppress::None,
        derived: std::collections::BTreeMap::new(),
    }
    .to_text();
    let read = Saved::from_text(&text).expect("a plan that was saved just now");
    assert_eq!(read.to_text(), text);
}

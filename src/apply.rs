//! Approved → one commit. There is no other way to write what is declared into a registry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::json;

use crate::plan::{Action, Approved, Change, Entry, Plan, Row, Serial, Write, is_harmless, recheck};
use crate::registry::{Commit, LogEntry, LoggedChange, Part, Parts, Registry, Result};
use crate::resource::{Address, Resource};

/// Who applies, when and why: what the history says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// RFC 3339.
    pub at: String,
    pub actor: String,
    pub git_commit: Option<String>,
    pub message: Option<String>,
}

/// Carries out `approved` in one transaction, which is made of its [`parts`]. The guard runs once more inside it, on
/// what is recorded then.
pub async fn apply(
    registry: &mut dyn Registry,
    approved: &Approved,
    occasion: &Occasion,
    parts: Parts<'_>,
) -> Result<Serial> {
    let plan = approved.plan();
    let guard = |entries: &BTreeMap<Address, Entry>| recheck(plan, entries);
    let commit = Commit {
        workspace: plan.workspace.clone(),
        base: plan.base,
        state: plan.state.clone(),
        entry: entry(plan, occasion),
        parts,
        count: plan.changes.len() + plan.rewritten.len(),
    };
    registry.commit(commit, if is_harmless(plan) { None } else { Some(&guard) }).await
}

fn entry(plan: &Plan, occasion: &Occasion) -> LogEntry {
    let tally = plan.tally();
    let summary = json!({
        "create": tally.create,
        "update": tally.update,
        "recreate": tally.recreate,
        "delete": tally.delete,
        "unchanged": tally.unchanged,
        "suppressed": plan.changes.iter().filter(|it| it.suppressed).count(),
    });
    LogEntry {
        serial: Serial(plan.base.0 + 1),
        at: occasion.at.clone(),
        actor: occasion.actor.clone(),
        git_commit: occasion.git_commit.clone(),
        message: occasion.message.clone(),
        summary: summary.to_string(),
    }
}

/// How many changes are written at a time.
const PART: usize = 400;

/// Returns what the plan writes, part by part.
pub fn parts(approved: &Approved) -> impl Iterator<Item = Part> + Send {
    let plan = approved.plan();
    let orders: HashMap<&Address, &[String]> = plan.wire_orders.iter().map(|it| (&it.0, it.1.as_slice())).collect();
    let inserted = |it: &&Change| matches!(it.action, Action::Create { .. } | Action::Recreate { .. });
    let fresh: HashSet<&Address> = plan.changes.iter().filter(inserted).map(|it| &it.address).collect();
    let grown = plan.wire_orders.iter().filter(|it| !fresh.contains(&it.0)).map(|(address, order)| Write::WireOrder {
        kind: address.kind.to_string(),
        name: address.name.to_string(),
        order: order.clone(),
    });
    let learned = learned(plan).into_iter();
    let last = Part { writes: grown.chain(learned).collect(), changes: Vec::new() };
    let changes = plan.changes.chunks(PART).map(|it| (it, None));
    let chunks = changes.chain(plan.rewritten.chunks(PART).map(|it| (it, Some("rewrite"))));
    chunks.map(move |(changes, action)| part(changes, action, &orders)).chain([last])
}

/// Records what data taught where nothing else changes: no apply, so no serial.
pub async fn learn(registry: &mut dyn Registry, plan: &Plan) -> Result<()> {
    registry.learn(&plan.workspace, plan.base, &learned(plan)).await
}

fn learned(plan: &Plan) -> Vec<Write> {
    let columns = plan.learned.columns.iter().map(|(address, columns)| {
        let columns: Vec<_> = columns.iter().map(|it| json!({ "name": it.0, "dtype": it.1 })).collect();
        let (kind, name) = (address.kind.to_string(), address.name.to_string());
        Write::Derived { kind, name, columns: json!(columns).to_string() }
    });
    let orders = plan.learned.wire_orders.iter().map(|(address, order)| Write::WireOrder {
        kind: address.kind.to_string(),
        name: address.name.to_string(),
        order: order.clone(),
    });
    columns.chain(orders).collect()
}

/// Returns what these changes write; the history calls them `action`, or what each does.
fn part(changes: &[Change], action: Option<&str>, orders: &HashMap<&Address, &[String]>) -> Part {
    let made = changes.par_iter().map(|change| {
        let texts = Texts::of(change);
        let order = orders.get(&change.address).copied().unwrap_or_default();
        (writes(change, &texts, order), logged(change, &texts, action.unwrap_or(change.action.word())))
    });
    let (writes, changes): (Vec<_>, Vec<_>) = made.unzip();
    Part { writes: writes.into_iter().flatten().collect(), changes }
}

/// The states of a change as the registry stores them: written once and used twice.
struct Texts {
    before: Option<Arc<str>>,
    after: Option<Arc<str>>,
}

impl Texts {
    fn of(change: &Change) -> Self {
        let text = |it: &Resource| Arc::from(it.to_json_text());
        Self { before: change.action.before().map(text), after: change.action.after().map(text) }
    }
}

/// Returns what one change writes: rows by what happens to the identity, and the work that it brings or ends.
fn writes(change: &Change, texts: &Texts, wire_order: &[String]) -> Vec<Write> {
    let mut writes = Vec::new();
    let row = |resource: &Resource| Row {
        kind: resource.address.kind.to_string(),
        name: resource.address.name.to_string(),
        spec: texts.after.clone().unwrap_or_default(),
        digest: change.digest.map(|it| it.to_string()).unwrap_or_default(),
        prevent_destroy: resource.meta.prevent_destroy,
        depends_on: resource.depends_on.iter().map(ToString::to_string).collect(),
        wire_order: wire_order.to_vec(),
    };
    let id = change.id.unwrap_or_default();
    match &change.action {
        Action::Create { after } => writes.push(Write::Insert { row: row(after), replaces: None }),
        Action::Update { after, fields, .. } => {
            writes.push(Write::Update { id, row: row(after) });
            // A new schedule takes the place of the old one; backfills that are pending stay.
            if fields.iter().any(|it| matches!(it.path.as_str(), "online" | "offline" | "batch_trigger")) {
                writes.push(Write::CancelRecurring { id });
            }
        }
        Action::Recreate { after, .. } => writes.extend([
            Write::Delete { id },
            Write::CancelJobs { id },
            Write::Insert { row: row(after), replaces: Some(id) },
        ]),
        Action::Delete { .. } => writes.extend([Write::Delete { id }, Write::CancelJobs { id }]),
    }
    writes.extend(change.jobs.iter().map(|job| Write::Job {
        kind: change.address.kind.to_string(),
        name: change.address.name.to_string(),
        job: job.clone(),
    }));
    writes
}

fn logged(change: &Change, texts: &Texts, action: &str) -> LoggedChange {
    LoggedChange {
        serial: Serial(0),
        action: action.to_owned(),
        kind: change.address.kind.to_string(),
        name: change.address.name.to_string(),
        renamed_from: change.renamed_from.as_ref().map(|it| it.name.to_string()),
        suppressed: change.suppressed,
        before: texts.before.clone(),
        after: texts.after.clone(),
    }
}

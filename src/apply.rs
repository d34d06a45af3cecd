//! Turns an approved plan into one commit. No other code writes declarations into a registry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::json;

use crate::plan::{Action, Approved, Change, JobAction, JobChange, Plan, Targets, is_harmless, recheck};
use crate::recorded::{Entry, Mode, Row, Serial, Snapshot, Target, Write};
use crate::registry::{Commit, Held, LogEntry, LoggedChange, Part, Parts, Result, Transaction};
use crate::resource::{Address, Instant, Resource};

/// The actor, time and reason of an apply, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// RFC 3339.
    pub at: String,
    pub actor: String,
    pub git_commit: Option<String>,
    /// Whether files of the repo differed from the commit, when git said.
    pub git_dirty: Option<bool>,
    pub message: Option<String>,
    /// The serial that a restore goes back to.
    pub restores: Option<Serial>,
}

impl Occasion {
    /// Returns the occasion of `actor` at `now`, without a commit or a message.
    pub fn new(now: Instant, actor: impl Into<String>) -> Self {
        Self {
            at: now.to_string(),
            actor: actor.into(),
            git_commit: None,
            git_dirty: None,
            message: None,
            restores: None,
        }
    }
}

/// Carries out `approved` in one transaction, made of its [`parts`]. The guard runs again inside it.
pub async fn apply(
    registry: &dyn Commit,
    approved: &Approved,
    occasion: &Occasion,
    parts: Parts<'_>,
) -> Result<Serial> {
    let plan = approved.plan();
    let guard = |mode: Mode, entries: &BTreeMap<Address, Entry>| recheck(plan, mode, entries);
    let transaction = Transaction {
        workspace: plan.workspace.clone(),
        base: plan.base(),
        state: plan.state.clone(),
        entry: entry(plan, occasion),
        parts,
        count: plan.changes.len() + plan.rewritten.len(),
    };
    registry.commit(transaction, if is_harmless(plan) { None } else { Some(&guard) }).await
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
        git_dirty: occasion.git_dirty,
        message: occasion.message.clone(),
        summary: summary.to_string(),
        restores: occasion.restores,
        weir: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

/// The number of changes that are written at a time.
const PART: usize = 400;

/// Returns the writes of the plan, in parts.
pub fn parts(approved: &Approved) -> impl Iterator<Item = Part> + Send {
    let plan = approved.plan();
    let orders: HashMap<&Address, &[String]> = plan.wire_orders.iter().map(|it| (&it.0, it.1.as_slice())).collect();
    let inserted = |it: &&Change| matches!(it.action, Action::Create { .. } | Action::Recreate { .. });
    let fresh: HashSet<&Address> = plan.changes.iter().filter(inserted).map(|it| &it.address).collect();
    let grown = plan.wire_orders.iter().filter(|it| !fresh.contains(&it.0));
    let grown =
        grown.map(|(address, order)| Write::WireOrder { target: approved.target(address), order: order.clone() });
    let learned = learned(plan, |it| approved.target(it)).into_iter();
    let last = Part { writes: grown.chain(learned).collect(), changes: Vec::new() };
    let changes = plan.changes.chunks(PART).map(|it| (it, None));
    let chunks = changes.chain(plan.rewritten.chunks(PART).map(|it| (it, Some("rewrite"))));
    chunks.map(move |(changes, action)| part(approved, changes, action, &orders)).chain([last])
}

/// Records columns found in data when nothing else changes. This is no apply, so the serial stays.
pub async fn learn(registry: &dyn Commit, plan: &Plan, snapshot: &Snapshot) -> Result<()> {
    let targets = Targets::of(plan, snapshot);
    registry.learn(&plan.workspace, &plan.base(), &learned(plan, |it| targets.get(it))).await
}

fn learned(plan: &Plan, target: impl Fn(&Address) -> Target) -> Vec<Write> {
    let columns = plan.learned.columns.iter().map(|(address, columns)| {
        let columns: Vec<_> = columns.iter().map(|it| json!({ "name": it.0, "dtype": it.1 })).collect();
        Write::Derived { target: target(address), columns: json!(columns).to_string() }
    });
    let orders = plan.learned.wire_orders.iter();
    let orders = orders.map(|(address, order)| Write::WireOrder { target: target(address), order: order.clone() });
    columns.chain(orders).collect()
}

/// Returns the writes of these changes. The history calls them `action`, or by the action of each.
fn part(approved: &Approved, changes: &[Change], action: Option<&str>, orders: &HashMap<&Address, &[String]>) -> Part {
    let made = changes.par_iter().map(|change| {
        let texts = Texts::of(change);
        let order = orders.get(&change.address).copied().unwrap_or_default();
        (writes(approved, change, &texts, order), logged(change, &texts, action.unwrap_or(change.action.word())))
    });
    let (writes, changes): (Vec<_>, Vec<_>) = made.unzip();
    Part { writes: writes.into_iter().flatten().collect(), changes }
}

/// The states of a change as the registry stores them. Each is written once and used twice.
struct Texts {
    before: Option<Arc<str>>,
    after: Option<Arc<str>>,
}

impl Texts {
    fn of(change: &Change) -> Self {
        let text = |it: &Resource| Arc::from(it.to_stored_text());
        Self { before: change.action.before().map(text), after: change.action.after().map(text) }
    }
}

/// Returns the writes of one change: the rows, and the jobs that start or end.
fn writes(approved: &Approved, change: &Change, texts: &Texts, wire_order: &[String]) -> Vec<Write> {
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
    let recorded = || change.row().expect("what changes has a row, and only a create has none");
    match &change.action {
        Action::Create { after } => writes.push(Write::Insert { row: row(after), replaces: None }),
        Action::Update { after, .. } => writes.push(Write::Update { recorded: recorded(), row: row(after) }),
        Action::Recreate { after, .. } => writes.extend([
            Write::Delete { recorded: recorded() },
            Write::CancelJobs { recorded: recorded() },
            Write::Insert { row: row(after), replaces: change.id },
        ]),
        Action::Delete { .. } => {
            writes.extend([Write::Delete { recorded: recorded() }, Write::CancelJobs { recorded: recorded() }])
        }
    }
    writes.extend(change.jobs.iter().filter_map(|it| work(approved, change, it)));
    writes
}

/// Returns the write for one job. The jobs of a destroyed resource end with it, whatever their state.
fn work(approved: &Approved, change: &Change, job: &JobChange) -> Option<Write> {
    let target = approved.target(&job.view);
    Some(match job.action.clone() {
        JobAction::Create { job } => Write::Job { target, job },
        JobAction::Change { id, state, job, .. } => Write::ChangeJob { target, id, state, job },
        JobAction::End { .. } if change.action.destroys() => return None,
        JobAction::End { id, state, to, .. } => Write::EndJob { target, id, state, to },
    })
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
        resource_id: change.id,
        held: Held::default(),
    }
}

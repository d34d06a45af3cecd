//! Approved → one commit. There is no other way to write what is declared into a registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::json;

use crate::plan::{Action, Approved, Change, Entry, Plan, Row, Serial, Write, is_harmless, recheck};
use crate::registry::{Commit, LogEntry, LoggedChange, Registry, Result};
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

/// Carries out `approved` in one transaction. The guard runs once more inside it, on what is recorded then.
pub async fn apply(registry: &mut dyn Registry, approved: &Approved, occasion: &Occasion) -> Result<Serial> {
    let plan = approved.plan();
    let guard = |entries: &BTreeMap<Address, Entry>| recheck(plan, entries);
    registry.commit(&commit(plan, occasion), if is_harmless(plan) { None } else { Some(&guard) }).await
}

fn commit(plan: &Plan, occasion: &Occasion) -> Commit {
    let tally = plan.tally();
    let suppressed = plan.changes.iter().filter(|it| it.suppressed).count();
    let summary = json!({
        "create": tally.create,
        "update": tally.update,
        "recreate": tally.recreate,
        "delete": tally.delete,
        "unchanged": tally.unchanged,
        "suppressed": suppressed,
    });
    let entry = LogEntry {
        serial: Serial(plan.base.0 + 1),
        at: occasion.at.clone(),
        actor: occasion.actor.clone(),
        git_commit: occasion.git_commit.clone(),
        message: occasion.message.clone(),
        summary: summary.to_string(),
    };
    let orders = plan.wire_orders.iter().map(|(address, order)| Write::WireOrder {
        kind: address.kind.to_string(),
        name: address.name.to_string(),
        order: order.clone(),
    });
    let texts: Vec<Texts> = plan.changes.par_iter().chain(&plan.rewritten).map(Texts::of).collect();
    let changes = || plan.changes.iter().chain(&plan.rewritten).zip(&texts);
    let writes = changes().flat_map(|(change, texts)| writes(change, texts)).chain(orders).collect();
    let first_rewritten = plan.changes.len();
    let logged = changes().enumerate().map(|(index, (change, texts))| {
        logged(change, texts, if index < first_rewritten { change.action.word() } else { "rewrite" })
    });
    Commit {
        workspace: plan.workspace.clone(),
        base: plan.base,
        writes,
        state: plan.state.clone(),
        entry,
        changes: logged.collect(),
    }
}

/// The states of a change as the registry stores them: written once, on all cores, and used twice.
struct Texts {
    before: Option<Arc<str>>,
    after: Option<Arc<str>>,
}

impl Texts {
    fn of(change: &Change) -> Self {
        let text = |it: &Resource| Arc::from(it.to_json().to_string());
        Self { before: change.action.before().map(text), after: change.action.after().map(text) }
    }
}

/// Returns what one change writes: rows by what happens to the identity, and the work that it brings or ends.
fn writes(change: &Change, texts: &Texts) -> Vec<Write> {
    let mut writes = Vec::new();
    let row = |resource: &Resource| Row {
        kind: resource.address.kind.to_string(),
        name: resource.address.name.to_string(),
        spec: texts.after.clone().unwrap_or_default(),
        digest: change.digest.map(|it| it.to_string()).unwrap_or_default(),
        prevent_destroy: resource.meta.prevent_destroy,
        depends_on: resource.depends_on.iter().map(ToString::to_string).collect(),
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

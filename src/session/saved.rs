//! A saved plan, made again from what is recorded and from what it would leave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Error, Ledger, Planned, Result};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{self, Change, Data, Declared, Plan, Saved};
use crate::recorded::{Serial, Snapshot};
use crate::registry;
use crate::resource::{Address, Catalog, Instant, Resource};

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: i64 = 3600;

impl Ledger<'_> {
    /// Returns the plan of the file at `path`, made again on the ground that it was made on; or says why it is none.
    ///
    /// The file says what is to be recorded, and when and how that was asked. Everything else (actions, fields, effects,
    /// causes, jobs, mode) is what this weir makes of it today, and where the file says otherwise it was not shown that way.
    pub fn plan_again(&mut self, saved: &Saved, path: &Path, now: Instant) -> Result<Planned> {
        let made_at = made_at(saved, now)?;
        same_ground(self, &saved.plan)?;
        let snapshot = self.snapshot_with(|_, _| true)?;
        // Somebody may have applied while it was read.
        if snapshot.serial != saved.plan.base {
            return Err(self.fail(registry::Error::Moved { was: saved.plan.base, now: snapshot.serial }));
        }
        if snapshot.state != saved.plan.base_state {
            return Err(self.fail(registry::Error::OtherState { serial: saved.plan.base }));
        }
        let declared = declared(&snapshot, &saved.plan);
        let data = Data { derived: saved.derived.clone(), recorded: self.recorded_columns()? };
        let plan = plan::diff_knowing(&snapshot, &declared, &saved.suppress, &data, made_at);
        let mut plan = plan.map_err(Error::Found)?;
        if !data.derived.is_empty() || !data.recorded.is_empty() {
            // It fitted when it was made: what does not fit now was learned since.
            let drift = plan::drift(&mut plan, &snapshot, &declared, &data);
            drift.map_err(|_| self.fail(registry::Error::Learned))?;
        }
        // A plan for a registry that did not exist names none, and the commit looks whether that one is still unused.
        plan.registry.clone_from(&saved.plan.registry);
        let made = Saved { plan, ..saved.clone() };
        let refusals = plan::refusals(&made.plan, &snapshot);
        if let (Some(difference), true) = (saved.difference(&made), refusals.is_empty()) {
            return Err(otherwise(path, difference));
        }
        Ok(Planned { plan: made.plan, refusals, snapshot, derived: data.derived })
    }
}

fn refuse(reason: String, hint: &str) -> Error {
    Error::found(Diagnostic::error(Code::P007, reason).hint(hint))
}

fn made_at(saved: &Saved, now: Instant) -> Result<Instant> {
    let made_at: Option<Instant> = saved.made_at.parse().ok();
    match made_at.filter(|it| it.secs <= now.secs.saturating_add(SKEW)) {
        Some(made_at) => Ok(made_at),
        None => {
            let reason = format!("this plan says that it was made at `{}`, and it is {now}", saved.made_at);
            Err(refuse(reason, "plan again"))
        }
    }
}

/// Compares what the plan was made on with what is chosen now, as far as that can be seen before anything is read.
fn same_ground(ledger: &Ledger, plan: &Plan) -> Result<()> {
    if plan.workspace != ledger.workspace.name {
        let reason = format!(
            "this plan was made for workspace `{}`, and the workspace is `{}` ({})",
            plan.workspace, ledger.workspace.name, ledger.chosen.from
        );
        return Err(refuse(reason, &format!("add `--workspace {}`, or plan again", plan.workspace)));
    }
    if !plan.registry.is_empty() && plan.registry != ledger.workspace.registry {
        let error = registry::Error::OtherRegistry;
        return Err(refuse(error.to_string(), "name the registry with --registry, or plan again"));
    }
    if plan.base != ledger.workspace.serial {
        return Err(ledger.fail(registry::Error::Moved { was: plan.base, now: ledger.workspace.serial }));
    }
    if plan.registry.is_empty() && is_used(ledger)? {
        return Err(ledger.fail(registry::Error::Used));
    }
    if plan.mode != ledger.workspace.mode {
        let (made_for, is) = (plan.mode, ledger.workspace.mode);
        let reason = format!("this plan was made for a {made_for} workspace, and `{}` is {is}", plan.workspace);
        return Err(refuse(reason, "plan again"));
    }
    Ok(())
}

/// Says whether anything was done with the registry. What was done and is gone again is seen by the commit.
fn is_used(ledger: &Ledger) -> Result<bool> {
    let Some(registry) = ledger.registry.as_deref() else { return Ok(false) };
    let workspaces = ledger.session.wait(registry.workspaces()).map_err(|error| ledger.fail(error))?;
    Ok(workspaces.len() > 1 || workspaces.iter().any(|it| it.serial > Serial(0)))
}

/// Returns what would be recorded after the plan, as if it were declared: its states after, and all that it leaves alone.
fn declared(snapshot: &Snapshot, plan: &Plan) -> Vec<Declared> {
    let changes = || plan.changes.iter().chain(&plan.rewritten);
    let touched: BTreeSet<&Address> = changes().filter_map(Change::recorded).collect();
    let kept = snapshot.entries.iter().filter(|it| !touched.contains(it.0));
    let mut resources: Vec<Resource> = kept.filter_map(|it| it.1.resource.clone()).collect();
    let mut sources = BTreeMap::new();
    for change in changes() {
        let Some(after) = change.action.after() else { continue };
        let renamed_from = change.renamed_from.as_ref().map(|it| it.name.to_string());
        resources.push(Resource { renamed_from, ..after.clone() });
        sources.insert(&change.address, change.source.clone());
    }
    // What depends on what is found anew: what is recorded of it is what the guard goes by later.
    crate::resolve::link(&mut resources);
    let catalog = Catalog::new(&resources);
    let digest = |it: &Resource| match snapshot.entries.get(&it.address) {
        Some(entry) if !sources.contains_key(&it.address) => entry.digest,
        _ => it.digest(&it.local_digest(), &catalog),
    };
    let digests: Vec<_> = resources.iter().map(digest).collect();
    let source = |it: &Resource| sources.get(&it.address).cloned().flatten();
    let declared = |(it, digest): (&Resource, _)| Declared { resource: it.clone().into(), digest, source: source(it) };
    resources.iter().zip(digests).map(declared).collect()
}

/// Says in what the file is not what this weir makes of it.
fn otherwise(path: &Path, (at, here, there): (String, serde_json::Value, serde_json::Value)) -> Error {
    let short = |it: &serde_json::Value| {
        let text = it.to_string();
        let cut: String = text.chars().take(60).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { text }
    };
    let reason = format!("`{}` is not the plan that this weir makes of what it would record", path.display());
    let diagnostic = Diagnostic::error(Code::P007, reason);
    Error::found(
        diagnostic
            .note(format!("`{at}` is {} in the file, and would be {}", short(&here), short(&there)))
            .hint("plan again: what is applied is what was shown"),
    )
}

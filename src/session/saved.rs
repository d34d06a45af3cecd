//! Makes a saved plan again, from the recorded resources and those that the plan would leave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Error, Ledger, Planned, Result};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{self, Change, Data, Declared, Plan, Saved};
use crate::recorded::{Serial, Snapshot};
use crate::registry;
use crate::resource::{Address, Catalog, Instant, Resource};

/// The allowed difference between the clocks of two machines, in seconds.
const SKEW: i64 = 3600;

impl Ledger<'_> {
    /// Makes the plan of the file at `path` again, on the same snapshot. Another result is an error.
    ///
    /// The file decides what is to be recorded, and when and how the plan was asked for. Everything else (actions,
    /// fields, effects, causes, jobs, mode) is computed again, and a difference is an error, because it was not shown
    /// that way.
    pub fn plan_again(&mut self, saved: &Saved, path: &Path, now: Instant) -> Result<Planned> {
        let made_at = made_at(saved, now)?;
        same_ground(self, &saved.plan)?;
        let snapshot = self.snapshot_with(|_, _| true)?;
        // Another apply may have come while the snapshot was read.
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
            // The plan fitted when it was made, so a fault now comes from columns recorded since.
            let drift = plan::drift(&mut plan, &snapshot, &declared, &data);
            drift.map_err(|_| self.fail(registry::Error::Learned))?;
        }
        // A plan for a registry that did not exist names none. The commit checks that the registry is still unused.
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

/// Compares the base of the plan with the chosen registry and workspace, as far as possible before a read.
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

/// Says whether the registry has been used. Use that left no trace here is found by the commit.
fn is_used(ledger: &Ledger) -> Result<bool> {
    let Some(registry) = ledger.registry.as_deref() else { return Ok(false) };
    let workspaces = ledger.session.wait(registry.workspaces()).map_err(|error| ledger.fail(error))?;
    Ok(workspaces.len() > 1 || workspaces.iter().any(|it| it.serial > Serial(0)))
}

/// Returns the resources that would be recorded after the plan, as if they were declared.
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
    // Dependencies are resolved again, because the guard relies on the recorded ones later.
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

/// Returns the error that names the first difference between the file and the plan made again.
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

//! Makes plans from declarations or from an earlier serial.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Opened, Shown, Sources, counts};
use super::{Beside, Error, Ledger, Result, Site};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{self, Action, Approved, Change, Data, Declared, Learned, Plan, Refusal, Refused, Suppress};
use crate::recorded::{Columns, Snapshot, state};
use crate::registry::Workspace;
use crate::render::words;
use crate::resource::{Address, Instant};

/// A plan with its refusals and the snapshot that it was made on.
pub struct Planned {
    pub plan: Plan,
    pub refusals: Vec<Refusal>,
    pub snapshot: Snapshot,
    /// The columns found in data of sources that were opened.
    pub derived: BTreeMap<Address, Columns>,
}

/// The way in which declarations are read and compared.
#[derive(Debug, Clone)]
pub struct How {
    pub opened: Opened,
    pub suppress: Suppress,
    /// The diagnostics that get their places.
    pub shown: Shown,
}

impl Default for How {
    /// Opens sources where this build can, and suppresses nothing.
    fn default() -> Self {
        Self { opened: Opened::unless(false), suppress: Suppress::None, shown: Shown::Errors }
    }
}

/// A plan of what the repo declares.
pub struct Made {
    pub planned: Planned,
    /// The warnings of the check; empty when a cached result was used.
    pub warnings: Vec<Diagnostic>,
    /// The number of warnings of each code.
    pub counts: Vec<(String, usize)>,
}

impl Ledger<'_> {
    /// Checks the repo and compares it with the snapshot. Stops with all mistakes when there are any.
    pub fn plan(&mut self, site: &Site, sources: Sources, how: &How, now: Instant) -> Result<Made> {
        if !site.mistakes.is_empty() {
            return Err(self.session.mistakes(site, sources));
        }
        // The cached result has no warnings one by one and no data for suppression, so it is used only without them.
        if how.suppress == Suppress::None
            && how.shown == Shown::Errors
            && how.opened == Opened::No
            && let Some(known) = sources.remembered().filter(|it| it.state == self.workspace.state)
        {
            let planned = self.unchanged(known.count, known.state.clone());
            return Ok(Made { planned, warnings: Vec::new(), counts: known.warnings.clone() });
        }
        let mut checked = self.session.checked(site, sources, how.shown, how.opened)?;
        let derived = std::mem::take(&mut checked.derived);
        let mut planned = self.plan_with_data(&checked.declared, derived, &how.suppress, now)?;
        if checked.declared.is_empty() {
            planned.plan.warnings.extend(deletes_everything(&planned));
        }
        let warnings = std::mem::take(&mut checked.warnings);
        // Freeing 10,000 declarations takes time. A plan with many changes needs the memory.
        if planned.plan.changes.len() < 1_000 {
            std::mem::forget(checked);
        }
        Ok(Made { planned, counts: counts(&warnings), warnings })
    }

    /// Returns the plan that makes the registry equal to `declared`.
    pub fn plan_declared(&mut self, declared: &[Declared], suppress: &Suppress, now: Instant) -> Result<Planned> {
        let state = state(declared.iter().map(|it| (&it.resource.address, it.digest)));
        if state == self.workspace.state && *suppress == Suppress::None {
            return Ok(self.unchanged(declared.len(), state));
        }
        let snapshot = self.snapshot(declared)?;
        let plan = plan::diff(&snapshot, declared, suppress, now).map_err(Error::Found)?;
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: BTreeMap::new() })
    }

    /// Returns the plan that makes the registry equal to `declared`, including the columns found in data.
    pub fn plan_with_data(
        &mut self,
        declared: &[Declared],
        derived: BTreeMap<Address, Columns>,
        suppress: &Suppress,
        now: Instant,
    ) -> Result<Planned> {
        let recorded = self.recorded_columns()?;
        if derived.is_empty() && recorded.is_empty() {
            return self.plan_declared(declared, suppress, now);
        }
        let known = |(address, columns): (&Address, &Columns)| recorded.get(address).is_some_and(|it| it.1 == *columns);
        let state = state(declared.iter().map(|it| (&it.resource.address, it.digest)));
        if state == self.workspace.state && *suppress == Suppress::None && derived.iter().all(known) {
            return Ok(self.unchanged(declared.len(), state));
        }
        let snapshot = self.snapshot(declared)?;
        let data = Data { derived, recorded };
        let mut plan = plan::diff_knowing(&snapshot, declared, suppress, &data, now).map_err(Error::Found)?;
        plan::drift(&mut plan, &snapshot, declared, &data).map_err(Error::Found)?;
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: data.derived })
    }

    /// Returns the plan back to `declared`, which was recorded at an earlier serial. It restores the orders on the
    /// wire of `then`, and the columns of `then` for resources that are built again.
    pub fn plan_back(&mut self, declared: &[Declared], then: Beside, now: Instant) -> Result<Planned> {
        let recorded = self.recorded_columns()?;
        let snapshot = self.snapshot(declared)?;
        let known = Data { derived: then.columns.clone(), recorded: recorded.clone() };
        let mut plan = plan::diff_knowing(&snapshot, declared, &Suppress::None, &known, now).map_err(Error::Found)?;
        let is_built = |it: &Change| matches!(it.action, Action::Create { .. } | Action::Recreate { .. });
        let built: BTreeSet<&Address> = plan.changes.iter().filter(|it| is_built(it)).map(|it| &it.address).collect();
        let derived = then.columns.into_iter().filter(|it| built.contains(&it.0)).collect();
        let data = Data { derived, recorded };
        if !data.recorded.is_empty() || !data.derived.is_empty() {
            plan::drift(&mut plan, &snapshot, declared, &data).map_err(Error::Found)?;
        }
        plan::restore_orders(&mut plan, &snapshot, declared, &then.orders, &data);
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: data.derived })
    }

    /// Returns a plan without changes, without reading a resource.
    fn unchanged(&self, count: usize, state: String) -> Planned {
        let Workspace { name, mode, serial, registry, .. } = &self.workspace;
        let head = Snapshot::empty(name, *mode);
        let snapshot = Snapshot { registry: registry.clone(), serial: *serial, state: state.clone(), ..head };
        let plan = Plan {
            workspace: name.clone(),
            mode: *mode,
            registry: registry.clone(),
            base: *serial,
            base_state: state.clone(),
            changes: Vec::new(),
            rewritten: Vec::new(),
            wire_orders: Vec::new(),
            learned: Learned::default(),
            unchanged: count,
            state,
            warnings: Vec::new(),
            place: self.place(),
        };
        Planned { plan, refusals: Vec::new(), snapshot, derived: BTreeMap::new() }
    }
}

impl Planned {
    /// Approves the plan, or returns every refusal.
    pub fn approve(self) -> std::result::Result<Approved, Refused> {
        plan::approve(self.plan, &self.snapshot)
    }

    /// Marks all declarations as present, so that the hints of refusals point to them.
    pub fn declarations_stay(&mut self) {
        self.refusals.iter_mut().for_each(|it| it.gone = false);
    }
}

/// Warns of a plan that deletes everything: a folder that is not mounted looks like a repo without declarations.
fn deletes_everything(planned: &Planned) -> Option<Diagnostic> {
    let count = planned.plan.changes.len();
    let hint = "check what lies in the repo, and what .gitignore and .weirignore leave out";
    let summary = format!(
        "the repo declares nothing, and this plan deletes all that workspace `{}` records: {}",
        planned.plan.workspace,
        words::count(count, "resource")
    );
    (count > 0).then(|| Diagnostic::warning(Code::P010, summary).hint(hint))
}

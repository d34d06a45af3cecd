//! What plan, apply, destroy and restore share: one way from declarations to a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::context::{Chosen, Context, Missing, Place, is_named, shown};
use super::restore::Beside;
use super::stop::{Exit, Stop};
use crate::apply::Occasion;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{self, Action, Approved, Change, Data, Declared, Learned, Plan, Refusal, RegistryPlace, Suppress};
use crate::recorded::{Columns, Entry, Snapshot, state};
use crate::registry::{self, Location, Parts, Recorded, Registry, Workspace};
use crate::render::{shown as safe, style, text, words};
use crate::resource::{Address, Instant};

/// One workspace of one registry, opened to read.
pub struct Ground {
    pub location: Location,
    pub registry: Option<Box<dyn Registry>>,
    pub workspace: Workspace,
    pub chosen: Chosen,
    registry_from: &'static str,
}

/// A plan with what stands in its way.
pub struct Planned {
    pub plan: Plan,
    pub refusals: Vec<Refusal>,
    pub snapshot: Snapshot,
    /// What data said of columns, where sources were opened.
    pub derived: BTreeMap<Address, Columns>,
}

/// How often a snapshot is read again because somebody else applies at the same moment.
const READS_MAX: usize = 20;

impl Ground {
    /// Opens what the flags, the environment and weir.toml choose. Makes nothing.
    pub fn open(context: &Context, place: &Place) -> Result<Self, Stop> {
        Self::open_workspace(context, place, context.workspace_name(place)?)
    }

    /// Opens what is chosen, for a command that will write: an older registry is migrated first.
    pub fn open_to_write(context: &Context, place: &Place) -> Result<Self, Stop> {
        context.bring_up_to_date(&context.location(place)?.0)?;
        Self::open(context, place)
    }

    /// Opens this workspace, whatever is chosen otherwise.
    pub fn open_workspace(context: &Context, place: &Place, chosen: Chosen) -> Result<Self, Stop> {
        Self::open_with(context, place, chosen, Missing::Error)
    }

    /// Opens what is chosen, where a registry may be missing that somebody named.
    pub fn open_new(context: &Context, place: &Place) -> Result<Self, Stop> {
        Self::open_with(context, place, context.workspace_name(place)?, Missing::Made)
    }

    fn open_with(context: &Context, place: &Place, chosen: Chosen, missing: Missing) -> Result<Self, Stop> {
        let (location, registry_from) = context.location(place)?;
        let registry = match missing {
            Missing::Made => context.registry_if_any(&location)?,
            Missing::Error => context.read_registry(&location, registry_from)?,
        };
        let workspace = context.workspace(registry.as_deref().map(|it| it as &dyn Recorded), &location, &chosen)?;
        Ok(Self { location, registry, workspace, chosen, registry_from })
    }

    /// Returns the first lines of a plan: what it is compared with.
    pub fn header(&self) -> String {
        let Workspace { name, mode, serial, .. } = &self.workspace;
        let new = match self.registry {
            Some(_) => String::new(),
            None => format!("{}\n", self.place().is_new()),
        };
        format!(
            "{new}Workspace {} ({mode}), {}, at serial {serial}\n\n",
            style::strong(safe::line(name)),
            self.chosen.from
        )
    }

    /// Warns when CI plans against a registry that is new and that nobody named.
    pub fn warn_if_lost(&self, context: &Context) {
        if self.registry.is_none() && !is_named(self.registry_from) && context.in_ci() {
            let warning = Diagnostic::warning(
                Code::G010,
                format!(
                    "CI is set, and no registry is named: `{}` is new and will be lost with this machine",
                    shown(&self.location)
                ),
            );
            context.ui.warn(&warning.hint("set WEIR_REGISTRY_URL, or `url` under [registry] in weir.toml"));
        }
    }

    /// Returns the registry as a person names it, and whether there is one yet.
    pub fn place(&self) -> RegistryPlace {
        RegistryPlace { path: shown(&self.location), new: self.registry.is_none() }
    }

    /// Opens the registry to write; one that was not there when this was opened is made.
    fn to_write(&self, context: &Context) -> Result<Box<dyn Registry>, Stop> {
        let missing = if self.registry.is_none() { Missing::Made } else { Missing::Error };
        context.writable_registry(&self.location, missing)
    }

    pub fn fail(&self, error: &registry::Error) -> Stop {
        Stop::registry(error, &shown(&self.location))
    }

    /// Returns what is recorded; specs are read where `declared` differs.
    pub fn snapshot(&mut self, context: &Context, declared: &[Declared]) -> Result<Snapshot, Stop> {
        let digests: HashMap<_, _> = declared.iter().map(|it| (&it.resource.address, it.digest)).collect();
        self.snapshot_with(context, |address, entry| digests.get(address) != Some(&entry.digest))
    }

    /// Returns what is recorded, with the specs that `wanted` chooses.
    pub fn snapshot_with(
        &mut self,
        context: &Context,
        wanted: impl Fn(&Address, &Entry) -> bool,
    ) -> Result<Snapshot, Stop> {
        let began = self.workspace.serial;
        for _ in 0..READS_MAX {
            let mut snapshot = Snapshot::empty(&self.workspace.name, self.workspace.mode);
            let Some(registry) = self.registry.as_deref() else { return Ok(snapshot) };
            let name = &self.workspace.name;
            let read = async {
                let mut entries = registry.entries(name).await?;
                registry::read_specs(registry, name, &mut entries, &wanted).await?;
                let jobs = registry::read_jobs(registry, name, &entries, &wanted).await?;
                Ok((entries, jobs))
            };
            (snapshot.entries, snapshot.jobs) =
                context.wait(read).map_err(|error| Stop::registry(&error, &shown(&self.location)))?;
            snapshot.registry = self.workspace.registry.clone();
            snapshot.serial = self.workspace.serial;
            snapshot.state = match self.workspace.state.as_str() {
                "" => Snapshot::state_of(&snapshot.entries),
                known => known.to_owned(),
            };
            // Somebody else may have applied between one row and the next: half of each is neither.
            if !self.has_moved(context)? {
                return Ok(snapshot);
            }
        }
        Err(self.fail(&registry::Error::Moved { was: began, now: self.workspace.serial }))
    }

    /// Returns what data said of columns when they were recorded, with the identities.
    pub fn recorded_columns(&mut self, context: &Context) -> Result<BTreeMap<Address, (i64, Columns)>, Stop> {
        let Some(registry) = self.registry.as_deref() else { return Ok(BTreeMap::new()) };
        let derived = context.wait(registry::derived(registry, &self.workspace.name));
        derived.map_err(|error| Stop::registry(&error, &shown(&self.location)))
    }

    /// Returns what data said of columns when they were recorded.
    pub fn derived(&mut self, context: &Context) -> Result<BTreeMap<Address, Columns>, Stop> {
        let derived = self.recorded_columns(context)?;
        Ok(derived.into_iter().map(|(address, (_, columns))| (address, columns)).collect())
    }

    /// Says whether somebody has applied since the workspace was read, and then reads it again.
    fn has_moved(&mut self, context: &Context) -> Result<bool, Stop> {
        let Some(registry) = self.registry.as_deref() else { return Ok(false) };
        let now = context.wait(registry.base(&self.workspace.name)).map_err(|error| self.fail(&error))?;
        if now == self.workspace.base() {
            return Ok(false);
        }
        self.workspace = context.workspace(Some(registry), &self.location, &self.chosen)?;
        Ok(true)
    }

    /// Returns the plan that makes the registry what `declared` says.
    pub fn plan(
        &mut self,
        context: &Context,
        declared: &[Declared],
        suppress: &Suppress,
        now: Instant,
    ) -> Result<Planned, Stop> {
        let state = state(declared.iter().map(|it| (&it.resource.address, it.digest)));
        if state == self.workspace.state && *suppress == Suppress::None {
            return Ok(self.unchanged(declared.len(), state));
        }
        let snapshot = self.snapshot(context, declared)?;
        let plan = plan::diff(&snapshot, declared, suppress, now).map_err(Stop::Diagnostics)?;
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: BTreeMap::new() })
    }

    /// Returns the plan that makes the registry what `declared` says, and what data says of it.
    pub fn plan_with_data(
        &mut self,
        context: &Context,
        declared: &[Declared],
        derived: BTreeMap<Address, Columns>,
        suppress: &Suppress,
        now: Instant,
    ) -> Result<Planned, Stop> {
        let recorded = self.recorded_columns(context)?;
        if derived.is_empty() && recorded.is_empty() {
            return self.plan(context, declared, suppress, now);
        }
        let known = |(address, columns): (&Address, &Columns)| recorded.get(address).is_some_and(|it| it.1 == *columns);
        let state = state(declared.iter().map(|it| (&it.resource.address, it.digest)));
        if state == self.workspace.state && *suppress == Suppress::None && derived.iter().all(known) {
            return Ok(self.unchanged(declared.len(), state));
        }
        let snapshot = self.snapshot(context, declared)?;
        let data = Data { derived, recorded };
        let mut plan = plan::diff_knowing(&snapshot, declared, suppress, &data, now).map_err(Stop::Diagnostics)?;
        plan::drift(&mut plan, &snapshot, declared, &data).map_err(Stop::Diagnostics)?;
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: data.derived })
    }

    /// Returns the plan that leads back to what `declared` was at an earlier serial, with the orders on the wire of `then`
    /// and, where something is built again, with what data said of columns then.
    pub fn plan_back(
        &mut self,
        context: &Context,
        declared: &[Declared],
        then: Beside,
        now: Instant,
    ) -> Result<Planned, Stop> {
        let recorded = self.recorded_columns(context)?;
        let snapshot = self.snapshot(context, declared)?;
        let known = Data { derived: then.columns.clone(), recorded: recorded.clone() };
        let mut plan =
            plan::diff_knowing(&snapshot, declared, &Suppress::None, &known, now).map_err(Stop::Diagnostics)?;
        let is_built = |it: &Change| matches!(it.action, Action::Create { .. } | Action::Recreate { .. });
        let built: BTreeSet<&Address> = plan.changes.iter().filter(|it| is_built(it)).map(|it| &it.address).collect();
        let derived = then.columns.into_iter().filter(|it| built.contains(&it.0)).collect();
        let data = Data { derived, recorded };
        if !data.recorded.is_empty() || !data.derived.is_empty() {
            plan::drift(&mut plan, &snapshot, declared, &data).map_err(Stop::Diagnostics)?;
        }
        plan::restore_orders(&mut plan, &snapshot, declared, &then.orders, &data);
        let refusals = plan::refusals(&plan, &snapshot);
        Ok(Planned { plan, refusals, snapshot, derived: data.derived })
    }

    /// Returns the plan that finds nothing to do, without looking at a single resource.
    pub fn unchanged(&self, count: usize, state: String) -> Planned {
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
    /// Says that nobody has removed a declaration: what is refused can be edited where it stands.
    pub fn declarations_stay(&mut self) {
        self.refusals.iter_mut().for_each(|it| it.gone = false);
    }

    /// Returns the plan as text.
    pub fn text(&self, context: &Context, now: Instant) -> String {
        let mut out = String::new();
        let detail = if context.ui.verbose { text::Detail::Full } else { text::Detail::Brief };
        text::plan(&mut out, &self.plan, &self.refusals, now, detail).expect("writing to a string cannot fail");
        out
    }
}

/// Shows the plan, asks, and commits. The way of apply, destroy and restore alike.
pub fn carry_out(
    context: &Context,
    ground: &Ground,
    planned: Planned,
    yes: Answer,
    occasion: impl FnOnce() -> Occasion,
    now: Instant,
) -> Result<Exit, Stop> {
    context.ui.data(&format!("{}{}", ground.header(), planned.text(context, now)))?;
    if planned.plan.changes.is_empty() {
        learn(context, ground, &planned)?;
        context.ui.data("There is nothing to do: nothing was applied.\n")?;
        return Ok(Exit::Done);
    }
    let approved = approve(context, planned, yes)?;
    commit(context, ground, &approved, &occasion())?;
    // The process is about to end: nobody needs the room.
    std::mem::forget(approved);
    Ok(Exit::Done)
}

/// Asks before anything is written; refusals come before the question.
fn approve(context: &Context, planned: Planned, yes: Answer) -> Result<Approved, Stop> {
    let (workspace, mode, count) = (planned.plan.workspace.clone(), planned.plan.mode, planned.plan.changes.len());
    let Ok(approved) = plan::approve(planned.plan, &planned.snapshot) else {
        context.ui.complain("Nothing was applied.");
        return Err(Stop::Said(Exit::Refused));
    };
    let count = words::count(count, "change");
    let question = format!("Apply {count} to workspace {} ({mode})?", style::strong(safe::line(&workspace)));
    match yes {
        Answer::Given => Ok(approved),
        Answer::Ask if context.ui.confirm(&question)? => Ok(approved),
        Answer::Ask => Err(anyhow::anyhow!("the answer was not yes").into()),
    }
}

/// Whether the user has said yes beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Given,
    Ask,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Makes the next part while the last one is written, or when it is asked for where the system has no thread for it.
fn ahead<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    parts: impl Fn() -> Parts<'scope> + Copy + Send + 'scope,
) -> Parts<'scope> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    // A transaction that fails takes no more parts: nobody is left to send them to.
    let make = move || parts().map(|it| sender.send(it)).take_while(Result::is_ok).for_each(drop);
    match std::thread::Builder::new().spawn_scoped(scope, make) {
        Ok(_) => Box::new(receiver.into_iter()),
        Err(_) => parts(),
    }
}

/// Records what data taught, where nothing that is declared changes.
fn learn(context: &Context, ground: &Ground, planned: &Planned) -> Result<(), Stop> {
    let plan = &planned.plan;
    if plan.learned.is_empty() || ground.registry.is_none() {
        return Ok(());
    }
    let registry = ground.to_write(context)?;
    context.wait(crate::apply::learn(&*registry, plan, &planned.snapshot)).map_err(|error| ground.fail(&error))?;
    let count = words::count(plan.learned.columns.len().max(plan.learned.wire_orders.len()), "resource");
    context.ui.say(&format!("Recorded what the data says of the columns of {count}."));
    Ok(())
}

/// Carries out the plan and says so.
fn commit(context: &Context, ground: &Ground, approved: &Approved, occasion: &Occasion) -> Result<(), Stop> {
    let registry = ground.to_write(context)?;
    let serial = std::thread::scope(|scope| {
        let parts = ahead(scope, || Box::new(crate::apply::parts(approved)));
        context.wait(crate::apply::apply(&*registry, approved, occasion, parts))
    });
    let serial = serial.map_err(|error| ground.fail(&error))?;
    drop(registry);
    let count = words::count(approved.plan().changes.len(), "change");
    let done = format!(
        "Applied {count} to workspace {}. Registry is at serial {serial}.\n",
        safe::line(&approved.plan().workspace)
    );
    // Saying so may fail, and must not be taken for a failure to apply.
    context.ui.data(&done).map_err(|stop| stop.then_say(&context.ui, done.trim_end()))
}

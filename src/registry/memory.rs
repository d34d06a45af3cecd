//! A registry in memory: a real backend that passes the contract, for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::error::{Error, Result};
use super::read::{address, parse_address};
use super::rows::{
    Held as Beside, LogEntry, LoggedChange, Part, StoredColumns, StoredJob, StoredSpec, Transaction, Workspace, stands,
};
use super::traits::{Commit, Guard, History, Jobs, Recorded};
use crate::recorded::{Base, Entry, Mode, Row, RowId, Serial, Snapshot, Target, Write};
use crate::resource::{Address, Digest, JobState, RecordedJob};

/// A registry in memory. It starts with an empty live workspace `prod`.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

impl Memory {
    /// Returns the state, even after another thread panicked: a commit that failed wrote nothing.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The content of a registry.
#[derive(Debug)]
struct State {
    workspaces: BTreeMap<String, Held>,
    next_id: i64,
    /// The count of all workspaces ever made.
    made: i64,
}

#[derive(Debug, Clone)]
struct Held {
    /// The number of this workspace: a later one of its name has another.
    number: i64,
    mode: Mode,
    serial: Serial,
    state: String,
    rows: BTreeMap<i64, (Row, Vec<String>)>,
    /// By identity.
    derived: BTreeMap<i64, String>,
    jobs: Vec<StoredJob>,
    log: Vec<LogEntry>,
    changes: Vec<LoggedChange>,
}

impl Default for State {
    fn default() -> Self {
        let mut state = Self { workspaces: BTreeMap::new(), next_id: 1, made: 1 };
        state.workspaces.insert("prod".to_owned(), Held::new(1, Mode::Live));
        state
    }
}

impl Held {
    fn new(number: i64, mode: Mode) -> Self {
        Self {
            number,
            mode,
            serial: Serial(0),
            state: String::new(),
            rows: BTreeMap::new(),
            derived: BTreeMap::new(),
            jobs: Vec::new(),
            log: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn entries(&self) -> Result<BTreeMap<Address, Entry>> {
        self.rows
            .iter()
            .map(|(id, (row, wire_order))| {
                let depends_on = row.depends_on.iter().map(|it| parse_address(it)).collect::<Result<_>>()?;
                let digest: Digest = row.digest.parse().map_err(Error::Damaged)?;
                let entry = Entry {
                    id: *id,
                    digest,
                    prevent_destroy: row.prevent_destroy,
                    depends_on,
                    wire_order: wire_order.clone(),
                    resource: None,
                };
                Ok((address(&row.kind, &row.name)?, entry))
            })
            .collect()
    }

    /// Finds the row that is meant, by all of its names.
    fn row(&mut self, recorded: &RowId) -> Result<&mut (Row, Vec<String>)> {
        let RowId { id, kind, name } = recorded;
        let row = self.rows.get_mut(id).filter(|it| it.0.kind == *kind && it.0.name == *name);
        row.ok_or_else(|| Error::other_row(kind, name))
    }

    /// Finds the row that is meant; one that this commit inserted has a number from `fresh` on.
    fn identity(&self, target: &Target, fresh: i64) -> Result<i64> {
        let meant = |id: i64| target.id().map_or(id >= fresh, |it| it == id);
        let row = self.rows.iter().find(|it| it.1.0.kind == target.kind() && it.1.0.name == target.name());
        row.map(|it| *it.0).filter(|it| meant(*it)).ok_or_else(|| Error::other_row(target.kind(), target.name()))
    }

    /// Finds the job that is meant, in the state that it was read in.
    fn job(&mut self, target: &Target, id: i64, state: JobState) -> Result<&mut RecordedJob> {
        let is_meant = |it: &&mut StoredJob| Some(it.view) == target.id() && it.job.id == id && it.job.state == state;
        self.jobs.iter_mut().find(is_meant).map(|it| &mut it.job).ok_or_else(|| Error::job_moved(target))
    }

    fn registry(&self) -> String {
        format!("memory/{}", self.number)
    }
}

impl State {
    fn held(&self, name: &str) -> Result<&Held> {
        self.workspaces.get(name).ok_or_else(|| Error::NoWorkspace {
            name: name.to_owned(),
            existing: self.workspaces.keys().cloned().collect(),
        })
    }

    fn check_base(&self, name: &str, base: &Base, guard: Guard<'_>) -> Result<Held> {
        let held = self.held(name)?.clone();
        let used = self.made > 1 || self.workspaces.values().any(|it| !it.log.is_empty());
        let now = Base { registry: held.registry(), serial: held.serial, state: String::new() };
        stands(base, &now, used)?;
        let entries = held.entries()?;
        let state = if held.state.is_empty() { Snapshot::state_of(&entries) } else { held.state.clone() };
        if state != base.state {
            return Err(Error::OtherState { serial: base.serial });
        }
        if let Some(guard) = guard {
            guard(held.mode, &entries).map_err(Error::Refused)?;
        }
        Ok(held)
    }

    /// Writes one part of a commit whose own rows have numbers from `fresh` on.
    fn write(&mut self, held: &mut Held, part: Part, fresh: i64) -> Result<()> {
        // The history comes first: it records what the rows hold before they are written.
        let serial = held.serial;
        for change in part.changes {
            let row = change.resource_id.and_then(|it| Some((it, held.rows.get(&it)?)));
            let beside = row.map(|(id, (_, order))| Beside {
                wire_order: Some(order.clone()),
                derived: held.derived.get(&id).cloned(),
            });
            held.changes.push(LoggedChange { serial, held: beside.unwrap_or_default(), ..change });
        }
        for write in &part.writes {
            if let Write::Delete { recorded } = write {
                held.row(recorded)?;
                held.rows.remove(&recorded.id);
                held.derived.remove(&recorded.id);
            }
        }
        for write in &part.writes {
            if let Write::Update { recorded, row } = write {
                held.row(recorded)?.0 = row.clone();
            }
        }
        for write in &part.writes {
            if let Write::Insert { row, .. } = write {
                held.rows.insert(self.next_id, (row.clone(), row.wire_order.clone()));
                self.next_id += 1;
            }
        }
        for write in &part.writes {
            match write {
                Write::WireOrder { target, order } => {
                    let id = held.identity(target, fresh)?;
                    let recorded = &mut held.rows.get_mut(&id).expect("it was found just now").1;
                    if !order.starts_with(recorded) {
                        return Err(Error::Learned);
                    }
                    recorded.clone_from(order);
                }
                Write::Derived { target, columns } => {
                    held.derived.insert(held.identity(target, fresh)?, columns.clone());
                }
                Write::CancelJobs { recorded } => {
                    let open = held.jobs.iter_mut().filter(|it| it.view == recorded.id && it.job.state.is_open());
                    open.for_each(|it| it.job.state = JobState::Cancelled);
                }
                Write::Job { target, job } => {
                    let id = 1 + held.jobs.len() as i64;
                    let job = RecordedJob { id, state: JobState::Pending, job: job.clone(), ran_to: None };
                    held.jobs.push(StoredJob { view: held.identity(target, fresh)?, job });
                }
                Write::ChangeJob { target, id, state, job } => held.job(target, *id, *state)?.job = job.clone(),
                Write::EndJob { target, id, state, to } => held.job(target, *id, *state)?.state = *to,
                Write::Insert { .. } | Write::Update { .. } | Write::Delete { .. } => {}
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Recorded for Memory {
    async fn workspaces(&self) -> Result<Vec<Workspace>> {
        let workspace = |(name, held): (&String, &Held)| Workspace {
            name: name.clone(),
            mode: held.mode,
            serial: held.serial,
            state: held.state.clone(),
            count: held.rows.len(),
            registry: held.registry(),
        };
        Ok(self.state().workspaces.iter().map(workspace).collect())
    }

    async fn base(&self, workspace: &str) -> Result<Base> {
        let state = self.state();
        let held = state.held(workspace)?;
        Ok(Base { registry: held.registry(), serial: held.serial, state: held.state.clone() })
    }

    async fn entries(&self, workspace: &str) -> Result<BTreeMap<Address, Entry>> {
        self.state().held(workspace)?.entries()
    }

    async fn specs(&self, workspace: &str, ids: Option<&[i64]>) -> Result<Vec<StoredSpec>> {
        let state = self.state();
        let rows = state.held(workspace)?.rows.iter().filter(|it| ids.is_none_or(|ids| ids.contains(it.0)));
        Ok(rows.map(|it| StoredSpec { id: *it.0, spec: it.1.0.spec.to_string() }).collect())
    }

    async fn derived(&self, workspace: &str) -> Result<Vec<StoredColumns>> {
        let state = self.state();
        let held = state.held(workspace)?;
        let row = |(id, columns): (&i64, &String)| {
            let (row, _) = held.rows.get(id)?;
            let (kind, name) = (row.kind.clone(), row.name.clone());
            Some(StoredColumns { id: *id, kind, name, columns: columns.clone() })
        };
        Ok(held.derived.iter().filter_map(row).collect())
    }
}

#[async_trait]
impl Commit for Memory {
    async fn commit(&self, transaction: Transaction<'_>, guard: Guard<'_>) -> Result<Serial> {
        let mut state = self.state();
        let Transaction { workspace, base, .. } = &transaction;
        let mut held = state.check_base(workspace, base, guard)?;
        held.serial = Serial(base.serial.0 + 1);
        let (mut count, fresh) = (0, state.next_id);
        for part in transaction.parts {
            count += part.changes.len();
            state.write(&mut held, part, fresh)?;
        }
        if count != transaction.count {
            return Err(Error::Incomplete);
        }
        held.state = transaction.state;
        held.log.push(LogEntry { serial: held.serial, ..transaction.entry });
        let serial = held.serial;
        state.workspaces.insert(transaction.workspace, held);
        Ok(serial)
    }

    async fn learn(&self, workspace: &str, base: &Base, writes: &[Write]) -> Result<()> {
        let mut state = self.state();
        let mut held = state.check_base(workspace, base, None)?;
        let fresh = state.next_id;
        state.write(&mut held, Part { writes: writes.to_vec(), changes: Vec::new() }, fresh)?;
        state.workspaces.insert(workspace.to_owned(), held);
        Ok(())
    }

    async fn create_workspace(&self, name: &str, mode: Mode, _at: &str) -> Result<()> {
        let mut state = self.state();
        if state.workspaces.contains_key(name) {
            return Err(Error::Workspace(format!("workspace `{name}` exists already")));
        }
        state.made += 1;
        let held = Held::new(state.made, mode);
        state.workspaces.insert(name.to_owned(), held);
        Ok(())
    }

    async fn delete_workspace(&self, name: &str, base: &Base, guard: Guard<'_>) -> Result<()> {
        let mut state = self.state();
        state.check_base(name, base, guard)?;
        state.workspaces.remove(name);
        Ok(())
    }
}

#[async_trait]
impl History for Memory {
    async fn log(&self, workspace: &str, limit: Option<i64>) -> Result<Vec<LogEntry>> {
        let limit = limit.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        Ok(self.state().held(workspace)?.log.iter().rev().take(limit).cloned().collect())
    }

    async fn changes(&self, workspace: &str, from: Serial, to: Serial) -> Result<Vec<LoggedChange>> {
        Ok(self
            .state()
            .held(workspace)?
            .changes
            .iter()
            .filter(|it| it.serial > from && it.serial <= to)
            .cloned()
            .collect())
    }
}

#[async_trait]
impl Jobs for Memory {
    async fn jobs(&self, workspace: &str, ids: &[i64]) -> Result<Vec<StoredJob>> {
        Ok(self.state().held(workspace)?.jobs.iter().filter(|it| ids.contains(&it.view)).cloned().collect())
    }
}

//! A registry in memory: a real backend that passes the contract, for tests and for "what if".

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Commit, Error, Guard, Held as Beside, LogEntry, LoggedChange, Part, Registry, Result, Workspace};
use crate::recorded::{Base, Entry, Mode, Row, RowId, Serial, Snapshot, Target, Write};
use crate::resource::{Address, Digest, JobState, RecordedJob};

/// What a new registry holds: `prod`, live, with nothing in it.
#[derive(Debug, Clone)]
pub struct Memory {
    workspaces: BTreeMap<String, Held>,
    next_id: i64,
    /// How many workspaces there ever were.
    made: i64,
}

#[derive(Debug, Clone)]
struct Held {
    /// Which workspace this is: another of its name is another one.
    number: i64,
    mode: Mode,
    serial: Serial,
    state: String,
    rows: BTreeMap<i64, (Row, Vec<String>)>,
    /// By identity.
    derived: BTreeMap<i64, String>,
    /// With the identity of the view.
    jobs: Vec<(i64, RecordedJob)>,
    log: Vec<LogEntry>,
    changes: Vec<LoggedChange>,
}

impl Default for Memory {
    fn default() -> Self {
        let mut memory = Self { workspaces: BTreeMap::new(), next_id: 1, made: 1 };
        memory.workspaces.insert("prod".to_owned(), Held::new(1, Mode::Live));
        memory
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
        let address =
            |kind: &str, name: &str| Ok::<_, Error>(Address::new(kind.parse().map_err(Error::Damaged)?, name));
        self.rows
            .iter()
            .map(|(id, (row, wire_order))| {
                let depends_on =
                    row.depends_on.iter().map(|it| it.parse().map_err(Error::Damaged)).collect::<Result<_>>()?;
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
        let is_meant = |it: &&mut (i64, RecordedJob)| Some(it.0) == target.id() && it.1.id == id && it.1.state == state;
        self.jobs.iter_mut().find(is_meant).map(|it| &mut it.1).ok_or_else(|| Error::job_moved(target))
    }

    fn registry(&self) -> String {
        format!("memory/{}", self.number)
    }
}

impl Memory {
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
        super::sqlite::stands(base, &now, used)?;
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
        // The history first: it keeps what the rows hold before they are written.
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
                    let open = held.jobs.iter_mut().filter(|it| it.0 == recorded.id && it.1.state.is_open());
                    open.for_each(|it| it.1.state = JobState::Cancelled);
                }
                Write::Job { target, job } => {
                    let id = 1 + held.jobs.len() as i64;
                    let job = RecordedJob { id, state: JobState::Pending, job: job.clone(), ran_to: None };
                    held.jobs.push((held.identity(target, fresh)?, job));
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
impl Registry for Memory {
    async fn workspaces(&mut self) -> Result<Vec<Workspace>> {
        let workspace = |(name, held): (&String, &Held)| Workspace {
            name: name.clone(),
            mode: held.mode,
            serial: held.serial,
            state: held.state.clone(),
            count: held.rows.len(),
            registry: held.registry(),
        };
        Ok(self.workspaces.iter().map(workspace).collect())
    }

    async fn entries(&mut self, workspace: &str) -> Result<BTreeMap<Address, Entry>> {
        self.held(workspace)?.entries()
    }

    async fn specs(&mut self, workspace: &str, ids: Option<&[i64]>) -> Result<Vec<(i64, String)>> {
        let rows = self.held(workspace)?.rows.iter();
        Ok(rows
            .filter(|it| ids.is_none_or(|ids| ids.contains(it.0)))
            .map(|it| (*it.0, it.1.0.spec.to_string()))
            .collect())
    }

    async fn jobs(&mut self, workspace: &str, ids: &[i64]) -> Result<Vec<(i64, RecordedJob)>> {
        Ok(self.held(workspace)?.jobs.iter().filter(|it| ids.contains(&it.0)).cloned().collect())
    }

    async fn commit(&mut self, commit: Commit<'_>, guard: Guard<'_>) -> Result<Serial> {
        let mut held = self.check_base(&commit.workspace, &commit.base, guard)?;
        held.serial = Serial(commit.base.serial.0 + 1);
        let (mut count, fresh) = (0, self.next_id);
        for part in commit.parts {
            count += part.changes.len();
            self.write(&mut held, part, fresh)?;
        }
        if count != commit.count {
            return Err(Error::Incomplete);
        }
        held.state = commit.state;
        held.log.push(LogEntry { serial: held.serial, ..commit.entry });
        let serial = held.serial;
        self.workspaces.insert(commit.workspace, held);
        Ok(serial)
    }

    async fn derived(&mut self, workspace: &str) -> Result<Vec<(String, String, i64, String)>> {
        let held = self.held(workspace)?;
        let row = |(id, columns): (&i64, &String)| {
            held.rows.get(id).map(|(row, _)| (row.kind.clone(), row.name.clone(), *id, columns.clone()))
        };
        Ok(held.derived.iter().filter_map(row).collect())
    }

    async fn learn(&mut self, workspace: &str, base: &Base, writes: &[Write]) -> Result<()> {
        let mut held = self.check_base(workspace, base, None)?;
        let fresh = self.next_id;
        self.write(&mut held, Part { writes: writes.to_vec(), changes: Vec::new() }, fresh)?;
        self.workspaces.insert(workspace.to_owned(), held);
        Ok(())
    }

    async fn create_workspace(&mut self, name: &str, mode: Mode, _at: &str) -> Result<()> {
        if self.workspaces.contains_key(name) {
            return Err(Error::Workspace(format!("workspace `{name}` exists already")));
        }
        self.made += 1;
        self.workspaces.insert(name.to_owned(), Held::new(self.made, mode));
        Ok(())
    }

    async fn delete_workspace(&mut self, name: &str, base: &Base, guard: Guard<'_>) -> Result<()> {
        self.check_base(name, base, guard)?;
        self.workspaces.remove(name);
        Ok(())
    }

    async fn log(&mut self, workspace: &str, limit: Option<i64>) -> Result<Vec<LogEntry>> {
        let limit = limit.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        Ok(self.held(workspace)?.log.iter().rev().take(limit).cloned().collect())
    }

    async fn changes(&mut self, workspace: &str, from: Serial, to: Serial) -> Result<Vec<LoggedChange>> {
        Ok(self.held(workspace)?.changes.iter().filter(|it| it.serial > from && it.serial <= to).cloned().collect())
    }
}

//! What is recorded, as far as a plan needs it, and what a commit writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Job, JobState, Mode, Recorded, RecordedJob, Serial, Target};
use crate::resource::{Address, Digest, Resource};

/// One workspace as recorded at one serial.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub workspace: String,
    pub mode: Mode,
    /// Names the registry, so that a saved plan finds the one it was made for.
    pub registry: String,
    pub serial: Serial,
    /// The digest over all that is recorded: a registry that was put back counts its serials again.
    pub state: String,
    pub entries: BTreeMap<Address, Entry>,
    /// By identity, of what differs from what is declared and what depends on that.
    pub jobs: BTreeMap<i64, Vec<RecordedJob>>,
}

/// What a plan was made on. A commit meets exactly this, or writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Which workspace of which registry; empty where there was no registry yet.
    pub registry: String,
    pub serial: Serial,
    /// The digest over all that was recorded.
    pub state: String,
}

/// One recorded resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Survives updates and renames; a recreate gets a new one.
    pub id: i64,
    pub digest: Digest,
    /// As recorded: what the guard goes by.
    pub prevent_destroy: bool,
    /// As applied.
    pub depends_on: Vec<Address>,
    /// Of a service: its features in wire order.
    pub wire_order: Vec<String>,
    /// Read only where the digest differs from the declared one.
    pub resource: Option<Resource>,
}

/// One row to write. Backends know nothing more of plans and kinds than this.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    Insert {
        row: Row,
        replaces: Option<i64>,
    },
    Update {
        recorded: Recorded,
        row: Row,
    },
    Delete {
        recorded: Recorded,
    },
    WireOrder {
        target: Target,
        order: Vec<String>,
    },
    /// What data says of a resource's columns, JSON; says nothing of what is declared.
    Derived {
        target: Target,
        columns: String,
    },
    Job {
        target: Target,
        job: Job,
    },
    /// A job becomes another one, if it is in the state that it was read in.
    ChangeJob {
        target: Target,
        id: i64,
        state: JobState,
        job: Job,
    },
    /// A job ends, if it is in the state that it was read in.
    EndJob {
        target: Target,
        id: i64,
        state: JobState,
        to: JobState,
    },
    /// All open work for a resource that is gone.
    CancelJobs {
        recorded: Recorded,
    },
}

/// A resource as a registry stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub kind: String,
    pub name: String,
    /// JSON, shared with the history.
    pub spec: Arc<str>,
    pub digest: String,
    pub prevent_destroy: bool,
    pub depends_on: Vec<String>,
    /// Of a service that is inserted: its features in wire order.
    pub wire_order: Vec<String>,
}

impl Snapshot {
    /// Returns a workspace in which nothing is recorded.
    pub fn empty(workspace: &str, mode: Mode) -> Self {
        Self {
            workspace: workspace.to_owned(),
            mode,
            registry: String::new(),
            serial: Serial(0),
            state: super::state([]),
            entries: BTreeMap::new(),
            jobs: BTreeMap::new(),
        }
    }

    /// Returns the digest over these entries.
    pub fn state_of(entries: &BTreeMap<Address, Entry>) -> String {
        super::state(entries.iter().map(|(address, entry)| (address, entry.digest)))
    }

    /// Returns the same workspace without what is recorded in it.
    pub fn head(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            serial: self.serial,
            state: self.state.clone(),
            ..Self::empty(&self.workspace, self.mode)
        }
    }

    /// Returns the protected resources that this one is, or that depend on it: what stands in the way of destroying it.
    pub fn protectors(&self, address: &Address) -> Vec<&Address> {
        if self.mode == Mode::Development {
            return Vec::new();
        }
        let dependents = self.dependents();
        let mut reached: Vec<&Address> = self.entries.get_key_value(address).map(|it| it.0).into_iter().collect();
        let mut next = 0;
        while next < reached.len() {
            for dependent in dependents.get(reached[next]).into_iter().flatten() {
                if !reached.contains(dependent) {
                    reached.push(dependent);
                }
            }
            next += 1;
        }
        reached.retain(|it| self.entries.get(*it).is_some_and(|it| it.prevent_destroy));
        reached.sort();
        reached
    }

    /// Returns who depended on what, as recorded.
    pub fn dependents(&self) -> BTreeMap<&Address, Vec<&Address>> {
        dependents(&self.entries)
    }
}

/// Returns who depended on what, as recorded.
pub fn dependents(entries: &BTreeMap<Address, Entry>) -> BTreeMap<&Address, Vec<&Address>> {
    let mut dependents: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, entry) in entries {
        for dependency in &entry.depends_on {
            dependents.entry(dependency).or_default().push(address);
        }
    }
    dependents
}

//! The records of a workspace, and the writes of a commit: the types that plan and registry share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::resource::graph::{self, Reach};
use crate::resource::{Address, Digest, Job, JobState, RecordedJob, Resource};

/// A workspace as recorded at one serial.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub workspace: String,
    pub mode: Mode,
    /// The registry's identity, by which a saved plan finds the registry that it was made for.
    pub registry: String,
    pub serial: Serial,
    /// The digest over all that is recorded. After a restored copy, one serial can stand for two states.
    pub state: String,
    pub entries: BTreeMap<Address, Entry>,
    /// The jobs by identity, for resources that differ from the declarations and their dependents.
    pub jobs: BTreeMap<i64, Vec<RecordedJob>>,
}

/// The registry state that a plan was made on. A commit finds exactly this state, or writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The identities of the registry and the workspace; empty when there was no registry yet.
    pub registry: String,
    pub serial: Serial,
    /// The digest over all that was recorded.
    pub state: String,
}

/// A recorded resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The identity, which survives updates and renames. A recreate gets a new one.
    pub id: i64,
    pub digest: Digest,
    /// The recorded protection, which the guard uses.
    pub prevent_destroy: bool,
    /// The dependencies at the time of the apply.
    pub depends_on: Vec<Address>,
    /// The features of a service in wire order.
    pub wire_order: Vec<String>,
    /// The resource, read only when the digest differs from the declared one.
    pub resource: Option<Resource>,
}

/// A write of a commit. Backends know no more of plans and kinds than this.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    Insert {
        row: Row,
        replaces: Option<i64>,
    },
    Update {
        recorded: RowId,
        row: Row,
    },
    Delete {
        recorded: RowId,
    },
    WireOrder {
        target: Target,
        order: Vec<String>,
    },
    /// The columns of a resource's data, as JSON. The declaration stays as it is.
    Derived {
        target: Target,
        columns: String,
    },
    Job {
        target: Target,
        job: Job,
    },
    /// Changes a job, if it is still in the state `state`.
    ChangeJob {
        target: Target,
        id: i64,
        state: JobState,
        job: Job,
    },
    /// Ends a job, if it is still in the state `state`.
    EndJob {
        target: Target,
        id: i64,
        state: JobState,
        to: JobState,
    },
    /// Cancels all open jobs of a resource that is gone.
    CancelJobs {
        recorded: RowId,
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
    /// The features of an inserted service in wire order.
    pub wire_order: Vec<String>,
}

/// Columns with their types as text, since a source may have types that no feature can have.
pub type Columns = Vec<(String, String)>;

/// The identity of a recorded row. The number alone may mean another row after the registry was restored from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowId {
    pub id: i64,
    pub kind: String,
    /// The recorded name, before a rename.
    pub name: String,
}

/// The row that belongs to a write which is not a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A row that existed before. After a rename in this commit, it has the new name.
    Recorded(RowId),
    /// A row that this commit inserts.
    Inserted { kind: String, name: String },
}

/// The number of applies of one workspace; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Serial(pub i64);

/// The mode of a workspace, fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Materialized, served, protected.
    Live,
    /// Neither materialized, nor served, nor protected.
    Development,
}

impl Snapshot {
    /// Returns the snapshot of a workspace without records.
    pub fn empty(workspace: &str, mode: Mode) -> Self {
        Self {
            workspace: workspace.to_owned(),
            mode,
            registry: String::new(),
            serial: Serial(0),
            state: state([]),
            entries: BTreeMap::new(),
            jobs: BTreeMap::new(),
        }
    }

    /// Returns the digest over `entries`.
    pub fn state_of(entries: &BTreeMap<Address, Entry>) -> String {
        state(entries.iter().map(|(address, entry)| (address, entry.digest)))
    }

    /// Returns the protected resources that would stop a destroy of this one: itself, and those that depend on it.
    pub fn protectors(&self, address: &Address) -> Vec<&Address> {
        if self.mode == Mode::Development {
            return Vec::new();
        }
        let from = self.entries.get_key_value(address).map(|it| it.0);
        let is_protected = |it: &&Address| self.entries.get(*it).is_some_and(|it| it.prevent_destroy);
        downstream(from, &self.entries).nodes().filter(is_protected).collect()
    }
}

/// Walks from recorded resources to those that depended on them, as recorded.
pub fn downstream<'a>(
    from: impl IntoIterator<Item = &'a Address>,
    entries: &'a BTreeMap<Address, Entry>,
) -> Reach<&'a Address> {
    let dependents = graph::dependents(entries.iter().map(|it| (it.0, it.1.depends_on.as_slice())));
    Reach::new(from, |at| dependents.get(at).into_iter().flatten().copied())
}

/// Walks from recorded resources to their dependencies, as recorded.
pub fn upstream<'a>(
    from: impl IntoIterator<Item = &'a Address>,
    entries: &'a BTreeMap<Address, Entry>,
) -> Reach<&'a Address> {
    Reach::new(from, |at| entries.get(at).map(|it| it.depends_on.as_slice()).unwrap_or_default())
}

/// Returns the digest over all that is declared. Equal digests mean equal resources, one by one.
pub fn state<'a>(declared: impl IntoIterator<Item = (&'a Address, Digest)>) -> String {
    let mut lines: Vec<(&Address, Digest)> = declared.into_iter().collect();
    lines.sort();
    let mut hasher = blake3::Hasher::new();
    for (address, digest) in lines {
        hasher.update(address.kind.as_str().as_bytes());
        hasher.update(b".");
        hasher.update(address.name.as_bytes());
        hasher.update(b"\0");
        hasher.update(&digest.0);
    }
    hasher.finalize().to_string()
}

impl RowId {
    pub fn new(id: i64, address: &Address) -> Self {
        Self { id, kind: address.kind.to_string(), name: address.name.to_string() }
    }
}

impl Target {
    pub fn kind(&self) -> &str {
        match self {
            Self::Recorded(RowId { kind, .. }) | Self::Inserted { kind, .. } => kind,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Recorded(RowId { name, .. }) | Self::Inserted { name, .. } => name,
        }
    }

    /// Returns the identity. A row that is inserted has none yet.
    pub fn id(&self) -> Option<i64> {
        match self {
            Self::Recorded(recorded) => Some(recorded.id),
            Self::Inserted { .. } => None,
        }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Development => "development",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

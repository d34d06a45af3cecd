//! What is recorded of a workspace, and what a commit writes: the words that plan and registry share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::resource::graph::{self, Reach};
use crate::resource::{Address, Digest, Job, JobState, RecordedJob, Resource};

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
    /// Of a service that is inserted: its features in wire order.
    pub wire_order: Vec<String>,
}

/// Columns with their types as text: a source may have types that no feature can have.
pub type Columns = Vec<(String, String)>;

/// A recorded row. Its number alone may mean another row, in a registry that was put back from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowId {
    pub id: i64,
    pub kind: String,
    /// As recorded: before a rename.
    pub name: String,
}

/// The row that something beside a declaration is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that was there before; after a rename in this commit, by its new name.
    Recorded(RowId),
    /// One that this very commit inserts.
    Inserted { kind: String, name: String },
}

/// Counts the applies of one workspace; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Serial(pub i64);

/// What a workspace is, fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Materialized, served, protected.
    Live,
    /// None of that.
    Development,
}

impl Snapshot {
    /// Returns a workspace in which nothing is recorded.
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

    /// Returns the digest over these entries.
    pub fn state_of(entries: &BTreeMap<Address, Entry>) -> String {
        state(entries.iter().map(|(address, entry)| (address, entry.digest)))
    }

    /// Returns the protected resources that this one is, or that depend on it: what stands in the way of destroying it.
    pub fn protectors(&self, address: &Address) -> Vec<&Address> {
        if self.mode == Mode::Development {
            return Vec::new();
        }
        let from = self.entries.get_key_value(address).map(|it| it.0);
        let is_protected = |it: &&Address| self.entries.get(*it).is_some_and(|it| it.prevent_destroy);
        downstream(from, &self.entries).nodes().filter(is_protected).collect()
    }
}

/// Walks from recorded resources to what depended on them, as recorded.
pub fn downstream<'a>(
    from: impl IntoIterator<Item = &'a Address>,
    entries: &'a BTreeMap<Address, Entry>,
) -> Reach<&'a Address> {
    let dependents = graph::dependents(entries.iter().map(|it| (it.0, it.1.depends_on.as_slice())));
    Reach::new(from, |at| dependents.get(at).into_iter().flatten().copied())
}

/// Walks from recorded resources to what they depended on, as recorded.
pub fn upstream<'a>(
    from: impl IntoIterator<Item = &'a Address>,
    entries: &'a BTreeMap<Address, Entry>,
) -> Reach<&'a Address> {
    Reach::new(from, |at| entries.get(at).map(|it| it.depends_on.as_slice()).unwrap_or_default())
}

/// Returns the digest over all that is declared: equal states are equal, resource by resource.
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

    /// Returns the identity; a row that is inserted has none yet.
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

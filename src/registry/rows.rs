//! The rows that are read from a registry and written to it.

use std::sync::Arc;

use super::error::{Error, Result};
use crate::recorded::{Base, Mode, Serial, Write};
use crate::resource::RecordedJob;

/// One workspace as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub name: String,
    pub mode: Mode,
    pub serial: Serial,
    /// The digest over all its resources, when it is known.
    pub state: String,
    pub count: usize,
    /// The identity of registry and workspace: another workspace of the same name has another.
    pub registry: String,
}

impl Workspace {
    /// Returns the base for a commit into it.
    pub fn base(&self) -> Base {
        Base { registry: self.registry.clone(), serial: self.serial, state: self.state.clone() }
    }

    /// Returns the workspace of a registry that does not exist yet: `prod`, live, at its start.
    pub fn first() -> Self {
        Self {
            name: "prod".to_owned(),
            mode: Mode::Live,
            serial: Serial(0),
            state: String::new(),
            count: 0,
            registry: String::new(),
        }
    }
}

/// The writes of one commit.
pub struct Transaction<'a> {
    pub workspace: String,
    pub base: Base,
    pub state: String,
    pub entry: LogEntry,
    /// They are written in this order, and made meanwhile, so that memory never holds all of them.
    pub parts: Parts<'a>,
    /// The count of changes in all parts. If fewer come, as their maker died, nothing is committed.
    pub count: usize,
}

pub type Parts<'a> = Box<dyn Iterator<Item = Part> + Send + 'a>;

/// A part of a transaction. Rows are deleted before others take their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    pub writes: Vec<Write>,
    /// The same for the history.
    pub changes: Vec<LoggedChange>,
}

/// One apply in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub serial: Serial,
    /// RFC 3339.
    pub at: String,
    pub actor: String,
    pub git_commit: Option<String>,
    /// True where files of the repo differed from the commit. `None` where git did not say.
    pub git_dirty: Option<bool>,
    pub message: Option<String>,
    /// The plan's tally, JSON.
    pub summary: String,
    /// The serial that a restore went back to.
    pub restores: Option<Serial>,
    /// The version of the weir that applied. Entries of format 1 have none.
    pub weir: Option<String>,
}

/// One change in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedChange {
    pub serial: Serial,
    pub action: String,
    pub kind: String,
    pub name: String,
    pub renamed_from: Option<String>,
    pub suppressed: bool,
    /// JSON, as stored.
    pub before: Option<Arc<str>>,
    pub after: Option<Arc<str>>,
    /// The identity of the row before, if it was recorded.
    pub resource_id: Option<i64>,
    /// The row's values beside its spec before the change. The registry fills them in: only the row has them, as
    /// learning from data moves no serial.
    pub held: Held,
}

/// The values of a row beside its spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// The features of a service in wire order. Rows of format 1 have none.
    pub wire_order: Option<Vec<String>>,
    /// The columns that were found in data, as JSON, if any.
    pub derived: Option<String>,
}

/// The spec of one row, as stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredSpec {
    /// The row's identity.
    pub id: i64,
    /// JSON.
    pub spec: String,
}

/// The columns of one row that were found in data, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredColumns {
    /// The row's identity.
    pub id: i64,
    pub kind: String,
    pub name: String,
    /// JSON.
    pub columns: String,
}

/// One job, with the identity of its view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    pub view: i64,
    pub job: RecordedJob,
}

/// Checks the base of a commit, except for its state.
pub(super) fn stands(base: &Base, now: &Base, used: bool) -> Result<()> {
    if !base.registry.is_empty() && base.registry != now.registry {
        return Err(Error::OtherRegistry);
    }
    if base.serial != now.serial {
        return Err(Error::Moved { was: base.serial, now: now.serial });
    }
    if base.registry.is_empty() && used { Err(Error::Used) } else { Ok(()) }
}

//! What a registry is asked for and told, row by row.

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
    /// Which workspace of which registry this is: another of the same name is another one.
    pub registry: String,
}

impl Workspace {
    /// Returns what a commit into it has to be based on.
    pub fn base(&self) -> Base {
        Base { registry: self.registry.clone(), serial: self.serial, state: self.state.clone() }
    }

    /// Returns what a registry holds before there is one: `prod`, live, at its start.
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

/// All that one commit writes.
pub struct Transaction<'a> {
    pub workspace: String,
    pub base: Base,
    pub state: String,
    pub entry: LogEntry,
    /// Written in this order. Made while they are written, so that not all of it lies in memory at once.
    pub parts: Parts<'a>,
    /// How many changes the parts hold together: what makes them may die, and then nothing is committed.
    pub count: usize,
}

pub type Parts<'a> = Box<dyn Iterator<Item = Part> + Send + 'a>;

/// Some of what a transaction writes: rows that go are gone before others take their names.
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
    /// Whether files of the repo differed from the commit, when git said.
    pub git_dirty: Option<bool>,
    pub message: Option<String>,
    /// The plan's tally, JSON.
    pub summary: String,
    /// Of a restore: where it went back to.
    pub restores: Option<Serial>,
    /// The version of the weir that applied; not known of what format 1 recorded.
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
    /// The identity before, of what was recorded.
    pub resource_id: Option<i64>,
    /// What the row held beside its spec before. The registry fills it in: what data teaches moves no serial, so only
    /// the row knows.
    pub held: Held,
}

/// What a row holds beside its spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Of a service: its features in wire order. Not known of what format 1 recorded.
    pub wire_order: Option<Vec<String>>,
    /// What data said of its columns, JSON, when anything did.
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

/// What data said of the columns of one row, as stored.
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

/// Says what is wrong with the ground of a commit, but for its state.
pub(super) fn stands(base: &Base, now: &Base, used: bool) -> Result<()> {
    if !base.registry.is_empty() && base.registry != now.registry {
        return Err(Error::OtherRegistry);
    }
    if base.serial != now.serial {
        return Err(Error::Moved { was: base.serial, now: now.serial });
    }
    if base.registry.is_empty() && used { Err(Error::Used) } else { Ok(()) }
}

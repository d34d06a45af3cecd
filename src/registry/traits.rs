//! The four traits of a registry. They are apart so that code that only reads cannot write.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::Result;
use super::rows::{LogEntry, LoggedChange, StoredColumns, StoredJob, StoredSpec, Transaction, Workspace};
use crate::diagnostic::Diagnostic;
use crate::recorded::{Base, Entry, Mode, Serial, Write};
use crate::resource::Address;

/// Reads what is recorded.
#[async_trait]
pub trait Recorded: Send + Sync {
    /// Returns the workspaces, by name.
    async fn workspaces(&self) -> Result<Vec<Workspace>>;

    /// Returns the base for a commit to one workspace. It reads one row by its name, so a server may call it many times
    /// a second.
    async fn base(&self, workspace: &str) -> Result<Base>;

    /// Returns every recorded resource of a workspace, without its spec.
    async fn entries(&self, workspace: &str) -> Result<BTreeMap<Address, Entry>>;

    /// Returns the specs of these identities, or all of the workspace.
    async fn specs(&self, workspace: &str, ids: Option<&[i64]>) -> Result<Vec<StoredSpec>>;

    /// Returns the columns that were found in data, where any are recorded.
    async fn derived(&self, workspace: &str) -> Result<Vec<StoredColumns>>;
}

/// Writes all of a transaction, or nothing.
#[async_trait]
pub trait Commit: Send + Sync {
    /// Refuses when the workspace is not at the transaction's base any more, when a row that it writes to is not the
    /// one that was seen, or when `guard` refuses what is recorded by then.
    async fn commit(&self, transaction: Transaction<'_>, guard: Guard<'_>) -> Result<Serial>;

    /// Writes what was learned from data, and nothing that is declared. It is no apply, so the serial stays. Refuses
    /// when the workspace is not at `base` any more.
    async fn learn(&self, workspace: &str, base: &Base, writes: &[Write]) -> Result<()>;

    async fn create_workspace(&self, name: &str, mode: Mode, at: &str) -> Result<()>;

    /// Deletes a workspace and its resources; the history stays. Refuses as `commit` does.
    async fn delete_workspace(&self, name: &str, base: &Base, guard: Guard<'_>) -> Result<()>;
}

/// Reads what was recorded.
#[async_trait]
pub trait History: Send + Sync {
    /// Returns the applies of a workspace, newest first.
    async fn log(&self, workspace: &str, limit: Option<i64>) -> Result<Vec<LogEntry>>;

    /// Returns the changes of the applies after `from`, up to and including `to`, in the order of their writing.
    async fn changes(&self, workspace: &str, from: Serial, to: Serial) -> Result<Vec<LoggedChange>>;
}

/// Reads the work that commits recorded.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Returns every job of these identities, in the order of their making.
    async fn jobs(&self, workspace: &str, ids: &[i64]) -> Result<Vec<StoredJob>>;
}

/// A place that records workspaces. It is small so that every backend can pass one contract suite.
pub trait Registry: Recorded + Commit + History + Jobs {}

impl<T: Recorded + Commit + History + Jobs> Registry for T {}

/// A check of the mode and the recorded entries, inside the transaction. An error stops the transaction.
pub type Guard<'a> =
    Option<&'a (dyn Fn(Mode, &BTreeMap<Address, Entry>) -> std::result::Result<(), Vec<Diagnostic>> + Send + Sync)>;

/// The access of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Writes nothing, not even a lock file that stays.
    Read,
    Write,
}

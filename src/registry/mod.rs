//! The recorded state: the resources that were applied, and the history. This module knows neither plans nor kinds.
//!
//! A registry implements four traits. Code that only reads takes [`Recorded`], and cannot write by mistake.

mod error;
mod history;
mod location;
mod memory;
mod read;
mod rows;
mod sqlite;
mod traits;

pub use error::{Error, Result};
pub use history::{held_at, renames_between, specs_at};
pub use location::{Location, Malformed};
pub use memory::Memory;
pub use read::{address, columns, decode, derived, read_jobs, read_specs};
pub use rows::{
    Held, LogEntry, LoggedChange, Part, Parts, StoredColumns, StoredJob, StoredSpec, Transaction, Workspace,
};
pub use sqlite::{FORMAT, Migrated, Report, backup, check, migrate};
pub use traits::{Access, Commit, Guard, History, Jobs, Recorded, Registry};

/// Connects to the registry at `location`. `Ok(None)` when there is none yet.
///
/// Errors when it is newer, damaged or out of reach, or when its triggers are not what they should be. Errors too when
/// it is older: only [`migrate`] and apply bring it up to date.
pub async fn connect(location: &Location, access: Access) -> Result<Option<Box<dyn Registry>>> {
    let registry = sqlite::open(location, access).await?;
    Ok(registry.map(|it| Box::new(it) as Box<dyn Registry>))
}

/// Makes a registry with `prod`, live, at the instant `at` (RFC 3339), or connects to the one that another process has
/// made meanwhile.
pub async fn create(location: &Location, at: &str) -> Result<Box<dyn Registry>> {
    Ok(Box::new(sqlite::create(location, at).await?))
}

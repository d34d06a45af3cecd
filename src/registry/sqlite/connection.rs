//! A connection to a file that may be a registry.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::migrations::triggers;
use crate::registry::error::{Error, Result};
use crate::registry::location::{beside, lies};
use crate::registry::traits::Access;

/// Closes a connection, which removes its lock files, and returns `result`.
pub(super) async fn closed<T>(connection: SqliteConnection, result: Result<T>) -> Result<T> {
    let closed = connection.close().await;
    let done = result?;
    closed?;
    Ok(done)
}

/// The facts that tell a registry from other files. They are read in one statement, as another process may be writing.
pub(super) struct Facts {
    format: i64,
    is_registry: bool,
    pub(super) triggers: BTreeMap<String, String>,
}

impl Facts {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self> {
        // Another program may number its formats too, but does not have all of our tables.
        let row = sqlx::query(
            "SELECT (SELECT user_version FROM pragma_user_version),
                 count(*) FILTER (WHERE type = 'table' AND name IN ('registry', 'workspace', 'resource')),
                 coalesce(group_concat(type || char(31) || name || char(31) || sql, char(30)), '')
             FROM sqlite_schema",
        )
        .fetch_one(connection)
        .await?;
        // All of the schema has to be text: a value that is no text ends SQLite's thread in sqlx, and rows that it did
        // not read would look missing.
        let (tables, packed): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
        let triggers = packed.split('\u{1e}').filter_map(|it| it.strip_prefix("trigger\u{1f}")?.split_once('\u{1f}'));
        let triggers = triggers.map(|(name, sql)| (name.to_owned(), sql.to_owned())).collect();
        Ok(Self { format: row.try_get(0)?, is_registry: tables == 3, triggers })
    }

    /// Returns the format, when it is one that this weir can use.
    pub(super) fn format(&self, newest: i64) -> Result<i64> {
        match self.format {
            found if found > newest => Err(Error::Newer { found }),
            _ if !self.is_registry => Err(Error::NotARegistry),
            found if found < 1 => Err(Error::no_format(found)),
            found => Ok(found),
        }
    }

    /// Returns the triggers of this format that are missing, or differ in any word.
    pub(super) fn unguarded(&self) -> Vec<String> {
        let differs = |it: &(&str, &str)| self.triggers.get(it.0).map(String::as_str) != Some(it.1);
        triggers().into_iter().filter(differs).map(|it| it.0.to_owned()).collect()
    }
}

impl Error {
    /// Returns the error for a number of a format that no weir writes.
    pub(super) fn no_format(found: i64) -> Self {
        Self::Damaged(format!("it holds the tables of a registry, and says that its format is {found}"))
    }
}

pub(super) async fn connect(path: &Path, access: Access) -> Result<SqliteConnection> {
    let connection = match access {
        Access::Write => options(path).connect().await.map_err(Error::from),
        Access::Read => connect_to_read(path).await,
    };
    match connection {
        // SQLite does not say why.
        Err(Error::CannotOpen) => Err(match std::fs::File::open(path) {
            Err(error) => Error::opening(&error),
            Ok(_) => Error::CannotOpen,
        }),
        other => other,
    }
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
}

async fn connect_to_read(path: &Path) -> Result<SqliteConnection> {
    let options = options(path);
    // This connection could write, but is told not to: unlike a read-only one it removes its lock files when it closes.
    // Where it may not write, or the disk is full, a read-only one is used.
    if let Ok(mut connection) = options.clone().pragma("query_only", "1").connect().await
        && format(&mut connection).await.is_ok()
    {
        return Ok(connection);
    }
    let mut connection = match options.clone().read_only(true).connect().await {
        Ok(connection) => connection,
        Err(error) => return read_immutable(path, options, error.into()).await,
    };
    match format(&mut connection).await {
        Ok(_) => Ok(connection),
        Err(error) => read_immutable(path, options, error).await,
    }
}

/// Reads a registry that no process can write: its folder takes no files, and neither log nor journal is beside it.
async fn read_immutable(path: &Path, options: SqliteConnectOptions, error: Error) -> Result<SqliteConnection> {
    // A log or a journal would hold a part of its content.
    let may_be_read = matches!(error, Error::Unreachable(_) | Error::CannotOpen | Error::ReadOnly | Error::Full);
    if !may_be_read || lies(&beside(path, "-wal"))? || lies(&beside(path, "-journal"))? {
        return Err(error);
    }
    Ok(options.read_only(true).immutable(true).connect().await?)
}

pub(super) async fn format(connection: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query("PRAGMA user_version").fetch_one(connection).await?.try_get(0)?)
}

/// The time that a process waits for another's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Turns write-ahead logging on, so that readers do not wait for writers.
pub(super) const WITH_LOG: &str = "PRAGMA journal_mode = WAL";

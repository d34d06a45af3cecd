//! Opens and makes registry files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use super::connection::{BUSY_TIMEOUT, Facts, WITH_LOG, closed, connect, options};
use super::migrate::upgrade;
use super::migrations::{FORMAT, MIGRATIONS};
use super::store::Sqlite;
use crate::disk::{or_absent, reason};
use crate::registry::error::{Error, Result};
use crate::registry::location::{Location, beside};
use crate::registry::traits::Access;

/// Opens the registry; see [`connect`](crate::registry::connect).
pub async fn open(location: &Location, access: Access) -> Result<Option<Sqlite>> {
    let Some(path) = location.find()? else { return Ok(None) };
    let mut connection = connect(&path, access).await?;
    match ready(&mut connection, access).await {
        Ok(()) => Ok(Some(Sqlite::new(connection, false))),
        error => closed(connection, error).await.map(|()| None),
    }
}

/// Checks that this is a registry that this weir can use as it is.
async fn ready(connection: &mut SqliteConnection, access: Access) -> Result<()> {
    let facts = Facts::read(connection).await?;
    let found = facts.format(FORMAT)?;
    if found < FORMAT {
        return Err(Error::Older { found });
    }
    let unguarded = facts.unguarded();
    if !unguarded.is_empty() {
        return Err(Error::Unguarded(unguarded));
    }
    if access == Access::Write { enter_wal(connection).await } else { Ok(()) }
}

/// Makes a registry with `prod`, live, or opens the one that another process has made meanwhile.
///
/// It is made under another name and gets its own when it is whole, so that other processes never find half of one.
pub async fn create(location: &Location, at: &str) -> Result<Sqlite> {
    let path = &location.path;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|it| Error::Folder(reason(&it)))?;
    let unfinished = Unfinished::new(path)?;
    let mut connection = options(&unfinished.path).connect().await?;
    upgrade(&mut connection, at, MIGRATIONS).await?;
    connection.close().await?;
    unfinished.finish(path)?;
    let connection = connect(path, Access::Write).await?;
    Ok(Sqlite::new(connection, true))
}

/// A file that does not have its name yet. Dropping this removes it.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
}

impl Unfinished {
    /// Makes an empty file beside `path`.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let unfinished = Self { path: beside(path, &format!(".{}.new", std::process::id())) };
        // A killed process of the same number may have left a file behind.
        let _ = std::fs::remove_file(&unfinished.path);
        match std::fs::File::create_new(&unfinished.path) {
            Ok(_) => Ok(unfinished),
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Err(Error::Full),
            Err(error) => Err(Error::Unwritable(reason(&error))),
        }
    }

    /// Gives the file its name. Returns false where a file of that name exists, which stays.
    pub(super) fn finish(self, path: &Path) -> Result<bool> {
        let synced = std::fs::File::open(&self.path).and_then(|it| it.sync_all());
        synced.map_err(|it| Error::opening(&it))?;
        match std::fs::hard_link(&self.path, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            // The disk has no hard links: look first, then rename.
            Err(_) => match or_absent(path, path.symlink_metadata()).map_err(|it| Error::opening(&it))? {
                Some(_) => Ok(false),
                None => std::fs::rename(&self.path, path).map(|()| true).map_err(|it| Error::opening(&it)),
            },
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in [self.path.clone(), beside(&self.path, "-journal")] {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Switches to write-ahead logging. SQLite does not wait where two processes do so at once, so this does.
async fn enter_wal(connection: &mut SqliteConnection) -> Result<()> {
    let start = Instant::now();
    loop {
        match sqlx::query(WITH_LOG).execute(&mut *connection).await.map_err(Error::from) {
            Ok(_) => return Ok(()),
            Err(Error::Locked) if start.elapsed() < BUSY_TIMEOUT => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error),
        }
    }
}

//! Finding, making, checking and migrating a registry file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::sqlite::WITH_LOG;
use super::{Error, Result, Sqlite};

/// The format that this weir reads and writes: `PRAGMA user_version` of the file.
pub const FORMAT: i64 = MIGRATIONS.len() as i64;

/// What brings a registry from one format to the next.
const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// How long a process waits for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a registry lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub path: PathBuf,
}

impl Location {
    /// Reads `sqlite://path`, `sqlite:path` or a plain path; a relative one is relative to `base`.
    pub fn parse(url: &str, base: &Path) -> std::result::Result<Self, String> {
        let path = match url.split_once("://") {
            Some(("sqlite", path)) => path,
            Some((scheme, _)) => {
                return Err(format!(
                    "`{scheme}://` is not a registry that this weir knows; write `sqlite://path/to/registry.db`"
                ));
            }
            None => url.strip_prefix("sqlite:").unwrap_or(url),
        };
        if path.trim().is_empty() {
            return Err("the registry's url names no file; write `sqlite://path/to/registry.db`".to_owned());
        }
        Ok(Self { path: base.join(path) })
    }

    /// Says whether there is a registry. An empty file is none: a process may have ended while making it.
    pub fn exists(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|it| it.len() > 0 || !it.is_file())
    }
}

/// Opens the registry to read (`write` false: nothing is written, not even a lock file that stays) or to write.
///
/// `Ok(None)` when there is none yet. Errors when it is newer, damaged or out of reach, and when it is older:
/// then only [`migrate`] and apply bring it up to date.
pub async fn open(location: &Location, write: bool) -> Result<Option<Sqlite>> {
    if !location.exists() {
        return Ok(None);
    }
    let metadata = std::fs::metadata(&location.path).map_err(|it| Error::Unreachable(reason(&it)))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder, not a file" } else { "not a file" };
        return Err(Error::Unreachable(format!("it is {what}")));
    }
    let mut connection = connect(location, write).await?;
    let facts = Facts::read(&mut connection).await?;
    match facts.format {
        _ if facts.objects == 0 => Ok(None),
        found if found > FORMAT => Err(Error::Newer { found }),
        _ if !facts.is_registry => Err(Error::NotARegistry),
        found if found < FORMAT => Err(Error::Older { found }),
        _ => {
            if write {
                enter_wal(&mut connection).await?;
            }
            Ok(Some(Sqlite::new(connection, false)))
        }
    }
}

/// What tells a registry from other files, read in one statement: another process may be making it at this moment.
struct Facts {
    format: i64,
    objects: i64,
    is_registry: bool,
}

impl Facts {
    async fn read(connection: &mut SqliteConnection) -> Result<Self> {
        // Another program may number its formats too; it does not have all of our tables.
        let row = sqlx::query(
            "SELECT (SELECT user_version FROM pragma_user_version), count(*),
                 count(*) FILTER (WHERE type = 'table' AND name IN ('registry', 'workspace', 'resource'))
             FROM sqlite_schema",
        )
        .fetch_one(connection)
        .await?;
        let tables: i64 = row.try_get(2)?;
        Ok(Self { format: row.try_get(0)?, objects: row.try_get(1)?, is_registry: tables == 3 })
    }
}

async fn connect(location: &Location, write: bool) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(&location.path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    if write {
        return Ok(options.connect().await?);
    }
    // A connection that could write, and is told not to: unlike a read-only one it takes its lock files with it when
    // it closes. Where it may not write, or finds no room for them, a read-only one does.
    if let Ok(mut connection) = options.clone().pragma("query_only", "1").connect().await
        && format(&mut connection).await.is_ok()
    {
        return Ok(connection);
    }
    let mut connection = match options.clone().read_only(true).connect().await {
        Ok(connection) => connection,
        Err(error) => return read_immutable(location, options, error.into()).await,
    };
    match format(&mut connection).await {
        Ok(_) => Ok(connection),
        Err(error) => read_immutable(location, options, error).await,
    }
}

/// Reads a registry that nobody can be writing: its folder takes no files, and neither log nor journal lies beside it.
async fn read_immutable(location: &Location, options: SqliteConnectOptions, error: Error) -> Result<SqliteConnection> {
    // What lies in a log, or waits in a journal to be undone, is part of what it says.
    let beside = |ending: &str| {
        let mut path = location.path.clone().into_os_string();
        path.push(ending);
        std::fs::metadata(path).is_ok_and(|it| it.len() > 0)
    };
    let hopeless = !matches!(error, Error::Unreachable(_) | Error::ReadOnly) || beside("-wal") || beside("-journal");
    if hopeless {
        return Err(error);
    }
    Ok(options.read_only(true).immutable(true).connect().await?)
}

async fn format(connection: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query("PRAGMA user_version").fetch_one(connection).await?.try_get(0)?)
}

/// Makes a registry with `prod`, live, or opens the one that another process has made meanwhile.
pub async fn create(location: &Location, at: &str) -> Result<Sqlite> {
    if let Some(folder) = location.path.parent() {
        std::fs::create_dir_all(folder).map_err(|it| Error::Folder(reason(&it)))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&location.path)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.disable_statement_logging().connect().await?;
    upgrade(&mut connection, at, MIGRATIONS).await?;
    Ok(Sqlite::new(connection, true))
}

/// The operating system's reason, without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// Switches to write-ahead logging. Two processes that do so at once get "busy" without waiting, so this waits.
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

/// Runs the migrations that are missing, in one transaction.
async fn upgrade(connection: &mut SqliteConnection, at: &str, migrations: &[&'static str]) -> Result<i64> {
    let newest = migrations.len() as i64;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = format(&mut transaction).await?;
    if found > newest {
        return Err(Error::Newer { found });
    }
    for (index, migration) in migrations.iter().enumerate().skip(found as usize) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        if index == 0 {
            sqlx::query("INSERT INTO registry (id, created_at) VALUES (lower(hex(randomblob(16))), ?)")
                .bind(at)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("INSERT INTO workspace (name, mode, created_at) VALUES ('prod', 'live', ?)")
                .bind(at)
                .execute(&mut *transaction)
                .await?;
        }
    }
    if found < newest {
        // A pragma takes no parameter; this one is a number of our own.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {newest}")))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(found)
}

/// Brings an older registry to this format, after a backup copy beside it. Returns the format before and the copy.
pub async fn migrate(location: &Location, at: &str) -> Result<Option<(i64, PathBuf)>> {
    migrate_with(location, at, MIGRATIONS).await
}

async fn migrate_with(location: &Location, at: &str, migrations: &[&'static str]) -> Result<Option<(i64, PathBuf)>> {
    let newest = migrations.len() as i64;
    if !location.exists() {
        return Err(Error::Unreachable("there is none yet: `weir apply` makes one".to_owned()));
    }
    let mut connection = connect(location, true).await?;
    let Facts { format: found, is_registry, .. } = Facts::read(&mut connection).await?;
    if found > newest {
        return Err(Error::Newer { found });
    }
    if !is_registry {
        return Err(Error::NotARegistry);
    }
    if found == newest {
        connection.close().await?;
        return Ok(None);
    }
    let backup = backup_path(&location.path, found);
    // VACUUM INTO copies one consistent state, whatever other processes do.
    sqlx::query("VACUUM INTO ?").bind(backup.to_string_lossy().into_owned()).execute(&mut connection).await?;
    upgrade(&mut connection, at, migrations).await?;
    connection.close().await?;
    Ok(Some((found, backup)))
}

/// The first free name beside the registry.
fn backup_path(path: &Path, found: i64) -> PathBuf {
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let candidates = (0..).map(|count: usize| {
        if count == 0 { format!("{name}.format{found}.backup") } else { format!("{name}.format{found}.backup.{count}") }
    });
    candidates.map(|it| path.with_file_name(it)).find(|it| !it.exists()).expect("the numbers do not run out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_registry_is_copied_then_migrated() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = std::env::temp_dir().join(format!("weir-migrate-{}", std::process::id()));
        let location = Location { path: folder.join("registry.db") };
        runtime.block_on(async {
            create(&location, "2026-01-01T00:00:00Z").await.unwrap();
            let newer = [MIGRATIONS, &["ALTER TABLE registry ADD COLUMN note TEXT"]].concat();
            let (found, backup) = migrate_with(&location, "now", &newer).await.unwrap().unwrap();
            let name = format!("registry.db.format{FORMAT}.backup");
            assert_eq!((found, backup.file_name().unwrap().to_str().unwrap()), (FORMAT, name.as_str()));
            assert!(migrate_with(&location, "now", &newer).await.unwrap().is_none());
            assert!(matches!(open(&location, false).await, Err(Error::Newer { found }) if found == FORMAT + 1));
            assert!(open(&Location { path: backup }, false).await.unwrap().is_some());
        });
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn locations_are_relative_to_their_base() {
        let check = |url: &str, expected: &str| {
            assert_eq!(Location::parse(url, Path::new("/repo")).unwrap().path, Path::new(expected))
        };
        check("sqlite://.weir/registry.db", "/repo/.weir/registry.db");
        check("sqlite:///var/weir.db", "/var/weir.db");
        check("sqlite:x.db", "/repo/x.db");
        check("../x.db", "/repo/../x.db");
        assert!(Location::parse("postgres://host/db", Path::new("/")).is_err());
        assert!(Location::parse("sqlite://", Path::new("/")).is_err());
    }
}

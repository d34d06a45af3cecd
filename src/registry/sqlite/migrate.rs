//! Brings an older registry file to this format, after a backup copy.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::connection::{Facts, closed, connect, format};
use super::migrations::{FORMAT, MIGRATIONS, triggers};
use crate::disk::or_absent;
use crate::registry::error::{Error, Result};
use crate::registry::location::{Location, beside};
use crate::registry::traits::Access;

/// The changes to an older registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The format before.
    pub found: i64,
    /// The backup copy of the registry before.
    pub backup: PathBuf,
    /// Triggers that were missing or changed, and have been restored.
    pub put_back: Vec<String>,
}

/// Brings an older registry to this format and restores missing triggers, after a backup copy beside it.
pub async fn migrate(location: &Location, at: &str) -> Result<Option<Migrated>> {
    migrate_with(location, at, MIGRATIONS).await
}

async fn migrate_with(location: &Location, at: &str, migrations: &[&'static str]) -> Result<Option<Migrated>> {
    let newest = migrations.len() as i64;
    let Some(path) = location.find()? else {
        return Err(Error::Unreachable("there is none yet: `weir registry init` makes one".to_owned()));
    };
    let mut connection = connect(&path, Access::Write).await?;
    let migrated = migrate_file(&mut connection, &path, at, migrations, newest).await;
    closed(connection, migrated).await
}

async fn migrate_file(
    connection: &mut SqliteConnection,
    path: &Path,
    at: &str,
    migrations: &[&'static str],
    newest: i64,
) -> Result<Option<Migrated>> {
    let facts = Facts::read(connection).await?;
    let found = facts.format(newest)?;
    if found == newest && facts.unguarded().is_empty() {
        return Ok(None);
    }
    let backup = backup_path(path, found)?;
    // VACUUM INTO copies one consistent state, even while other processes write.
    sqlx::query("VACUUM INTO ?").bind(backup.to_string_lossy().into_owned()).execute(&mut *connection).await?;
    upgrade(connection, at, migrations).await?;
    let put_back = if newest == FORMAT { put_back(connection).await? } else { Vec::new() };
    Ok(Some(Migrated { found, backup, put_back }))
}

/// Makes the triggers that are missing or changed.
async fn put_back(connection: &mut SqliteConnection) -> Result<Vec<String>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let missing = Facts::read(&mut transaction).await?.unguarded();
    for (name, sql) in triggers().into_iter().filter(|it| missing.iter().any(|name| *name == it.0)) {
        // The text is ours.
        let again = format!("DROP TRIGGER IF EXISTS {name}; {sql};");
        sqlx::raw_sql(AssertSqlSafe(again)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(missing)
}

/// Runs the migrations that are missing, in one transaction.
pub(super) async fn upgrade(connection: &mut SqliteConnection, at: &str, migrations: &[&'static str]) -> Result<()> {
    let newest = migrations.len() as i64;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = format(&mut transaction).await?;
    if found > newest {
        return Err(Error::Newer { found });
    }
    let done = usize::try_from(found).map_err(|_| Error::no_format(found))?;
    for (index, migration) in migrations.iter().enumerate().skip(done) {
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
        // A pragma takes no parameter; the number is ours.
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {newest}"))).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Returns the first free name beside the registry.
fn backup_path(path: &Path, found: i64) -> Result<PathBuf> {
    for count in 0_usize.. {
        let number = if count == 0 { String::new() } else { format!(".{count}") };
        let candidate = beside(path, &format!(".format{found}.backup{number}"));
        let taken = or_absent(&candidate, candidate.symlink_metadata()).map_err(|it| Error::opening(&it))?;
        if taken.is_none() {
            return Ok(candidate);
        }
    }
    unreachable!("the numbers do not run out")
}

#[cfg(test)]
mod tests {
    use super::super::{create, open};
    use super::*;

    #[test]
    fn an_older_registry_is_copied_then_migrated() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = std::env::temp_dir().join(format!("weir-migrate-{}", std::process::id()));
        let location = Location { path: folder.join("registry.db") };
        runtime.block_on(async {
            create(&location, "2026-01-01T00:00:00Z").await.unwrap();
            let newer = [MIGRATIONS, &["ALTER TABLE registry ADD COLUMN note TEXT"]].concat();
            let Migrated { found, backup, .. } = migrate_with(&location, "now", &newer).await.unwrap().unwrap();
            let name = format!("registry.db.format{FORMAT}.backup");
            assert_eq!((found, backup.file_name().unwrap().to_str().unwrap()), (FORMAT, name.as_str()));
            assert!(migrate_with(&location, "now", &newer).await.unwrap().is_none());
            assert!(matches!(open(&location, Access::Read).await, Err(Error::Newer { found }) if found == FORMAT + 1));
            assert!(open(&Location { path: backup }, Access::Read).await.unwrap().is_some());
        });
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_triggers_are_those_that_sqlite_keeps() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            upgrade(&mut connection, "now", MIGRATIONS).await.unwrap();
            let facts = Facts::read(&mut connection).await.unwrap();
            assert_eq!(facts.unguarded(), Vec::<String>::new());
            assert_eq!(facts.triggers.len(), triggers().len());
            assert!(triggers().len() >= 11);
        });
    }
}

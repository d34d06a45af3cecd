//! Copies a registry in one consistent state, even while other processes write.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;

use super::connection::{Facts, closed, connect};
use super::migrations::FORMAT;
use super::open::Unfinished;
use crate::disk::or_absent;
use crate::registry::error::{Error, Result};
use crate::registry::location::Location;
use crate::registry::traits::Access;

/// Copies the registry to `target`. Errors when anything has that name already, or when there is no registry.
pub async fn backup(location: &Location, target: &Path) -> Result<()> {
    let Some(path) = location.find()? else {
        return Err(Error::Unreachable("there is none yet: `weir registry init` makes one".to_owned()));
    };
    let taken = || Error::Taken(target.display().to_string());
    let there = or_absent(target, target.symlink_metadata());
    if there.map_err(|it| Error::Target(target.display().to_string(), crate::disk::reason(&it)))?.is_some() {
        return Err(taken());
    }
    // Copying takes a connection that may write, though it does not write here. Where there is none, it reads only.
    let mut connection = match connect(&path, Access::Write).await {
        Ok(connection) => connection,
        Err(_) => connect(&path, Access::Read).await?,
    };
    let copied = copy(&mut connection, target).await;
    if closed(connection, copied).await?.finish(target)? { Ok(()) } else { Err(taken()) }
}

/// Copies to a file beside `target`.
async fn copy(connection: &mut SqliteConnection, target: &Path) -> Result<Unfinished> {
    Facts::read(connection).await?.format(FORMAT)?;
    let unfinished = Unfinished::new(target).map_err(|error| match error {
        Error::Unwritable(reason) => Error::Target(target.display().to_string(), reason),
        other => other,
    })?;
    let name = unfinished
        .path
        .to_str()
        .ok_or_else(|| Error::Target(target.display().to_string(), "its name is not UTF-8".to_owned()))?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(connection).await?;
    Ok(unfinished)
}

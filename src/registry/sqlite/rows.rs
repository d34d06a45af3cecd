//! Finds rows, a few hundred a statement, each by all of its names.

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite as Db};

use crate::recorded::{Serial, Target};
use crate::registry::error::{Error, Result};

/// Rows a statement: the measured optimum, and far below SQLite's limit of 32,766 parameters.
pub(super) const CHUNK: usize = 200;

/// Restricts a statement to these rows of a workspace.
pub(super) fn where_ids(query: &mut QueryBuilder<Db>, workspace_id: i64, ids: &[i64]) {
    query.push("WHERE workspace_id = ").push_bind(workspace_id).push(" AND id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

/// Returns the error for the first of these rows that is not the one that was seen.
pub(super) async fn missing(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    targets: impl Iterator<Item = &Target>,
) -> Error {
    for target in targets {
        if let Err(error) = identity(connection, workspace_id, serial, target).await {
            return error;
        }
    }
    Error::Damaged("one row answers to two addresses".to_owned())
}

/// Finds the row that is meant, by all of its names; one that this commit inserted has its serial.
pub(super) async fn identity(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    target: &Target,
) -> Result<i64> {
    let row = sqlx::query(
        "SELECT id FROM resource WHERE workspace_id = ?1 AND kind = ?2 AND name = ?3
             AND CASE WHEN ?4 IS NULL THEN first_serial = ?5 ELSE id = ?4 END",
    )
    .bind(workspace_id)
    .bind(target.kind())
    .bind(target.name())
    .bind(target.id())
    .bind(serial.0)
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(Error::other_row(target.kind(), target.name())),
    }
}

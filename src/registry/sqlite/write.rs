//! Writes one transaction into SQLite: thousands of rows, 200 a statement.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite as Db};

use super::rows::{CHUNK, identity, missing, where_ids};
use crate::recorded::{Row, RowId, Serial, Target, Write};
use crate::registry::error::{Error, Result};
use crate::registry::rows::{LogEntry, LoggedChange, Part};

/// Writes rows, orders, jobs and history.
pub(super) async fn part(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    part: &Part,
) -> Result<()> {
    // The history comes first: it records what the rows hold before they are written.
    changes(connection, workspace_id, serial, &part.changes).await?;
    rows(connection, workspace_id, serial, &part.writes).await?;
    learned(connection, workspace_id, serial, &part.writes).await?;
    super::jobs::write(connection, workspace_id, serial, &part.writes).await
}

/// Deletes first, then updates, then inserts: a name is free before it is taken.
async fn rows(connection: &mut SqliteConnection, workspace_id: i64, serial: Serial, writes: &[Write]) -> Result<()> {
    let json = |it: &[String]| serde_json::to_string(it).expect("names are plain text");
    let gone: Vec<&RowId> = writes
        .iter()
        .filter_map(|it| if let Write::Delete { recorded } = it { Some(recorded) } else { None })
        .collect();
    for chunk in gone.chunks(CHUNK) {
        delete(connection, workspace_id, chunk).await?;
    }
    for write in writes {
        let Write::Update { recorded, row } = write else { continue };
        let name = rename(connection, workspace_id, recorded, row).await?;
        let result = sqlx::query(
            "UPDATE resource
             SET spec = ?, digest = ?, prevent_destroy = ?, depends_on = ?, last_serial = ?
             WHERE id = ? AND workspace_id = ? AND kind = ? AND name = ?",
        )
        .bind(&*row.spec)
        .bind(&row.digest)
        .bind(row.prevent_destroy)
        .bind(json(&row.depends_on))
        .bind(serial.0)
        .bind(recorded.id)
        .bind(workspace_id)
        .bind(&recorded.kind)
        .bind(name)
        .execute(&mut *connection)
        .await?;
        found(result.rows_affected(), &recorded.kind, name)?;
    }
    let inserted: Vec<(&Row, &Option<i64>)> = writes
        .iter()
        .filter_map(|it| if let Write::Insert { row, replaces } = it { Some((row, replaces)) } else { None })
        .collect();
    for chunk in inserted.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO resource (workspace_id, kind, name, spec, digest, prevent_destroy, depends_on, wire_order, first_serial, last_serial, replaces) ",
        );
        query.push_values(chunk, |mut values, (row, replaces)| {
            values
                .push_bind(workspace_id)
                .push_bind(&row.kind)
                .push_bind(&row.name)
                .push_bind(&*row.spec)
                .push_bind(&row.digest);
            values
                .push_bind(row.prevent_destroy)
                .push_bind(json(&row.depends_on))
                .push_bind(json(&row.wire_order))
                .push_bind(serial.0)
                .push_bind(serial.0)
                .push_bind(**replaces);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Deletes these rows, each by all of its names. Errors where one is another row by now.
async fn delete(connection: &mut SqliteConnection, workspace_id: i64, rows: &[&RowId]) -> Result<()> {
    let ids: Vec<i64> = rows.iter().map(|it| it.id).collect();
    let mut query = QueryBuilder::<Db>::new("DELETE FROM resource ");
    where_ids(&mut query, workspace_id, &ids);
    query.push(" AND (id, kind, name) IN (");
    query.push_values(rows, |mut values, it| {
        values.push_bind(it.id).push_bind(&it.kind).push_bind(&it.name);
    });
    query.push(") RETURNING id, kind, name");
    let gone = query.build().fetch_all(&mut *connection).await?;
    let row = |it: &SqliteRow| Ok(RowId { id: it.try_get(0)?, kind: it.try_get(1)?, name: it.try_get(2)? });
    let gone: Vec<RowId> = gone.iter().map(row).collect::<Result<_>>()?;
    match rows.iter().find(|it| !gone.contains(it)) {
        None => Ok(()),
        Some(other) => Err(Error::other_row(&other.kind, &other.name)),
    }
}

/// Gives a row its new name, if it gets one. It writes nothing else: a protected row must be renamed on its own.
/// Returns the row's name.
async fn rename<'a>(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    recorded: &RowId,
    row: &'a Row,
) -> Result<&'a str> {
    if recorded.name != row.name {
        let result =
            sqlx::query("UPDATE resource SET name = ? WHERE id = ? AND workspace_id = ? AND kind = ? AND name = ?")
                .bind(&row.name)
                .bind(recorded.id)
                .bind(workspace_id)
                .bind(&recorded.kind)
                .bind(&recorded.name)
                .execute(&mut *connection)
                .await?;
        found(result.rows_affected(), &recorded.kind, &recorded.name)?;
    }
    Ok(&row.name)
}

/// Errors where the row is not the one that the plan saw: a copy was restored, or somebody wrote past weir.
fn found(count: u64, kind: &str, name: &str) -> Result<()> {
    if count == 1 { Ok(()) } else { Err(Error::other_row(kind, name)) }
}

/// Writes what rows hold beside their specs: the order on the wire, and the columns that were found in data.
pub(super) async fn learned(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    writes: &[Write],
) -> Result<()> {
    wire_orders(connection, workspace_id, serial, writes).await?;
    let derived: Vec<(&Target, &String)> = writes
        .iter()
        .filter_map(|it| if let Write::Derived { target, columns } = it { Some((target, columns)) } else { None })
        .collect();
    for chunk in derived.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new("WITH known (kind, name, id, columns) AS (");
        query.push_values(chunk, |mut values, (target, columns)| {
            values.push_bind(target.kind()).push_bind(target.name()).push_bind(target.id()).push_bind(*columns);
        });
        query.push(") UPDATE resource SET derived_schema = known.columns FROM known WHERE resource.workspace_id = ");
        query.push_bind(workspace_id).push(" AND resource.kind = known.kind AND resource.name = known.name");
        query.push(" AND CASE WHEN known.id IS NULL THEN resource.first_serial = ").push_bind(serial.0);
        query.push(" ELSE resource.id = known.id END");
        let count = query.build().execute(&mut *connection).await?.rows_affected();
        if count != chunk.len() as u64 {
            return Err(missing(connection, workspace_id, serial, chunk.iter().map(|it| it.0)).await);
        }
    }
    Ok(())
}

async fn wire_orders(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    writes: &[Write],
) -> Result<()> {
    for write in writes {
        let Write::WireOrder { target, order } = write else { continue };
        let id = identity(connection, workspace_id, serial, target).await?;
        // An order only grows at its end: `["a"` begins `["a","b"]`. One that was learned meanwhile moves no serial,
        // and a plan that did not know it must not write over it.
        let result = sqlx::query(
            "UPDATE resource SET wire_order = ?1 WHERE id = ?2
                 AND substr(?1, 1, length(wire_order) - 1) = substr(wire_order, 1, length(wire_order) - 1)",
        )
        .bind(serde_json::to_string(order).expect("names are plain text"))
        .bind(id)
        .execute(&mut *connection)
        .await?;
        if result.rows_affected() != 1 {
            return Err(Error::Learned);
        }
    }
    Ok(())
}

pub(super) async fn entry(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    workspace: &str,
    entry: &LogEntry,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO apply (workspace_id, workspace, serial, applied_at, actor, git_commit, git_dirty, message, summary, restores, weir)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
        .bind(workspace_id)
        .bind(workspace)
        .bind(serial.0)
        .bind(&entry.at)
        .bind(&entry.actor)
        .bind(&entry.git_commit)
        .bind(entry.git_dirty)
        .bind(&entry.message)
        .bind(&entry.summary)
        .bind(entry.restores.map(|it| it.0))
        .bind(&entry.weir)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn changes(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    changes: &[LoggedChange],
) -> Result<()> {
    for chunk in changes.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO change (workspace_id, serial, action, kind, name, renamed_from, suppressed, before, after, \
                 resource_id, wire_order_before, derived_before) ",
        );
        query.push_values(chunk, |mut values, it| {
            values
                .push_bind(workspace_id)
                .push_bind(serial.0)
                .push_bind(&it.action)
                .push_bind(&it.kind)
                .push_bind(&it.name);
            values
                .push_bind(&it.renamed_from)
                .push_bind(it.suppressed)
                .push_bind(it.before.as_deref())
                .push_bind(it.after.as_deref())
                .push_bind(it.resource_id);
            for column in ["wire_order", "derived_schema"] {
                match it.resource_id {
                    Some(id) => {
                        values.push(format!("(SELECT {column} FROM resource WHERE id = ")).push_bind_unseparated(id);
                        values.push_unseparated(")");
                    }
                    None => {
                        values.push("NULL");
                    }
                }
            }
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

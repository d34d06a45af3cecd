//! What one transaction writes, into SQLite: thousands of rows, 200 a statement.

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite as Db};

use super::sqlite::CHUNK;
use super::{Error, LogEntry, LoggedChange, Part, Result};
use crate::plan::{Job, JobKind, Row, Serial, Write};

/// Restricts a statement to these rows of a workspace.
pub(super) fn where_ids(query: &mut QueryBuilder<Db>, workspace_id: i64, ids: &[i64]) {
    query.push("WHERE workspace_id = ").push_bind(workspace_id).push(" AND id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

/// Writes rows, orders, jobs and history.
pub(super) async fn part(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    part: &Part,
) -> Result<()> {
    rows(connection, workspace_id, serial, &part.writes).await?;
    learned(connection, workspace_id, &part.writes).await?;
    jobs(connection, workspace_id, serial, &part.writes).await?;
    changes(connection, workspace_id, serial, &part.changes).await
}

/// Deletes first, then updates, then inserts: a name is free before it is taken.
async fn rows(connection: &mut SqliteConnection, workspace_id: i64, serial: Serial, writes: &[Write]) -> Result<()> {
    let json = |it: &[String]| serde_json::to_string(it).expect("names are plain text");
    let gone: Vec<i64> =
        writes.iter().filter_map(|it| if let Write::Delete { id } = it { Some(*id) } else { None }).collect();
    for chunk in gone.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new("DELETE FROM resource ");
        where_ids(&mut query, workspace_id, chunk);
        let result = query.build().execute(&mut *connection).await?;
        expect_rows(result.rows_affected(), chunk.len())?;
    }
    for write in writes {
        let Write::Update { id, row } = write else { continue };
        let result = sqlx::query(
            "UPDATE resource
             SET name = ?, spec = ?, digest = ?, prevent_destroy = ?, depends_on = ?, last_serial = ?
             WHERE id = ? AND workspace_id = ?",
        )
        .bind(&row.name)
        .bind(&*row.spec)
        .bind(&row.digest)
        .bind(row.prevent_destroy)
        .bind(json(&row.depends_on))
        .bind(serial.0)
        .bind(id)
        .bind(workspace_id)
        .execute(&mut *connection)
        .await?;
        expect_rows(result.rows_affected(), 1)?;
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

/// A row that is not where the plan saw it means that somebody wrote past weir.
fn expect_rows(found: u64, expected: usize) -> Result<()> {
    if found == expected as u64 { Ok(()) } else { Err(Error::Damaged("a row that the plan saw is gone".to_owned())) }
}

/// Writes what is known of rows beside what is declared: the order on the wire, and what data says of columns.
pub(super) async fn learned(connection: &mut SqliteConnection, workspace_id: i64, writes: &[Write]) -> Result<()> {
    wire_orders(connection, workspace_id, writes).await?;
    let derived: Vec<(&String, &String, &String)> = writes
        .iter()
        .filter_map(|it| match it {
            Write::Derived { kind, name, columns } => Some((kind, name, columns)),
            _ => None,
        })
        .collect();
    for chunk in derived.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new("WITH known (kind, name, columns) AS (");
        query.push_values(chunk, |mut values, (kind, name, columns)| {
            values.push_bind(*kind).push_bind(*name).push_bind(*columns);
        });
        query.push(") UPDATE resource SET derived_schema = known.columns FROM known WHERE resource.workspace_id = ");
        query.push_bind(workspace_id).push(" AND resource.kind = known.kind AND resource.name = known.name");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn wire_orders(connection: &mut SqliteConnection, workspace_id: i64, writes: &[Write]) -> Result<()> {
    for write in writes {
        let Write::WireOrder { kind, name, order } = write else { continue };
        // An order only ever grows at its end: `["a"` begins `["a","b"]`. One that was learned meanwhile moves no serial,
        // and must not be written over by a plan that did not know it.
        let result = sqlx::query(
            "UPDATE resource SET wire_order = ?1 WHERE workspace_id = ?2 AND kind = ?3 AND name = ?4
                 AND substr(?1, 1, length(wire_order) - 1) = substr(wire_order, 1, length(wire_order) - 1)",
        )
        .bind(serde_json::to_string(order).expect("names are plain text"))
        .bind(workspace_id)
        .bind(kind)
        .bind(name)
        .execute(&mut *connection)
        .await?;
        if result.rows_affected() != 1 {
            return Err(Error::Learned);
        }
    }
    Ok(())
}

async fn jobs(connection: &mut SqliteConnection, workspace_id: i64, serial: Serial, writes: &[Write]) -> Result<()> {
    for write in writes {
        let (id, statement) = match write {
            Write::CancelJobs { id } => {
                (id, "UPDATE job SET state = 'cancelled' WHERE resource_id = ? AND state = 'pending'")
            }
            Write::CancelRecurring { id } => (
                id,
                "UPDATE job SET state = 'cancelled' WHERE resource_id = ? AND state = 'pending' AND kind = 'recurring'",
            ),
            _ => continue,
        };
        sqlx::query(statement).bind(id).execute(&mut *connection).await?;
    }
    let added: Vec<(&String, &String, &Job)> = writes
        .iter()
        .filter_map(|it| if let Write::Job { kind, name, job } = it { Some((kind, name, job)) } else { None })
        .collect();
    for chunk in added.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO job (workspace_id, resource_id, kind, range_start, range_end, every, delay, online, offline, serial) ",
        );
        query.push_values(chunk, |mut values, (kind, name, job)| {
            values.push_bind(workspace_id);
            values.push("(SELECT id FROM resource WHERE workspace_id = ").push_bind_unseparated(workspace_id);
            values
                .push_unseparated(" AND kind = ")
                .push_bind_unseparated(*kind)
                .push_unseparated(" AND name = ")
                .push_bind_unseparated(*name)
                .push_unseparated(")");
            let (word, range, every) = match &job.kind {
                JobKind::Backfill { range, .. } => ("backfill", Some(*range), None),
                JobKind::Recurring { every, delay } => ("recurring", None, Some((every.secs, delay.secs))),
            };
            values.push_bind(word).push_bind(range.map(|it| it.start.secs)).push_bind(range.map(|it| it.end.secs));
            values
                .push_bind(every.map(|it| it.0))
                .push_bind(every.map(|it| it.1))
                .push_bind(job.online)
                .push_bind(job.offline)
                .push_bind(serial.0);
        });
        query.build().execute(&mut *connection).await?;
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
    sqlx::query("INSERT INTO apply (workspace_id, workspace, serial, applied_at, actor, git_commit, message, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(workspace_id)
        .bind(workspace)
        .bind(serial.0)
        .bind(&entry.at)
        .bind(&entry.actor)
        .bind(&entry.git_commit)
        .bind(&entry.message)
        .bind(&entry.summary)
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
            "INSERT INTO change (workspace_id, serial, action, kind, name, renamed_from, suppressed, before, after) ",
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
                .push_bind(it.after.as_deref());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

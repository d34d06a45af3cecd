//! Reads jobs for a plan from SQLite, and writes them in its commit.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite as Db};

use super::rows::{CHUNK, missing};
use crate::recorded::{Serial, Target, Write};
use crate::registry::error::{Error, Result};
use crate::registry::rows::StoredJob;
use crate::resource::{Duration, Instant, Job, JobKind, JobState, Range, RecordedJob};

/// Ends, changes and inserts jobs.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    workspace_id: i64,
    serial: Serial,
    writes: &[Write],
) -> Result<()> {
    for write in writes {
        match write {
            // This commit found the row by all of its names and deleted it. Its jobs are found by its number.
            Write::CancelJobs { recorded } => {
                sqlx::query(
                    "UPDATE job SET state = 'cancelled'
                     WHERE resource_id = ? AND workspace_id = ? AND state IN ('pending', 'running', 'failed')",
                )
                .bind(recorded.id)
                .bind(workspace_id)
                .execute(&mut *connection)
                .await?;
            }
            Write::ChangeJob { target, id, state, job } => {
                // A schedule's end is how far it has run: it stays.
                let stored = Stored::of(job);
                let changed = sqlx::query(
                    "UPDATE job SET kind = ?, range_start = ?, range_end = coalesce(?, range_end), every = ?,
                         delay = ?, online = ?, offline = ?, serial = ?
                     WHERE id = ? AND state = ? AND workspace_id = ? AND resource_id IS ?",
                )
                .bind(stored.kind)
                .bind(stored.start)
                .bind(stored.end)
                .bind(stored.every)
                .bind(stored.delay)
                .bind(job.online)
                .bind(job.offline)
                .bind(serial.0)
                .bind(id)
                .bind(state.as_str())
                .bind(workspace_id)
                .bind(target.id())
                .execute(&mut *connection)
                .await?;
                found(changed.rows_affected(), target)?;
            }
            Write::EndJob { target, id, state, to } => {
                let ended = sqlx::query(
                    "UPDATE job SET state = ? WHERE id = ? AND state = ? AND workspace_id = ? AND resource_id IS ?",
                )
                .bind(to.as_str())
                .bind(id)
                .bind(state.as_str())
                .bind(workspace_id)
                .bind(target.id())
                .execute(&mut *connection)
                .await?;
                found(ended.rows_affected(), target)?;
            }
            _ => {}
        }
    }
    insert(connection, workspace_id, serial, writes).await
}

/// Errors where the job is not as the plan saw it: a worker has begun or ended it meanwhile.
fn found(count: u64, target: &Target) -> Result<()> {
    if count == 1 { Ok(()) } else { Err(Error::job_moved(target)) }
}

async fn insert(connection: &mut SqliteConnection, workspace_id: i64, serial: Serial, writes: &[Write]) -> Result<()> {
    let added: Vec<(&Target, &Job)> = writes
        .iter()
        .filter_map(|it| if let Write::Job { target, job } = it { Some((target, job)) } else { None })
        .collect();
    for chunk in added.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO job (workspace_id, resource_id, kind, range_start, range_end, every, delay, online, offline, serial) ",
        );
        query.push_values(chunk, |mut values, (target, job)| {
            values.push_bind(workspace_id);
            values.push("(SELECT id FROM resource WHERE workspace_id = ").push_bind_unseparated(workspace_id);
            values.push_unseparated(" AND kind = ").push_bind_unseparated(target.kind());
            values.push_unseparated(" AND name = ").push_bind_unseparated(target.name());
            match target.id() {
                Some(id) => values.push_unseparated(" AND id = ").push_bind_unseparated(id),
                None => values.push_unseparated(" AND first_serial = ").push_bind_unseparated(serial.0),
            };
            values.push_unseparated(")");
            let stored = Stored::of(job);
            values.push_bind(stored.kind).push_bind(stored.start).push_bind(stored.end);
            values
                .push_bind(stored.every)
                .push_bind(stored.delay)
                .push_bind(job.online)
                .push_bind(job.offline)
                .push_bind(serial.0);
        });
        if let Err(error) = query.build().execute(&mut *connection).await.map_err(Error::from) {
            // A job must have a row, and a row that is not found gives no number.
            return match error {
                Error::Constraint(_) => {
                    Err(missing(connection, workspace_id, serial, chunk.iter().map(|it| it.0)).await)
                }
                other => Err(other),
            };
        }
    }
    Ok(())
}

/// The columns of a job.
struct Stored {
    kind: &'static str,
    start: i64,
    end: Option<i64>,
    every: Option<i64>,
    delay: Option<i64>,
}

impl Stored {
    fn of(job: &Job) -> Self {
        match job.kind {
            JobKind::Backfill { range, .. } => {
                Self { kind: "backfill", start: range.start.secs, end: Some(range.end.secs), every: None, delay: None }
            }
            JobKind::Recurring { every, delay, from } => Self {
                kind: "recurring",
                start: from.secs,
                end: None,
                every: Some(every.secs),
                delay: Some(delay.secs),
            },
        }
    }
}

/// Returns every job of these identities, by identity and in the order of their creation.
pub(super) async fn read(connection: &mut SqliteConnection, workspace_id: i64, ids: &[i64]) -> Result<Vec<StoredJob>> {
    let mut jobs = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT resource_id, id, state, kind, range_start, range_end, every, delay, online, offline FROM job
             WHERE workspace_id = ",
        );
        query.push_bind(workspace_id).push(" AND resource_id IN (");
        let mut list = query.separated(", ");
        for id in chunk {
            list.push_bind(*id);
        }
        query.push(") ORDER BY resource_id, id");
        for row in query.build().fetch_all(&mut *connection).await? {
            jobs.push(job(&row)?);
        }
    }
    Ok(jobs)
}

fn job(row: &SqliteRow) -> Result<StoredJob> {
    let id: i64 = row.try_get(1)?;
    let number = |column: usize| {
        let value: Option<i64> = row.try_get(column)?;
        value.ok_or_else(|| Error::Damaged(format!("job {id} lacks a part of its range or its schedule")))
    };
    let instant = |secs: i64| Instant { secs };
    let (kind, ran_to) = match row.try_get::<String, _>(3)?.as_str() {
        "backfill" => {
            let range = Range { start: instant(number(4)?), end: instant(number(5)?) };
            (JobKind::Backfill { range, count: 0 }, None)
        }
        "recurring" => {
            let (every, delay) = (Duration::secs(number(6)?), Duration::secs(number(7)?));
            let ran_to = row.try_get::<Option<i64>, _>(5)?.map(instant);
            (JobKind::Recurring { every, delay, from: instant(number(4)?) }, ran_to)
        }
        other => return Err(Error::UnknownKind { what: format!("job {id}, `{other}`") }),
    };
    let state: JobState = row.try_get::<String, _>(2)?.parse().map_err(Error::Damaged)?;
    let job = Job { kind, online: row.try_get(8)?, offline: row.try_get(9)? };
    Ok(StoredJob { view: row.try_get(0)?, job: RecordedJob { id, state, job, ran_to } })
}

//! A connection to a registry file, with its queries.
//!
//! Rows cross a channel from SQLite's own thread one by one. So all rows of a workspace are read as one packed value,
//! and thousands of rows are written 200 a statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use rayon::prelude::*;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite as Db};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::connection::WITH_LOG;
use super::rows::{CHUNK, where_ids};
use super::{jobs, write};
use crate::recorded::{Base, Entry, Mode, Serial, Snapshot, Write};
use crate::registry::error::{Error, Result};
use crate::registry::read::{address, parse_address};
use crate::registry::rows::{
    Held, LogEntry, LoggedChange, StoredColumns, StoredJob, StoredSpec, Transaction, Workspace, stands,
};
use crate::registry::traits::{Commit, Guard, History, Jobs, Recorded};
use crate::resource::{Address, Digest};

/// A connection to a registry file. Dropping it closes the file and moves the log into it. So a copy of the one file is
/// complete, and reading leaves no file behind.
pub struct Sqlite {
    /// Each caller holds it alone until the answer has come.
    connection: Mutex<Option<SqliteConnection>>,
    /// True for a new file. Its first transaction is written straight into it, without a log.
    is_new: bool,
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.get_mut().take() {
            // Errors are ignored: commits hold even where the log cannot be moved. Where another process reads at this
            // moment, the next writer turns the log on.
            if self.is_new {
                let _ = pollster::block_on(sqlx::query(WITH_LOG).execute(&mut connection));
            }
            let _ = pollster::block_on(connection.close());
        }
    }
}

/// All of one workspace's rows as one text: fields end with U+001F, rows with U+001E.
const PACKED: &str = "
    SELECT coalesce(group_concat(id || char(31) || kind || char(31) || name || char(31) || digest || char(31) || prevent_destroy
        || char(31) || depends_on || char(31) || wire_order, char(30)), '')
    FROM resource WHERE workspace_id = ?";

/// The columns that a commit compares with its base: the workspace's row, serial, state, mode and identity, and whether
/// the registry was ever used.
const GROUND: &str = "
    SELECT id, serial, state, mode, (SELECT id FROM registry) || '/' || workspace.id,
        EXISTS (SELECT 1 FROM apply) OR (SELECT seq FROM sqlite_sequence WHERE name = 'workspace') > 1
    FROM workspace WHERE name = ?";

fn mode(text: &str) -> Result<Mode> {
    match text {
        "live" => Ok(Mode::Live),
        "development" => Ok(Mode::Development),
        other => Err(Error::Damaged(format!("`{other}` is not a mode of a workspace"))),
    }
}

impl Sqlite {
    pub(super) fn new(connection: SqliteConnection, is_new: bool) -> Self {
        Self { connection: Mutex::new(Some(connection)), is_new }
    }

    async fn connection(&self) -> MappedMutexGuard<'_, SqliteConnection> {
        let connection = self.connection.lock().await;
        MutexGuard::map(connection, |it| it.as_mut().expect("the connection is open until it is dropped"))
    }

    async fn workspace_id(connection: &mut SqliteConnection, name: &str) -> Result<i64> {
        let row = sqlx::query("SELECT id FROM workspace WHERE name = ?").bind(name).fetch_optional(&mut *connection);
        match row.await? {
            Some(row) => Ok(row.try_get(0)?),
            None => Err(Self::no_workspace(connection, name).await?),
        }
    }

    async fn no_workspace(connection: &mut SqliteConnection, name: &str) -> Result<Error> {
        let names = sqlx::query("SELECT name FROM workspace ORDER BY name").fetch_all(connection).await?;
        let existing = names.iter().map(|it| it.try_get(0)).collect::<std::result::Result<_, _>>()?;
        Ok(Error::NoWorkspace { name: name.to_owned(), existing })
    }

    async fn packed(connection: &mut SqliteConnection, workspace_id: i64) -> Result<BTreeMap<Address, Entry>> {
        let text: String = sqlx::query(PACKED).bind(workspace_id).fetch_one(connection).await?.try_get(0)?;
        text.par_split('\u{1e}').filter(|it| !it.is_empty()).map(unpack).collect()
    }

    /// Checks, inside the transaction, that the plan's base still holds.
    async fn check_base(
        connection: &mut SqliteConnection,
        workspace: &str,
        base: &Base,
        guard: Guard<'_>,
    ) -> Result<i64> {
        let now = sqlx::query(GROUND).bind(workspace).fetch_optional(&mut *connection).await?;
        let Some(now) = now else { return Err(Self::no_workspace(connection, workspace).await?) };
        let (id, serial, state): (i64, i64, String) = (now.try_get(0)?, now.try_get(1)?, now.try_get(2)?);
        let (mode, registry, used) = (mode(&now.try_get::<String, _>(3)?)?, now.try_get(4)?, now.try_get(5)?);
        stands(base, &Base { registry, serial: Serial(serial), state: String::new() }, used)?;
        // A state that is not known is computed from the rows.
        let entries = match guard.is_some() || state.is_empty() {
            true => Some(Self::packed(connection, id).await?),
            false => None,
        };
        let state = match &entries {
            Some(entries) if state.is_empty() => Snapshot::state_of(entries),
            _ => state,
        };
        if state != base.state {
            return Err(Error::OtherState { serial: base.serial });
        }
        if let (Some(guard), Some(entries)) = (guard, &entries) {
            guard(mode, entries).map_err(Error::Refused)?;
        }
        Ok(id)
    }
}

fn unpack(row: &str) -> Result<(Address, Entry)> {
    let damaged = |what: &str| Error::Damaged(format!("a row of `resource` has a bad {what}"));
    let mut fields = row.split('\u{1f}');
    let mut next = |what| fields.next().ok_or_else(|| damaged(what));
    let id = next("id")?.parse().map_err(|_| damaged("id"))?;
    let address = address(next("kind")?, next("name")?)?;
    let digest = next("digest")?.parse::<Digest>().map_err(Error::Damaged)?;
    let prevent_destroy = next("prevent_destroy")? == "1";
    let depends_on = next("depends_on")?;
    let depends_on = if depends_on == "[]" {
        Vec::new()
    } else {
        let depends_on: Vec<String> = serde_json::from_str(depends_on).map_err(|_| damaged("depends_on"))?;
        depends_on.iter().map(|it| parse_address(it)).collect::<Result<_>>()?
    };
    let wire_order = order(next("wire_order")?)?;
    Ok((address, Entry { id, digest, prevent_destroy, depends_on, wire_order, resource: None }))
}

fn order(text: &str) -> Result<Vec<String>> {
    if text == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|_| Error::Damaged("a row has a bad wire_order".to_owned()))
}

#[async_trait]
impl Recorded for Sqlite {
    async fn workspaces(&self) -> Result<Vec<Workspace>> {
        let rows = sqlx::query(
            "SELECT name, mode, serial, state, (SELECT count(*) FROM resource WHERE workspace_id = workspace.id),
                 (SELECT id FROM registry) || '/' || workspace.id
             FROM workspace ORDER BY name",
        )
        .fetch_all(&mut *self.connection().await)
        .await?;
        // `prod` cannot be deleted: without any row, reading has failed.
        if rows.is_empty() {
            return Err(Error::Damaged("it holds no workspace".to_owned()));
        }
        rows.iter()
            .map(|row| {
                let mode = mode(&row.try_get::<String, _>(1)?)?;
                let count: i64 = row.try_get(4)?;
                Ok(Workspace {
                    name: row.try_get(0)?,
                    mode,
                    serial: Serial(row.try_get(2)?),
                    state: row.try_get(3)?,
                    count: count.unsigned_abs() as usize,
                    registry: row.try_get(5)?,
                })
            })
            .collect()
    }

    async fn base(&self, workspace: &str) -> Result<Base> {
        let connection = &mut *self.connection().await;
        let row =
            sqlx::query("SELECT (SELECT id FROM registry) || '/' || id, serial, state FROM workspace WHERE name = ?")
                .bind(workspace)
                .fetch_optional(&mut *connection)
                .await?;
        let Some(row) = row else { return Err(Self::no_workspace(connection, workspace).await?) };
        Ok(Base { registry: row.try_get(0)?, serial: Serial(row.try_get(1)?), state: row.try_get(2)? })
    }

    async fn entries(&self, workspace: &str) -> Result<BTreeMap<Address, Entry>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        Self::packed(connection, workspace_id).await
    }

    async fn specs(&self, workspace: &str, ids: Option<&[i64]>) -> Result<Vec<StoredSpec>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        let spec = |row: &SqliteRow| Ok(StoredSpec { id: row.try_get(0)?, spec: row.try_get(1)? });
        let Some(ids) = ids else {
            let rows = sqlx::query("SELECT id, spec FROM resource WHERE workspace_id = ?")
                .bind(workspace_id)
                .fetch_all(&mut *connection)
                .await?;
            return rows.iter().map(spec).collect();
        };
        let mut specs = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::<Db>::new("SELECT id, spec FROM resource ");
            where_ids(&mut query, workspace_id, chunk);
            let rows = query.build().fetch_all(&mut *connection).await?;
            specs.extend(rows.iter().map(spec).collect::<Result<Vec<_>>>()?);
        }
        Ok(specs)
    }

    async fn derived(&self, workspace: &str) -> Result<Vec<StoredColumns>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        let rows = sqlx::query(
            "SELECT kind, name, id, derived_schema FROM resource WHERE workspace_id = ? AND derived_schema IS NOT NULL",
        )
        .bind(workspace_id)
        .fetch_all(&mut *connection)
        .await?;
        let columns = |row: &SqliteRow| {
            Ok(StoredColumns {
                kind: row.try_get(0)?,
                name: row.try_get(1)?,
                id: row.try_get(2)?,
                columns: row.try_get(3)?,
            })
        };
        rows.iter().map(columns).collect()
    }
}

#[async_trait]
impl Commit for Sqlite {
    async fn commit(&self, transaction: Transaction<'_>, guard: Guard<'_>) -> Result<Serial> {
        let mut connection = self.connection().await;
        // SQLite takes the write lock here, not at the first write, so two applies queue instead of one failing late.
        let mut open = connection.begin_with("BEGIN IMMEDIATE").await?;
        let workspace_id = Self::check_base(&mut open, &transaction.workspace, &transaction.base, guard).await?;
        let serial = Serial(transaction.base.serial.0 + 1);
        // With `state` empty, the triggers that clear it skip each of thousands of rows.
        sqlx::query("UPDATE workspace SET state = '' WHERE id = ?").bind(workspace_id).execute(&mut *open).await?;
        let connection: &mut SqliteConnection = &mut open;
        write::entry(connection, workspace_id, serial, &transaction.workspace, &transaction.entry).await?;
        let mut count = 0;
        for part in transaction.parts {
            write::part(connection, workspace_id, serial, &part).await?;
            count += part.changes.len();
        }
        if count != transaction.count {
            return Err(Error::Incomplete);
        }
        sqlx::query("UPDATE workspace SET serial = ?, state = ? WHERE id = ?")
            .bind(serial.0)
            .bind(&transaction.state)
            .bind(workspace_id)
            .execute(connection)
            .await?;
        open.commit().await?;
        Ok(serial)
    }

    async fn learn(&self, workspace: &str, base: &Base, writes: &[Write]) -> Result<()> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let workspace_id = Self::check_base(&mut transaction, workspace, base, None).await?;
        let connection: &mut SqliteConnection = &mut transaction;
        let state = sqlx::query("SELECT state FROM workspace WHERE id = ?").bind(workspace_id);
        let state: String = state.fetch_one(&mut *connection).await?.try_get(0)?;
        write::learned(connection, workspace_id, Serial(base.serial.0 + 1), writes).await?;
        // The triggers cleared the state, but the declared resources are unchanged: it is put back.
        let state = sqlx::query("UPDATE workspace SET state = ? WHERE id = ?").bind(state).bind(workspace_id);
        state.execute(connection).await?;
        Ok(transaction.commit().await?)
    }

    async fn create_workspace(&self, name: &str, mode: Mode, at: &str) -> Result<()> {
        let result = sqlx::query("INSERT INTO workspace (name, mode, created_at) VALUES (?, ?, ?)")
            .bind(name)
            .bind(mode.as_str())
            .bind(at)
            .execute(&mut *self.connection().await)
            .await;
        match result.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(Error::Trigger(_)) => Err(Error::Workspace(format!("workspace `{name}` exists already"))),
            Err(error) => Err(error),
        }
    }

    async fn delete_workspace(&self, name: &str, base: &Base, guard: Guard<'_>) -> Result<()> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let id = Self::check_base(&mut transaction, name, base, guard).await?;
        for statement in [
            "UPDATE job SET state = 'cancelled' WHERE workspace_id = ? AND state IN ('pending', 'running', 'failed')",
            "DELETE FROM resource WHERE workspace_id = ?",
            "DELETE FROM workspace WHERE id = ?",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl History for Sqlite {
    async fn log(&self, workspace: &str, limit: Option<i64>) -> Result<Vec<LogEntry>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        let rows = sqlx::query(
            "SELECT serial, applied_at, actor, git_commit, git_dirty, message, summary, restores, weir
             FROM apply WHERE workspace_id = ? ORDER BY serial DESC LIMIT ?",
        )
        .bind(workspace_id)
        .bind(limit.unwrap_or(-1))
        .fetch_all(&mut *connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(LogEntry {
                    serial: Serial(row.try_get(0)?),
                    at: row.try_get(1)?,
                    actor: row.try_get(2)?,
                    git_commit: row.try_get(3)?,
                    git_dirty: row.try_get(4)?,
                    message: row.try_get(5)?,
                    summary: row.try_get(6)?,
                    restores: row.try_get::<Option<i64>, _>(7)?.map(Serial),
                    weir: row.try_get(8)?,
                })
            })
            .collect()
    }

    async fn changes(&self, workspace: &str, from: Serial, to: Serial) -> Result<Vec<LoggedChange>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        let rows = sqlx::query(
            "SELECT serial, action, kind, name, renamed_from, suppressed, before, after, resource_id, wire_order_before, derived_before
             FROM change WHERE workspace_id = ? AND serial > ? AND serial <= ? ORDER BY serial, id",
        )
        .bind(workspace_id)
        .bind(from.0)
        .bind(to.0)
        .fetch_all(&mut *connection)
        .await?;
        rows.iter()
            .map(|row| {
                let suppressed: i64 = row.try_get(5)?;
                Ok(LoggedChange {
                    serial: Serial(row.try_get(0)?),
                    action: row.try_get(1)?,
                    kind: row.try_get(2)?,
                    name: row.try_get(3)?,
                    renamed_from: row.try_get(4)?,
                    suppressed: suppressed != 0,
                    before: row.try_get::<Option<String>, _>(6)?.map(Arc::from),
                    after: row.try_get::<Option<String>, _>(7)?.map(Arc::from),
                    resource_id: row.try_get(8)?,
                    held: Held {
                        wire_order: row.try_get::<Option<String>, _>(9)?.map(|it| order(&it)).transpose()?,
                        derived: row.try_get(10)?,
                    },
                })
            })
            .collect()
    }
}

#[async_trait]
impl Jobs for Sqlite {
    async fn jobs(&self, workspace: &str, ids: &[i64]) -> Result<Vec<StoredJob>> {
        let connection = &mut *self.connection().await;
        let workspace_id = Self::workspace_id(connection, workspace).await?;
        jobs::read(connection, workspace_id, ids).await
    }
}

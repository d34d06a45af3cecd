//! The recorded side: what was applied, by whom, and what it took. Knows neither plans nor kinds.

mod backup;
mod check;
mod error;
mod jobs;
mod location;
mod memory;
mod migrate;
mod open;
mod sqlite;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::recorded::{Base, Columns, Entry, Mode, Serial, Write, downstream};
use crate::resource::{Address, RecordedJob, Resource, VIEWS};

pub use backup::backup;
pub use check::{Report, check};
pub use error::Error;
pub use location::{Location, Malformed};
pub use memory::Memory;
pub use migrate::{FORMAT, Migrated, migrate};
pub use open::{create, open};
pub use sqlite::Sqlite;

pub type Result<T> = std::result::Result<T, Error>;

/// A place that records workspaces. Small on purpose: every backend passes one contract suite.
#[async_trait]
pub trait Registry: Send {
    /// Returns the workspaces, by name.
    async fn workspaces(&mut self) -> Result<Vec<Workspace>>;

    /// Returns every recorded resource of a workspace, without its spec.
    async fn entries(&mut self, workspace: &str) -> Result<BTreeMap<Address, Entry>>;

    /// Returns the specs of these identities, or all of the workspace, as stored JSON.
    async fn specs(&mut self, workspace: &str, ids: Option<&[i64]>) -> Result<Vec<(i64, String)>>;

    /// Returns every job of these identities, with the identity, in the order of their making.
    async fn jobs(&mut self, workspace: &str, ids: &[i64]) -> Result<Vec<(i64, RecordedJob)>>;

    /// Writes all of `commit` or nothing. Refuses when the workspace is not what its base says any more, when a row that
    /// it writes to is not the one that was seen, or when `guard`, shown what is recorded by then, says no.
    async fn commit(&mut self, commit: Commit<'_>, guard: Guard<'_>) -> Result<Serial>;

    /// Returns what data said of columns, as kind, name, identity and stored JSON, where anything was ever recorded.
    async fn derived(&mut self, workspace: &str) -> Result<Vec<(String, String, i64, String)>>;

    /// Writes what data says and nothing that is declared: no apply, so the serial stays. Refuses when the workspace
    /// is not at `base` any more.
    async fn learn(&mut self, workspace: &str, base: &Base, writes: &[Write]) -> Result<()>;

    async fn create_workspace(&mut self, name: &str, mode: Mode, at: &str) -> Result<()>;

    /// Deletes a workspace and all that it records; the history stays. Refuses as `commit` does.
    async fn delete_workspace(&mut self, name: &str, base: &Base, guard: Guard<'_>) -> Result<()>;

    /// Returns the applies of a workspace, newest first.
    async fn log(&mut self, workspace: &str, limit: Option<i64>) -> Result<Vec<LogEntry>>;

    /// Returns the changes of the applies after `from`, up to and including `to`, in the order of their writing.
    async fn changes(&mut self, workspace: &str, from: Serial, to: Serial) -> Result<Vec<LoggedChange>>;
}

/// Looks at what is recorded inside the transaction, and in which mode; an error stops it.
pub type Guard<'a> = Option<
    &'a (dyn Fn(Mode, &BTreeMap<Address, Entry>) -> std::result::Result<(), crate::plan::Refused> + Send + Sync),
>;

/// One workspace as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub name: String,
    pub mode: Mode,
    pub serial: Serial,
    /// The digest over all its resources, when it is known.
    pub state: String,
    pub count: usize,
    /// Which workspace of which registry this is: another of the same name is another one.
    pub registry: String,
}

impl Workspace {
    /// Returns what a registry holds before there is one: `prod`, live, at its start.
    pub fn first() -> Self {
        Self {
            name: "prod".to_owned(),
            mode: Mode::Live,
            serial: Serial(0),
            state: String::new(),
            count: 0,
            registry: String::new(),
        }
    }
}

/// One transaction.
pub struct Commit<'a> {
    pub workspace: String,
    pub base: Base,
    pub state: String,
    pub entry: LogEntry,
    /// Written in this order. Made while they are written, so that not all of it lies in memory at once.
    pub parts: Parts<'a>,
    /// How many changes the parts hold together: what makes them may die, and then nothing is committed.
    pub count: usize,
}

pub type Parts<'a> = Box<dyn Iterator<Item = Part> + Send + 'a>;

/// Some of what a transaction writes: rows that go are gone before others take their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    pub writes: Vec<Write>,
    /// The same for the history.
    pub changes: Vec<LoggedChange>,
}

/// One apply in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub serial: Serial,
    /// RFC 3339.
    pub at: String,
    pub actor: String,
    pub git_commit: Option<String>,
    /// Whether files of the repo differed from the commit, when git said.
    pub git_dirty: Option<bool>,
    pub message: Option<String>,
    /// The plan's tally, JSON.
    pub summary: String,
    /// Of a restore: where it went back to.
    pub restores: Option<Serial>,
    /// The version of the weir that applied; not known of what format 1 recorded.
    pub weir: Option<String>,
}

/// One change in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedChange {
    pub serial: Serial,
    pub action: String,
    pub kind: String,
    pub name: String,
    pub renamed_from: Option<String>,
    pub suppressed: bool,
    /// JSON, as stored.
    pub before: Option<Arc<str>>,
    pub after: Option<Arc<str>>,
    /// The identity before, of what was recorded.
    pub resource_id: Option<i64>,
    /// What the row held beside its spec before. The registry fills it in: what data teaches moves no serial, so only
    /// the row knows.
    pub held: Held,
}

/// What a row holds beside its spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Of a service: its features in wire order. Not known of what format 1 recorded.
    pub wire_order: Option<Vec<String>>,
    /// What data said of its columns, JSON, when anything did.
    pub derived: Option<String>,
}

/// Fills in the specs of `entries` for the addresses that `wanted` chooses.
pub async fn read_specs(
    registry: &mut dyn Registry,
    workspace: &str,
    entries: &mut BTreeMap<Address, Entry>,
    wanted: impl Fn(&Address, &Entry) -> bool,
) -> Result<()> {
    let mut by_id: BTreeMap<i64, Address> =
        entries.iter().filter(|it| wanted(it.0, it.1)).map(|(address, entry)| (entry.id, address.clone())).collect();
    if by_id.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = by_id.keys().copied().collect();
    let all = ids.len() * 2 > entries.len();
    let specs = registry.specs(workspace, if all { None } else { Some(&ids) }).await?;
    for (id, spec) in specs {
        let Some(address) = by_id.remove(&id) else { continue };
        let Some(entry) = entries.get_mut(&address) else { continue };
        entry.resource = Some(decode(&address, &spec, entry.depends_on.clone())?);
    }
    Ok(())
}

/// Returns the jobs of the entries that `wanted` chooses and of all that depends on them, by identity.
pub async fn read_jobs(
    registry: &mut dyn Registry,
    workspace: &str,
    entries: &BTreeMap<Address, Entry>,
    wanted: impl Fn(&Address, &Entry) -> bool,
) -> Result<BTreeMap<i64, Vec<RecordedJob>>> {
    let from: Vec<&Address> = entries.iter().filter(|it| wanted(it.0, it.1)).map(|it| it.0).collect();
    if from.is_empty() {
        return Ok(BTreeMap::new());
    }
    let is_view = |it: &&Address| VIEWS.contains(&it.kind);
    let reached = downstream(from, entries);
    let ids: Vec<i64> = reached.nodes().filter(is_view).filter_map(|it| Some(entries.get(it)?.id)).collect();
    let mut jobs: BTreeMap<i64, Vec<RecordedJob>> = BTreeMap::new();
    for (id, job) in registry.jobs(workspace, &ids).await? {
        jobs.entry(id).or_default().push(job);
    }
    Ok(jobs)
}

/// Returns what data said of columns when they were recorded.
pub async fn derived(registry: &mut dyn Registry, workspace: &str) -> Result<BTreeMap<Address, (i64, Columns)>> {
    let mut derived = BTreeMap::new();
    for (kind, name, id, text) in registry.derived(workspace).await? {
        let address = Address::new(kind.parse().map_err(Error::Damaged)?, name.as_str());
        let columns = columns(&address, &text)?;
        derived.insert(address, (id, columns));
    }
    Ok(derived)
}

/// Decodes what a row or the history holds of columns.
pub fn columns(address: &Address, text: &str) -> Result<Columns> {
    #[derive(serde::Deserialize)]
    struct Column {
        name: String,
        dtype: String,
    }
    let columns: Vec<Column> = serde_json::from_str(text)
        .map_err(|it| Error::Damaged(format!("the derived_schema of `{address}` cannot be read: {it}")))?;
    Ok(columns.into_iter().map(|it| (it.name, it.dtype)).collect())
}

/// Decodes a stored spec.
pub fn decode(address: &Address, spec: &str, depends_on: Vec<Address>) -> Result<Resource> {
    let mut resource = crate::resource::from_json_text(address.clone(), spec)
        .map_err(|it| Error::Damaged(format!("the spec of `{address}` cannot be read: {it}")))?;
    resource.depends_on = depends_on;
    Ok(resource)
}

/// Returns every spec that was recorded at `serial`, by address, from the history.
pub async fn specs_at(
    registry: &mut dyn Registry,
    workspace: &str,
    serial: Serial,
) -> Result<BTreeMap<Address, String>> {
    let mut specs = BTreeMap::new();
    for change in registry.changes(workspace, Serial(0), serial).await? {
        let kind = change.kind.parse().map_err(Error::Damaged)?;
        if let Some(old) = &change.renamed_from {
            specs.remove(&Address::new(kind, old.as_str()));
        }
        let address = Address::new(kind, change.name.as_str());
        match change.after {
            Some(after) => specs.insert(address, after.to_string()),
            None => specs.remove(&address),
        };
    }
    Ok(specs)
}

/// Returns what rows held beside their specs at the end of `serial`, by address, where something has changed since; what
/// is not there is as the rows are today.
pub async fn held_at(registry: &mut dyn Registry, workspace: &str, serial: Serial) -> Result<BTreeMap<Address, Held>> {
    let mut held: BTreeMap<Address, Held> = BTreeMap::new();
    // By today's address, which resource of then that is; `None` for one that came later.
    let mut then_by_now: BTreeMap<Address, Option<Address>> = BTreeMap::new();
    for change in registry.changes(workspace, serial, Serial(i64::MAX)).await? {
        let kind = change.kind.parse().map_err(Error::Damaged)?;
        let address = Address::new(kind, change.name.as_str());
        let before = change.renamed_from.as_ref().map_or(address.clone(), |it| Address::new(kind, it.as_str()));
        let existed = change.before.is_some();
        let then = then_by_now.get(&before).cloned().unwrap_or(existed.then(|| before.clone()));
        if let (Some(then), true) = (&then, existed) {
            held.entry(then.clone()).or_insert(change.held);
        }
        if before != address {
            then_by_now.insert(before, None);
        }
        then_by_now.insert(address, then.filter(|_| existed && change.after.is_some()));
    }
    Ok(held)
}

/// Returns where resources that were recorded at `from` went by renames until `to`, by their address at `from`.
pub async fn renames_between(
    registry: &mut dyn Registry,
    workspace: &str,
    from: Serial,
    to: Serial,
) -> Result<BTreeMap<Address, Address>> {
    let mut now_by_then: BTreeMap<Address, Address> = BTreeMap::new();
    for change in registry.changes(workspace, from, to).await? {
        let kind = change.kind.parse().map_err(Error::Damaged)?;
        let address = Address::new(kind, change.name.as_str());
        if let Some(old) = &change.renamed_from {
            let old = Address::new(kind, old.as_str());
            let then = now_by_then.iter().find(|it| *it.1 == old).map(|it| it.0.clone());
            now_by_then.insert(then.unwrap_or(old), address);
        } else if change.after.is_none() {
            now_by_then.retain(|_, now| *now != address);
        }
    }
    now_by_then.retain(|then, now| then != now);
    Ok(now_by_then)
}

//! Decodes recorded rows.

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::rows::{StoredJob, StoredSpec};
use super::traits::{Jobs, Recorded};
use crate::recorded::{Columns, Entry, downstream};
use crate::resource::{Address, RecordedJob, Resource, VIEWS};

/// Fills in the specs of `entries` for the addresses that `wanted` chooses.
pub async fn read_specs(
    registry: &dyn Recorded,
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
    for StoredSpec { id, spec } in specs {
        let Some(address) = by_id.remove(&id) else { continue };
        let Some(entry) = entries.get_mut(&address) else { continue };
        entry.resource = Some(decode(&address, &spec, entry.depends_on.clone())?);
    }
    Ok(())
}

/// Returns the jobs of the entries that `wanted` chooses and of their dependents, by identity.
pub async fn read_jobs(
    registry: &dyn Jobs,
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
    for StoredJob { view, job } in registry.jobs(workspace, &ids).await? {
        jobs.entry(view).or_default().push(job);
    }
    Ok(jobs)
}

/// Returns the recorded columns that were found in data.
pub async fn derived(registry: &dyn Recorded, workspace: &str) -> Result<BTreeMap<Address, (i64, Columns)>> {
    let mut derived = BTreeMap::new();
    for row in registry.derived(workspace).await? {
        let address = address(&row.kind, &row.name)?;
        let columns = columns(&address, &row.columns)?;
        derived.insert(address, (row.id, columns));
    }
    Ok(derived)
}

/// Decodes the columns that a row or the history holds.
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

/// Returns the address that a row holds. A kind that this build does not know was written by a newer weir.
pub fn address(kind: &str, name: &str) -> Result<Address> {
    let unknown = |_| Error::UnknownKind { what: format!("`{kind}.{name}`") };
    Ok(Address::new(kind.parse().map_err(unknown)?, name))
}

/// Reads an address that a row holds as one text, as [`address`] does.
pub(super) fn parse_address(text: &str) -> Result<Address> {
    match text.split_once('.') {
        Some((kind, name)) => address(kind, name),
        None => Err(Error::Damaged(format!("`{text}` is no address"))),
    }
}

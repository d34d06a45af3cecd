//! Reads earlier states from the history.

use std::collections::BTreeMap;

use super::error::Result;
use super::read::address;
use super::rows::{Held, LoggedChange};
use super::traits::History;
use crate::recorded::Serial;
use crate::resource::Address;

/// Returns every spec that was recorded at `serial`, by address, from the history.
pub async fn specs_at(registry: &dyn History, workspace: &str, serial: Serial) -> Result<BTreeMap<Address, String>> {
    let mut specs = BTreeMap::new();
    for change in registry.changes(workspace, Serial(0), serial).await? {
        if let Some(old) = change.old_address()? {
            specs.remove(&old);
        }
        let address = change.address()?;
        match change.after {
            Some(after) => specs.insert(address, after.to_string()),
            None => specs.remove(&address),
        };
    }
    Ok(specs)
}

/// Returns what rows held beside their specs at the end of `serial`, by address, where they have changed since. The
/// other rows are unchanged.
pub async fn held_at(registry: &dyn History, workspace: &str, serial: Serial) -> Result<BTreeMap<Address, Held>> {
    let mut held: BTreeMap<Address, Held> = BTreeMap::new();
    // The address at `serial` of each address of today; `None` for a resource that came later.
    let mut then_by_now: BTreeMap<Address, Option<Address>> = BTreeMap::new();
    for change in registry.changes(workspace, serial, Serial(i64::MAX)).await? {
        let address = change.address()?;
        let before = change.old_address()?.unwrap_or_else(|| address.clone());
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

/// Returns the address at `to` of resources that were renamed since `from`, by their address at `from`.
pub async fn renames_between(
    registry: &dyn History,
    workspace: &str,
    from: Serial,
    to: Serial,
) -> Result<BTreeMap<Address, Address>> {
    let mut now_by_then: BTreeMap<Address, Address> = BTreeMap::new();
    for change in registry.changes(workspace, from, to).await? {
        let address = change.address()?;
        if let Some(old) = change.old_address()? {
            let then = now_by_then.iter().find(|it| *it.1 == old).map(|it| it.0.clone());
            now_by_then.insert(then.unwrap_or(old), address);
        } else if change.after.is_none() {
            now_by_then.retain(|_, now| *now != address);
        }
    }
    now_by_then.retain(|then, now| then != now);
    Ok(now_by_then)
}

impl LoggedChange {
    /// Returns the address of the resource after the change.
    pub fn address(&self) -> Result<Address> {
        address(&self.kind, &self.name)
    }

    /// Returns the address before a rename.
    pub fn old_address(&self) -> Result<Option<Address>> {
        self.renamed_from.as_ref().map(|it| address(&self.kind, it)).transpose()
    }
}

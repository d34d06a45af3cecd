//! The rows that a plan writes to, found by identity and address, never by the number alone.

use std::collections::BTreeMap;

use super::change::{Action, Change, Plan};
use crate::recorded::{RowId, Snapshot, Target};
use crate::resource::Address;

/// The identities of the rows that a plan writes to beside its changes, by the address that each has afterwards.
#[derive(Debug, Clone, Default)]
pub struct Targets(BTreeMap<Address, i64>);

impl Targets {
    /// Finds the rows that keep their identity: services with a longer order, views with changed jobs, new columns.
    pub fn of(plan: &Plan, snapshot: &Snapshot) -> Self {
        let changes: BTreeMap<&Address, &Change> = plan.changes.iter().map(|it| (&it.address, it)).collect();
        let orders = plan.wire_orders.iter().chain(&plan.learned.wire_orders).map(|it| &it.0);
        let columns = plan.learned.columns.iter().map(|it| &it.0);
        let views = plan.changes.iter().flat_map(|it| &it.jobs).map(|it| &it.view);
        let id = |address: &Address| match changes.get(address) {
            Some(change) if matches!(change.action, Action::Update { .. }) => change.id,
            Some(_) => None,
            None => snapshot.entries.get(address).map(|it| it.id),
        };
        Self(orders.chain(columns).chain(views).filter_map(|it| Some((it.clone(), id(it)?))).collect())
    }

    /// Returns the row that will be at `address`. A row without an identity is inserted by the same commit.
    pub fn get(&self, address: &Address) -> Target {
        match self.0.get(address) {
            Some(id) => Target::Recorded(RowId::new(*id, address)),
            None => Target::Inserted { kind: address.kind.to_string(), name: address.name.to_string() },
        }
    }
}

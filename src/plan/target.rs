//! Which row a write means: by its identity and by its address, never by a number alone.

use std::collections::BTreeMap;

use super::{Action, Change, Plan, Snapshot};
use crate::resource::Address;

/// A recorded row. Its number alone may mean another row, in a registry that was put back from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub id: i64,
    pub kind: String,
    /// As recorded: before a rename.
    pub name: String,
}

/// The row that something beside a declaration is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that was there before; after a rename in this commit, by its new name.
    Recorded(Recorded),
    /// One that this very commit inserts.
    Inserted { kind: String, name: String },
}

/// The identities of what a plan writes to beside its changes, by the address that each has afterwards.
#[derive(Debug, Clone, Default)]
pub struct Targets(BTreeMap<Address, i64>);

impl Recorded {
    pub fn new(id: i64, address: &Address) -> Self {
        Self { id, kind: address.kind.to_string(), name: address.name.to_string() }
    }
}

impl Target {
    pub fn kind(&self) -> &str {
        match self {
            Self::Recorded(Recorded { kind, .. }) | Self::Inserted { kind, .. } => kind,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Recorded(Recorded { name, .. }) | Self::Inserted { name, .. } => name,
        }
    }

    /// Returns the identity; a row that is inserted has none yet.
    pub fn id(&self) -> Option<i64> {
        match self {
            Self::Recorded(recorded) => Some(recorded.id),
            Self::Inserted { .. } => None,
        }
    }
}

impl Targets {
    /// Finds what keeps its identity, of all that `plan` writes to: services whose order grows, views with work to do,
    /// and what data teaches.
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

    /// Returns the row that will be at `address`; what has no identity is inserted by the same commit.
    pub fn get(&self, address: &Address) -> Target {
        match self.0.get(address) {
            Some(id) => Target::Recorded(Recorded::new(*id, address)),
            None => Target::Inserted { kind: address.kind.to_string(), name: address.name.to_string() },
        }
    }
}

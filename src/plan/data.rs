//! What data says of columns.

use std::collections::BTreeMap;

use crate::recorded::Columns;
use crate::resource::{Address, OpenedColumn, OpenedColumns};

/// What data says of columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// Of what is declared, as far as it was opened this time.
    pub derived: BTreeMap<Address, Columns>,
    /// Of what is recorded, as far as it was ever opened, with the identity.
    pub recorded: BTreeMap<Address, (i64, Columns)>,
}

/// What a plan records without changing anything: what data taught about what is declared as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    pub columns: Vec<(Address, Columns)>,
    pub wire_orders: Vec<(Address, Vec<String>)>,
}

impl Learned {
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.wire_orders.is_empty()
    }
}

/// Returns the columns with weir's types, when all of them have one.
pub fn opened(columns: &Columns) -> Option<OpenedColumns> {
    let column = |(name, dtype): &(String, String)| Some(OpenedColumn::new(name, Some(dtype.parse().ok()?)));
    columns.iter().map(column).collect()
}

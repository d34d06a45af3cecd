//! Columns as found in the data of sources.

use std::collections::BTreeMap;

use crate::recorded::Columns;
use crate::resource::{Address, OpenedColumn, OpenedColumns};

/// Columns as found in the data of sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// The columns of declared resources that were opened in this run.
    pub derived: BTreeMap<Address, Columns>,
    /// The columns of recorded resources that were ever opened, each with the resource's identity.
    pub recorded: BTreeMap<Address, (i64, Columns)>,
}

/// Columns and orders that are recorded without a change, because the data of an unchanged declaration has more.
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

/// Returns the columns with weir's types, or `None` unless all have one.
pub fn opened(columns: &Columns) -> Option<OpenedColumns> {
    let column = |(name, dtype): &(String, String)| Some(OpenedColumn::new(name, Some(dtype.parse().ok()?)));
    columns.iter().map(column).collect()
}

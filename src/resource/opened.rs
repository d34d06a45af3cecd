//! Columns as they are found when data is opened.

use std::sync::Arc;

use super::dtype::Dtype;

/// A column as a source's data has it, or as a query over such data yields it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedColumn {
    pub name: String,
    /// `None` when it has a type that weir does not have, or when nobody knows.
    pub dtype: Option<Dtype>,
    /// The type as SQL calls it, where weir has none for it.
    pub other: Option<String>,
    /// What a query writes to make a type of weir of it.
    pub cast: Option<String>,
    /// How a number becomes the time of a row.
    pub as_time: Option<String>,
}

/// All columns of a source or a query, in their order.
pub type OpenedColumns = Arc<[OpenedColumn]>;

impl OpenedColumn {
    /// Returns a column of which no more is known than its name and, perhaps, its type.
    pub fn new(name: impl Into<String>, dtype: Option<Dtype>) -> Self {
        Self { name: name.into(), dtype, other: None, cast: None, as_time: None }
    }

    /// Returns what type it has, in words, where that is known.
    pub fn found(&self) -> Option<String> {
        self.dtype.as_ref().map(ToString::to_string).or_else(|| self.other.clone())
    }
}

//! Columns as they are found when data is opened.

use std::sync::Arc;

use super::dtype::Dtype;

/// A column of a source's data, or of a query over such data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedColumn {
    pub name: String,
    /// `None` when weir does not have the type, or when it is not known.
    pub dtype: Option<Dtype>,
    /// The SQL name of a type that weir does not have.
    pub other: Option<String>,
    /// The SQL expression that turns the value into a type of weir.
    pub cast: Option<String>,
    /// A hint how a number becomes the time of a row.
    pub as_time: Option<String>,
}

/// All columns of a source or a query, in their order.
pub type OpenedColumns = Arc<[OpenedColumn]>;

impl OpenedColumn {
    /// Returns a column with its name and perhaps its type, and nothing else known.
    pub fn new(name: impl Into<String>, dtype: Option<Dtype>) -> Self {
        Self { name: name.into(), dtype, other: None, cast: None, as_time: None }
    }

    /// Returns the name of the column's type, where that is known.
    pub fn found(&self) -> Option<String> {
        self.dtype.as_ref().map(ToString::to_string).or_else(|| self.other.clone())
    }
}

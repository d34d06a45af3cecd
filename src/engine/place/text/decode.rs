//! What the formats of text have in common: bytes come, batches go, and a fault has a place.

use std::collections::VecDeque;
use std::fmt;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{Schema, SchemaRef};

use super::typed;

pub const BATCH_BYTES: usize = 8 << 20;

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counts from 1; 0 where it is no line's fault.
    pub line: u64,
    pub column: Option<String>,
    pub reason: String,
    /// Whether a declared type would mend it.
    pub is_guess: bool,
}

impl Fault {
    pub fn line(line: u64, reason: impl Into<String>) -> Self {
        Self { line, column: None, reason: reason.into(), is_guess: false }
    }

    pub fn whole(reason: impl Into<String>) -> Self {
        Self::line(0, reason)
    }

    pub fn column(line: u64, column: &str, reason: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::line(line, reason) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.column) {
            (0, _) => f.write_str(&self.reason),
            (line, Some(column)) => write!(f, "line {line}, column `{column}`: {}", self.reason),
            (line, None) => write!(f, "line {line} {}", self.reason),
        }
    }
}

/// Turns the bytes of one file into rows.
pub trait Decode: Send {
    /// Takes more bytes; adds the batches that are full with them.
    fn push(&mut self, bytes: &[u8], full: &mut VecDeque<RecordBatch>) -> Result<(), Fault>;

    /// Adds the last rows.
    fn finish(&mut self, full: &mut VecDeque<RecordBatch>) -> Result<(), Fault>;
}

pub fn is_full(rows: usize, batch_size: usize, bytes: usize) -> bool {
    rows >= batch_size || bytes >= BATCH_BYTES && rows > 0
}

/// The columns that are asked for.
#[derive(Debug, Clone)]
pub struct Columns {
    pub schema: SchemaRef,
    /// Where in a record each stands.
    pub places: Vec<usize>,
    /// Of each, whether its type is declared, and not told by values.
    pub declared: Vec<bool>,
}

impl Default for Columns {
    fn default() -> Self {
        Self::all(Schema::empty().into())
    }
}

impl Columns {
    pub fn all(schema: SchemaRef) -> Self {
        let count = schema.fields().len();
        Self { schema, places: (0..count).collect(), declared: vec![false; count] }
    }

    /// Returns the texts of a column as values of its type; `line` says where a row stands.
    pub fn typed(&self, index: usize, texts: &ArrayRef, line: impl Fn(usize) -> u64) -> Result<ArrayRef, Fault> {
        let values = typed::typed(texts, self.schema.field(index).data_type(), !self.declared[index]);
        values.map_err(|row| self.no_value(index, line(row)))
    }

    /// Says that what stands in a column is no value of its type.
    pub fn no_value(&self, index: usize, line: u64) -> Fault {
        let field = self.schema.field(index);
        let reason = format!("this is not a value of {}", crate::engine::types::name_of(field.data_type()));
        Fault { is_guess: !self.declared[index], ..Fault::column(line, field.name(), reason) }
    }
}

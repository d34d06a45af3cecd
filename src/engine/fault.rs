//! A fault of a query, as the engine sees it.

/// A fault of a query, with its place inside the text. Line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub hint: Option<String>,
}

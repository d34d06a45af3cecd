//! What is wrong with a query, as the engine sees it.

/// What is wrong with a query, with its place inside the text; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub hint: Option<String>,
}

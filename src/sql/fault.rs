//! What is wrong with a query.

/// A query's fault, with its place inside the text; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub holds: Holds,
}

/// Whom a fault is one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Our grammar does not know the text; another one may.
    InOurs,
    /// The text is no query, whatever the grammar.
    InAny,
}

/// Returns a message as our messages begin.
pub fn lower_first(text: &str) -> String {
    // A word in capitals is a word of SQL.
    if text.chars().take(2).all(char::is_uppercase) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map(|it| it.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

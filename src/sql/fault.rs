//! A fault of a query.

/// A query's fault, with its place inside the text; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub holds: Holds,
}

/// The grammars in which a fault is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Our grammar does not know the text; another may.
    InOurs,
    /// The text is no query, whatever the grammar.
    InAny,
}

/// Returns a message with its first letter in lower case.
pub fn lower_first(text: &str) -> String {
    // A word in capitals is a keyword of SQL.
    if text.chars().take(2).all(char::is_uppercase) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map(|it| it.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

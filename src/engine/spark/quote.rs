//! Names and texts as Spark writes them.

/// Quotes a name as Spark does.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Writes a text as Spark does, for which a backslash is no letter like any other.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

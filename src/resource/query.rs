//! SQL and files inside a declaration.

use crate::sql::{Dialect, rename_table};

/// SQL text inside a declaration.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    pub path: &'static str,
    pub text: &'a str,
    /// The tables that the text may read; `None` when any.
    pub tables: Option<Vec<String>>,
    /// Whose SQL it is, whatever the engine: of what runs in a warehouse.
    pub dialect: Option<Dialect>,
}

/// Takes the dialect of a query, unless it is the engine's, and its text; returns another text.
pub type MapQuery<'a> = dyn Fn(Option<Dialect>, &str) -> String + 'a;

/// A file that a declaration names: its text is stored and compared, not its path.
pub struct FileSlot<'a> {
    /// The field that names the file.
    pub path: &'static str,
    /// The field that its text stands for: mistakes in that one are shown in the file.
    pub fills: &'static str,
    /// As written, relative to the declaring file.
    pub file: String,
    pub text: &'a mut Option<String>,
}

/// Returns the slot of a `sql_file`, unless the query is written twice (which the rules report).
pub fn sql_file_slot<'a>(file: &Option<String>, sql: &'a mut Option<String>) -> Vec<FileSlot<'a>> {
    match file {
        Some(file) if sql.is_none() => vec![FileSlot { path: "sql_file", fills: "sql", file: file.clone(), text: sql }],
        _ => Vec::new(),
    }
}

/// Follows the rename of a table in a list of names and in the query that reads it. Says whether that query, which else
/// stays as it is, surely followed.
pub fn rename_in_query(names: &mut [String], sql: &mut Option<String>, old: &str, new: &str, dialect: Dialect) -> bool {
    let mut found = false;
    for name in names.iter_mut().filter(|it| *it == old) {
        *name = new.to_owned();
        found = true;
    }
    let (true, Some(text)) = (found, sql) else { return true };
    let renamed = rename_table(dialect, text, old, new);
    let is_sure = renamed.is_some();
    if let Some(renamed) = renamed {
        *text = renamed;
    }
    is_sure
}

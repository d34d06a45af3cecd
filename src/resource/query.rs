//! SQL and files inside a declaration.

use crate::sql::{Dialect, rename_table};

/// SQL text inside a declaration.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    pub path: &'static str,
    pub text: &'a str,
    /// The tables that the text may read; `None` allows any.
    pub tables: Option<Vec<String>>,
    /// The dialect of a query that runs in a warehouse; `None` for one that the engine runs.
    pub dialect: Option<Dialect>,
}

/// A function from a query's dialect (`None` for the engine's) and its text to its new text.
pub type MapQuery<'a> = dyn Fn(Option<Dialect>, &str) -> String + 'a;

/// A file that a declaration names. The file's text is stored and compared, not its path.
pub struct FileSlot<'a> {
    /// The field that names the file.
    pub path: &'static str,
    /// The field that holds the file's text. Mistakes in that field are shown in the file.
    pub fills: &'static str,
    /// The file's path as written, relative to the declaring file.
    pub file: String,
    pub text: &'a mut Option<String>,
}

/// Returns the slot of a `sql_file`, or none when `sql` is set as well, which the rules report.
pub fn sql_file_slot<'a>(file: &Option<String>, sql: &'a mut Option<String>) -> Vec<FileSlot<'a>> {
    match file {
        Some(file) if sql.is_none() => vec![FileSlot { path: "sql_file", fills: "sql", file: file.clone(), text: sql }],
        _ => Vec::new(),
    }
}

/// Applies the rename of a table to a list of names and to the query that reads it. Returns whether the query surely
/// followed; otherwise the query is left as it is.
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

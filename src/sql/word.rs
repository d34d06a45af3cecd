//! Names as they are written.

use sqlparser::ast::Ident;

/// Returns the name that is meant: an unquoted one in lower case (DataFusion's rule).
pub(super) fn identifier(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// Quotes a name that SQL would read as another without quotes.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|it: char| it.is_ascii_lowercase() || it == '_')
        && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

//! The words of a query.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{TokenWithSpan, Tokenizer};

use super::fault::{Fault, Holds};

pub(super) fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    Tokenizer::new(&dialect(), text).tokenize_with_location().map_err(|it| Fault {
        message: it.message.to_lowercase(),
        line: it.location.line.max(1) as usize,
        column: it.location.column.max(1) as usize,
        holds: Holds::InOurs,
    })
}

/// DataFusion's defaults: the generic grammar, double quotes round odd names.
pub(super) fn dialect() -> impl sqlparser::dialect::Dialect {
    GenericDialect {}
}

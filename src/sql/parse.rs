//! Reads a query, or says what is wrong and where.

pub use sqlparser::ast::Query;
use sqlparser::ast::{Spanned, Statement};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::Dialect;
use super::fault::{Fault, Holds, lower_first};
use super::normal::normal_form;
use super::token::{dialect, tokenize};
use super::{depth, normal};

/// A query's text, read once.
#[derive(Debug)]
pub struct Read {
    pub query: Result<Query, Fault>,
    /// The [`normal_form`] of the text.
    pub normal_form: String,
}

/// Reads a query once for all its uses.
pub fn read(dialect: Dialect, text: &str) -> Read {
    match tokenize(text) {
        Ok(tokens) if dialect == Dialect::Embedded => {
            Read { normal_form: normal::of_tokens(text, &tokens), query: parse_tokens(text, tokens) }
        }
        Ok(tokens) => Read { normal_form: normal_form(dialect, text), query: parse_tokens(text, tokens) },
        Err(fault) => Read { normal_form: normal_form(dialect, text), query: Err(fault) },
    }
}

/// The functions by which a query asks for the window of its run (spec 1).
pub const WINDOW: [&str; 2] = ["window_start", "window_end"];

/// The most tokens of a query, more than any person writes.
const TOKENS_MAX: usize = 20_000;

/// Parses one query, or says what is wrong and where.
pub fn parse(text: &str) -> Result<Query, Fault> {
    parse_tokens(text, tokenize(text)?)
}

fn parse_tokens(text: &str, tokens: Vec<TokenWithSpan>) -> Result<Query, Fault> {
    let meaningful = tokens.iter().filter(|it| !matches!(it.token, Token::Whitespace(_))).count();
    if meaningful > TOKENS_MAX {
        return Err(Fault {
            message: format!("the query has {meaningful} words, and weir reads up to {TOKENS_MAX}"),
            line: 1,
            column: 1,
            holds: Holds::InAny,
        });
    }
    if meaningful == 0 {
        return Err(Fault { message: "the query is empty".to_owned(), line: 1, column: 1, holds: Holds::InAny });
    }
    depth::check_tokens(&tokens)?;
    let dialect = dialect();
    let mut statements =
        Parser::new(&dialect).with_tokens_with_locations(tokens).parse_statements().map_err(|it| fault(it, text))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => depth::check(&query).map(|()| *query),
        (Some(other), true) => {
            let verb = other.to_string().split_whitespace().next().unwrap_or_default().to_uppercase();
            Err(Fault {
                message: format!("a query reads rows, and this begins with {verb}"),
                line: 1,
                column: 1,
                holds: Holds::InAny,
            })
        }
        (Some(second), false) => {
            let start = second.span().start;
            Err(Fault {
                message: "there is more than one statement".to_owned(),
                line: (start.line as usize).max(1),
                column: (start.column as usize).max(1),
                holds: Holds::InAny,
            })
        }
        (None, _) => Err(Fault { message: "the query is empty".to_owned(), line: 1, column: 1, holds: Holds::InAny }),
    }
}

/// Takes the place out of the text of the parser's message.
fn fault(error: ParserError, query: &str) -> Fault {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => "the query nests too deeply".to_owned(),
    };
    let Some((message, place)) = text.rsplit_once(" at Line: ") else {
        // A message about the end of the query is placed there.
        let ends = text.ends_with("found: EOF");
        let query = if ends { query.trim_end() } else { "" };
        let column = query.rsplit('\n').next().map_or(1, |it| it.chars().count().max(1));
        return Fault { message: lower_first(&text), line: query.lines().count().max(1), column, holds: Holds::InOurs };
    };
    let mut numbers = place.split(", Column: ").map(|it| it.trim().parse::<usize>().unwrap_or(1).max(1));
    let (line, column) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    Fault { message: lower_first(message), line, column, holds: Holds::InOurs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_where() {
        let check = |text: &str, message: &str, line: usize, column: usize, holds: Holds| {
            assert_eq!(parse(text).unwrap_err(), Fault { message: message.to_owned(), line, column, holds })
        };
        check("SELECT a\nFORM t WHERE", "expected: end of statement, found: t", 2, 6, Holds::InOurs);
        check("", "the query is empty", 1, 1, Holds::InAny);
        check("DROP TABLE t", "a query reads rows, and this begins with DROP", 1, 1, Holds::InAny);
        check("SELECT a; SELECT b", "there is more than one statement", 1, 11, Holds::InAny);
        check("SELECT 'a", "unterminated string literal", 1, 8, Holds::InOurs);
        check("SELECT a\nFROM t WHERE\n", "expected: an expression, found: EOF", 2, 12, Holds::InOurs);
    }
}

//! What the warehouses have in common: names as they match them, queries that cannot do more than read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use sqlparser::dialect::Dialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::relation::Closed;

/// The table or query that a declaration reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// As it stands after FROM.
    pub from: String,
    /// The field that says so.
    pub field: &'static str,
    /// The table, as a person would write it; none for a query.
    pub table: Option<Vec<String>>,
}

impl Input {
    /// Takes a table's name apart; parts that are left out on the left are those of `outside`.
    pub fn table(name: &str, outside: &[String], fold: Fold) -> Result<Self, Closed> {
        let mut parts = names("table", name, fold)?;
        if let Some(missing) = (outside.len() + 1).checked_sub(parts.len()) {
            parts.splice(..0, outside[..missing.min(outside.len())].iter().cloned());
        }
        let from = parts.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(".");
        Ok(Self { from, field: "table", table: Some(parts) })
    }

    /// Puts a query in the place of a table, where no warehouse takes anything that writes.
    ///
    /// The text is read in each of `dialects`, because it is sent inside of parentheses and must not close them: what
    /// weir's own grammar cannot read is the warehouse's business, but where it ends is ours.
    pub fn query(text: &str, dialects: &[&dyn Dialect]) -> Result<Self, Closed> {
        let mut end = text.len();
        for dialect in dialects {
            let fault = |message: &str| Closed::fault("query", format!("the query {message}"));
            let mut tokens = Tokenizer::new(*dialect, text)
                .tokenize_with_location()
                .map_err(|it| fault(&format!("cannot be read: {}", crate::sql::lower_first(&it.to_string()))))?;
            tokens.retain(|it| !matches!(it.token, Token::Whitespace(_)));
            if !tokens.first().is_some_and(|it| begins_a_query(&it.token)) {
                return Err(fault("does not start as one does").hint(Some("write SELECT or WITH".to_owned())));
            }
            while let Some(last) = tokens.last()
                && last.token == Token::SemiColon
            {
                end = end.min(offset(text, last.span.start.line, last.span.start.column));
                tokens.pop();
            }
            let mut depth = 0_usize;
            for token in &tokens {
                match token.token {
                    Token::LParen => depth += 1,
                    Token::RParen => {
                        depth = depth.checked_sub(1).ok_or_else(|| fault("closes a parenthesis that is not open"))?;
                    }
                    Token::SemiColon => return Err(fault("is more than one statement")),
                    _ => {}
                }
            }
            if depth > 0 {
                return Err(fault("leaves a parenthesis open"));
            }
        }
        // A comment at the end would take the parenthesis with it.
        Ok(Self { from: format!("({}\n) AS input", &text[..end]), field: "query", table: None })
    }
}

fn begins_a_query(token: &Token) -> bool {
    match token {
        Token::LParen => true,
        Token::Word(word) => ["SELECT", "WITH", "VALUES"].iter().any(|it| word.value.eq_ignore_ascii_case(it)),
        _ => false,
    }
}

/// Returns where a line and a column, both from 1, are in a text.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut rest = (line.max(1) - 1, column.max(1) - 1);
    for (at, char) in text.char_indices() {
        match (rest, char) {
            ((0, 0), _) => return at,
            ((0, columns), _) => rest.1 = columns - 1,
            ((lines, _), '\n') => rest.0 = lines - 1,
            _ => {}
        }
    }
    text.len()
}

/// Which letters a warehouse takes for the same in a name without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Lower,
    Upper,
}

/// Takes a name apart at its points; what stands in double quotes is meant to the letter, the rest is folded as the
/// warehouse folds it.
pub fn names(field: &'static str, text: &str, fold: Fold) -> Result<Vec<String>, Closed> {
    let malformed = || {
        let fault = Closed::fault(field, format!("`{text}` is not a name"));
        fault.hint(Some(
            "put what is not letters, digits and `_` in double quotes, as `public.\"2024-events\"`".to_owned(),
        ))
    };
    let dialect = sqlparser::dialect::PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).try_with_sql(text).map_err(|_| malformed())?;
    let name = parser.parse_object_name(false).map_err(|_| malformed())?;
    if parser.peek_token().token != Token::EOF || name.0.len() > 3 {
        return Err(malformed());
    }
    let part = |it: &sqlparser::ast::ObjectNamePart| {
        let ident = it.as_ident()?;
        Some(match (ident.quote_style, fold) {
            (Some('"'), _) => ident.value.clone(),
            (Some(_), _) => return None,
            (None, Fold::Lower) => ident.value.to_ascii_lowercase(),
            (None, Fold::Upper) => ident.value.to_ascii_uppercase(),
        })
    };
    name.0.iter().map(part).collect::<Option<_>>().ok_or_else(malformed)
}

/// Takes one name, as [`names`] does.
pub fn name(field: &'static str, text: &str, fold: Fold) -> Result<String, Closed> {
    let mut parts = names(field, text, fold)?;
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Closed::fault(field, format!("`{text}` is more than one name"))),
    }
}

/// Quotes a name to the letter.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Refuses columns that a query could not tell apart.
pub fn checked(schema: Schema, input: &Input) -> Result<SchemaRef, Closed> {
    let mut seen = std::collections::HashSet::new();
    let twice = schema.fields().iter().find(|it| !seen.insert(it.name()));
    if let Some(twice) = twice {
        let fault = Closed::fault(input.field, format!("it yields two columns `{}`", twice.name()));
        return Err(fault.hint(Some("give one of them another name with AS".to_owned())));
    }
    if schema.fields().is_empty() {
        return Err(Closed::fault(input.field, "it has no columns"));
    }
    Ok(Arc::new(schema))
}

/// How many questions one warehouse is asked at once: it counts its connections, and a repo may have hundreds of sources.
const AT_ONCE: usize = 8;

/// Whose turn it is at each warehouse. A copy is another name for the same.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Turns {
    /// Waits until the warehouse at `address` is asked little enough; the turn ends when the permit is dropped.
    pub async fn take(&self, address: &str) -> OwnedSemaphorePermit {
        let turns = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(address.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        turns.acquire_owned().await.expect("no one closes the semaphore")
    }
}

/// Returns the innermost cause, which says what happened.
pub fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    one_line(&cause.to_string())
}

/// Makes one line of a service's message.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::{PostgreSqlDialect, RedshiftSqlDialect};

    use super::*;

    #[test]
    fn names_match_as_the_warehouse_matches_them() {
        let check = |text: &str, fold: Fold, expected: &[&str]| {
            assert_eq!(names("table", text, fold).unwrap(), expected, "{text}");
        };
        check("Public.Events", Fold::Lower, &["public", "events"]);
        check("Public.Events", Fold::Upper, &["PUBLIC", "EVENTS"]);
        check("public.\"Click \"\"Events\"", Fold::Lower, &["public", "Click \"Events"]);
        check("order", Fold::Lower, &["order"]);
        check("a_1$", Fold::Lower, &["a_1$"]);
        for text in ["", "a b", "click-events", "a;b", "a.b.c.d", "a(", "'a'", "a -- b\n c"] {
            assert!(names("table", text, Fold::Lower).is_err(), "{text}");
        }
    }

    #[test]
    fn a_table_is_looked_for_where_the_declaration_says() {
        let outside = ["ADS".to_owned(), "PUBLIC".to_owned()];
        let check = |text: &str, expected: &str| {
            assert_eq!(Input::table(text, &outside, Fold::Upper).unwrap().from, expected);
        };
        check("clicks", r#""ADS"."PUBLIC"."CLICKS""#);
        check("raw.clicks", r#""ADS"."RAW"."CLICKS""#);
        check("other.raw.clicks", r#""OTHER"."RAW"."CLICKS""#);
        assert_eq!(Input::table("a.b", &[], Fold::Lower).unwrap().from, r#""a"."b""#);
    }

    #[test]
    fn a_query_stays_inside_its_parentheses() {
        let query = |text: &str| Input::query(text, &[&PostgreSqlDialect {}, &RedshiftSqlDialect {}]);
        assert_eq!(query("SELECT (1) AS é;\n ; ").unwrap().from, "(SELECT (1) AS é\n) AS input");
        assert_eq!(query("SELECT 1 -- one; two)").unwrap().from, "(SELECT 1 -- one; two)\n) AS input");
        assert_eq!(query("SELECT ')' AS a\n;").unwrap().from, "(SELECT ')' AS a\n\n) AS input");
        for text in [
            "",
            ";",
            "DELETE FROM clicks RETURNING *",
            "SELECT 1) AS input; COMMIT; DROP TABLE clicks; SELECT * FROM (SELECT 1",
            "SELECT 1; SELECT 2",
            "SELECT (1",
            "SELECT 'a",
            "SELECT 1 /* a",
            r"SELECT '\') AS input; COMMIT; --'",
            r"SELECT '\'', ') AS input; COMMIT; SELECT (1 --'",
        ] {
            assert!(query(text).is_err(), "{text}");
        }
    }
}

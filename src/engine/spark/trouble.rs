//! Spark's errors, in weir's words.

use std::collections::HashMap;

use spark_connect_core::SparkError;
use spark_connect_proto::FetchErrorDetailsResponse;

use crate::diagnostic::did_you_mean;
use crate::engine::fault::Fault;
use crate::engine::query::{NOT_GIVEN, Table};
use crate::engine::relation::Closed;
use crate::sql;

/// Why Spark did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there, or does not talk to us.
    Silent(Closed),
    /// It understood, and says no.
    Said(Box<Said>),
}

/// An error of Spark's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// As in `UNRESOLVED_COLUMN.WITH_SUGGESTION`; empty where Spark has no name for it.
    pub class: String,
    pub parameters: HashMap<String, String>,
    pub message: String,
    /// Line and column of the statement, from 1.
    at: Option<(usize, usize)>,
}

impl Trouble {
    /// Reads an error of the client's; `details` are what Spark said of it when it was asked once more.
    pub fn new(error: &SparkError, details: Option<FetchErrorDetailsResponse>, endpoint: &str) -> Self {
        let text = error.message.as_str();
        if error.error_class.is_empty() && error.grpc_details.is_none() {
            let said = text.split_once("] ").map_or(text, |it| it.1).lines().next().unwrap_or_default();
            // The numbers of gRPC: permission denied, unauthenticated.
            let message = match error.grpc_code {
                Some(7 | 16) => format!("Spark at `{endpoint}` refuses the credentials: {said}"),
                _ => format!("Spark at `{endpoint}` does not answer: {said}"),
            };
            let hint = "look at `url` in the [engine] section of weir.toml, and whether Spark Connect runs there";
            return Self::Silent(Closed::unreachable(message).hint(Some(hint.to_owned())));
        }
        let root = details.and_then(|it| {
            let index = usize::try_from(it.root_error_idx?).ok()?;
            it.errors.into_iter().nth(index)
        });
        let (text, thrown) = match root {
            Some(root) => (root.message, root.spark_throwable),
            None => (text.to_owned(), None),
        };
        let thrown = thrown.unwrap_or_default();
        // The parser says the place in its message, everybody else in a context.
        let at = thrown.query_contexts.first().and_then(|it| place(&it.summary, ", position ", 0));
        let at = at.or_else(|| place(&text, ", pos ", 1));
        Self::Said(Box::new(Said {
            class: thrown.error_class.unwrap_or_else(|| error.error_class.clone()),
            parameters: thrown.message_parameters,
            at,
            message: plain(&text),
        }))
    }

    /// Returns why rows cannot be had, where `field` of the declaration says which.
    pub fn closed(self, field: &'static str) -> Closed {
        match self {
            Self::Silent(closed) => closed,
            Self::Said(said) => Closed::fault(field, said.message),
        }
    }
}

impl Said {
    /// Returns what is wrong with the query `text` over `tables`; `functions` are those that Spark knows.
    pub fn fault(&self, text: &str, tables: &[Table], functions: &[String]) -> Fault {
        let (line, column) = self.place_in(text);
        let (message, hint) = self.words(tables, functions);
        Fault { message, line, column, hint }
    }

    fn words(&self, tables: &[Table], functions: &[String]) -> (String, Option<String>) {
        let parameter = |name: &str| self.parameters.get(name).map(|it| parts(it).pop().unwrap_or_default());
        let columns = || tables.iter().flat_map(|it| it.schema.fields().iter().map(|it| it.name().as_str()));
        if self.class.starts_with("UNRESOLVED_COLUMN")
            && let Some(name) = parameter("objectName")
        {
            let proposed: Vec<String> = self.parameters.get("proposal").map(|it| lasts(it)).unwrap_or_default();
            let near = did_you_mean(&name, proposed.iter().map(String::as_str).chain(columns()));
            let all = || format!("the columns are {}", columns().collect::<Vec<_>>().join(", "));
            return (format!("column `{name}` does not exist"), Some(near.unwrap_or_else(all)));
        }
        if self.class == "UNRESOLVED_ROUTINE"
            && let Some(name) = parameter("routineName")
        {
            let near = did_you_mean(&name, functions.iter().map(String::as_str));
            return (format!("function `{name}` does not exist"), near);
        }
        if self.class == "TABLE_OR_VIEW_NOT_FOUND"
            && let Some(name) = self.parameters.get("relationName").map(|it| parts(it).join("."))
        {
            let near = did_you_mean(&name, tables.iter().map(|it| it.name.as_str()));
            return (format!("table `{name}`{NOT_GIVEN}"), near);
        }
        if self.class == "PARSE_SYNTAX_ERROR"
            && let Some(found) = self.parameters.get("error")
        {
            return match found.trim_matches('\'') {
                // The bracket is ours.
                ")" => ("the query ends too early, or has a `)` too many".to_owned(), None),
                found => (format!("Spark does not understand it from `{found}` on"), None),
            };
        }
        (self.message.clone(), None)
    }

    /// Returns line and column inside the text of a query, above which stands one line of ours.
    fn place_in(&self, text: &str) -> (usize, usize) {
        let (line, column) = self.at.unwrap_or((2, 1));
        // Spark names the line after the last one when the text ends too early.
        let lines: Vec<&str> = text.trim_end().lines().collect();
        match line.checked_sub(2) {
            Some(index) if index < lines.len() => (index + 1, column),
            Some(_) => (lines.len().max(1), lines.last().map_or(1, |it| it.chars().count().max(1))),
            None => (1, 1),
        }
    }
}

/// Returns the first line of a message, without its class and its SQLSTATE, as our messages begin.
fn plain(text: &str) -> String {
    let text = text.trim();
    let text = match text.strip_prefix('[').and_then(|it| it.split_once("] ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    let first = text.lines().next().unwrap_or_default();
    let first = first.split(" SQLSTATE:").next().unwrap_or_default();
    sql::lower_first(first.trim_end_matches('.'))
}

/// Reads `(line 2, position 5)`, which counts from 1, or `(line 2, pos 4)`, which does not.
fn place(text: &str, between: &str, first: usize) -> Option<(usize, usize)> {
    let (line, rest) = text.split_once("(line ")?.1.split_once(between)?;
    Some((line.parse().ok()?, rest.split_once(')')?.0.parse::<usize>().ok()? + first))
}

/// Returns the parts of a name as Spark quotes it: `` `a`.`b c` ``.
fn parts(name: &str) -> Vec<String> {
    name.trim_matches('`').split("`.`").map(|it| it.replace("``", "`")).collect()
}

/// Returns the last part of every name of a list.
fn lasts(names: &str) -> Vec<String> {
    names.split(", ").filter_map(|it| parts(it).pop()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_text_below_our_line() {
        let check = |text: &str, said: &str, expected: (usize, usize)| {
            let at = place(said, ", position ", 0).or_else(|| place(said, ", pos ", 1));
            assert_eq!(Said { at, ..Said::default() }.place_in(text), expected, "{text} {said}");
        };
        check("SELECT amont\nFROM input", "== SQL (line 2, position 8) ==\nSELECT amont", (1, 8));
        check("SELECT 'é',\n  amont\nFROM input", "== SQL (line 3, position 3) ==", (2, 3));
        check("SELECT a FORM t", "near 't'. SQLSTATE: 42601 (line 2, pos 14)\n\n== SQL ==", (1, 15));
        check("SELECT a\nFROM\n", "(line 5, pos 0)", (2, 4));
        check("", "", (1, 1));
    }

    #[test]
    fn messages_lose_their_class_and_their_state() {
        let check = |text: &str, expected: &str| assert_eq!(plain(text), expected);
        check("[MISSING_GROUP_BY] The query has none. SQLSTATE: 42803; line 1 pos 15;\nProject", "the query has none");
        check("\n[A.B] Odd ']' here: x.", "odd ']' here: x");
        check("No class", "no class");
    }
}

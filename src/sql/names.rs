//! The tables that a query reads and the columns that it yields, by name.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Expr, Query, SelectItem, SetExpr, Spanned, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::{Location, Token};

use super::dialect::Dialect;
use super::fault::{Fault, Holds};
use super::parse::parse;
use super::scope;
use super::word::identifier;

/// A column that a query yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The input column that passes through unchanged, if it is one.
    pub source: Option<String>,
}

/// Returns the tables that `query` reads from outside, in the order of their first use, each with its place.
pub fn tables(dialect: Dialect, query: &Query) -> Vec<(String, Fault)> {
    let at = |(name, start): (String, Location)| {
        let (line, column) = (start.line.max(1) as usize, start.column.max(1) as usize);
        (name.clone(), Fault { message: name, line, column, holds: Holds::InAny })
    };
    scope::names(dialect, query).outside.into_iter().map(at).collect()
}

/// Returns the first parameter of `query`, such as `$1` or `?`, with its place; line and column count from 1.
pub fn parameter(query: &Query) -> Option<(String, usize, usize)> {
    struct Parameters;
    impl Visitor for Parameters {
        type Break = (String, usize, usize);

        fn pre_visit_value(&mut self, value: &ast::ValueWithSpan) -> ControlFlow<Self::Break> {
            let ast::Value::Placeholder(name) = &value.value else { return ControlFlow::Continue(()) };
            let (line, column) = place(value.span.start).unwrap_or((1, 1));
            ControlFlow::Break((name.clone(), line.max(1), column.max(1)))
        }
    }
    query.visit(&mut Parameters).break_value()
}

/// Returns the first place of the word `word`, quoted or not. Line and column count from 1.
pub fn place_of(text: &str, word: &str) -> Option<(usize, usize)> {
    let tokens = super::token::tokenize(text).ok()?;
    let is_word = |it: &Token| matches!(it, Token::Word(found) if found.value.eq_ignore_ascii_case(word));
    place(tokens.iter().find(|it| is_word(&it.token))?.span.start)
}

/// Returns the place where a SELECT yields a column `name` for the second time.
pub fn place_of_second(text: &str, name: &str) -> Option<(usize, usize)> {
    struct Second<'a>(&'a str);
    impl Visitor for Second<'_> {
        type Break = Location;

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Location> {
            second(&query.body, self.0).map_or(ControlFlow::Continue(()), ControlFlow::Break)
        }
    }
    fn second(body: &SetExpr, name: &str) -> Option<Location> {
        match body {
            SetExpr::SetOperation { left, right, .. } => second(left, name).or_else(|| second(right, name)),
            SetExpr::Select(select) => {
                let yields = |it: &&SelectItem| match it {
                    SelectItem::UnnamedExpr(Expr::Identifier(found)) => identifier(found) == name,
                    SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => {
                        path.last().is_some_and(|it| identifier(it) == name)
                    }
                    SelectItem::ExprWithAlias { alias, .. } => identifier(alias) == name,
                    other => matches!(other, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)),
                };
                Some(select.projection.iter().filter(yields).nth(1)?.span().start)
            }
            _ => None,
        }
    }
    match parse(text).ok()?.visit(&mut Second(name)) {
        ControlFlow::Break(start) => place(start),
        ControlFlow::Continue(()) => None,
    }
}

fn place(start: Location) -> Option<(usize, usize)> {
    Some((usize::try_from(start.line).ok()?, usize::try_from(start.column).ok()?))
}

/// Says whether a query that calls its table `table` reads the table declared as `declared`.
pub fn same_table(dialect: Dialect, table: &str, declared: &str) -> bool {
    table == declared
        || table == declared.to_lowercase()
        || dialect == Dialect::Spark && table.to_lowercase() == declared.to_lowercase()
}

/// Returns the columns that the query yields, as far as their names can be read off its text.
///
/// `columns_of` answers for a wildcard over one table; where it cannot, the whole answer is `None`.
pub fn output_columns(text: &str, columns_of: &dyn Fn(&str) -> Option<Vec<String>>) -> Option<Vec<Column>> {
    let query = parse(text).ok()?;
    if query.with.is_some() {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let single = match select.from.as_slice() {
        [only] if only.joins.is_empty() => table_name(&only.relation),
        _ => None,
    };
    let mut columns = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
                columns.push(Column { name: identifier(name), source: single.as_ref().map(|_| identifier(name)) })
            }
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => {
                let name = identifier(names.last()?);
                columns.push(Column { source: (single.is_some() && names.len() == 2).then(|| name.clone()), name });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let source = match expr {
                    Expr::Identifier(name) if single.is_some() => Some(identifier(name)),
                    _ => None,
                };
                columns.push(Column { name: identifier(alias), source });
            }
            SelectItem::Wildcard(options)
                if *options == ast::WildcardAdditionalOptions::default() || options.to_string().is_empty() =>
            {
                let names = columns_of(single.as_deref()?)?;
                columns.extend(names.into_iter().map(|name| Column { source: Some(name.clone()), name }));
            }
            _ => return None,
        }
    }
    Some(columns)
}

fn table_name(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { name, args: None, .. } if name.0.len() == 1 => name.0[0].as_ident().map(identifier),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_what_is_read_from_outside() {
        let check = |text: &str, expected: &[&str]| {
            let query = parse(text).unwrap();
            assert_eq!(
                tables(Dialect::Embedded, &query).into_iter().map(|it| it.0).collect::<Vec<_>>(),
                expected,
                "{text}"
            );
        };
        check("SELECT * FROM Clicks c JOIN \"Odd\" USING (id)", &["clicks", "Odd"]);
        check("WITH x AS (SELECT * FROM t) SELECT * FROM x WHERE a IN (SELECT a FROM u)", &["t", "u"]);
        check("WITH t AS (SELECT * FROM t) SELECT * FROM t", &["t"]);
        check("SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x JOIN t ON true", &["t"]);
        check("WITH t AS (SELECT 1), u AS (SELECT * FROM t) SELECT * FROM u, (SELECT * FROM t) v", &[]);
    }

    #[test]
    fn columns_are_read_off_plain_lists() {
        let inputs = |table: &str| (table == "t").then(|| vec!["a".to_owned(), "b".to_owned()]);
        let check = |text: &str, expected: Option<&str>| {
            let columns = output_columns(text, &inputs).map(|it| {
                it.iter()
                    .map(|it| format!("{}<{}", it.name, it.source.as_deref().unwrap_or("?")))
                    .collect::<Vec<_>>()
                    .join(" ")
            });
            assert_eq!(columns.as_deref(), expected, "{text}");
        };
        check("SELECT a, t.b, a + 1 AS c, b AS d FROM t", Some("a<a b<b c<? d<b"));
        check("SELECT *, 1 AS one FROM t", Some("a<a b<b one<?"));
        check("SELECT * FROM u", None);
        check("SELECT a + 1 FROM t", None);
        check("WITH x AS (SELECT 1) SELECT a FROM t", None);
    }
}

//! Finds forms of SQL that the embedded engine does not have, or reads in another way than other engines.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, Query, Select, SelectFlavor,
    SelectItem, SetExpr, Spanned, TableFactor, UnaryOperator, Value, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::fault::{Fault, Holds};
use super::word::identifier;

/// A form that validates here and elsewhere, and yields other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Its effect here, with its place.
    pub fault: Fault,
    /// The text to write instead.
    pub hint: String,
}

/// Returns every form of `query` that is known to yield other values elsewhere, in their order.
pub fn reads_otherwise(query: &Query) -> Vec<Otherwise> {
    struct Forms(Vec<Otherwise>);
    impl Visitor for Forms {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let found = match expr {
                Expr::Substring { expr: text, substring_from: Some(from), shorthand, .. } => {
                    // The parser has one shape for both names.
                    let name = if *shorthand { "substr" } else { "substring" };
                    position(name, text, from, expr.span())
                }
                Expr::Function(call) => called(call),
                _ => None,
            };
            self.0.extend(found);
            ControlFlow::Continue(())
        }
    }
    let mut forms = Forms(Vec::new());
    let _ = query.visit(&mut forms);
    forms.0
}

fn called(call: &Function) -> Option<Otherwise> {
    let name = call.name.0.last()?.to_string().to_lowercase();
    let FunctionArguments::List(list) = &call.args else { return None };
    let argument = |index: usize| match list.args.get(index) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(it))) => Some(it),
        _ => None,
    };
    match name.as_str() {
        "substr" | "substring" => position(&name, argument(0)?, argument(1)?, call.name.span()),
        "to_char" | "date_format" => {
            let format = text(argument(1)?)?;
            let message = format!("`{name}` takes a format with `%`, and yields '{format}' as it stands on every row");
            let hint = format!("write `{name}({}, '%Y-%m-%d')`", argument(0)?);
            (!format.contains('%')).then(|| Otherwise { fault: at(message, call.name.span()), hint })
        }
        _ => None,
    }
}

/// Checks the start of a part of a text: positions count from 1, and lower ones are before the text.
fn position(name: &str, of: &Expr, from: &Expr, span: Span) -> Option<Otherwise> {
    let start = number(from)?;
    let (message, hint) = match start {
        0 => (
            format!("`{name}` counts from 1, and from position 0 it yields one letter less than it is asked for"),
            "start at 1".to_owned(),
        ),
        ..0 => (
            format!("`{name}` counts from 1, and from position {start} it does not count from the end of the text"),
            format!("write `right({of}, {})`", start.unsigned_abs()),
        ),
        _ => return None,
    };
    Some(Otherwise { fault: at(message, span), hint })
}

/// Returns why the engine cannot read `query`, though it is SQL, with the place.
pub fn not_ours(query: &Query) -> Option<Fault> {
    struct Missing;
    impl Visitor for Missing {
        type Break = Fault;

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
            let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause else {
                return ControlFlow::Continue(());
            };
            let offset = offset.as_ref().map(|it| &it.value);
            for (word, count) in [("LIMIT", limit.as_ref()), ("OFFSET", offset)] {
                if let Some(count) = count.filter(|it| number(it).is_some_and(|it| it < 0)) {
                    return ControlFlow::Break(at(format!("{word} takes 0 or more, and not {count}"), count.span()));
                }
            }
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Fault> {
            // A placeholder that other tools fill in before they run a query. Between quotes it is valid SQL.
            let (kind, text) = match expr {
                Expr::Identifier(name) if name.quote_style.is_some() => ("a column", name.value.as_str()),
                Expr::Value(_) => ("a text", text(expr).unwrap_or_default()),
                _ => return ControlFlow::Continue(()),
            };
            if !text.starts_with("{context.") || !text.ends_with('}') {
                return ControlFlow::Continue(());
            }
            ControlFlow::Break(at(format!("`{text}` is {kind} here, and nothing fills it in"), expr.span()))
        }

        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Fault> {
            match select.flavor {
                SelectFlavor::FromFirstNoSelect => {
                    let message = "a query says what it yields, as in SELECT * FROM …, and this has no SELECT";
                    ControlFlow::Break(at(message.to_owned(), select.span()))
                }
                _ => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Fault> {
            let name = match factor {
                TableFactor::Pivot { .. } => "PIVOT",
                TableFactor::Unpivot { .. } => "UNPIVOT",
                TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
                _ => return ControlFlow::Continue(()),
            };
            ControlFlow::Break(at(format!("{name} is not a part of weir's SQL"), factor.span()))
        }
    }
    query.visit(&mut Missing).break_value()
}

/// Returns a column that `query` yields twice by names that are written, with the place of the second.
pub fn yields_twice(query: &Query) -> Option<Fault> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let mut seen = Vec::new();
    for item in &select.projection {
        let name = match item {
            SelectItem::ExprWithAlias { alias, .. } => alias,
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => name,
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last()?,
            _ => continue,
        };
        let folded = identifier(name);
        if seen.contains(&folded) {
            return Some(at(folded, item.span()));
        }
        seen.push(folded);
    }
    None
}

fn at(message: String, span: Span) -> Fault {
    let (line, column) = (span.start.line.max(1) as usize, span.start.column.max(1) as usize);
    Fault { message, line, column, holds: Holds::InAny }
}

fn number(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr)?.checked_neg(),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } | Expr::Nested(expr) => number(expr),
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse;

    #[test]
    fn what_others_read_otherwise_is_named_with_what_to_write() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = reads_otherwise(&parse(text).unwrap());
            let found: Vec<_> = found.iter().map(|it| (it.fault.message.as_str(), it.hint.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        };
        let zero = "counts from 1, and from position 0 it yields one letter less than it is asked for";
        check("SELECT SUBSTRING(a, 0, 1) FROM t", &[(&format!("`substring` {zero}"), "start at 1")]);
        check("SELECT substr(a, (0)) FROM t", &[(&format!("`substr` {zero}"), "start at 1")]);
        check("SELECT SUBSTRING(a FROM 0 FOR 2) FROM t", &[(&format!("`substring` {zero}"), "start at 1")]);
        let end = "`substr` counts from 1, and from position -2 it does not count from the end of the text";
        check("SELECT b FROM t WHERE upper(substr(a || b, -2)) = 'X'", &[(end, "write `right(a || b, 2)`")]);
        let format = "`to_char` takes a format with `%`, and yields 'YYYY' as it stands on every row";
        check("SELECT to_char(ts, 'YYYY') FROM t", &[(format, "write `to_char(ts, '%Y-%m-%d')`")]);
        for fine in [
            "SELECT substr(a, 1), substring(a, b), substr(a, 2, 0), to_char(ts, '%Y'), to_char(ts, f) FROM t",
            "SELECT \"substr\" FROM t WHERE a = 'substr(a, 0)'",
        ] {
            check(fine, &[]);
        }
    }

    #[test]
    fn a_column_that_is_yielded_twice_has_a_place() {
        let check = |text: &str, expected: Option<(&str, usize)>| {
            let found = yields_twice(&parse(text).unwrap());
            assert_eq!(found.as_ref().map(|it| (it.message.as_str(), it.column)), expected, "{text}");
        };
        check("SELECT a, b AS A FROM t", Some(("a", 11)));
        check("SELECT t.a, u.a FROM t JOIN u", Some(("a", 13)));
        check("SELECT a, b AS \"A\" FROM t", None);
        check("SELECT a, b FROM (SELECT a AS b, c AS b FROM t)", None);
        check("SELECT *, a FROM t", None);
    }

    #[test]
    fn what_the_engine_does_not_have_is_named_with_its_place() {
        let check = |text: &str, expected: Option<(&str, usize)>| {
            let found = not_ours(&parse(text).unwrap());
            assert_eq!(found.as_ref().map(|it| (it.message.as_str(), it.column)), expected, "{text}");
        };
        check("SELECT a FROM t LIMIT -1", Some(("LIMIT takes 0 or more, and not -1", 24)));
        check("SELECT a FROM (SELECT a FROM t OFFSET -2) x", Some(("OFFSET takes 0 or more, and not -2", 40)));
        check("FROM t", Some(("a query says what it yields, as in SELECT * FROM …, and this has no SELECT", 1)));
        check("SELECT a FROM t PIVOT (sum(b) FOR c IN ('x', 'y')) p", Some(("PIVOT is not a part of weir's SQL", 15)));
        check(
            "SELECT a FROM t WHERE b < f(\"{context.end_time}\")",
            Some(("`{context.end_time}` is a column here, and nothing fills it in", 29)),
        );
        check(
            "SELECT a FROM t WHERE b < '{context.start_time}'",
            Some(("`{context.start_time}` is a text here, and nothing fills it in", 27)),
        );
        check("SELECT '{context}', '{}' FROM t", None);
        check("SELECT a FROM t LIMIT 0 OFFSET 3", None);
        check("FROM t SELECT a", None);
    }
}

//! Checks that a query only reads, and finds calls that ask for its window.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArguments, ObjectName, Query, Select, SetExpr, Spanned, TableFactor, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::fault::{Fault, Holds};
use super::parse::WINDOW;

/// Functions that have side effects or wait.
const DOES: &[&str] = &[
    "currval",
    "dblink",
    "dblink_exec",
    "java_method",
    "lastval",
    "lo_export",
    "lo_import",
    "nextval",
    "pg_advisory_lock",
    "pg_cancel_backend",
    "pg_read_file",
    "pg_sleep",
    "pg_terminate_backend",
    "reflect",
    "set_config",
    "setval",
    "system$cancel_query",
    "system$send_email",
    "system$wait",
    "try_reflect",
];

/// Returns why `query` does more than read rows, with its place.
pub fn more_than_reads(query: &Query) -> Option<Fault> {
    struct Effects;
    fn found(does: &str, span: Span) -> ControlFlow<Fault> {
        let (line, column) = (span.start.line.max(1) as usize, span.start.column.max(1) as usize);
        ControlFlow::Break(Fault {
            message: format!("a query reads rows, and this {does}"),
            line,
            column,
            holds: Holds::InAny,
        })
    }
    impl Visitor for Effects {
        type Break = Fault;

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
            if !query.locks.is_empty() {
                return found("locks them with FOR", query.body.span());
            }
            match query.body.as_ref() {
                SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                    found("changes a table", query.body.span())
                }
                _ => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Fault> {
            match &select.into {
                Some(into) => found("writes a table with INTO", into.name.span()),
                None => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Fault> {
            match factor {
                TableFactor::Table { sample: Some(_), name, .. } => {
                    found("takes other ones on each run with TABLESAMPLE", name.span())
                }
                TableFactor::Derived { sample: Some(_), subquery, .. } => {
                    found("takes other ones on each run with TABLESAMPLE", subquery.span())
                }
                TableFactor::Table { args: Some(_), name, .. } => does(name),
                TableFactor::Function { name, .. } => does(name),
                _ => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Fault> {
            let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
            does(&call.name)
        }
    }
    fn does(name: &ObjectName) -> ControlFlow<Fault> {
        let written = name.0.last().map(|it| it.to_string().to_ascii_lowercase()).unwrap_or_default();
        if DOES.contains(&written.as_str()) {
            return found(&format!("calls `{written}`, which does more than read"), name.span());
        }
        ControlFlow::Continue(())
    }
    query.visit(&mut Effects).break_value()
}

/// A call by which a query asks for its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsksWindow {
    /// `window_start` or `window_end`.
    pub name: String,
    pub has_arguments: bool,
    /// Its place alone.
    pub at: Fault,
}

/// Returns the first such call, if there is one.
pub fn asks_window(query: &Query) -> Option<AsksWindow> {
    struct Calls;
    impl Visitor for Calls {
        type Break = AsksWindow;

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<AsksWindow> {
            let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
            let name = call.name.to_string().to_ascii_lowercase();
            if !WINDOW.contains(&name.as_str()) {
                return ControlFlow::Continue(());
            }
            let has_arguments = !matches!(&call.args, FunctionArguments::List(it) if it.args.is_empty() && it.clauses.is_empty())
                || call.over.is_some()
                || call.filter.is_some();
            let start = call.name.span().start;
            let (line, column) = (start.line.max(1) as usize, start.column.max(1) as usize);
            let at = Fault { message: name.clone(), line, column, holds: Holds::InAny };
            ControlFlow::Break(AsksWindow { name, has_arguments, at })
        }
    }
    query.visit(&mut Calls).break_value()
}

#[cfg(test)]
mod tests {
    use super::more_than_reads;
    use crate::sql::parse;

    #[test]
    fn a_query_only_reads() {
        let check = |text: &str, expected: &str| {
            let fault = parse(text).map_or_else(Some, |it| more_than_reads(&it));
            let message = fault.map(|it| it.message).unwrap_or_default();
            let message = message.strip_prefix("a query reads rows, and this ").unwrap_or(&message);
            assert_eq!(message, expected, "{text}");
        };
        check("SELECT a INTO u FROM t", "writes a table with INTO");
        check("SELECT a FROM t FOR UPDATE", "locks them with FOR");
        check("SELECT a FROM (SELECT a FROM t FOR SHARE) x", "locks them with FOR");
        check("SELECT a FROM t TABLESAMPLE (10 PERCENT)", "takes other ones on each run with TABLESAMPLE");
        check("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "changes a table");
        check("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x", "changes a table");
        check("SELECT nextval('s'), a FROM t", "calls `nextval`, which does more than read");
        check(
            "SELECT a FROM t WHERE a = (SELECT pg_catalog.setval('s', 1))",
            "calls `setval`, which does more than read",
        );
        check("SELECT a FROM t WHERE a > 1 FETCH FIRST 3 ROWS ONLY", "");
        check("SELECT \"into\", nextval FROM t", "");
    }
}

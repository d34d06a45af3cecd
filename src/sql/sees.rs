//! Finds queries whose rows change when a table gains a column at its end.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, JoinConstraint, OrderByKind, Query, Select,
    SelectItem, SetExpr, TableFactor, Value, Visit, Visitor,
};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::append::words;
use super::dialect::Dialect;
use super::parse::parse;
use super::pieces::pieces;
use super::scope::constraint;
use super::token::tokenize;

/// Says whether `text` may yield other rows, or other values in its columns, once its tables have `gained` too.
///
/// A `*` only passes the new columns on, except where all columns count. Says yes where it cannot be sure.
pub fn sees_gained(dialect: Dialect, text: &str, gained: &[String]) -> bool {
    let says = |word: &str| gained.iter().any(|it| it.to_lowercase() == word.trim_matches(['`', '"']).to_lowercase());
    let (Some(_), Ok(query), Ok(tokens)) = (words(dialect, text), parse(text), tokenize(text)) else {
        // For a text that we cannot read, its pieces are enough if none can mean the columns.
        return pieces(dialect, text).is_none_or(|it| {
            it.iter().any(|it| says(it.text) || it.text == "*" || it.text.eq_ignore_ascii_case("natural"))
        });
    };
    let wildcards = has_wildcard(&query);
    // An alias says nothing of the tables, unless `*` passes on a column of that name.
    let mut aliases = Aliases(BTreeSet::new());
    let _ = query.visit(&mut aliases);
    let is_free = |it: &TokenWithSpan| wildcards || !aliases.0.contains(&it.span.start);
    let mentions = tokens.iter().any(|it| matches!(&it.token, Token::Word(word) if says(&word.value)) && is_free(it));
    mentions || query.visit(&mut Seeing { wildcards }).is_break()
}

/// The places of aliases in SELECT lists.
struct Aliases(BTreeSet<Location>);

impl Visitor for Aliases {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.0.extend(select.projection.iter().filter_map(|it| match it {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.span.start),
            _ => None,
        }));
        ControlFlow::Continue(())
    }
}

struct Seeing {
    wildcards: bool,
}

/// Says whether a SELECT in the query takes all columns.
fn has_wildcard(query: &Query) -> bool {
    struct Wildcards;
    impl Visitor for Wildcards {
        type Break = ();

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if takes_all(&query.body) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Wildcards).is_break()
}

fn is_wildcard(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
}

fn takes_all(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.projection.is_empty() || select.projection.iter().any(is_wildcard),
        SetExpr::SetOperation { left, right, .. } => takes_all(left) || takes_all(right),
        SetExpr::Query(query) => takes_all(&query.body),
        SetExpr::Values(_) => false,
        _ => true,
    }
}

/// Says whether an ORDER BY or GROUP BY expression is a number: a position in the SELECT list.
fn is_position(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(it) if matches!(it.value, Value::Number(..)))
}

impl Seeing {
    fn select(&self, select: &Select) -> bool {
        let by_all = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(by, _) => by.iter().any(is_position),
        };
        let joins = select.from.iter().flat_map(|it| &it.joins);
        let natural = joins.filter_map(|it| constraint(&it.join_operator)).any(|it| *it == JoinConstraint::Natural);
        natural || (select.distinct.is_some() || by_all) && select.projection.iter().any(is_wildcard)
    }

    fn query(&self, query: &Query) -> bool {
        let set = matches!(query.body.as_ref(), SetExpr::SetOperation { .. });
        let by_all = query.order_by.as_ref().is_some_and(|it| match &it.kind {
            OrderByKind::All(_) => true,
            OrderByKind::Expressions(by) => by.iter().any(|it| is_position(&it.expr) || is_all(&it.expr)),
        });
        let named = query.with.iter().flat_map(|it| &it.cte_tables).any(|it| !it.alias.columns.is_empty());
        // Steps after `|>` can take all columns in their own ways.
        (set || by_all || named) && self.wildcards || !query.pipe_operators.is_empty()
    }

    fn table(&self, factor: &TableFactor) -> bool {
        match factor {
            TableFactor::Derived { alias: Some(alias), .. } | TableFactor::Table { alias: Some(alias), .. } => {
                // The names are given by position.
                !alias.columns.is_empty()
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                let joins = table_with_joins.joins.iter().filter_map(|it| constraint(&it.join_operator));
                joins.into_iter().any(|it| *it == JoinConstraint::Natural)
            }
            // They group by whatever columns are left.
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } | TableFactor::MatchRecognize { .. } => true,
            _ => false,
        }
    }
}

fn is_all(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if name.value.eq_ignore_ascii_case("all"))
}

/// Says whether a call is given all columns. `count(*)` counts rows.
fn is_given_all(expr: &Expr) -> bool {
    let Expr::Function(call) = expr else { return false };
    let FunctionArguments::List(list) = &call.args else { return false };
    let all = |it: &FunctionArg| {
        let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) = it;
        match arg {
            FunctionArgExpr::Expr(it) => matches!(it, Expr::Wildcard(_) | Expr::QualifiedWildcard(..)),
            _ => true,
        }
    };
    let counts = call.name.to_string().eq_ignore_ascii_case("count")
        && list.duplicate_treatment.is_none()
        && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]);
    !counts && list.args.iter().any(all)
}

fn break_if(sees: bool) -> ControlFlow<()> {
    if sees { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Visitor for Seeing {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        break_if(self.query(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        break_if(self.select(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        break_if(self.table(factor))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        break_if(is_given_all(expr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gained_column_is_seen_where_all_columns_count() {
        let check = |text: &str, expected: bool| {
            for dialect in [Dialect::Embedded, Dialect::Spark] {
                assert_eq!(sees_gained(dialect, text, &["req".to_owned()]), expected, "{dialect:?}: {text}");
            }
        };
        check("SELECT * FROM t", false);
        check("SELECT t.*, a + 1 AS b FROM t WHERE a > 1 ORDER BY a LIMIT 5", false);
        check("SELECT count(*) FROM t", false);
        check("SELECT DISTINCT a FROM t", false);
        check("SELECT a FROM t UNION SELECT a FROM u", false);
        check("SELECT a FROM t WHERE EXISTS (SELECT * FROM u WHERE u.a = t.a)", false);
        check("SELECT DISTINCT * FROM t", true);
        check("SELECT DISTINCT t.* FROM t", true);
        check("SELECT a FROM (SELECT DISTINCT * FROM t) x", true);
        check("WITH x AS (SELECT DISTINCT * FROM t) SELECT a FROM x", true);
        check("SELECT a FROM t NATURAL JOIN u", true);
        check("SELECT * FROM t NATURAL LEFT JOIN u", true);
        check("SELECT a FROM (t NATURAL JOIN u)", true);
        check("SELECT * FROM t UNION SELECT * FROM u", true);
        check("SELECT a FROM (SELECT * FROM t EXCEPT SELECT * FROM u) x", true);
        check("SELECT a FROM (SELECT * FROM t) AS x (a, b)", true);
        check("WITH x (a, b) AS (SELECT * FROM t) SELECT a FROM x", true);
        check("SELECT *, a + 1 FROM t ORDER BY 4 LIMIT 5", true);
        check("SELECT count(DISTINCT t.*) FROM t", true);
        check("SELECT a, hash(*) AS h FROM t", true);
        check("SELECT a AS req FROM t", false);
        check("SELECT *, a AS req FROM t", true);
        check("SELECT a AS req FROM t ORDER BY req", true);
        check("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = Req)", true);
        check("SELECT * FROM t PIVOT (sum(a) FOR b IN ('x', 'y'))", true);
        assert!(sees_gained(Dialect::Spark, "SELECT TRANSFORM (*) USING 'cat' AS (b) FROM t", &["req".to_owned()]));
        assert!(!sees_gained(Dialect::Spark, "SELECT TRANSFORM (a) USING 'cat' AS (b) FROM t", &["req".to_owned()]));
    }
}

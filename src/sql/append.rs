//! Queries that only grew.

use std::borrow::Cow;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, GroupByExpr, Query, SelectItem, SetExpr, Visit, Visitor};

use super::normal::normal_words;
use super::{normal_form, parse, tokenize};

/// Says whether `after` is `before` with items appended to its outermost SELECT list, and surely the same rows.
///
/// Loud where it cannot be sure: `DISTINCT`, set operations, an appended call that may aggregate or multiply rows,
/// an appended name that the rest of the query may mean.
pub fn only_appends(before: &str, after: &str) -> bool {
    let (before, after) = (normal_form(before), normal_form(after));
    let (Ok(mut old), Ok(mut new)) = (parse(&before), parse(&after)) else { return false };
    let (SetExpr::Select(old_select), SetExpr::Select(new_select)) = (old.body.as_mut(), new.body.as_mut()) else {
        return false;
    };
    let kept = old_select.projection.len();
    if new_select.projection.len() <= kept || old_select.distinct.is_some() || new_select.distinct.is_some() {
        return false;
    }
    let grouped = match &new_select.group_by {
        GroupByExpr::All(_) => return false,
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
    };
    let appended = new_select.projection.split_off(kept);
    let (words, words_after) = (words_of(&before), words_of(&after));
    // The trees must agree, and so must the words: a tree may have dropped something.
    if old != new || !is_insertion(&words, &words_after) {
        return false;
    }
    appended.iter().all(|item| {
        let (expr, alias) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            _ => return false,
        };
        !alias.is_some_and(|it| words.contains(&it.to_string())) && keeps_rows(expr, grouped)
    })
}

fn words_of(normal: &str) -> Vec<String> {
    tokenize(normal).map(|it| normal_words(normal, &it).map(Cow::into_owned).collect()).unwrap_or_default()
}

/// Says whether `after` is `before` with one stretch put in, which starts at a comma.
fn is_insertion(before: &[String], after: &[String]) -> bool {
    let Some(added) = after.len().checked_sub(before.len()) else { return false };
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    (0..=same).rev().any(|at| after.get(at).is_some_and(|it| it == ",") && before[at..] == after[at + added..])
}

/// Scalar functions that neither aggregate nor multiply rows, for appended items of queries without GROUP BY.
const SCALAR: &[&str] = &[
    "abs",
    "ceil",
    "coalesce",
    "concat",
    "date_trunc",
    "floor",
    "greatest",
    "least",
    "length",
    "lower",
    "nullif",
    "round",
    "substr",
    "substring",
    "to_timestamp",
    "trim",
    "upper",
];

fn keeps_rows(expr: &Expr, grouped: bool) -> bool {
    struct Calls {
        grouped: bool,
    }
    impl Visitor for Calls {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
            let name = call.name.to_string().to_lowercase();
            let multiplies = name.contains("unnest") || name.contains("explode") || name.contains("generate");
            let safe = !multiplies && (self.grouped || call.over.is_some() || SCALAR.contains(&name.as_str()));
            if safe { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    }
    expr.visit(&mut Calls { grouped }).is_continue()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_surely_equal_rows_count_as_appended() {
        let check = |before: &str, after: &str, expected: bool| {
            assert_eq!(only_appends(before, after), expected, "{before} => {after}")
        };
        check("SELECT a FROM t", "SELECT a, b FROM t", true);
        check("SELECT a FROM t", "select a, upper(b) AS c, b + 1 FROM t", true);
        check(
            "SELECT a, count(*) AS n FROM t GROUP BY a",
            "SELECT a, count(*) AS n, sum(b) AS s FROM t GROUP BY a",
            true,
        );
        check("SELECT a FROM t", "SELECT a, count(*) OVER (PARTITION BY a) AS n FROM t", true);
        check("SELECT a FROM t WHERE a = 'it''s'", "SELECT a, b FROM t WHERE a = 'it''s'", true);
        check("SELECT a FROM t WHERE a = 'x'", "SELECT a, b FROM t WHERE a = 'y'", false);
        check("SELECT a FROM t", "SELECT b, a FROM t", false);
        check("SELECT a FROM t", "SELECT a FROM t", false);
        check("SELECT a FROM t", "SELECT a, b FROM t WHERE a > 1", false);
        check("SELECT DISTINCT a FROM t", "SELECT DISTINCT a, b FROM t", false);
        check("SELECT a FROM t", "SELECT a, unnest(b) FROM t", false);
        check("SELECT 1", "SELECT 1, count(*)", false);
        check("SELECT a FROM t", "SELECT a, (SELECT 1) FROM t", false);
        check("SELECT a FROM t ORDER BY b LIMIT 5", "SELECT a, c AS b FROM t ORDER BY b LIMIT 5", false);
        check("SELECT a FROM t UNION SELECT a FROM u", "SELECT a, b FROM t UNION SELECT a, b FROM u", false);
    }
}

//! Finds queries that only gained columns.

use std::borrow::Cow;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem, SetExpr, Visit,
    Visitor,
};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::Dialect;
use super::normal::normal_words;
use super::parse::{WINDOW, parse};
use super::pieces::pieces;
use super::token::tokenize;

/// Says whether `after` is `before` with items appended to its outermost SELECT list, and surely the same rows.
///
/// Says no where it cannot be sure: `DISTINCT`, set operations, a call that is not known to keep the rows, an appended
/// name that anything else in the query may mean.
pub fn only_appends(dialect: Dialect, before: &str, after: &str) -> bool {
    let (Some(words), Some(words_after)) = (words(dialect, before), words(dialect, after)) else { return false };
    let (Ok(mut old), Ok(mut new)) = (parse(&words.join(" ")), parse(&words_after.join(" "))) else { return false };
    if !is_plain(&old) || !is_plain(&new) {
        return false;
    }
    let (SetExpr::Select(old_select), SetExpr::Select(new_select)) = (old.body.as_mut(), new.body.as_mut()) else {
        return false;
    };
    let kept = old_select.projection.len();
    if new_select.projection.len() <= kept || !is_plain_select(old_select) || !is_plain_select(new_select) {
        return false;
    }
    let is_grouped = match &new_select.group_by {
        GroupByExpr::All(_) => return false,
        GroupByExpr::Expressions(by, _) => !by.is_empty() || old_select.projection.iter().any(aggregates),
    };
    let appended = new_select.projection.split_off(kept);
    let single = matches!(old_select.from.as_slice(), [only] if only.joins.is_empty());
    let items = old_select.projection.clone();
    // The trees must agree, and so must the words: a tree may have dropped something.
    if old != new || !is_insertion(&words, &words_after) {
        return false;
    }
    let Ok(tokens) = tokenize(before) else { return false };
    let mut taken: Vec<String> = items.iter().filter_map(output).collect();
    appended.iter().all(|item| {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return false };
        let Some(name) = output(item) else { return keeps_rows(expr, is_grouped) };
        // A column under its own name does not change what the name means elsewhere.
        let is_itself = match expr {
            Expr::Identifier(it) => folded(it) == name,
            Expr::CompoundIdentifier(path) if single && path.len() == 2 => folded(&path[1]) == name,
            _ => false,
        };
        let is_new = !taken.contains(&name) && (is_itself || !mentions(&tokens, &name));
        taken.push(name);
        is_new && keeps_rows(expr, is_grouped)
    })
}

/// Says whether the query has no clause that looks at all its columns, or works on its output.
fn is_plain(query: &Query) -> bool {
    let is_all =
        |it: &OrderByExpr| matches!(&it.expr, Expr::Identifier(name) if name.value.eq_ignore_ascii_case("all"));
    let by_all = query.order_by.as_ref().is_some_and(|it| match &it.kind {
        OrderByKind::All(_) => true,
        OrderByKind::Expressions(by) => it.interpolate.is_some() || by.iter().any(is_all),
    });
    !by_all
        && query.pipe_operators.is_empty()
        && query.for_clause.is_none()
        && query.settings.is_none()
        && query.format_clause.is_none()
}

fn is_plain_select(select: &Select) -> bool {
    select.distinct.is_none()
        && select.exclude.is_none()
        && select.into.is_none()
        && select.value_table_mode.is_none()
        && select.flavor == SelectFlavor::Standard
        && select.lateral_views.is_empty()
        && select.connect_by.is_empty()
}

/// Returns a name without letter case: two that are one name in some dialect are one here.
fn folded(name: &Ident) -> String {
    name.value.to_lowercase()
}

/// Returns the name of a column, where its text says it.
fn output(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) | SelectItem::ExprWithAlias { alias: name, .. } => {
            Some(folded(name))
        }
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last().map(folded),
        _ => None,
    }
}

fn mentions(tokens: &[TokenWithSpan], name: &str) -> bool {
    tokens.iter().any(|it| match &it.token {
        Token::Word(word) => word.value.to_lowercase() == name,
        Token::DoubleQuotedString(text) => text.to_lowercase() == name,
        _ => false,
    })
}

/// Returns the words of a text, where we and the dialect split it alike.
pub(super) fn words(dialect: Dialect, text: &str) -> Option<Vec<String>> {
    let tokens = tokenize(text).ok().filter(|_| !text.contains("/*!"))?;
    if dialect == Dialect::Embedded {
        return Some(normal_words(text, &tokens).map(Cow::into_owned).collect());
    }
    let words: Vec<String> = super::normal::visible(text, &tokens).map(|it| it.1.to_owned()).collect();
    let alike = pieces(dialect, text)?.iter().map(|it| it.text).eq(words.iter().map(String::as_str));
    alike.then_some(words)
}

/// Says whether `after` is `before` with one stretch inserted, which starts at a comma.
fn is_insertion(before: &[String], after: &[String]) -> bool {
    let end = |words: &[String]| words.len() - words.iter().rev().take_while(|it| *it == ";").count();
    let (before, after) = (&before[..end(before)], &after[..end(after)]);
    let Some(added) = after.len().checked_sub(before.len()) else { return false };
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    (0..=same).rev().any(|at| after.get(at).is_some_and(|it| it == ",") && before[at..] == after[at + added..])
}

/// Functions that are scalar in every dialect that has them: each call reads one row.
const SCALAR: &[&str] = &[
    "abs",
    "ascii",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "date_part",
    "date_trunc",
    "exp",
    "floor",
    "from_unixtime",
    "greatest",
    "initcap",
    "isnan",
    "least",
    "left",
    "length",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "nullif",
    "nvl",
    "power",
    "pow",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "sha256",
    "sign",
    "sin",
    "split_part",
    "sqrt",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "tan",
    "to_timestamp",
    "translate",
    "trim",
    "trunc",
    "upper",
    WINDOW[0],
    WINDOW[1],
];

/// Functions that make one value of many rows: with GROUP BY, or with OVER.
const AGGREGATES: &[&str] = &[
    "approx_distinct",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "max",
    "mean",
    "median",
    "min",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "var_pop",
    "var_samp",
];

fn aggregates(item: &SelectItem) -> bool {
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return false };
    matches!(expr, Expr::Function(call)
        if call.over.is_none() && AGGREGATES.contains(&call.name.to_string().to_ascii_lowercase().as_str()))
}

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
            let safe = match expr {
                Expr::Function(call) => {
                    let name = call.name.to_string().to_ascii_lowercase();
                    let over_rows = self.grouped || call.over.is_some();
                    SCALAR.contains(&name.as_str()) || over_rows && AGGREGATES.contains(&name.as_str())
                }
                // They belong to old joins, recursions and whole rows.
                Expr::OuterJoin(_) | Expr::Prior(_) | Expr::Lambda(_) | Expr::Wildcard(_) => false,
                Expr::QualifiedWildcard(..) | Expr::MatchAgainst { .. } | Expr::InUnnest { .. } => false,
                _ => true,
            };
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
            assert_eq!(only_appends(Dialect::Embedded, before, after), expected, "{before} => {after}")
        };
        check("SELECT a FROM t", "SELECT a, b FROM t", true);
        check("SELECT a FROM t", "select A, upper(b) AS c, b + 1 FROM t", true);
        check("SELECT a FROM t ORDER BY b", "SELECT a, b FROM t ORDER BY b", true);
        check("SELECT a FROM t WHERE b > 1", "SELECT a, t.b FROM t WHERE b > 1;", true);
        check("SELECT * FROM t", "SELECT *, a + 1 AS c FROM t", true);
        check(
            "SELECT a, count(*) AS n FROM t GROUP BY a",
            "SELECT a, count(*) AS n, sum(b) AS s FROM t GROUP BY a",
            true,
        );
        check("SELECT a FROM t", "SELECT a, count(*) OVER (PARTITION BY a) AS n FROM t", true);
        check("SELECT a FROM t WHERE a = 'it''s'", "SELECT a, b FROM t WHERE a = 'it''s'", true);
        check("SELECT a FROM t WHERE a = 'x'", "SELECT a, b FROM t WHERE a = 'y'", false);
        check("SELECT a FROM t WHERE a = 'x'", "SELECT a, b FROM t WHERE a = 'X'", false);
        check("SELECT a FROM t", "SELECT b, a FROM t", false);
        check("SELECT a FROM t", "SELECT a FROM t", false);
        check("SELECT a FROM t", "SELECT a, b FROM t WHERE a > 1", false);
        check("SELECT DISTINCT a FROM t", "SELECT DISTINCT a, b FROM t", false);
        check("SELECT a FROM t", "SELECT a, unnest(b) FROM t", false);
        check("SELECT a FROM t GROUP BY a", "SELECT a, stack(2, 1, 2) FROM t GROUP BY a", false);
        check("SELECT a FROM t GROUP BY a", "SELECT a, inline(b) FROM t GROUP BY a", false);
        check("SELECT a FROM t", "SELECT a, \"unnest\"(b) AS c FROM t", false);
        check("SELECT 1", "SELECT 1, count(*)", false);
        check("SELECT a FROM t", "SELECT a, (SELECT 1) FROM t", false);
        check("SELECT a FROM t UNION SELECT a FROM u", "SELECT a, b FROM t UNION SELECT a, b FROM u", false);
        check("SELECT a FROM t GROUP BY ALL", "SELECT a, b FROM t GROUP BY ALL", false);
        check("SELECT a FROM t ORDER BY ALL", "SELECT a, b FROM t ORDER BY ALL", false);
    }

    #[test]
    fn a_name_that_something_else_could_mean_is_no_append() {
        let check =
            |before: &str, after: &str| assert!(!only_appends(Dialect::Embedded, before, after), "{before} => {after}");
        for name in ["b", "\"b\"", "B", "\"B\""] {
            for clause in [
                "ORDER BY b LIMIT 5",
                "ORDER BY \"b\" LIMIT 5",
                "GROUP BY a, b",
                "GROUP BY a HAVING b > 1",
                "QUALIFY b > 1",
                "WINDOW w AS (PARTITION BY b)",
                "WHERE b > 1",
            ] {
                check(&format!("SELECT a FROM t {clause}"), &format!("SELECT a, -c AS {name} FROM t {clause}"));
            }
            check("SELECT b FROM t", &format!("SELECT b, c AS {name} FROM t"));
            check("SELECT a AS \"b\" FROM t", &format!("SELECT a AS \"b\", c AS {name} FROM t"));
            check("SELECT a FROM t", &format!("SELECT a, c AS {name}, d AS b FROM t"));
        }
        check("SELECT t.a FROM t JOIN u USING (b) ORDER BY b", "SELECT t.a, u.b FROM t JOIN u USING (b) ORDER BY b");
    }

    #[test]
    fn of_spark_only_what_we_read_as_it_does_counts() {
        let check = |before: &str, after: &str, expected: bool| {
            assert_eq!(only_appends(Dialect::Spark, before, after), expected, "{before} => {after}")
        };
        check("SELECT a FROM t", "SELECT a, b FROM t", true);
        check("SELECT a FROM t", "SELECT A, b FROM t", false);
        check("SELECT a FROM t", "SELECT a, 1D AS c FROM t", false);
        check("SELECT 'x\\'' FROM t", "SELECT 'x\\'', b FROM t", false);
        check("SELECT a FROM t", "SELECT a, explode(b) FROM t", false);
        check("SELECT a FROM t ORDER BY b", "SELECT a, c AS B FROM t ORDER BY b", false);
    }
}

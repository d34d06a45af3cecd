//! SQL text: one dialect, its faults, its normal form, the tables it reads, the columns it yields.
//!
//! The normal form is made of the query's own tokens, not printed from a syntax tree: it can hide white space,
//! comments and letter case, and nothing else.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, Expr, GroupByExpr, Ident, ObjectName, Query, SelectItem, SetExpr, Spanned, Statement, TableFactor, Visit,
    Visitor,
};
use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

/// A query's fault, with its place inside the text; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
}

/// A column that a query yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The input column that passes through unchanged, if it is one.
    pub source: Option<String>,
}

/// More tokens than any person writes: deep syntax trees cost stack, and this bounds their depth.
const TOKENS_MAX: usize = 20_000;

/// DataFusion's defaults: the generic grammar, double quotes round odd names.
fn dialect() -> impl Dialect {
    GenericDialect {}
}

/// Parses one query, or says what is wrong and where.
pub fn parse(text: &str) -> Result<Query, Fault> {
    let tokens = tokenize(text)?;
    let meaningful = tokens.iter().filter(|it| !matches!(it.token, Token::Whitespace(_))).count();
    if meaningful > TOKENS_MAX {
        return Err(Fault {
            message: format!("the query has {meaningful} words, and weir reads up to {TOKENS_MAX}"),
            line: 1,
            column: 1,
        });
    }
    if meaningful == 0 {
        return Err(Fault { message: "the query is empty".to_owned(), line: 1, column: 1 });
    }
    let dialect = dialect();
    let mut statements =
        Parser::new(&dialect).with_tokens_with_locations(tokens).parse_statements().map_err(|it| fault(it, text))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Ok(*query),
        (Some(other), true) => {
            let verb = other.to_string().split_whitespace().next().unwrap_or_default().to_uppercase();
            Err(Fault { message: format!("a query reads rows, and this is a {verb}"), line: 1, column: 1 })
        }
        (Some(second), false) => {
            let start = second.span().start;
            Err(Fault {
                message: "there is more than one statement".to_owned(),
                line: (start.line as usize).max(1),
                column: (start.column as usize).max(1),
            })
        }
        (None, _) => Err(Fault { message: "the query is empty".to_owned(), line: 1, column: 1 }),
    }
}

fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    Tokenizer::new(&dialect(), text).tokenize_with_location().map_err(|it| Fault {
        message: it.message.to_lowercase(),
        line: it.location.line.max(1) as usize,
        column: it.location.column.max(1) as usize,
    })
}

/// Takes the place out of the parser's message, where it is only text.
fn fault(error: ParserError, query: &str) -> Fault {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => "the query nests too deeply".to_owned(),
    };
    let Some((message, place)) = text.rsplit_once(" at Line: ") else {
        // What is missing at the end is missing at the end.
        let ends = text.ends_with("found: EOF");
        let query = if ends { query.trim_end() } else { "" };
        let column = query.rsplit('\n').next().map_or(1, |it| it.chars().count().max(1));
        return Fault { message: lower_first(&text), line: query.lines().count().max(1), column };
    };
    let mut numbers = place.split(", Column: ").map(|it| it.trim().parse::<usize>().unwrap_or(1).max(1));
    Fault { message: lower_first(message), line: numbers.next().unwrap_or(1), column: numbers.next().unwrap_or(1) }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|it| it.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Returns the form in which queries are compared: tokens, one space apart, unquoted words in lower case.
///
/// Every token but a word stays exactly as it is written, quotes and all, so that the normal form is SQL with the same
/// tokens. Text that is not SQL is its own normal form.
pub fn normal_form(text: &str) -> String {
    let Ok(tokens) = tokenize(text) else { return text.to_owned() };
    let mut words = normal_words(text, &tokens);
    while words.last().is_some_and(|it| it == ";") {
        words.pop();
    }
    words.join(" ")
}

fn normal_words(text: &str, tokens: &[TokenWithSpan]) -> Vec<String> {
    let written = written(text, tokens);
    let visible = tokens.iter().zip(written).filter(|it| !matches!(it.0.token, Token::Whitespace(_) | Token::EOF));
    visible
        .map(|(it, written)| match &it.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
            _ => written.to_owned(),
        })
        .collect()
}

/// Returns every token as it is written: from its start to the start of the next.
fn written<'a>(text: &'a str, tokens: &[TokenWithSpan]) -> Vec<&'a str> {
    let mut starts = Vec::with_capacity(tokens.len() + 1);
    let (mut line, mut column) = (1, 1);
    let mut chars = text.char_indices();
    for token in tokens {
        let at = token.span.start;
        let mut offset = chars.offset();
        while (line, column) < (at.line, at.column) {
            let Some((_, letter)) = chars.next() else { break };
            (line, column) = if letter == '\n' { (line + 1, 1) } else { (line, column + 1) };
            offset = chars.offset();
        }
        starts.push(offset);
    }
    starts.push(text.len());
    starts.windows(2).map(|it| &text[it[0]..it[1]]).collect()
}

/// Returns the tables that `query` reads from outside, in the order of their first use, each with its place.
pub fn tables(query: &Query) -> Vec<(String, Fault)> {
    #[derive(Default)]
    struct Tables {
        found: Vec<(String, Fault)>,
        defined: BTreeSet<String>,
    }
    impl Visitor for Tables {
        type Break = ();

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let tables = query.with.iter().flat_map(|it| &it.cte_tables);
            self.defined.extend(tables.map(|it| identifier(&it.alias.name)));
            ControlFlow::Continue(())
        }

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let name = relation
                .0
                .iter()
                .map(|it| it.as_ident().map_or_else(|| it.to_string(), identifier))
                .collect::<Vec<_>>()
                .join(".");
            let start = relation.span().start;
            if !self.found.iter().any(|it| it.0 == name) {
                self.found.push((
                    name.clone(),
                    Fault { message: name, line: start.line.max(1) as usize, column: start.column.max(1) as usize },
                ));
            }
            ControlFlow::Continue(())
        }
    }
    let mut tables = Tables::default();
    let _ = query.visit(&mut tables);
    let Tables { found, defined } = tables;
    found.into_iter().filter(|it| !defined.contains(&it.0)).collect()
}

/// Unquoted names mean their lower case (DataFusion's rule).
fn identifier(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// Says whether a query that calls its table `table` reads the table declared as `declared`.
pub fn same_table(table: &str, declared: &str) -> bool {
    table == declared || table == declared.to_lowercase()
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
    let words_of = |text: &str| tokenize(text).map(|it| normal_words(text, &it)).unwrap_or_default();
    let words = words_of(&before);
    // The trees must agree, and so must the words: a tree may have dropped something.
    if old != new || !is_insertion(&words, &words_of(&after)) {
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

/// Returns `text` with the table `old` called `new`: where it is read, and where it qualifies a column.
pub fn rename_table(text: &str, old: &str, new: &str) -> String {
    let (Ok(query), Ok(tokens)) = (parse(text), tokenize(text)) else { return text.to_owned() };
    struct Relations<'a> {
        old: &'a str,
        starts: BTreeSet<(u64, u64)>,
    }
    impl Visitor for Relations<'_> {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            if let [only] = relation.0.as_slice()
                && let Some(ident) = only.as_ident().filter(|it| same_table(&identifier(it), self.old))
            {
                self.starts.insert((ident.span.start.line, ident.span.start.column));
            }
            ControlFlow::Continue(())
        }
    }
    let mut relations = Relations { old, starts: BTreeSet::new() };
    let _ = query.visit(&mut relations);
    let is_word = |it: &Token| matches!(it, Token::Word(word) if same_table(&name_of(word), old));
    let plain = !new.starts_with(|it: char| it.is_ascii_digit())
        && new.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    let written = written(text, &tokens);
    let mut renamed = String::with_capacity(text.len());
    for (index, token) in tokens.iter().enumerate() {
        let start = token.span.start;
        let qualifies = tokens.get(index + 1).is_some_and(|it| it.token == Token::Period)
            && index.checked_sub(1).is_none_or(|it| tokens[it].token != Token::Period);
        match &token.token {
            Token::Word(word)
                if is_word(&token.token) && (qualifies || relations.starts.contains(&(start.line, start.column))) =>
            {
                let quoted = word.quote_style.is_some() || !plain;
                renamed.push_str(&if quoted { format!("\"{new}\"") } else { new.to_owned() });
            }
            _ => renamed.push_str(written[index]),
        }
    }
    renamed
}

fn name_of(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_comments_and_letter_case_are_no_change() {
        let check = |text: &str| {
            assert_eq!(
                normal_form(text),
                "select user_id , count ( * ) as n from clicks where kind = 'Ad' group by user_id",
                "{text}"
            )
        };
        check("SELECT user_id, COUNT(*) AS n FROM clicks WHERE kind = 'Ad' GROUP BY user_id");
        check(
            "select user_id,count(*) as n -- how many\nfrom clicks /* pushed */\n  where kind='Ad'\ngroup by user_id;",
        );
        assert_ne!(normal_form("SELECT \"A\" FROM t"), normal_form("SELECT \"a\" FROM t"));
        assert_ne!(normal_form("SELECT 'A' FROM t"), normal_form("SELECT 'a' FROM t"));
        assert_ne!(normal_form("SELECT 'x'' , ''y'"), normal_form("SELECT 'x' , 'y'"));
        assert_ne!(normal_form("SELECT \"x\"\" , \"\"y\""), normal_form("SELECT \"x\" , \"y\""));
        for text in [
            "SELECT 'it''s' FROM t",
            "SELECT E'a\\n', $$b c$$, X'0F', \"q\"\"r\" FROM t -- é",
            "SELECT 'é''ü', 1.50 FROM t",
        ] {
            assert_eq!(normal_form(&normal_form(text)), normal_form(text), "{text}");
            let tokens = tokenize(text).unwrap();
            assert_eq!(written(text, &tokens).concat(), text);
        }
    }

    #[test]
    fn faults_say_where() {
        let check = |text: &str, message: &str, line: usize, column: usize| {
            assert_eq!(parse(text).unwrap_err(), Fault { message: message.to_owned(), line, column })
        };
        check("SELECT a\nFORM t WHERE", "expected: end of statement, found: t", 2, 6);
        check("", "the query is empty", 1, 1);
        check("DROP TABLE t", "a query reads rows, and this is a DROP", 1, 1);
        check("SELECT 'a", "unterminated string literal", 1, 8);
        check("SELECT a\nFROM t WHERE\n", "expected: an expression, found: EOF", 2, 12);
    }

    #[test]
    fn deep_and_long_queries_are_refused_not_fatal() {
        assert!(parse(&format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000))).is_err());
        assert!(parse(&format!("SELECT 1{}", " + 1".repeat(50_000))).is_err());
        assert!(parse(&format!("SELECT 1{}", " + 1".repeat(9_000))).is_ok());
    }

    #[test]
    fn tables_are_what_is_read_from_outside() {
        let check = |text: &str, expected: &[&str]| {
            let query = parse(text).unwrap();
            assert_eq!(tables(&query).into_iter().map(|it| it.0).collect::<Vec<_>>(), expected, "{text}");
        };
        check("SELECT * FROM Clicks c JOIN \"Odd\" USING (id)", &["clicks", "Odd"]);
        check("WITH x AS (SELECT * FROM t) SELECT * FROM x WHERE a IN (SELECT a FROM u)", &["t", "u"]);
    }

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

    #[test]
    fn a_table_is_renamed_where_it_is_a_table() {
        let check = |text: &str, expected: &str| assert_eq!(rename_table(text, "clicks", "clicks_v2"), expected);
        check("SELECT clicks, clicks.id FROM clicks", "SELECT clicks, clicks_v2.id FROM clicks_v2");
        check("SELECT clicks.* FROM clicks WHERE a = 'it''s'", "SELECT clicks_v2.* FROM clicks_v2 WHERE a = 'it''s'");
        check("SELECT id FROM other", "SELECT id FROM other");
        assert_eq!(rename_table("SELECT id FROM clicks", "clicks", "clicks-v2"), "SELECT id FROM \"clicks-v2\"");
    }
}

//! Two queries are called equal only where a real parser of their dialect reads the same, and layout is never a change.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlparser::dialect::{DatabricksDialect, Dialect as Grammar, GenericDialect, RedshiftSqlDialect, SnowflakeDialect};
use sqlparser::parser::Parser;
use weir::sql::{Dialect, normal_form};

/// How many queries of each dialect; `WEIR_SQL_CASES` takes more.
const CASES: u32 = 3000;

const DIALECTS: [Dialect; 4] = [Dialect::Embedded, Dialect::Spark, Dialect::Snowflake, Dialect::Redshift];

fn cases() -> u32 {
    std::env::var("WEIR_SQL_CASES").map_or(CASES, |it| it.parse().expect("a number"))
}

fn grammar(dialect: Dialect) -> Box<dyn Grammar> {
    match dialect {
        Dialect::Embedded => Box::new(GenericDialect {}),
        Dialect::Spark => Box::new(DatabricksDialect {}),
        Dialect::Snowflake => Box::new(SnowflakeDialect {}),
        Dialect::Redshift => Box::new(RedshiftSqlDialect {}),
    }
}

/// Returns what a parser makes of a text, or nothing where it is no query. Letter case of what is not quoted counts for
/// nothing in the embedded engine.
fn meaning(dialect: Dialect, text: &str) -> Option<String> {
    let statements = Parser::parse_sql(&*grammar(dialect), text).ok()?;
    let printed = statements.iter().map(ToString::to_string).collect::<Vec<_>>().join(";");
    if dialect != Dialect::Embedded {
        return Some(printed);
    }
    let mut quote = None;
    let fold = |it: char| {
        match quote {
            Some(open) if open == it => quote = None,
            None if matches!(it, '\'' | '"' | '`') => quote = Some(it),
            _ => {}
        }
        if quote.is_none() { it.to_ascii_lowercase() } else { it }
    };
    Some(printed.chars().map(fold).collect())
}

/// Returns an expression as its tokens.
fn expression(dialect: Dialect) -> impl Strategy<Value = Vec<String>> {
    let mut atoms = vec![
        "a",
        "B",
        "user_id",
        "t.a",
        "42",
        "1.5",
        "1e3",
        "'x'",
        "'it''s'",
        "' '",
        "'--'",
        "'/* */'",
        "''",
        "\"Q u\"",
        "\"a\"",
        "NULL",
        "TRUE",
        "count(*)",
        "f(a, 'b')",
        "CAST(a AS INT)",
        "'ü'",
        "'a\\b'",
        "DATE '2024-01-01'",
    ];
    match dialect {
        Dialect::Embedded => atoms.extend(["a::int", "`a`", "a[1]"]),
        Dialect::Spark => atoms.extend(["`a b`", "\"text\"", "x -> x + 1", "'a\\'b'", "a.b.c"]),
        Dialect::Snowflake => atoms.extend(["$$a ' b$$", "src:a.b", "a::int", "$1", "'a\\'b'"]),
        Dialect::Redshift => atoms.extend(["a::int", "'a' || 'b'", "a ~ 'x'", "$1"]),
    }
    let atom = prop::sample::select(atoms).prop_map(|it| vec![it.to_owned()]);
    let operators = ["+", "-", "*", "/", "=", "<>", "<=", "||", "AND", "or", "IS NOT DISTINCT FROM", "LIKE"];
    atom.prop_recursive(3, 12, 2, move |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(operators.to_vec()), inner.clone()).prop_map(|(a, op, b)| [
                a,
                vec![op.to_owned()],
                b
            ]
            .concat()),
            inner.clone().prop_map(|it| [vec!["(".to_owned()], it, vec![")".to_owned()]].concat()),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| {
                let word = |it: &str| vec![it.to_owned()];
                [word("CASE WHEN"), a, word("THEN"), b, word("END")].concat()
            }),
            inner.prop_map(|it| [
                vec!["coalesce".to_owned(), "(".to_owned()],
                it,
                vec![",".to_owned(), "0".to_owned(), ")".to_owned()]
            ]
            .concat()),
        ]
    })
}

/// Returns a query as its tokens, a few of them several at once.
fn query(dialect: Dialect) -> impl Strategy<Value = Vec<String>> {
    let column = (expression(dialect), prop::option::of(prop::sample::select(vec!["x", "\"Y\"", "amount"])));
    let columns = prop::collection::vec(column, 1..4);
    let tables = prop::sample::select(vec![
        "t",
        "\"T t\"",
        "t JOIN u USING (id)",
        "t AS a LEFT JOIN u ON a.id = u.id",
        "(SELECT * FROM t) s",
    ]);
    let condition = prop::option::of(expression(dialect));
    let tail =
        prop::option::of(prop::sample::select(vec!["ORDER BY a", "LIMIT 3", "GROUP BY a HAVING count(*) > 1", ";"]));
    (columns, tables, condition, tail).prop_map(|(columns, tables, condition, tail)| {
        let mut tokens = vec!["SELECT".to_owned()];
        for (index, (expression, alias)) in columns.into_iter().enumerate() {
            if index > 0 {
                tokens.push(",".to_owned());
            }
            tokens.extend(expression);
            tokens.extend(alias.into_iter().flat_map(|it| ["AS".to_owned(), it.to_owned()]));
        }
        tokens.push("FROM".to_owned());
        tokens.push(tables.to_owned());
        tokens.extend(condition.into_iter().flat_map(|it| [vec!["WHERE".to_owned()], it].concat()));
        tokens.extend(tail.map(str::to_owned));
        tokens
    })
}

/// One character more, less, or another one.
fn mutated(text: &str, at: usize, kind: u8, with: char) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = at % letters.len();
    match kind {
        0 => letters[at] = with,
        1 => letters.insert(at, with),
        2 => drop(letters.remove(at)),
        _ => letters.swap(at, (at + 1).min(text.chars().count() - 1)),
    }
    letters.into_iter().collect()
}

const LETTERS: &[char] = &[
    '\'', '"', '`', '$', '-', '/', '*', '#', '\n', '\r', '\t', ' ', ';', '.', ',', '(', ')', 'a', 'A', 'e', 'N', '1',
    '0', '_', 'é', 'İ', 'ſ', '\u{a0}', '\u{2028}', '\u{feff}', '\\', '@', ':', '%', '{', '}', '[', ']', '<', '=', '!',
    '|', '?', '~', '&', '+', '\0',
];

#[test]
fn a_text_that_a_parser_reads_otherwise_is_never_called_equal() {
    for dialect in DIALECTS {
        let mut runner = TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
        let one = (query(dialect), any::<prop::sample::Index>(), 0..4u8, prop::sample::select(LETTERS));
        let told = runner.run(&one, |(tokens, at, kind, with)| {
            let text = tokens.join(" ");
            let Some(meant) = meaning(dialect, &text) else { return Ok(()) };
            let other = mutated(&text, at.index(text.chars().count()), kind, with);
            let is_equal = normal_form(dialect, &text) == normal_form(dialect, &other);
            let reads = meaning(dialect, &other);
            prop_assert!(
                !is_equal || reads.as_ref() == Some(&meant),
                "{text:?}\nand {other:?}\nare equal, and read as\n{meant}\n{reads:?}"
            );
            Ok(())
        });
        told.unwrap_or_else(|it| panic!("{dialect:?}: {it}"));
    }
}

#[test]
fn layout_and_comments_are_never_a_change() {
    let between = |dialect: Dialect| {
        let mut gaps = vec![" ", "\n", "\t", "\r\n", "  \n  ", " /* a 'b' */ ", " /**/ ", " -- it's\n", "\n-- \"x\n\n"];
        if dialect == Dialect::Snowflake {
            gaps.push(" // it's\n");
        }
        prop::collection::vec(prop::sample::select(gaps), 40)
    };
    for dialect in DIALECTS {
        let mut runner = TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
        let told = runner.run(&(query(dialect), between(dialect)), |(tokens, gaps)| {
            // Two literals with a line between them are one literal to PostgreSQL.
            let text = tokens.join(" ");
            let mut other = String::from(gaps[0]);
            for (index, token) in tokens.iter().enumerate() {
                other.push_str(token);
                other.push_str(gaps[(index + 1) % gaps.len()]);
            }
            prop_assert_eq!(normal_form(dialect, &text), normal_form(dialect, &other), "{:?}\nand {:?}", text, other);
            // And case of words, where it means nothing.
            if dialect == Dialect::Embedded && !text.contains(['\'', '"', '`']) && !text.contains("1e3") {
                prop_assert_eq!(normal_form(dialect, &text), normal_form(dialect, &text.to_uppercase()));
            }
            Ok(())
        });
        told.unwrap_or_else(|it| panic!("{dialect:?}: {it}"));
    }
}

#[test]
fn most_of_the_queries_are_queries() {
    for dialect in DIALECTS {
        let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
        let read = std::cell::Cell::new(0);
        let told = runner.run(&query(dialect), |tokens| {
            read.set(read.get() + i32::from(meaning(dialect, &tokens.join(" ")).is_some()));
            Ok(())
        });
        told.unwrap();
        assert!(read.get() > 300, "{dialect:?}: {} of 500", read.get());
    }
}

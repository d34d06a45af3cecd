//! Bounds the depth of queries: functions that walk the tree are recursive, and a thread's stack is limited.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, Query, Visit, Visitor};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::fault::{Fault, Holds};

/// The stack of a thread that reads queries, in bytes. Untouched pages cost nothing.
pub const STACK: usize = 256 * 1024 * 1024;

/// Says whether the system gives this many threads their stacks, with `rest` bytes left. Without them, the next
/// allocation would end the process. The check starts one thread with a stack of that size in all.
pub fn has_room(threads: usize, rest: usize) -> bool {
    let all = std::thread::Builder::new().stack_size(threads * STACK + rest).spawn(|| {});
    all.is_ok_and(|it| it.join().is_ok())
}

/// The greatest depth of a query.
const DEPTH_MAX: usize = 1_000;

/// The most operators of one tree before it is built: `a = 1 OR a = 2` has three, and is two deep.
const OPERATORS_MAX: usize = 4 * DEPTH_MAX;

/// Words that put the expression before them one level deeper.
const OPERATORS: &[&str] = &[
    "AND", "AT", "COLLATE", "DIV", "ILIKE", "IN", "IS", "ISNULL", "LIKE", "NOTNULL", "OR", "OVERLAPS", "REGEXP",
    "RLIKE", "SIMILAR", "XOR",
];

/// Words that put the tables before them one level deeper.
const SETS: &[&str] = &["EXCEPT", "INTERSECT", "JOIN", "MATCH_RECOGNIZE", "MINUS", "PIVOT", "UNION", "UNPIVOT"];

/// Refuses a text whose tree would be too deep to be built and dropped.
pub(super) fn check_tokens(tokens: &[TokenWithSpan]) -> Result<(), Fault> {
    let count = operators(tokens);
    if count > OPERATORS_MAX { Err(too_deep(count)) } else { Ok(()) }
}

/// Refuses a query that is too deep to be walked.
pub(super) fn check(query: &Query) -> Result<(), Fault> {
    let depth = depth(query);
    if depth > DEPTH_MAX { Err(too_deep(depth)) } else { Ok(()) }
}

const FOLLOW: &str = "operators or tables follow each other ";

fn too_deep(depth: usize) -> Fault {
    let message = format!("{FOLLOW}{depth} times, and weir reads up to {DEPTH_MAX}");
    Fault { message, line: 1, column: 1, holds: Holds::InOurs }
}

impl Fault {
    /// Returns what to write instead, where the query is too deep.
    pub fn hint(&self) -> Option<&'static str> {
        let is_deep = self.message.starts_with(FOLLOW);
        is_deep.then_some("write a long OR as IN (…), and a long sum as sums in parentheses")
    }
}

/// The counts between two parentheses.
#[derive(Default)]
struct Level {
    /// Operators of the current part, which ends at a comma.
    operators: usize,
    /// Operators between tables: no comma ends them.
    sets: usize,
    /// The most operators inside of one pair of parentheses of this part.
    inside: usize,
    /// The most of a part that has ended.
    most: usize,
}

impl Level {
    fn end_part(&mut self) {
        self.most = self.most.max(self.operators + self.inside);
        (self.operators, self.inside) = (0, 0);
    }

    fn end(mut self) -> usize {
        self.end_part();
        self.most + self.sets
    }
}

/// Returns the most operators of one tree. Its depth is no greater, except for parentheses, which the parser bounds.
fn operators(tokens: &[TokenWithSpan]) -> usize {
    let (mut level, mut outer) = (Level::default(), Vec::new());
    for token in tokens {
        match &token.token {
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Period
            | Token::RBracket
            | Token::SemiColon => {}
            Token::Word(word) if word.quote_style.is_none() => {
                let is_in = |words: &[&str]| words.iter().any(|it| word.value.eq_ignore_ascii_case(it));
                level.operators += usize::from(is_in(OPERATORS));
                level.sets += usize::from(is_in(SETS));
            }
            Token::Word(_) => {}
            Token::Comma => level.end_part(),
            Token::LParen => outer.push(std::mem::take(&mut level)),
            Token::RParen => {
                let closed = std::mem::replace(&mut level, outer.pop().unwrap_or_default());
                level.inside = level.inside.max(closed.end());
            }
            _ => level.operators += 1,
        }
    }
    // Parentheses that are never closed count too: the parser builds what it has read before it refuses them.
    outer.into_iter().map(Level::end).sum::<usize>() + level.end()
}

/// Returns the depth of the query's expressions, or the number of tables that it reads, where that is more: each JOIN
/// and each UNION nests the tables before it.
fn depth(query: &Query) -> usize {
    #[derive(Default)]
    struct Depth {
        now: usize,
        most: usize,
        tables: usize,
    }
    impl Visitor for Depth {
        type Break = ();

        fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
            self.now += 1;
            self.most = self.most.max(self.now);
            ControlFlow::Continue(())
        }

        fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
            self.now -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_relation(&mut self, _: &ObjectName) -> ControlFlow<()> {
            self.tables += 1;
            ControlFlow::Continue(())
        }
    }
    let mut depth = Depth::default();
    let _ = query.visit(&mut depth);
    depth.most.max(depth.tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_counted_where_they_meet() {
        let check = |text: &str, expected: usize| {
            assert_eq!(operators(&crate::sql::token::tokenize(text).unwrap()), expected, "{text}");
        };
        check("SELECT a FROM t", 0);
        check("SELECT a + a + a FROM t", 2);
        check("SELECT a + a, a + a + a, a FROM t", 2);
        check("SELECT ((a + a) + a) + (a) FROM t", 3);
        check("SELECT a FROM t WHERE a = 1 OR b IS NULL", 3);
        check("SELECT a, b FROM t UNION SELECT a, b FROM t UNION SELECT a, b FROM t", 2);
        check("SELECT a FROM t JOIN u USING (a), (SELECT a + a AS a FROM t) x", 2);
        check("SELECT a IN (1, 2, 3) FROM t WHERE \"or\" = 'or'", 2);
        check("SELECT a::INT::INT, x[1][2] FROM t", 2);
        check("SELECT ((a + a", 1);
    }

    /// Each has to return at any depth, on a thread of our stack size.
    #[test]
    fn a_query_of_any_depth_is_read_or_refused() {
        let says = |text: String, expected: Option<String>| {
            let read = || crate::sql::parse(&text).map(|it| crate::sql::more_than_reads(&it)).err();
            let fault = std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
                thread.unwrap().join().unwrap()
            });
            assert_eq!(fault.map(|it| it.message), expected, "{text:.60}");
        };
        let check = |text: String, expected: Option<usize>| {
            says(text, expected.map(|it| format!("{FOLLOW}{it} times, and weir reads up to 1000")));
        };
        let chain = |link: &str, times: usize| format!("SELECT a{} FROM t", link.repeat(times));
        check(chain(" + a", 999), None);
        check(chain(" + a", 1000), Some(1001));
        check(chain(" + a", 3999), Some(4000));
        check(chain(" + a", 4001), Some(4001));
        check(chain(" + a", 9000), Some(9000));
        check(chain(" IS NULL", 9000), Some(9000));
        check(chain("::INT", 9000), Some(9000));
        check(chain(" = 1 OR a", 998), None);
        check(chain(" = 1 OR a", 1500), Some(1502));
        check(format!("SELECT {}a{} FROM t", "(".repeat(15), " + a)".repeat(15)), None);
        check(format!("SELECT a FROM t{}", " UNION ALL SELECT a FROM t".repeat(999)), None);
        check(format!("SELECT a FROM t{}", " UNION ALL SELECT a FROM t".repeat(3000)), Some(3001));
        check(format!("SELECT a FROM t{}", " JOIN t USING (a)".repeat(2000)), Some(2001));
        check(format!("SELECT CASE{} END FROM t", " WHEN a = 1 THEN 2".repeat(3000)), None);
        check(format!("SELECT a FROM t WHERE a IN ({}1)", "1, ".repeat(9900)), None);
        let eight = (0..8).fold("a".to_owned(), |inner, _| format!("({inner}{})", " + a".repeat(1200)));
        check(format!("SELECT {eight} FROM t"), Some(9600));
        let nested = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
        says(nested, Some("the query nests too deeply".to_owned()));
        let long = format!("SELECT 1{}", " + 1".repeat(50_000));
        says(long, Some("the query has 100002 words, and weir reads up to 20000".to_owned()));
    }
}

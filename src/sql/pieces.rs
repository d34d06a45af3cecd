//! Splits texts of Spark, Snowflake and Redshift into pieces, by the grammar that decides where comments and quotes
//! end.
//!
//! A piece may be longer than a token of that grammar and is never shorter. So texts of the same pieces are read alike
//! in the dialect. A text that we are not sure of has no pieces.

use super::dialect::Dialect;

/// A stretch of text that is no white space or comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// Its start in the text, in bytes.
    pub start: usize,
    /// True where it continues the text literal before it: PostgreSQL joins two literals across the end of a line.
    pub continues: bool,
}

/// Returns the pieces of `text` without white space and comments, or nothing where we cannot be sure of them.
pub fn pieces(dialect: Dialect, text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    loop {
        let (start, gap) = skip(dialect, text, at)?;
        if start == text.len() {
            return Some(pieces);
        }
        let length = length(dialect, &text[start..])?;
        let piece = &text[start..start + length];
        let joins = dialect == Dialect::Redshift && gap.line_ends && !gap.block && piece.starts_with('\'');
        let continues = joins && pieces.last().is_some_and(|it| it.text.ends_with('\''));
        pieces.push(Piece { text: piece, start, continues });
        at = start + length;
    }
}

/// The white space and comments between two pieces.
#[derive(Default)]
struct Gap {
    line_ends: bool,
    block: bool,
}

/// Returns where the next piece starts.
fn skip(dialect: Dialect, text: &str, mut at: usize) -> Option<(usize, Gap)> {
    let mut gap = Gap::default();
    loop {
        let rest = &text[at..];
        let white = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        gap.line_ends |= rest[..white].contains(['\n', '\r']);
        at += white;
        let rest = &text[at..];
        if rest.starts_with("--") || dialect == Dialect::Snowflake && rest.starts_with("//") {
            let comment = rest.split('\n').next().unwrap_or(rest);
            let comment = comment.strip_suffix('\r').unwrap_or(comment);
            // Some end a comment at a lone carriage return, Spark continues it after a backslash, `s3://` holds none.
            if comment.contains('\r')
                || comment.ends_with('\\')
                || comment.starts_with("//") && text[..at].ends_with(':')
            {
                return None;
            }
            at += comment.len();
        } else if rest.starts_with("/*") && !(dialect == Dialect::Spark && rest.starts_with("/*+")) {
            let end = rest[2..].find("*/")? + 2;
            // In some versions comments nest.
            if rest[2..end].contains("/*") || rest[2..end].ends_with('/') {
                return None;
            }
            gap.block = true;
            at += end + 2;
        } else {
            return Some((at, gap));
        }
    }
}

/// Returns the length of the piece at the start of `rest`.
fn length(dialect: Dialect, rest: &str) -> Option<usize> {
    if let Some(mark) = dollar_mark(dialect, rest) {
        return Some(rest[mark.len()..].find(mark)? + 2 * mark.len());
    }
    let first = rest.chars().next()?;
    match first {
        '\'' | '"' => quoted(dialect, rest),
        '`' if dialect == Dialect::Spark => doubled(rest, '`'),
        '@' if dialect == Dialect::Snowflake => stage_path(rest),
        '0'..='9' => Some(number(rest)),
        '.' if rest[1..].starts_with(|it: char| it.is_ascii_digit()) => Some(number(rest)),
        it if is_word(dialect, it) => word(dialect, rest),
        it if it.is_ascii_punctuation() => symbol(dialect, rest),
        // A control character, or white space that only some dialects know.
        _ => None,
    }
}

fn is_word(dialect: Dialect, letter: char) -> bool {
    match letter {
        '_' | '$' => true,
        '#' => dialect == Dialect::Redshift,
        '@' | '\\' => dialect == Dialect::Spark,
        it => it.is_alphanumeric(),
    }
}

/// Returns the end of a word, with the quotes after it where it may be their prefix.
fn word(dialect: Dialect, rest: &str) -> Option<usize> {
    let end = rest.find(|it| !is_word(dialect, it)).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    // An address without quotes may hold `--`.
    if dialect == Dialect::Spark && behind.starts_with("://") {
        return None;
    }
    let unicode = word.eq_ignore_ascii_case("u") && behind.starts_with('&') && behind[1..].starts_with(['\'', '"']);
    let (end, behind) = if unicode { (end + 1, &behind[1..]) } else { (end, behind) };
    let is_prefix = word.chars().count() <= 2 && behind.starts_with(['\'', '"']);
    if !is_prefix {
        return Some(end);
    }
    let length = match (dialect, word) {
        (Dialect::Spark, "r" | "R") => raw(behind),
        (Dialect::Redshift, "e" | "E") => escaped(behind, '\''),
        _ => quoted(dialect, behind),
    };
    Some(end + length?)
}

/// Returns the end of a text or a name in quotes.
fn quoted(dialect: Dialect, rest: &str) -> Option<usize> {
    match (dialect, rest.starts_with('"')) {
        (Dialect::Spark, true) => escaped(rest, '"'),
        (Dialect::Spark | Dialect::Snowflake, false) => escaped(rest, '\''),
        (_, true) => doubled(rest, '"'),
        (_, false) => {
            // Redshift, unlike PostgreSQL, may read a backslash as an escape. Then the text ends elsewhere.
            let end = doubled(rest, '\'')?;
            (escaped(rest, '\'') == Some(end)).then_some(end)
        }
    }
}

/// Returns the end at a quote that is not doubled.
fn doubled(rest: &str, quote: char) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].find(quote)? + 1;
        match rest[at..].strip_prefix(quote) {
            Some(_) => at += 1,
            None => return Some(at),
        }
    }
}

/// Returns the end at a quote that is not doubled and has no backslash before it.
fn escaped(rest: &str, quote: char) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].find([quote, '\\'])? + 1;
        if rest[..at].ends_with('\\') {
            at += rest[at..].chars().next()?.len_utf8();
        } else if rest[at..].starts_with(quote) {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// Returns the end at the next quote.
fn raw(rest: &str) -> Option<usize> {
    let quote = rest.chars().next()?;
    Some(rest[1..].find(quote)? + 2)
}

/// Returns the mark that starts and ends `$$ … $$`, with the tag between its signs if there is one.
fn dollar_mark(dialect: Dialect, rest: &str) -> Option<&str> {
    let tag = rest.strip_prefix('$')?.split_once('$')?.0;
    let is_tag = match dialect {
        Dialect::Snowflake => tag.is_empty(),
        Dialect::Spark => tag.chars().all(|it| it.is_ascii_alphabetic()),
        _ => {
            !tag.starts_with(|it: char| it.is_ascii_digit()) && tag.chars().all(|it| it.is_alphanumeric() || it == '_')
        }
    };
    is_tag.then(|| &rest[..tag.len() + 2])
}

/// Returns the end of `@stage/path/file`, in which `--`, `//` and `/*` may be letters.
fn stage_path(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].find([' ', '\t', '\n', '\r', '(', ')', ',', ';', '\'', '"']).unwrap_or(rest.len() - at);
        if !rest[at..].starts_with('"') {
            break;
        }
        at += doubled(&rest[at..], '"')?;
    }
    let path = &rest[..at];
    (!["--", "//", "/*"].iter().any(|it| path.contains(it))).then_some(at)
}

/// Returns the end of a number, with all letters that touch it.
fn number(rest: &str) -> usize {
    let mut end = 0;
    loop {
        end += rest[end..].find(|it: char| !(it.is_alphanumeric() || "._$".contains(it))).unwrap_or(rest.len() - end);
        let is_exponent = rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['+', '-']);
        if !(is_exponent && rest[end + 1..].starts_with(|it: char| it.is_ascii_digit())) {
            return end;
        }
        end += 1;
    }
}

/// The symbols, the longest first. A symbol of one dialect is one piece in all.
const SYMBOLS: &[&str] = &[
    "/*+", "<=>", "->>", ">>>", "|||", "<=", ">=", "<>", "!=", "==", "!<", "!>", "||", "&&", "::", ":=", "->", "=>",
    "|>", "<<", ">>", "**", "..", "*/", "//",
];

fn symbol(dialect: Dialect, rest: &str) -> Option<usize> {
    const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";
    let first = rest.chars().next()?;
    match dialect {
        // In Snowflake `#` may begin a comment, as in the grammar that we read.
        Dialect::Snowflake if matches!(first, '#' | '`' | '\\') => None,
        Dialect::Redshift if first == '\\' => None,
        // PostgreSQL's rule: an operator is as long as possible, and ends in + or - only with a sign such as ~ or @.
        Dialect::Redshift if OPERATOR.contains(first) => {
            let run = &rest[..rest.find(|it| !OPERATOR.contains(it)).unwrap_or(rest.len())];
            let comment = [run.find("--"), run.find("/*")].into_iter().flatten().min();
            let run = &run[..comment.unwrap_or(run.len())];
            if run.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
                return Some(run.len());
            }
            Some(run.trim_end_matches(['+', '-']).len().max(1))
        }
        _ => Some(SYMBOLS.iter().find(|it| rest.starts_with(**it)).map_or(1, |it| it.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, text: &str, expected: Option<&str>) {
        let found = pieces(dialect, text).map(|it| it.iter().map(|it| it.text).collect::<Vec<_>>().join(" · "));
        assert_eq!(found.as_deref(), expected, "{dialect:?}: {text}");
    }

    #[test]
    fn quotes_end_where_the_dialect_says() {
        use Dialect::{Redshift, Snowflake, Spark};
        check(Spark, r"'it\'s -- v1' x", Some(r"'it\'s -- v1' · x"));
        check(Spark, r#""a\" -- K1" x"#, Some(r#""a\" -- K1" · x"#));
        check(Spark, r"r'a\' -- K1", Some(r"r'a\'"));
        check(Spark, "`a``--b` -- c", Some("`a``--b`"));
        check(Snowflake, r"'it\'s -- v1'", Some(r"'it\'s -- v1'"));
        check(Snowflake, r#""a\" -- K1"#, Some(r#""a\""#));
        check(Snowflake, "$$it's -- v1$$ // c", Some("$$it's -- v1$$"));
        check(Redshift, r"'a\' -- v1'", None);
        check(Redshift, r"E'a\' -- v1'", Some(r"E'a\' -- v1'"));
        check(Redshift, r"'a\\' -- v1", Some(r"'a\\'"));
        check(Redshift, "$a$ $$ -- v1 $a$ -- c", Some("$a$ $$ -- v1 $a$"));
        check(Redshift, "'open", None);
    }

    #[test]
    fn comments_are_those_of_the_dialect() {
        use Dialect::{Redshift, Snowflake, Spark};
        check(Spark, "SELECT /*+ BROADCAST(a) */ a", Some("SELECT · /*+ · BROADCAST · ( · a · ) · */ · a"));
        check(Snowflake, "a /*+ b */ c // d", Some("a · c"));
        check(Spark, "a // b", Some("a · // · b"));
        check(Spark, "a -- b \\\n, c", None);
        check(Redshift, "a /* b /* c */ d */ e", None);
        check(Redshift, "a -- b\r\n, c -- d\re", None);
        check(Spark, "s3://a--b/c -- d", None);
        check(Snowflake, "a # b", None);
        check(Snowflake, "@Stage/Path/F.csv, @\"My Stage\"/x", Some("@Stage/Path/F.csv · , · @\"My Stage\"/x"));
        check(Snowflake, "a\u{a0}b", None);
    }

    #[test]
    fn what_may_be_one_token_is_one_piece() {
        use Dialect::{Redshift, Snowflake, Spark};
        check(Spark, "1D, 1 D, .5e-3, 1e5L", Some("1D · , · 1 · D · , · .5e-3 · , · 1e5L"));
        check(Snowflake, "src:Key::string", Some("src · : · Key · :: · string"));
        check(Spark, "a>=b> =c", Some("a · >= · b · > · = · c"));
        check(Redshift, "a=-1 @-1 - -1", Some("a · = · - · 1 · @- · 1 · - · - · 1"));
        check(Redshift, "x'0F' DATE'2020-01-01' U&'a' e 'b'", Some("x'0F' · DATE · '2020-01-01' · U&'a' · e · 'b'"));
    }
}

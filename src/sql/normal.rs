//! Makes the normal form of the query's own tokens, not of a syntax tree. So it hides only white space, comments and,
//! in the embedded engine's SQL, letter case.

use std::borrow::Cow;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::Dialect;
use super::pieces::pieces;
use super::token::tokenize;

/// Returns the form in which queries are compared.
///
/// For the embedded engine it has the tokens, one space apart, unquoted ASCII words in lower case. Every other token
/// stays as written, with its quotes, so that the form is SQL with the same tokens. For another dialect it has the
/// pieces, as written. A text that we cannot split is its own normal form.
pub fn normal_form(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Embedded => match tokenize(text) {
            Ok(tokens) => of_tokens(text, &tokens),
            Err(_) => as_written(text),
        },
        dialect => of_pieces(dialect, text),
    }
}

/// The separator of pieces, which no text of a person holds.
const BETWEEN: char = '\u{1f}';

fn as_written(text: &str) -> String {
    format!("{BETWEEN}{text}")
}

fn of_pieces(dialect: Dialect, text: &str) -> String {
    let Some(pieces) = pieces(dialect, text).filter(|_| !text.contains(BETWEEN)) else { return as_written(text) };
    let mut normal = String::with_capacity(text.len() + pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            normal.push(BETWEEN);
        }
        if piece.continues {
            normal.push(BETWEEN);
        }
        normal.push_str(piece.text);
    }
    normal
}

/// Returns the normal form of a text with these tokens.
pub(super) fn of_tokens(text: &str, tokens: &[TokenWithSpan]) -> String {
    // The tokenizer reads such a comment as SQL, and gives its tokens no places.
    if text.contains("/*!") {
        return as_written(text);
    }
    let mut normal = String::with_capacity(text.len() + text.len() / 4);
    // The end of the text without its last semicolons.
    let mut end = 0;
    for word in normal_words(text, tokens) {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(&word);
        if word != ";" {
            end = normal.len();
        }
    }
    normal.truncate(end);
    normal
}

/// Returns the tokens that count, as the normal form writes them.
pub(super) fn normal_words<'a>(text: &'a str, tokens: &'a [TokenWithSpan]) -> impl Iterator<Item = Cow<'a, str>> {
    visible(text, tokens).map(|(it, written)| match &it.token {
        // As in the engine, letters outside ASCII keep their case.
        Token::Word(word) if word.quote_style.is_none() && word.value.contains(|it: char| it.is_ascii_uppercase()) => {
            Cow::Owned(word.value.to_ascii_lowercase())
        }
        _ => Cow::Borrowed(written),
    })
}

/// Returns the tokens that count, as they are written.
pub(super) fn visible<'a>(
    text: &'a str,
    tokens: &'a [TokenWithSpan],
) -> impl Iterator<Item = (&'a TokenWithSpan, &'a str)> {
    let visible = tokens.iter().zip(written(text, tokens));
    visible.filter(|it| !matches!(it.0.token, Token::Whitespace(_) | Token::EOF))
}

/// Returns the text of every token, from its start to the start of the next.
pub(super) fn written<'a>(text: &'a str, tokens: &[TokenWithSpan]) -> Vec<&'a str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        normal_form(Dialect::Embedded, text)
    }

    #[test]
    fn layout_comments_and_letter_case_are_no_change() {
        let check = |text: &str| {
            assert_eq!(
                normal(text),
                "select user_id , count ( * ) as n from clicks where kind = 'Ad' group by user_id",
                "{text}"
            )
        };
        check("SELECT user_id, COUNT(*) AS n FROM clicks WHERE kind = 'Ad' GROUP BY user_id");
        check(
            "select user_id,count(*) as n -- how many\nfrom clicks /* pushed */\n  where kind='Ad'\ngroup by user_id;",
        );
        assert_ne!(normal("SELECT \"A\" FROM t"), normal("SELECT \"a\" FROM t"));
        assert_ne!(normal("SELECT 'A' FROM t"), normal("SELECT 'a' FROM t"));
        assert_ne!(normal("SELECT 'x'' , ''y'"), normal("SELECT 'x' , 'y'"));
        assert_ne!(normal("SELECT \"x\"\" , \"\"y\""), normal("SELECT \"x\" , \"y\""));
        assert_ne!(normal("SELECT Ä"), normal("SELECT ä"));
        assert_ne!(normal("SELECT a /*! , b */"), normal("SELECT a /*! , c */"));
        for text in [
            "SELECT 'it''s' FROM t",
            "SELECT E'a\\n', $$b c$$, X'0F', \"q\"\"r\" FROM t -- é",
            "SELECT 'é''ü', 1.50 FROM t",
        ] {
            assert_eq!(normal(&normal(text)), normal(text), "{text}");
            let tokens = tokenize(text).unwrap();
            assert_eq!(written(text, &tokens).concat(), text);
        }
    }

    #[test]
    fn of_other_dialects_only_layout_and_comments_are_no_change() {
        use Dialect::{Redshift, Snowflake, Spark};
        let check = |dialect: Dialect, before: &str, after: &str, equal: bool| {
            let is_equal = normal_form(dialect, before) == normal_form(dialect, after);
            assert_eq!(is_equal, equal, "{dialect:?}: {before} => {after}");
        };
        for dialect in [Spark, Snowflake, Redshift] {
            check(dialect, "SELECT a,b FROM t", "SELECT a , b -- c\n/* d */ FROM t", true);
            check(dialect, "SELECT a FROM t", "select a FROM t", false);
            check(dialect, "SELECT a FROM t", "SELECT A FROM t", false);
            check(dialect, "SELECT 'a' FROM t", "SELECT 'a ' FROM t", false);
            check(dialect, "SELECT 1D FROM t", "SELECT 1 D FROM t", false);
            check(dialect, "SELECT a FROM t", "SELECT a FROM t;", false);
            check(dialect, "SELECT 'open", "SELECT  'open", false);
        }
        check(Snowflake, "SELECT src:Key::string FROM t", "SELECT src:key::string FROM t", false);
        check(Snowflake, "SELECT $1 FROM @Stage/Path/F.csv", "SELECT $1 FROM @Stage /Path/F.csv", false);
        check(Snowflake, "SELECT 'it\\'s -- v1' AS n\nFROM t", "SELECT 'it\\'s -- v2' AS n\nFROM t", false);
        check(
            Spark,
            "SELECT \"a\\\" -- K1\" AS k\n, id FROM input",
            "SELECT \"a\\\" -- K2\" AS k\n, id FROM input",
            false,
        );
        check(Spark, "SELECT /*+ BROADCAST(a) */ a", "SELECT /*+ MERGE(a) */ a", false);
        check(Redshift, "SELECT 'a' 'b'", "SELECT 'a'\n'b'", false);
        check(Redshift, "SELECT 'a' -- c\n'b'", "SELECT 'a'\n\n'b'", true);
        check(Redshift, "SELECT - - 1", "SELECT --1", false);
    }
}

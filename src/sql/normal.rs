//! The normal form is made of the query's own tokens, not printed from a syntax tree: it can hide white space, comments
//! and letter case, and nothing else.

use std::borrow::Cow;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokenize;

/// Returns the form in which queries are compared: tokens, one space apart, unquoted words in lower case.
///
/// Every token but a word stays exactly as it is written, quotes and all, so that the normal form is SQL with the same
/// tokens. Text that is not SQL is its own normal form.
pub fn normal_form(text: &str) -> String {
    tokenize(text).map_or_else(|_| text.to_owned(), |it| of_tokens(text, &it))
}

/// Returns the normal form of a text with these tokens.
pub(super) fn of_tokens(text: &str, tokens: &[TokenWithSpan]) -> String {
    let mut normal = String::with_capacity(text.len() + text.len() / 4);
    // Where the text ends without the semicolons at its end.
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
    let visible = tokens.iter().zip(written(text, tokens));
    let visible = visible.filter(|it| !matches!(it.0.token, Token::Whitespace(_) | Token::EOF));
    visible.map(|(it, written)| match &it.token {
        Token::Word(word) if word.quote_style.is_none() && word.value.contains(|it: char| !it.is_ascii_lowercase()) => {
            Cow::Owned(word.value.to_lowercase())
        }
        _ => Cow::Borrowed(written),
    })
}

/// Returns every token as it is written: from its start to the start of the next.
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
}

//! Renames a table in a query.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::append::words;
use super::dialect::Dialect;
use super::normal::written;
use super::parse::parse;
use super::scope::{self, Meaning};
use super::token::tokenize;

/// Returns `text` with the table `old` called `new`, where that table is read and where it qualifies a column. Returns
/// `None` where the meaning of such a word is not sure.
pub fn rename_table(dialect: Dialect, text: &str, old: &str, new: &str) -> Option<String> {
    let is_old = |it: &str| it.to_lowercase() == old.to_lowercase();
    if !text.to_lowercase().contains(&old.to_lowercase()) {
        return Some(text.to_owned());
    }
    // A text in another grammar is read here only where both split it alike.
    words(dialect, text)?;
    let (query, tokens) = (parse(text).ok()?, tokenize(text).ok()?);
    let names = scope::names(dialect, &query);
    let written = written(text, &tokens);
    let mut renamed = String::with_capacity(text.len());
    for (index, token) in tokens.iter().enumerate() {
        let word = match &token.token {
            Token::Word(word) if !is_text(dialect, word) => word,
            _ => {
                renamed.push_str(written[index]);
                continue;
            }
        };
        let meaning = is_old(&word.value).then(|| meaning(&names, token));
        match meaning {
            Some(None) => return None,
            Some(Some(Meaning::Outside)) if means(dialect, word, old) => {
                renamed.push_str(&name(dialect, new, word.quote_style.is_some()));
            }
            // A name in the query that equals the new one could then mean the table.
            _ if word.value.to_lowercase() == new.to_lowercase() => return None,
            _ => renamed.push_str(written[index]),
        }
    }
    Some(renamed)
}

fn meaning(names: &scope::Names, token: &TokenWithSpan) -> Option<Meaning> {
    names.words.get(&(token.span.start.line, token.span.start.column)).copied()
}

/// Says whether the word is a text: in Spark, double quotes make one.
fn is_text(dialect: Dialect, word: &Word) -> bool {
    dialect == Dialect::Spark && word.quote_style == Some('"')
}

fn means(dialect: Dialect, word: &Word, declared: &str) -> bool {
    let name = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
    super::same_table(dialect, &name, declared)
}

/// Writes a table's name.
fn name(dialect: Dialect, name: &str, quoted: bool) -> String {
    let plain = !name.starts_with(|it: char| it.is_ascii_digit())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    match dialect {
        _ if plain && !quoted => name.to_owned(),
        Dialect::Spark => format!("`{name}`"),
        _ => format!("\"{name}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::normal_form;

    fn renamed(dialect: Dialect, text: &str) -> Option<String> {
        rename_table(dialect, text, "clicks", "taps")
    }

    #[test]
    fn a_table_is_renamed_where_it_is_a_table() {
        let check = |text: &str, expected: &str| {
            for dialect in [Dialect::Embedded, Dialect::Spark] {
                assert_eq!(renamed(dialect, text).as_deref(), Some(expected), "{dialect:?}");
            }
        };
        check("SELECT clicks, clicks.id FROM clicks", "SELECT clicks, taps.id FROM taps");
        check("SELECT clicks.* FROM Clicks WHERE a = 'clicks'", "SELECT taps.* FROM taps WHERE a = 'clicks'");
        check("SELECT id FROM other", "SELECT id FROM other");
        check("SELECT id -- clicks\nFROM clicks /* clicks */", "SELECT id -- clicks\nFROM taps /* clicks */");
        check(
            "WITH clicks AS (SELECT * FROM clicks WHERE c > 10) SELECT id, clicks.c FROM clicks",
            "WITH clicks AS (SELECT * FROM taps WHERE c > 10) SELECT id, clicks.c FROM clicks",
        );
        check(
            "WITH a AS (SELECT * FROM clicks), clicks AS (SELECT * FROM a) SELECT clicks.c FROM clicks",
            "WITH a AS (SELECT * FROM taps), clicks AS (SELECT * FROM a) SELECT clicks.c FROM clicks",
        );
        check(
            "SELECT a FROM (WITH clicks AS (SELECT 1 AS a) SELECT clicks.a FROM clicks) x JOIN clicks ON clicks.a = x.a",
            "SELECT a FROM (WITH clicks AS (SELECT 1 AS a) SELECT clicks.a FROM clicks) x JOIN taps ON taps.a = x.a",
        );
        check("SELECT clicks.id FROM other AS clicks", "SELECT clicks.id FROM other AS clicks");
        check("SELECT clicks.id FROM clicks AS clicks", "SELECT clicks.id FROM taps AS clicks");
        check("SELECT c.clicks FROM clicks c ORDER BY c.clicks", "SELECT c.clicks FROM taps c ORDER BY c.clicks");
        check("SELECT id AS clicks FROM clicks ORDER BY clicks.id", "SELECT id AS clicks FROM taps ORDER BY taps.id");
        check(
            "SELECT * FROM clicks JOIN u USING (clicks) WHERE EXISTS (SELECT 1 FROM v WHERE v.a = clicks.a)",
            "SELECT * FROM taps JOIN u USING (clicks) WHERE EXISTS (SELECT 1 FROM v WHERE v.a = taps.a)",
        );
        check(
            "SELECT * FROM clicks WHERE EXISTS (SELECT 1 FROM v AS clicks WHERE clicks.a = 1) AND clicks.a = 2",
            "SELECT * FROM taps WHERE EXISTS (SELECT 1 FROM v AS clicks WHERE clicks.a = 1) AND taps.a = 2",
        );
        check(
            "SELECT clicks.a FROM clicks UNION SELECT clicks.a FROM u clicks",
            "SELECT taps.a FROM taps UNION SELECT clicks.a FROM u clicks",
        );
        check(
            "SELECT x FROM (SELECT clicks.x FROM clicks) AS clicks WHERE clicks.x > 1",
            "SELECT x FROM (SELECT taps.x FROM taps) AS clicks WHERE clicks.x > 1",
        );
    }

    #[test]
    fn quotes_are_those_of_the_dialect() {
        use Dialect::{Embedded, Spark};
        let check = |dialect, text: &str, old: &str, new: &str, expected: Option<&str>| {
            assert_eq!(rename_table(dialect, text, old, new).as_deref(), expected, "{dialect:?}: {text}");
        };
        check(Embedded, "SELECT id FROM \"clicks\"", "clicks", "taps", Some("SELECT id FROM \"taps\""));
        check(Embedded, "SELECT id FROM \"Clicks\"", "Clicks", "taps", Some("SELECT id FROM \"taps\""));
        check(Embedded, "SELECT id FROM clicks", "clicks", "clicks-v2", Some("SELECT id FROM \"clicks-v2\""));
        check(Spark, "SELECT id FROM clicks", "clicks", "clicks-v2", Some("SELECT id FROM `clicks-v2`"));
        check(Spark, "SELECT `Clicks`.id FROM CLICKS", "clicks", "taps", Some("SELECT `taps`.id FROM taps"));
        check(Spark, "SELECT \"clicks\" FROM clicks", "clicks", "taps", Some("SELECT \"clicks\" FROM taps"));
    }

    #[test]
    fn what_is_not_sure_is_said() {
        for text in [
            "SELECT taps FROM clicks",
            "WITH taps AS (SELECT 1) SELECT * FROM clicks",
            "SELECT clicks.a FROM u",
            "SELECT clicks.a FROM clicks, clicks",
            "SELECT * FROM public.clicks",
            "SELECT clicks(a) FROM clicks",
            "SELECT * FROM clicks, (SELECT clicks.a FROM u) x",
            "WITH RECURSIVE a AS (SELECT * FROM clicks), clicks AS (SELECT 1) SELECT * FROM a",
            "SELECT TRANSFORM (a) USING 'cat' AS (b) FROM clicks",
        ] {
            assert_eq!(renamed(Dialect::Embedded, text), None, "{text}");
            assert_eq!(renamed(Dialect::Spark, text), None, "{text}");
        }
        assert_eq!(renamed(Dialect::Spark, "SELECT a\\'b FROM clicks"), None);
        let untouched = "SELECT TRANSFORM (a) USING 'cat' AS (b) FROM u";
        assert_eq!(renamed(Dialect::Spark, untouched).as_deref(), Some(untouched));
    }

    #[test]
    fn a_name_in_other_letters_is_the_same_name() {
        let text = rename_table(Dialect::Embedded, "SELECT id FROM Clicks", "Clicks", "clicks");
        let text = text.unwrap_or_default();
        assert_eq!(normal_form(Dialect::Embedded, &text), "select id from clicks");
    }
}

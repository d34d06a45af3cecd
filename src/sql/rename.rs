//! Queries that follow the rename of a table.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Visit, Visitor};
use sqlparser::tokenizer::{Token, Word};

use super::names::{identifier, same_table};
use super::normal::written;
use super::{parse, tokenize};

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
    fn a_table_is_renamed_where_it_is_a_table() {
        let check = |text: &str, expected: &str| assert_eq!(rename_table(text, "clicks", "clicks_v2"), expected);
        check("SELECT clicks, clicks.id FROM clicks", "SELECT clicks, clicks_v2.id FROM clicks_v2");
        check("SELECT clicks.* FROM clicks WHERE a = 'it''s'", "SELECT clicks_v2.* FROM clicks_v2 WHERE a = 'it''s'");
        check("SELECT id FROM other", "SELECT id FROM other");
        assert_eq!(rename_table("SELECT id FROM clicks", "clicks", "clicks-v2"), "SELECT id FROM \"clicks-v2\"");
    }
}

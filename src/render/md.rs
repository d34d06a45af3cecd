//! Parts of Markdown whose markup the text inside cannot break: code spans, sentences, and lists of limited length.

use std::borrow::Cow;

use super::shown;

/// The place of a part. In a table, `|` divides cells even inside a code span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    Page,
    Table,
}

/// Returns the text as a code span, in a fence that no text inside can close.
pub fn code(text: &str, within: Within) -> String {
    let text = shown::line(text);
    let text = match within {
        Within::Page => text,
        // A backslash before `|` would cancel its escape.
        Within::Table if text.contains('|') => text.replace("\\|", "\\\\u{7c}").replace('|', "\\|").into(),
        Within::Table => text,
    };
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a sentence. Text in backticks becomes code, and so does a word that could be markup, a mention or a link.
pub fn prose(text: &str, within: Within) -> String {
    let text = shown::line(text);
    let mut out = String::with_capacity(text.len());
    let mut parts: Vec<Cow<str>> = text.split('`').map(Cow::Borrowed).collect();
    // A backtick without a partner stays as it is.
    if parts.len().is_multiple_of(2)
        && let (Some(last), Some(before)) = (parts.pop(), parts.pop())
    {
        parts.push(format!("{before}`{last}").into());
    }
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 {
            push_code(&mut out, part, within);
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                out.push(' ');
            }
            if is_inert(word) {
                out.push_str(word);
                continue;
            }
            let bare = word.trim_end_matches(['.', ',', ';', ':', ')', '?']);
            let bare = if bare.is_empty() { word } else { bare };
            push_code(&mut out, bare, within);
            out.push_str(&word[bare.len()..]);
        }
    }
    out
}

/// Returns the text on one line, cut to `max` characters.
pub fn shortened(text: &str, max: usize) -> String {
    let text = shown::line(text);
    match text.char_indices().nth(max) {
        None => text.into_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// Returns the first `entries` that fit into `bytes`, and the number of the others.
pub fn fitting(entries: &[String], bytes: usize) -> (String, usize) {
    let mut out = String::new();
    for (index, entry) in entries.iter().enumerate() {
        if out.len() + entry.len() > bytes {
            return (out, entries.len() - index);
        }
        out.push_str(entry);
    }
    (out, 0)
}

/// Adds a code span. A blank keeps it apart from a span before it, since the two would be one.
fn push_code(out: &mut String, text: &str, within: Within) {
    if out.ends_with('`') {
        out.push(' ');
    }
    out.push_str(&code(text, within));
}

/// Says whether a word has no meaning to Markdown or GitHub.
fn is_inert(word: &str) -> bool {
    let plain = |it: char| {
        it.is_alphanumeric()
            || matches!(it, ',' | '.' | ';' | ':' | '\'' | '"' | '(' | ')' | '?' | '/' | '-' | '+' | '=' | '%')
    };
    let visible = |it: char| !it.is_ascii() || plain(it);
    let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
    let link = word.contains("://") || word.to_ascii_lowercase().contains("www.");
    // `:tada:` becomes a picture, `GH-1` an issue, and seven hexadecimal digits a commit.
    let picture = word.matches(':').count() > 1;
    let issue = bare.to_ascii_lowercase().starts_with("gh-");
    let commit = bare.len() >= 7 && bare.bytes().all(|it| it.is_ascii_hexdigit());
    word.chars().all(visible) && !link && !picture && !issue && !commit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_code_span() {
        let cases = [
            ("a", "`a`"),
            ("", "`\"\"`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a|b", "`a\\|b`"),
            ("a\\|b", "`a\\\\u{7c}b`"),
            ("a\r\n# b", "`a\\r\\n# b`"),
        ];
        for (text, span) in cases {
            assert_eq!(code(text, Within::Table), span);
        }
    }

    #[test]
    fn a_sentence_keeps_its_code_and_is_otherwise_inert() {
        let cases = [
            ("`a.b` is not declared", "`a.b` is not declared"),
            ("set prevent_destroy on @org/team, now!", "set `prevent_destroy` on `@org/team`, `now!`"),
            ("a` <img> `b", "a` <img> `b"),
            ("one ` tick", "one `` ` `` tick"),
            ("`a``b`", "`a` `b`"),
            ("see https://e.co and :tada: at deadbeef1", "see `https://e.co` and `:tada`: at `deadbeef1`"),
            ("1,200 more: `x`", "1,200 more: `x`"),
        ];
        for (text, markdown) in cases {
            assert_eq!(prose(text, Within::Page), markdown);
        }
    }
}

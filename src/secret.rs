//! Secrets: a text that is never shown, and the parts of other texts that may sign in, which are hidden.
//!
//! A mistake shows its line, and CI logs keep what is printed. So a line is searched for what looks like a secret. When
//! in doubt, too much of it is hidden.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place};

/// A text that is never shown: printing it shows only that it is there.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for handing it to the service.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Hides what may sign in, in everything that a diagnostic shows.
pub fn hide(diagnostic: &mut Diagnostic) {
    let one = |text: &mut String| {
        if let Cow::Owned(masked) = mask(text) {
            *text = masked;
        }
    };
    one(&mut diagnostic.summary);
    diagnostic.notes.iter_mut().chain(&mut diagnostic.hints).for_each(one);
    for label in &mut diagnostic.labels {
        one(&mut label.text);
        if let Place::Span(span) = &mut label.place
            && let Cow::Owned(masked) = mask(&span.text)
        {
            span.text = masked.into();
        }
    }
}

/// Returns `text` with all that may sign in as stars, one for each character, so that the rest stays in its column.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !may_hold_one(text) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let signs: Vec<char> = line.chars().collect();
        let hidden = hidden(&signs);
        let star = |(at, sign): (usize, &char)| match hidden.iter().any(|it| it.contains(&at)) && *sign != '\n' {
            true => '*',
            false => *sign,
        };
        signs.iter().enumerate().map(star).collect::<String>()
    });
    Cow::Owned(lines.collect())
}

/// Says whether an address holds a user or a parameter that signs in.
pub fn signs_in(address: &str) -> bool {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.split_once('@').is_some_and(|it| !scheme.is_empty() || it.0.contains(':'));
    let parameters = rest.split(['?', '&', ';', '#']).skip(1);
    user || parameters.filter_map(|it| it.split_once('=')).any(|it| names_a_secret(it.0.trim()))
}

/// Says whether a text may hold a secret, by a quick look at its characters. Nearly every line holds none.
fn may_hold_one(text: &str) -> bool {
    text.bytes().any(|it| matches!(it, b'=' | b':' | b'@'))
        || text.contains("PRIVATE KEY")
        || text.contains("AKIA")
        || text.contains("ASIA")
        || text.contains("earer ")
}

fn hidden(signs: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    users(signs, &mut found);
    for word in words(signs) {
        let text: String = signs[word.clone()].iter().collect();
        if names_a_secret(&text) {
            found.extend(value(signs, &word));
        } else if matches!(text.as_str(), "Bearer" | "bearer" | "BEARER") && signs.get(word.end) == Some(&' ') {
            found.push(word.end + 1..end_of_text(signs, word.start));
        } else if is_access_key(&text) {
            found.push(word);
        }
    }
    let line: String = signs.iter().collect();
    if let Some((before, _)) = line.split_once("PRIVATE KEY-----") {
        found.push(before.chars().count() + "PRIVATE KEY-----".len()..signs.len());
    }
    found
}

/// Finds `user:password@` in addresses, with and without `://`.
fn users(signs: &[char], found: &mut Vec<Range<usize>>) {
    for at in (0..signs.len()).filter(|it| signs[*it..].starts_with(&[':', '/', '/'])) {
        let start = at + 3;
        let end = end_of_text(signs, at);
        let Some(last) = (start..end).rev().find(|it| signs[*it] == '@') else { continue };
        let blank = (start..end).find(|it| signs[*it].is_whitespace()).unwrap_or(end);
        let authority = (start..end).find(|it| matches!(signs[*it], '/' | '?' | '#')).unwrap_or(end).min(blank);
        // A password may hold `/`, `?` and `#`: after a colon they are taken as part of one.
        if last < authority || signs[start..last].contains(&':') {
            found.push(start..last);
        } else if let Some(first) = (start..authority).find(|it| signs[*it] == '@') {
            found.push(start..first);
        }
    }
    for at in (0..signs.len()).filter(|it| signs[*it] == '@') {
        let opens = |it: &usize| {
            signs[*it].is_whitespace() || matches!(signs[*it], '"' | '\'' | '`' | ',' | '{' | '[' | '(' | '=')
        };
        let start = (0..at).rev().find(opens).map_or(0, |it| it + 1);
        let schemes = signs[start..at].windows(3).any(|it| it == [':', '/', '/']);
        if signs[start..at].contains(&':') && !schemes {
            found.push(start..at);
        }
    }
}

fn words(signs: &[char]) -> Vec<Range<usize>> {
    let is_part = |it: &char| it.is_alphanumeric() || matches!(it, '_' | '-' | '.' | '%');
    let mut words = Vec::new();
    let mut start = None;
    for (at, sign) in signs.iter().chain([&' ']).enumerate() {
        match (start, is_part(sign)) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                words.push(first..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Says whether the value of this key signs in.
fn names_a_secret(key: &str) -> bool {
    const PARTS: &[&str] = &[
        "passw",
        "pasw",
        "passphrase",
        "secret",
        "token",
        "privatekey",
        "accesskey",
        "apikey",
        "accountkey",
        "sharedkey",
        "signature",
        "credential",
        "authorization",
        "xamz",
        "xgoog",
    ];
    const WORDS: &[&str] = &["sig", "sas", "pwd", "pw", "pass"];
    let lower = key.to_lowercase();
    let joined: String = lower.chars().filter(|it| it.is_alphanumeric()).collect();
    PARTS.iter().any(|it| joined.contains(it)) || lower.split(['_', '-', '.']).any(|it| WORDS.contains(&it))
}

/// An access key of AWS.
fn is_access_key(word: &str) -> bool {
    let rest = word.strip_prefix("AKIA").or_else(|| word.strip_prefix("ASIA"));
    rest.is_some_and(|it| it.len() >= 12 && it.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()))
}

/// Returns the place of the value of the key at `word`, when it has one.
fn value(signs: &[char], word: &Range<usize>) -> Option<Range<usize>> {
    let is_quote = |it: char| matches!(it, '"' | '\'');
    let mut at = word.end;
    // The quotes that end a key, escaped or not.
    while signs.get(at).is_some_and(|it| is_quote(*it) || *it == '\\')
        && word.start > 0
        && is_quote(signs[word.start - 1])
    {
        at += 1;
    }
    let blank = |mut at: usize| {
        while signs.get(at).is_some_and(|it| matches!(it, ' ' | '\t')) {
            at += 1;
        }
        at
    };
    at = blank(at);
    if !matches!(signs.get(at), Some('=' | ':')) {
        return None;
    }
    while matches!(signs.get(at), Some('=' | ':' | '>')) {
        at += 1;
    }
    at = blank(at);
    let end = match signs.get(at) {
        Some(quote) if is_quote(*quote) => {
            at += 1;
            let mut end = at;
            while end < signs.len() && signs[end] != *quote {
                end += if signs[end] == '\\' { 2 } else { 1 };
            }
            end.min(signs.len())
        }
        _ => end_of_text(signs, word.start),
    };
    let written: String = signs[at.min(end)..end].iter().collect();
    (!written.trim().is_empty() && !is_public(written.trim())).then_some(at..end)
}

/// Says whether a value is no secret: the name of a variable, or three dots in a hint.
fn is_public(value: &str) -> bool {
    let name = value.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    name.is_some_and(|it| it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')) || value == "..."
}

/// Returns the end of the text around `inside`: at its quote, or at the end of the line.
fn end_of_text(signs: &[char], inside: usize) -> usize {
    let mut quote = None;
    for at in 0..signs.len() {
        let sign = signs[at];
        match quote {
            Some(open) if sign == open => {
                if at >= inside {
                    return at;
                }
                quote = None;
            }
            Some(_) => {}
            // An apostrophe inside a word opens nothing.
            None if at < inside && matches!(sign, '"' | '`') => quote = Some(sign),
            None if at < inside && sign == '\'' && (at == 0 || !signs[at - 1].is_alphanumeric()) => quote = Some(sign),
            None => {}
        }
    }
    signs.iter().rposition(|it| *it != '\n' && *it != '\r').map_or(0, |it| it + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_in_is_written_as_stars() {
        for (line, expected) in [
            (r#"uri: "s3://AKIA:SECRET@bucket/x""#, r#"uri: "s3://***********@bucket/x""#),
            (
                r#"{ endpoint: "h:5439/dev?password=hunter22", query: "SELECT 1" }"#,
                r#"{ endpoint: "h:5439/dev?password=********", query: "SELECT 1" }"#,
            ),
            ("endpoint: me:hunter2@host:5439/dev", "endpoint: **********@host:5439/dev"),
            ("url: redis://:se/cr#et@h", "url: redis://*********@h"),
            ("url = \"redis://:SECRET${UNSET}@h\" x", "url = \"redis://***************@h\" x"),
            ("uri: https://a.b/c?sv=1&sig=abc%2Bd&x=1", "uri: https://a.b/c?sv=1&sig=***********"),
            ("uri: s3://b/x?X-Amz-Signature=abc", "uri: s3://b/x?X-Amz-Signature=***"),
            ("uri: https://a/b?AWSAccessKeyId=abc&Signature=def", "uri: https://a/b?AWSAccessKeyId=*****************"),
            ("endpoint: \"h:1/d;password=SEC,RET\", x: 1", "endpoint: \"h:1/d;password=*******\", x: 1"),
            ("  private_key: abc def # note", "  private_key: **************"),
            (r#"{"secret": "a\"b", "x": 1}"#, r#"{"secret": "****", "x": 1}"#),
            ("token = \"${NOPE}\"", "token = \"${NOPE}\""),
            ("set it, as `export RS_PASSWORD=...`", "set it, as `export RS_PASSWORD=...`"),
            ("Authorization: Bearer abc", "Authorization: **********"),
            ("key: AKIAIOSFODNN7EXAMPLE", "key: ********************"),
            ("it is `s3://a:b@c`, and takes a list", "it is `s3://***@c`, and takes a list"),
            // Texts without a secret stay.
            ("owner: ads-team@example.com", "owner: ads-team@example.com"),
            ("schema: [{ name: token, dtype: String }]", "schema: [{ name: token, dtype: String }]"),
            ("sql: SELECT a, b FROM t WHERE c = 'x'", "sql: SELECT a, b FROM t WHERE c = 'x'"),
            ("uri: s3://bucket/path@v1/x.parquet", "uri: s3://bucket/path@v1/x.parquet"),
            ("url: https://org-account.snowflakecomputing.com", "url: https://org-account.snowflakecomputing.com"),
        ] {
            assert_eq!(mask(line), expected);
            assert_eq!(line.chars().count(), mask(line).chars().count());
        }
        assert_eq!(format!("{0} {0:?}", Secret::new("x")), "*** ***");
    }

    #[test]
    fn an_address_that_signs_in_is_told_from_one_that_does_not() {
        for address in [
            "s3://AKIA:SECRET@bucket/x",
            "s3://b/x?X-Amz-Signature=a",
            "https://a/b?sv=1&sig=a",
            "https://a/b?X-Goog-Signature=a",
            "https://a/b?AWSAccessKeyId=a&Signature=b",
            "h:5439/d;password=a",
            "me:pw@h:5439/d",
            "file:///x?token=a",
            "s3://b/x;pwd=a",
        ] {
            assert!(signs_in(address), "{address}");
        }
        for address in [
            "s3://bucket/path",
            "data/x.parquet",
            "data/token=abc/x.parquet",
            "data/*.csv",
            "s3://b/p@v1/x",
            "data/a?.csv",
            "data/@x/y.csv",
            "file:///data/x",
            "h:5439/d",
        ] {
            assert!(!signs_in(address), "{address}");
        }
    }
}

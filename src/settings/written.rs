//! weir.toml as text: the places of keys in it, and the parts of a line that may be shown.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, Span, closest, did_you_mean};
use crate::secret::mask;

/// The name of the file that makes a folder a feature repo.
pub const FILE: &str = "weir.toml";

pub fn find(text: &str, needle: &str) -> Option<Range<usize>> {
    text.find(needle).map(|start| start..start + needle.len())
}

/// Finds `key =` below the header of the kind's defaults.
pub fn find_key(text: &str, kind: &str, key: &str) -> Option<Range<usize>> {
    let section = text.find(&format!("defaults.{kind}")).unwrap_or(0);
    let offset = text[section..].lines().scan(section, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let found = offset
        .into_iter()
        .find(|(_, line)| line.trim_start().strip_prefix(key).is_some_and(|it| it.trim_start().starts_with('=')));
    found.map(|(start, line)| {
        let start = start + line.len() - line.trim_start().len();
        start..start + key.len()
    })
}

pub fn at(diagnostic: Diagnostic, text: &str, range: Option<Range<usize>>) -> Diagnostic {
    let file: Arc<str> = FILE.into();
    let Some(range) = range.filter(|it| it.start <= text.len()) else {
        return diagnostic.place(Place::Span(Span { file, line: 0, column: 0, length: 0, text: "".into() }));
    };
    let before = &text[..range.start];
    let line = line_of(text, range.start);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let whole = shown_line(text, line);
    let length = text.get(range).unwrap_or_default().lines().next().unwrap_or_default().chars().count().max(1);
    diagnostic.place(Place::Span(Span { file, line, column, length, text: whole.into() }))
}

/// Returns toml's message without the value that it was given: it may be a secret.
fn without_value(message: &str) -> String {
    let line = first_line(message);
    let Some((before, rest)) = line.split_once("invalid type: ") else { return line };
    let Some((found, expected)) = rest.split_once(", expected ") else { return line };
    let sort = found.split([' ', '`']).next().unwrap_or_default();
    format!("{before}invalid type: {sort}, expected {expected}")
}

/// The sections whose values sign in to something.
pub const SIGN_IN: &[&str] = &["engine", "redshift", "snowflake", "offline_store", "online_store"];

/// The sections and keys that hold nothing to sign in with.
pub const OPEN: &[&str] = &["workspace", "defaults", "materialization"];

/// Says whether all values of a line of weir.toml are secret: those of sections that hold a sign-in are, those of the
/// other sections and of the registry's url are not.
fn holds_secrets(text: &str, line: usize) -> bool {
    let own = text.lines().nth(line - 1).unwrap_or_default();
    let whole_key = own.split('=').next().unwrap_or_default().trim();
    let key = whole_key.split('.').next().unwrap_or_default();
    let is_url = |key: &str| key == "url" || closest(key, ["url"]).is_some();
    let headers = text.lines().take(line).filter_map(|it| it.trim().strip_prefix('[')?.split([']', '.']).next());
    match headers.last().map(str::trim) {
        Some(section) if OPEN.contains(&section) => false,
        Some("registry") => !is_url(key),
        Some(_) => true,
        None if OPEN.contains(&key) => false,
        None if key == "registry" => own.contains('{') || !whole_key.split_once('.').is_none_or(|it| is_url(it.1)),
        None => key != whole_key || own.contains('{') || SIGN_IN.contains(&key),
    }
}

/// Returns a line of weir.toml as it may be shown. Secret values are hidden, unless they are a variable alone.
fn shown_line(text: &str, line: usize) -> String {
    let whole = text.lines().nth(line - 1).unwrap_or_default();
    let stars = |it: &str| it.chars().map(|it| if it.is_whitespace() { it } else { '*' }).collect::<String>();
    if !holds_secrets(text, line) || whole.trim_start().starts_with('[') {
        return mask(whole).into_owned();
    }
    match whole.split_once('=') {
        Some((_, value)) if is_variable(value.trim().trim_matches('"')) => whole.to_owned(),
        Some((key, value)) => format!("{key}={}", stars(value)),
        // It continues a value of the line before, such as a private key. A first line that is one word is a slip.
        None if line > 1 || whole.contains('"') => stars(whole),
        None => whole.to_owned(),
    }
}

/// Returns toml's message as it may be shown: the value that it was given may be a secret.
pub fn shown_message(message: &str, text: &str, line: usize) -> String {
    if holds_secrets(text, line) { without_value(message) } else { mask(&first_line(message)).into_owned() }
}

fn is_variable(value: &str) -> bool {
    let name = value.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    name.is_some_and(|it| it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'))
}

pub fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Returns a hint with the closest of the keys that toml's message says it expected.
pub fn unknown_key_hint(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"))?;
    let expected: Vec<&str> = quoted.collect();
    did_you_mean(unknown, expected.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Written;

    /// A section that neither list names would show its values in an error.
    #[test]
    fn every_section_signs_in_or_does_not() {
        let error = toml::from_str::<Written>("nothing = 1").unwrap_err();
        let mut known: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
        let mut listed = [SIGN_IN, OPEN, &["registry"]].concat();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(known, listed);
    }
}

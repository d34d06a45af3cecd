//! Makes texts from outside safe to show: names, values, files, actors, messages, SQL, errors of the system.
//!
//! A character that is invisible, or that changes the text around it, is written as an escape.

use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_security::confusable_detection::skeleton;

/// The form in which a text is shown. Both sides of a change are shown in the first form that tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is, or in quotes when it could be taken for something else.
    Plain,
    /// In quotes.
    Quoted,
    /// In quotes, and every character outside ASCII as an escape.
    Exact,
}

/// Returns the text on one line. Characters that hide or break the line are escaped.
pub fn line(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(escaped(text, |_| false)) }
}

/// Returns the same as [`line`], but keeps line breaks.
pub fn lines(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(is_plain) { Cow::Borrowed(text) } else { Cow::Owned(escaped(text, |it| it == '\n')) }
}

/// Returns a path on one line.
pub fn path(path: &std::path::Path) -> String {
    line(&path.display().to_string()).into_owned()
}

/// Returns an address, or another text with a name in it, on one line.
pub fn thing(it: impl std::fmt::Display) -> String {
    line(&it.to_string()).into_owned()
}

/// Returns a value: as it is, or in quotes when it is empty, ends in white space, hides something or looks like a part
/// of the sentence around it.
pub fn value(text: &str, form: Form) -> Cow<'_, str> {
    match form {
        Form::Plain if needs_no_quotes(text) => Cow::Borrowed(text),
        Form::Plain | Form::Quoted => Cow::Owned(quoted(text)),
        Form::Exact => Cow::Owned(exact(text)),
    }
}

/// Returns a value for a list in brackets, where commas and brackets have a meaning.
pub fn item(text: &str, form: Form) -> Cow<'_, str> {
    let mut depth = 0_i32;
    // The comma of a map type does not divide: `Map<String, Int64>`.
    let divides = text.chars().any(|it| {
        depth += i32::from(it == '<') - i32::from(it == '>');
        matches!(it, ',' | '[' | ']' | '{' | '}') && depth == 0
    });
    let divides = divides || text.contains(": ");
    value(text, if divides && form == Form::Plain { Form::Quoted } else { form })
}

/// Returns the name of a file, a field or a key. Most names need no quotes.
pub fn name(text: &str) -> Cow<'_, str> {
    let stands_out = !text.is_empty() && is_plain(text) && text.trim() == text && !text.starts_with('"');
    if stands_out && !text.contains(": ") && !text.contains(" -> ") {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quoted(text))
    }
}

/// Returns a line of a longer text, without its line end.
pub fn text_line(text: &str, form: Form) -> Cow<'_, str> {
    // GitHub's runner takes a line that starts with `::` as a command, wherever it is printed.
    let shows_all =
        is_plain(text) && !text.ends_with(' ') && !text.starts_with('"') && !text.trim_start().starts_with("::");
    match form {
        Form::Plain if shows_all => Cow::Borrowed(text),
        Form::Plain | Form::Quoted => Cow::Owned(quoted(text)),
        Form::Exact => Cow::Owned(exact(text)),
    }
}

/// Removes every control of the terminal from a text that is about to be printed, except our colours, tabs and line
/// breaks. This is the last defence against text from outside.
pub fn sieve(text: &str) -> Cow<'_, str> {
    let passes = |it: char| matches!(it, '\n' | '\t');
    if text.split(passes).all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&escaped(&rest[..at], passes));
        let style = style_length(&rest[at..]);
        out.push_str(if style == 0 { "\\e" } else { &rest[at..at + style] });
        rest = &rest[at + style.max(1)..];
    }
    out.push_str(&escaped(rest, passes));
    Cow::Owned(out)
}

/// Returns JSON text with every hidden character as a JSON escape.
pub fn json(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    let mut marks = Marks::default();
    for it in text.chars() {
        // JSON has escaped the line breaks inside its texts, so the others are layout.
        if it == '\n' || !marks.hides(it) {
            out.push(it);
        } else {
            it.encode_utf16(&mut units).iter().for_each(|it| out.push_str(&format!("\\u{it:04x}")));
        }
    }
    Cow::Owned(out)
}

/// Returns a text in double quotes, with hidden characters as YAML escapes.
pub fn yaml(text: &str) -> String {
    let mut marks = Marks::default();
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            '\n' => out.push_str("\\n"),
            _ if !marks.hides(it) => out.push(it),
            _ => out.push_str(&format!("\\U{:08X}", u32::from(it))),
        }
    }
    out.push('"');
    out
}

/// Says whether a text holds a character that is invisible, or that changes the text around it.
pub fn hides(text: &str) -> bool {
    !is_plain(text)
}

/// Says whether a reader sees that two texts differ. In longer texts, each line that differs has to show it.
pub fn tells_apart(before: &str, after: &str) -> bool {
    if before == after {
        return false;
    }
    let mut seen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in before.split('\n') {
        seen.entry(look(line)).or_default().push(line);
    }
    // Escapes cannot help with `l` and `1`, so those count as visibly different.
    let helps = |a: &str, b: &str| a != b && !(a.is_ascii() && b.is_ascii() && a.trim_end() != b.trim_end());
    !after.split('\n').any(|line| seen.get(&look(line)).is_some_and(|it| it.iter().any(|it| helps(it, line))))
}

/// Returns a line as a reader sees it: letters that look alike become one, and invisible characters are gone.
fn look(text: &str) -> String {
    if text.is_ascii() && is_plain(text) {
        // The tables turn `m` into `rn`, which is the same for both sides.
        return skeleton(text.trim_end()).collect();
    }
    let mut marks = Marks::default();
    let visible: String = text.chars().map(|it| if it.is_whitespace() { ' ' } else { it }).collect();
    let visible: String = visible.chars().filter(|it| !marks.hides(*it)).collect();
    skeleton(visible.trim_end()).collect()
}

fn quoted(text: &str) -> String {
    let inner = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped(&inner, |_| false))
}

fn exact(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            ' '..='~' => out.push(it),
            _ => escape(&mut out, it),
        }
    }
    out.push('"');
    out
}

/// Says whether a value needs no quotes, next to `(unset)`, arrows, effects and quotes.
fn needs_no_quotes(text: &str) -> bool {
    let ends = !text.starts_with(['"', '[', '{']) && text.trim() == text;
    let means = ["(unset)", " -> ", " → ", "(recreates", "(takes serving"];
    !text.is_empty() && ends && is_plain(text) && !means.iter().any(|it| text.contains(it))
}

fn is_plain(text: &str) -> bool {
    if text.bytes().all(|it| matches!(it, b' '..=b'~')) {
        return true;
    }
    let mut marks = Marks::default();
    !text.chars().any(|it| marks.hides(it))
}

/// Escapes hidden characters, except those that `keeps` accepts.
fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = Marks::default();
    for it in text.chars() {
        if marks.hides(it) && !keeps(it) { escape(&mut out, it) } else { out.push(it) }
    }
    out
}

fn escape(out: &mut String, it: char) {
    match it {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x1b' => out.push_str("\\e"),
        other => out.extend(other.escape_unicode()),
    }
}

/// Characters that draw nothing, but count as letters, symbols or marks. The standard library knows the others.
const BLANK: &[std::ops::RangeInclusive<char>] = &[
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fffc}'..='\u{fffc}',
    '\u{16fe4}'..='\u{16fe4}',
    '\u{1d159}'..='\u{1d159}',
    '\u{e0000}'..='\u{e0fff}',
];

/// The most marks on one letter. No script needs more, and a heap of them covers the lines around it.
const MARKS_MAX: usize = 3;

/// The state of a walk along a text. A mark (an accent) is judged by the characters before it.
#[derive(Default)]
struct Marks {
    on_letter: bool,
    count: usize,
}

impl Marks {
    /// Says whether the next character is invisible, or changes the text around it.
    fn hides(&mut self, it: char) -> bool {
        if it.is_ascii() {
            *self = Self { on_letter: it.is_ascii_alphabetic(), count: 0 };
            return it.is_ascii_control();
        }
        if !is_printable(it) || BLANK.iter().any(|range| range.contains(&it)) {
            *self = Self::default();
            return true;
        }
        if !is_mark(it) {
            *self = Self { on_letter: it.is_alphabetic(), count: 0 };
            return false;
        }
        self.count += 1;
        !self.on_letter || self.count > MARKS_MAX
    }
}

/// Says whether a character is printable, by the Unicode tables of the standard library. Controls, formats, odd
/// spaces, separators, private use and unassigned characters are not.
fn is_printable(it: char) -> bool {
    let mut bytes = [b'a', 0, 0, 0, 0];
    let length = it.encode_utf8(&mut bytes[1..]).len();
    // After a letter, a mark is not escaped.
    std::str::from_utf8(&bytes[..=length]).is_ok_and(|it| it.escape_debug().nth(1) != Some('\\'))
}

/// Says whether a printable character joins the one before it: `escape_debug` escapes such a character when alone.
fn is_mark(it: char) -> bool {
    it.escape_debug().next() == Some('\\')
}

/// Returns the length of one of our own styles (`ESC [ 1 ; 31 m`) at the start of a text, or 0.
fn style_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\x1b[") else { return 0 };
    let Some(end) = rest.find(|it: char| !it.is_ascii_digit() && it != ';') else { return 0 };
    // Our styles use 0 to 4 and foreground colours. 8 would hide the text.
    let ours = rest[..end].split(';').all(|it| matches!(it, "" | "0" | "1" | "2" | "3" | "4") || is_foreground(it));
    if ours && rest[end..].starts_with('m') { 2 + end + 1 } else { 0 }
}

fn is_foreground(code: &str) -> bool {
    code.parse().is_ok_and(|it: u8| matches!(it, 31..=37 | 39 | 91..=97))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_escaped_and_the_rest_stays() {
        let cases = [
            ("plain text, `ticks` and \\ too", "plain text, `ticks` and \\ too"),
            ("Größe, 面, ไทย ที่, हिन्दी, e\u{301}", "Größe, 面, ไทย ที่, हिन्दी, e\u{301}"),
            ("a\x1b[2Jb\r\n\tc\x07\0", "a\\e[2Jb\\r\\n\\tc\\u{7}\\u{0}"),
            ("\u{7f}\u{9b}2J", "\\u{7f}\\u{9b}2J"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("a\u{200b}b\u{ad}c\u{feff}d\u{a0}e\u{3000}", "a\\u{200b}b\\u{ad}c\\u{feff}d\\u{a0}e\\u{3000}"),
            ("a\u{2028}b\u{2029}c\u{85}", "a\\u{2028}b\\u{2029}c\\u{85}"),
            ("a\u{fe0f}b\u{e0041}c\u{e0100}", "a\\u{fe0f}b\\u{e0041}c\\u{e0100}"),
            ("\u{3164}\u{2800}\u{115f}", "\\u{3164}\\u{2800}\\u{115f}"),
            // A mark without a letter would join the character before it.
            ("\u{301}a 1\u{338}", "\\u{301}a 1\\u{338}"),
            ("a\u{301}\u{301}\u{301}\u{301}", "a\u{301}\u{301}\u{301}\\u{301}"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown);
            assert_eq!(line(&line(text)), shown, "what is escaped is plain");
        }
    }

    #[test]
    fn a_value_that_could_be_taken_for_something_else_stands_in_quotes() {
        let cases = [
            ("growth", "growth"),
            ("C:\\data", "C:\\data"),
            ("", "\"\""),
            (" x", "\" x\""),
            ("x ", "\"x \""),
            ("(unset)", "\"(unset)\""),
            ("a -> b", "\"a -> b\""),
            ("two\nlines", "\"two\\nlines\""),
            ("\"quoted\"", "\"\\\"quoted\\\"\""),
            ("\\\u{200b}", "\"\\\\\\u{200b}\""),
            ("x  (recreates)", "\"x  (recreates)\""),
            ("[a, b]", "\"[a, b]\""),
        ];
        for (text, shown) in cases {
            assert_eq!(value(text, Form::Plain), shown);
        }
        assert_eq!(
            [item("a, b", Form::Plain), item("Map<String, Int64>", Form::Plain)],
            ["\"a, b\"", "Map<String, Int64>"]
        );
    }

    #[test]
    fn texts_that_look_alike_are_seen_to() {
        let alike =
            [("a b", "a\u{a0}b"), ("x", "x "), ("pay", "p\u{430}y"), ("\u{e9}", "e\u{301}"), ("v", "v\u{200b}")];
        for (before, after) in alike {
            assert!(!tells_apart(before, after), "{before:?} {after:?}");
            assert!(tells_apart(&value(before, Form::Exact), &value(after, Form::Exact)), "{before:?} {after:?}");
        }
        for (before, after) in [("a", "b"), ("1h", "lh"), ("Größe", "Grösse"), ("a\nb", "a\nc"), ("a", "")] {
            assert!(tells_apart(before, after), "{before:?} {after:?}");
        }
    }

    #[test]
    fn the_sieve_lets_our_styles_pass_and_nothing_else() {
        assert_eq!(sieve("\x1b[1m\x1b[31ma\x1b[0m\n\tb"), "\x1b[1m\x1b[31ma\x1b[0m\n\tb");
        assert_eq!(sieve("a\x1b[2Kb\x1b[8mc\x1b]0;t\x07\r"), "a\\e[2Kb\\e[8mc\\e]0;t\\u{7}\\r");
        assert_eq!(json("{\"a\": \"\u{202e}\u{e0041}\"}\n"), "{\"a\": \"\\u202e\\udb40\\udc41\"}\n");
        assert_eq!(yaml("a\"\u{9b}\n"), "\"a\\\"\\U0000009B\\n\"");
    }
}

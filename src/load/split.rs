//! Splits a file into its documents, and finds characters that YAML readers disagree on.

use std::sync::Arc;

use super::document::DocumentPlace;
use super::origin::Origin;
use crate::diagnostic::{Code, Diagnostic, Place, Span};

/// Splits a file into its documents, leaving out empty ones.
///
/// `---` at the left margin always ends a document, even inside a block of text (YAML 1.2, 9.1.2).
pub fn split(text: &str) -> Vec<DocumentPlace> {
    let mut documents = Vec::new();
    let mut open: Option<DocumentPlace> = None;
    // Directives belong to the document whose `---` comes next.
    let mut directives = false;
    // Whether the open document has directives. It is then read even when empty, since they may be wrong.
    let mut directed = false;
    // Whether `---` has started the document. After it, a line with `%` is no directive.
    let mut marked = false;
    let (mut line_number, mut offset) = (0, 0);
    for line in text.split_inclusive('\n') {
        line_number += 1;
        let after = |marker: &str| {
            line.strip_prefix(marker).filter(|it| it.is_empty() || it.starts_with([' ', '\t', '\r', '\n']))
        };
        // Text after `...` on its line is a mistake, and is left for the YAML reader to report.
        let ends = after("...").is_some_and(|it| it.trim_ascii().is_empty() || it.trim_ascii_start().starts_with('#'));
        let starts = after("---");
        if ends || starts.is_some() && !directives {
            documents.extend(close(open.take(), directed));
            (marked, directed) = (false, false);
        }
        marked |= starts.is_some();
        let directive = line.starts_with('%') && !marked && open.is_none_or(|it| it.first_key == 0);
        directed |= directive;
        directives = !ends && starts.is_none() && (directives || directive);
        if !ends {
            let place =
                open.get_or_insert(DocumentPlace { line: line_number, first_key: 0, start: offset, end: offset });
            place.end = offset + line.len();
            let content = starts.unwrap_or(line).trim_ascii();
            let says_nothing = content.is_empty() || content.starts_with('#') || directive;
            if place.first_key == 0 && (!says_nothing || odd(line).is_some()) {
                place.first_key = line_number;
            }
        }
        offset += line.len();
    }
    documents.extend(close(open, directed));
    documents
}

/// Returns the document unless it is empty. An empty one with directives is kept, for the YAML reader to report.
fn close(open: Option<DocumentPlace>, directed: bool) -> Option<DocumentPlace> {
    let mut place = open?;
    if directed && place.first_key == 0 {
        place.first_key = place.line;
    }
    Some(place).filter(|it| it.first_key > 0)
}

/// Finds the first character that is not YAML, or that only some readers take as a line end. The text it hides from a
/// reader would vanish from the plan.
pub fn odd_sign(origin: &Origin) -> Option<Diagnostic> {
    let (offset, sign) = odd(origin.text)?;
    let before = &origin.text[..offset];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let text: Arc<str> = origin.text.split('\n').nth(line).unwrap_or_default().trim_end_matches('\r').into();
    let code = format!("U+{:04X}", u32::from(sign));
    let (what, hint) = match sign {
        '\u{feff}' => (
            format!("{code} is a byte order mark, and stands inside the file"),
            "remove it: files that are joined keep theirs".to_owned(),
        ),
        '\u{85}' | '\u{2028}' | '\u{2029}' => (
            format!("{code} ends a line for some readers only"),
            format!("end the line as usual, or write it in double quotes as `\\u{:04X}`", u32::from(sign)),
        ),
        _ => (
            format!("{code} is no sign of a text"),
            format!("remove it, or write it in double quotes as `\\u{:04X}`", u32::from(sign)),
        ),
    };
    let span = Span { file: origin.file.clone(), line: origin.line + line, column, length: 1, text };
    let diagnostic = Diagnostic::error(Code::L004, format!("the YAML is not well formed: {what}"));
    Some(diagnostic.place(Place::Span(span)).hint(hint))
}

/// Returns the name that a text seems to declare, although it is not YAML.
pub fn written_name(text: &str) -> Option<String> {
    text.lines().find_map(|it| it.strip_prefix("name:")).map(|it| it.trim().to_owned())
}

fn odd(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let suspicious = |(at, byte): (usize, &u8)| match byte {
        0..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f => true,
        0xc2 => bytes.get(at + 1).is_some_and(|it| (0x80..=0x9f).contains(it)),
        0xe2 => bytes.get(at + 1) == Some(&0x80) && matches!(bytes.get(at + 2), Some(0xa8 | 0xa9)),
        0xef => match bytes.get(at + 1) {
            Some(0xbb) => bytes.get(at + 2) == Some(&0xbf),
            Some(0xbf) => matches!(bytes.get(at + 2), Some(0xbe | 0xbf)),
            _ => false,
        },
        _ => false,
    };
    let at = bytes.iter().enumerate().find(|it| suspicious(*it))?.0;
    Some((at, text[at..].chars().next()?))
}

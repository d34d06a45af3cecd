//! Diagnostics as text: the place, the line itself, the fault and the hints.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{shown, style, words};
use crate::diagnostic::{Code, Diagnostic, Label, Place, Severity, Span};

/// The labels in one file, each with its index and its span. Index 0 is the fault itself.
type Labels<'a> = Vec<(usize, &'a Label, &'a Span)>;

/// Returns the text of one diagnostic, followed by an empty line.
pub fn one(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(shown::line(&diagnostic.summary)).id(diagnostic.code.as_str()));
    let mut whole_files = Vec::new();
    let mut lines: Vec<(&Span, Labels)> = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let Place::Span(span) = &label.place else { continue };
        if span.line == 0 || span.text.is_empty() {
            whole_files.push(span);
        } else if let Some(line) = lines.iter_mut().find(|it| it.0.file == span.file && it.0.line == span.line) {
            line.1.push((index, label, span));
        } else {
            lines.push((span, vec![(index, label, span)]));
        }
    }
    for (line, labels) in &lines {
        let annotations = labels.iter().map(|(index, label, span)| {
            let kind = if *index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(bytes(span));
            if label.text.is_empty() { annotation } else { annotation.label(shown::line(&label.text)) }
        });
        let snippet = Snippet::source(source(&line.text)).line_start(line.line).path(shown::name(&line.file));
        group = group.element(snippet.annotations(annotations));
    }
    let mut out = renderer().render(&[group]);
    out.push('\n');
    for span in whole_files {
        let line = if span.line == 0 { String::new() } else { format!(":{}", span.line) };
        let _ = writeln!(out, " --> {}{line}", shown::name(&span.file));
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "{} {}", style::strong("note:"), shown::line(note));
    }
    for hint in &diagnostic.hints {
        let _ = writeln!(out, "{} {}", style::hint("hint:"), shown::line(hint));
    }
    out.push('\n');
    out
}

/// Returns the renderer, with the same colours as in refusals.
fn renderer() -> Renderer {
    Renderer::styled().term_width(120).error(style::ERROR).warning(style::UPDATE.bold())
}

/// Returns a line of a file as shown. Tabs stay, since the renderer widens them.
fn source(text: &str) -> String {
    text.split('\t').map(shown::line).collect::<Vec<_>>().join("\t")
}

/// Returns the span in bytes of the shown line, from one in characters of the file.
fn bytes(span: &Span) -> std::ops::Range<usize> {
    let offset = |chars: usize| {
        let end = span.text.char_indices().nth(chars).map_or(span.text.len(), |it| it.0);
        source(&span.text[..end]).len()
    };
    offset(span.column - 1)..offset(span.column - 1 + span.length).max(offset(span.column - 1))
}

/// Returns the text of all diagnostics.
pub fn all<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    diagnostics.into_iter().map(one).collect()
}

/// Returns a line that counts warnings by kind: `2 warnings: 1 without monitoring, 1 unused`.
pub fn warning_line(counts: &[(String, usize)], hint: &str) -> Option<String> {
    let total: usize = counts.iter().map(|it| it.1).sum();
    if total == 0 {
        return None;
    }
    let kinds: Vec<String> =
        counts.iter().map(|(code, number)| format!("{} {} ({code})", number, short(code))).collect();
    Some(format!("{}: {}{}", words::count(total, "warning"), kinds.join(", "), style::dim(hint)))
}

/// Returns the subject of a warning in a word or two.
fn short(code: &str) -> &'static str {
    let Some(code) = Code::of(code) else { return "other" };
    match code {
        Code::V101 => "online without monitoring",
        Code::V102 => "unused",
        Code::V103 => "history from the first push",
        Code::V104 => "not checked",
        Code::D005 => "not reached",
        Code::D009 => "data left out",
        Code::D010 => "type not known",
        Code::D011 => "read otherwise elsewhere",
        Code::L016 => "not read",
        _ => "other",
    }
}

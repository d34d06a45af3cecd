//! Workflow commands, which GitHub shows at the line of the file in a pull request.

use std::fmt::Write as _;

use super::{contents, shown, text, words};
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{Cause, Change, Plan, Refusal};

/// Returns one annotation for each diagnostic.
pub fn diagnostics(diagnostics: &[Diagnostic], folder: &str) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = match diagnostic.span() {
            Some(span) if span.line > 0 => {
                format!(
                    "file={},line={},col={},endColumn={},",
                    property(&format!("{folder}{}", span.file)),
                    span.line,
                    span.column,
                    span.column + span.length
                )
            }
            Some(span) => format!("file={},", property(&format!("{folder}{}", span.file))),
            None => String::new(),
        };
        let _ = writeln!(out, "::{level} {place}title={}::{}", property(diagnostic.code.as_str()), message(diagnostic));
    }
    out
}

/// Returns one annotation for each refusal, warning and destructive change of a plan, at its declaration.
pub fn plan(plan: &Plan, refusals: &[Refusal], folder: &str) -> String {
    let mut out = String::new();
    if plan.place.new {
        let _ = writeln!(out, "::warning title=registry::{}", data(&plan.place.is_new()));
    }
    for change in &plan.changes {
        let place = change
            .source
            .as_ref()
            .map(|it| format!("file={},line={},", property(&format!("{folder}{}", it.0)), it.1))
            .unwrap_or_default();
        let (level, would) = if change.action.destroys() { ("warning", "this plan would ") } else { ("notice", "") };
        let word = change.action.word();
        let text = format!("{would}{word} {}{}{}", shown::thing(&change.address), because(change), brings(change));
        let _ = writeln!(out, "::{level} {place}title={word}::{}", data(&text));
        for warning in &change.warnings {
            let _ = writeln!(out, "::warning {place}title={}::{}", warning.code, message(warning));
        }
    }
    let lifts: Vec<String> = plan.changes.iter().filter(|it| it.lifts()).map(|it| shown::thing(&it.address)).collect();
    if !lifts.is_empty() {
        let text = format!("Lifts protection from: {}", words::list(lifts));
        let _ = writeln!(out, "::warning title=lifts protection::{}", data(&text));
    }
    for warning in &plan.warnings {
        let _ = writeln!(out, "::warning title={}::{}", warning.code, message(warning));
    }
    for refusal in refusals {
        let diagnostic = refusal.diagnostic();
        let source =
            plan.changes.iter().find(|it| it.recorded() == Some(&refusal.root)).and_then(|it| it.source.as_ref());
        let place = source
            .map(|it| format!("file={},line={},", property(&format!("{folder}{}", it.0)), it.1))
            .unwrap_or_default();
        let _ = writeln!(out, "::error {place}title={}::{}", diagnostic.code, message(&diagnostic));
    }
    let tally = text::tally(plan, refusals.len()).replace("\n      ", " ");
    let _ = writeln!(out, "::notice title=weir plan::{}", data(&tally));
    out
}

/// Returns the cause of a change that nobody declared, as the end of its sentence.
fn because(change: &Change) -> String {
    match &change.cause {
        Cause::Declaration => String::new(),
        Cause::Upstream { path } => {
            let path: Vec<String> = path.iter().skip(1).map(shown::thing).collect();
            format!(" because of {}", path.join(" ← "))
        }
        Cause::Data { sources } => {
            format!(" because the data of {} has more columns", words::list(sources.iter().map(shown::thing)))
        }
    }
}

/// Returns the contents of a change, for the end of its annotation.
fn brings(change: &Change) -> String {
    let brings = contents::brief(change);
    if brings.is_empty() { brings } else { format!("\n{brings}") }
}

fn message(diagnostic: &Diagnostic) -> String {
    let lines = std::iter::once(diagnostic.summary.clone())
        .chain(diagnostic.notes.iter().cloned())
        .chain(diagnostic.hints.iter().map(|it| format!("hint: {it}")));
    data(&lines.map(|it| shown::line(&it).into_owned()).collect::<Vec<_>>().join("\n"))
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    // Text that was escaped before stays. A line feed separates the lines of one message.
    shown::lines(text).replace('%', "%25").replace('\n', "%0A")
}

/// Escapes a property of a workflow command. GitHub decodes it, so the name of a file stays the same.
fn property(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A").replace(':', "%3A").replace(',', "%2C")
}

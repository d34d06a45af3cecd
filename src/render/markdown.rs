//! A plan as a pull-request comment.

use std::fmt::{self, Write};

use super::{contents, text, words};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Cause, Change, Plan, Refusal};
use crate::resource::{Effect, FieldChange, Instant};

/// Changes that a comment spells out before it only counts.
const CHANGES_MAX: usize = 100;

/// Writes the plan: what matters to a reviewer first, details folded away.
pub fn plan(out: &mut impl Write, plan: &Plan, refusals: &[Refusal], now: Instant) -> fmt::Result {
    if plan.place.new {
        writeln!(out, "**{}**\n", escape(&plan.place.is_new()))?;
    }
    let verdict = if !refusals.is_empty() {
        "refused"
    } else if plan.changes.is_empty() {
        "no changes"
    } else {
        "can be applied"
    };
    writeln!(out, "### weir plan: `{}` ({}), {verdict}\n", plan.workspace, plan.mode)?;
    if plan.changes.is_empty() {
        return writeln!(out, "The registry matches the repo ({} unchanged).", plan.unchanged);
    }
    writeln!(out, "{}\n", text::tally(plan, refusals.len()).replace("\n      ", " "))?;
    for refusal in refusals {
        self::refusal(out, refusal)?;
    }
    let lifts: Vec<String> =
        plan.changes.iter().filter(|it| it.lifts()).map(|it| format!("`{}`", it.address)).collect();
    if !lifts.is_empty() {
        writeln!(out, "> **Lifts protection from:** {}\n", words::list(lifts))?;
    }
    writeln!(out, "| | Resource | What changes | Declared at |\n|---|---|---|---|")?;
    for change in plan.changes.iter().take(CHANGES_MAX) {
        let source = change.source.as_ref().map(|it| format!("`{}:{}`", it.0, it.1)).unwrap_or_default();
        writeln!(out, "| {} | `{}` | {} | {source} |", change.action.word(), change.address, cell(change))?;
    }
    if plan.changes.len() > CHANGES_MAX {
        writeln!(out, "\nand {} more", words::count(plan.changes.len() - CHANGES_MAX, "change"))?;
    }
    details(out, plan, now)
}

/// Writes the mistakes of a repo as a comment.
pub fn diagnostics(out: &mut impl Write, diagnostics: &[Diagnostic], declarations: usize) -> fmt::Result {
    let errors = diagnostics.iter().filter(|it| it.is_error()).count();
    if errors == 0 {
        writeln!(out, "### weir validate: {} valid\n", words::count(declarations, "declaration"))?;
    } else {
        writeln!(out, "### weir validate: {}\n", words::count(errors, "error"))?;
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | Where | What | Hint |\n|---|---|---|---|")?;
    for diagnostic in diagnostics.iter().take(CHANGES_MAX) {
        let place = match diagnostic.span() {
            Some(span) if span.line > 0 => format!("`{}:{}:{}`", span.file, span.line, span.column),
            Some(span) => format!("`{}`", span.file),
            None => String::new(),
        };
        writeln!(
            out,
            "| {} {} | {place} | {} | {} |",
            diagnostic.severity,
            diagnostic.code,
            escape(&diagnostic.summary),
            escape(&diagnostic.hints.join("; "))
        )?;
    }
    if diagnostics.len() > CHANGES_MAX {
        writeln!(out, "\nand {} more", diagnostics.len() - CHANGES_MAX)?;
    }
    Ok(())
}

fn refusal(out: &mut impl Write, refusal: &Refusal) -> fmt::Result {
    let diagnostic = refusal.diagnostic();
    writeln!(out, "> **Refused ({}):** {}", diagnostic.code, diagnostic.summary)?;
    for note in &diagnostic.notes {
        writeln!(out, "> <br>{note}")?;
    }
    for hint in &diagnostic.hints {
        writeln!(out, "> <br>_{hint}_")?;
    }
    writeln!(out)
}

fn cell(change: &Change) -> String {
    let mut parts = Vec::new();
    if let Some(old) = &change.renamed_from {
        parts.push(format!("renamed from `{old}`"));
    }
    if change.suppressed {
        parts.push("recreate suppressed".to_owned());
    }
    parts.extend(change.action.fields().iter().map(field));
    let brings = contents::brief(change);
    if !brings.is_empty() {
        parts.push(code(&brings));
    }
    if let Cause::Upstream { path } = &change.cause {
        parts.push(format!(
            "because of {}",
            path.iter().skip(1).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" ← ")
        ));
    }
    let backfills: i64 = change.jobs.iter().map(crate::plan::JobChange::count).sum();
    if backfills > 0 {
        parts.push(words::count(backfills.unsigned_abs() as usize, "backfill job"));
    }
    parts.extend(change.warnings.iter().map(|it| format!("**warning:** {}", escape(&it.summary))));
    parts.join("<br>")
}

fn field(field: &FieldChange) -> String {
    let (before, after) = (text::value(&field.before), text::value(&field.after));
    let effect = match field.effect {
        Effect::InPlace => "",
        Effect::InPlaceGuarded => " (takes serving or history away)",
        Effect::RecreateUnlessSuppressed | Effect::Recreate => " **(recreates)**",
    };
    if before.len() + after.len() > 80 || before.contains('\n') || after.contains('\n') {
        return format!("`{}` changes{effect}", field.path);
    }
    format!("`{}`: {} → {}{effect}", field.path, code(&before), code(&after))
}

fn code(text: &str) -> String {
    if text.contains('`') { escape(text) } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Folds the full text away, in a fence that no text inside it can close.
fn details(out: &mut impl Write, plan: &Plan, now: Instant) -> fmt::Result {
    if plan.changes.iter().all(|it| matches!(it.action, Action::Create { .. })) && plan.changes.len() > CHANGES_MAX {
        return Ok(());
    }
    let mut full = String::new();
    text::changes(&mut full, &plan.changes, now, text::Detail::Brief)?;
    let plain = anstream::adapter::strip_str(&full).to_string();
    let longest = plain.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(
        out,
        "\n<details><summary>The whole plan</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>",
        plain.trim_end()
    )
}

//! A plan, or the mistakes of a repo, as a pull-request comment that fits GitHub's limit.
//!
//! The comment starts with a hidden marker, by which CI finds its earlier comment.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::json::QueryJson;
use super::md::{Within, code, fitting, prose, shortened};
use super::{contents, shown, text, value, words};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Cause, Change, Meanwhile, Plan, Refusal};
use crate::resource::{Effect, FieldChange, Instant};

/// The most bytes of a comment. GitHub takes 65,536 characters, and a text has at least as many bytes.
const BYTES_MAX: usize = 58_000;
/// The most bytes of the parts before the folded text.
const REFUSALS_MAX: usize = 11_000;
const WARNINGS_MAX: usize = 5_000;
const LIFTS_MAX: usize = 3_000;
const TABLE_MAX: usize = 30_000;
/// The most changes that a table lists one by one.
const CHANGES_MAX: usize = 100;

/// The most characters of a part of a line.
const NAME_MAX: usize = 160;
const SENTENCE_MAX: usize = 500;
const CELL_MAX: usize = 900;
const LINE_MAX: usize = 300;

/// The subject of a comment, which gives it its marker and its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Plan { workspace: String },
    Validate,
}

impl About {
    /// Returns the first line of the comment, which a browser does not show.
    pub fn marker(&self) -> String {
        match self {
            // The name of a workspace has only letters, digits, `-` and `_`. The rest is dropped, so that it cannot
            // end the comment.
            Self::Plan { workspace } => {
                let name: String =
                    workspace.chars().filter(|it| it.is_ascii_alphanumeric() || "-_".contains(*it)).collect();
                format!("<!-- weir:{name} -->")
            }
            Self::Validate => "<!-- weir validate -->".to_owned(),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Plan { .. } => "weir plan",
            Self::Validate => "weir validate",
        }
    }
}

/// Writes the plan, with the parts for a reviewer first and the details folded. `folder` is the place of the feature
/// repo in its git repository, and starts every path.
pub fn plan(out: &mut impl Write, plan: &Plan, refusals: &[Refusal], now: Instant, folder: &str) -> fmt::Result {
    let verdict = match (refusals.is_empty(), plan.changes.is_empty()) {
        (false, _) => "refused",
        (true, true) => "no changes",
        (true, false) => "can be applied",
    };
    let about = About::Plan { workspace: plan.workspace.clone() };
    let mut page = format!("{}\n", about.marker());
    if plan.place.new {
        writeln!(page, "**{}**\n", prose(&plan.place.is_new(), Within::Page))?;
    }
    let workspace = code(&shortened(&plan.workspace, NAME_MAX), Within::Page);
    writeln!(page, "### {}: {workspace} ({}), {verdict}\n", about.title(), plan.mode)?;
    if plan.changes.is_empty() {
        writeln!(page, "The registry matches the repo ({} unchanged).", plan.unchanged)?;
        return out.write_str(&page);
    }
    writeln!(page, "{}\n", text::tally(plan, refusals.len()).replace("\n      ", " "))?;
    let refused: Vec<String> =
        refusals.iter().map(|it| quote(&format!("Refused ({})", it.diagnostic().code), &it.diagnostic())).collect();
    push_fitting(&mut page, &refused, REFUSALS_MAX, "refusal")?;
    lifts(&mut page, plan)?;
    let warnings: Vec<String> = plan.warnings.iter().map(|it| quote(&format!("Warning ({})", it.code), it)).collect();
    push_fitting(&mut page, &warnings, WARNINGS_MAX, "warning")?;
    table(&mut page, &plan.changes, folder)?;
    details(&mut page, plan, now)?;
    out.write_str(&page)
}

/// Writes the mistakes and warnings of a repo as a comment.
pub fn diagnostics(
    out: &mut impl Write,
    about: &About,
    diagnostics: &[Diagnostic],
    declarations: Option<usize>,
    folder: &str,
) -> fmt::Result {
    let errors = diagnostics.iter().filter(|it| it.is_error()).count();
    let verdict = match declarations {
        Some(count) if errors == 0 => format!("{} valid", words::count(count, "declaration")),
        _ => words::count(errors, "error"),
    };
    let mut page = format!("{}\n### {}: {verdict}\n\n", about.marker(), about.title());
    if !diagnostics.is_empty() {
        page.push_str("| | Where | What | Hint |\n|---|---|---|---|\n");
        let rows: Vec<String> = diagnostics.iter().map(|it| row(it, folder)).collect();
        let (rows, left) = fitting(&rows, BYTES_MAX - page.len());
        page.push_str(&rows);
        if left > 0 {
            writeln!(page, "\nand {left} more: {} shows them all.", code(about.title(), Within::Page))?;
        }
    }
    out.write_str(&page)
}

/// Lists the queries that were not checked against columns, so that a skipped check does not look like a passed one.
pub fn unchecked(out: &mut String, queries: &[QueryJson]) -> fmt::Result {
    if queries.is_empty() {
        return Ok(());
    }
    let (count, were) = (words::count(queries.len(), "query"), if queries.len() == 1 { "was" } else { "were" });
    let head = format!("\n<details><summary>{count} {were} not checked against columns</summary>\n\n");
    let name = |it: &QueryJson| shortened(&format!("{} of {}", it.field, it.address), NAME_MAX);
    let rows: Vec<String> = queries.iter().map(|it| format!("- {}\n", code(&name(it), Within::Page))).collect();
    let (rows, left) = fitting(&rows, BYTES_MAX.saturating_sub(out.len() + head.len() + 100));
    write!(out, "{head}{rows}")?;
    if left > 0 {
        writeln!(out, "\nand {left} more: `weir validate -v` shows them all.")?;
    }
    out.write_str("\n</details>\n")
}

fn row(diagnostic: &Diagnostic, folder: &str) -> String {
    let place = match diagnostic.span() {
        Some(span) if span.line > 0 => place(folder, &span.file, &format!(":{}:{}", span.line, span.column)),
        Some(span) => place(folder, &span.file, ""),
        None => String::new(),
    };
    let said = std::iter::once(&diagnostic.summary).chain(&diagnostic.notes);
    let said = said.map(|it| prose(&shortened(it, SENTENCE_MAX), Within::Table)).take(6).collect::<Vec<_>>();
    let hints = prose(&shortened(&diagnostic.hints.join("; "), SENTENCE_MAX), Within::Table);
    format!("| {} {} | {place} | {} | {hints} |\n", diagnostic.severity, diagnostic.code, said.join("<br>"))
}

fn place(folder: &str, file: &str, line: &str) -> String {
    let path = format!("{folder}{file}");
    code(&format!("{}{line}", shortened(&path, NAME_MAX)), Within::Table)
}

/// Returns a diagnostic as a quoted block, followed by an empty line.
fn quote(title: &str, diagnostic: &Diagnostic) -> String {
    let sentence = |it: &str| prose(&shortened(it, SENTENCE_MAX), Within::Page);
    let mut block = format!("> **{title}:** {}\n", sentence(&diagnostic.summary));
    for note in diagnostic.notes.iter().take(5) {
        block.push_str(&format!("> <br>{}\n", sentence(note)));
    }
    for hint in diagnostic.hints.iter().take(3) {
        block.push_str(&format!("> <br>hint: {}\n", sentence(hint)));
    }
    block.push('\n');
    block
}

/// Adds the blocks that fit into `bytes`, and the number of the others.
fn push_fitting(page: &mut String, blocks: &[String], bytes: usize, noun: &str) -> fmt::Result {
    let (blocks, left) = fitting(blocks, bytes);
    page.push_str(&blocks);
    if left > 0 {
        writeln!(page, "> and {left} more {}: `weir plan` shows them all.\n", words::plural(left, noun))?;
    }
    Ok(())
}

fn lifts(page: &mut String, plan: &Plan) -> fmt::Result {
    let lifts = plan.changes.iter().filter(|it| it.lifts());
    let lifts: Vec<String> = lifts.map(|it| format!("{}, ", code(&it.address.to_string(), Within::Page))).collect();
    if lifts.is_empty() {
        return Ok(());
    }
    let (shown, left) = fitting(&lifts, LIFTS_MAX);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    writeln!(page, "> **Lifts protection from:** {}{more}\n", shown.trim_end_matches(", "))
}

/// Writes one row for each change. Changes that do not fit are counted in one row for each action and kind.
fn table(page: &mut String, changes: &[Change], folder: &str) -> fmt::Result {
    page.push_str("| | Resource | What changes | Declared at |\n|---|---|---|---|\n");
    let listed = &changes[..changes.len().min(CHANGES_MAX)];
    let rows = |cell: fn(&Change) -> String| -> Vec<String> {
        listed
            .iter()
            .map(|it| {
                let source =
                    it.source.as_ref().map(|it| place(folder, &it.0, &format!(":{}", it.1))).unwrap_or_default();
                let address = code(&shortened(&it.address.to_string(), NAME_MAX), Within::Table);
                format!("| {} | {address} | {} | {source} |\n", it.action.word(), cell(it))
            })
            .collect()
    };
    let (mut shown, mut left) = fitting(&rows(cell), TABLE_MAX);
    if left > 0 {
        (shown, left) = fitting(&rows(brief_cell), TABLE_MAX);
    }
    page.push_str(&shown);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for change in &changes[listed.len() - left..] {
        *counts.entry((change.action.word(), change.address.kind.as_str())).or_default() += 1;
    }
    for ((action, kind), count) in counts {
        writeln!(page, "| {action} | {count} more of `{kind}` | | |")?;
    }
    Ok(())
}

fn cell(change: &Change) -> String {
    let mut parts = causes(change);
    let mut length = 0;
    for (index, field) in change.action.fields().iter().enumerate() {
        let field = self::field(field);
        length += field.len();
        if length > CELL_MAX {
            parts.push(format!("and {} more", words::count(change.action.fields().len() - index, "field")));
            break;
        }
        parts.push(field);
    }
    parts.extend(costs(change));
    let warnings = change.warnings.iter().take(4);
    parts.extend(
        warnings.map(|it| format!("**warning:** {}", prose(&shortened(&it.summary, SENTENCE_MAX), Within::Table))),
    );
    parts.join("<br>")
}

/// Returns the cell for a long table: the number of fields, and the strongest effect.
fn brief_cell(change: &Change) -> String {
    let mut parts = causes(change);
    let fields = change.action.fields().len();
    if fields > 0 {
        parts.push(format!("{}{}", words::count(fields, "field"), effect(change.effect())));
    }
    parts.extend(costs(change));
    if !change.warnings.is_empty() {
        parts.push(format!("**{}**", words::count(change.warnings.len(), "warning")));
    }
    parts.join("<br>")
}

fn causes(change: &Change) -> Vec<String> {
    let name = |it: &dyn fmt::Display| code(&shortened(&it.to_string(), NAME_MAX), Within::Table);
    let mut parts = Vec::new();
    if let Some(old) = &change.renamed_from {
        parts.push(format!("renamed from {}", name(old)));
    }
    if change.suppressed {
        parts.push("recreate suppressed".to_owned());
    }
    let brings = contents::brief(change);
    if !brings.is_empty() {
        parts.push(code(&shortened(&brings, SENTENCE_MAX), Within::Table));
    }
    match &change.cause {
        Cause::Declaration => {}
        Cause::Upstream { path } => {
            let path: Vec<String> = path.iter().skip(1).take(8).map(|it| name(it)).collect();
            parts.push(format!("because of {}", path.join(" ← ")));
        }
        Cause::Data { sources } => {
            parts.push(format!(
                "because the data of {} has more columns",
                words::list(sources.iter().take(8).map(|it| name(it)))
            ));
        }
    }
    parts
}

fn costs(change: &Change) -> Vec<String> {
    let mut parts = Vec::new();
    let backfills: i64 = change.jobs.iter().map(crate::plan::JobChange::count).sum();
    if backfills > 0 {
        parts.push(words::count(backfills.unsigned_abs() as usize, "backfill job"));
    }
    match change.meanwhile {
        Some(Meanwhile::HistoryLost) => parts.push("**history is lost:** no batch source can rebuild it".to_owned()),
        Some(Meanwhile::OldServes) | None => {}
    }
    parts
}

fn field(field: &FieldChange) -> String {
    let effect = effect(field.effect);
    let path = code(&shown::name(&shortened(&field.path, NAME_MAX)), Within::Table);
    let (before, after) = value::pair(&field.before, &field.after);
    if before.len() + after.len() > 80 {
        return format!("{path} changes{effect}");
    }
    format!("{path}: {} → {}{effect}", code(&before, Within::Table), code(&after, Within::Table))
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::InPlace => "",
        Effect::InPlaceGuarded => " (takes serving or history away)",
        Effect::RecreateUnlessSuppressed | Effect::Recreate => " **(recreates)**",
    }
}

/// Writes the full text, folded, in a fence that no text inside can close. It is cut to the limit of a comment.
fn details(page: &mut String, plan: &Plan, now: Instant) -> fmt::Result {
    if plan.changes.iter().all(|it| matches!(it.action, Action::Create { .. })) && plan.changes.len() > CHANGES_MAX {
        return Ok(());
    }
    let mut full = String::new();
    text::changes(&mut full, &plan.changes, now, text::Detail::Brief)?;
    let plain = anstream::adapter::strip_str(&full).to_string();
    let plain = shown::sieve(plain.trim_end());
    let lines: Vec<String> = plain.lines().map(|it| format!("{}\n", shortened(it, LINE_MAX))).collect();
    let longest = plain.split(|it| it != '`').map(str::len).max().unwrap_or(0).min(LINE_MAX + 1);
    let fence = "`".repeat(longest.max(2) + 1);
    let frame = 2 * fence.len() + 160;
    let (mut shown, left) = fitting(&lines, BYTES_MAX.saturating_sub(page.len() + frame));
    if left > 0 {
        writeln!(shown, "... and {left} more lines: `weir plan` shows them all")?;
    }
    write!(page, "\n<details><summary>The whole plan</summary>\n\n{fence}text\n{shown}{fence}\n\n</details>\n")
}

//! A plan as text: a line for each change, with its cause and cost below. Readable at 80 columns without colour.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::{contents, jobs, shown, style, value, words};
use crate::plan::{Action, Cause, Change, JobChange, Meanwhile, Plan, Refusal};
use crate::resource::{Address, Instant};

pub use super::detail::Detail;

/// The most cascades below one root, and the most creates, that a brief plan lists before it counts the rest.
const CASCADES_MAX: usize = 10;
const CREATES_MAX: usize = 200;

/// Writes the plan, its refusals and its tally.
pub fn plan(out: &mut impl Write, plan: &Plan, refusals: &[Refusal], now: Instant, detail: Detail) -> fmt::Result {
    if plan.changes.is_empty() {
        return writeln!(out, "No changes. The registry matches the repo ({} unchanged).", plan.unchanged);
    }
    changes(out, &plan.changes, now, detail)?;
    for warning in &plan.warnings {
        writeln!(out)?;
        wrapped(out, "warning:", |it| style::warning(it), &warning.summary)?;
        for hint in &warning.hints {
            wrapped(out, "hint:", |it| style::hint(it), hint)?;
        }
    }
    if !refusals.is_empty() {
        writeln!(out, "\n{}", style::error(format!("{}:", words::count(refusals.len(), "refusal"))))?;
        for refusal in refusals {
            self::refusal(out, refusal)?;
        }
    }
    let lifts: Vec<String> = plan.changes.iter().filter(|it| it.lifts()).map(|it| shown::thing(&it.address)).collect();
    if !lifts.is_empty() {
        writeln!(out, "\n{} {}", style::warning("Lifts protection from:"), words::list(lifts))?;
    }
    writeln!(out, "\n{}", tally(plan, refusals.len()))
}

/// Writes one refusal: the harm, the path, and the edit that lifts protection.
fn refusal(out: &mut impl Write, refusal: &Refusal) -> fmt::Result {
    let diagnostic = refusal.diagnostic();
    writeln!(out)?;
    wrapped(out, &format!("error[{}]:", diagnostic.code), |it| style::error(it), &diagnostic.summary)?;
    for note in &diagnostic.notes {
        wrapped(out, "note:", |it| style::strong(it), note)?;
    }
    for hint in &diagnostic.hints {
        wrapped(out, "hint:", |it| style::hint(it), hint)?;
    }
    Ok(())
}

/// Writes a text with its label, broken between words at 80 columns.
fn wrapped(out: &mut impl Write, label: &str, style: impl Fn(&str) -> String, text: &str) -> fmt::Result {
    let mut column = label.chars().count();
    write!(out, "{}", style(label))?;
    for word in shown::line(text).split(' ') {
        let length = word.chars().count();
        // GitHub's runner takes a line that starts with `::` as a command.
        if column + 1 + length > 80 && column > 2 && !word.starts_with("::") {
            write!(out, "\n  {word}")?;
            column = 2 + length;
        } else {
            write!(out, " {word}")?;
            column += 1 + length;
        }
    }
    writeln!(out)
}

/// Returns the sentence with all counts, always in the same order.
pub fn tally(plan: &Plan, refused: usize) -> String {
    let tally = plan.tally();
    let jobs: i64 = plan.changes.iter().flat_map(|it| &it.jobs).map(JobChange::count).sum();
    format!(
        "Plan: {} to create, {} to update, {} to recreate, {} to delete, {} unchanged,\n      {}, {} refused, {}.",
        tally.create,
        tally.update,
        tally.recreate,
        tally.delete,
        tally.unchanged,
        words::count(jobs.unsigned_abs() as usize, "backfill job"),
        refused,
        words::count(tally.lifts, "lift"),
    )
}

/// Writes the changes in order, with cascades below their root.
pub fn changes(out: &mut impl Write, changes: &[Change], now: Instant, detail: Detail) -> fmt::Result {
    let width = changes.iter().map(|it| it.address.to_string().chars().count()).max().unwrap_or(0).min(46);
    let mut cascades: BTreeMap<&Address, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if let (Some(root), true) = (root(change), change.only_follows()) {
            cascades.entry(root).or_default().push(change);
        }
    }
    let creates = changes.iter().filter(|it| matches!(it.action, Action::Create { .. })).count();
    let mut created = 0;
    for change in changes.iter().filter(|it| !it.only_follows()) {
        if matches!(change.action, Action::Create { .. }) {
            created += 1;
            if detail == Detail::Brief && creates > CREATES_MAX && created > CREATES_MAX / 2 {
                continue;
            }
        }
        one(out, change, width, now, detail)?;
        let below = cascades.remove(&change.address).unwrap_or_default();
        let shown = if detail == Detail::Full { below.len() } else { CASCADES_MAX };
        for change in below.iter().take(shown) {
            cascade(out, change, now, detail)?;
        }
        if below.len() > shown {
            writeln!(
                out,
                "    {} {}",
                style::symbol("±"),
                style::dim(format!("and {} more that depend on it (-v lists them)", below.len() - shown))
            )?;
        }
    }
    if detail == Detail::Brief && creates > CREATES_MAX {
        writeln!(
            out,
            "{} {}",
            style::symbol("+"),
            style::dim(format!("and {} more (-v lists them)", creates - CREATES_MAX / 2))
        )?;
    }
    Ok(())
}

fn root(change: &Change) -> Option<&Address> {
    match &change.cause {
        Cause::Upstream { path } => path.last(),
        Cause::Declaration | Cause::Data { .. } => None,
    }
}

fn one(out: &mut impl Write, change: &Change, width: usize, now: Instant, detail: Detail) -> fmt::Result {
    let address = shown::thing(&change.address);
    let padding = " ".repeat(width.saturating_sub(address.chars().count()));
    let source =
        change.source.as_ref().map(|it| style::dim(format!("  {}:{}", shown::name(&it.0), it.1))).unwrap_or_default();
    let line = format!("{} {}{padding}{source}", style::symbol(change.action.symbol()), style::strong(&address));
    writeln!(out, "{}", if source.is_empty() { line.trim_end() } else { &line })?;
    if let Some(old) = &change.renamed_from {
        writeln!(out, "    renamed from {}", shown::thing(old))?;
    }
    if change.suppressed {
        writeln!(out, "    recreate suppressed: nothing is built again")?;
    }
    for field in change.action.fields() {
        value::field(out, field, detail)?;
    }
    match &change.cause {
        Cause::Declaration => {}
        Cause::Upstream { path } => self::path(out, "    because of ", path.get(1..).unwrap_or_default())?,
        Cause::Data { sources } => {
            writeln!(out, "    because the data of {} has more columns", words::list(sources.iter().map(shown::thing)))?
        }
    }
    contents::below(out, change, "    ", detail)?;
    cost(out, change, "    ", now)
}

fn cascade(out: &mut impl Write, change: &Change, now: Instant, detail: Detail) -> fmt::Result {
    match &change.cause {
        Cause::Upstream { path } => self::path(out, &format!("    {} ", style::symbol(change.action.symbol())), path)?,
        // Such a change has no root to stand below: `one` shows it.
        Cause::Declaration | Cause::Data { .. } => {}
    }
    for field in change.action.fields() {
        let mut lines = String::new();
        value::field(&mut lines, field, detail)?;
        lines.lines().try_for_each(|it| writeln!(out, "    {it}"))?;
    }
    contents::below(out, change, "        ", detail)?;
    cost(out, change, "        ", now)
}

/// Writes `A ← B ← C`, broken before an arrow at 80 columns.
fn path(out: &mut impl Write, start: &str, path: &[Address]) -> fmt::Result {
    let indent = 6;
    let mut column = indent;
    write!(out, "{start}")?;
    for (index, address) in path.iter().enumerate() {
        let address = shown::thing(address);
        let text = if index == 0 { address } else { format!("← {address}") };
        let length = text.chars().count();
        if index > 0 && column + 1 + length > 78 {
            write!(out, "\n{}", " ".repeat(indent + 2))?;
            column = indent + 2;
        } else if index > 0 {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{text}")?;
        column += length;
    }
    writeln!(out)
}

fn cost(out: &mut impl Write, change: &Change, indent: &str, now: Instant) -> fmt::Result {
    jobs::jobs(out, change, indent, now)?;
    match change.meanwhile {
        Some(Meanwhile::OldServes) if change.jobs.iter().all(|it| it.brings().is_none()) => {
            writeln!(out, "{indent}the old version serves until somebody starts the jobs that build the new one")?
        }
        Some(Meanwhile::OldServes) => writeln!(out, "{indent}the old version serves until the new one is complete")?,
        Some(Meanwhile::HistoryLost) => {
            writeln!(out, "{indent}{}", style::warning("history is lost: no batch source can rebuild it"))?
        }
        None => {}
    }
    for warning in &change.warnings {
        writeln!(out, "{indent}{} {}", style::warning("warning:"), shown::line(&warning.summary))?;
    }
    Ok(())
}

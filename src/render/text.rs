//! A plan for people: one line a change, below it why and what it costs. Reads well at 80 columns without colour.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{contents, jobs, style, words};
use crate::plan::{Action, Cause, Change, JobChange, Meanwhile, Plan, Refusal};
use crate::resource::{Address, Effect, FieldChange, Instant};

/// How much of a long plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Brief,
    Full,
}

/// Cascades below one root, and creates in one plan, that a brief plan lists before it counts the rest.
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
    let lifts: Vec<&Address> = plan.changes.iter().filter(|it| it.lifts()).map(|it| &it.address).collect();
    if !lifts.is_empty() {
        writeln!(out, "\n{} {}", style::warning("Lifts protection from:"), words::list(lifts))?;
    }
    writeln!(out, "\n{}", tally(plan, refusals.len()))
}

/// Writes one refusal: what would happen, along which path, and the edit that lifts it.
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

/// Writes a text with its label, broken between words before it grows past 80 columns.
fn wrapped(out: &mut impl Write, label: &str, style: impl Fn(&str) -> String, text: &str) -> fmt::Result {
    let mut column = label.chars().count();
    write!(out, "{}", style(label))?;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column + 1 + length > 80 && column > 2 {
            write!(out, "\n  {word}")?;
            column = 2 + length;
        } else {
            write!(out, " {word}")?;
            column += 1 + length;
        }
    }
    writeln!(out)
}

/// Returns the one sentence that counts everything, always in one order.
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

/// Writes the changes in order, cascades below their root.
pub fn changes(out: &mut impl Write, changes: &[Change], now: Instant, detail: Detail) -> fmt::Result {
    let width = changes.iter().map(|it| it.address.to_string().chars().count()).max().unwrap_or(0).min(46);
    let mut cascades: BTreeMap<&Address, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if let (Some(root), true) = (root(change), is_mere_cascade(change)) {
            cascades.entry(root).or_default().push(change);
        }
    }
    let creates = changes.iter().filter(|it| matches!(it.action, Action::Create { .. })).count();
    let mut created = 0;
    for change in changes.iter().filter(|it| !is_mere_cascade(it)) {
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

/// Says whether a change is there only because of another.
fn is_mere_cascade(change: &Change) -> bool {
    matches!(change.cause, Cause::Upstream { .. }) && change.action.fields().is_empty() && change.renamed_from.is_none()
}

fn one(out: &mut impl Write, change: &Change, width: usize, now: Instant, detail: Detail) -> fmt::Result {
    let address = change.address.to_string();
    let padding = " ".repeat(width.saturating_sub(address.chars().count()));
    let source = change.source.as_ref().map(|it| style::dim(format!("  {}:{}", it.0, it.1))).unwrap_or_default();
    let line = format!("{} {}{padding}{source}", style::symbol(change.action.symbol()), style::strong(&address));
    writeln!(out, "{}", if source.is_empty() { line.trim_end() } else { &line })?;
    if let Some(old) = &change.renamed_from {
        writeln!(out, "    renamed from {old}")?;
    }
    if change.suppressed {
        writeln!(out, "    recreate suppressed: nothing is built again")?;
    }
    for field in change.action.fields() {
        self::field(out, field, detail)?;
    }
    if let Cause::Upstream { path } = &change.cause {
        self::path(out, "    because of ", path.get(1..).unwrap_or_default())?;
    }
    if let Cause::Data { sources } = &change.cause {
        writeln!(out, "    because the data of {} has more columns", words::list(sources))?;
    }
    contents::below(out, change, "    ", detail)?;
    cost(out, change, "    ", now)
}

fn cascade(out: &mut impl Write, change: &Change, now: Instant, detail: Detail) -> fmt::Result {
    if let Cause::Upstream { path } = &change.cause {
        self::path(out, &format!("    {} ", style::symbol(change.action.symbol())), path)?;
    }
    contents::below(out, change, "        ", detail)?;
    cost(out, change, "        ", now)
}

/// Writes `A ← B ← C`, broken before an arrow where a line would grow past 80 columns.
fn path(out: &mut impl Write, start: &str, path: &[Address]) -> fmt::Result {
    let indent = 6;
    let mut column = indent;
    write!(out, "{start}")?;
    for (index, address) in path.iter().enumerate() {
        let text = if index == 0 { address.to_string() } else { format!("← {address}") };
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

/// Writes one field: `old -> new`, multi-line text as a diff, a list item by item.
fn field(out: &mut impl Write, field: &FieldChange, detail: Detail) -> fmt::Result {
    let effect = effect(field.effect);
    let path = &field.path;
    if let (Value::String(before), Value::String(after)) = (&field.before, &field.after)
        && (before.contains('\n') || after.contains('\n') || before.len() + after.len() > 60)
    {
        writeln!(out, "    {path}:{effect}")?;
        return text_diff(out, before, after);
    }
    if let (Value::Array(_), Value::Array(_)) = (&field.before, &field.after) {
        writeln!(out, "    {path}:{effect}")?;
        return text_diff(out, &lines(&field.before), &lines(&field.after));
    }
    if field.before.is_null() && matches!(&field.after, Value::Array(_) | Value::Object(_)) {
        writeln!(out, "    {path}: (unset) ->{effect}")?;
        return block(out, &field.after, detail);
    }
    let line = format!("    {path}: {} -> {}", value(&field.before), value(&field.after));
    let width = line.chars().count() + anstream::adapter::strip_str(&effect).to_string().chars().count();
    if width > 80 && !effect.is_empty() {
        return writeln!(out, "{line}\n      {}", effect.trim_start());
    }
    writeln!(out, "{line}{effect}")
}

fn effect(effect: Effect) -> String {
    match effect {
        Effect::InPlace => String::new(),
        Effect::InPlaceGuarded => format!("  {}", style::warning("(takes serving or history away)")),
        Effect::RecreateUnlessSuppressed => format!("  {}", style::removed("(recreates, can be suppressed)")),
        Effect::Recreate => format!("  {}", style::removed("(recreates)")),
    }
}

/// Returns one item a line.
fn lines(list: &Value) -> String {
    list.as_array().into_iter().flatten().map(|it| format!("{}\n", value(it))).collect()
}

fn block(out: &mut impl Write, it: &Value, detail: Detail) -> fmt::Result {
    let lines: Vec<String> = match it {
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Object(members) => ordered(members).iter().map(|(key, it)| format!("{key}: {}", value(it))).collect(),
        other => vec![value(other)],
    };
    let shown = if detail == Detail::Full { lines.len() } else { 12 };
    for line in lines.iter().take(shown).flat_map(|it| it.lines()) {
        writeln!(out, "      {}", style::added(format!("+ {line}")))?;
    }
    if lines.len() > shown {
        writeln!(out, "      {}", style::dim(format!("and {} more (-v shows them)", lines.len() - shown)))?;
    }
    Ok(())
}

/// Writes a unified diff with one line of context, without its headers.
fn text_diff(out: &mut impl Write, before: &str, after: &str) -> fmt::Result {
    let diff = TextDiff::from_lines(before, after);
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            writeln!(out, "      {}", style::dim("..."))?;
        }
        for change in group.iter().flat_map(|it| diff.iter_changes(it)) {
            let line = change.value().trim_end();
            match change.tag() {
                ChangeTag::Delete => writeln!(out, "      {}", style::removed(format!("- {line}")))?,
                ChangeTag::Insert => writeln!(out, "      {}", style::added(format!("+ {line}")))?,
                ChangeTag::Equal => writeln!(out, "{}", format!("        {line}").trim_end())?,
            }
        }
    }
    Ok(())
}

/// Returns a value as a person would write it in YAML, on one line; what is only a name, as the name.
pub fn value(it: &Value) -> String {
    match it {
        Value::Null => "(unset)".to_owned(),
        Value::String(text) => text.trim_end().to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => match bare_name(members) {
            Some(name) => name.to_owned(),
            None => {
                let members = ordered(members).into_iter().map(|(key, it)| format!("{key}: {}", value(it)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        },
        other => other.to_string(),
    }
}

/// The long form of a mere name: `{source: orders}`, `{view: clicks, namespace: clicks}`.
fn bare_name(members: &serde_json::Map<String, Value>) -> Option<&str> {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    match members.len() {
        1 => text("name").or(text("source")).or(text("view")),
        2 => text("view").filter(|it| text("namespace") == Some(it)),
        _ => None,
    }
}

/// `name`, `kind` and `view` come first: they say which item it is.
fn ordered(members: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|it| !matches!(it.0.as_str(), "name" | "kind" | "view" | "source" | "column"));
    members
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
        writeln!(out, "{indent}{} {}", style::warning("warning:"), warning.summary)?;
    }
    Ok(())
}

//! A changed field as text: `old -> new`, a multi-line text as a diff, a list item by item.

use std::fmt::{self, Write};

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::detail::Detail;
use super::shown::{self, Form};
use super::style;
use crate::resource::{Effect, FieldChange};

/// Writes one field. Both sides are written in the first form that tells them apart.
pub fn field(out: &mut impl Write, field: &FieldChange, detail: Detail) -> fmt::Result {
    let effect = effect(field.effect);
    let path = shown::name(&field.path);
    match (&field.before, &field.after) {
        (Value::String(before), Value::String(after))
            if before.contains('\n') || after.contains('\n') || before.len() + after.len() > 60 =>
        {
            writeln!(out, "    {path}:{effect}")?;
            diff(out, |form| (text_lines(before, after, form), text_lines(after, before, form)))
        }
        (Value::Array(before), Value::Array(after)) => {
            writeln!(out, "    {path}:{effect}")?;
            diff(out, |form| (items(before, form), items(after, form)))
        }
        (Value::Null, Value::Array(_) | Value::Object(_)) => {
            writeln!(out, "    {path}: (unset) ->{effect}")?;
            block(out, &field.after, detail)
        }
        (Value::Null, Value::String(after)) if after.trim_end().contains('\n') => {
            writeln!(out, "    {path}: (unset) ->{effect}")?;
            diff(out, |form| (Vec::new(), text_lines(after, after, form)))
        }
        (Value::String(before), Value::Null) if before.trim_end().contains('\n') => {
            writeln!(out, "    {path}: -> (unset){effect}")?;
            diff(out, |form| (text_lines(before, before, form), Vec::new()))
        }
        (before, after) => {
            let (before, after) = pair(before, after);
            let line = format!("    {path}: {before} -> {after}");
            let width = line.chars().count() + anstream::adapter::strip_str(&effect).to_string().chars().count();
            if width > 80 && !effect.is_empty() {
                return writeln!(out, "{line}\n      {}", effect.trim_start());
            }
            writeln!(out, "{line}{effect}")
        }
    }
}

/// Returns both sides of a change, each on one line. Two texts that look alike are quoted and escaped.
pub fn pair(before: &Value, after: &Value) -> (String, String) {
    told_apart(|form| (one(before, form), one(after, form)), |it| shown::tells_apart(&it.0, &it.1))
}

/// Returns a value on one line, as a person writes it in YAML. An object with only a name becomes the name.
pub fn value(it: &Value) -> String {
    one(it, Form::Plain)
}

/// Returns the first form that tells the sides apart for a reader.
fn told_apart<T>(show: impl Fn(Form) -> T, differ: impl Fn(&T) -> bool) -> T {
    [Form::Plain, Form::Quoted].into_iter().map(&show).find(differ).unwrap_or_else(|| show(Form::Exact))
}

fn effect(effect: Effect) -> String {
    match effect {
        Effect::InPlace => String::new(),
        Effect::InPlaceGuarded => format!("  {}", style::warning("(takes serving or history away)")),
        Effect::RecreateUnlessSuppressed => format!("  {}", style::removed("(recreates, can be suppressed)")),
        Effect::Recreate => format!("  {}", style::removed("(recreates)")),
    }
}

fn items(list: &[Value], form: Form) -> Vec<String> {
    list.iter().map(|it| one(it, form)).collect()
}

/// Returns the lines of a text. When only one text ends its last line, both last lines show their ends.
fn text_lines(text: &str, other: &str, form: Form) -> Vec<String> {
    let ended = text.strip_suffix('\n');
    let mut lines: Vec<String> =
        ended.unwrap_or(text).split('\n').map(|it| shown::text_line(it, form).into_owned()).collect();
    if ended.is_some() != other.ends_with('\n')
        && let Some(last) = lines.last_mut()
    {
        let end = if ended.is_some() { "\n" } else { "" };
        let text = ended.unwrap_or(text).rsplit('\n').next().unwrap_or_default();
        *last = shown::text_line(&format!("{text}{end}"), form.max(Form::Quoted)).into_owned();
    }
    lines
}

fn block(out: &mut impl Write, it: &Value, detail: Detail) -> fmt::Result {
    let lines: Vec<String> = match it {
        Value::Array(list) => items(list, Form::Plain),
        Value::Object(members) => ordered(members).iter().map(|it| member(it.0, it.1, Form::Plain)).collect(),
        other => vec![value(other)],
    };
    let shown = if detail == Detail::Full { lines.len() } else { 12 };
    for line in lines.iter().take(shown) {
        writeln!(out, "      {}", style::added(format!("+ {line}")))?;
    }
    if lines.len() > shown {
        writeln!(out, "      {}", style::dim(format!("and {} more (-v shows them)", lines.len() - shown)))?;
    }
    Ok(())
}

/// Writes a unified diff with one line of context, without its headers.
fn diff(out: &mut impl Write, show: impl Fn(Form) -> (Vec<String>, Vec<String>)) -> fmt::Result {
    let (before, after) = told_apart(show, |it| shown::tells_apart(&it.0.join("\n"), &it.1.join("\n")));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&before, &after);
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            writeln!(out, "      {}", style::dim("..."))?;
        }
        for change in group.iter().flat_map(|it| diff.iter_changes(it)) {
            let line = change.value();
            match change.tag() {
                ChangeTag::Delete => writeln!(out, "      {}", style::removed(format!("- {line}").trim_end()))?,
                ChangeTag::Insert => writeln!(out, "      {}", style::added(format!("+ {line}").trim_end()))?,
                ChangeTag::Equal => writeln!(out, "{}", format!("        {line}").trim_end())?,
            }
        }
    }
    Ok(())
}

fn one(it: &Value, form: Form) -> String {
    match it {
        Value::Null => "(unset)".to_owned(),
        Value::String(text) => shown::value(text, form).into_owned(),
        // The long form, for two values that differ only in what the short form leaves out.
        Value::Array(_) | Value::Object(_) if form == Form::Exact => shown::json(&it.to_string()).into_owned(),
        Value::Array(_) | Value::Object(_) => inner(it, form),
        Value::Bool(_) | Value::Number(_) => it.to_string(),
    }
}

/// Returns a value for a list in brackets.
fn inner(it: &Value, form: Form) -> String {
    match it {
        Value::String(text) => shown::item(text, form).into_owned(),
        Value::Array(list) => format!("[{}]", list.iter().map(|it| inner(it, form)).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => match bare_name(members) {
            Some(name) => shown::item(name, form).into_owned(),
            None => {
                let members = ordered(members).into_iter().map(|it| member(it.0, it.1, form));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => one(it, form),
    }
}

fn member(key: &str, it: &Value, form: Form) -> String {
    format!("{}: {}", shown::name(key), inner(it, form))
}

/// Returns the name in an object that holds only a name: `{source: orders}`, `{view: clicks, namespace: clicks}`.
fn bare_name(members: &serde_json::Map<String, Value>) -> Option<&str> {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    match members.len() {
        1 => text("name").or(text("source")).or(text("view")),
        2 => text("view").filter(|it| text("namespace") == Some(it)),
        _ => None,
    }
}

/// Returns the members, with `name`, `kind`, `view`, `source` and `column` first, because they identify an item.
fn ordered(members: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|it| !matches!(it.0.as_str(), "name" | "kind" | "view" | "source" | "column"));
    members
}

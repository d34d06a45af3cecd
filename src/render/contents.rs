//! The contents of a change as text: columns, entities, features with their types, and where they are served.

use std::fmt::{self, Write};

use super::detail::Detail;
use super::{shown, style, words};
use crate::plan::{Action, Brings, Change};
use crate::resource::{Column, Contents};

/// The most lines of one list in a brief plan, and their width.
const LINES_MAX: usize = 3;
const WIDTH: usize = 80;
/// The most names in one line of a table or an annotation.
const NAMES_MAX: usize = 6;

/// The text for columns that are not known yet.
const UNKNOWN: &str = "not known until its sources are opened";
const UNOPENED: &str = "not known until its data is opened";

/// Writes the contents below a change: for a create all of it, for other changes the features added and removed.
pub fn below(out: &mut impl Write, change: &Change, indent: &str, detail: Detail) -> fmt::Result {
    let Some(Brings { contents, adds, removes }) = &change.brings else { return Ok(()) };
    match &change.action {
        Action::Create { after } => {
            created(out, contents, indent, detail)?;
            if after.meta.prevent_destroy {
                writeln!(out, "{indent}prevent_destroy: true")?;
            }
            Ok(())
        }
        Action::Delete { .. } => deleted(out, contents, indent, detail),
        Action::Update { .. } | Action::Recreate { .. } => {
            for (label, items) in differences(adds, removes) {
                list(out, indent, &label, &items, detail)?;
            }
            Ok(())
        }
    }
}

/// Returns the same on one line, for a table or an annotation. Returns an empty text when there is nothing to say.
pub fn brief(change: &Change) -> String {
    let Some(Brings { contents, adds, removes }) = &change.brings else { return String::new() };
    let few = |columns: &[Column]| few(&typed(columns));
    match &change.action {
        Action::Create { .. } => match contents {
            Contents::Entity { join_keys } => format!("join keys: {}", few(join_keys)),
            Contents::Source { columns: Some(columns) } => format!("columns: {}", few(columns)),
            Contents::Source { columns: None } => format!("columns: {UNOPENED}"),
            Contents::Transformation { inputs, .. } => format!("inputs: {}", names(inputs).join(", ")),
            Contents::View { features: Some(features), .. } => format!("features: {}", few(features)),
            Contents::View { features: None, .. } => format!("features: {UNKNOWN}"),
            Contents::Service { features, unknown, .. } if unknown.is_empty() => format!("features: {}", few(features)),
            Contents::Service { features, unknown, .. } => {
                let unknown = unknown.iter().map(shown::thing);
                let shown = if features.is_empty() { String::new() } else { format!("{}; ", few(features)) };
                format!("features: {shown}those of {}: {UNKNOWN}", words::list(unknown))
            }
        },
        Action::Delete { .. } => match contents.features() {
            Some(features) if !features.is_empty() => {
                format!("removes {}: {}", words::plural(features.len(), "feature"), few(features))
            }
            _ => String::new(),
        },
        Action::Update { .. } | Action::Recreate { .. } => {
            let parts = differences(adds, removes).into_iter().map(|it| format!("{} {}", it.0, self::few(&it.1)));
            parts.collect::<Vec<_>>().join("; ")
        }
    }
}

/// Returns the features that are added, removed or get another type, each list with its label if not empty.
fn differences(adds: &[Column], removes: &[Column]) -> Vec<(String, Vec<String>)> {
    let had = |it: &Column| removes.iter().find(|old| old.name == it.name);
    let has = |it: &Column| adds.iter().any(|new| new.name == it.name);
    let dtype = |it: &Column| shown::line(it.dtype.as_deref().unwrap_or_default()).into_owned();
    let retyped = adds
        .iter()
        .filter_map(|new| Some(format!("{} {} -> {}", shown::name(&new.name), dtype(had(new)?), dtype(new))));
    let added: Vec<Column> = adds.iter().filter(|it| had(it).is_none()).cloned().collect();
    let removed: Vec<Column> = removes.iter().filter(|it| !has(it)).cloned().collect();
    let features = |count| words::plural(count, "feature");
    let parts = [
        (format!("adds {}:", features(added.len())), typed(&added)),
        (format!("removes {}:", features(removed.len())), typed(&removed)),
        ("another type:".to_owned(), retyped.collect()),
    ];
    parts.into_iter().filter(|it| !it.1.is_empty()).collect()
}

/// Returns the first few items, and the number of the others.
fn few(items: &[String]) -> String {
    let more = items.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", items.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", "))
}

fn created(out: &mut impl Write, contents: &Contents, indent: &str, detail: Detail) -> fmt::Result {
    match contents {
        Contents::Entity { join_keys } => {
            list(out, indent, &format!("{}:", words::plural(join_keys.len(), "join key")), &typed(join_keys), detail)
        }
        Contents::Source { columns: None } => writeln!(out, "{indent}columns: {UNOPENED}"),
        Contents::Source { columns } => columns_of(out, indent, "columns:", columns.as_deref(), detail),
        Contents::Transformation { inputs, columns } => {
            list(out, indent, &format!("{}:", words::plural(inputs.len(), "input")), &names(inputs), detail)?;
            match columns {
                Some(columns) => {
                    let names: Vec<String> = columns.iter().map(|it| shown::name(&it.name).into_owned()).collect();
                    list(out, indent, "yields:", &names, detail)
                }
                None => writeln!(out, "{indent}yields: {UNKNOWN}"),
            }
        }
        Contents::View { entities, sources, features, .. } => {
            let entities = format!("{}: {}", words::plural(entities.len(), "entity"), names(entities).join(", "));
            let sources = format!("{}: {}", words::plural(sources.len(), "source"), names(sources).join(", "));
            pack(out, indent, &[entities, sources, serves(contents)])?;
            columns_of(out, indent, "features:", features.as_deref(), detail)
        }
        Contents::Service { features, unknown, .. } => {
            writeln!(out, "{indent}{}", serves(contents))?;
            if !features.is_empty() {
                columns_of(out, indent, "features:", Some(features), detail)?;
            }
            if !unknown.is_empty() {
                let text = format!("features of {}: {UNKNOWN}", words::list(unknown.iter().map(shown::thing)));
                pack(out, indent, &[text])?;
            }
            Ok(())
        }
    }
}

/// Writes what readers lose by a delete.
fn deleted(out: &mut impl Write, contents: &Contents, indent: &str, detail: Detail) -> fmt::Result {
    let (Contents::View { .. } | Contents::Service { .. }) = contents else { return Ok(()) };
    let served = contents.serves();
    if !served.is_empty() {
        writeln!(out, "{indent}served: {}", words::list(served))?;
    }
    match contents.features() {
        Some(features) if !features.is_empty() => {
            let label = format!("removes {}:", words::plural(features.len(), "feature"));
            list(out, indent, &label, &typed(features), detail)
        }
        Some(_) => Ok(()),
        None => writeln!(out, "{indent}its features were never known: nobody has opened its sources"),
    }
}

fn serves(contents: &Contents) -> String {
    let serves = contents.serves();
    format!("serves: {}", if serves.is_empty() { "nothing".to_owned() } else { words::list(serves) })
}

/// Writes columns with their types, and says when the types or the columns are not known.
fn columns_of(
    out: &mut impl Write,
    indent: &str,
    label: &str,
    columns: Option<&[Column]>,
    detail: Detail,
) -> fmt::Result {
    let Some(columns) = columns else { return writeln!(out, "{indent}{label} {UNKNOWN}") };
    list(out, indent, label, &typed(columns), detail)?;
    let untyped = columns.iter().filter(|it| it.dtype.is_none()).count();
    if untyped > 0 {
        let all = if untyped == columns.len() { "types" } else { "types left out" };
        writeln!(out, "{indent}  {}", style::dim(format!("({all}: {UNKNOWN})")))?;
    }
    Ok(())
}

/// Returns `name Type`, or the name alone where the type is not known.
fn typed(columns: &[Column]) -> Vec<String> {
    columns.iter().map(typed_one).collect()
}

fn typed_one(column: &Column) -> String {
    let name = shown::name(&column.name);
    match &column.dtype {
        Some(dtype) => format!("{name} {}", shown::line(dtype)),
        None => name.into_owned(),
    }
}

fn names(names: &[String]) -> Vec<String> {
    names.iter().map(|it| shown::name(it).into_owned()).collect()
}

/// Writes `label a, b, c`, broken between items at 80 columns. A brief list ends after three lines.
fn list(out: &mut impl Write, indent: &str, label: &str, items: &[String], detail: Detail) -> fmt::Result {
    let more = |left: usize| format!("and {left} more (-v lists them)");
    let width = |it: &str| it.chars().count();
    let mut column = width(indent) + width(label);
    let mut lines = 1;
    write!(out, "{indent}{label}")?;
    for (index, item) in items.iter().enumerate() {
        let left = items.len() - index;
        let length = 1 + width(item) + usize::from(left > 1);
        // In the last line, room is kept for the number of items left.
        let last = detail == Detail::Brief && lines == LINES_MAX && left > 1;
        let room = if last { WIDTH - 1 - width(&more(left)) } else { WIDTH };
        if index > 0 && column + length > room {
            if detail == Detail::Brief && lines == LINES_MAX {
                let fits = column + 1 + width(&more(left)) <= WIDTH;
                let gap = if fits { " ".to_owned() } else { format!("\n{indent}  ") };
                return writeln!(out, "{gap}{}", style::dim(more(left)));
            }
            write!(out, "\n{indent} ")?;
            column = width(indent) + 1;
            lines += 1;
        }
        write!(out, " {item}{}", if left > 1 { "," } else { "" })?;
        column += length;
    }
    writeln!(out)
}

/// Writes short texts on one line, or on several when they are too long.
fn pack(out: &mut impl Write, indent: &str, texts: &[String]) -> fmt::Result {
    let text = texts.join("; ");
    let mut column = indent.chars().count();
    write!(out, "{indent}")?;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            write!(out, "\n{indent}  {word}")?;
            column = indent.chars().count() + 2 + length;
        } else {
            let space = if index > 0 { " " } else { "" };
            write!(out, "{space}{word}")?;
            column += space.len() + length;
        }
    }
    writeln!(out)
}

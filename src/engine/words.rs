//! Rewords the engine's errors in weir's terms, with their place and what to type instead.

use datafusion::common::{Column, DataFusionError, SchemaError};

use super::fault::Fault;
use super::types::quoted;
use crate::diagnostic::did_you_mean;
use crate::sql;

/// The names that a query could have used.
pub struct Known {
    pub columns: Vec<String>,
    pub functions: Vec<String>,
}

/// Returns the engine's error about the query `text`.
pub fn of_query(error: &DataFusionError, text: &str, known: &Known) -> Fault {
    let start = error.diagnostic().and_then(|it| it.span).map(|it| it.start);
    let mut fault = said_of(error, text, known);
    // A place that the engine names is exact.
    if let Some(start) = start.filter(|it| it.line > 0 && it.column > 0) {
        (fault.line, fault.column) = (start.line as usize, start.column as usize);
    }
    fault
}

/// Returns the root cause of an error, without the errors that wrap it.
pub fn plain(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    said(text.rsplit("\ncaused by\n").next().unwrap_or(&text))
}

/// Returns the first line of an engine's message, without its names for errors and with weir's names for types.
pub fn said(text: &str) -> String {
    let mut text = text.trim();
    while let Some(rest) = SORTS.iter().find_map(|it| text.strip_prefix(it)) {
        text = rest.trim_start();
    }
    types_in(text.lines().next().unwrap_or_default())
}

const SORTS: &[&str] = &[
    "Error during planning: ",
    "This feature is not implemented: ",
    "SQL error: ",
    "Schema error: ",
    "Execution error: ",
    "Arrow error: ",
    "Parser error: ",
    "Cast error: ",
    "Compute error: ",
    "External error: ",
    "External: ",
    "Parquet error: ",
    "Parquet argument error: ",
    "Csv error: ",
    "Json error: ",
    "Invalid argument error: ",
];

/// Returns `text` with weir's names for the types of which Arrow has several.
fn types_in(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|it: char| it.is_ascii_uppercase()) {
        let (before, word) = rest.split_at(at);
        out.push_str(before);
        let starts_word = !out.ends_with(|it: char| it.is_alphanumeric() || it == '_');
        let end = word.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        let (name, after) = match name {
            "Utf8" | "LargeUtf8" | "Utf8View" if starts_word => ("String", after),
            "Boolean" if starts_word => ("Bool", after),
            "Timestamp" if starts_word && after.starts_with('(') => {
                (name, after.split_once(')').map_or(after, |it| it.1))
            }
            _ => (name, after),
        };
        out.push_str(name);
        rest = after;
    }
    out + rest
}

fn said_of(error: &DataFusionError, text: &str, known: &Known) -> Fault {
    if let DataFusionError::SchemaError(inner, _) = error.find_root() {
        match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => return missing(field, valid_fields, text, known),
            SchemaError::AmbiguousReference { field } => {
                let message = format!("column `{}` is in more than one table", field.name);
                let hint = format!("say in which, as in `a.{}` with the table's name", quoted(&field.name));
                return fault(sql::place_of(text, &field.name), message, Some(hint));
            }
            _ => {}
        }
    }
    let whole = error.strip_backtrace();
    let said = said(&error.find_root().strip_backtrace());
    let message = match error.diagnostic() {
        // The error itself names the types.
        Some(it) if it.message != "expressions have incompatible types" => types_in(&it.message),
        _ => said.clone(),
    };
    function(&whole, &said, text, known)
        .or_else(|| shape(error, &said, &message, text))
        .or_else(|| types(&said, text))
        .unwrap_or_else(|| other(&message, text))
}

fn fault(place: Option<(usize, usize)>, message: String, hint: Option<String>) -> Fault {
    let (line, column) = place.unwrap_or((1, 1));
    Fault { message, line, column, hint }
}

/// Returns the fault of a function that does not exist, or does not take its arguments.
fn function(whole: &str, said: &str, text: &str, known: &Known) -> Option<Fault> {
    if let Some(call) = between(whole, "given name and argument types '", "'.") {
        let (name, types) = call.split_once('(')?;
        let types = types_in(types.trim_end());
        // The query writes it as `a[1]`.
        if name == "array_element" {
            let hint = "leave the brackets out".to_owned();
            return Some(fault(
                None,
                format!("`[…]` takes an item out of an array, and was given ({types}"),
                Some(hint),
            ));
        }
        let message = format!("function `{name}` does not take ({types}");
        let hint = "cast its arguments, as in CAST(a AS DOUBLE)".to_owned();
        return Some(fault(sql::place_of(text, name), message, Some(hint)));
    }
    let name = between(said, "Invalid function '", "'")?;
    let near = did_you_mean(name, known.functions.iter().map(String::as_str));
    Some(fault(sql::place_of(text, name), format!("function `{name}` does not exist"), near))
}

/// Returns the fault of two columns of one name.
pub fn twice(name: &str, text: &str) -> Fault {
    let hint = "leave one of them out, or give it another name with AS".to_owned();
    fault(sql::place_of_second(text, name), format!("the query yields two columns `{name}`"), Some(hint))
}

/// Returns the fault of columns that cannot stand where they do, or of too many or too few.
fn shape(error: &DataFusionError, said: &str, message: &str, text: &str) -> Option<Fault> {
    if said.contains("require unique expression names") {
        return Some(twice(&last_name(said.rsplit('"').nth(3)?)?, text));
    }
    if let Some(name) = between(message, "'", "' must appear in GROUP BY").and_then(last_name) {
        let message = format!("column `{name}` is neither grouped by nor aggregated");
        let hint = format!("name it in GROUP BY, or aggregate it, as in max({})", quoted(&name));
        return Some(fault(sql::place_of(text, &name), message, Some(hint)));
    }
    if let Some(name) = said.strip_prefix("Invalid qualifier ") {
        let message = format!("table `{name}` is not one that the query reads");
        let hint = "use the name or the alias that follows FROM".to_owned();
        return Some(fault(sql::place_of(text, name), message, Some(hint)));
    }
    let (operator, _) = said.split_once(" queries have different number of columns")?;
    let notes = error.diagnostic().into_iter().flat_map(|it| &it.notes);
    let sides: Vec<&str> = notes.filter_map(|it| between(&it.message, "has ", " fields")).collect();
    let message = format!("the sides of {operator} have {} columns", sides.join(" and "));
    let hint = "select as many columns on one side as on the other".to_owned();
    Some(fault(sql::place_of(text, operator), message, Some(hint)))
}

/// Returns the fault of types that do not go together.
fn types(said: &str, text: &str) -> Option<Fault> {
    if let Some(sum) = between(said, "Cannot coerce arithmetic expression ", " to valid types") {
        let (left, right) = [" + ", " - ", " * ", " / ", " % "].iter().find_map(|it| sum.split_once(*it))?;
        let message = format!("one side is {left}, and the other {right}");
        return Some(fault(None, message, Some("cast one of them, as in CAST(a AS DOUBLE)".to_owned())));
    }
    if let Some((_, rest)) = said.split_once("non-boolean predicate '") {
        let (name, dtype) = rest.split_once("' returning ")?;
        let name = last_name(name)?;
        let place = sql::place_of(text, "WHERE").or_else(|| sql::place_of(text, "HAVING"));
        let message = format!("rows are chosen by a condition, and `{name}` is {dtype}");
        return Some(fault(place, message, Some(format!("compare it, as in {name} > 0"))));
    }
    let branches = between(said, "ailed to coerce then (", ") to common types")?;
    let (then, other) = branches.split_once(") and else (")?;
    let message = format!("CASE is {then} in one branch, and {other} in another");
    Some(fault(sql::place_of(text, "CASE"), message, Some("cast the branches to one type".to_owned())))
}

/// The words of SQL that serve as a message's place, for want of a better one.
const LANDMARKS: &[&str] = &["WHERE", "HAVING", "JOIN", "LIKE", "GROUP", "UNNEST", "TOP"];

fn other(message: &str, text: &str) -> Fault {
    // The text after the first sentence is the hint.
    let (first, rest) = message.split_once(". ").unwrap_or((message, ""));
    let first = sql::lower_first(first.trim_end_matches('.'));
    let first = if first.contains(' ') { first } else { format!("{first} is not a part of weir's SQL") };
    let named = |mark: &&&str| message.split(|it: char| !it.is_alphanumeric()).any(|it| it == **mark);
    let last = message.rsplit(' ').next().filter(|_| message.starts_with("Unsupported SQL"));
    let place = last.or_else(|| LANDMARKS.iter().find(named).copied()).and_then(|it| sql::place_of(text, it));
    let hint = sql::lower_first(rest.trim_end_matches('.'));
    fault(place, first, (!hint.is_empty()).then_some(hint))
}

/// Returns the fault of a column that does not exist, or whose table does not.
fn missing(field: &Column, valid: &[Column], text: &str, known: &Known) -> Fault {
    let place = |name: &str| sql::place_of(text, name).unwrap_or((1, 1));
    if let Some(table) = field.relation.as_ref().map(|it| it.table())
        && !valid.is_empty()
        && valid.iter().all(|it| it.relation.as_ref().is_none_or(|it| it.table() != table))
    {
        let mut tables: Vec<&str> = valid.iter().filter_map(|it| Some(it.relation.as_ref()?.table())).collect();
        tables.dedup();
        let (line, column) = place(table);
        let message = format!("table `{table}` is not one that the query reads");
        let hint = match tables.is_empty() {
            true => "use the name or the alias that follows FROM".to_owned(),
            false => format!("the tables are {}", tables.join(", ")),
        };
        return Fault { message, line, column, hint: Some(hint) };
    }
    let mut columns: Vec<&str> = Vec::new();
    let all: Vec<&str> = valid.iter().map(|it| it.name.as_str()).collect();
    let all = if all.is_empty() { known.columns.iter().map(String::as_str).collect() } else { all };
    all.into_iter().for_each(|it| {
        if !columns.contains(&it) {
            columns.push(it)
        }
    });
    let (line, column) = place(&field.name);
    let message = match columns.contains(&field.name.as_str()) {
        // The column exists, but no column can stand here.
        true => format!("column `{}` cannot stand here", field.name),
        false => format!("column `{}` does not exist", field.name),
    };
    let near = did_you_mean(&field.name, columns.iter().copied());
    let hint = match near {
        Some(near) => match columns.iter().find(|it| near.contains(&format!("`{it}`")) && quoted(it) != **it) {
            Some(odd) => format!("write {} with its quotes: a name without is read in lower case", quoted(odd)),
            None => near,
        },
        None => format!("the columns are {}", columns.join(", ")),
    };
    Fault { message, line, column, hint: (!columns.contains(&field.name.as_str())).then_some(hint) }
}

/// Returns what stands between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = text.split_once(start)?.1;
    rest.split_once(end).map(|it| it.0)
}

/// Returns the column's own name of `table.column`.
fn last_name(text: &str) -> Option<String> {
    let name = text.rsplit('.').next()?.trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_the_names_of_sorts_and_types() {
        for (text, expected) in [
            ("Execution error: Arrow error: it broke\nand more", "it broke"),
            ("External error: Parquet argument error: External: it broke", "it broke"),
            ("cannot compare Utf8 with Timestamp(µs, \"UTC\")", "cannot compare String with Timestamp"),
            ("MyUtf8 is no Utf8View, nor is a_Boolean", "MyUtf8 is no String, nor is a_Boolean"),
            ("(LargeUtf8, Boolean, Int64)", "(String, Bool, Int64)"),
        ] {
            assert_eq!(said(text), expected);
        }
    }
}

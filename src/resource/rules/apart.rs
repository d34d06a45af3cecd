//! What can be said of a declaration with mistakes, whatever stands in the place of what is wrong.

use crate::diagnostic::{Code, Diagnostic, Place};

/// The fields that decide which columns there are, and what else is there at all: with one of them wrong, every rule may
/// say what follows from that alone.
const STRUCTURE: &[&str] = &[
    "kind",
    "sources",
    "entities",
    "sql",
    "sql_file",
    "transformation",
    "inputs",
    "mode",
    "schema",
    "batch_config",
    "features",
    "join_keys",
    "timestamp_field",
];

/// Fields below those that change nothing about that.
const LEAVES: &[&str] = &["dtype", "data_delay", "supports_time_filtering"];

/// Says whether more can be said of a declaration in which these fields are wrong than its names and its SQL.
pub fn stands(faulty: &[String]) -> bool {
    faulty.iter().all(|it| !STRUCTURE.contains(&first(it)) || LEAVES.contains(&last(it)))
}

/// Says whether a mistake is one of its own, and nothing that follows from the fields that are wrong.
pub fn is_apart(diagnostic: &Diagnostic, faulty: &[String]) -> bool {
    let path = match diagnostic.labels.first().map(|it| &it.place) {
        Some(Place::Field { path, .. } | Place::Query { path, .. }) => path.as_str(),
        _ => "",
    };
    let follows = |fault: &String| {
        let below = path.strip_prefix(fault.as_str()).is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']));
        // The keys of tags are words of their own.
        let named = first(fault) != "tags" && words(&diagnostic.summary).any(|it| it == last(fault));
        // Rules that look at types look at all of them.
        let typed =
            last(fault) == "dtype" && matches!(diagnostic.code, Code::V005 | Code::V006 | Code::V014 | Code::V017);
        below || named || typed
    };
    !faulty.iter().any(follows)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_')
}

fn first(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn last(path: &str) -> &str {
    path.rsplit(['.', ']']).find(|it| !it.is_empty()).unwrap_or(path).split('[').next().unwrap_or(path)
}

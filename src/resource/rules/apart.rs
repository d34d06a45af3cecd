//! Decides which findings about a declaration do not depend on its fields that are wrong.

use crate::diagnostic::{Code, Diagnostic, Place};

/// The fields that decide which columns and which other parts there are. When one of them is wrong, other rules may
/// report only a consequence of that.
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

/// Fields inside those of `STRUCTURE` that do not decide which columns there are.
const LEAVES: &[&str] = &["dtype", "data_delay", "supports_time_filtering"];

/// Says whether rules beyond names and SQL can run on a declaration whose fields `faulty` are wrong.
pub fn stands(faulty: &[String]) -> bool {
    faulty.iter().all(|it| !STRUCTURE.contains(&first(it)) || LEAVES.contains(&last(it)))
}

/// Says whether a finding is a mistake of its own, and not a consequence of the fields that are wrong.
pub fn is_apart(diagnostic: &Diagnostic, faulty: &[String]) -> bool {
    let path = match diagnostic.labels.first().map(|it| &it.place) {
        Some(Place::Field { path, .. } | Place::Query { path, .. }) => path.as_str(),
        _ => "",
    };
    let follows = |fault: &String| {
        let below = path.strip_prefix(fault.as_str()).is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']));
        // The keys of tags are the author's own words, and may also appear in a summary by chance.
        let named = first(fault) != "tags" && words(&diagnostic.summary).any(|it| it == last(fault));
        // Rules over types look at the types of all columns.
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

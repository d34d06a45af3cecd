//! Rules over declarations: each kind brings its own, this runs them and adds what is common to all.

mod apart;

use std::collections::HashSet;

use rayon::prelude::*;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place, did_you_mean};
use crate::load::Repo;
use crate::resource::{Address, Catalog, FINAL, Kind, Report, Resource, name_fault};
use crate::sql::{self, Dialect, Query};

/// Runs the rules that need more than one declaration. Resources are resolved by now.
pub fn together(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut diagnostics = with_what_they_name(repo, catalog);
    diagnostics.extend(repo.partial.iter().filter(|it| apart::stands(&it.faulty)).flat_map(|it| {
        let mut found = Vec::new();
        let report = &mut Report { document: it.document, diagnostics: &mut found };
        it.resource.spec.declaration().check_with(&it.resource, catalog, report);
        found.retain(|found| found.is_error() && apart::is_apart(found, &it.faulty));
        found
    }));
    unused(repo, &mut diagnostics);
    diagnostics
}

/// Runs the rules that look at a declaration and at what it refers to, directly or not.
pub fn with_what_they_name(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    repo.declared
        .par_iter()
        .flat_map_iter(|it| {
            let mut diagnostics = Vec::new();
            it.resource.spec.declaration().check_with(
                &it.resource,
                catalog,
                &mut Report { document: it.document, diagnostics: &mut diagnostics },
            );
            diagnostics
        })
        .collect()
}

/// Runs the rules that one declaration shows on its own.
pub fn alone(resource: &Resource, report: &mut Report) {
    let first = report.diagnostics.len();
    name(resource, report);
    let named = report.diagnostics.len();
    resource.spec.declaration().check(resource, report);
    // A name that is none is one mistake, whatever it is taken for besides.
    if report.diagnostics[first..named].iter().any(is_at_name) {
        let mut index = 0;
        report.diagnostics.retain(|it| {
            index += 1;
            index <= named || !is_at_name(it)
        });
    }
}

fn is_at_name(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.labels.first().map(|it| &it.place), Some(Place::Field { path, .. }) if path == "name")
}

/// Reports `${NAME}` in a text that says where something is, or who: it is replaced in weir.toml only, and here it would be
/// recorded as it stands. SQL may have a meaning of its own for it, and so may a description.
pub fn variables(resource: &Resource, report: &mut Report) {
    let mut found = Vec::new();
    texts("", &resource.to_json(), &mut found);
    for path in found {
        let last = path.rsplit('.').next().unwrap_or(&path);
        if matches!(last, "sql" | "query" | "post_processor" | "data_source_text" | "description") {
            continue;
        }
        report
            .error(
                Code::V016,
                path.clone(),
                format!("`{path}` of `{}` holds a variable: it is not replaced here", resource.address),
            )
            .hint("write the value itself: `${...}` is replaced in weir.toml only");
    }
}

/// Collects the paths of all texts in which a variable is written.
fn texts(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.split("${").skip(1).any(|it| it.contains('}')) => found.push(path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, it)| texts(&format!("{path}[{index}]"), it, found));
        }
        Value::Object(entries) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            entries.iter().for_each(|(key, it)| texts(&below(key), it, found));
        }
        _ => {}
    }
}

/// Object names: a letter or `_`, then letters, digits, `_`, `-`; views and services may end in `:variant` (facts 2.2).
fn name(resource: &Resource, report: &mut Report) {
    let address = &resource.address;
    if let Some(fault) = name_fault(address) {
        report
            .error(Code::V001, "name", format!("name `{}` is not allowed: {fault}", address.name))
            .hint("write letters, digits, `_` and `-`, as `user_clicks`");
    }
    if let Some(old) = &resource.renamed_from {
        if **old == *address.name {
            report
                .error(Code::V016, "renamed_from", format!("`{address}` says it was renamed from its own name"))
                .hint("write the name before, or remove renamed_from");
        } else if let Some(fault) = name_fault(&Address::new(address.kind, old.as_str())) {
            report.error(Code::V001, "renamed_from", format!("name `{old}` is not allowed: {fault}"));
        }
    }
}

/// Reports what is wrong with a part of a declaration, whatever stands in the place of the fields that are `faulty`: names,
/// SQL that does not parse, and what the rules say of other fields.
pub fn part(resource: &Resource, faulty: &[String], dialect: Dialect, report: &mut Report) {
    let first = report.diagnostics.len();
    alone(resource, report);
    let parsed: Vec<_> = resource.spec.declaration().queries().iter().map(|it| sql::parse(it.text)).collect();
    queries(resource, dialect, &parsed, report);
    // A name that is missing is reported where the declaration is read.
    let unnamed = resource.address.name.is_empty();
    let stands = apart::stands(faulty);
    let mut index = 0;
    report.diagnostics.retain(|it| {
        index += 1;
        let kept = stands || matches!(it.code, Code::V001 | Code::V002 | Code::V003 | Code::L014);
        index <= first || kept && apart::is_apart(it, faulty) && !(unnamed && is_at_name(it))
    });
}

/// Looks at the declaration's SQL, which `parsed` is: faults at their own place, and tables that were not given. What
/// only another engine can read is left to it.
pub fn queries<'a>(
    resource: &Resource,
    dialect: Dialect,
    parsed: impl IntoIterator<Item = &'a Result<Query, sql::Fault>>,
    report: &mut Report,
) {
    for (query, parsed) in resource.spec.declaration().queries().into_iter().zip(parsed) {
        let document = report.document;
        let place = |fault: &sql::Fault| Place::Query {
            document,
            path: query.path.to_owned(),
            line: fault.line,
            column: fault.column,
        };
        let dialect = query.dialect.unwrap_or(dialect);
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(fault) if dialect.may_know_better(fault) => continue,
            Err(fault) => {
                let diagnostic = Diagnostic::error(
                    Code::L014,
                    format!("`{}` of `{}` is not SQL: {}", query.path, resource.address, fault.message),
                );
                report.diagnostics.push(diagnostic.place(place(fault)).hint_if(query_hint(query.text, fault)));
                continue;
            }
        };
        if let Some(fault) = sql::more_than_reads(parsed) {
            let summary = format!("`{}` of `{}` is not a query: {}", query.path, resource.address, fault.message);
            report.diagnostics.push(Diagnostic::error(Code::L014, summary).place(place(&fault)));
        }
        if dialect == Dialect::Embedded {
            embedded(resource, &query, parsed, report);
        }
        if let Some(asked) = sql::asks_window(parsed)
            && let Some((fault, hint)) = window_fault(resource, query.path, &asked)
        {
            report.diagnostics.push(Diagnostic::error(Code::L014, fault).place(place(&asked.at)).hint(hint));
        }
        let Some(given) = &query.tables else { continue };
        for (index, name) in given.iter().enumerate() {
            let Some(other) = given[..index].iter().find(|it| it.to_lowercase() == name.to_lowercase() && *it != name)
            else {
                continue;
            };
            let address = &resource.address;
            let summary = format!("`{address}` was given `{other}` and `{name}`, which a query cannot tell apart");
            let hint = "give one of them another name, with `renamed_from`".to_owned();
            report.diagnostics.push(Diagnostic::error(Code::R005, summary).at(report.document, "name").hint(hint));
        }
        for (table, at) in sql::tables(dialect, parsed) {
            if given.iter().any(|it| sql::same_table(dialect, &table, it)) {
                continue;
            }
            let summary = format!(
                "`{}` of `{}` reads table `{table}`, and was given {}",
                query.path,
                resource.address,
                list(given)
            );
            let hint = did_you_mean(&table, given.iter().map(String::as_str)).unwrap_or_else(|| {
                if query.path == "sql" {
                    "name it in `sources` (of a transformation: `inputs`)".to_owned()
                } else {
                    "the rows that were read are the table `input`".to_owned()
                }
            });
            report.diagnostics.push(Diagnostic::error(Code::R005, summary).place(place(&at)).hint(hint));
        }
    }
}

/// Looks at what the embedded engine does not have, or reads in its own way.
fn embedded(resource: &Resource, query: &crate::resource::Query, parsed: &Query, report: &mut Report) {
    let (address, path, document) = (&resource.address, query.path, report.document);
    let place =
        |fault: &sql::Fault| Place::Query { document, path: path.to_owned(), line: fault.line, column: fault.column };
    if let Some(fault) = sql::not_ours(parsed) {
        let summary = format!("`{path}` of `{address}` cannot be read: {}", fault.message);
        let hint = template_hint(query.text, &fault);
        report.diagnostics.push(Diagnostic::error(Code::L014, summary).place(place(&fault)).hint_if(hint));
    }
    if let Some(fault) = sql::yields_twice(parsed) {
        let summary = format!("`{path}` of `{address}` yields two columns `{}`", fault.message);
        let hint = "leave one of them out, or give it another name with AS".to_owned();
        report.diagnostics.push(Diagnostic::error(Code::V003, summary).place(place(&fault)).hint(hint));
    }
    for found in sql::reads_otherwise(parsed) {
        let summary = format!("`{path}` of `{address}`: {}", found.fault.message);
        report.diagnostics.push(Diagnostic::warning(Code::D011, summary).place(place(&found.fault)).hint(found.hint));
    }
}

/// Returns what is wrong with a query that asks for its window, and what to write.
fn window_fault(resource: &Resource, path: &str, asked: &sql::AsksWindow) -> Option<(String, String)> {
    let (address, name) = (&resource.address, &asked.name);
    if asked.has_arguments {
        let hint = format!("write `{name}()`");
        return Some((format!("`{path}` of `{address}` gives `{name}` arguments, and it takes none"), hint));
    }
    let why = match resource.address.kind {
        Kind::StreamFeatureView => "is asked of each event",
        _ if path != "sql" => "runs before there is a window",
        _ => return None,
    };
    let hint = "ask for it in the query of a BatchFeatureView, or of a Transformation that one reads".to_owned();
    Some((format!("`{path}` of `{address}` asks for its window with `{name}()`, and {why}"), hint))
}

/// Returns what to write instead of a query that cannot be read.
fn query_hint(text: &str, fault: &sql::Fault) -> Option<String> {
    fault.hint().map(str::to_owned).or_else(|| template_hint(text, fault))
}

/// Returns what to write for a placeholder of a text template, which queries from elsewhere have: `{clicks}`.
fn template_hint(text: &str, fault: &sql::Fault) -> Option<String> {
    let line = text.split('\n').nth(fault.line - 1)?;
    let rest: String = line.chars().skip(fault.column - 1).collect();
    let name = rest.trim_start_matches(['"', '\'']).strip_prefix('{')?.split_once('}')?.0.trim();
    Some(match name {
        "context.start_time" => "write `window_start()`".to_owned(),
        "context.end_time" => "write `window_end()`".to_owned(),
        _ => "write the source's name, without braces".to_owned(),
    })
}

fn list(names: &[String]) -> String {
    names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

/// The code of the warning that nothing uses a declaration: the one rule that looks at who refers to it.
pub const UNUSED: Code = Code::V102;

/// Warns of what nothing uses: everything but a service exists for the sake of another.
fn unused(repo: &Repo, diagnostics: &mut Vec<Diagnostic>) {
    // Who knows what a declaration that cannot be read uses.
    if !repo.broken.is_empty() {
        return;
    }
    let used: HashSet<&Address> = repo.declared.iter().flat_map(|it| &it.resource.depends_on).collect();
    for declared in &repo.declared {
        let address = &declared.resource.address;
        if !FINAL.contains(&address.kind) && !used.contains(address) {
            diagnostics.push(
                Diagnostic::warning(UNUSED, format!("nothing uses `{address}`"))
                    .at(declared.document, "name")
                    .hint("remove it, or name it where it is needed"),
            );
        }
    }
}

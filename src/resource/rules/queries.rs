//! Rules over the SQL of a declaration.

use crate::diagnostic::{Code, Diagnostic, Place, did_you_mean};
use crate::resource::address::Kind;
use crate::resource::query::Query;
use crate::resource::report::Report;
use crate::resource::spec::Resource;
use crate::sql::{self, Dialect};

/// Reports faults in the declaration's SQL at their place, and tables that it may not read. `parsed` holds its
/// queries, parsed. SQL that only another engine reads is left to that engine.
pub fn queries<'a>(
    resource: &Resource,
    dialect: Dialect,
    parsed: impl IntoIterator<Item = &'a Result<sql::Query, sql::Fault>>,
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

/// Reports SQL that the embedded engine lacks, or reads in its own way.
fn embedded(resource: &Resource, query: &Query, parsed: &sql::Query, report: &mut Report) {
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

/// Returns the fault of a query that uses its window where it cannot, and a hint.
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

/// Returns a hint for a query that cannot be read.
fn query_hint(text: &str, fault: &sql::Fault) -> Option<String> {
    fault.hint().map(str::to_owned).or_else(|| template_hint(text, fault))
}

/// Returns a hint for a placeholder such as `{clicks}`, which queries copied from a text template have.
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

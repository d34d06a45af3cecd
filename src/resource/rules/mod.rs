//! The rules over declarations. Each kind brings its own; this module runs them and adds those that all share.

mod aggregations;
mod apart;
mod columns;
mod queries;
mod services;
mod sources;
mod variables;
mod view;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::resource::address::Address;
use crate::resource::catalog::Catalog;
use crate::resource::names::name_fault;
use crate::resource::report::Report;
use crate::resource::spec::Resource;
use crate::sql::{self, Dialect};

pub use queries::queries;
pub use variables::variables;

/// Runs the rules that need one declaration only.
pub fn alone(resource: &Resource, report: &mut Report) {
    let first = report.diagnostics.len();
    name(resource, report);
    let named = report.diagnostics.len();
    let declaration = resource.spec.declaration();
    declaration.check(&resource.address, report);
    if let Some(view) = declaration.view() {
        view::check(view, &resource.address, report);
    }
    if let Some(service) = declaration.service() {
        services::check(service, &resource.address, report);
    }
    // A bad name is one mistake: drop what other rules report about it.
    if report.diagnostics[first..named].iter().any(is_at_name) {
        keep(report, named, |it| !is_at_name(it));
    }
}

fn is_at_name(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.labels.first().map(|it| &it.place), Some(Place::Field { path, .. }) if path == "name")
}

/// Runs the rules that look at a declaration and at its dependencies. The resources must be resolved.
pub fn with_others(resource: &Resource, catalog: &Catalog, report: &mut Report) {
    if let Some(source) = resource.spec.declaration().source() {
        sources::check(source, &resource.address, catalog, report);
    }
    if let Some(view) = resource.view(catalog) {
        view::check_with(&view, &resource.address, catalog, report);
    }
    if let Some(service) = resource.spec.declaration().service() {
        services::check_with(service, &resource.address, catalog, report);
    }
}

/// Runs the rules of `with_others` on the rest of a declaration, and keeps errors that do not depend on `faulty`.
pub fn part_with_others(resource: &Resource, faulty: &[String], catalog: &Catalog, report: &mut Report) {
    if !apart::stands(faulty) {
        return;
    }
    let first = report.diagnostics.len();
    with_others(resource, catalog, report);
    keep(report, first, |it| it.is_error() && apart::is_apart(it, faulty));
}

/// Reports the mistakes of a declaration that do not depend on its `faulty` fields: names, SQL that does not parse,
/// and what the rules find in other fields.
pub fn part(resource: &Resource, faulty: &[String], dialect: Dialect, report: &mut Report) {
    let first = report.diagnostics.len();
    alone(resource, report);
    let parsed: Vec<_> = resource.spec.declaration().queries().iter().map(|it| sql::parse(it.text)).collect();
    queries(resource, dialect, &parsed, report);
    // A missing name is reported when the declaration is read.
    let unnamed = resource.address.name.is_empty();
    let stands = apart::stands(faulty);
    keep(report, first, |it| {
        let kept = stands || matches!(it.code, Code::V001 | Code::V002 | Code::V003 | Code::L014);
        kept && apart::is_apart(it, faulty) && !(unnamed && is_at_name(it))
    });
}

/// Keeps, of the findings after the first `first`, those that `is_kept` accepts.
fn keep(report: &mut Report, first: usize, is_kept: impl Fn(&Diagnostic) -> bool) {
    let found = report.diagnostics.split_off(first);
    report.diagnostics.extend(found.into_iter().filter(is_kept));
}

/// Checks the resource's own name and the name in `renamed_from` (facts 2.2).
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

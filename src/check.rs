//! Runs the rules over all that a repo declares.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic};
use crate::load::Repo;
use crate::resource::{Address, Catalog, Digest, FINAL, Report, rules};

pub use crate::resource::rules::{alone, queries};

/// Runs the rules that need more than one declaration. Resources are resolved by now.
pub fn together(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut diagnostics = with_what_they_name(repo, catalog);
    for it in &repo.partial {
        let report = &mut Report { document: it.document, diagnostics: &mut diagnostics };
        rules::part_with_others(&it.resource, &it.faulty, catalog, report);
    }
    unused(repo, &mut diagnostics);
    diagnostics
}

/// Runs the rules that look at a declaration and at what it refers to, directly or not.
fn with_what_they_name(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    let check = |it: &crate::load::Declared| {
        let mut diagnostics = Vec::new();
        let report = &mut Report { document: it.document, diagnostics: &mut diagnostics };
        rules::with_others(&it.resource, catalog, report);
        diagnostics
    };
    repo.declared.par_iter().flat_map_iter(check).collect()
}

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
                Diagnostic::warning(Code::V102, format!("nothing uses `{address}`"))
                    .at(declared.document, "name")
                    .hint("remove it, or name it where it is needed"),
            );
        }
    }
}

/// Returns the digest of every declaration, in their order. What data says of columns is no part of it.
pub fn digests(repo: &Repo, catalog: &Catalog) -> Vec<Digest> {
    repo.declared.par_iter().map(|it| it.resource.digest(&it.local_digest, catalog)).collect()
}

//! Runs the rules over all declarations of a repo.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic};
use crate::load::Repo;
use crate::resource::{Address, Catalog, Digest, FINAL, Report, rules};

pub use crate::resource::rules::{alone, queries};

/// Runs the rules that need more than one declaration. The resources must be resolved.
pub fn together(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut diagnostics = with_what_they_name(repo, catalog);
    for it in &repo.partial {
        let report = &mut Report { document: it.document, diagnostics: &mut diagnostics };
        rules::part_with_others(&it.resource, &it.faulty, catalog, report);
    }
    unused(repo, &mut diagnostics);
    diagnostics
}

/// Runs the rules that look at a declaration and its dependencies.
fn with_what_they_name(repo: &Repo, catalog: &Catalog) -> Vec<Diagnostic> {
    let check = |it: &crate::load::Declared| {
        let mut diagnostics = Vec::new();
        let report = &mut Report { document: it.document, diagnostics: &mut diagnostics };
        rules::with_others(&it.resource, catalog, report);
        diagnostics
    };
    repo.declared.par_iter().flat_map_iter(check).collect()
}

/// Warns of resources that nothing uses. Services are used by models.
fn unused(repo: &Repo, diagnostics: &mut Vec<Diagnostic>) {
    // A declaration that cannot be read may use any of them.
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

/// Returns the digest of every declaration, in their order. Columns found in data are not part of it.
pub fn digests(repo: &Repo, catalog: &Catalog) -> Vec<Digest> {
    repo.declared.par_iter().map(|it| it.resource.digest(&it.local_digest, catalog)).collect()
}

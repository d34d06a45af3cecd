//! Resolves names to addresses, and reports unknown, ambiguous, duplicate and circular references.

use foldhash::{HashMap, HashMapExt as _, HashSet};
use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic, DocumentId, article, closest};
use crate::load::Repo;
use crate::resource::{Address, Kind, Reference, Resource, SOURCES, VIEWS, graph};

/// Fills in the dependencies of every declaration, and reports references that do not resolve.
pub fn resolve(repo: &mut Repo) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    duplicates(repo, &mut diagnostics);
    let mut by_name: HashMap<&str, Vec<&Address>> = HashMap::new();
    for declared in &repo.declared {
        by_name.entry(&declared.resource.address.name).or_default().push(&declared.resource.address);
    }
    let by_kind = by_kind(repo);
    let lookup = |document: DocumentId, resource: &Resource| {
        let mut faults = Vec::new();
        let mut depends_on = Vec::new();
        for reference in resource.spec.declaration().references() {
            let named = by_name.get(reference.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            match reference.accepts.iter().find_map(|kind| named.iter().find(|it| it.kind == *kind)) {
                Some(address) => depends_on.push((*address).clone()),
                None if reference.optional || is_broken(repo, &reference) => {}
                None => {
                    let fault = unknown(&resource.address, &reference, named, &by_kind, repo);
                    faults.push(fault.at(document, reference.path.as_str()));
                }
            }
        }
        depends_on.sort();
        depends_on.dedup();
        (depends_on, faults)
    };
    let (resolved, faults): (Vec<_>, Vec<_>) =
        repo.declared.par_iter().map(|it| lookup(it.document, &it.resource)).unzip();
    diagnostics.extend(faults.into_iter().flatten());
    let partial: Vec<_> = repo.partial.iter().map(|it| lookup(it.document, &it.resource)).collect();
    for (declared, depends_on) in repo.declared.iter_mut().zip(resolved) {
        declared.resource.depends_on = depends_on;
    }
    for (partial, (depends_on, faults)) in repo.partial.iter_mut().zip(partial) {
        partial.resource.depends_on = depends_on;
        diagnostics.extend(faults);
    }
    cycles(repo, &mut diagnostics);
    diagnostics
}

/// Fills in the dependencies of resources that resolved before. References to nothing are left out.
pub fn link(resources: &mut [Resource]) {
    let known: HashSet<Address> = resources.iter().map(|it| it.address.clone()).collect();
    for resource in resources {
        let references = resource.spec.declaration().references();
        let mut depends_on: Vec<Address> =
            references.iter().filter_map(|it| it.candidates().find(|it| known.contains(it))).collect();
        depends_on.sort();
        depends_on.dedup();
        resource.depends_on = depends_on;
    }
}

/// Reports two declarations with one name: of one kind, among sources, or among views.
fn duplicates(repo: &Repo, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: HashMap<(Kind, &str), (&Address, DocumentId)> = HashMap::new();
    let declared = repo.declared.iter().map(|it| (&it.resource.address, it.document));
    let partial = repo.partial.iter().map(|it| (&it.resource.address, it.document));
    for (address, at) in declared.chain(partial.filter(|it| !it.0.name.is_empty())) {
        match first.get(&(name_space(address.kind), &*address.name)) {
            None => {
                first.insert((name_space(address.kind), &address.name), (address, at));
            }
            Some((other, document)) => {
                let summary = if other.kind == address.kind {
                    format!("`{address}` is declared twice")
                } else {
                    let group = if SOURCES.contains(&address.kind) { "sources" } else { "views" };
                    format!("`{address}` and `{other}` have one name, and names are unique among {group}")
                };
                diagnostics.push(
                    Diagnostic::error(Code::R003, summary)
                        .at(at, "name")
                        .also(*document, "name", "first here")
                        .hint("rename or remove one of them"),
                );
            }
        }
    }
}

/// Returns the kind that stands for all kinds that share its name space.
fn name_space(kind: Kind) -> Kind {
    let group = [SOURCES, VIEWS].into_iter().find(|it| it.contains(&kind));
    group.map_or(kind, |it| it[0])
}

/// Returns the declared names by kind, also those of declarations with mistakes.
fn by_kind(repo: &Repo) -> HashMap<Kind, Vec<&str>> {
    let well = repo.declared.iter().map(|it| (it.resource.address.kind, &*it.resource.address.name));
    let badly = repo.broken.iter().filter_map(|it| Some(((*it.1)?, it.0.as_str())));
    let mut names: HashMap<Kind, Vec<&str>> = HashMap::new();
    for (kind, name) in well.chain(badly) {
        names.entry(kind).or_default().push(name);
    }
    for names in names.values_mut() {
        names.sort_unstable();
        names.dedup();
    }
    names
}

fn unknown(
    from: &Address,
    reference: &Reference,
    named: &[&Address],
    by_kind: &HashMap<Kind, Vec<&str>>,
    repo: &Repo,
) -> Diagnostic {
    let name = &reference.name;
    let wanted = reference.accepts.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" or ");
    let broken = || repo.broken.get(name).copied().flatten();
    if let Some(other) = named.first().map(|it| it.kind).or_else(broken) {
        let summary = format!("`{from}` refers to {wanted} `{name}`, and `{name}` is {}", article(other.as_str()));
        return Diagnostic::error(Code::R002, summary).hint(format!("name {} here", article(&wanted)));
    }
    let mut candidates: Vec<&str> =
        reference.accepts.iter().filter_map(|it| by_kind.get(it)).flatten().copied().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let hint = match closest(name, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.is_empty() => format!("declare it: no {wanted} is declared"),
        None if candidates.len() <= 8 => format!("declare it, or name one of {}", candidates.join(", ")),
        None => format!("declare it: {} called `{name}`", article(&wanted)),
    };
    Diagnostic::error(Code::R001, format!("`{from}` refers to {wanted} `{name}`, which is not declared")).hint(hint)
}

/// Says whether the name belongs to a declaration with mistakes, of a kind that the reference accepts.
fn is_broken(repo: &Repo, reference: &Reference) -> bool {
    let kind = repo.broken.get(&reference.name);
    kind.is_some_and(|it| it.is_none_or(|kind| reference.accepts.contains(&kind)))
}

/// Reports each circle once, as a whole, at its first declaration.
fn cycles(repo: &Repo, diagnostics: &mut Vec<Diagnostic>) {
    let index: HashMap<&Address, usize> =
        repo.declared.iter().enumerate().map(|(index, it)| (&it.resource.address, index)).collect();
    let next = |at: usize| repo.declared[at].resource.depends_on.iter().filter_map(|it| index.get(it).copied());
    let circles = graph::circles(repo.declared.len(), next);
    diagnostics.extend(circles.iter().map(|it| cycle(repo, it)));
}

fn cycle(repo: &Repo, members: &[usize]) -> Diagnostic {
    let address = |at: usize| format!("`{}`", repo.declared[at].resource.address);
    let circle = members.iter().chain(members.first()).map(|it| address(*it)).collect::<Vec<_>>().join(" → ");
    let first = &repo.declared[members[0]];
    let target = &repo.declared[members.get(1).copied().unwrap_or(members[0])].resource.address;
    let references = first.resource.spec.declaration().references();
    let path =
        references.iter().find(|it| it.candidates().any(|it| it == *target)).map_or("name", |it| it.path.as_str());
    Diagnostic::error(Code::R004, format!("{} depends on itself: {circle}", address(members[0])))
        .at(first.document, path)
        .hint("take one of these references out")
}

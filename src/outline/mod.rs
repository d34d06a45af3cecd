//! The outline of a repo: of each declaration what plan and apply need to know while nothing about it changes.
//!
//! It is what the last check without a mistake found, kept beside the parse cache. With it a run decodes, checks and
//! compares what changed since, what that can reach, and nothing else. An accelerator only, as the parse cache:
//! whatever is unusual is left to the whole way, which starts from the files.

mod change;
mod focus;
mod store;

use rayon::prelude::*;

use crate::check::UNUSED;
use crate::diagnostic::{Diagnostic, Place};
use crate::load::{Declared, Repo};
use crate::resource::graph::Reach;
use crate::resource::{Address, Catalog, Digest, FINAL, Resource};

pub use change::{Difference, Draft};
pub use focus::{Focus, Reader, View};
pub use store::Store;

/// Declarations without a mistake, by address, and the files that they lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// By path.
    pub files: Vec<File>,
    /// Sorted by address; each address once.
    pub lines: Vec<Line>,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the repo.
    pub path: Box<str>,
    /// BLAKE3 of its bytes, hexadecimal.
    pub hash: Box<str>,
}

/// One declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub address: Address,
    /// Where it is declared, among `files`.
    pub file: usize,
    /// The part of the digest that needs no other declaration.
    pub local: Digest,
    pub digest: Digest,
    pub prevent_destroy: bool,
    /// What it refers to, among `lines`.
    pub depends_on: Vec<usize>,
    /// Names that it mentions and that nothing declares, as those of plain tables.
    pub unbound: Vec<Box<str>>,
    /// The codes of its warnings, but for what depends on who refers to it.
    pub warnings: Vec<Box<str>>,
    /// The files that it names (`sql_file`).
    pub externals: Vec<File>,
}

impl Outline {
    /// Returns the outline of a repo in which no mistake was found, or nothing when one cannot stand for it.
    pub fn of(repo: &Repo, digests: &[Digest], warnings: &[Diagnostic]) -> Option<Self> {
        let files = repo.files.iter().map(|it| File::new(&it.path, it.hash)).collect();
        Some(Self { files, lines: bind(0, lines(repo, digests, warnings)?)? })
    }

    /// Returns the digest over all declarations, as `recorded::state` does.
    pub fn state(&self) -> String {
        crate::recorded::state(self.lines.iter().map(|it| (&it.address, it.digest)))
    }

    /// Counts warnings by code, as they are said.
    pub fn warnings(&self) -> Vec<(String, usize)> {
        let mut used = vec![false; self.lines.len()];
        self.lines.iter().flat_map(|it| &it.depends_on).for_each(|it| used[*it] = true);
        let unused = self.lines.iter().zip(used).filter(|it| !it.1 && !FINAL.contains(&it.0.address.kind)).count();
        let mut counts = std::collections::BTreeMap::new();
        for code in self.lines.iter().flat_map(|it| &it.warnings) {
            *counts.entry(code.to_string()).or_insert(0) += 1;
        }
        if unused > 0 {
            counts.insert(UNUSED.to_string(), unused);
        }
        counts.into_iter().collect()
    }

    /// Returns the files that declarations name, each as often as it is named.
    pub fn externals(&self) -> Vec<(String, String)> {
        let externals = self.lines.iter().flat_map(|it| &it.externals);
        externals.map(|it| (it.path.to_string(), it.hash.to_string())).collect()
    }

    /// Returns where the declaration at `address` stands.
    pub fn position(&self, address: &Address) -> Option<usize> {
        position(&self.lines, address)
    }

    /// Marks what refers to something marked, directly or not.
    fn mark_readers(&self, marked: &mut [bool]) {
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); self.lines.len()];
        for (index, line) in self.lines.iter().enumerate() {
            line.depends_on.iter().for_each(|it| readers[*it].push(index));
        }
        spread(marked, |at| &readers[at]);
    }

    /// Marks what something marked refers to, directly or not.
    fn mark_dependencies(&self, marked: &mut [bool]) {
        spread(marked, |at| &self.lines[at].depends_on);
    }
}

/// Returns the digest of every declaration.
pub fn digests(repo: &Repo, catalog: &Catalog) -> Vec<Digest> {
    repo.declared.par_iter().map(|it| it.resource.digest(&it.local_digest, catalog)).collect()
}

fn position(lines: &[Line], address: &Address) -> Option<usize> {
    lines.binary_search_by(|it| it.address.cmp(address)).ok()
}

fn spread<'a>(marked: &mut [bool], next: impl Fn(usize) -> &'a Vec<usize>) {
    let from: Vec<usize> = (0..marked.len()).filter(|it| marked[*it]).collect();
    Reach::new(from, |at| next(at).iter().copied()).nodes().for_each(|it| marked[it] = true);
}

impl File {
    fn new(path: &str, hash: blake3::Hash) -> Self {
        Self { path: path.into(), hash: hash.to_hex().as_str().into() }
    }
}

/// A line on its way into an outline.
struct Loose {
    line: Line,
    /// Where it stood before.
    before: Option<usize>,
    /// What it refers to; `None` when `line.depends_on` says so, in positions as they were before.
    depends_on: Option<Vec<Address>>,
}

/// Returns the lines of all that `repo` declares; nothing when a warning is not about one declaration, or when names
/// are about to change: what a `renamed_from` means is seen only with all of them at hand.
fn lines(repo: &Repo, digests: &[Digest], warnings: &[Diagnostic]) -> Option<Vec<Loose>> {
    let mut codes: Vec<Vec<Box<str>>> = vec![Vec::new(); repo.documents.len()];
    for warning in warnings.iter().filter(|it| it.code != UNUSED) {
        let (Place::Field { document, .. } | Place::Query { document, .. }) = &warning.labels.first()?.place else {
            return None;
        };
        codes[document.0].push(warning.code.as_str().into());
    }
    let externals = externals(repo);
    if repo.declared.iter().any(|it| it.resource.renamed_from.is_some()) {
        return None;
    }
    let loose = |(declared, digest): (&Declared, &Digest)| {
        let (resource, document) = (&declared.resource, declared.document.0);
        let line = Line {
            address: resource.address.clone(),
            file: repo.documents[document].file,
            local: Digest::of(&declared.local_digest),
            digest: *digest,
            prevent_destroy: resource.meta.prevent_destroy,
            depends_on: Vec::new(),
            unbound: unbound(resource),
            warnings: codes[document].clone(),
            externals: externals[document].clone(),
        };
        Loose { line, before: None, depends_on: Some(resource.depends_on.clone()) }
    };
    Some(repo.declared.par_iter().zip(digests).map(loose).collect())
}

/// Returns the files that each document of `repo` names.
fn externals(repo: &Repo) -> Vec<Vec<File>> {
    let mut externals: Vec<Vec<File>> = vec![Vec::new(); repo.documents.len()];
    for ((document, _), external) in &repo.externals {
        externals[document.0].push(File::new(&external.file, blake3::hash(external.text.as_bytes())));
    }
    externals
}

/// Returns the names that `resource` mentions and that resolved to nothing.
fn unbound(resource: &Resource) -> Vec<Box<str>> {
    let references = resource.spec.declaration().references();
    let bound = |name: &str| resource.depends_on.iter().any(|it| *it.name == *name);
    references.iter().filter(|it| !bound(&it.name)).map(|it| it.name.as_str().into()).collect()
}

/// Puts lines in order and ties them to what they refer to; nothing when some of that is missing, or an address stands
/// twice. `before` is how many lines there were.
fn bind(before: usize, mut loose: Vec<Loose>) -> Option<Vec<Line>> {
    loose.par_sort_by(|a, b| a.line.address.cmp(&b.line.address));
    if loose.windows(2).any(|it| it[0].line.address == it[1].line.address) {
        return None;
    }
    let mut now = vec![None; before];
    for (index, it) in loose.iter().enumerate() {
        it.before.into_iter().for_each(|before| now[before] = Some(index));
    }
    let mut lines = Vec::with_capacity(loose.len());
    let mut named = Vec::new();
    for it in loose {
        named.push(it.depends_on);
        lines.push(it.line);
    }
    let tie = |(line, named): (&Line, &Option<Vec<Address>>)| match named {
        None => line.depends_on.iter().map(|it| now[*it]).collect::<Option<Vec<usize>>>(),
        Some(addresses) => addresses.iter().map(|it| position(&lines, it)).collect(),
    };
    let tied: Vec<_> = lines.par_iter().zip(&named).map(tie).collect::<Option<_>>()?;
    lines.iter_mut().zip(tied).for_each(|(line, depends_on)| line.depends_on = depends_on);
    Some(lines)
}

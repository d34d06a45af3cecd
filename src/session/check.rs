//! Reads, resolves and checks the repo, for every command that needs it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::{Error, Result, Session, Site};
use crate::diagnostic::{Code, Diagnostic, DocumentId, Place, Severity};
use crate::engine::{self, Derived, Engine, Found, Surroundings, Unread};
use crate::load::{self, Cache, Files, Remembered};
use crate::plan::Declared;
use crate::recorded::{Columns, state};
use crate::resource::{Address, Catalog, Digest, Resource};
use crate::secret::hide;
use crate::settings::Settings;

/// A repo without a mistake.
pub struct Checked {
    pub declared: Vec<Declared>,
    /// The columns found in data.
    pub derived: BTreeMap<Address, Columns>,
    pub warnings: Vec<Diagnostic>,
}

/// The declarations and diagnostics of a repo.
pub struct Reading {
    pub declared: Vec<Declared>,
    pub derived: BTreeMap<Address, Columns>,
    pub diagnostics: Vec<Diagnostic>,
    /// The number of documents, right or wrong.
    pub documents: usize,
}

/// The diagnostics that will be shown one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    All,
    Errors,
}

/// Whether sources are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    Yes,
    No,
}

impl Opened {
    /// Returns `Yes`, unless the run is offline or the build has no engine.
    pub fn unless(offline: bool) -> Self {
        if offline || !engine::AVAILABLE { Self::No } else { Self::Yes }
    }
}

/// The files of a repo, with the entries that earlier runs cached.
pub struct Sources {
    files: Files,
    faults: Vec<Diagnostic>,
    cache: Cache,
    key: [u8; 32],
    local: Option<PathBuf>,
    build: String,
}

/// The code of a source that does not answer.
const UNREACHABLE: Code = Code::D005;

/// The codes of warnings about missing rows and unknown types, which a count would hide.
pub const DATA_WARNINGS: [Code; 2] = [Code::D009, Code::D010];

/// The codes of warnings about data that a plan lacks. A plan shows them one by one.
pub const SHOWN_IN_PLANS: [Code; 4] = [UNREACHABLE, Code::L016, DATA_WARNINGS[0], DATA_WARNINGS[1]];

impl Session {
    /// Reads the files, without decoding them.
    pub fn read(&self, site: &Site) -> Sources {
        let (files, found) = load::read_files(&site.root);
        let faults: Vec<Diagnostic> = site.mistakes.iter().cloned().chain(found).collect();
        // Without a folder for the cache, every run starts afresh.
        let build = build(self.environment.program.as_deref());
        let folder = if site.remembers && build.is_some() { load::local_folder(&site.root).ok() } else { None };
        let build = build.unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&site.settings.defaults_hash);
        for file in files.files.iter() {
            hasher.update(file.path.as_bytes());
            hasher.update(b"\0");
            hasher.update(file.hash.as_bytes());
        }
        let cache = Cache::open(folder.clone(), &build);
        Sources { files, faults, cache, key: *hasher.finalize().as_bytes(), local: folder, build }
    }

    /// Decodes and resolves. Returns the errors so far, without their places.
    pub fn resolve(&self, site: &Site, mut sources: Sources) -> (load::Repo, Vec<Diagnostic>) {
        let (mut repo, mut found) = load::declare(sources.files, &site.settings, &sources.cache);
        self.aside(sources.cache.close());
        found.extend(crate::resolve::resolve(&mut repo));
        found.extend(sources.faults);
        found.retain(Diagnostic::is_error);
        found.iter_mut().for_each(hide);
        (repo, found)
    }

    /// Decodes, resolves and checks. Diagnostics get their places only if shown, since that reads a document again.
    pub fn check(&self, site: &Site, mut sources: Sources, shown: Shown, opened: Opened) -> Reading {
        let files = std::mem::take(&mut sources.files);
        let (mut repo, mut found) = load::declare(files, &site.settings, &sources.cache);
        self.aside(sources.cache.close());
        found.extend(crate::resolve::resolve(&mut repo));
        let catalog = repo.catalog();
        let mut derived = BTreeMap::new();
        // A circle would keep the engine busy for ever. Other mistakes do not stop it.
        if opened == Opened::Yes && found.iter().all(|it| it.code != Code::R004) {
            let unread = unread(&repo, &found);
            let (known, faults) = derive(&repo, &surroundings(site, sources.local.clone(), &sources.build), &unread);
            found.extend(placed(&repo, faults));
            let resources = repo.declared.iter().map(|it| &it.resource);
            let opened = Catalog::knowing(resources, |it| known.opened.get(it).cloned());
            found.extend(crate::check::together(&repo, &opened));
            derived = known.columns;
        } else {
            found.extend(crate::check::together(&repo, &catalog));
        }
        if site.settings.defaults_missing {
            // An error may come from defaults that are missing because weir.toml has mistakes.
            found.retain(|it| !it.is_error() || it.code.as_str().starts_with(['L', 'R']) && it.code != Code::L010);
        }
        let (mut errors, mut warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
        // Digests leave out the columns found in data, so those never make a change.
        let digests = crate::check::digests(&repo, &catalog);
        if errors.is_empty() && shown == Shown::Errors {
            // These warnings are shown one by one in plans, so they get their places.
            warnings.iter_mut().filter(|it| SHOWN_IN_PLANS.contains(&it.code)).for_each(|it| repo.locate_one(it));
            repo.forget_texts();
        }
        if errors.is_empty() && sources.faults.is_empty() && opened == Opened::No {
            self.remember(&mut sources, &repo, &digests, &warnings);
        }
        repo.locate(&mut errors);
        if shown == Shown::All {
            repo.locate(&mut warnings);
        }
        let mut diagnostics = sources.faults;
        diagnostics.extend(errors);
        diagnostics.extend(warnings);
        diagnostics.iter_mut().for_each(hide);
        Reading { documents: repo.documents.len(), declared: declared(repo, digests), derived, diagnostics }
    }

    /// Reads and checks the repo; stops with all mistakes when there are any.
    pub fn checked(&self, site: &Site, sources: Sources, shown: Shown, opened: Opened) -> Result<Checked> {
        let reading = self.check(site, sources, shown, opened);
        let mut diagnostics = reading.diagnostics;
        // A service that does not answer does not stop a plan: the recorded columns are used.
        diagnostics.iter_mut().filter(|it| it.code == UNREACHABLE).for_each(|it| it.severity = Severity::Warning);
        let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
        if !errors.is_empty() {
            return Err(Error::Mistakes { errors, documents: reading.documents });
        }
        Ok(Checked { declared: reading.declared, derived: reading.derived, warnings })
    }

    /// Returns all mistakes of a repo whose weir.toml has mistakes.
    pub fn mistakes(&self, site: &Site, sources: Sources) -> Error {
        let reading = self.check(site, sources, Shown::Errors, Opened::No);
        let errors = reading.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        Error::Mistakes { errors, documents: reading.documents }
    }

    /// Caches the result, so that the next run can skip the check while no byte changes.
    fn remember(&self, sources: &mut Sources, repo: &load::Repo, digests: &[Digest], warnings: &[Diagnostic]) {
        let lines = repo.declared.iter().zip(digests).map(|it| (&it.0.resource.address, *it.1));
        let (state, count) = (state(lines), repo.declared.len());
        let (warnings, externals) = (counts(warnings), load::external_hashes(repo));
        sources.cache.remember_whole(Remembered { key: sources.key, state, count, warnings, externals });
        self.aside(sources.cache.close());
    }
}

/// Checks files that do not come from a repo. Nothing is opened, cached or hidden. Every diagnostic has its place.
pub fn check_files(files: Files, settings: &Settings) -> Reading {
    let (mut repo, mut diagnostics) = load::declare(files, settings, &Cache::default());
    diagnostics.extend(crate::resolve::resolve(&mut repo));
    let catalog = repo.catalog();
    diagnostics.extend(crate::check::together(&repo, &catalog));
    let digests = crate::check::digests(&repo, &catalog);
    repo.locate(&mut diagnostics);
    let documents = repo.documents.len();
    Reading { declared: declared(repo, digests), derived: BTreeMap::new(), diagnostics, documents }
}

/// Returns a name for this very build. Another build may have other rules, so it must not use this build's cache. A
/// build that cannot be named caches nothing.
fn build(program: Option<&Path>) -> Option<String> {
    let stamp = program?.metadata().ok()?;
    let changed = stamp.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), stamp.len(), changed.as_nanos()))
}

impl Sources {
    /// Returns the cached result for these very files, when they were checked without mistakes.
    pub fn remembered(&self) -> Option<&Remembered> {
        let whole = self.cache.whole().filter(|it| it.key == self.key && self.faults.is_empty())?;
        load::externals_unchanged(&self.files.bounds, &whole.externals).then_some(whole)
    }
}

/// Counts warnings by code, in the order of the codes.
pub fn counts<'a>(warnings: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for warning in warnings.into_iter().filter(|it| !it.is_error()) {
        *counts.entry(warning.code.to_string()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Returns the surroundings of an engine that reads the declarations of this repo.
pub fn surroundings<'a>(site: &'a Site, local: Option<PathBuf>, build: &'a str) -> Surroundings<'a> {
    Surroundings { root: &site.root, services: &site.settings.services, local, build }
}

/// Opens all that is declared, and returns its columns and faults.
fn derive(repo: &load::Repo, surroundings: &Surroundings, unread: &Unread) -> (Derived, Vec<Found>) {
    let resources: Vec<&Resource> = repo.declared.iter().map(|it| &it.resource).collect();
    match Engine::new(surroundings) {
        Ok(engine) => engine.derive(&resources, unread),
        Err(found) => (Derived::default(), vec![found]),
    }
}

/// Gives the findings of the engine their places in the documents of the repo.
pub fn placed(repo: &load::Repo, found: Vec<Found>) -> Vec<Diagnostic> {
    let documents: HashMap<&Address, DocumentId> =
        repo.declared.iter().map(|it| (&it.resource.address, it.document)).collect();
    found.into_iter().map(|it| it.placed(|address| documents.get(address).copied())).collect()
}

/// Gives every declaration its digest and its source.
fn declared(mut repo: load::Repo, digests: Vec<Digest>) -> Vec<Declared> {
    let declared = std::mem::take(&mut repo.declared).into_iter().zip(digests);
    let declared = declared.map(|(it, digest)| Declared {
        digest,
        source: Some(repo.source(it.document)),
        resource: it.resource.into(),
    });
    declared.collect()
}

/// Returns the queries that do not parse or that read tables not given to them: the engine reports nothing for those.
fn unread(repo: &load::Repo, found: &[Diagnostic]) -> Unread {
    let is_unread = |it: &&Diagnostic| matches!(it.code, Code::L014 | Code::R005 | Code::V003);
    let queries = found.iter().filter(is_unread).filter_map(|it| match &it.labels.first()?.place {
        Place::Query { document, path, .. } => Some((*document, path)),
        _ => None,
    });
    let of = |document| repo.declared.iter().find(|it| it.document == document);
    queries.filter_map(|(document, path)| Some((of(document)?.resource.address.clone(), path.clone()))).collect()
}

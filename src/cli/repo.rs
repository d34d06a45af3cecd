//! Reads, resolves and checks the repo, as every command needs it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::context::{Context, Place};
use super::stop::Stop;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::engine;
use crate::load::{self, Cache, Files, Remembered};
use crate::plan::Declared;
use crate::recorded::{Columns, state};
use crate::render::diagnostics;
use crate::resource::{Address, Catalog, Digest};
use crate::secret::hide;

/// A repo without a mistake.
pub struct Checked {
    pub declared: Vec<Declared>,
    /// What data says of columns.
    pub derived: BTreeMap<Address, Columns>,
    pub warnings: Vec<Diagnostic>,
}

/// What reading the repo found.
pub struct Reading {
    pub declared: Vec<Declared>,
    pub derived: BTreeMap<Address, Columns>,
    pub diagnostics: Vec<Diagnostic>,
    /// How many documents there are, right or wrong.
    pub documents: usize,
}

/// Which diagnostics a person or a program will see one by one.
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
    /// Sources are opened unless that is not wanted, or this build cannot.
    pub fn unless(offline: bool) -> Self {
        if offline || !engine::AVAILABLE { Self::No } else { Self::Yes }
    }
}

/// The files of a repo, and what earlier runs know of them.
pub struct Sources {
    files: Files,
    faults: Vec<Diagnostic>,
    cache: Cache,
    key: [u8; 32],
    local: Option<PathBuf>,
    build: String,
}

/// Reads the files. Nothing is decoded yet.
pub fn read(place: &Place) -> Sources {
    let (files, found) = load::read_files(&place.root);
    let faults: Vec<Diagnostic> = place.mistakes.iter().cloned().chain(found).collect();
    // Where there is no room to remember, every run starts afresh.
    let build = build();
    let folder = if place.remembers && build.is_some() { load::local_folder(&place.root).ok() } else { None };
    let build = build.unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&place.settings.defaults_hash);
    for file in files.files.iter() {
        hasher.update(file.path.as_bytes());
        hasher.update(b"\0");
        hasher.update(file.hash.as_bytes());
    }
    let cache = Cache::open(folder.clone(), &build);
    Sources { files, faults, cache, key: *hasher.finalize().as_bytes(), local: folder, build }
}

/// Names this very build: another may have other rules, and must not trust this one's cache. One that cannot be told from
/// another remembers nothing.
fn build() -> Option<String> {
    let stamp = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let changed = stamp.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), stamp.len(), changed.as_nanos()))
}

impl Sources {
    /// Returns what is known of exactly these files, when every byte is as it was at a check without mistakes.
    pub fn remembered(&self) -> Option<&Remembered> {
        let whole = self.cache.whole().filter(|it| it.key == self.key && self.faults.is_empty())?;
        load::externals_unchanged(&self.files.bounds, &whole.externals).then_some(whole)
    }

    /// Decodes and resolves. Returns the mistakes so far, whose places are still to be found.
    pub fn resolve(mut self, context: &Context, place: &Place) -> (load::Repo, Vec<Diagnostic>) {
        let (mut repo, mut found) = load::declare(self.files, &place.settings, &self.cache);
        context.aside(self.cache.close());
        found.extend(crate::resolve::resolve(&mut repo));
        found.extend(self.faults);
        found.retain(Diagnostic::is_error);
        found.iter_mut().for_each(hide);
        (repo, found)
    }

    /// Decodes, resolves and checks. Places are found for what will be shown: finding one reads its document again.
    pub fn check(mut self, context: &Context, place: &Place, shown: Shown, opened: Opened) -> Reading {
        let files = std::mem::take(&mut self.files);
        let (mut repo, mut found) = load::declare(files, &place.settings, &self.cache);
        context.aside(self.cache.close());
        found.extend(crate::resolve::resolve(&mut repo));
        let catalog = repo.catalog();
        let mut derived = BTreeMap::new();
        // In a circle the engine would walk for ever; beside every other mistake it finds its own.
        if opened == Opened::Yes && found.iter().all(|it| it.code != Code::R004) {
            let surroundings = engine::Surroundings {
                root: &place.root,
                services: &place.settings.services,
                local: self.local.clone(),
                build: &self.build,
            };
            let (known, faults) = engine::derive(&repo, &surroundings);
            found.extend(faults);
            found.extend(crate::check::together(&repo, &known_catalog(&repo, &known)));
            derived = known.columns;
        } else {
            found.extend(crate::check::together(&repo, &catalog));
        }
        forget_unread(&mut found);
        if place.settings.defaults_missing {
            // What a declaration lacks may be what stands in the lines at fault.
            found.retain(|it| !it.is_error() || it.code.as_str().starts_with(['L', 'R']) && it.code != Code::L010);
        }
        let (mut errors, mut warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
        // What data says of columns is no part of what is declared: it never makes a change.
        let digests = crate::check::digests(&repo, &catalog);
        if errors.is_empty() && shown == Shown::Errors {
            // What does not answer, or is not all there, is said by itself.
            warnings.iter_mut().filter(|it| SHOWN_IN_PLANS.contains(&it.code)).for_each(|it| repo.locate_one(it));
            repo.forget_texts();
        }
        if errors.is_empty() && self.faults.is_empty() && opened == Opened::No {
            self.remember_check(context, &repo, &digests, &warnings);
        }
        repo.locate(&mut errors);
        if shown == Shown::All {
            repo.locate(&mut warnings);
        }
        let mut diagnostics = self.faults;
        diagnostics.extend(errors);
        diagnostics.extend(warnings);
        diagnostics.iter_mut().for_each(hide);
        Reading { documents: repo.documents.len(), declared: declared(repo, digests), derived, diagnostics }
    }

    /// Keeps what was found, so that the next run looks only at what changed.
    fn remember_check(&mut self, context: &Context, repo: &load::Repo, digests: &[Digest], warnings: &[Diagnostic]) {
        let lines = repo.declared.iter().zip(digests).map(|it| (&it.0.resource.address, *it.1));
        let (state, count) = (state(lines), repo.declared.len());
        let (warnings, externals) = (diagnostics::counts(warnings), load::external_hashes(repo));
        self.cache.remember_whole(Remembered { key: self.key, state, count, warnings, externals });
        context.aside(self.cache.close());
    }
}

/// Returns what is declared together with what data says of it.
fn known_catalog<'a>(repo: &'a load::Repo, known: &engine::Derived) -> Catalog<'a> {
    let mut catalog = repo.catalog();
    for declared in &repo.declared {
        if let (Some(view), Some(columns)) =
            (declared.resource.spec.declaration().view(), known.views.get(&declared.resource.address))
        {
            catalog.know_columns(view, columns);
        }
    }
    catalog
}

/// Gives every declaration its digest and its place.
fn declared(mut repo: load::Repo, digests: Vec<Digest>) -> Vec<Declared> {
    let declared = std::mem::take(&mut repo.declared).into_iter().zip(digests);
    let declared = declared.map(|(it, digest)| Declared {
        digest,
        source: Some(repo.source(it.document)),
        resource: it.resource.into(),
    });
    declared.collect()
}

/// Returns all mistakes of a repo whose weir.toml has some.
pub fn mistakes(context: &Context, place: &Place, sources: Sources) -> Stop {
    let reading = sources.check(context, place, Shown::Errors, Opened::No);
    let errors = reading.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    Stop::Mistakes { errors, documents: reading.documents }
}

/// The code of a source that does not answer.
const UNREACHABLE: Code = Code::D005;

/// Warnings that a plan shows one by one: what it shows was made without something that the reader may count on.
const SHOWN_IN_PLANS: [Code; 4] = [UNREACHABLE, Code::L016, DATA_WARNINGS[0], DATA_WARNINGS[1]];

/// Warnings of rows that are missing and of types that are not known: nobody finds them in a number.
pub const DATA_WARNINGS: [Code; 2] = [Code::D009, Code::D010];

/// Reads and checks the repo; stops with all mistakes when there are any.
pub fn checked(context: &Context, place: &Place, sources: Sources, opened: Opened) -> Result<Checked, Stop> {
    let shown = if context.ui.verbose { Shown::All } else { Shown::Errors };
    let reading = sources.check(context, place, shown, opened);
    let mut diagnostics = reading.diagnostics;
    // A service that does not answer says nothing about the plan: what is recorded of its columns stands.
    diagnostics.iter_mut().filter(|it| it.code == UNREACHABLE).for_each(|it| it.severity = Severity::Warning);
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    if !errors.is_empty() {
        return Err(Stop::Mistakes { errors, documents: reading.documents });
    }
    if shown == Shown::Errors {
        warnings.iter().filter(|it| SHOWN_IN_PLANS.contains(&it.code)).for_each(|it| context.ui.warn(it));
    }
    Ok(Checked { declared: reading.declared, derived: reading.derived, warnings })
}

/// Says the warnings: counted by kind, and with `-v` one by one.
pub fn say_warnings(context: &Context, warnings: &[Diagnostic]) {
    if context.ui.verbose && !warnings.is_empty() {
        context.ui.say(diagnostics::all(warnings).trim_end());
    }
    say_counts(context, &diagnostics::counts(warnings));
}

pub fn say_counts(context: &Context, counts: &[(String, usize)]) {
    context.ui.note_warnings(counts.iter().map(|it| it.1).sum());
    if let Some(line) = diagnostics::warning_line(counts, if context.ui.verbose { "" } else { " (-v lists them)" }) {
        context.ui.say(&line);
    }
}

/// A query that is not SQL, or that reads tables it was not given, has one mistake: what the engine makes of it is none.
fn forget_unread(found: &mut Vec<Diagnostic>) {
    let query = |it: &Diagnostic| match &it.labels.first()?.place {
        crate::diagnostic::Place::Query { document, path, .. } => Some((*document, path.clone())),
        _ => None,
    };
    let unread = found.iter().filter(|it| matches!(it.code, Code::L014 | Code::R005 | Code::V003)).filter_map(query);
    let unread: std::collections::HashSet<_> = unread.collect();
    found.retain(|it| it.code != Code::D002 || query(it).is_none_or(|it| !unread.contains(&it)));
}

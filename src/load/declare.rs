//! Turns files into declarations: decodes each, checks it on its own, and remembers it.

use rayon::prelude::*;

use super::cache::{self, Cache};
use super::document::{DocumentPlace, Parsed};
use super::files::{self, Files, SourceFile};
use super::origin::Origin;
use super::repo::{Declared, Document, Partial, Repo};
use super::walk::Bounds;
use super::{split, yaml};
use crate::diagnostic::{Code, Diagnostic, DocumentId, Place};
use crate::resource::{Report, Resource, rules};
use crate::settings::Settings;
use crate::sql;

/// The documents and mistakes of one file.
#[derive(Default)]
struct FileYield {
    documents: Vec<(DocumentPlace, Option<Parsed>)>,
    broken: Vec<(DocumentId, Box<yaml::Broken>)>,
    diagnostics: Vec<Diagnostic>,
    /// The cache entry of a file that was parsed without a mistake.
    entry: Option<String>,
}

/// Reads the declarations of all files. Files that the cache knows are not parsed again.
pub fn declare(files: Files, settings: &Settings, cache: &Cache) -> (Repo, Vec<Diagnostic>) {
    let mut repo = Repo { files: files.files, ..Repo::default() };
    let diagnostics = repo.read(&files.bounds, settings, cache);
    (repo, diagnostics)
}

impl Repo {
    /// Adds the declarations of every file.
    fn read(&mut self, bounds: &Bounds, settings: &Settings, cache: &Cache) -> Vec<Diagnostic> {
        let read = |file: &SourceFile| {
            let mut found = read_file(bounds, file, settings, cache);
            if let Some(entry) = found.entry.take() {
                cache.remember(file, settings, entry);
            }
            found
        };
        let yields: Vec<FileYield> = self.files.par_iter().map(read).collect();
        yields.into_iter().enumerate().flat_map(|(index, found)| self.add(index, found)).collect()
    }

    fn add(&mut self, file: usize, found: FileYield) -> impl Iterator<Item = Diagnostic> + use<> {
        let first = self.documents.len();
        for (place, parsed) in found.documents {
            let document = DocumentId(self.documents.len());
            self.documents.push(Document { file, place });
            let Some(parsed) = parsed else { continue };
            self.externals.extend(parsed.externals.into_iter().map(|(path, external)| ((document, path), external)));
            self.declared.push(Declared { resource: parsed.resource, document, local_digest: parsed.local_digest });
        }
        for (document, broken) in found.broken {
            self.broken.extend(broken.name.map(|it| (it, broken.kind)));
            let (document, faulty) = (DocumentId(document.0 + first), broken.faulty);
            self.partial.extend(broken.partial.map(|resource| Partial { resource, document, faulty }));
        }
        found.diagnostics.into_iter().map(move |it| rebase(it, first))
    }
}

/// Turns document numbers within a file into numbers within the repo.
fn rebase(mut diagnostic: Diagnostic, first: usize) -> Diagnostic {
    for label in &mut diagnostic.labels {
        if let Place::Field { document, .. } | Place::Query { document, .. } = &mut label.place {
            document.0 += first;
        }
    }
    diagnostic
}

fn read_file(bounds: &Bounds, file: &SourceFile, settings: &Settings, cache: &Cache) -> FileYield {
    if let Some(documents) = cache.recall(bounds, file, settings) {
        return FileYield { documents, ..FileYield::default() };
    }
    // One file may hold ten thousand documents, so documents are shared among the cores, too. Small files are not: a
    // thread that waits for its half would start another file, and many half-read files would fill the memory.
    let places = split::split(&file.text);
    let read =
        |(index, place): (usize, &DocumentPlace)| read_document(bounds, file, settings, DocumentId(index), *place);
    let documents: Vec<DocumentYield> = places.par_iter().with_min_len(256).enumerate().map(read).collect();
    let sound = documents.iter().all(|it| it.diagnostics.is_empty());
    let entry = sound.then(|| documents.iter().map(|it| it.entry.as_str()).collect());
    let mut found = FileYield { entry, ..FileYield::default() };
    for (index, (place, document)) in places.into_iter().zip(documents).enumerate() {
        found.documents.push((place, document.parsed));
        found.broken.extend(document.broken.map(|it| (DocumentId(index), it)));
        found.diagnostics.extend(document.diagnostics);
    }
    found
}

/// The declaration and mistakes of one document.
#[derive(Default)]
struct DocumentYield {
    parsed: Option<Parsed>,
    /// The document's part of the cache entry.
    entry: String,
    broken: Option<Box<yaml::Broken>>,
    diagnostics: Vec<Diagnostic>,
}

fn read_document(
    bounds: &Bounds,
    file: &SourceFile,
    settings: &Settings,
    document: DocumentId,
    place: DocumentPlace,
) -> DocumentYield {
    let mut found = DocumentYield::default();
    let origin = Origin { file: &file.path, text: &file.text[place.start..place.end], line: place.line };
    let dialect = settings.services.engine.kind.dialect();
    match yaml::decode(&origin, &settings.defaults) {
        Ok(None) => {}
        Ok(Some(resource)) => {
            let (parsed, spec) = complete(bounds, file, &origin, document, resource, dialect, &mut found.diagnostics);
            found.entry = cache::entry(place, &parsed, &spec);
            found.parsed = Some(parsed);
        }
        Err(mut broken) => {
            // If only superfluous keys were taken out, the rest is what the author meant.
            let sound = broken.diagnostics.iter().all(|it| matches!(it.code, Code::L006 | Code::L009));
            found.diagnostics.append(&mut broken.diagnostics);
            match &broken.partial {
                Some(partial) if sound => {
                    complete(bounds, file, &origin, document, partial.clone(), dialect, &mut found.diagnostics);
                }
                Some(partial) => {
                    rules::part(
                        partial,
                        &broken.faulty,
                        dialect,
                        &mut Report { document, diagnostics: &mut found.diagnostics },
                    );
                }
                None => {}
            }
            found.broken = Some(broken);
        }
    }
    found
}

/// Checks a declaration on its own, and reads the files that it names. Also returns its spec as JSON.
fn complete(
    bounds: &Bounds,
    file: &SourceFile,
    origin: &Origin,
    document: DocumentId,
    mut resource: Resource,
    dialect: sql::Dialect,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Parsed, String) {
    let mut report = Report { document, diagnostics };
    resource.engine = Some(dialect);
    rules::alone(&resource, &mut report);
    // Searches the text of this declaration only: the file may hold thousands.
    if origin.text.contains("${") {
        rules::variables(&resource, &mut report);
    }
    let mut externals = Vec::new();
    for slot in resource.spec.declaration_mut().files() {
        match files::read_external(bounds, &file.path, &slot.file) {
            Ok(external) => {
                *slot.text = Some(external.text.to_string());
                externals.push((slot.fills.to_owned(), external));
            }
            Err((summary, hint)) => {
                report.diagnostics.push(Diagnostic::error(Code::L013, summary).at(document, slot.path).hint_if(hint))
            }
        }
    }
    let queries = resource.spec.declaration().queries().into_iter();
    let queries = queries.map(|it| (it.dialect.unwrap_or(dialect), it.text));
    let read: Vec<_> = queries.map(|(dialect, text)| (dialect, text, sql::read(dialect, text))).collect();
    rules::queries(&resource, dialect, read.iter().map(|it| &it.2.query), &mut report);
    let normal_form = |dialect: sql::Dialect, text: &str| {
        let known = read.iter().find(|it| it.0 == dialect && it.1 == text);
        known.map_or_else(|| sql::normal_form(dialect, text), |it| it.2.normal_form.clone())
    };
    let spec = resource.spec.to_json_text();
    let local_digest = resource.local_digest_of(&spec, &normal_form);
    // The copy has no spare capacity, unlike the lists that grew during decoding.
    (Parsed { resource: resource.clone(), local_digest, externals }, spec)
}

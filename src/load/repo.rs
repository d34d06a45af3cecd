//! The declarations of a feature repo, as read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{DocumentPlace, External};
use super::files::{SourceFile, read_external};
use super::walk::Bounds;
use crate::diagnostic::DocumentId;
use crate::resource::{Catalog, Kind, Resource};

/// The declarations of a feature repo, as read.
#[derive(Default)]
pub struct Repo {
    pub files: Arc<Vec<SourceFile>>,
    pub documents: Vec<Document>,
    pub declared: Vec<Declared>,
    /// The names of declarations with mistakes, and their kinds where readable. Referring to one is not a mistake.
    pub broken: BTreeMap<String, Option<Kind>>,
    /// The readable parts of those declarations, to find mistakes in their references.
    pub partial: Vec<Partial>,
    /// The files that declarations name (`sql_file`), by document and the field that they fill.
    pub externals: BTreeMap<(DocumentId, String), External>,
}

/// The file of a document, and its place in the file.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    pub file: usize,
    pub place: DocumentPlace,
}

/// One decoded declaration, with the digest that the parse cache remembers.
pub struct Declared {
    pub resource: Resource,
    pub document: DocumentId,
    pub local_digest: [u8; 32],
}

/// The readable part of a declaration with mistakes.
pub struct Partial {
    pub resource: Resource,
    pub document: DocumentId,
    /// The fields that were wrong or missing.
    pub faulty: Vec<String>,
}

impl Repo {
    /// Returns the file and line on which the declaration at `document` starts.
    pub fn source(&self, document: DocumentId) -> (Arc<str>, usize) {
        let at = self.documents[document.0];
        (self.files[at.file].path.clone(), at.place.first_key)
    }

    /// Returns an index of the declared resources.
    pub fn catalog(&self) -> Catalog<'_> {
        Catalog::new(self.declared.iter().map(|it| &it.resource))
    }

    /// Drops the text of the files. Call it when no more places will be looked for.
    pub fn forget_texts(&mut self) {
        let files = Arc::get_mut(&mut self.files).map(Vec::as_mut_slice).unwrap_or_default();
        files.iter_mut().for_each(|it| it.text = String::new());
    }
}

/// Returns the files that declarations name, with the hash of each.
pub fn external_hashes(repo: &Repo) -> Vec<(String, String)> {
    repo.externals.values().map(|it| (it.file.to_string(), blake3::hash(it.text.as_bytes()).to_string())).collect()
}

/// Says whether the files that declarations name have not changed.
pub fn externals_unchanged(bounds: &Bounds, externals: &[(String, String)]) -> bool {
    externals.iter().all(|(file, hash)| is_unchanged(bounds, file, hash))
}

/// Says whether a file that a declaration names has this hash.
fn is_unchanged(bounds: &Bounds, file: &str, hash: &str) -> bool {
    read_external(bounds, "", file).is_ok_and(|it| blake3::hash(it.text.as_bytes()).to_hex().as_str() == hash)
}

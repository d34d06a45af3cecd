//! One document of a file.

use std::sync::Arc;

use crate::resource::Resource;

/// Where a document lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace {
    /// The line on which its text starts, from 1.
    pub line: usize,
    /// The line of its first key: where it starts for a reader.
    pub first_key: usize,
    /// In bytes.
    pub start: usize,
    pub end: usize,
}

/// A file that a declaration names.
#[derive(Debug, Clone)]
pub struct External {
    pub file: Arc<str>,
    pub text: Arc<str>,
}

/// One declaration as it was decoded, and the files that it names by the field that each fills.
pub struct Parsed {
    pub resource: Resource,
    pub local_digest: [u8; 32],
    pub externals: Vec<(String, External)>,
}

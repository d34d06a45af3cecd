//! One document of a file.

use std::sync::Arc;

use crate::resource::Resource;

/// The place of a document in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace {
    /// The line on which its text starts, from 1.
    pub line: usize,
    /// The line of its first key, which is where it starts for a reader.
    pub first_key: usize,
    /// The start and end, in bytes.
    pub start: usize,
    pub end: usize,
}

/// A file that a declaration names.
#[derive(Debug, Clone)]
pub struct External {
    pub file: Arc<str>,
    pub text: Arc<str>,
}

/// One decoded declaration, with the files that it names, each by the field that it fills.
pub struct Parsed {
    pub resource: Resource,
    pub local_digest: [u8; 32],
    pub externals: Vec<(String, External)>,
}

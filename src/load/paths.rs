//! Paths as shown: from the root of the repo, with `/` on every platform.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, Span};

pub fn relative(root: &Path, path: &Path) -> Arc<str> {
    slashed(path.strip_prefix(root).unwrap_or(path))
}

pub fn slashed(path: &Path) -> Arc<str> {
    path.components().map(|it| it.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/").into()
}

pub fn at_file(diagnostic: Diagnostic, file: Arc<str>) -> Diagnostic {
    diagnostic.place(Place::Span(Span { file, line: 0, column: 0, length: 0, text: "".into() }))
}

//! Finds and reads the files of a repo, in one stable order.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::document::External;
use super::paths::{at_file, relative, slashed};
use super::walk::{Bounds, walk};
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::disk::{SETTINGS_MAX, describe, read_text};

/// The YAML files of a repo with their text.
#[derive(Default)]
pub struct Files {
    pub bounds: Bounds,
    pub files: Arc<Vec<SourceFile>>,
}

pub struct SourceFile {
    /// Relative to the repo, with `/` on every platform.
    pub path: Arc<str>,
    pub text: String,
    pub hash: blake3::Hash,
}

/// The largest file that is read. A larger one is a stray data file or an attack.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads every `*.yaml` and `*.yml` below `root` that neither `.gitignore` nor `.weirignore` leaves out.
pub fn read(root: &Path) -> (Files, Vec<Diagnostic>) {
    let bounds = match Bounds::of(root) {
        Ok(bounds) => bounds,
        Err(diagnostic) => return (Files::default(), vec![diagnostic]),
    };
    let root = &*bounds.root;
    let (mut paths, mut diagnostics) = walk(&bounds);
    paths.sort_by_cached_key(|it| relative(root, it));
    let results: Vec<Result<SourceFile, Diagnostic>> = paths.par_iter().map(|it| read_one(root, it)).collect();
    let mut files = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(file) => files.push(file),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    (Files { files: Arc::new(files), bounds }, diagnostics)
}

fn read_one(root: &Path, path: &Path) -> Result<SourceFile, Diagnostic> {
    let file = relative(root, path);
    let unreadable = |error: &std::io::Error| {
        let (reason, hint) = match error.kind() {
            // The file was listed a moment ago.
            std::io::ErrorKind::NotFound => ("it went away meanwhile".to_owned(), "run this again"),
            _ => (describe(error), "make it readable, or list it in .weirignore"),
        };
        at_file(Diagnostic::error(Code::L001, format!("`{file}` cannot be read: {reason}")), file.clone()).hint(hint)
    };
    let metadata = std::fs::metadata(path).map_err(|it| unreadable(&it))?;
    if !metadata.is_file() {
        // Reading a pipe could block forever.
        return Err(at_file(Diagnostic::error(Code::L001, format!("`{file}` is not a file")), file.clone())
            .hint("list it in .weirignore"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        let summary = format!(
            "`{file}` has {} MiB, and weir reads files up to {} MiB",
            metadata.len() / (1024 * 1024),
            FILE_BYTES_MAX / (1024 * 1024)
        );
        return Err(
            at_file(Diagnostic::error(Code::L003, summary), file.clone()).hint("split it, or list it in .weirignore")
        );
    }
    let bytes = std::fs::read(path).map_err(|it| unreadable(&it))?;
    let hash = blake3::hash(&bytes);
    let text = String::from_utf8(bytes).map_err(|it| {
        let valid = it.utf8_error().valid_up_to();
        let line = it.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        let summary = format!("`{file}` is not UTF-8 text: byte {valid} is no part of a letter");
        Diagnostic::error(Code::L002, summary)
            .place(Place::Span(Span { file: file.clone(), line, column: 1, length: 1, text: "".into() }))
            .hint("save it as UTF-8, or list it in .weirignore")
    })?;
    // YAML ends a line at a lone carriage return, too, and line counts have to agree with that.
    Ok(SourceFile { path: file, text: plain(text), hash })
}

/// Reads a file that a declaration names, relative to the declaring file. The path must stay inside the repo, and a
/// link on it may lead no further than other links in the repo.
pub fn read_external(bounds: &Bounds, declaring: &str, named: &str) -> Result<External, (String, Option<String>)> {
    let folder = Path::new(declaring).parent().unwrap_or(Path::new(""));
    let Some(inside) = normalize(&folder.join(named)) else {
        return Err((format!("`{named}` lies outside the repo"), Some("move it into the repo".to_owned())));
    };
    let path = bounds.root.join(&inside);
    let file = slashed(&inside);
    let fault = |reason: String, hint: Option<String>| (format!("`{file}` cannot be read: {reason}"), hint);
    let metadata = std::fs::metadata(&path).map_err(|it| fault(describe(&it), neighbours(&path, named)))?;
    if !metadata.is_file() {
        return Err(fault("it is not a file".to_owned(), Some("name a text file of the repo".to_owned())));
    }
    let real = path.canonicalize().map_err(|it| fault(describe(&it), None))?;
    if !bounds.hold(&real) {
        let summary = format!("`{named}` is a link out of the {}", bounds.outer());
        return Err((summary, Some("copy it into the repo".to_owned())));
    }
    let text = read_text(&real, SETTINGS_MAX).map_err(|it| fault(describe(&it), None))?;
    Ok(External { file, text: plain(text).into() })
}

/// Returns a text as stored and compared: without a byte order mark, and with `\n` line ends on every platform.
fn plain(text: String) -> String {
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// Returns a hint that names a similar file in the same folder.
fn neighbours(path: &Path, named: &str) -> Option<String> {
    let names: Vec<String> =
        std::fs::read_dir(path.parent()?).ok()?.filter_map(|it| it.ok()?.file_name().into_string().ok()).collect();
    let name = path.file_name()?.to_str()?;
    let near = crate::diagnostic::closest(name, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{}`?", named.replace(name, near)))
}

/// Resolves `.` and `..`; `None` when the path leaves the repo.
fn normalize(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => normal.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(normal)
}

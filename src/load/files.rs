//! Finds and reads the files of a repo, in one stable order.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::{WalkBuilder, WalkState};
use rayon::prelude::*;

use super::External;
use crate::diagnostic::{Diagnostic, Place, Span};

/// The YAML files of a repo with their text.
#[derive(Default)]
pub struct Files {
    pub root: PathBuf,
    pub files: Arc<Vec<SourceFile>>,
}

pub struct SourceFile {
    /// Relative to the repo, with `/` on every platform.
    pub path: Arc<str>,
    pub text: String,
    pub hash: blake3::Hash,
}

/// A larger file is a data file that got lost, or an attack.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads every `*.yaml` and `*.yml` below `root` that neither `.gitignore` nor `.weirignore` leaves out.
pub fn read(root: &Path) -> (Files, Vec<Diagnostic>) {
    let (mut paths, mut diagnostics) = walk(root);
    paths.sort_by_cached_key(|it| relative(root, it));
    let results: Vec<Result<SourceFile, Diagnostic>> = paths.par_iter().map(|it| read_one(root, it)).collect();
    let mut files = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(file) => files.push(file),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    (Files { root: root.to_owned(), files: Arc::new(files) }, diagnostics)
}

fn walk(root: &Path) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut builder = WalkBuilder::new(root);
    // What a developer ignores on one machine only must not change the plan there.
    builder
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(true)
        .add_custom_ignore_filename(".weirignore")
        .threads(2);
    let found = Mutex::new((Vec::new(), Vec::new()));
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match entry {
                Ok(entry) => {
                    let yaml = entry.path().extension().is_some_and(|it| it == "yaml" || it == "yml");
                    if yaml && entry.file_type().is_some_and(|it| !it.is_dir()) {
                        found.0.push(entry.into_path());
                    }
                }
                Err(error) => found.1.extend(walk_fault(root, &error)),
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A symlink loop is skipped; whatever else cannot be walked is reported.
fn walk_fault(root: &Path, error: &ignore::Error) -> Option<Diagnostic> {
    fn parts(error: &ignore::Error) -> (Option<&Path>, bool) {
        match error {
            ignore::Error::WithPath { path, err } => (Some(path), parts(err).1),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => parts(err),
            ignore::Error::Loop { child, .. } => (Some(child), true),
            _ => (None, false),
        }
    }
    let (path, is_loop) = parts(error);
    // A dangling link to something that is no YAML file concerns nobody.
    let dangling =
        path.is_some_and(|it| it.is_symlink() && !it.extension().is_some_and(|it| it == "yaml" || it == "yml"));
    if is_loop || dangling {
        return None;
    }
    let file = path.map(|it| relative(root, it)).unwrap_or_else(|| Arc::from("."));
    let reason = error.io_error().map_or_else(|| error.to_string(), describe);
    Some(
        at_file(Diagnostic::error("L001", format!("`{file}` cannot be read: {reason}")), file)
            .hint("make it readable, or list it in .weirignore"),
    )
}

fn read_one(root: &Path, path: &Path) -> Result<SourceFile, Diagnostic> {
    let file = relative(root, path);
    let unreadable = |error: &std::io::Error| {
        at_file(Diagnostic::error("L001", format!("`{file}` cannot be read: {}", describe(error))), file.clone())
            .hint("make it readable, or list it in .weirignore")
    };
    let metadata = std::fs::metadata(path).map_err(|it| unreadable(&it))?;
    if !metadata.is_file() {
        // A pipe would be waited for without end.
        return Err(at_file(Diagnostic::error("L001", format!("`{file}` is not a file")), file.clone())
            .hint("list it in .weirignore"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        let summary = format!(
            "`{file}` has {} MiB, and weir reads files up to {} MiB",
            metadata.len() / (1024 * 1024),
            FILE_BYTES_MAX / (1024 * 1024)
        );
        return Err(
            at_file(Diagnostic::error("L003", summary), file.clone()).hint("split it, or list it in .weirignore")
        );
    }
    let bytes = std::fs::read(path).map_err(|it| unreadable(&it))?;
    let hash = blake3::hash(&bytes);
    let text = String::from_utf8(bytes).map_err(|it| {
        let valid = it.utf8_error().valid_up_to();
        let line = it.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        let summary = format!("`{file}` is not UTF-8 text: byte {valid} is no part of a letter");
        Diagnostic::error("L002", summary)
            .place(Place::Span(Span { file: file.clone(), line, column: 1, length: 1, text: "".into() }))
            .hint("save it as UTF-8, or list it in .weirignore")
    })?;
    // YAML ends a line at a lone carriage return too; counted lines have to agree with that.
    let text = if has_lone_return(&text) { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    // A byte order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(SourceFile { path: file, text, hash })
}

fn has_lone_return(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(index, byte)| *byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'))
}

/// Reads a file that a declaration names, relative to the declaring file; it must lie in the repo.
pub fn read_external(root: &Path, declaring: &str, named: &str) -> Result<External, (String, Option<String>)> {
    let folder = Path::new(declaring).parent().unwrap_or(Path::new(""));
    let Some(inside) = normalize(&folder.join(named)) else {
        return Err((format!("`{named}` lies outside the repo"), Some("move it into the repo".to_owned())));
    };
    let path = root.join(&inside);
    let file = slashed(&inside);
    let fault = |reason: String, hint: Option<String>| (format!("`{file}` cannot be read: {reason}"), hint);
    let metadata = std::fs::metadata(&path).map_err(|it| fault(describe(&it), neighbours(&path, named)))?;
    if !metadata.is_file() {
        return Err(fault("it is not a file".to_owned(), None));
    }
    if metadata.len() > 1024 * 1024 {
        return Err(fault(format!("it has {} KiB, and weir reads up to 1024 KiB", metadata.len() / 1024), None));
    }
    let inside_root = path.canonicalize().ok().zip(root.canonicalize().ok()).is_some_and(|it| it.0.starts_with(it.1));
    if !inside_root {
        return Err((format!("`{named}` is a link out of the repo"), Some("copy it into the repo".to_owned())));
    }
    let text = std::fs::read_to_string(&path).map_err(|it| fault(describe(&it), None))?;
    Ok(External { file, text: text.into() })
}

/// Suggests a file beside the one that is missing.
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

pub fn relative(root: &Path, path: &Path) -> Arc<str> {
    slashed(path.strip_prefix(root).unwrap_or(path))
}

fn slashed(path: &Path) -> Arc<str> {
    path.components().map(|it| it.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/").into()
}

fn at_file(diagnostic: Diagnostic, file: Arc<str>) -> Diagnostic {
    diagnostic.place(Place::Span(Span { file, line: 0, column: 0, length: 0, text: "".into() }))
}

/// The operating system's reason, in our style.
pub fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

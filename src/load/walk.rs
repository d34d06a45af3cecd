//! Walks a repo to find the files of declarations, and the entries that cannot be read.
//!
//! An entry that cannot be read is never skipped. Otherwise a folder without permission or a broken link would remove
//! its declarations from the plan.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::ignores::{Entry, Level};
use super::paths::{at_file, relative};
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::{describe, or_absent};
use crate::settings;

/// The root of a repo, and the folder that its links must stay in.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// The folder of weir.toml, with links resolved.
    pub root: PathBuf,
    /// The root of the git repository that holds the repo, or the folder of weir.toml without git.
    pub top: PathBuf,
}

/// The most folders reached by links. Each link can double the entries behind it, so a few dozen would never end.
const LINKED_FOLDERS_MAX: usize = 20_000;

/// The files and faults that a walk found.
#[derive(Default)]
struct Found {
    paths: Vec<PathBuf>,
    faults: Vec<Diagnostic>,
}

struct Walk<'a> {
    bounds: &'a Bounds,
    linked: AtomicUsize,
}

/// A folder that the walk has reached.
struct Folder<'a> {
    /// The path from the root, through links.
    path: PathBuf,
    /// The path with links resolved.
    real: PathBuf,
    above: Option<&'a Level<'a>>,
    /// The folders in which links were followed on the way here.
    via: Option<&'a Via<'a>>,
}

struct Via<'a> {
    real: &'a Path,
    before: Option<&'a Via<'a>>,
}

/// The meaning of a folder's entry to the walk.
enum Sort {
    Nothing,
    Declarations,
    Folder(PathBuf),
    Fault(Box<Diagnostic>),
}

/// Finds every file of declarations, and reports every entry that cannot be read.
pub fn walk(bounds: &Bounds) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let walk = Walk { bounds, linked: AtomicUsize::new(0) };
    let Bounds { root, top } = bounds;
    let mut folders: Vec<&Path> = root.ancestors().skip(1).take_while(|it| it.starts_with(top)).collect();
    folders.reverse();
    let mut faults = Vec::new();
    let Found { paths, faults: below } = with_levels(&folders, None, &mut faults, &|above| {
        walk.visit(&Folder { path: root.clone(), real: root.clone(), above, via: None })
    });
    faults.extend(below);
    if walk.linked.load(Ordering::Relaxed) > LINKED_FOLDERS_MAX {
        let summary = format!("links lead to more than {LINKED_FOLDERS_MAX} folders");
        faults.push(Diagnostic::error(Code::L001, summary).hint("take out links that lead to links"));
    }
    (paths, faults)
}

/// Calls `then` with the ignore files of `folders`, each of which lies in the one before.
fn with_levels<T>(
    folders: &[&Path],
    above: Option<&Level>,
    faults: &mut Vec<Diagnostic>,
    then: &dyn Fn(Option<&Level>) -> T,
) -> T {
    let Some((folder, rest)) = folders.split_first() else { return then(above) };
    let (level, found) = Level::read(folder, &folder.to_string_lossy(), &|_| true, above.is_none(), above);
    faults.extend(found);
    with_levels(rest, Some(&level), faults, then)
}

impl Bounds {
    /// Finds the bounds of the repo whose weir.toml lies in `root`.
    pub fn of(root: &Path) -> Result<Self, Diagnostic> {
        let unreadable = |path: &Path, error: &std::io::Error| {
            Diagnostic::error(Code::L001, format!("`{}` cannot be read: {}", path.display(), describe(error)))
        };
        let root = root.canonicalize().map_err(|error| unreadable(root, &error))?;
        let mut top = None;
        for folder in root.ancestors() {
            let git = folder.join(".git");
            if starts_git(&git).map_err(|error| unreadable(&git, &error))? {
                top = Some(folder.to_owned());
                break;
            }
        }
        // A folder that git ignores is not a part of the repository, so the bounds start at weir.toml.
        let top = top.filter(|top| !is_left_out(&root, top)).unwrap_or_else(|| root.clone());
        Ok(Self { root, top })
    }

    /// Says whether `path`, with links resolved, lies within the bounds.
    pub fn hold(&self, path: &Path) -> bool {
        path.starts_with(&self.top)
    }

    /// Returns the name of the outer bound, for messages.
    pub fn outer(&self) -> &'static str {
        if self.top == self.root { "repo" } else { "git repository" }
    }
}

/// Says whether `.git` belongs to a repository: a folder with a `HEAD`, or the file of a linked work tree.
fn starts_git(git: &Path) -> std::io::Result<bool> {
    let Some(found) = or_absent(git, git.metadata())? else { return Ok(false) };
    if !found.is_dir() {
        return Ok(found.is_file());
    }
    let head = git.join("HEAD");
    match or_absent(&head, head.symlink_metadata()) {
        // A `.git` that only another user may read is a repository.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(true),
        found => Ok(found?.is_some()),
    }
}

fn is_left_out(root: &Path, top: &Path) -> bool {
    let mut folders: Vec<&Path> = root.ancestors().take_while(|it| it.starts_with(top)).collect();
    folders.reverse();
    (1..folders.len()).any(|depth| {
        // The walk reports the files that cannot be read here.
        let asked = |level: Option<&Level>| level.is_some_and(|it| it.leaves_out(folders[depth], Entry::Folder));
        with_levels(&folders[..depth], None, &mut Vec::new(), &asked)
    })
}

impl Walk<'_> {
    fn visit(&self, folder: &Folder) -> Found {
        let mut found = Found::default();
        let shown = relative(&self.bounds.root, &folder.path);
        let listed = std::fs::read_dir(&folder.path).and_then(|it| it.collect::<Result<Vec<_>, _>>());
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => {
                found.faults.push(unreadable(if shown.is_empty() { ".".into() } else { shown }, &error));
                return found;
            }
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let inner = folder.path != self.bounds.root;
        let has = |name: &str| entries.iter().any(|it| it.file_name() == *name);
        if inner && has(settings::FILE) {
            let file: Arc<str> = format!("{shown}/{}", settings::FILE).into();
            let summary = format!("`{shown}` is a feature repo inside this one: its declarations would belong to both");
            let hint = format!("remove `{file}`, or list `{shown}/` in .weirignore");
            found.faults.push(at_file(Diagnostic::error(Code::L015, summary), file).hint(hint));
            return found;
        }
        let starts_git = match has(".git").then(|| starts_git(&folder.path.join(".git"))).transpose() {
            Ok(starts) => starts.unwrap_or_default(),
            Err(error) => {
                found.faults.push(unreadable(format!("{shown}/.git").into(), &error));
                true
            }
        };
        let (level, faults) = Level::read(&folder.path, &shown, &has, starts_git, folder.above);
        found.faults.extend(faults);
        let via = Via { real: &folder.real, before: folder.via };
        let mut folders = Vec::new();
        for entry in &entries {
            let path = entry.path();
            match self.sort(entry, &path, &level, folder, &mut found.faults) {
                Sort::Nothing => {}
                Sort::Declarations => found.paths.push(path),
                Sort::Fault(fault) => found.faults.push(*fault),
                Sort::Folder(real) => {
                    let linked = real != folder.real.join(entry.file_name());
                    let via = if linked { Some(&via) } else { folder.via };
                    folders.push(Folder { path, real, above: Some(&level), via });
                }
            }
        }
        let below: Vec<Found> = folders.par_iter().map(|it| self.visit(it)).collect();
        for it in below {
            found.paths.extend(it.paths);
            found.faults.extend(it.faults);
        }
        found
    }

    fn sort(
        &self,
        entry: &std::fs::DirEntry,
        path: &Path,
        level: &Level,
        folder: &Folder,
        faults: &mut Vec<Diagnostic>,
    ) -> Sort {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            return Sort::Nothing;
        }
        let shown = || relative(&self.bounds.root, path);
        let sort = match entry.file_type() {
            Ok(sort) => sort,
            Err(error) => return Sort::Fault(unreadable(shown(), &error).into()),
        };
        let ending = ending(&name);
        if !sort.is_symlink() && !sort.is_dir() && ending == Ending::Other {
            return Sort::Nothing;
        }
        let asked = if sort.is_symlink() {
            Entry::Link
        } else if sort.is_dir() {
            Entry::Folder
        } else {
            Entry::File
        };
        if level.leaves_out(path, asked) {
            return Sort::Nothing;
        }
        if sort.is_symlink() {
            match self.follow(path, folder) {
                Ok(Led::ToFolder(real)) => return Sort::Folder(real),
                Ok(Led::InCircle) => return Sort::Nothing,
                Ok(Led::ToFile) => {}
                Err(fault) => return Sort::Fault(fault),
            }
        } else if sort.is_dir() {
            if folder.via.is_some() && self.linked.fetch_add(1, Ordering::Relaxed) >= LINKED_FOLDERS_MAX {
                return Sort::Nothing;
            }
            return Sort::Folder(folder.real.join(&name));
        }
        match ending {
            Ending::Yaml if path.to_str().is_none() => {
                let summary = format!("the name of `{}` is not UTF-8 text", shown());
                Sort::Fault(at_file(Diagnostic::error(Code::L001, summary), shown()).hint("rename it").into())
            }
            Ending::Yaml => Sort::Declarations,
            Ending::Misspelt => {
                faults.push(misspelt(shown()));
                Sort::Nothing
            }
            Ending::Other => Sort::Nothing,
        }
    }

    /// Returns the target of the link at `path`. A target outside the bounds, or a missing one, is a mistake.
    fn follow(&self, path: &Path, folder: &Folder) -> Result<Led, Box<Diagnostic>> {
        let shown = relative(&self.bounds.root, path);
        let target = std::fs::read_link(path).map(|it| it.display().to_string()).unwrap_or_default();
        let fault = |summary: String, hint: &str| {
            Box::new(at_file(Diagnostic::error(Code::L001, summary), shown.clone()).hint(hint))
        };
        let found = path.metadata().and_then(|found| Ok((found, path.canonicalize()?)));
        let (found, real) = found.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                fault(format!("the link `{shown}` leads to `{target}`, which does not exist"), MEND)
            }
            _ => fault(format!("the link `{shown}` cannot be followed to `{target}`: {}", describe(&error)), MEND),
        })?;
        if !self.bounds.hold(&real) {
            let summary = format!("the link `{shown}` leads out of the {}, to `{target}`", self.bounds.outer());
            return Err(fault(summary, "copy what it leads to, or list the link in .weirignore"));
        }
        if !found.is_dir() {
            return Ok(Led::ToFile);
        }
        let mut on_the_way = std::iter::successors(folder.via, |it| it.before).map(|it| it.real);
        if folder.real.starts_with(&real) || on_the_way.any(|it| it.starts_with(&real)) {
            return Ok(Led::InCircle);
        }
        if self.linked.fetch_add(1, Ordering::Relaxed) >= LINKED_FOLDERS_MAX {
            return Ok(Led::InCircle);
        }
        Ok(Led::ToFolder(real))
    }
}

const MEND: &str = "mend the link, or list it in .weirignore";

/// The target of a link.
enum Led {
    ToFile,
    ToFolder(PathBuf),
    /// A folder that leads to the link, and is read already.
    InCircle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Yaml,
    /// Such as `.YAML`: not read as a declaration, although its author meant it.
    Misspelt,
    Other,
}

fn ending(name: &OsStr) -> Ending {
    match Path::new(name).extension() {
        Some(it) if it == "yaml" || it == "yml" => Ending::Yaml,
        Some(it) if it.eq_ignore_ascii_case("yaml") || it.eq_ignore_ascii_case("yml") => Ending::Misspelt,
        _ => Ending::Other,
    }
}

fn misspelt(file: Arc<str>) -> Diagnostic {
    let (stem, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    let summary = format!("`{file}` is not read: its ending is `.{ending}`");
    let hint = format!("rename it to `{stem}.{}`, or list it in .weirignore", ending.to_ascii_lowercase());
    at_file(Diagnostic::warning(Code::L016, summary), file.clone()).hint(hint)
}

fn unreadable(file: Arc<str>, error: &std::io::Error) -> Diagnostic {
    let summary = format!("`{file}` cannot be read: {}", describe(error));
    at_file(Diagnostic::error(Code::L001, summary), file).hint("make it readable, or list it in .weirignore")
}

//! Ignore files: `.gitignore` as git reads it, and `.weirignore` in the same syntax.
//!
//! Ignore files apply from the root of the git repository downwards, or from weir.toml without git. One that cannot be
//! read or parsed is an error, because it decides what is declared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::paths::at_file;
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::disk::{SETTINGS_MAX, describe, or_absent, read_file};

const GIT: &str = ".gitignore";
const WEIR: &str = ".weirignore";

/// The ignore files of one folder, and those of the folders above it.
pub struct Level<'a> {
    folder: PathBuf,
    git: Option<Gitignore>,
    weir: Option<Gitignore>,
    /// Whether a git repository starts here. Ignore files of git above it do not apply.
    starts_git: bool,
    above: Option<&'a Level<'a>>,
}

/// The kind of entry that an ignore file is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    File,
    Folder,
    /// A link, which is never a folder to git.
    Link,
}

impl<'a> Level<'a> {
    /// Reads the ignore files of `folder`, called `shown` in messages. `listed` says whether a name is in the folder.
    pub fn read(
        folder: &Path,
        shown: &str,
        listed: &dyn Fn(&str) -> bool,
        starts_git: bool,
        above: Option<&'a Self>,
    ) -> (Self, Vec<Diagnostic>) {
        let mut faults = Vec::new();
        let mut one = |name: &str| {
            if !listed(name) {
                return None;
            }
            let file: Arc<str> = if shown.is_empty() { name.into() } else { format!("{shown}/{name}").into() };
            parse(&folder.join(name), &file, &mut faults)
        };
        let (git, weir) = (one(GIT), one(WEIR));
        (Self { folder: folder.to_owned(), git, weir, starts_git, above }, faults)
    }

    /// Says whether `path` is left out. `.weirignore` outranks `.gitignore`, and a nearer file outranks those above.
    pub fn leaves_out(&self, path: &Path, entry: Entry) -> bool {
        let weir = self.up().find_map(|it| it.weir.as_ref().and_then(|globs| verdict(globs, it, path, entry)));
        weir.unwrap_or_else(|| {
            let entry = if entry == Entry::Link { Entry::File } else { entry };
            for level in self.up() {
                if let Some(verdict) = level.git.as_ref().and_then(|globs| verdict(globs, level, path, entry)) {
                    return verdict;
                }
                if level.starts_git {
                    break;
                }
            }
            false
        })
    }

    fn up(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |it| it.above)
    }
}

fn verdict(globs: &Gitignore, level: &Level, path: &Path, entry: Entry) -> Option<bool> {
    let inside = path.strip_prefix(&level.folder).ok()?;
    let asked = match globs.matched(inside, entry == Entry::Folder) {
        // In `.weirignore`, `data/` also matches a link `data`, because that is what a person means.
        Match::None if entry == Entry::Link => globs.matched(inside, true),
        found => found,
    };
    match asked {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }
}

fn parse(path: &Path, file: &Arc<str>, faults: &mut Vec<Diagnostic>) -> Option<Gitignore> {
    let text = match text(path, file) {
        Ok(text) => text?,
        Err((summary, hint)) => {
            faults.push(at_file(Diagnostic::error(Code::L001, summary), file.clone()).hint(hint));
            return None;
        }
    };
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for (index, line) in text.lines().enumerate() {
        let reason = match git_pattern(line) {
            Ok(pattern) => match builder.add_line(None, &pattern) {
                Ok(_) => continue,
                Err(ignore::Error::Glob { err, .. }) => err,
                Err(error) => error.to_string(),
            },
            Err(reason) => reason,
        };
        let length = line.chars().count();
        let span = Span { file: file.clone(), line: index + 1, column: 1, length, text: line.into() };
        let summary = format!("`{file}` cannot be read: `{}` is not a pattern: {reason}", line.trim());
        faults.push(
            Diagnostic::error(Code::L001, summary).place(Place::Span(span)).hint("mend the pattern, or remove it"),
        );
    }
    match builder.build() {
        Ok(globs) => Some(globs),
        Err(error) => {
            let summary = format!("`{file}` cannot be read: {error}");
            faults.push(at_file(Diagnostic::error(Code::L001, summary), file.clone()).hint("mend its patterns"));
            None
        }
    }
}

/// Returns the text of an ignore file, `None` when there is none, or a fault and a hint.
fn text(path: &Path, file: &str) -> Result<Option<String>, (String, &'static str)> {
    let unreadable = |error: &std::io::Error| format!("`{file}` cannot be read: {}", describe(error));
    let found = or_absent(path, path.symlink_metadata()).map_err(|error| (unreadable(&error), "make it readable"))?;
    let Some(found) = found else { return Ok(None) };
    // git does not follow a link of this name, so its target says nothing about the repository.
    if found.is_symlink() {
        return Err((
            format!("`{file}` is a link, and ignore files are read in their place only"),
            "copy what it leads to",
        ));
    }
    // Reading a pipe could block forever.
    if !found.is_file() {
        return Err((format!("`{file}` is not a file"), "remove it"));
    }
    let bytes =
        read_file(path, SETTINGS_MAX).map_err(|error| (unreadable(&error), "make it readable, or remove it"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err((format!("`{file}` cannot be read: it is not UTF-8 text"), "save it as UTF-8")),
    }
}

/// Translates a line for our matcher. Braces have no meaning to git, so they are escaped.
fn git_pattern(line: &str) -> Result<String, String> {
    let mut pattern = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                pattern.push(letter);
                pattern.extend(letters.next());
                continue;
            }
            '[' if in_class && matches!(letters.peek(), Some(':' | '.' | '=')) && !line.starts_with('#') => {
                return Err("named classes are not understood, write the letters out".to_owned());
            }
            '[' if !in_class => {
                in_class = true;
                pattern.push(letter);
                // The first character in a class never closes it.
                while let Some('!' | '^' | ']') = letters.peek() {
                    pattern.extend(letters.next());
                }
                continue;
            }
            ']' => in_class = false,
            '{' | '}' if !in_class => pattern.push('\\'),
            _ => {}
        }
        pattern.push(letter);
    }
    Ok(pattern)
}

//! The location of a registry, and the file there.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use crate::disk::{or_absent, reason};

/// The location of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub path: PathBuf,
}

/// The fault of a url that names no registry, with what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub summary: String,
    pub hint: String,
}

const WRITE: &str = "write `sqlite://path/to/registry.db`";

impl Location {
    /// Reads `sqlite://path`, `sqlite:path` or a plain path; a relative one is relative to `base`.
    ///
    /// A url that another program would have to expand is an error: a file of that very name would be a new registry,
    /// in which nothing is protected.
    pub fn parse(url: &str, base: &Path) -> std::result::Result<Self, Malformed> {
        let fault = |summary: String, hint: &str| Err(Malformed { summary, hint: hint.to_owned() });
        let path = match url.split_once("://") {
            Some(("sqlite", path)) => path,
            Some((scheme, _)) => {
                return fault(format!("`{scheme}://` is not a registry that this weir knows"), WRITE);
            }
            None => url.strip_prefix("sqlite:").unwrap_or(url),
        };
        let shown = url;
        if path.trim().is_empty() {
            return fault("the registry's url names no file".to_owned(), WRITE);
        }
        if path.starts_with(":memory:") || path == "memory:" {
            let summary = format!("`{shown}` is a registry in memory, which would end with this command");
            return fault(summary, "name a file, as `sqlite://path/to/registry.db`");
        }
        if path.starts_with("file:") {
            return fault(format!("`{shown}` is a url of SQLite's own"), WRITE);
        }
        if path.chars().any(char::is_control) || path.trim() != path {
            let summary =
                format!("the registry's url `{shown}` has blanks at its ends, or characters that cannot be seen");
            return fault(summary, "write the path without them");
        }
        if path.contains('?') {
            return fault(
                format!("`{shown}` has parameters, and a registry takes none"),
                "leave out the `?` and what follows",
            );
        }
        if crate::secret::signs_in(url) {
            let summary = format!("`{shown}` has a user, and a registry is a file");
            return fault(summary, WRITE);
        }
        if path.starts_with('~') {
            return fault(
                format!("`{shown}` starts with `~`, which only a shell replaces"),
                "write the whole path of the folder",
            );
        }
        if path.contains('$') {
            let summary = format!("`{shown}` has a `$`, which is replaced in weir.toml only, as `${{NAME}}`");
            return fault(
                summary,
                "write the path itself, or put the url in double quotes so that the shell replaces it",
            );
        }
        if percent_encoded(path) {
            let summary = format!("`{shown}` has a percent code, and a path is taken as it is written");
            return fault(summary, "write the character itself");
        }
        Ok(Self { path: base.join(path) })
    }

    /// Returns the registry's file, with every link followed; `None` where nothing has that name.
    ///
    /// Errors when the name is of no file, or of an empty or unreadable one: an unmounted volume, a folder without
    /// permission or a link that leads nowhere must not look like a new start.
    pub fn find(&self) -> Result<Option<PathBuf>> {
        let found = or_absent(&self.path, std::fs::metadata(&self.path)).map_err(|it| Error::opening(&it))?;
        let Some(metadata) = found else {
            return match self.left_behind()? {
                Some(log) => Err(Error::Unreachable(format!("its file is gone, and `{log}` is still there"))),
                None => Ok(None),
            };
        };
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "a folder, not a file" } else { "not a file" };
            return Err(Error::Unreachable(format!("it is {what}")));
        }
        if metadata.len() == 0 {
            return Err(Error::Empty);
        }
        // SQLite keeps its log beside the file that a link leads to.
        self.path.canonicalize().map(Some).map_err(|it| Error::opening(&it))
    }

    /// Returns the name of a log or a journal whose file is missing.
    fn left_behind(&self) -> Result<Option<String>> {
        for ending in ["-wal", "-journal"] {
            let path = beside(&self.path, ending);
            if lies(&path)? {
                return Ok(path.file_name().map(|it| it.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }
}

/// Returns the path with `ending` appended to its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Says whether there is a file that is not empty.
pub(super) fn lies(path: &Path) -> Result<bool> {
    let found = or_absent(path, std::fs::metadata(path)).map_err(|it| Error::opening(&it))?;
    Ok(found.is_some_and(|it| it.len() > 0))
}

fn percent_encoded(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.windows(3).any(|it| it[0] == b'%' && it[1].is_ascii_hexdigit() && it[2].is_ascii_hexdigit())
}

impl Error {
    /// Returns why a file or its folder cannot be used.
    pub(super) fn opening(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull => Self::Full,
            _ => Self::Unreadable(reason(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_relative_to_their_base() {
        let check = |url: &str, expected: &str| {
            assert_eq!(Location::parse(url, Path::new("/repo")).unwrap().path, Path::new(expected))
        };
        check("sqlite://.weir/registry.db", "/repo/.weir/registry.db");
        check("sqlite:///var/weir.db", "/var/weir.db");
        check("sqlite:x.db", "/repo/x.db");
        check("../x.db", "/repo/../x.db");
        check("sqlite:///a%b/100%/x~y.db", "/a%b/100%/x~y.db");
    }

    #[test]
    fn what_somebody_else_would_have_to_replace_is_no_location() {
        for url in [
            "postgres://host/db",
            "sqlite://",
            "sqlite:// ",
            "",
            "sqlite://:memory:",
            "sqlite::memory:",
            ":memory:",
            "sqlite:memory:",
            "file:r.db",
            "sqlite://r.db?mode=ro",
            "/x/r.db?",
            "sqlite://~/r.db",
            "~/r.db",
            "~somebody/r.db",
            "sqlite://${HOME}/r.db",
            "$DIR/r.db",
            "sqlite:///a/%2E/r.db",
            "a%20b.db",
            "r.db\n",
            " r.db",
            "r\u{0}.db",
        ] {
            assert!(Location::parse(url, Path::new("/repo")).is_err(), "{url:?}");
        }
    }
}

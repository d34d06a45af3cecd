//! The input of a run from its process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Error, Result};
use crate::diagnostic::{Code, Diagnostic};
use crate::registry::Location;
use crate::render::shown;

/// The folders of a run, the user's choices, and the environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The folder that the run starts in. The repo is at it or above, and relative paths start from it.
    pub directory: PathBuf,
    /// The folder from which paths are shown to people.
    pub here: PathBuf,
    /// The registry chosen for this run, by flag.
    pub registry: Option<String>,
    /// The workspace chosen for this run, by flag.
    pub workspace: Option<String>,
    pub variables: Variables,
    /// The running program. Only the very same program may use its cache; without one, nothing is cached.
    pub program: Option<PathBuf>,
}

/// Environment variables, as values.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub BTreeMap<OsString, OsString>);

/// A chosen value, with the origin of the choice for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub value: String,
    pub from: &'static str,
}

/// The variables that name the person who applies: weir's own, those of CI services, the user of the machine.
const ACTORS: &[&str] = &[
    "WEIR_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_USER_ID",
    "CHANGE_AUTHOR",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BUILD_REQUESTEDFOR",
    "USER",
    "LOGNAME",
];

impl Environment {
    /// Returns an environment that starts in `folder`, with nothing chosen and no variable set.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        let directory = folder.as_ref().to_owned();
        Self { here: directory.clone(), directory, ..Self::default() }
    }

    /// Says whether this runs in CI, where a default registry is lost and a cache may come from the change under
    /// check.
    pub fn in_ci(&self) -> bool {
        let ci = self.variables.0.get(&OsString::from("CI"));
        ci.is_some_and(|it| !it.is_empty() && it != "false" && it != "0")
    }

    /// Returns the name of the person who applies, for the history.
    pub fn actor(&self) -> String {
        let found = ACTORS.iter().find_map(|it| self.variables.get(it).unwrap_or_default());
        found.unwrap_or_else(|| "unknown".to_owned())
    }

    /// Returns the place of a registry, as a person would write it from here.
    pub fn shown(&self, location: &Location) -> String {
        let from_here = location.path.strip_prefix(&self.here).ok().filter(|it| !it.as_os_str().is_empty());
        shown::path(from_here.unwrap_or(&location.path))
    }
}

impl Variables {
    /// Returns a variable. An empty one counts as unset, and one that is not UTF-8 is an error.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.0.get(&OsString::from(name)) else { return Ok(None) };
        match value.to_str() {
            Some(value) => Ok(Some(value.to_owned()).filter(|it| !it.is_empty())),
            None => {
                let diagnostic = Diagnostic::error(Code::G012, format!("environment variable `{name}` is not UTF-8"));
                Err(Error::found(diagnostic.hint(format!("set `{name}` anew, or unset it"))))
            }
        }
    }
}

//! What a run is given from outside.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Error, Result};
use crate::diagnostic::{Code, Diagnostic};
use crate::registry::Location;
use crate::render::shown;

/// Where a run starts, what it is told to use, and the variables that it may read.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The folder that the run starts in: the repo is at it or above, and relative paths start from it.
    pub directory: PathBuf,
    /// The folder from which people name paths.
    pub here: PathBuf,
    /// The registry that somebody names for this run.
    pub registry: Option<String>,
    /// The workspace that somebody names for this run.
    pub workspace: Option<String>,
    pub variables: Variables,
    /// The program that runs. What it remembers is of use to the very same program alone; with none, nothing is remembered.
    pub program: Option<PathBuf>,
}

/// Environment variables, as values.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub BTreeMap<OsString, OsString>);

/// Something that was chosen, and where the choice came from, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub value: String,
    pub from: &'static str,
}

/// Who applies: what is said to weir, then what each CI says of who started it, then the user of the machine.
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
    /// Starts in `folder`, with nothing chosen and no variable set.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        let directory = folder.as_ref().to_owned();
        Self { here: directory.clone(), directory, ..Self::default() }
    }

    /// Says whether this runs in CI: what is not named then dies with the machine, and what is remembered may have come
    /// with the change that is checked.
    pub fn in_ci(&self) -> bool {
        let ci = self.variables.0.get(&OsString::from("CI"));
        ci.is_some_and(|it| !it.is_empty() && it != "false" && it != "0")
    }

    /// Returns who applies, for the history.
    pub fn actor(&self) -> String {
        let found = ACTORS.iter().find_map(|it| self.variables.get(it).unwrap_or_default());
        found.unwrap_or_else(|| "unknown".to_owned())
    }

    /// Returns a registry's place as a person would name it from here.
    pub fn shown(&self, location: &Location) -> String {
        let from_here = location.path.strip_prefix(&self.here).ok().filter(|it| !it.as_os_str().is_empty());
        shown::path(from_here.unwrap_or(&location.path))
    }
}

impl Variables {
    /// Returns a variable; an empty one counts as unset, and one that is no text is an error.
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

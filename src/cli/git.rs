//! What git says of the repo: the commit, and whether files differ from it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use crate::render::json::RepoJson;

/// A question to git that runs while the plan is made.
pub struct Asked(JoinHandle<RepoJson>);

/// Asks for commit and dirtiness of `root`; whoever has no git, or no repo, gets nothing.
pub fn ask(root: &Path) -> Asked {
    let root: PathBuf = root.to_owned();
    Asked(std::thread::spawn(move || {
        let Some(commit) = git(&root, &["rev-parse", "--verify", "HEAD"]) else { return RepoJson::default() };
        let dirty = git(&root, &["status", "--porcelain", "--untracked-files=all", "--", "."]).map(|it| !it.is_empty());
        RepoJson { commit: Some(commit), dirty }
    }))
}

/// Returns the repo's folder inside its git repository, as `folder/`: what GitHub shows begins at the root of that.
pub fn folder(root: &Path) -> String {
    let Ok(root) = root.canonicalize() else { return String::new() };
    let Some(top) = root.ancestors().find(|it| it.join(".git").symlink_metadata().is_ok()) else {
        return String::new();
    };
    let inside = root.strip_prefix(top).unwrap_or(Path::new(""));
    inside.components().map(|it| format!("{}/", it.as_os_str().to_string_lossy())).collect()
}

impl Asked {
    pub fn answer(self) -> RepoJson {
        self.0.join().unwrap_or_default()
    }
}

/// What ties git to one repository, whatever folder it is asked about.
const LOCAL_VARIABLES: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
];

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // A hook of another repo sets these (`git rev-parse --local-env-vars`), and they would win over the folder.
    for name in LOCAL_VARIABLES {
        command.env_remove(name);
    }
    let output = command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .arg("-C")
        .arg(root)
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

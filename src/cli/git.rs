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
        let dirty = git(&root, &["status", "--porcelain", "--", "."]).map(|it| !it.is_empty());
        RepoJson { commit: Some(commit), dirty }
    }))
}

impl Asked {
    pub fn answer(self) -> RepoJson {
        self.0.join().unwrap_or_default()
    }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["--no-optional-locks"])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

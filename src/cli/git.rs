//! The git state of the repo: the commit, and whether files differ from it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use super::context::Context;
use super::stop::Stop;
use crate::diagnostic::{Code, Diagnostic};
use crate::render::json::RepoJson;

/// A question to git that runs while the plan is made. Without a thread for it, it is answered at once.
pub struct Asked(Result<JoinHandle<Answer>, Answer>);

/// The answer of git. It is empty without git or a repository, which is no fault.
#[derive(Debug, Clone, Default)]
struct Answer {
    repo: RepoJson,
    /// The reason in git's own words why it does not say more.
    fault: Option<String>,
}

/// Asks git for the commit of `root`, and whether files differ from it.
pub fn ask(root: &Path) -> Asked {
    let there: PathBuf = root.to_owned();
    Asked(std::thread::Builder::new().spawn(move || answer(&there)).map_err(|_| answer(root)))
}

fn answer(root: &Path) -> Answer {
    let mut repo = RepoJson::default();
    let answered = git(root, &["rev-parse", "--verify", "HEAD"]).and_then(|commit| {
        repo.commit = commit;
        if repo.commit.is_some() {
            let changed = git(root, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
            // Ignore rules of this machine do not count: weir reads such files, so only .gitignore applies.
            let new = git(root, &["ls-files", "--others", "--exclude-per-directory=.gitignore", "--", "."])?;
            repo.dirty = changed.zip(new).map(|(changed, new)| !changed.is_empty() || !new.is_empty());
        }
        Ok(())
    });
    Answer { repo, fault: answered.err() }
}

/// Returns the repo's folder inside its git repository, as `folder/`. GitHub's paths start at the git root.
pub fn folder(root: &Path) -> String {
    let Ok(root) = root.canonicalize() else { return String::new() };
    let Some(top) = root.ancestors().find(|it| it.join(".git").symlink_metadata().is_ok()) else {
        return String::new();
    };
    let inside = root.strip_prefix(top).unwrap_or(Path::new(""));
    inside.components().map(|it| format!("{}/", it.as_os_str().to_string_lossy())).collect()
}

impl Asked {
    /// Returns the answer of git, and warns when it is incomplete.
    pub fn answer(self, context: &Context) -> RepoJson {
        let Answer { repo, fault } = self.wait();
        if let Some(fault) = fault {
            let warning = Diagnostic::warning(Code::P013, format!("git does not say what the repo is at: {fault}"));
            let hint = "run `git status` here as this user: the history will lack the commit";
            context.ui.warn(&warning.hint(trust(&fault).unwrap_or_else(|| hint.to_owned())));
        }
        repo
    }

    /// Returns the answer of git for a repo that equals its commit. Otherwise returns the reason as an error.
    pub fn clean(self) -> Result<RepoJson, Stop> {
        let Answer { repo, fault } = self.wait();
        match fault {
            Some(fault) => {
                let hint = trust(&fault).unwrap_or_else(|| FROM_A_CLONE.to_owned());
                Err(unknown(&format!("git does not say what the repo is at: {fault}"), hint))
            }
            None => require_clean(repo),
        }
    }

    fn wait(self) -> Answer {
        match self.0 {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(answer) => answer,
        }
    }
}

/// Refuses a repo that differs from its commit, or has none.
pub fn require_clean(repo: RepoJson) -> Result<RepoJson, Stop> {
    match repo {
        RepoJson { commit: Some(_), dirty: Some(false) } => Ok(repo),
        RepoJson { commit: Some(commit), dirty: Some(true) } => {
            let short: String = commit.chars().take(10).collect();
            let summary =
                format!("files of the repo differ from commit {short}, and --require-clean wants none that do");
            Err(Stop::diagnostic(Diagnostic::error(Code::P012, summary).hint("commit them: `git status` lists them")))
        }
        RepoJson { .. } => Err(unknown("no commit says what the repo holds", FROM_A_CLONE.to_owned())),
    }
}

const FROM_A_CLONE: &str = "plan and apply from a clone with git, with what is declared committed";

fn unknown(reason: &str, hint: String) -> Stop {
    let summary = format!("{reason}, and --require-clean wants a commit that does");
    Stop::diagnostic(Diagnostic::error(Code::P012, summary).hint(hint))
}

/// Returns the hint for files of another user, as in most containers, when git's fault is about them.
fn trust(fault: &str) -> Option<String> {
    let (_, at) = fault.split_once("dubious ownership in repository at ")?;
    Some(format!("trust this folder: `git config --global --add safe.directory {at}`"))
}

/// The variables that tie git to one repository, whatever folder it is asked about.
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

/// The messages of git, in English, for a folder outside a repository and for a repository without a commit.
const NOTHING_THERE: &[&str] = &["not a git repository (or any", "Needed a single revision"];

/// Returns the output of git, `None` without git or a repository, or the fault.
fn git(root: &Path, arguments: &[&str]) -> Result<Option<String>, String> {
    let mut command = Command::new("git");
    // A hook of another repo sets these (`git rev-parse --local-env-vars`), and they would override the folder.
    for name in LOCAL_VARIABLES {
        command.env_remove(name);
    }
    let output = command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .arg("-C")
        .arg(root)
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if output.status.success() {
        return Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if NOTHING_THERE.iter().any(|it| said.contains(it)) {
        return Ok(None);
    }
    let first = said.lines().map(str::trim).find(|it| !it.is_empty()).unwrap_or("it says nothing");
    Err(first.trim_start_matches("fatal: ").to_owned())
}

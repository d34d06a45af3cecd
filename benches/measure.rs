//! Runs the binary and the clock. What is measured is a whole process, as a person would start it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use weir::render::words;

use crate::generate::Repo;

const WEIR: &str = env!("CARGO_BIN_EXE_weir");
/// GNU time, which reports the peak memory of what it runs; the standard library cannot.
const TIME: &str = "/usr/bin/time";

/// What is measured, in the order in which a run goes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    StartUp,
    Validate,
    FirstApply,
    Plan,
    Edit,
    /// The least that any reader of the repo has to do: read every file and hash it, on one thread.
    Floor,
    /// The same, and every document through serde_yaml, on one thread: what no cache can do without.
    Parse,
}

impl Step {
    pub const ALL: [Self; 7] =
        [Self::StartUp, Self::Validate, Self::FirstApply, Self::Plan, Self::Edit, Self::Floor, Self::Parse];

    /// Returns the arguments, or nothing for what is measured without weir.
    fn arguments(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Self::StartUp => &["--version"],
            Self::Validate => &["validate", "--offline"],
            // The sources of a generated repo do not exist, so no run may open them.
            Self::FirstApply | Self::Edit => &["apply", "--yes", "--offline"],
            // Exits 2 when there are changes: a plan that does something is not what is measured.
            Self::Plan => &["plan", "--offline", "--detailed-exitcode"],
            Self::Floor | Self::Parse => return None,
        })
    }

    /// Returns what the last line of stdout says when the run did what it was meant to do.
    fn outcome(self, count: usize) -> Option<String> {
        match self {
            Self::FirstApply => Some(format!("Applied {} ", words::count(count, "change"))),
            Self::Edit => Some("Applied 1 change ".to_owned()),
            _ => None,
        }
    }

    /// Brings the repo into the state that the step starts from.
    fn prepare(self, repo: &Repo, nth: usize) -> Result<()> {
        match self {
            Self::Validate | Self::FirstApply => repo.forget().context("the folder .weir cannot be removed"),
            Self::Edit => repo.edit(nth).context("a declaration cannot be edited"),
            // The first plan after a change may still write the cache that the second one reads.
            Self::Plan => run(repo, self).map(|_| ()),
            Self::StartUp | Self::Floor | Self::Parse => Ok(()),
        }
    }

    /// Measures the step once; `nth` numbers the edits of a repo.
    pub fn measure(self, repo: &Repo, nth: usize) -> Result<Duration> {
        self.prepare(repo, nth)?;
        match self {
            Self::Floor => floor(repo, |text| {
                std::hint::black_box(blake3::hash(text.as_bytes()));
            }),
            Self::Parse => floor(repo, parse),
            _ => run(repo, self),
        }
    }

    /// Returns the peak memory of weir in KB; only where `tells_memory`. Without weir there is none to measure.
    pub fn peak_memory_kb(self, repo: &Repo, nth: usize) -> Result<Option<u64>> {
        let Some(arguments) = self.arguments() else { return Ok(None) };
        self.prepare(repo, nth)?;
        let mut timed = clean(TIME);
        let stderr = output(timed.args(["-f", "%M", WEIR]).args(arguments), repo)?.1;
        let kb = stderr.lines().last().and_then(|it| it.trim().parse().ok());
        Ok(Some(kb.with_context(|| format!("{TIME} did not say the peak memory:\n{stderr}"))?))
    }
}

fn run(repo: &Repo, step: Step) -> Result<Duration> {
    let arguments = step.arguments().expect("only the floor is measured without weir");
    let mut weir = clean(WEIR);
    weir.args(arguments);
    let start = Instant::now();
    let (stdout, _) = output(&mut weir, repo)?;
    let elapsed = start.elapsed();
    if let Some(outcome) = step.outcome(repo.count) {
        let last = stdout.lines().last().unwrap_or_default().replace(',', "");
        ensure!(last.starts_with(&outcome), "`weir {}` says `{last}`, not `{outcome}...`", arguments.join(" "));
    }
    Ok(elapsed)
}

/// Returns what was printed; a command that fails is an error with its stderr.
fn output(command: &mut Command, repo: &Repo) -> Result<(String, String)> {
    command.current_dir(&repo.folder).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("{command:?} in {} failed, {}:\n{stderr}", repo.folder.display(), output.status);
    }
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), stderr))
}

/// Returns a command that the settings of whoever runs this do not reach.
fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    let ours = |name: &OsString| name == "CI" || name.to_string_lossy().starts_with("WEIR_");
    for name in std::env::vars_os().map(|it| it.0).filter(ours) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1");
    command
}

/// Says whether this machine tells how much memory a process needed.
pub fn tells_memory() -> bool {
    let answer = Command::new(TIME).args(["-f", "%M", WEIR, "--version"]).output();
    answer.is_ok_and(|it| String::from_utf8_lossy(&it.stderr).trim().parse::<u64>().is_ok())
}

fn floor(repo: &Repo, look: impl Fn(&str)) -> Result<Duration> {
    let start = Instant::now();
    read_files(&repo.folder, &look).context("the repo cannot be read")?;
    Ok(start.elapsed())
}

fn read_files(folder: &Path, look: &impl Fn(&str)) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != ".weir" {
                read_files(&path, look)?;
            }
        } else if path.extension().is_some_and(|it| it == "yaml") {
            look(std::hint::black_box(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn parse(text: &str) {
    use serde::Deserialize as _;
    for document in serde_yaml::Deserializer::from_str(text) {
        let read = serde::de::IgnoredAny::deserialize(document);
        std::hint::black_box(read).expect("what was generated is YAML");
    }
}

/// Puts the repo under git, with everything committed: apply asks git for the commit and for what differs from it.
pub fn commit_to_git(repo: &Repo) -> Result<()> {
    let identity = ["-c", "user.name=weir", "-c", "user.email=weir@example.com", "-c", "gc.auto=0"];
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "generated"]] {
        output(clean("git").args(identity).args(arguments), repo)?;
    }
    Ok(())
}

/// Lets the disk finish what was generated, so that no commit has to wait for it.
pub fn settle() {
    // Where there is no such command, the first runs are a little noisier.
    let _ = Command::new("sync").status();
}

//! What the tests share: the real binary in a clean environment, and feature repos in folders of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::child;

/// The moment that every test runs at, unless it says another.
pub const NOW: &str = "2026-11-21T00:00:00Z";

/// Returns the real binary, run in `folder`, with nothing of the developer's environment but PATH.
pub fn weir(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    clean(&mut command).current_dir(folder);
    command
}

/// Takes the developer's environment away.
pub fn clean(command: &mut Command) -> &mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    command
        .env("WEIR_NOW", NOW)
        .env("WEIR_ACTOR", "tester")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", "/")
}

/// A feature repo in a folder that goes away with it.
pub struct Repo {
    folder: TempDir,
}

impl Repo {
    /// Makes a repo of these files; `weir.toml` is empty unless it is among them.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap() };
        repo.write("weir.toml", "");
        files.iter().for_each(|(path, text)| repo.write(path, text));
        repo
    }

    /// Makes a copy of a whole repo, without what is local to the original.
    pub fn copy_of(original: &Path) -> Self {
        fn copy(from: &Path, to: &Path) {
            std::fs::create_dir_all(to).unwrap();
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                if entry.path().is_dir() && entry.file_name() != ".weir" {
                    copy(&entry.path(), &to.join(entry.file_name()));
                } else if entry.path().is_file() {
                    std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                }
            }
        }
        let repo = Self { folder: tempfile::tempdir().unwrap() };
        copy(original, repo.path());
        repo
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn registry(&self) -> PathBuf {
        self.path().join(".weir/registry.db")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).unwrap();
    }

    /// Runs weir here.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(weir(self.path()).args(arguments))
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Self::from(child::output(command))
    }

    /// Stops the test, with all that was said, unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Says whether a program is there. In CI, where it has to be, its absence is a failure.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps PostgreSQL's programs beside the path, by version.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = std::env::split_paths(&path)
        .chain(versions.map(|it| it.path().join("bin")))
        .any(|it| it.join(program).is_file());
    if !found {
        assert!(std::env::var("CI").is_err(), "`{program}` is not installed, and in CI it has to be");
        eprintln!("SKIPPED: `{program}` is not installed");
    }
    found
}

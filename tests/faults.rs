//! Bad input and faults: one clear message, the right exit code, and a registry that reads as before or as after.

mod back;
mod beginning;
mod check;
mod git;
mod input;
mod kill;
mod project;
mod queries;
mod races;
mod registry;
mod saved;
mod secrets;
mod shell;
#[cfg(unix)]
mod walk;
mod yaml;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

use crate::child;
use crate::support::{Repo, Run, weir};

/// The smallest declaration, and the same after an edit.
const USER: &str = "kind: Entity\nname: user\n";
const USER_EDITED: &str = "kind: Entity\nname: user\ndescription: whoever clicks\n";

/// Longer than any answer may take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a command that must not hang.
#[track_caller]
fn answer(command: &mut Command) -> Run {
    Run::from(child::output_within(command, PATIENCE))
}

/// Runs weir in the repo's folder, where it must not hang.
#[track_caller]
fn run(repo: &Repo, arguments: &[&str]) -> Run {
    answer(weir(repo.path()).args(arguments))
}

/// Compares what was said, with the repo's folder written as `REPO`.
#[track_caller]
fn says(repo: &Repo, said: &str, expected: &str) {
    let said = said.replace(repo.path().to_str().unwrap(), "REPO");
    assert!(said.trim() == expected.trim(), "\n--- expected\n{}\n--- said\n{}", expected.trim(), said.trim());
}

/// A repo of `USER`, applied, with all of its registry in the one file.
fn applied() -> Repo {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    settle(&repo.registry());
    repo
}

/// Returns everything that the registry says: its resources in full and its history.
fn recorded(repo: &Repo) -> String {
    let list = run(repo, &["-q", "list", "--format", "json"]);
    if list.stderr.starts_with("error[G010]: there is no registry at") {
        return "[]\n[]\n".to_owned();
    }
    let list = list.exits(0).stdout;
    list + &run(repo, &["-q", "log", "--format", "json"]).exits(0).stdout
}

/// The registry's bytes: its file and its log.
fn bytes(repo: &Repo) -> (Vec<u8>, Vec<u8>) {
    let log = repo.path().join(".weir/registry.db-wal");
    (std::fs::read(repo.registry()).unwrap_or_default(), std::fs::read(log).unwrap_or_default())
}

/// Waits for what SQLite does.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path).create_if_missing(true)).await.unwrap()
}

/// Runs statements past weir, and leaves one file.
fn sql(path: &Path, statements: &'static str) {
    wait(async {
        let mut connection = connect(path).await;
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Asks for the one value of a query.
fn ask(path: &Path, query: &'static str) -> String {
    wait(async {
        let mut connection = connect(path).await;
        let row = sqlx::query(query).fetch_one(&mut connection).await.unwrap();
        let value = row.try_get::<String, _>(0).unwrap();
        connection.close().await.unwrap();
        value
    })
}

/// Brings everything that was written into the one file.
fn settle(path: &Path) {
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Makes the command one that file permissions hold for, also when root runs the tests.
#[cfg(unix)]
fn unprivileged(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    if is_root() { command.uid(65534).gid(65534) } else { command }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Says who may do what with a file or folder.
#[cfg(unix)]
fn permit(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

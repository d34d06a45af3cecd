//! A registry that is read-only, locked, full, newer, damaged, or none at all.

use std::path::Path;
use std::process::Command;

use sqlx::Connection as _;

use super::{USER, USER_EDITED, answer, applied, bytes, connect, recorded, run, says, settle, sql, wait};
use crate::child;
use crate::support::{Repo, Run, clean, weir};

/// Checks that whoever asks is told `expected`, and that no byte is written.
#[track_caller]
fn check(repo: &Repo, expected: &str) {
    repo.write("user.yaml", USER_EDITED);
    let before = bytes(repo);
    for arguments in [&["-q", "plan"][..], &["list"], &["log"], &["show", "user"], &["workspace", "list"]] {
        says(repo, &run(repo, arguments).exits(1).stderr, expected);
    }
    let nothing = format!("{}\nNothing was applied.", expected.trim());
    says(repo, &run(repo, &["-q", "apply", "-y"]).exits(1).stderr, &nothing);
    says(repo, &run(repo, &["-q", "destroy", "-y"]).exits(1).stderr, &nothing);
    assert!(before == bytes(repo), "the registry was written to");
}

/// An applied repo whose registry's bytes went through `damage`.
fn damaged(damage: impl FnOnce(&mut Vec<u8>)) -> Repo {
    let repo = applied();
    let mut all = bytes(&repo).0;
    damage(&mut all);
    std::fs::write(repo.registry(), all).unwrap();
    repo
}

/// Bytes that look like nothing, and are the same every time.
fn junk(count: usize) -> impl Iterator<Item = u8> {
    (0..count as u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8 | 1)
}

#[test]
fn junk_in_the_place_of_a_registry_is_not_touched() {
    check(
        &damaged(|it| *it = junk(5000).collect()),
        "
error[G006]: registry .weir/registry.db: it is damaged: file is not a database
hint: put a backup copy in its place; nothing was written",
    );
}

#[test]
fn a_registry_that_was_cut_off_is_not_touched() {
    for length in [50, 4096, 20_000] {
        check(
            &damaged(|it| it.truncate(length)),
            "
error[G006]: registry .weir/registry.db: it is damaged: database disk image is malformed
hint: put a backup copy in its place; nothing was written",
        );
    }
}

#[test]
fn a_registry_with_pages_overwritten_is_not_touched() {
    check(
        &damaged(|it| {
            let rest = it.len() - 4096;
            it.splice(4096.., junk(rest));
        }),
        "
error[G006]: registry .weir/registry.db: it is damaged: database disk image is malformed
hint: put a backup copy in its place; nothing was written",
    );
}

#[test]
fn a_row_that_makes_no_sense_is_named() {
    let repo = applied();
    sql(&repo.registry(), "UPDATE resource SET digest = 'x'");
    let run = run(&repo, &["-q", "list"]).exits(1);
    assert!(run.stderr.starts_with("error[G006]: registry .weir/registry.db: it is damaged: "), "{}", run.stderr);
    let repo = applied();
    sql(&repo.registry(), "UPDATE resource SET spec = '{', digest = replace(digest, '1', '2')");
    let run = super::run(&repo, &["-q", "list"]).exits(1);
    assert!(run.stderr.starts_with("error[G006]: registry .weir/registry.db: it is damaged: "), "{}", run.stderr);
}

#[test]
fn a_newer_registry_is_left_to_a_newer_weir() {
    let repo = applied();
    sql(&repo.registry(), "PRAGMA user_version = 99");
    check(
        &repo,
        "
error[G002]: registry .weir/registry.db: it was written by a newer weir (format 99, this weir reads up to 2)
hint: use the weir that wrote it, or a newer one",
    );
    assert!(run(&repo, &["registry", "migrate"]).exits(1).stderr.starts_with("error[G002]: "));
}

#[test]
fn a_sqlite_file_of_somebody_else_is_not_called_damaged() {
    for statements in [
        "CREATE TABLE song (title TEXT)",
        "CREATE TABLE song (title TEXT); PRAGMA user_version = 1",
        "CREATE TABLE resource (title TEXT); PRAGMA user_version = 1",
    ] {
        let repo = Repo::new(&[(".weir/.gitignore", "*\n")]);
        sql(&repo.registry(), statements);
        check(
            &repo,
            "
error[G006]: registry .weir/registry.db: it is a SQLite file, and not a registry
hint: name another file with --registry, WEIR_REGISTRY_URL, or `url` under [registry] in weir.toml",
        );
    }
}

#[test]
fn migrate_says_the_same_of_what_is_no_registry() {
    let repo = Repo::new(&[(".weir/.gitignore", "*\n")]);
    sql(&repo.registry(), "CREATE TABLE song (title TEXT); PRAGMA user_version = 1");
    let before = bytes(&repo);
    assert!(run(&repo, &["registry", "migrate"]).exits(1).stderr.starts_with("error[G006]: "));
    assert!(before == bytes(&repo));
}

#[test]
fn a_folder_in_the_place_of_a_registry_is_named() {
    let repo = Repo::new(&[(".weir/registry.db/x", "")]);
    check(&repo, "error[G001]: registry .weir/registry.db: it is a folder, not a file");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_registry_is_not_waited_for() {
    let repo = Repo::new(&[(".weir/.gitignore", "*\n")]);
    child::succeed(Command::new("mkfifo").arg(repo.registry()));
    let list = run(&repo, &["list"]).exits(1);
    says(&repo, &list.stderr, "error[G001]: registry .weir/registry.db: it is not a file");
}

#[test]
fn an_empty_file_is_no_beginning() {
    let repo = Repo::new(&[("user.yaml", USER), (".weir/registry.db", "")]);
    check(
        &repo,
        "
error[G006]: registry .weir/registry.db: it is an empty file
hint: put a backup copy in its place; or remove it, if there never was a registry",
    );
}

#[test]
fn a_copy_of_the_file_holds_what_was_applied() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    let copy = Repo::new(&[("user.yaml", USER), (".weir/.gitignore", "*\n")]);
    std::fs::copy(repo.registry(), copy.registry()).unwrap();
    assert_eq!(recorded(&copy), recorded(&repo), "what is applied lies in another file, and a backup forgets it");
}

#[test]
fn reading_leaves_no_file_behind() {
    let repo = applied();
    for arguments in [&["list"][..], &["log"], &["-q", "plan"], &["show", "user"]] {
        run(&repo, arguments).exits(0);
    }
    let mut names: Vec<_> =
        std::fs::read_dir(repo.path().join(".weir")).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".gitignore", "parse.cache", "registry.db"]);
}

#[test]
fn reading_goes_on_under_a_lock_and_apply_waits_then_says_so() {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = recorded(&repo);
    wait(async {
        let mut other = connect(&repo.registry()).await;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        assert_eq!(recorded(&repo), before);
        run(&repo, &["-q", "plan", "--detailed-exitcode"]).exits(2);
        says(
            &repo,
            &run(&repo, &["-q", "apply", "-y"]).exits(1).stderr,
            "
error[G007]: registry .weir/registry.db: another process holds its lock
hint: wait for the other process to end, then try again
Nothing was applied.",
        );
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
    });
    assert_eq!(recorded(&repo), before);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
}

/// Lets everybody look into the repo, and nobody write to its registry or beside it.
#[cfg(unix)]
fn forbid_writing(repo: &Repo, registry: &Path) {
    super::permit(repo.path(), 0o755);
    super::permit(registry, 0o444);
    super::permit(registry.parent().unwrap(), 0o555);
}

/// Runs weir as somebody whom permissions hold for.
#[cfg(unix)]
#[track_caller]
fn run_unprivileged(repo: &Repo, arguments: &[&str]) -> Run {
    let run = answer(super::unprivileged(weir(repo.path()).args(arguments)));
    super::permit(&repo.path().join(".weir"), 0o755);
    run
}

/// What a first apply leaves that was killed: the file alone is half of what it should be.
#[cfg(unix)]
#[test]
fn a_journal_that_waits_to_be_undone_is_not_read_past() {
    let repo = applied();
    settle(&repo.registry());
    let mut journal = vec![0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    journal.resize(512, 1);
    std::fs::write(repo.path().join(".weir/registry.db-journal"), journal).unwrap();
    forbid_writing(&repo, &repo.registry());
    let list = run_unprivileged(&repo, &["-q", "list"]).exits(1);
    assert!(list.stderr.starts_with("error[G00"), "{}", list.stderr);
}

#[cfg(unix)]
#[test]
fn a_read_only_registry_is_read_and_not_written() {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = (recorded(&repo), {
        settle(&repo.registry());
        bytes(&repo)
    });
    forbid_writing(&repo, &repo.registry());
    let list = run_unprivileged(&repo, &["-q", "list", "--format", "json"]).exits(0);
    assert!(before.0.starts_with(&list.stdout));
    forbid_writing(&repo, &repo.registry());
    run_unprivileged(&repo, &["-q", "plan", "--detailed-exitcode"]).exits(2);
    forbid_writing(&repo, &repo.registry());
    let apply = run_unprivileged(&repo, &["-q", "apply", "-y"]).exits(1);
    says(
        &repo,
        &apply.stderr,
        "
error[G008]: registry .weir/registry.db: it cannot be written: read-only
hint: make the file and its folder writable
Nothing was applied.",
    );
    assert_eq!((recorded(&repo), bytes(&repo)), before);
}

#[cfg(unix)]
#[test]
fn a_read_only_registry_of_any_name_is_read_with_all_that_was_applied() {
    for name in ["registry", "features.sqlite"] {
        let repo = Repo::new(&[("user.yaml", USER), (".weir/.gitignore", "*\n")]);
        let url = format!("sqlite://.weir/{name}");
        run(&repo, &["-q", "apply", "-y", "--create-registry", "--registry", &url]).exits(0);
        // What a process that was killed leaves behind: the log, and no index of it.
        let _ = std::fs::remove_file(repo.path().join(format!(".weir/{name}-shm")));
        forbid_writing(&repo, &repo.path().join(".weir").join(name));
        let list = run_unprivileged(&repo, &["-q", "list", "--registry", &url]);
        let read = list.code == Some(0) && list.stdout.contains("Entity.user");
        assert!(read || list.stderr.starts_with("error[G001]: "), "half of the registry was read: {list:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_files_is_named() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    super::permit(repo.path(), 0o555);
    let apply = answer(super::unprivileged(weir(repo.path()).args(["-q", "apply", "-y"]))).exits(1);
    super::permit(repo.path(), 0o755);
    says(
        &repo,
        &apply.stderr,
        "
error[G001]: registry .weir/registry.db: its folder cannot be made: permission denied
hint: make its folder writable
Nothing was applied.",
    );
}

/// Many entities, so that an apply writes more than the limits below.
fn entities(words: &str) -> String {
    (0..400).map(|it| format!("---\nkind: Entity\nname: e{it}\ndescription: {words}\n")).collect()
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_leaves_the_registry_as_it_was() {
    let repo = Repo::new(&[("all.yaml", &entities("the first"))]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    settle(&repo.registry());
    let before = recorded(&repo);
    let whole = bytes(&repo).0;
    repo.write("all.yaml", &entities("the second"));
    let limited = |blocks: u64| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" -q apply -y");
        let mut command = Command::new("sh");
        answer(clean(&mut command).current_dir(repo.path()).args(["-c", &script, env!("CARGO_BIN_EXE_weir")]))
    };
    for blocks in [0, 1, 8, 50, 70, 100, 150, 200] {
        std::fs::write(repo.registry(), &whole).unwrap();
        let apply = limited(blocks).exits(1);
        let (error, full) = ("the disk reports an error: disk I/O error", "it cannot be written: the disk is full");
        let hint = "hint: free some space, then apply again: the registry is as it was";
        // Where the index of the log finds no room, there is none.
        let said = match apply.stderr.contains(full) {
            true => format!("error[G008]: registry .weir/registry.db: {full}\n{hint}\nNothing was applied."),
            false => format!("error[G001]: registry .weir/registry.db: {error}\nNothing was applied."),
        };
        says(&repo, &apply.stderr, &said);
        assert_eq!(recorded(&repo), before, "with {blocks} blocks");
        assert!(whole == bytes(&repo).0, "with {blocks} blocks");
        let _ = std::fs::remove_file(repo.path().join(".weir/registry.db-wal"));
        let _ = std::fs::remove_file(repo.path().join(".weir/registry.db-shm"));
    }
    limited(1_000_000).exits(0);
    assert_ne!(recorded(&repo), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_registry_as_it_was() {
    let repo = Repo::new(&[("all.yaml", &entities("the first"))]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    settle(&repo.registry());
    let before = recorded(&repo);
    repo.write("all.yaml", &entities("the second"));
    // A disk of its own, in a namespace of its own: it goes away with the script.
    let script = "mkdir disk && mount -t tmpfs -o size=240k tmpfs disk || exit 99
        cp .weir/registry.db disk/registry.db || exit 99
        url=sqlite://disk/registry.db
        \"$0\" -q apply -y --registry $url > said; echo $? >> said
        \"$0\" -q list --format json --registry $url; \"$0\" -q log --format json --registry $url";
    let mut command = Command::new("unshare");
    clean(&mut command).current_dir(repo.path()).args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_weir")]);
    let run = answer(&mut command);
    if run.code == Some(99) || run.stderr.starts_with("unshare: ") {
        assert!(std::env::var("CI").is_err(), "no disk can be mounted here, and in CI it has to be: {run:?}");
        eprintln!("SKIPPED: no disk can be mounted here: {}", run.stderr);
        return;
    }
    says(
        &repo,
        &run.stderr,
        "
error[G008]: registry disk/registry.db: it cannot be written: the disk is full
hint: free some space, then apply again: the registry is as it was
Nothing was applied.",
    );
    assert!(std::fs::read_to_string(repo.path().join("said")).unwrap().ends_with("\n1\n"));
    assert_eq!(run.stdout, before);
}

/// Where nobody may write or look, the reason is said, and what to do.
#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named_with_its_reason() {
    let repo = Repo::new(&[("user.yaml", USER), (".weir/.gitignore", "*\n")]);
    super::permit(repo.path(), 0o755);
    super::permit(&repo.path().join(".weir"), 0o555);
    let apply = run_unprivileged(&repo, &["-q", "apply", "-y"]).exits(1);
    says(
        &repo,
        &apply.stderr,
        "
error[G001]: registry .weir/registry.db: its folder takes no files: permission denied
hint: make its folder writable
Nothing was applied.",
    );
    super::permit(&repo.path().join(".weir"), 0o700);
    let apply = run_unprivileged(&repo, &["-q", "apply", "-y"]).exits(1);
    says(
        &repo,
        &apply.stderr,
        "
error[G012]: the selected workspace cannot be read from `REPO/.weir/workspace`: permission denied
hint: run `weir workspace select NAME` again, or remove the file
Nothing was applied.",
    );
    super::permit(&repo.path().join(".weir"), 0o700);
    let apply = run_unprivileged(&repo, &["-q", "apply", "-y", "-w", "prod"]).exits(1);
    says(
        &repo,
        &apply.stderr,
        "
error[G001]: registry .weir/registry.db: it cannot be opened: permission denied
hint: make the file and its folder readable and writable for this user, and mount what is not there
Nothing was applied.",
    );
}

/// A disk on which not even the index of the log finds room.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_without_any_room_is_read_and_called_full() {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let script = "mkdir disk && mount -t tmpfs -o size=200k tmpfs disk || exit 99
        cp .weir/registry.db disk/registry.db || exit 99
        head -c 10M /dev/zero > disk/fill 2> /dev/null
        url=sqlite://disk/registry.db
        \"$0\" -q list --registry $url > listed || exit 1
        \"$0\" -q plan --registry $url > planned || exit 2
        \"$0\" -q apply -y --registry $url > said && exit 3
        rm disk/fill
        \"$0\" -q list --registry $url > after && cmp listed after || exit 4
        \"$0\" registry check --registry $url";
    let mut command = Command::new("unshare");
    clean(&mut command).current_dir(repo.path()).args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_weir")]);
    let run = answer(&mut command);
    if run.code == Some(99) || run.stderr.starts_with("unshare: ") {
        assert!(std::env::var("CI").is_err(), "no disk can be mounted here, and in CI it has to be: {run:?}");
        eprintln!("SKIPPED: no disk can be mounted here: {}", run.stderr);
        return;
    }
    let run = run.exits(0);
    says(
        &repo,
        &run.stderr,
        "
error[G008]: registry disk/registry.db: it cannot be written: the disk is full
hint: free some space, then apply again: the registry is as it was
Nothing was applied.",
    );
    assert_eq!(run.stdout, "disk/registry.db is whole: 1 resource in 1 workspace, 1 apply.\n");
}

/// A new kind needs no migration, so a registry of today's format may hold one that is not known yet.
#[test]
fn a_kind_that_is_not_known_was_written_by_a_newer_weir_and_is_no_damage() {
    let newer = "INSERT INTO resource (workspace_id, kind, name, spec, digest, prevent_destroy, depends_on, wire_order,
            first_serial, last_serial)
        SELECT workspace_id, 'RealtimeFeatureView', 'scores', '{}', digest, 0, '[]', '[]', 1, 1 FROM resource LIMIT 1";
    let depending = "UPDATE resource SET depends_on = '[\"RealtimeFeatureView.scores\"]'";
    for statement in [newer, depending] {
        let repo = applied();
        sql(&repo.registry(), statement);
        let before = super::bytes(&repo);
        for command in [&["-q", "plan"][..], &["-q", "apply", "-y"], &["list"], &["show", "user"], &["destroy", "-y"]] {
            repo.write("user.yaml", USER_EDITED);
            let said = run(&repo, command).exits(1);
            let words = "error[G002]: registry .weir/registry.db: it was written by a newer weir: it holds \
                         `RealtimeFeatureView.scores`, of a kind that this weir does not know
hint: use the weir that wrote it, or a newer one\n";
            assert!(said.stderr.starts_with(words), "{command:?}: {said:?}");
        }
        assert!(before == super::bytes(&repo), "{statement}");
        let said = run(&repo, &["registry", "check"]).exits(1);
        assert!(said.stderr.contains("it was written by a newer weir"), "{said:?}");
        assert!(!said.stderr.contains("damaged") && !said.stderr.contains("backup"), "{said:?}");
    }
}

#[test]
fn a_change_or_a_job_of_a_kind_that_is_not_known_was_written_by_a_newer_weir() {
    let repo = applied();
    sql(&repo.registry(), "UPDATE change SET kind = 'RealtimeFeatureView'");
    for command in [&["diff", "0", "1"][..], &["restore", "0", "-y"]] {
        let said = run(&repo, command).exits(1);
        assert!(said.stderr.starts_with("error[G002]: "), "{command:?}: {said:?}");
    }
}

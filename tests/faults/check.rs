//! `registry check` reads all of a registry; `registry backup` copies it; missing triggers are noticed by everybody.

use std::process::Stdio;

use super::{USER, USER_EDITED, applied, run, says, settle, sql};
use crate::support::{Repo, Run, weir};

/// A registry with every kind, a history and work that waits.
fn example() -> Repo {
    let repo = Repo::copy_of(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example"));
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    run(&repo, &["workspace", "create", "dev"]).exits(0);
    run(&repo, &["-q", "apply", "-y", "-w", "dev"]).exits(0);
    let entities = std::fs::read_to_string(repo.path().join("entities.yaml")).unwrap();
    repo.write("entities.yaml", &entities.replacen("description: ", "description: Edited. ", 1));
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    run(&repo, &["-q", "restore", "1", "-y"]).exits(0);
    settle(&repo.registry());
    repo
}

fn check(repo: &Repo) -> Run {
    run(repo, &["registry", "check"])
}

/// Does as a hand does that knows SQLite: the triggers go, and come back as they were.
#[track_caller]
fn past_the_triggers(repo: &Repo, statements: &str) {
    let script = "import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); c.isolation_level = None
triggers = c.execute(\"SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'\").fetchall()
for name, _ in triggers: c.execute('DROP TRIGGER ' + name)
c.executescript(sys.argv[2])
for _, sql in triggers: c.execute(sql)
c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); c.close()";
    let mut python = std::process::Command::new("python3");
    let done = super::answer(python.args(["-c", script]).arg(repo.registry()).arg(statements).stdin(Stdio::null()));
    done.exits(0);
}

#[test]
fn a_registry_that_is_whole_says_so() {
    says(
        &example(),
        &check(&example()).exits(0).stdout,
        ".weir/registry.db is whole: 70 resources in 2 workspaces, 4 applies.",
    );
}

#[test]
fn every_fault_of_a_registry_is_found_and_named() {
    let whole = example();
    let bytes = std::fs::read(whole.registry()).unwrap();
    for (statements, fault) in [
        // A flag, changed past the triggers: the state is as it was.
        (
            "UPDATE resource SET prevent_destroy = 0 WHERE name = 'click_event_source'",
            "not protected, and its spec says protected",
        ),
        ("UPDATE resource SET prevent_destroy = 1 WHERE name = 'ad'", "protected, and its spec says not protected"),
        ("UPDATE resource SET spec = json_set(spec, '$.owner', 'me') WHERE name = 'ad'", "the digest of `Entity.ad`"),
        (
            "UPDATE resource SET spec = json_set(spec, '$.owner', 'me') WHERE name = 'ad'",
            "`Entity.ad` of workspace `dev` is not what its history leads to",
        ),
        (
            "UPDATE resource SET digest = '00000000000000000000000000000000' WHERE name = 'ad'",
            "the state of workspace `prod` is not that of its rows",
        ),
        ("UPDATE resource SET digest = 'x' WHERE name = 'ad'", "its digest makes no sense"),
        ("UPDATE resource SET spec = '{' WHERE name = 'ad'", "cannot be read"),
        (
            "UPDATE resource SET depends_on = '[\"Entity.nobody\"]' WHERE name = 'card_spend'",
            "depends on `Entity.nobody`, which is not recorded",
        ),
        ("UPDATE resource SET depends_on = 'x' WHERE name = 'card_spend'", "its depends_on makes no sense"),
        (
            "UPDATE resource SET wire_order = '[\"a.b\",\"a.b\"]' WHERE name = 'fraud_score'",
            "its wire_order makes no sense",
        ),
        ("UPDATE resource SET derived_schema = '{}' WHERE name = 'cards'", "its derived_schema makes no sense"),
        ("UPDATE resource SET last_serial = 9 WHERE name = 'ad'", "has the serials"),
        ("DELETE FROM resource WHERE name = 'ad'", "depends on `Entity.ad`, which is not recorded"),
        ("UPDATE workspace SET state = 'x'", "the state of workspace `dev` is not that of its rows"),
        ("UPDATE workspace SET serial = 2 WHERE name = 'prod'", "is at serial 2, and its history has 3 applies"),
        ("DELETE FROM apply WHERE serial = 2", "workspace `prod` is at serial 3, and its history has 2 applies"),
        ("UPDATE apply SET summary = '{' WHERE serial = 2", "the summary of serial 2"),
        ("UPDATE change SET after = '{\"x\": 1}' WHERE serial = 2", "cannot be read"),
        ("DELETE FROM change WHERE serial = 3", "is not what its history leads to"),
        ("UPDATE change SET serial = 7 WHERE serial = 3", "changes in an apply that is not there"),
        ("UPDATE job SET resource_id = 999", "waits for a resource that is not recorded"),
        ("DELETE FROM registry", "the table `registry` has 0 rows"),
        ("DROP INDEX protected", "the index `protected` is missing"),
        ("DROP VIEW protection", "the view `protection` is missing"),
        ("ALTER TABLE job ADD COLUMN more TEXT", "the table `job` is not as weir made it"),
        ("DROP VIEW dependency; CREATE VIEW dependency AS SELECT 1", "the view `dependency` is not as weir made it"),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM workspace WHERE name = 'dev'",
            "a row of `resource` names a row of `workspace` that is not there",
        ),
    ] {
        std::fs::write(whole.registry(), &bytes).unwrap();
        past_the_triggers(&whole, statements);
        let said = check(&whole).exits(1);
        assert!(said.stderr.contains(fault), "{statements}: {said:?}");
        assert!(
            said.stderr.lines().all(|it| it.starts_with("error[G006]: ") || it.starts_with("hint: ") || it.is_empty()),
            "{said:?}"
        );
        assert!(said.stderr.ends_with("hint: put a backup copy in its place; nothing was written\n"), "{said:?}");
    }
    std::fs::write(whole.registry(), &bytes).unwrap();
    check(&whole).exits(0);
}

#[test]
fn a_trigger_that_weir_did_not_make_is_named() {
    let repo = applied();
    sql(&repo.registry(), "CREATE TRIGGER quiet BEFORE DELETE ON resource BEGIN SELECT RAISE(IGNORE); END");
    let said = check(&repo).exits(1);
    assert!(said.stderr.contains("the trigger `quiet` is not of weir's making"), "{said:?}");
}

#[test]
fn a_page_that_is_torn_is_found() {
    let repo = example();
    let mut bytes = std::fs::read(repo.registry()).unwrap();
    let at = bytes.len() - 4096 * 3;
    bytes[at..at + 64].fill(0xa5);
    std::fs::write(repo.registry(), &bytes).unwrap();
    let said = check(&repo).exits(1);
    assert!(said.stderr.starts_with("error[G006]: registry .weir/registry.db: "), "{said:?}");
}

/// Whoever opens a registry counts its guard.
#[test]
fn a_registry_without_its_triggers_is_not_used_until_they_are_put_back() {
    for damage in [
        "DROP TRIGGER guard_delete",
        "DROP TRIGGER guard_rename; DROP TRIGGER forget_on_update",
        "DROP TRIGGER guard_workspace_mode; CREATE TRIGGER guard_workspace_mode BEFORE UPDATE ON workspace BEGIN SELECT 1; END",
        // As format 1 had it.
        "DROP TRIGGER guard_identity; CREATE TRIGGER guard_identity BEFORE UPDATE ON resource
         WHEN OLD.prevent_destroy = 1 AND NEW.kind <> OLD.kind BEGIN SELECT RAISE(ABORT, 'weir: no'); END",
    ] {
        let repo = applied();
        sql(&repo.registry(), damage);
        repo.write("user.yaml", USER_EDITED);
        let name = damage["DROP TRIGGER ".len()..].split(';').next().unwrap();
        for command in [&["-q", "plan"][..], &["-q", "apply", "-y"], &["list"], &["registry", "init"]] {
            let said = run(&repo, command).exits(1);
            assert!(
                said.stderr
                    .starts_with("error[G006]: registry .weir/registry.db: its triggers are not as weir made them: ")
            );
            assert!(said.stderr.contains(name), "{said:?}");
            assert!(said.stderr.contains("\nhint: run `weir registry migrate`: it makes a backup copy"), "{said:?}");
        }
        assert!(check(&repo).exits(1).stderr.contains(&format!("the trigger `{name}` is ")));
        let said = run(&repo, &["registry", "migrate"]).exits(0);
        assert!(said.stdout.starts_with("Put back triggers of .weir/registry.db: "), "{said:?}");
        check(&repo).exits(0);
        run(&repo, &["-q", "apply", "-y"]).exits(0);
    }
}

#[test]
fn a_format_that_no_weir_writes_is_damage_and_is_not_migrated() {
    for (number, statements) in [("-5", "PRAGMA user_version = -5"), ("0", "PRAGMA user_version = 0")] {
        let repo = applied();
        sql(&repo.registry(), statements);
        let before = super::bytes(&repo);
        for command in [&["-q", "plan"][..], &["-q", "apply", "-y"], &["registry", "migrate"], &["registry", "check"]] {
            let said = run(&repo, command).exits(1);
            let words = format!(
                "error[G006]: registry .weir/registry.db: it is damaged: it holds the tables of a registry, and says that its format is {number}\n"
            );
            assert!(said.stderr.starts_with(&words), "{command:?}: {said:?}");
        }
        assert!(before == super::bytes(&repo));
        let mut names: Vec<_> =
            std::fs::read_dir(repo.path().join(".weir")).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".gitignore", "parse.cache", "registry.db"]);
    }
}

/// A schema whose text is none ends the thread of SQLite that reads it.
#[test]
fn a_schema_that_is_no_text_is_a_sentence_and_no_panic() {
    let repo = applied();
    let bytes = std::fs::read(repo.registry()).unwrap();
    let mut found = 0;
    for word in
        ["name       TEXT", "serial     INTEGER", "spec            TEXT", "digest          TEXT", "mode       TEXT"]
    {
        let places: Vec<usize> =
            (0..bytes.len() - word.len()).filter(|it| bytes[*it..].starts_with(word.as_bytes())).collect();
        found += usize::from(!places.is_empty());
        let mut damaged = bytes.clone();
        places.iter().for_each(|it| damaged[it + word.len() - 2] = 0xff);
        std::fs::write(repo.registry(), damaged).unwrap();
        for command in [&["-q", "plan"][..], &["list"], &["workspace", "list"], &["log"], &["registry", "check"]] {
            let said = run(&repo, command);
            assert!(
                !said.stderr.contains("panicked") && !said.stdout.contains("panicked"),
                "{word}, {command:?}: {said:?}"
            );
            assert!(said.code == Some(0) || said.stderr.starts_with("error[G006]: "), "{word}, {command:?}: {said:?}");
        }
        assert_ne!(check(&repo).code, Some(0), "{word}");
    }
    assert_eq!(found, 5, "the schema is written otherwise by now");
}

// ---- A copy ---------------------------------------------------------------------------------------------------------

#[test]
fn a_backup_is_consistent_while_others_write_and_takes_no_ones_place() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    let mut command = weir(repo.path());
    command.args(["workspace", "create", "dev"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let writer = crate::child::start(&mut command);
    run(&repo, &["registry", "backup", "copy.db"]).exits(0);
    assert!(writer.finish().status.success());
    run(&repo, &["registry", "check", "--registry", "copy.db"]).exits(0);
    repo.write("taken.db", "");
    repo.write("folder/x", "");
    for taken in ["copy.db", "taken.db", "folder", ".weir/registry.db"] {
        let said = run(&repo, &["registry", "backup", taken]).exits(1);
        assert!(said.stderr.contains("exists already\nhint: name a file that does not exist\n"), "{said:?}");
    }
    let said = run(&repo, &["registry", "backup", "nowhere/copy.db"]).exits(1);
    assert!(said.stderr.contains("nowhere/copy.db` cannot be written: no such file or directory\nhint: "), "{said:?}");
    let mut names: Vec<_> = std::fs::read_dir(repo.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".weir", "copy.db", "folder", "taken.db", "user.yaml", "weir.toml"]);
}

/// What is kept beside the registry is for speed: it must not cost any.
#[test]
fn the_caches_do_not_grow_with_the_history() {
    let repo = applied();
    for round in 0..60 {
        repo.write("user.yaml", &format!("{USER}description: {}{round}\n", "word ".repeat(800)));
        run(&repo, &["-q", "apply", "-y"]).exits(0);
    }
    let size = |name: &str| std::fs::metadata(repo.path().join(".weir").join(name)).unwrap().len();
    assert!(size("parse.cache") < 100_000, "{}", size("parse.cache"));
}

//! Only what is not there is absent: a registry is made on purpose, and a choice that cannot be read is an error.

use super::{USER, USER_EDITED, answer, applied, run, says};
use crate::support::{Repo, Run, weir};

/// A repo with a protected resource in a registry of its own folder, named in weir.toml, whose declaration is gone: a
/// plan is refused, unless it looks elsewhere.
fn guarded() -> Repo {
    let toml = "[registry]\nurl = \"sqlite://store/r.db\"\n";
    let repo = Repo::new(&[("weir.toml", toml), ("user.yaml", &format!("{USER}prevent_destroy: true\n"))]);
    run(&repo, &["-q", "apply", "-y", "--create-registry"]).exits(0);
    super::settle(&repo.path().join("store/r.db"));
    repo.write("user.yaml", "kind: Entity\nname: merchant\n");
    run(&repo, &["-q", "plan"]).exits(3);
    repo
}

/// Every command that reads or writes what is recorded.
const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["plan", "--format", "json"],
    &["plan", "--format", "markdown"],
    &["plan", "--format", "github"],
    &["plan", "--out", "x.plan"],
    &["apply", "-y"],
    &["apply", "-y", "--create-registry"],
    &["destroy", "-y"],
    &["restore", "1", "-y"],
    &["list"],
    &["show", "user"],
    &["columns", "user"],
    &["log"],
    &["diff", "0", "1"],
    &["workspace", "list"],
    &["workspace", "show"],
    &["workspace", "create", "dev"],
    &["workspace", "select", "prod"],
    &["workspace", "delete", "dev", "-y"],
    &["registry", "init"],
    &["registry", "migrate"],
    &["registry", "check"],
    &["registry", "backup", "copy.db"],
];

/// Checks that every command ends with an error of these words, and that nothing comes to be.
#[track_caller]
fn never_a_beginning(repo: &Repo, words: &str, run: impl Fn(&Repo, &[&str]) -> Run) {
    for command in COMMANDS {
        let said = run(repo, &[&["-q"], *command].concat());
        assert_eq!(said.code, Some(1), "{command:?}: {said:?}");
        assert!(said.stderr.contains(words), "{command:?}: {said:?}");
        assert!(said.stderr.contains("\nhint: "), "{command:?}: {said:?}");
        assert!(!said.stdout.contains("new registry"), "{command:?}: {said:?}");
        assert!(!repo.path().join("x.plan").exists() && !repo.path().join("copy.db").exists(), "{command:?}");
    }
}

#[cfg(unix)]
fn unprivileged(repo: &Repo, arguments: &[&str]) -> Run {
    answer(super::unprivileged(weir(repo.path()).args(arguments)))
}

#[cfg(unix)]
#[test]
fn a_registry_out_of_reach_is_no_new_one() {
    use super::permit;
    let repo = guarded();
    let (store, file) = (repo.path().join("store"), repo.path().join("store/r.db"));
    permit(repo.path(), 0o755);
    permit(&store, 0o700);
    never_a_beginning(&repo, "it cannot be opened: permission denied", unprivileged);
    permit(&store, 0o755);
    permit(&file, 0o600);
    never_a_beginning(&repo, "it cannot be opened: permission denied", unprivileged);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_new_registry() {
    use std::os::unix::fs::symlink;
    let repo = guarded();
    let (store, file) = (repo.path().join("store"), repo.path().join("store/r.db"));
    std::fs::rename(&file, repo.path().join("kept.db")).unwrap();
    symlink("elsewhere.db", &file).unwrap();
    never_a_beginning(&repo, "store/r.db` leads to nothing", run);
    std::fs::remove_file(&file).unwrap();
    symlink("r.db", &file).unwrap();
    never_a_beginning(&repo, "it cannot be opened: too many levels of symbolic links", run);
    // The folder, a volume that is not mounted.
    std::fs::remove_dir_all(&store).unwrap();
    symlink("volume", &store).unwrap();
    never_a_beginning(&repo, "store` leads to nothing", run);
    std::fs::remove_file(&store).unwrap();
    symlink("store", &store).unwrap();
    never_a_beginning(&repo, "too many levels of symbolic links", run);
    std::fs::remove_file(&store).unwrap();
    std::fs::write(&store, "a file").unwrap();
    never_a_beginning(&repo, "not a directory", run);
}

#[test]
fn a_file_that_is_empty_or_torn_or_a_folder_is_no_new_registry() {
    let repo = guarded();
    let file = repo.path().join("store/r.db");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, "").unwrap();
    never_a_beginning(&repo, "it is an empty file", run);
    for length in [1, 15, 99, 100, 4095, 4096, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        let plan = run(&repo, &["-q", "plan"]).exits(1);
        assert!(plan.stderr.starts_with("error[G006]: "), "{length}: {plan:?}");
    }
    std::fs::remove_file(&file).unwrap();
    super::sql(&file, "PRAGMA user_version = 0; CREATE TABLE x (y); DROP TABLE x");
    never_a_beginning(&repo, "it is a SQLite file, and not a registry", run);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(repo.path().join("store/r.db-wal"), "a log").unwrap();
    let plan = run(&repo, &["-q", "plan"]).exits(1);
    says(&repo, &plan.stderr, "error[G001]: registry store/r.db: its file is gone, and `r.db-wal` is still there");
}

const LOST: &str = "
error[G010]: the registry `store/r.db` (weir.toml) does not exist: with nothing recorded, nothing would be protected
hint: mount its volume; or make it once with `weir registry init`";

/// A volume that is not mounted: the folder is there, and the file is not.
#[test]
fn a_named_registry_that_is_not_there_is_made_on_purpose_only() {
    let repo = guarded();
    std::fs::remove_dir_all(repo.path().join("store")).unwrap();
    for command in COMMANDS.iter().filter(|it| !it.contains(&"plan") && !it.contains(&"--create-registry")) {
        let said = run(&repo, &[&["-q"], *command].concat());
        if command[0] != "registry" {
            assert_eq!(said.code, Some(1), "{command:?}: {said:?}");
            assert!(said.stderr.starts_with(LOST.trim()), "{command:?}: {said:?}");
            assert!(!repo.path().join("store").exists(), "{command:?}");
        } else if command[1] != "init" {
            assert_eq!(said.code, Some(1), "{command:?}: {said:?}");
            assert!(said.stderr.contains("there is none yet: `weir registry init` makes one"), "{said:?}");
        } else {
            assert_eq!(said.code, Some(0), "{said:?}");
            std::fs::remove_dir_all(repo.path().join("store")).unwrap();
        }
    }
    // Whoever names it, and however.
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["plan", "--out", "x.plan"]] {
        let plan = answer(weir(repo.path()).env("CI", "true").args(arguments).arg("-q")).exits(1);
        says(&repo, &plan.stderr, LOST);
    }
    let plan = answer(weir(repo.path()).env("CI", "1").env("WEIR_REGISTRY_URL", "sqlite://x.db").args(["-q", "plan"]));
    assert!(plan.exits(1).stderr.contains("`x.db` (WEIR_REGISTRY_URL) does not exist"));
    let plan = answer(weir(repo.path()).env("CI", "1").args(["-q", "plan", "--registry", "x.db"]));
    assert!(plan.exits(1).stderr.contains("`x.db` (--registry) does not exist"));
    run(&repo, &["-q", "apply", "-y", "--create-registry"]).exits(0);
    run(&repo, &["-q", "apply", "-y"]).exits(0);
}

#[test]
fn a_registry_that_goes_away_while_somebody_thinks_is_not_made_anew() {
    let repo = guarded();
    repo.write("user.yaml", &format!("{USER}prevent_destroy: true\nowner: me\n"));
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    std::fs::remove_dir_all(repo.path().join("store")).unwrap();
    for arguments in [&["apply", "-y", "edit.plan"][..], &["apply", "-y", "--create-registry", "edit.plan"]] {
        run(&repo, &[&["-q"], arguments].concat()).exits(1);
        assert!(!repo.path().join("store").exists());
    }
}

#[test]
fn a_plan_without_a_registry_says_so_first_in_every_format() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    let told = "new registry at .weir/registry.db: nothing is recorded, nothing is protected";
    let plan = |format: &str| run(&repo, &["-q", "plan", "--format", format]).exits(0).stdout;
    assert!(plan("text").starts_with(told));
    assert!(plan("markdown").contains(&format!("**{told}**\n\n### weir plan")));
    assert!(plan("github").starts_with(&format!("::warning title=registry::{told}\n")));
    let registry = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap()["registry"].clone();
    assert_eq!(registry(plan("json")), serde_json::json!({ "path": ".weir/registry.db", "new": true }));
    run(&repo, &["-q", "apply", "-y"]).exits(0);
    assert_eq!(registry(plan("json")), serde_json::json!({ "path": ".weir/registry.db", "new": false }));
    for format in ["text", "markdown", "github"] {
        assert!(!plan(format).contains("new registry"), "{format}");
    }
}

/// What a url would have to be replaced in, before it names a file.
#[test]
fn a_url_is_a_path_and_nothing_else() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    for url in [
        "sqlite://:memory:",
        "sqlite://r.db?mode=ro",
        "sqlite://~/r.db",
        "sqlite://${HOME}/r.db",
        "$DIR/r.db",
        "sqlite://a%2Fb.db",
        "file:r.db",
        "r.db\n",
        "postgres://u:secret@h/db",
    ] {
        for command in [&["plan"][..], &["apply", "-y", "--create-registry"], &["registry", "init"], &["list"]] {
            let said = run(&repo, &[&["-q", "--registry", url], command].concat()).exits(1);
            assert!(said.stderr.starts_with("error[G001]: "), "{url}: {said:?}");
            assert!(said.stderr.contains("\nhint: ") && !said.stderr.contains("secret"), "{url}: {said:?}");
        }
    }
    let mut names: Vec<_> = std::fs::read_dir(repo.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.retain(|it| it != ".weir");
    names.sort();
    assert_eq!(names, ["user.yaml", "weir.toml"], "a registry of that very name");
}

// ---- The log of a registry behind a link ----------------------------------------------------------------------------

#[cfg(unix)]
#[test]
fn a_registry_behind_a_link_is_read_with_its_log_or_not_at_all() {
    use super::{connect, permit, wait};
    use std::os::unix::fs::symlink;
    let repo = applied();
    let store = repo.path().join("store");
    std::fs::create_dir(&store).unwrap();
    std::fs::rename(repo.registry(), store.join("r.db")).unwrap();
    symlink("../store/r.db", repo.registry()).unwrap();
    // A writer that dies: what it committed lies in the log.
    let copies = wait(async {
        let mut writer = connect(&store.join("r.db")).await;
        let write = "PRAGMA wal_autocheckpoint = 0; UPDATE resource SET prevent_destroy = 1, spec = '{\"prevent_destroy\":true}'";
        sqlx::raw_sql(write).execute(&mut writer).await.unwrap();
        let read = |name: &str| std::fs::read(store.join(name)).unwrap();
        let copies = (read("r.db"), read("r.db-wal"));
        sqlx::Connection::close(writer).await.unwrap();
        copies
    });
    assert!(!copies.1.is_empty());
    std::fs::write(store.join("r.db"), copies.0).unwrap();
    std::fs::write(store.join("r.db-wal"), copies.1).unwrap();
    let _ = std::fs::remove_file(store.join("r.db-shm"));
    permit(repo.path(), 0o755);
    for name in ["r.db", "r.db-wal"] {
        permit(&store.join(name), 0o444);
    }
    permit(&store, 0o555);
    let list = unprivileged(&repo, &["-q", "list"]);
    permit(&store, 0o755);
    assert!(list.code == Some(1) || list.stdout.contains("yes"), "half of the registry was read: {list:?}");
    let mut list = run(&repo, &["-q", "list"]);
    if list.code == Some(1) {
        permit(&store.join("r.db"), 0o644);
        list = run(&repo, &["-q", "list"]);
    }
    assert!(list.exits(0).stdout.contains("yes"));
}

// ---- The selected workspace -----------------------------------------------------------------------------------------

/// Whoever chose `lena` must not work on `prod` because the choice cannot be read.
#[test]
fn a_selection_that_cannot_be_read_is_not_prod() {
    let repo = applied();
    run(&repo, &["workspace", "create", "lena"]).exits(0);
    run(&repo, &["workspace", "select", "lena"]).exits(0);
    repo.write("user.yaml", USER_EDITED);
    let selection = repo.path().join(".weir/workspace");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (bytes, reason) in [
        (b"".to_vec(), "it is empty"),
        (b" \n\n".to_vec(), "it is empty"),
        (b"\xff\xfe".iter().copied().chain(utf16("lena\r\n")).collect(), "it is not UTF-8"),
        (utf16("lena"), "it does not hold the name of a workspace"),
        (b"lena\nprod\n".to_vec(), "it does not hold the name of a workspace"),
        ("\u{feff}lena".into(), "it does not hold the name of a workspace"),
        (b"lena\0".to_vec(), "it does not hold the name of a workspace"),
    ] {
        std::fs::write(&selection, bytes).unwrap();
        unreadable(&repo, reason, run);
    }
    std::fs::remove_file(&selection).unwrap();
    std::fs::create_dir(&selection).unwrap();
    unreadable(&repo, "is a directory", run);
    // Said otherwise, it is not asked; and selecting again mends it.
    run(&repo, &["-q", "plan", "-w", "lena"]).exits(0);
    std::fs::remove_dir(&selection).unwrap();
    std::fs::write(&selection, "").unwrap();
    run(&repo, &["workspace", "select", "lena"]).exits(0);
    assert_eq!(run(&repo, &["workspace", "show"]).exits(0).stdout, "lena (development), selected\n");
}

#[track_caller]
fn unreadable(repo: &Repo, reason: &str, run: impl Fn(&Repo, &[&str]) -> Run) {
    for arguments in [&["workspace", "show"][..], &["plan"], &["apply", "-y"], &["destroy", "-y"], &["list"], &["log"]]
    {
        let said = run(repo, &[&["-q"], arguments].concat()).exits(1);
        let error = format!("error[G012]: the selected workspace cannot be read from `REPO/.weir/workspace`: {reason}");
        let said = said.stderr.replace(repo.path().to_str().unwrap(), "REPO");
        assert!(said.starts_with(&error), "{arguments:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_selection_without_permission_or_behind_a_dead_link_is_not_prod() {
    let repo = applied();
    run(&repo, &["workspace", "create", "lena"]).exits(0);
    run(&repo, &["workspace", "select", "lena"]).exits(0);
    let selection = repo.path().join(".weir/workspace");
    super::permit(repo.path(), 0o755);
    super::permit(&selection, 0o000);
    unreadable(&repo, "permission denied", unprivileged);
    std::fs::remove_file(&selection).unwrap();
    std::os::unix::fs::symlink("nowhere", &selection).unwrap();
    unreadable(&repo, "the link", run);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_not_unset() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = applied();
    let bytes = std::ffi::OsStr::from_bytes(b"sqlite://\xff.db");
    for name in ["WEIR_REGISTRY_URL", "WEIR_WORKSPACE", "WEIR_NOW"] {
        let plan = answer(weir(repo.path()).env(name, bytes).args(["-q", "plan"])).exits(1);
        says(
            &repo,
            &plan.stderr,
            &format!("error[G012]: environment variable `{name}` is not UTF-8\nhint: set `{name}` anew, or unset it"),
        );
    }
}

// ---- The command line -----------------------------------------------------------------------------------------------

#[test]
fn what_cannot_be_meant_is_a_fault_of_the_command_line() {
    let repo = applied();
    for (arguments, words) in [
        (&["plan", "--suppress-recreate", "nonsense"][..], "`nonsense` is not an address"),
        (&["plan", "--suppress-recreate", "Foo.x"], "`Foo` is not a kind"),
        (&["apply", "--suppress-recreate", ""], "is not an address"),
        (&["restore", "--", "-1"], "-1 is not in"),
        (&["restore", "two"], "invalid"),
        (&["diff", "--", "-1", "1"], "-1 is not in"),
        (&["show", "user", "--at=-1"], "-1 is not in"),
        (&["log", "-n=-1"], "-1 is not in"),
        (&["list", "Entty"], "error[G010]: `Entty` is not a kind\nhint: did you mean `Entity`?"),
        (&["list", "xyz"], "error[G010]: `xyz` is not a kind\nhint: the kinds are Entity, PushSource,"),
        (&["show", "Entty.user"], "error[G010]: `Entty` is not a kind\nhint: did you mean `Entity`?"),
        (&["columns", "Foo.user"], "error[G010]: `Foo` is not a kind\nhint: the kinds are "),
    ] {
        let said = run(&repo, &[&["-q"], arguments].concat()).exits(64);
        assert!(said.stderr.contains(words), "{arguments:?}: {said:?}");
    }
}

//! Stories: real files, the real binary, a real registry. Each folder under `cases/` is one named test, and its
//! `session.txt` is what a person would see.
//!
//! A session is comments (`# …`), commands (`$ …`, continued by `> …`), what each command printed (stdout, then
//! stderr, with the folder as `[DIR]` and weir's version as `[VERSION]`), and `[exit N]` when that is not 0. Output
//! that starts like one of those has a `\` before it. `repo/` beside the session is copied into the folder first.
//! `WEIR_BLESS=1 cargo test stories` writes what happened into the sessions: read the difference before you commit it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use similar::TextDiff;

use crate::child;
use crate::support::{clean, installed};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

/// Programs that a story may need and a machine may lack.
const PROGRAMS: &[&str] = &["git", "jq", "sqlite3"];

macro_rules! stories {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            tell(stringify!($name));
        })*

        #[test]
        fn every_case_is_a_story() {
            let mut cases: Vec<_> =
                fs::read_dir(CASES).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
            cases.sort();
            assert_eq!(cases, [$(stringify!($name)),*], "list each folder under tests/cases here, in order");
        }
    };
}

stories! {
    a_backup_that_was_put_back
    a_copy_of_the_registry
    a_plan_of_hundreds
    defaults_for_a_kind
    deny_warnings
    destroy
    diff_says_what_was_carried_out
    every_mistake_in_one_run
    first_apply_and_again
    first_time_in_ci
    getting_started
    git_is_in_the_history
    guard_delete_a_view_it_reads
    guard_delete_the_service
    guard_destroy_and_restore
    guard_everything_at_once
    guard_lift_and_recreate_in_one_apply
    guard_lift_then_change
    guard_not_in_development
    guard_rename_onto_another
    guard_schema_of_the_push_source
    guard_suppression_does_not_pass
    guard_swap_the_kind_of_a_view
    guard_take_a_view_offline
    history
    ignored_files
    jobs_follow_the_declaration
    looking_around
    one_edit
    plan_formats
    queries_that_were_not_checked
    registry_defends_itself
    registry_migrate
    rename
    rename_mistakes
    require_clean
    restore_brings_back_the_wire_order
    restore_what_data_said
    saved_plan
    saved_plan_meets_the_guard
    saved_plan_refused
    show_a_saved_plan
    suppression
    usage
    validate_a_good_repo
    validate_formats
    workspaces
    workspaces_share_nothing
}

/// Plays the session of one case, and compares what happens with what it says.
fn tell(name: &str) {
    let case = Path::new(CASES).join(name);
    let told = fs::read_to_string(case.join("session.txt")).unwrap();
    let blocks = read(&told);
    let needs = |program: &&&str| blocks.iter().any(|it| it.shell().split_whitespace().any(|it| it == **program));
    if !PROGRAMS.iter().filter(needs).all(|it| installed(it)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    copy(&case.join("repo"), &folder);
    let happened = blocks.iter().map(|it| it.play(&folder)).collect::<Vec<_>>().join("\n");
    if happened == told {
        return;
    }
    if std::env::var_os("WEIR_BLESS").is_some() {
        fs::write(case.join("session.txt"), happened).unwrap();
        return;
    }
    let diff = TextDiff::from_lines(&told, &happened);
    panic!(
        "tests/cases/{name}/session.txt tells another story:\n\n{}\nWEIR_BLESS=1 writes what happened into it.",
        diff.unified_diff().context_radius(4).header("told", "happened")
    );
}

/// One command with the comment above it.
#[derive(Default)]
struct Block {
    comment: Vec<String>,
    command: Vec<String>,
}

/// Reads comments and commands; what was printed the last time is left behind.
fn read(session: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut after_command = false;
    for line in session.lines() {
        let starts_block = blocks.last().is_none_or(|it| !it.command.is_empty());
        if line.starts_with("# ") || line == "#" || line.starts_with("$ ") {
            if starts_block {
                blocks.push(Block::default());
            }
            let block = blocks.last_mut().unwrap();
            let part = if line.starts_with('$') { &mut block.command } else { &mut block.comment };
            part.push(line.to_owned());
            after_command = line.starts_with('$');
        } else if after_command && (line.starts_with("> ") || line == ">") {
            blocks.last_mut().unwrap().command.push(line.to_owned());
        } else {
            after_command = false;
        }
    }
    blocks
}

impl Block {
    /// Returns the command as the shell gets it.
    fn shell(&self) -> String {
        self.command.iter().map(|it| format!("{}\n", it.get(2..).unwrap_or_default())).collect()
    }

    /// Runs the command in `folder`, and returns comment, command and all that it said.
    fn play(&self, folder: &Path) -> String {
        let weir = Path::new(env!("CARGO_BIN_EXE_weir")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(weir.to_owned()).chain(std::env::split_paths(&path))).unwrap();
        let mut command = Command::new("sh");
        clean(&mut command)
            .args(["-c", &self.shell()])
            .current_dir(folder)
            .env("PATH", path)
            .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap());
        let output = child::output(&mut command);
        let mut told: Vec<String> = self.comment.iter().chain(&self.command).cloned().collect();
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap().replace(folder.to_str().unwrap(), "[DIR]");
            let text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
            told.extend(text.lines().map(escape));
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => told.push(format!("[exit {code}]")),
            None => told.push("[killed]".to_owned()),
        }
        told.iter().map(|it| format!("{it}\n")).collect()
    }
}

/// Keeps output apart from comments and commands.
fn escape(line: &str) -> String {
    let alike = ["# ", "$ ", "> ", "\\"].iter().any(|it| line.starts_with(it)) || line == "#" || line == ">";
    format!("{}{line}", if alike { "\\" } else { "" })
}

fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).unwrap();
    for entry in entries {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

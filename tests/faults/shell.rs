//! Around the process: a reader that goes away, a full disk behind stdout, no terminal, and a real one.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::{USER, USER_EDITED, answer, applied, bytes, recorded, run, says};
use crate::child;
use crate::support::{Repo, Run, clean, installed, weir};

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// Runs a shell script in the repo's folder, with weir as `$0`.
#[track_caller]
fn script(repo: &Repo, script: &str) -> Run {
    let mut command = Command::new("sh");
    answer(clean(&mut command).current_dir(repo.path()).args(["-c", script, WEIR]))
}

fn many() -> Repo {
    let all: String = (0..3000).map(|it| format!("---\nkind: Entity\nname: e{it}\n")).collect();
    Repo::new(&[("all.yaml", &all)])
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let repo = many();
    let run = script(&repo, "{ \"$0\" -q plan; echo $? > code; } | head -1").exits(0);
    says(&repo, &run.stdout, "new registry at .weir/registry.db: nothing is recorded, nothing is protected");
    says(&repo, &run.stderr, "");
    assert_eq!(std::fs::read_to_string(repo.path().join("code")).unwrap(), "0\n");
}

#[test]
fn an_apply_whose_reader_goes_away_is_carried_out() {
    let repo = many();
    let run = script(&repo, "{ \"$0\" -q apply -y; echo $? > code; } | head -1").exits(0);
    says(&repo, &run.stderr, "");
    assert_eq!(std::fs::read_to_string(repo.path().join("code")).unwrap(), "0\n");
    assert_eq!(recorded(&repo).matches("\"address\"").count(), 3000);
}

#[test]
fn a_closed_stdout_is_no_fault() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    says(&repo, &script(&repo, "\"$0\" -q plan >&-").exits(0).stderr, "");
    says(&repo, &script(&repo, "\"$0\" -q apply -y >&- 2>&-").exits(0).stderr, "");
    assert!(recorded(&repo).contains("Entity.user"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_that_cannot_be_shown_is_not_applied() {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = bytes(&repo);
    let expected = "
error: the output cannot be written
  caused by: No space left on device (os error 28)";
    for command in ["plan", "plan --format json", "list", "log", "schema"] {
        let said = script(&repo, &format!("\"$0\" -q {command} > /dev/full")).exits(1);
        says(&repo, &said.stderr, expected);
    }
    let said = script(&repo, "\"$0\" -q apply -y > /dev/full").exits(1);
    says(&repo, &said.stderr, &format!("{}\nNothing was applied.", expected.trim()));
    assert!(before == bytes(&repo));
}

/// The size of the blocks that `ulimit -f` counts in: shells differ.
fn block_bytes(repo: &Repo) -> u64 {
    script(repo, "trap '' XFSZ; ulimit -f 2; head -c 9999 /dev/zero > probe 2> /dev/null");
    std::fs::metadata(repo.path().join("probe")).unwrap().len() / 2
}

#[cfg(unix)]
#[test]
fn an_apply_that_cannot_say_it_is_done_does_not_say_that_nothing_was() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    let shown = run(&repo, &["-q", "plan"]).exits(0).stdout.len() as u64;
    // The plan fits into the file on stdout, and what is said after the commit does not.
    let limit = 2000 * block_bytes(&repo);
    let out = std::fs::File::create(repo.path().join("out")).unwrap();
    out.set_len(limit - shown - 10).unwrap();
    let said = script(&repo, "trap '' XFSZ; ulimit -f 2000; exec \"$0\" -q apply -y >> out");
    assert!(recorded(&repo).contains("Entity.user"), "{said:?}");
    assert!(!said.stderr.contains("Nothing was applied."), "it was applied, and weir says otherwise:\n{}", said.stderr);
    assert!(said.stderr.contains("Registry is at serial 1."), "{}", said.stderr);
}

/// Whatever there is, weir does its work or says in a sentence, and in the format asked for, that it cannot.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_a_sentence() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    let sentence = "the system gives weir no thread to run on: ";
    let mut refused = 0;
    for limit in (400_000..3_200_000).step_by(400_000) {
        let run = script(&repo, &format!("ulimit -v {limit}; exec \"$0\" plan --format json"));
        let document: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{limit}: {run:?}"));
        match run.code {
            Some(0) => assert_eq!(document["changes"][0]["address"], "Entity.user", "{limit}"),
            Some(1) => {
                let said =
                    document["diagnostics"][0]["summary"].as_str().unwrap_or_else(|| panic!("{limit}: {document}"));
                assert!(said.starts_with(sentence), "{limit}: {said}");
                assert!(run.stderr.starts_with(&format!("error[C002]: {sentence}")), "{limit}: {}", run.stderr);
                refused += 1;
            }
            code => panic!("{limit} ends with {code:?}: {run:?}"),
        }
    }
    assert!(refused > 0, "nothing is refused: the limits of this story are too high");
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = bytes(&repo);
    let expected = "
error: there is no terminal to ask on
hint: add --yes to go on without a question
Nothing was applied.";
    says(&repo, &run(&repo, &["-q", "apply"]).exits(1).stderr, expected);
    says(&repo, &run(&repo, &["-q", "destroy"]).exits(1).stderr, expected);
    says(&repo, &script(&repo, "echo y | \"$0\" -q apply").exits(1).stderr, expected);
    says(&repo, &script(&repo, "\"$0\" -q apply <&-").exits(1).stderr, expected);
    run(&repo, &["-q", "plan", "--out", "edit.plan"]).exits(0);
    says(&repo, &run(&repo, &["-q", "apply", "edit.plan"]).exits(1).stderr, expected);
    assert!(before == bytes(&repo));
}

#[test]
fn without_a_terminal_a_first_apply_makes_no_registry() {
    let repo = Repo::new(&[("user.yaml", USER)]);
    run(&repo, &["-q", "apply"]).exits(1);
    assert!(!repo.registry().exists());
}

/// Runs weir on a pseudo-terminal, types `keys` when it asks, and returns what the terminal showed.
fn on_a_terminal(repo: &Repo, arguments: &str, keys: &str) -> Run {
    on_a_terminal_after(repo, arguments, keys, || {})
}

/// The same, and does something else between the question and the answer.
fn on_a_terminal_after(repo: &Repo, arguments: &str, keys: &str, meanwhile: impl FnOnce()) -> Run {
    let mut command = Command::new("script");
    clean(&mut command).current_dir(repo.path()).args(["-qec", &format!("'{WEIR}' {arguments}"), "/dev/null"]);
    let mut child = child::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"[y/N] ") && stdout.read(&mut byte).unwrap() == 1 {
        shown.push(byte[0]);
    }
    meanwhile();
    stdin.write_all(keys.as_bytes()).unwrap();
    stdout.read_to_end(&mut shown).unwrap();
    let code = child.finish().status.code();
    drop(stdin);
    Run { code, stdout: String::from_utf8(shown).unwrap().replace("\r\n", "\n"), stderr: String::new() }
}

#[test]
fn the_question_names_the_workspace_and_the_answer_is_no_by_default() {
    if !installed("script") {
        return;
    }
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = bytes(&repo);
    for answer in ["n\n", "\n", "no\n", "yep\n"] {
        let run = on_a_terminal(&repo, "-q --color never apply", answer).exits(1);
        assert!(run.stdout.contains("\nApply 1 change to workspace prod (live)? [y/N] "), "{}", run.stdout);
        assert!(run.stdout.ends_with("\nerror: the answer was not yes\nNothing was applied.\n"), "{}", run.stdout);
        assert!(before == bytes(&repo), "{answer:?}");
    }
}

#[test]
fn a_question_that_is_left_open_ends_its_line() {
    if !installed("script") {
        return;
    }
    let repo = Repo::new(&[("user.yaml", USER)]);
    let run = on_a_terminal(&repo, "-q --color never apply", "\u{4}").exits(1);
    assert!(run.stdout.ends_with("[y/N] \nerror: the answer was not yes\nNothing was applied.\n"), "{}", run.stdout);
    assert!(!repo.registry().exists());
}

#[test]
fn the_answer_yes_applies() {
    if !installed("script") {
        return;
    }
    for answer in ["y\n", "Yes\n"] {
        let repo = applied();
        repo.write("user.yaml", USER_EDITED);
        let run = on_a_terminal(&repo, "-q apply", answer).exits(0);
        assert!(run.stdout.ends_with("Registry is at serial 2.\n"), "{}", run.stdout);
        assert!(recorded(&repo).contains("whoever clicks"));
    }
}

#[test]
fn ctrl_c_at_the_question_leaves_nothing_behind() {
    if !installed("script") {
        return;
    }
    let repo = Repo::new(&[("user.yaml", USER)]);
    on_a_terminal(&repo, "-q apply", "\u{3}").exits(130);
    assert!(!repo.registry().exists());
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let before = bytes(&repo);
    on_a_terminal(&repo, "-q apply", "\u{3}").exits(130);
    assert!(before == bytes(&repo));
}

#[test]
fn who_answers_late_is_told_what_happened_meanwhile() {
    if !installed("script") {
        return;
    }
    let repo = applied();
    repo.write("user.yaml", USER_EDITED);
    let other = Repo::new(&[("merchant.yaml", "kind: Entity\nname: merchant\n"), ("user.yaml", USER)]);
    let url = format!("sqlite://{}", repo.registry().display());
    let run = on_a_terminal_after(&repo, "-q --color never apply", "y\n", || {
        answer(weir(other.path()).args(["-q", "apply", "-y", "--registry", &url])).exits(0);
    });
    let expected = "
error[G004]: registry changed since this plan (was 1, is 2)
hint: run `weir plan` again
Nothing was applied.
";
    assert!(run.exits(1).stdout.ends_with(expected));
    assert!(!recorded(&repo).contains("whoever clicks"));
    assert!(recorded(&repo).contains("Entity.merchant"));
}

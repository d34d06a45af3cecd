//! Two at once: one wins, and the other says so, or has seen what the first did.

use std::process::{Command, Stdio};

use super::{USER, applied, recorded, run, settle};
use crate::child;
use crate::support::{Repo, Run, weir};

/// Starts both before it waits for either.
fn both(left: &mut Command, right: &mut Command) -> [Run; 2] {
    let start = |it: &mut Command| child::start(it.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let children = [start(left), start(right)];
    children.map(|it| Run::from(it.finish()))
}

/// A repo elsewhere that shares a registry, and declares the same in other words.
fn apply_of(repo: &Repo, registry: &Repo, words: &str) -> Command {
    repo.write("user.yaml", &format!("{USER}description: {words}\n"));
    let mut command = weir(repo.path());
    command
        .args(["-q", "apply", "-y", "--create-registry", "--registry"])
        .arg(format!("sqlite://{}", registry.registry().display()));
    command
}

fn serial(repo: &Repo) -> u64 {
    let log = run(repo, &["log", "-n", "1", "--format", "json"]).exits(0).stdout;
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    log[0]["serial"].as_u64().unwrap_or(0)
}

/// Checks how a race ended: the serial counts the winners, and a loser names the reason. Returns the winners' words.
#[track_caller]
fn check(registry: &Repo, before: u64, words: [&str; 2], runs: [Run; 2]) -> usize {
    let mut winners = Vec::new();
    for (words, run) in words.into_iter().zip(&runs) {
        if run.code == Some(0) {
            winners.push(words);
            continue;
        }
        assert_eq!(run.code, Some(1), "{run:?}");
        let moved = format!("registry changed since this plan (was {before}, is {})", before + 1);
        let expected = format!("error[G004]: {moved}\nhint: run `weir plan` again\nNothing was applied.\n");
        assert_eq!(run.stderr, expected);
    }
    assert!(!winners.is_empty(), "both lost: {runs:?}");
    assert_eq!(serial(registry), before + winners.len() as u64, "{runs:?}");
    let show = run(registry, &["show", "Entity.user"]).exits(0).stdout;
    assert!(winners.iter().any(|it| show.contains(it)), "{winners:?} won, and recorded is:\n{show}");
    winners.len()
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_knows() {
    let registry = applied();
    let (left, right) = (Repo::new(&[]), Repo::new(&[]));
    let mut lost = 0;
    for round in 0..50 {
        let words = [format!("left {round}"), format!("right {round}")];
        let before = serial(&registry);
        let runs = both(&mut apply_of(&left, &registry, &words[0]), &mut apply_of(&right, &registry, &words[1]));
        lost += 2 - check(&registry, before, [&words[0], &words[1]], runs);
    }
    eprintln!("50 races, {lost} lost; the others came one after the other");
}

#[test]
fn two_first_applies_at_once_make_one_registry() {
    let (left, right) = (Repo::new(&[]), Repo::new(&[]));
    let mut lost = 0;
    for _ in 0..25 {
        let registry = Repo::new(&[]);
        let runs = both(&mut apply_of(&left, &registry, "left"), &mut apply_of(&right, &registry, "right"));
        lost += 2 - check(&registry, 0, ["left", "right"], runs);
    }
    eprintln!("25 races to make a registry, {lost} lost; the others came one after the other");
}

#[test]
fn of_two_saved_plans_applied_at_once_exactly_one_is_carried_out() {
    let repo = applied();
    for round in 0..20 {
        let before = serial(&repo);
        for words in ["left", "right"] {
            repo.write("user.yaml", &format!("{USER}description: {words} {round}\n"));
            run(&repo, &["-q", "plan", "--out", words]).exits(0);
        }
        let apply = |file: &str| {
            let mut command = weir(repo.path());
            command.args(["-q", "apply", "-y", file]);
            command
        };
        let words = [format!("left {round}"), format!("right {round}")];
        let runs = both(&mut apply("left"), &mut apply("right"));
        assert_eq!(check(&repo, before, [&words[0], &words[1]], runs), 1, "round {round}");
    }
}

#[test]
fn reading_goes_on_while_another_applies() {
    let repo = applied();
    repo.write("user.yaml", &format!("{USER}description: other words\n"));
    settle(&repo.registry());
    let before = recorded(&repo);
    let mut apply = weir(repo.path());
    let mut list = weir(repo.path());
    let runs = both(apply.args(["-q", "apply", "-y"]), list.args(["-q", "list", "--format", "json"]));
    let [apply, list] = runs.map(|it| it.exits(0));
    assert!(apply.stdout.contains("Registry is at serial 2."), "{apply:?}");
    assert!(before.starts_with(&list.stdout) || recorded(&repo).starts_with(&list.stdout), "{list:?}");
}

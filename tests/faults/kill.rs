//! `kill -9` while apply runs: the registry reads as before or as after, never between.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{answer, ask, bytes, recorded, run, settle};
use crate::child::{self, Running};
use crate::support::{Repo, Run, weir};

/// How many applies are killed: `WEIR_KILLS`, or as many as a test run has time for.
fn kills() -> u32 {
    let count = std::env::var("WEIR_KILLS").ok().map(|it| it.parse().expect("WEIR_KILLS is a number"));
    count.unwrap_or(if cfg!(debug_assertions) { 60 } else { 200 })
}

const DECLARATIONS: usize = if cfg!(debug_assertions) { 300 } else { 2000 };

/// Views with jobs, each described in these words.
fn declarations(count: usize, words: &str) -> String {
    let mut text =
        "kind: Entity\nname: user\n---\nkind: BatchSource\nname: orders\nbatch_config:\n  kind: HiveConfig\n  \
                    database: shop\n  table: orders\n  timestamp_field: at\n"
            .to_owned();
    for index in 2..count {
        write!(
            text,
            "---\nkind: BatchFeatureView\nname: view_{index}\ndescription: {words} {index}\nentities: [user]\n\
             sources: [orders]\nschema:\n  - {{ name: user, dtype: String }}\n  - {{ name: at, dtype: Timestamp }}\n  \
             - {{ name: amount, dtype: Float64 }}\noffline: true\nfeature_start_time: 2026-01-01\n"
        )
        .unwrap();
    }
    text
}

/// An apply that can be begun again and again: the registry before it, and what it reads as on either side.
struct Story {
    repo: Repo,
    start: Option<Vec<u8>>,
    before: String,
    after: String,
    took: Duration,
    log_bytes: u64,
}

impl Story {
    fn first_apply() -> Self {
        Self::of(Repo::new(&[("all.yaml", &declarations(DECLARATIONS, "the first"))]), None)
    }

    /// Every view edited, some gone, some new.
    fn edits() -> Self {
        let repo = Repo::new(&[("all.yaml", &declarations(DECLARATIONS, "the first"))]);
        run(&repo, &["-q", "apply", "-y"]).exits(0);
        settle(&repo.registry());
        let start = bytes(&repo).0;
        repo.write("all.yaml", &declarations(DECLARATIONS - 20, "the second"));
        repo.write("more.yaml", "kind: Entity\nname: merchant\n");
        Self::of(repo, Some(start))
    }

    /// Lets it run undisturbed once.
    fn of(repo: Repo, start: Option<Vec<u8>>) -> Self {
        let (before, after) = Default::default();
        let mut story = Self { repo, start, before, after, took: Duration::ZERO, log_bytes: 0 };
        story.rewind();
        story.before = recorded(&story.repo);
        let begin = Instant::now();
        let mut child = story.begin();
        while child.try_wait().unwrap().is_none() {
            story.log_bytes = story.log_bytes.max(story.log_length());
        }
        story.took = begin.elapsed();
        Run::from(child.finish()).exits(0);
        story.after = recorded(&story.repo);
        assert_ne!(story.before, story.after);
        story
    }

    fn rewind(&self) {
        let _ = std::fs::remove_dir_all(self.repo.path().join(".weir"));
        if let Some(start) = &self.start {
            std::fs::create_dir(self.repo.path().join(".weir")).unwrap();
            std::fs::write(self.repo.registry(), start).unwrap();
        }
    }

    fn begin(&self) -> Running {
        let output = || std::fs::File::create(self.repo.path().join("stdout")).unwrap();
        let mut command = weir(self.repo.path());
        child::start(command.args(["-q", "apply", "-y"]).stdin(Stdio::null()).stdout(output()).stderr(Stdio::null()))
    }

    fn log_length(&self) -> u64 {
        std::fs::metadata(self.repo.path().join(".weir/registry.db-wal")).map_or(0, |it| it.len())
    }

    /// Kills an apply: by the clock when `round` is even, by how much of the commit is written when it is odd.
    fn kill(&self, round: u32, rounds: u32) {
        let begin = Instant::now();
        let mut child = self.begin();
        let part = |whole: f64| whole * f64::from(round) / f64::from(rounds);
        let due = || match round % 2 {
            0 => begin.elapsed().as_secs_f64() >= part(self.took.as_secs_f64() * 1.1),
            _ => self.log_length() as f64 >= part(self.log_bytes as f64),
        };
        while !due() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Says whether the apply took place, after looking for anything between.
    fn happened(&self, round: u32) -> bool {
        let found = recorded(&self.repo);
        let happened = found == self.after;
        assert!(happened || found == self.before, "round {round}: neither before nor after:\n{found}");
        let said = std::fs::read_to_string(self.repo.path().join("stdout")).unwrap();
        assert!(happened || !said.contains("Applied"), "round {round}: it said so, and it was not:\n{said}");
        if found != "[]\n[]\n" {
            assert_eq!(ask(&self.repo.registry(), ORPHANS), "ok 0 0 0 0 0 0", "round {round}");
        }
        happened
    }
}

/// Whatever a torn apply could leave behind: rows of a serial that never was, jobs of nobody, history without an end.
const ORPHANS: &str = "
    SELECT (SELECT group_concat(integrity_check) FROM pragma_integrity_check)
        || ' ' || (SELECT count(*) FROM pragma_foreign_key_check)
        || ' ' || (SELECT count(*) FROM resource, workspace WHERE last_serial > serial OR first_serial > last_serial)
        || ' ' || (SELECT count(*) FROM job, workspace WHERE job.serial > workspace.serial)
        || ' ' || (SELECT count(*) FROM job WHERE state = 'pending' AND resource_id NOT IN (SELECT id FROM resource))
        || ' ' || (SELECT count(*) FROM change, workspace WHERE change.serial > workspace.serial)
        || ' ' || (SELECT count(*) - (SELECT sum(serial) FROM workspace) FROM apply)";

#[test]
fn a_killed_apply_has_happened_or_not() {
    let stories = [Story::first_apply(), Story::edits()];
    let (rounds, mut happened) = (kills(), 0);
    for round in 0..rounds {
        let story = &stories[(round / 2 % 2) as usize];
        story.rewind();
        story.kill(round, rounds);
        happened += u32::from(story.happened(round));
        if round % 10 == 0 {
            // Nothing is locked, and the next apply carries on.
            answer(weir(story.repo.path()).args(["-q", "apply", "-y"])).exits(0);
            assert_eq!(recorded(&story.repo), story.after, "round {round}");
        }
    }
    eprintln!("{rounds} applies killed, of {DECLARATIONS} declarations each: {happened} had happened");
}

#[test]
fn a_cache_torn_by_a_kill_is_no_worse_than_none() {
    let story = Story::first_apply();
    let whole = std::fs::read(story.repo.path().join(".weir/parse.cache")).unwrap();
    for cut in [0, 1, 20, 100, 1000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(story.repo.path().join(".weir/parse.cache"), &whole[..cut]).unwrap();
        let plan = run(&story.repo, &["-q", "plan", "--detailed-exitcode"]).exits(0);
        assert!(plan.stdout.contains("No changes."), "cut at {cut}:\n{}", plan.stdout);
    }
    let mut junk = whole.clone();
    junk.iter_mut().skip(whole.len() / 3).step_by(97).for_each(|it| *it ^= 0x20);
    std::fs::write(story.repo.path().join(".weir/parse.cache"), &junk).unwrap();
    run(&story.repo, &["-q", "plan", "--detailed-exitcode"]).exits(0);
    // A length that leads past every end, or back to where it stands.
    let text = String::from_utf8(whole).unwrap();
    let line = text.lines().find(|it| it.starts_with("F ")).unwrap();
    let (front, _) = line.rsplit_once(' ').unwrap();
    let back = u64::MAX - (front.len() as u64 + 21);
    for length in [u64::MAX, u64::MAX - 100, back, back + 1, back - 1] {
        let damaged = text.replacen(line, &format!("{front} {length}"), 1);
        std::fs::write(story.repo.path().join(".weir/parse.cache"), damaged).unwrap();
        run(&story.repo, &["-q", "plan", "--detailed-exitcode"]).exits(0);
    }
}

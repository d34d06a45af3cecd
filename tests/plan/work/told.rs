//! What a plan says of jobs, after one edit and some work: every row of one table.

use weir::plan::{JobKind, JobState, RecordedJob};
use weir::render::text;
use weir::resource::{Address, Instant};

use super::{Knobs, World};

const VIEW: &str = "BatchFeatureView.spend";

/// Applies the first, lets workers do `work`, and returns what the plan for the second says of jobs.
fn planned(first: &Knobs, work: &dyn Fn(&mut [RecordedJob]), then: &Knobs) -> String {
    let mut world = World::new();
    world.apply(first).unwrap();
    let id = world.snapshot.entries[&VIEW.parse::<Address>().unwrap()].id;
    work(world.snapshot.jobs.get_mut(&id).unwrap());
    let plan = world.apply(then).unwrap();
    let mut out = String::new();
    text::changes(&mut out, &plan.changes, world.now, text::Detail::Full).unwrap();
    let out = anstream::adapter::strip_str(&out).to_string();
    let of_jobs = |it: &&str| ["job", "in place"].iter().any(|word| it.contains(word));
    out.lines().filter(of_jobs).map(|it| format!("{}\n", it.trim_start())).collect()
}

fn done(jobs: &mut [RecordedJob]) {
    for it in jobs {
        match it.job.kind {
            JobKind::Backfill { .. } => it.state = JobState::Done,
            JobKind::Recurring { from, .. } => it.ran_to = Some(Instant { secs: from.secs + 86_400 }),
        }
    }
}

fn nothing(_: &mut [RecordedJob]) {}

fn begun(jobs: &mut [RecordedJob]) {
    jobs.iter_mut().for_each(|it| it.state = JobState::Running);
}

#[test]
fn what_a_plan_says_of_jobs() {
    let first = Knobs::FIRST;
    let with = |knob, value| Knobs::FIRST.turned(knob, value);
    let both = with(1, 0);
    type Work = dyn Fn(&mut [RecordedJob]);
    let by_hand = with(3, 1).turned(4, 2);
    let table: &[(&str, &Knobs, &Work, Knobs)] = &[
        ("a store less, nothing begun", &both, &nothing, first.clone()),
        ("a store less, all done", &both, &done, first.clone()),
        ("a store more, nothing begun", &first, &nothing, both.clone()),
        ("a store more, all begun", &first, &begun, both.clone()),
        ("a store more, all done", &first, &done, both.clone()),
        ("no store any more", &first, &nothing, with(0, 1)),
        ("earlier, nothing begun", &first, &nothing, with(2, 1)),
        ("earlier, all done", &first, &done, with(2, 1)),
        ("later, nothing begun", &first, &nothing, with(2, 2)),
        ("later, all begun", &first, &begun, with(2, 2)),
        ("later, all done", &first, &done, with(2, 2)),
        ("not before next year", &first, &nothing, with(2, 3)),
        ("by hand, nothing begun", &first, &nothing, with(3, 1)),
        ("by hand, all done", &first, &done, with(3, 1)),
        ("by hand up to a day, nothing begun", &first, &nothing, with(3, 1).turned(4, 2)),
        ("on schedule again, what was asked for done", &by_hand, &done, first.clone()),
        ("by hand up to a later day", &with(3, 1).turned(4, 1), &done, by_hand.clone()),
        ("rows come later, nothing begun", &first, &nothing, with(5, 2)),
        ("rows come days later, nothing begun", &first, &nothing, with(5, 3)),
        ("rows come later, all done", &first, &done, with(5, 2)),
        ("a feature more, nothing begun", &first, &nothing, with(6, 1)),
        ("a feature more, all begun", &first, &begun, with(6, 1)),
        ("a feature more, all done", &first, &done, with(6, 1)),
        ("another version", &first, &done, with(7, 1)),
        ("another name", &first, &done, with(8, 1)),
        ("gone", &first, &begun, with(9, 0)),
    ];
    let mut out = String::new();
    for (told, first, work, then) in table {
        out.push_str(&format!("{told}:\n{}", planned(first, work, then)));
    }
    assert_eq!(out, EXPECTED.trim_start(), "{out}");
}

const EXPECTED: &str = "
a store less, nothing begun:
backfill: 10 jobs, 2026-02-01 → now, 120 days, online
in place of 10 jobs, 2026-02-01 → now, 120 days, online and offline
then a job every day, 1h after each window, online
in place of a job every day, 1h after each window, online and offline
a store less, all done:
a job every day, 1h after each window, online
cancels a job every day, 1h after each window, online and offline
a store more, nothing begun:
backfill: 10 jobs, 2026-02-01 → now, 120 days, offline
then a job every day, 1h after each window, online and offline
in place of a job every day, 1h after each window, online
a store more, all begun:
backfill: 10 jobs, 2026-02-01 → now, 120 days, offline
then a job every day, 1h after each window, online and offline
in place of a job every day, 1h after each window, online
a store more, all done:
backfill: 10 jobs, 2026-02-01 → now, 120 days, offline
then a job every day, 1h after each window, online and offline
cancels a job every day, 1h after each window, online
no store any more:
cancels backfill: 10 jobs, 2026-02-01 → now, 120 days, online
cancels a job every day, 1h after each window, online
earlier, nothing begun:
backfill: 8 jobs, 2026-01-01 → 2026-02-01, 31 days, online
earlier, all done:
backfill: 8 jobs, 2026-01-01 → 2026-02-01, 31 days, online
later, nothing begun:
backfill: 10 jobs, 2026-03-01T06:30:00Z → now, 91 days, online
in place of 10 jobs, 2026-02-01 → now, 120 days, online
later, all begun:
backfill: 10 jobs, 2026-03-01T06:30:00Z → now, 91 days, online
cancels backfill: 10 jobs, 2026-02-01 → now, 120 days, online
later, all done:
not before next year:
a job every day, 1h after each window, from 2027-01-05 on, online
in place of a job every day, 1h after each window, online
cancels backfill: 10 jobs, 2026-02-01 → now, 120 days, online
by hand, nothing begun:
cancels backfill: 10 jobs, 2026-02-01 → now, 120 days, online
cancels a job every day, 1h after each window, online
by hand, all done:
cancels a job every day, 1h after each window, online
by hand up to a day, nothing begun:
backfill: 10 jobs, 2026-02-01 → 2026-04-01, 59 days, online
in place of 10 jobs, 2026-02-01 → now, 120 days, online
cancels a job every day, 1h after each window, online
on schedule again, what was asked for done:
backfill: 9 jobs, 2026-04-01 → now, 61 days, online
then a job every day, 1h after each window, online
by hand up to a later day:
backfill: 9 jobs, 2026-02-15 → 2026-04-01, 45 days, online
rows come later, nothing begun:
jobs of BatchFeatureView.spend
a job every day, 6h after each window, online
in place of a job every day, 1h after each window, online
rows come days later, nothing begun:
jobs of BatchFeatureView.spend
backfill: 10 jobs, 2026-02-01 → 2026-05-29, 117 days, online
in place of 10 jobs, 2026-02-01 → now, 120 days, online
then a job every day, 3d after each window, online
in place of a job every day, 1h after each window, online
rows come later, all done:
jobs of BatchFeatureView.spend
a job every day, 6h after each window, online
in place of a job every day, 1h after each window, online
a feature more, nothing begun:
backfill: 10 jobs, 2026-02-01 → now, 120 days, online
a feature more, all begun:
backfill: 10 jobs, 2026-02-01 → now, 120 days, online
cancels backfill: 10 jobs, 2026-02-01 → now, 120 days, online
a feature more, all done:
backfill: 10 jobs, 2026-02-01 → now, 120 days, online
another version:
backfill: 10 jobs, 2026-02-01 → now, 120 days, online
then a job every day, 1h after each window, online
cancels 1 recorded job of the old version
another name:
gone:
cancels 2 recorded jobs
";

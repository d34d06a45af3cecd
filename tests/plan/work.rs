//! Jobs follow what is declared, whatever way it changed and whatever has become of them.

mod told;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use weir::plan::{Action, Declared, Entry, JobAction, JobKind, JobState, Plan, RecordedJob, Snapshot, Suppress, diff};
use weir::resource::{BatchTrigger, Catalog, Duration, Instant};

use super::{BATCH, COLUMNS, Scene};
use crate::properties::config;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// What is declared of one view and its source, and the clock.
#[derive(Debug, Clone)]
struct Knobs {
    online: bool,
    offline: bool,
    start: usize,
    trigger: usize,
    manual_end: usize,
    delay: usize,
    columns: usize,
    ttl: usize,
    name: usize,
    declared: bool,
    protected: bool,
}

const KNOBS: usize = 11;
const STARTS: &[&str] = &["2026-02-01", "2026-01-01", "2026-03-01T06:30:00Z", "2027-01-05"];
const ENDS: &[&str] = &["", "2026-02-15", "2026-04-01"];
const DELAYS: &[&str] = &["1h", "0s", "6h", "3d"];

impl Knobs {
    const FIRST: Self = Self {
        online: true,
        offline: false,
        start: 0,
        trigger: 0,
        manual_end: 0,
        delay: 0,
        columns: 0,
        ttl: 0,
        name: 0,
        declared: true,
        protected: false,
    };

    fn turned(&self, knob: usize, value: usize) -> Self {
        let mut it = self.clone();
        match knob {
            0 => it.online = value.is_multiple_of(2),
            1 => it.offline = value.is_multiple_of(2),
            2 => it.start = value % STARTS.len(),
            3 => it.trigger = value % 2,
            4 => it.manual_end = value % ENDS.len(),
            5 => it.delay = value % DELAYS.len(),
            6 => it.columns = value % 3,
            7 => it.ttl = value % 2,
            8 => it.name = value % 2,
            9 => it.declared = !value.is_multiple_of(4),
            _ => it.protected = value.is_multiple_of(2),
        }
        it
    }

    /// The names that the view has and had.
    fn names(&self) -> (&'static str, &'static str) {
        if self.name == 0 { ("spend", "spent") } else { ("spent", "spend") }
    }

    fn yaml(&self) -> String {
        let source =
            BATCH.replace("timestamp_field: at", &format!("timestamp_field: at, data_delay: {}", DELAYS[self.delay]));
        if !self.declared {
            return source.split("---\nkind: BatchFeatureView").next().unwrap().to_owned();
        }
        let (name, other) = self.names();
        let source = source.replace("name: spend", &format!("name: {name}\nrenamed_from: {other}"));
        let more = [
            "",
            "  - { name: more, dtype: Int64 }\n",
            "  - { name: more, dtype: Int64 }\n  - { name: most, dtype: Int64 }\n",
        ];
        let end = match ENDS[self.manual_end] {
            end if end.is_empty() || self.trigger == 0 => String::new(),
            end => format!("manual_trigger_backfill_end_time: {end}\n"),
        };
        let (online, offline, start, more) = (self.online, self.offline, STARTS[self.start], more[self.columns]);
        let (trigger, ttl) = (["SCHEDULED", "MANUAL"][self.trigger], ["30d", "60d"][self.ttl]);
        format!(
            "{source}{COLUMNS}{more}online: {online}\noffline: {offline}\nfeature_start_time: {start}\n\
             batch_trigger: {trigger}\n{end}ttl: {ttl}\n"
        )
    }
}

/// A registry as far as jobs go.
struct World {
    snapshot: Snapshot,
    now: Instant,
    next: i64,
}

impl World {
    fn new() -> Self {
        Self { snapshot: Snapshot::empty("prod", weir::plan::Mode::Live), now: at("2026-06-01T10:00:00Z"), next: 1 }
    }

    /// Plans, carries out, and looks. Suppressed, since nothing else changes a delay in place.
    fn apply(&mut self, knobs: &Knobs) -> Result<Plan, TestCaseError> {
        let declared = Scene::LIVE.declare(&knobs.yaml());
        let plan = diff(&self.snapshot, &declared, &Suppress::All, self.now);
        let plan = plan.map_err(|it| TestCaseError::fail(format!("{it:?}")))?;
        self.carry_out(&plan, &declared);
        self.follows(&declared)?;
        let again = diff(&self.snapshot, &declared, &Suppress::All, self.now).unwrap();
        prop_assert!(again.changes.is_empty(), "and then there is nothing to do");
        Ok(plan)
    }

    fn carry_out(&mut self, plan: &Plan, declared: &[Declared]) {
        let mut entries = BTreeMap::new();
        for it in declared {
            let address = &it.resource.address;
            let change = plan.changes.iter().find(|it| it.address == *address);
            let recorded = change.and_then(|it| it.recorded()).unwrap_or(address);
            let kept = self.snapshot.entries.get(recorded).map(|it| it.id);
            let id = match change.map(|it| &it.action) {
                Some(Action::Create { .. } | Action::Recreate { .. }) => {
                    self.next += 1;
                    self.next
                }
                _ => kept.unwrap(),
            };
            let entry = Entry {
                id,
                digest: it.digest,
                prevent_destroy: it.resource.meta.prevent_destroy,
                depends_on: it.resource.depends_on.clone(),
                wire_order: Vec::new(),
                resource: Some(it.resource.as_ref().clone()),
            };
            entries.insert(address.clone(), entry);
        }
        for change in plan.changes.iter().flat_map(|it| &it.jobs) {
            self.write(&change.action, entries.get(&change.view).map(|it| it.id));
        }
        self.snapshot.entries = entries;
    }

    fn write(&mut self, action: &JobAction, view: Option<i64>) {
        let next = 1 + self.snapshot.jobs.values().map(Vec::len).sum::<usize>() as i64;
        let mut held = |id: &i64, state: &JobState, change: &dyn Fn(&mut RecordedJob)| {
            let found = self.snapshot.jobs.values_mut().flatten().find(|it| it.id == *id && it.state == *state);
            change(found.expect("a job is changed in the state that it has"));
        };
        match action {
            JobAction::Create { job } => {
                let job = RecordedJob { id: next, state: JobState::Pending, job: job.clone(), ran_to: None };
                self.snapshot.jobs.entry(view.expect("jobs are for what there is")).or_default().push(job);
            }
            JobAction::Change { id, state, job, .. } => held(id, state, &|it| it.job = job.clone()),
            JobAction::End { id, state, to, .. } => held(id, state, &|it| it.state = *to),
        }
    }

    /// A worker does something to one open job.
    fn work(&mut self, which: usize) {
        let (now, delay) = (self.now, Duration::secs(6 * 3600));
        let open = |it: &&mut RecordedJob| it.state.is_open();
        let mut open: Vec<&mut RecordedJob> = self.snapshot.jobs.values_mut().flatten().filter(open).collect();
        let count = open.len().max(1);
        let Some(job) = open.get_mut(which % count) else { return };
        match job.job.kind {
            JobKind::Recurring { every, from, .. } => {
                let end = (now.secs - delay.secs).div_euclid(every.secs) * every.secs;
                job.ran_to = Some(Instant { secs: end }).filter(|it| *it > from).or(job.ran_to);
            }
            JobKind::Backfill { .. } => {
                job.state = match (job.state, which % 3) {
                    (JobState::Pending, _) => JobState::Running,
                    (_, 0) => JobState::Failed,
                    _ => JobState::Done,
                }
            }
        }
    }

    /// Looks at each stretch of time between any two bounds: what should be done there, and by how many jobs.
    fn follows(&self, declared: &[Declared]) -> Result<(), TestCaseError> {
        let catalog = Catalog::new(declared.iter().map(|it| &*it.resource));
        let view = declared.iter().find_map(|it| Some((&it.resource.address, it.resource.view(&catalog)?)));
        let id = view.as_ref().map(|(address, _)| self.snapshot.entries[*address].id);
        for (of, jobs) in &self.snapshot.jobs {
            if Some(*of) != id {
                prop_assert!(jobs.iter().all(|it| !it.state.is_open()), "the jobs of what is gone have ended");
            }
        }
        let (Some((_, view)), Some(id)) = (view, id) else { return Ok(()) };
        let jobs = self.snapshot.jobs.get(&id).cloned().unwrap_or_default();
        let every = view.schedule();
        let complete = (self.now.secs - view.found.data_delay.secs).div_euclid(every.secs) * every.secs;
        let scheduled = view.trigger() == BatchTrigger::Scheduled;
        let view = view.spec;
        let start = view.feature_start_time.unwrap().secs;
        let end = if scheduled { i64::MAX } else { view.manual_trigger_backfill_end_time.map_or(start, |it| it.secs) };
        let first = start.div_euclid(every.secs) * every.secs;
        let mut bounds = vec![start, first, complete, end, at("2028-01-01").secs];
        for it in &jobs {
            match it.job.kind {
                JobKind::Backfill { range, .. } => bounds.extend([range.start.secs, range.end.secs]),
                JobKind::Recurring { from, .. } => {
                    bounds.extend([Some(from), it.ran_to].into_iter().flatten().map(|it| it.secs))
                }
            }
        }
        bounds.sort_unstable();
        bounds.dedup();
        for (store, on) in [view.online == Some(true), view.offline == Some(true)].into_iter().enumerate() {
            let fills = |it: &&RecordedJob| it.job.stores()[store];
            for bound in &bounds {
                let seen = Seen::of(jobs.iter().filter(fills), *bound);
                let told = format!("store {store} from {} on: {seen:?}\n{jobs:#?}", Instant { secs: *bound });
                prop_assert!(seen.backfills + seen.schedules <= 1, "twice: {told}");
                prop_assert!(seen.backfills == 0 || !seen.done, "again: {told}");
                let wanted = on && start <= *bound && *bound < end;
                let allowed = wanted || (on && scheduled && first <= *bound);
                prop_assert!(!wanted || seen.done || seen.backfills + seen.schedules == 1, "missing: {told}");
                prop_assert!(allowed || seen.backfills + seen.schedules == 0, "too much: {told}");
                let is_open_window = scheduled && *bound >= complete.max(first);
                prop_assert!(!is_open_window || seen.backfills == 0, "not complete yet: {told}");
            }
        }
        Ok(())
    }
}

/// What is done and to be done of one moment.
#[derive(Debug, Default)]
struct Seen {
    backfills: usize,
    schedules: usize,
    done: bool,
}

impl Seen {
    fn of<'a>(jobs: impl Iterator<Item = &'a RecordedJob>, moment: i64) -> Self {
        let mut seen = Self::default();
        for it in jobs {
            match it.job.kind {
                JobKind::Backfill { range, .. } if range.start.secs <= moment && moment < range.end.secs => {
                    seen.backfills += usize::from(it.state.is_open());
                    seen.done |= it.state == JobState::Done;
                }
                JobKind::Recurring { from, .. } if from.secs <= moment => {
                    let ran = it.ran_to.is_some_and(|it| moment < it.secs);
                    seen.schedules += usize::from(it.state.is_open() && !ran);
                    seen.done |= ran && it.state != JobState::Superseded;
                }
                _ => {}
            }
        }
        seen
    }
}

#[derive(Debug, Clone)]
enum Step {
    Turn(usize, usize),
    /// Declares what an earlier step did, as a restore.
    Back(usize),
    Work(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..KNOBS, 0..12usize).prop_map(|it| Step::Turn(it.0, it.1)),
        1 => (1..6usize).prop_map(Step::Back),
        4 => (0..12usize).prop_map(Step::Work),
        2 => (1..100i64).prop_map(Step::Wait),
    ]
}

fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let mut history = vec![Knobs::FIRST];
    world.apply(&Knobs::FIRST)?;
    for step in steps {
        let now = history.last().unwrap().clone();
        match step {
            Step::Turn(knob, value) => history.push(now.turned(*knob, *value)),
            Step::Back(by) => history.push(history[history.len().saturating_sub(*by + 1)].clone()),
            Step::Work(which) => world.work(*which),
            Step::Wait(hours) => world.now.secs += hours * 3600,
        }
        if matches!(step, Step::Turn(..) | Step::Back(_)) {
            world.apply(history.last().unwrap())?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn jobs_are_what_is_declared_and_not_yet_done(steps in prop::collection::vec(step(), 1..24)) {
        play(&steps)?;
    }
}

#[test]
fn every_edit_after_every_work_leaves_the_jobs_that_are_declared() {
    let work = [vec![], vec![Step::Work(0)], vec![Step::Work(0), Step::Work(1)], vec![Step::Work(1), Step::Wait(50)]];
    let stores = [Step::Turn(1, 0), Step::Wait(30)];
    for (index, work) in work.iter().enumerate() {
        for knob in 0..KNOBS {
            for (value, other) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
                let turns =
                    [Step::Turn(knob, value), Step::Wait(7), Step::Turn((knob + 3) % KNOBS, other), Step::Back(2)];
                let steps: Vec<Step> = stores.iter().chain(work).chain(&turns).cloned().collect();
                play(&steps).unwrap_or_else(|it| panic!("work {index}, knob {knob}, {value} and {other}: {it}"));
            }
        }
    }
}

//! The jobs that a view should have, computed from its declaration, the recorded jobs and the clock.

use super::job::JobAction;
use crate::resource::time::{job_count, last_complete};
use crate::resource::{BatchTrigger, Catalog, Duration, Instant, Job, JobKind, JobState, Range, RecordedJob, Resource};

/// The settings that decide when a view is materialized.
#[derive(Debug, Clone, PartialEq)]
pub struct Materialized {
    trigger: BatchTrigger,
    schedule: Duration,
    delay: Duration,
    start: Option<Instant>,
    manual_end: Option<Instant>,
    has_batch: bool,
    /// Online, then offline.
    stores: [bool; 2],
    longest: Longest,
}

/// The way a range is split. It is shown with a job and not recorded, so it never makes a difference.
#[derive(Debug, Clone, Copy)]
struct Longest {
    interval: Option<Duration>,
    incremental: bool,
}

impl PartialEq for Longest {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Materialized {
    /// Returns the settings of `resource`, if it is a view.
    pub fn new(resource: &Resource, catalog: &Catalog) -> Option<Self> {
        let view = resource.view(catalog)?;
        let spec = view.spec;
        Some(Self {
            trigger: view.trigger(),
            schedule: view.schedule(),
            delay: view.found.data_delay,
            start: spec.feature_start_time,
            manual_end: spec.manual_trigger_backfill_end_time,
            has_batch: view.found.has_batch,
            stores: [spec.online == Some(true), spec.offline == Some(true)],
            longest: Longest {
                interval: spec.max_backfill_interval,
                incremental: spec.incremental_backfills == Some(true),
            },
        })
    }

    /// Returns the end of the last window whose rows are all there.
    fn complete(&self, now: Instant) -> Instant {
        last_complete(now, self.delay, self.schedule)
    }

    fn count(&self, range: Range) -> i64 {
        job_count(range, self.schedule, self.longest.interval, self.longest.incremental)
    }

    fn backfill(&self, range: Range, stores: [bool; 2]) -> Job {
        let kind = JobKind::Backfill { range, count: self.count(range) };
        Job { kind, online: stores[0], offline: stores[1] }
    }

    /// Returns a recorded job with the count of today's settings.
    fn counted(&self, recorded: &RecordedJob) -> Job {
        match recorded.job.kind {
            JobKind::Backfill { range, .. } => self.backfill(range, recorded.job.stores()),
            JobKind::Recurring { .. } => recorded.job.clone(),
        }
    }
}

/// Returns the actions that turn the recorded jobs of a view into those that `wanted` asks for.
///
/// Afterwards, each enabled store has exactly one open or finished job for each moment from the start of its history
/// to the first window of the schedule, and no other job is open. With `appended`, finished jobs do not count, because
/// their rows lack the new features.
pub fn reconcile(wanted: &Materialized, recorded: &[RecordedJob], appended: bool, now: Instant) -> Vec<JobAction> {
    let schedule = Schedule::find(wanted, recorded, appended, now);
    let end = match wanted.trigger {
        BatchTrigger::Scheduled => schedule.from,
        BatchTrigger::Manual => wanted.manual_end,
        BatchTrigger::NoBatchMaterialization => None,
    };
    let history = wanted.start.zip(end).map(|(start, end)| Range { start, end });
    let missing = |store: usize| {
        let on = wanted.has_batch && wanted.stores[store];
        let whole: Vec<Range> = history.into_iter().filter(|it| on && !it.is_empty()).collect();
        let done = recorded.iter().filter_map(|it| covered(it, store)).filter(|_| !appended);
        done.fold(whole, without)
    };
    let mut actions = backfills(wanted, recorded, appended, [missing(0), missing(1)]);
    actions.extend(schedule.actions);
    let superseded = recorded.iter().filter(|it| appended && !it.state.is_open() && has_done(it));
    actions.extend(superseded.map(|it| end_of(it, wanted, JobState::Superseded)));
    actions.sort_by_key(|it| match it {
        JobAction::Create { job } | JobAction::Change { job, .. } => (0, position(job)),
        JobAction::End { before, .. } => (1, position(before)),
    });
    actions
}

/// Returns the actions that end all open jobs of a view that is deleted or recreated. `was` gives the counts to show.
pub fn end_all(was: &Materialized, recorded: &[RecordedJob]) -> Vec<JobAction> {
    let open = recorded.iter().filter(|it| it.state.is_open());
    open.map(|it| end_of(it, was, JobState::Cancelled)).collect()
}

/// Sorts backfills by their start, then recurring jobs.
fn position(job: &Job) -> (u8, i64, [bool; 2]) {
    match job.kind {
        JobKind::Backfill { range, .. } => (0, range.start.secs, job.stores()),
        JobKind::Recurring { from, .. } => (1, from.secs, job.stores()),
    }
}

fn end_of(recorded: &RecordedJob, wanted: &Materialized, to: JobState) -> JobAction {
    JobAction::End { id: recorded.id, state: recorded.state, before: wanted.counted(recorded), to }
}

/// Says whether the job has written rows that count.
fn has_done(recorded: &RecordedJob) -> bool {
    (0..2).any(|store| covered(recorded, store).is_some())
}

/// Returns the range of a store that this job has filled.
fn covered(recorded: &RecordedJob, store: usize) -> Option<Range> {
    if !recorded.job.stores()[store] || recorded.state == JobState::Superseded {
        return None;
    }
    match recorded.job.kind {
        JobKind::Backfill { range, .. } => (recorded.state == JobState::Done).then_some(range),
        JobKind::Recurring { from, .. } => recorded.ran_to.map(|end| Range { start: from, end }),
    }
}

/// Returns `ranges` without the part that `other` covers.
fn without(ranges: Vec<Range>, other: Range) -> Vec<Range> {
    let left = |it: Range| {
        let (before, after) = (it.end.min(other.start), it.start.max(other.end));
        [Range { start: it.start, end: before }, Range { start: after, end: it.end }]
    };
    let (apart, met): (Vec<Range>, Vec<Range>) =
        ranges.into_iter().partition(|it| other.end <= it.start || it.end <= other.start);
    let mut ranges: Vec<Range> = apart.into_iter().chain(met.into_iter().flat_map(left)).collect();
    ranges.retain(|it| !it.is_empty());
    ranges.sort_by_key(|it| it.start);
    ranges
}

/// The schedule that a view should have, and the actions that bring it about.
struct Schedule {
    /// The start of its first window.
    from: Option<Instant>,
    actions: Vec<JobAction>,
}

impl Schedule {
    fn find(wanted: &Materialized, recorded: &[RecordedJob], appended: bool, now: Instant) -> Self {
        let is_open = |it: &&RecordedJob| it.state.is_open() && matches!(it.job.kind, JobKind::Recurring { .. });
        let mut open: Vec<&RecordedJob> = recorded.iter().filter(is_open).collect();
        open.sort_by_key(|it| it.id);
        let is_wanted = wanted.trigger == BatchTrigger::Scheduled && wanted.has_batch && wanted.stores.contains(&true);
        let held = if is_wanted { open.pop() } else { None };
        let mut actions: Vec<JobAction> = open.into_iter().map(|it| end_of(it, wanted, ended(it, appended))).collect();
        if !is_wanted {
            return Self { from: None, actions };
        }
        let from = first_window(wanted, held, appended, now);
        let kind = JobKind::Recurring { every: wanted.schedule, delay: wanted.delay, from };
        let job = Job { kind, online: wanted.stores[0], offline: wanted.stores[1] };
        match held {
            None => actions.push(JobAction::Create { job }),
            Some(held) if held.job == job => {}
            // A schedule that has run may change only if its stores and windows stay.
            Some(held) if held.ran_to.is_none() || goes_on(wanted, held, appended, now) => {
                let (id, state, before) = (held.id, held.state, held.job.clone());
                actions.push(JobAction::Change { id, state, before, job });
            }
            Some(held) => {
                actions.push(end_of(held, wanted, ended(held, appended)));
                actions.push(JobAction::Create { job });
            }
        }
        Self { from: Some(from), actions }
    }
}

fn ended(recorded: &RecordedJob, appended: bool) -> JobState {
    if appended && has_done(recorded) { JobState::Superseded } else { JobState::Cancelled }
}

/// Says whether the rows of a schedule stay valid, so that it can continue. A longer delay only makes it read rows
/// again.
fn goes_on(wanted: &Materialized, held: &RecordedJob, appended: bool, now: Instant) -> bool {
    let JobKind::Recurring { every, from, .. } = held.job.kind else { return false };
    let after_start = held.ran_to.is_some_and(|it| wanted.start.is_none_or(|start| start <= it));
    let as_before = every == wanted.schedule && held.job.stores() == wanted.stores;
    !appended && after_start && as_before && from <= wanted.complete(now)
}

/// Returns the first window of the schedule, where the backfill ends. A schedule that goes on keeps its start.
fn first_window(wanted: &Materialized, held: Option<&RecordedJob>, appended: bool, now: Instant) -> Instant {
    let complete = wanted.complete(now);
    let reached = match held.map(|it| (it, it.job.kind)) {
        Some((held, JobKind::Recurring { from, .. })) if goes_on(wanted, held, appended, now) => return from,
        Some((held, JobKind::Recurring { from, .. })) => held.ran_to.unwrap_or(from).min(complete),
        _ => complete,
    };
    let width = wanted.schedule.secs.max(1);
    let from = wanted.start.map_or(reached, |start| reached.max(start));
    Instant { secs: from.secs.div_euclid(width) * width }
}

/// Returns the actions that make the open backfills fill exactly the missing ranges, with the fewest changes.
fn backfills(
    wanted: &Materialized,
    recorded: &[RecordedJob],
    appended: bool,
    mut missing: [Vec<Range>; 2],
) -> Vec<JobAction> {
    let range = |it: &RecordedJob| match it.job.kind {
        JobKind::Backfill { range, .. } => Some(range),
        JobKind::Recurring { .. } => None,
    };
    let mut open: Vec<(&RecordedJob, Range)> =
        recorded.iter().filter(|it| it.state.is_open()).filter_map(|it| Some((it, range(it)?))).collect();
    // Jobs that have started are kept first.
    open.sort_by_key(|(it, _)| (it.state == JobState::Pending, it.id));
    let mut left = Vec::new();
    for (job, range) in open {
        let within = |it: &Vec<Range>| it.iter().any(|it| it.start <= range.start && range.end <= it.end);
        let stores = job.job.stores();
        if !appended && stores.contains(&true) && (0..2).all(|it| !stores[it] || within(&missing[it])) {
            for store in (0..2).filter(|it| stores[*it]) {
                missing[store] = without(std::mem::take(&mut missing[store]), range);
            }
        } else {
            left.push((job, range));
        }
    }
    let mut actions = Vec::new();
    for (new, stores) in together(&missing) {
        let job = wanted.backfill(new, stores);
        let meets = |(it, range): &(&RecordedJob, Range)| {
            it.state == JobState::Pending && range.start < new.end && new.start < range.end
        };
        match left.iter().position(meets) {
            Some(at) => {
                let (old, _) = left.remove(at);
                actions.push(JobAction::Change { id: old.id, state: old.state, before: wanted.counted(old), job });
            }
            None => actions.push(JobAction::Create { job }),
        }
    }
    actions.extend(left.into_iter().map(|(it, _)| end_of(it, wanted, JobState::Cancelled)));
    actions
}

/// Returns the missing ranges of both stores, each with the stores that lack it, in as few ranges as possible.
fn together(missing: &[Vec<Range>; 2]) -> Vec<(Range, [bool; 2])> {
    let mut bounds: Vec<Instant> = missing.iter().flatten().flat_map(|it| [it.start, it.end]).collect();
    bounds.sort();
    bounds.dedup();
    let mut ranges: Vec<(Range, [bool; 2])> = Vec::new();
    for bounds in bounds.windows(2) {
        let range = Range { start: bounds[0], end: bounds[1] };
        let lacks = |it: &Vec<Range>| it.iter().any(|it| it.start <= range.start && range.end <= it.end);
        let stores = [lacks(&missing[0]), lacks(&missing[1])];
        match ranges.last_mut() {
            Some(last) if last.1 == stores && last.0.end == range.start => last.0.end = range.end,
            _ => ranges.push((range, stores)),
        }
    }
    ranges.retain(|it| it.1.contains(&true));
    ranges
}

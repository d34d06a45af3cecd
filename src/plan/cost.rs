//! What a change brings with it: backfill ranges, recurring jobs, and what is worth knowing before it is applied.

use serde::{Deserialize, Serialize};

use super::diff::Both;
use super::windows::{Range, job_count, last_complete};
use super::{Action, Change, Mode};
use crate::diagnostic::Diagnostic;
use crate::resource::{BatchTrigger, Catalog, Duration, Effect, FeatureView, Instant, Resource};

/// Work for the materialization workers: recorded by apply, run later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub kind: JobKind,
    pub online: bool,
    pub offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum JobKind {
    /// One range of history; the workers split it into about `count` jobs.
    Backfill { range: Range, count: i64 },
    /// A job for each window, `delay` after its end.
    Recurring { every: Duration, delay: Duration },
}

impl Job {
    /// Returns how many jobs a backfill takes; a schedule counts as none.
    pub fn count(&self) -> i64 {
        match self.kind {
            JobKind::Backfill { count, .. } => count,
            JobKind::Recurring { .. } => 0,
        }
    }
}

/// A view with all that decides when it is materialized.
struct Materialized<'a> {
    view: &'a FeatureView,
    trigger: BatchTrigger,
    schedule: Duration,
    delay: Duration,
    start: Option<Instant>,
    /// Where a backfill ends at `now`.
    end: Option<Instant>,
    online: bool,
    offline: bool,
}

impl<'a> Materialized<'a> {
    fn new(resource: &'a Resource, catalog: &Catalog, now: Instant) -> Option<Self> {
        let view = resource.spec.declaration().view()?;
        let kind = resource.address.kind;
        let (trigger, schedule, delay) =
            (view.trigger(kind, catalog), view.schedule(kind, catalog), view.data_delay(catalog));
        let end = match trigger {
            BatchTrigger::Scheduled => Some(last_complete(now, delay, schedule)),
            BatchTrigger::Manual => view.manual_trigger_backfill_end_time,
            BatchTrigger::NoBatchMaterialization => None,
        };
        let (online, offline) = (view.online == Some(true), view.offline == Some(true));
        let end = end.filter(|_| view.has_batch(catalog));
        Some(Self { view, trigger, schedule, delay, start: view.feature_start_time, end, online, offline })
    }

    fn backfill(&self, start: Option<Instant>, end: Option<Instant>, online: bool, offline: bool) -> Option<Job> {
        let range = Range { start: start?, end: end? };
        let count = job_count(
            range,
            self.schedule,
            self.view.max_backfill_interval,
            self.view.incremental_backfills == Some(true),
        );
        (count > 0 && (online || offline)).then_some(Job { kind: JobKind::Backfill { range, count }, online, offline })
    }

    fn recurs(&self) -> bool {
        self.trigger == BatchTrigger::Scheduled && self.end.is_some() && (self.online || self.offline)
    }

    fn recurring(&self) -> Option<Job> {
        let kind = JobKind::Recurring { every: self.schedule, delay: self.delay };
        self.recurs().then_some(Job { kind, online: self.online, offline: self.offline })
    }
}

/// Returns the jobs that a change brings. A development workspace materializes nothing.
pub fn jobs(change: &Change, mode: Mode, both: &Both, now: Instant) -> Vec<Job> {
    let Some(after) = change.action.after().filter(|_| mode == Mode::Live) else { return Vec::new() };
    let Some(new) = Materialized::new(after, &both.after, now) else { return Vec::new() };
    let jobs = match &change.action {
        Action::Create { .. } | Action::Recreate { .. } => {
            vec![new.backfill(new.start, new.end, new.online, new.offline), new.recurring()]
        }
        Action::Update { before, .. } => match Materialized::new(before, &both.before, now) {
            Some(old) => update_jobs(change, &old, &new),
            None => Vec::new(),
        },
        Action::Delete { .. } => Vec::new(),
    };
    jobs.into_iter().flatten().collect()
}

/// Only what is missing is built: a new store, an earlier start, a later end, features that were appended.
fn update_jobs(change: &Change, old: &Materialized, new: &Materialized) -> Vec<Option<Job>> {
    let appended =
        !change.suppressed
            && change.action.fields().iter().any(|it| {
                matches!(it.path.as_str(), "aggregations" | "schema" | "sql") && it.effect == Effect::InPlace
            });
    let mut jobs = Vec::new();
    if appended || old.end.is_none() {
        jobs.push(new.backfill(new.start, new.end, new.online, new.offline));
    } else {
        let (online, offline) = (new.online && !old.online, new.offline && !old.offline);
        jobs.push(new.backfill(new.start, new.end, online, offline));
        let (kept_online, kept_offline) = (new.online && old.online, new.offline && old.offline);
        match old.start {
            Some(start) => jobs.push(new.backfill(new.start, Some(start).min(new.end), kept_online, kept_offline)),
            None => jobs.push(new.backfill(new.start, new.end, kept_online, kept_offline)),
        }
        if old.trigger == BatchTrigger::Manual {
            jobs.push(new.backfill(old.end.max(new.start), new.end, kept_online, kept_offline));
        }
    }
    let as_before = old.recurs()
        && (old.schedule, old.delay, old.online, old.offline) == (new.schedule, new.delay, new.online, new.offline);
    if !as_before {
        jobs.push(new.recurring());
    }
    jobs
}

/// Returns what is worth knowing about a change before it is applied.
pub fn warnings(change: &Change, both: &Both, now: Instant) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let (Some(before), Some(after)) = (change.action.before(), change.action.after()) else { return warnings };
    if change.suppressed && after.spec.declaration().column_names(&both.after).is_none() {
        warnings.push(Diagnostic::warning(
            "V104",
            format!(
                "not checked: whether `{}` still has the same columns, because no source was opened",
                change.address
            ),
        ));
    }
    let (Some(old), Some(new)) = (before.spec.declaration().view(), after.spec.declaration().view()) else {
        return warnings;
    };
    if !matches!(change.action, Action::Update { .. }) || old.aggregations().is_empty() {
        return warnings;
    }
    if new.has_batch(&both.after) && change.jobs.is_empty() {
        return warnings;
    }
    let longest = old.aggregations().iter().map(|it| it.time_window).max().unwrap_or(Duration::ZERO);
    let interval = new.interval(after.address.kind, &both.after).unwrap_or(Duration::ZERO);
    for added in new.aggregations().iter().skip(old.aggregations().len()).filter(|it| it.time_window > longest) {
        let (feature, window) = (added.feature(interval), added.time_window);
        let summary = format!("the window of `{feature}` is {window}, longer than any before ({longest})");
        let complete = if new.has_batch(&both.after) {
            "it is complete when the backfill has run".to_owned()
        } else {
            format!("it is complete from {} on: older events are not kept", Instant { secs: now.secs + window.secs })
        };
        warnings.push(Diagnostic::warning("P009", format!("{summary}; {complete}")));
    }
    warnings
}

//! The jobs of any repo after any edits, where no worker has begun anything: exactly what is declared.

use super::*;
use weir::plan::{Job, JobKind};
use weir::resource::BatchTrigger;

/// Compares the open jobs of every view with what it declares.
pub fn follow(after: &Snapshot, declared: &[Declared]) -> Result<(), TestCaseError> {
    let catalog = Catalog::new(declared.iter().map(|it| &*it.resource));
    let mut open: BTreeMap<i64, Vec<&Job>> = BTreeMap::new();
    for (id, jobs) in &after.jobs {
        open.entry(*id).or_default().extend(jobs.iter().filter(|it| it.state.is_open()).map(|it| &it.job));
    }
    for it in declared {
        let Some(found) = it.resource.view(&catalog) else { continue };
        let view = found.spec;
        let jobs = open.remove(&after.entries[&it.resource.address].id).unwrap_or_default();
        let stores = [view.online == Some(true), view.offline == Some(true)];
        let told = format!("{}: {jobs:?}", it.resource.address);
        let trigger = found.trigger();
        let works = after.mode == Mode::Live && found.found.has_batch && stores.contains(&true);
        let (every, delay) = (found.schedule(), found.found.data_delay);
        let schedules: Vec<_> = jobs.iter().filter(|it| matches!(it.kind, JobKind::Recurring { .. })).collect();
        let mut end = view.manual_trigger_backfill_end_time;
        if works && trigger == BatchTrigger::Scheduled {
            prop_assert_eq!(schedules.len(), 1, "one schedule, {}", told);
            let JobKind::Recurring { every: held, delay: after, from } = schedules[0].kind else { unreachable!() };
            prop_assert_eq!((held, after, schedules[0].stores()), (every, delay, stores), "{}", told);
            end = Some(from);
        } else {
            prop_assert!(schedules.is_empty(), "no schedule, {told}");
        }
        let (start, end) = match (view.feature_start_time, end) {
            (Some(start), Some(end)) if works && start < end => (start, end),
            _ => (Instant { secs: 0 }, Instant { secs: 0 }),
        };
        for (store, on) in stores.into_iter().enumerate() {
            let range = |it: &&Job| match it.kind {
                JobKind::Backfill { range, .. } if it.stores()[store] => Some(range),
                _ => None,
            };
            let mut ranges: Vec<_> = jobs.iter().filter_map(range).collect();
            ranges.sort_by_key(|it| it.start);
            if !on || start == end {
                prop_assert!(ranges.is_empty(), "store {store} is off, {told}");
                continue;
            }
            let mut at = start;
            for range in ranges {
                prop_assert_eq!(range.start, at, "store {}, no gap and nothing twice, {}", store, told);
                at = range.end;
            }
            prop_assert_eq!(at, end, "store {}, up to the schedule, {}", store, told);
        }
    }
    prop_assert!(open.values().all(Vec::is_empty), "what is gone has no work: {open:?}");
    Ok(())
}

//! The jobs of a change as text.

use std::fmt::{self, Write};

use super::{shown, words};
use crate::plan::{Change, JobAction, JobChange};
use crate::resource::{Instant, Job, JobKind};

/// Writes the changes of jobs: those of the change's own view, then those of views that read it.
pub fn jobs(out: &mut impl Write, change: &Change, indent: &str, now: Instant) -> fmt::Result {
    let (own, below): (Vec<&JobChange>, Vec<&JobChange>) = change.jobs.iter().partition(|it| it.view == change.address);
    if change.action.destroys() {
        list(out, own.iter().copied().filter(|it| it.cancels().is_none()), indent, now)?;
        let ended = own.iter().filter(|it| it.cancels().is_some()).count();
        if ended > 0 {
            let old = if change.action.after().is_some() { " of the old version" } else { "" };
            writeln!(out, "{indent}cancels {}{old}", words::count(ended, "recorded job"))?;
        }
    } else {
        list(out, own.into_iter(), indent, now)?;
    }
    for view in below.chunk_by(|a, b| a.view == b.view) {
        writeln!(out, "{indent}jobs of {}", shown::thing(&view[0].view))?;
        list(out, view.iter().copied(), &format!("{indent}  "), now)?;
    }
    Ok(())
}

fn list<'a>(
    out: &mut impl Write,
    jobs: impl Iterator<Item = &'a JobChange>,
    indent: &str,
    now: Instant,
) -> fmt::Result {
    let mut begun = false;
    for change in jobs {
        match &change.action {
            JobAction::Create { job } => begin(out, indent, &mut begun, job, now)?,
            JobAction::Change { before, job, .. } => {
                begin(out, indent, &mut begun, job, now)?;
                let before = self::job(before, now);
                if before != self::job(job, now) {
                    let before = before.strip_prefix("backfill: ").unwrap_or(&before);
                    writeln!(out, "{indent}  in place of {before}")?;
                }
            }
            JobAction::End { before, .. } if change.cancels().is_some() => {
                writeln!(out, "{indent}cancels {}", self::job(before, now))?
            }
            JobAction::End { .. } => {}
        }
    }
    Ok(())
}

/// Writes a job that is to run; a schedule that is not the first of them begins with `then`.
fn begin(out: &mut impl Write, indent: &str, begun: &mut bool, job: &Job, now: Instant) -> fmt::Result {
    let then = if *begun && matches!(job.kind, JobKind::Recurring { .. }) { "then " } else { "" };
    *begun = true;
    writeln!(out, "{indent}{then}{}", self::job(job, now))
}

/// Returns `backfill: 10 jobs, 2022-10-10 → now, 1502 days, online and offline`.
pub fn job(job: &Job, now: Instant) -> String {
    let stores: Vec<&str> =
        [(job.online, "online"), (job.offline, "offline")].into_iter().filter(|it| it.0).map(|it| it.1).collect();
    let stores = words::list(stores);
    match &job.kind {
        JobKind::Backfill { range, count } => {
            // The last windows of a schedule may still be open, so a recent end is shown as now.
            let end = if now.secs - range.end.secs < 2 * 86_400 { "now".to_owned() } else { range.end.short() };
            format!(
                "backfill: {}, {} → {end}, {}, {stores}",
                words::count(count.unsigned_abs() as usize, "job"),
                range.start.short(),
                words::count(range.days().unsigned_abs() as usize, "day")
            )
        }
        JobKind::Recurring { every, delay, from } => {
            let after = if delay.secs > 0 { format!(", {delay} after each window") } else { String::new() };
            let first = if from.secs > now.secs { format!(", from {} on", from.short()) } else { String::new() };
            format!("a job {}{after}{first}, {stores}", words::every(*every))
        }
    }
}

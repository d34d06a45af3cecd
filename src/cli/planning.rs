//! The steps that apply, destroy and restore share: show a plan, ask, and carry it out.

use super::context::{Context, header};
use super::stop::{Exit, Stop};
use crate::apply::Occasion;
use crate::plan::Approved;
use crate::render::{shown as safe, style, text, words};
use crate::resource::Instant;
use crate::session::{Ledger, Planned};

/// Returns the plan as text.
pub fn plan_text(context: &Context, planned: &Planned, now: Instant) -> String {
    let mut out = String::new();
    let detail = if context.ui.verbose { text::Detail::Full } else { text::Detail::Brief };
    text::plan(&mut out, &planned.plan, &planned.refusals, now, detail).expect("writing to a string cannot fail");
    out
}

/// Shows the plan, asks, and commits, for apply, destroy and restore.
pub fn carry_out(
    context: &Context,
    ledger: &Ledger,
    planned: Planned,
    yes: Answer,
    occasion: impl FnOnce() -> Result<Occasion, Stop>,
    now: Instant,
) -> Result<Exit, Stop> {
    context.ui.data(&format!("{}{}", header(ledger), plan_text(context, &planned, now)))?;
    if planned.plan.changes.is_empty() {
        if let Some(count) = ledger.learn(&planned, now)? {
            let count = words::count(count, "resource");
            context.ui.say(&format!("Recorded what the data says of the columns of {count}."));
        }
        context.ui.data("There is nothing to do: nothing was applied.\n")?;
        return Ok(Exit::Done);
    }
    let approved = approve(context, planned, yes)?;
    commit(context, ledger, &approved, &occasion()?, now)?;
    // The process ends soon, so freeing the memory would only take time.
    std::mem::forget(approved);
    Ok(Exit::Done)
}

/// Asks before anything is written. A plan with refusals ends before the question.
fn approve(context: &Context, planned: Planned, yes: Answer) -> Result<Approved, Stop> {
    let (workspace, mode, count) = (planned.plan.workspace.clone(), planned.plan.mode, planned.plan.changes.len());
    let Ok(approved) = planned.approve() else {
        context.ui.complain("Nothing was applied.");
        return Err(Stop::Said(Exit::Refused));
    };
    let count = words::count(count, "change");
    let question = format!("Apply {count} to workspace {} ({mode})?", style::strong(safe::line(&workspace)));
    match yes {
        Answer::Given => Ok(approved),
        Answer::Ask if context.ui.confirm(&question)? => Ok(approved),
        Answer::Ask => Err(anyhow::anyhow!("the answer was not yes").into()),
    }
}

/// The user's consent: given beforehand, or still to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Given,
    Ask,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Carries out the plan and reports it.
fn commit(
    context: &Context,
    ledger: &Ledger,
    approved: &Approved,
    occasion: &Occasion,
    now: Instant,
) -> Result<(), Stop> {
    let serial = ledger.commit(approved, occasion, now)?;
    let count = words::count(approved.plan().changes.len(), "change");
    let done = format!(
        "Applied {count} to workspace {}. Registry is at serial {serial}.\n",
        safe::line(&approved.plan().workspace)
    );
    // A failed print must not look like a failed apply.
    context.ui.data(&done).map_err(|stop| stop.then_say(&context.ui, done.trim_end()))
}

//! `weir destroy`

use std::collections::BTreeMap;

use super::context::Context;
use super::planning::{Ground, carry_out};
use super::stop::{Exit, Stop};
use crate::apply::Occasion;
use crate::plan::Suppress;

/// Delete everything that the workspace records
///
/// Plans against an empty repo, with the same guard and the same question as apply. The declarations stay.
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Why, for the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

pub fn run(context: &Context, args: &DestroyArgs) -> Result<Exit, Stop> {
    destroy(context, args).map_err(|stop| stop.nothing_applied(&context.ui))
}

fn destroy(context: &Context, args: &DestroyArgs) -> Result<Exit, Stop> {
    let place = context.place_or_folder()?;
    let now = context.now()?;
    let mut ground = Ground::open_to_write(context, &place)?;
    // What data said of columns is what the plan shows of what goes.
    let mut planned = ground.plan_with_data(context, &[], BTreeMap::new(), &Suppress::None, now)?;
    if planned.plan.changes.is_empty() {
        context.ui.data(&format!("{}Nothing is recorded: nothing was applied.\n", ground.header()))?;
        return Ok(Exit::Done);
    }
    planned.declarations_stay();
    let message = Some(args.message.clone().unwrap_or_else(|| "destroy".to_owned()));
    let occasion = || Occasion {
        at: now.to_string(),
        actor: context.actor(),
        git_commit: None,
        git_dirty: None,
        message,
        restores: None,
    };
    carry_out(context, &ground, planned, args.yes.into(), occasion, now)
}

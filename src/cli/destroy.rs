//! `weir destroy`

use std::collections::BTreeMap;

use super::context::{Context, header};
use super::planning::carry_out;
use super::stop::{Exit, Stop};
use crate::plan::Suppress;
use crate::render::json::RepoJson;
use crate::session::Missing;

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
    let site = context.session()?.site_or_folder()?;
    let now = context.now()?;
    let mut ledger = context.ledger_to_write(&site, Missing::Error)?;
    // The plan shows the recorded columns of the resources that it deletes.
    let mut planned = ledger.plan_with_data(&[], BTreeMap::new(), &Suppress::None, now)?;
    if planned.plan.changes.is_empty() {
        context.ui.data(&format!("{}Nothing is recorded: nothing was applied.\n", header(&ledger)))?;
        return Ok(Exit::Done);
    }
    planned.declarations_stay();
    let message = Some(args.message.clone().unwrap_or_else(|| "destroy".to_owned()));
    let occasion = || context.occasion(now, message, RepoJson::default());
    carry_out(context, &ledger, planned, args.yes.into(), occasion, now)
}

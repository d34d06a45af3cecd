//! `weir apply`

use std::path::{Path, PathBuf};

use super::context::Context;
use super::plan::{ReadingArgs, make};
use super::planning::carry_out;
use super::stop::{Exit, Stop};
use super::{git, saved};
use crate::render::json::RepoJson;
use crate::render::{shown, words};
use crate::session::Missing;

/// Carry out the changes
///
/// Plans, shows the plan, asks, and writes all of it in one transaction, or nothing. With a plan file, carries out
/// exactly that plan; it is refused when the registry has changed since. Exits 3 when prevent_destroy refuses.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// A plan that `weir plan --out` saved
    #[arg(value_name = "PLAN_FILE", conflicts_with_all = ["offline", "suppress_recreates", "suppress_recreate"])]
    plan_file: Option<PathBuf>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Why, for the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Make the registry if it does not exist; the unnamed default is made anyway
    #[arg(long)]
    create_registry: bool,

    #[command(flatten)]
    reading: ReadingArgs,
}

impl ApplyArgs {
    fn missing(&self) -> Missing {
        if self.create_registry { Missing::Made } else { Missing::Error }
    }
}

pub fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Stop> {
    let result = match &args.plan_file {
        Some(path) => apply_file(context, args, path),
        None => apply_repo(context, args),
    };
    result.map_err(|stop| stop.nothing_applied(&context.ui))
}

fn apply_repo(context: &Context, args: &ApplyArgs) -> Result<Exit, Stop> {
    let session = context.session()?;
    let site = session.site()?;
    let now = context.now()?;
    let asked = git::ask(&site.root);
    context.bring_up_to_date(&session.location(&site)?.location)?;
    let (ledger, planned) = make(context, &site, &args.reading, args.missing(), now)?;
    let message = args.message.clone();
    if args.reading.require_clean {
        let repo = asked.clean()?;
        let occasion = || context.occasion(now, message, repo);
        return carry_out(context, &ledger, planned, args.yes.into(), occasion, now);
    }
    let occasion = || context.occasion(now, message, asked.answer(context));
    carry_out(context, &ledger, planned, args.yes.into(), occasion, now)
}

/// Applies a saved plan, which needs no repo. The plan is made again from the recorded resources and those that it
/// would leave, so the file's own claims are not trusted.
fn apply_file(context: &Context, args: &ApplyArgs, path: &Path) -> Result<Exit, Stop> {
    let path = context.directory()?.join(path);
    let saved = saved::read(&path)?;
    let repo = RepoJson { commit: saved.commit.clone(), dirty: saved.dirty };
    let repo = if args.reading.require_clean { git::require_clean(repo)? } else { repo };
    let site = context.session()?.site_or_folder()?;
    let now = context.now()?;
    let mut ledger = context.ledger_to_write(&site, args.missing())?;
    let planned = ledger.plan_again(&saved, &path, now)?;
    context.ui.say(&format!(
        "carrying out {} (made {}, {})",
        shown::path(&path),
        shown::line(&saved.made_at),
        words::count(planned.plan.changes.len(), "change")
    ));
    let occasion = || context.occasion(now, args.message.clone(), repo);
    carry_out(context, &ledger, planned, args.yes.into(), occasion, now)
}

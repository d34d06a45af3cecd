//! `weir apply`

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use super::git;
use super::plan::{ReadingArgs, make};
use super::planning::carry_out;
use super::stop::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::read_up_to;
use crate::plan::{Saved, SavedFault};
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

/// A saved plan needs no repo; the registry is found as always. The plan is made again from what is recorded and what it
/// would leave: nothing that it says of itself is believed.
fn apply_file(context: &Context, args: &ApplyArgs, path: &Path) -> Result<Exit, Stop> {
    let path = context.directory()?.join(path);
    let saved = read(&path)?;
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

/// The largest plan file that is read, in bytes.
const PLAN_MAX: u64 = 1024 * 1024 * 1024;

/// Reads a saved plan. What it says is not believed yet.
pub fn read(path: &Path) -> Result<Saved, Stop> {
    // It may come from a pipe that somebody names: `weir apply <(...)`.
    let text = read_up_to(path, PLAN_MAX).with_context(|| format!("the plan `{}` cannot be read", path.display()))?;
    let fault = |reason: String, hint: &str| {
        Stop::diagnostic(Diagnostic::error(Code::P007, format!("`{}` {reason}", path.display())).hint(hint))
    };
    Saved::from_text(&String::from_utf8_lossy(&text)).map_err(|error| match error {
        SavedFault::NotAPlan(_) => {
            fault("is not a saved plan, or only a part of one".to_owned(), "make one with `weir plan --out FILE`")
        }
        SavedFault::Edited => {
            fault("was edited after it was saved".to_owned(), "plan again: what is applied is what was shown")
        }
        SavedFault::OtherVersion(found) => {
            fault(format!("was saved as `{found}`, which this weir does not read"), "plan again with this weir")
        }
    })
}

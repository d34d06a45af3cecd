//! `weir plan`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use super::context::{Context, header, warn_if_lost};
use super::planning::plan_text;
use super::stop::{Exit, Stop};
use super::{git, warnings};
use crate::disk::write_whole;
use crate::plan::{Saved, Suppress};
use crate::render::{github, json, markdown, shown};
use crate::resource::{Address, Instant};
use crate::session::{How, Ledger, Missing, Opened, Planned, Shown, Site};

/// Show what apply would change
///
/// Compares the declarations in the repo with what the registry holds, and prints each change with its cause and
/// its cost. Writes nothing to the registry. Exits 0, or 1 on an error, 3 when prevent_destroy refuses a change.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Write the plan to a file that `weir apply FILE` carries out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Exit 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    /// Exit 1 when there is a warning; the plan is printed and saved all the same
    #[arg(long)]
    deny_warnings: bool,

    /// How to print the plan
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    format: PlanFormat,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// How declarations are read and compared.
#[derive(Debug, Clone, clap::Args)]
pub struct ReadingArgs {
    /// Open no source: check only what the files say
    #[arg(long)]
    pub offline: bool,

    /// Carry out every recreate that can be suppressed as an update: nothing is built again
    #[arg(long, conflicts_with = "suppress_recreate")]
    suppress_recreates: bool,

    /// Carry out the recreate of this resource as an update (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = str::parse::<Address>)]
    suppress_recreate: Vec<Address>,

    /// Refuse a repo with files that differ from its commit, or of which no commit is known
    #[arg(long)]
    pub require_clean: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Json,
    /// GitHub annotations at the declarations
    Github,
    /// A pull-request comment
    Markdown,
}

impl ReadingArgs {
    pub fn suppress(&self) -> Suppress {
        match self.suppress_recreate.as_slice() {
            _ if self.suppress_recreates => Suppress::All,
            [] => Suppress::None,
            addresses => Suppress::Only(addresses.to_vec()),
        }
    }
}

pub fn run(context: &Context, args: &PlanArgs) -> Result<Exit, Stop> {
    let site = context.session()?.site()?;
    let now = context.now()?;
    let is_told = args.format == PlanFormat::Json || args.out.is_some() || args.reading.require_clean;
    let asked = is_told.then(|| git::ask(&site.root));
    // In CI, a missing volume must not look like a new registry.
    let missing = if context.session()?.environment.in_ci() { Missing::Error } else { Missing::Made };
    let (ledger, mut planned) = make(context, &site, &args.reading, missing, now)?;
    planned.plan.place = ledger.place();
    let git = match asked {
        Some(asked) if args.reading.require_clean => asked.clean()?,
        Some(asked) => asked.answer(context),
        None => json::RepoJson::default(),
    };
    // The file is written first, so that a closed stdout does not lose the plan.
    if let Some(path) = &args.out {
        save(context, path, &planned, args.reading.suppress(), now, &git)?;
    }
    print(context, &ledger, &planned, args.format, git, &git::folder(&site.root), now)?;
    let plan = &planned.plan;
    let warned =
        context.ui.has_warned() || !plan.warnings.is_empty() || plan.changes.iter().any(|it| !it.warnings.is_empty());
    let denied = args.deny_warnings && warned;
    if denied {
        context.ui.deny_warnings();
    }
    Ok(match (planned.refusals.is_empty(), plan.changes.is_empty()) {
        (false, _) => Exit::Refused,
        _ if denied => Exit::Error,
        (true, false) if args.detailed_exitcode => Exit::Changes,
        _ => Exit::Done,
    })
}

/// Prints a new or saved plan in any format. Paths start with `folder`, the repo's place in its git repository.
pub fn print(
    context: &Context,
    ledger: &Ledger,
    planned: &Planned,
    format: PlanFormat,
    git: json::RepoJson,
    folder: &str,
    now: Instant,
) -> Result<(), Stop> {
    let Planned { plan, refusals, .. } = planned;
    match format {
        PlanFormat::Text => context.ui.data(&format!("{}{}", header(ledger), plan_text(context, planned, now))),
        PlanFormat::Json => context.ui.json(&json::plan(plan, refusals, git, folder)),
        PlanFormat::Github => context.ui.data(&github::plan(plan, refusals, folder)),
        PlanFormat::Markdown => {
            let mut out = String::new();
            markdown::plan(&mut out, plan, refusals, now, folder).context("the plan cannot be written")?;
            context.ui.data(&out)
        }
    }
}

/// Reads the repo and the registry, and compares them, for plan and apply.
pub fn make<'s>(
    context: &'s Context,
    site: &Site,
    args: &ReadingArgs,
    missing: Missing,
    now: Instant,
) -> Result<(Ledger<'s>, Planned), Stop> {
    let session = context.session()?;
    let sources = session.read(site);
    // With mistakes in weir.toml, the registry and the workspace are not known.
    if !site.mistakes.is_empty() {
        return Err(session.mistakes(site, sources).into());
    }
    let mut ledger = session.ledger(site, missing)?;
    warn_if_lost(context, &ledger);
    super::validate::say_unchecked(context, args.offline);
    let shown = if context.ui.verbose { Shown::All } else { Shown::Errors };
    let how = How { opened: Opened::unless(args.offline), suppress: args.suppress(), shown };
    let made = ledger.plan(site, sources, &how, now)?;
    warnings::say_shown_in_plans(context, &made.warnings);
    warnings::say(context, &made.warnings, &made.counts);
    Ok((ledger, made.planned))
}

fn save(
    context: &Context,
    path: &std::path::Path,
    planned: &Planned,
    suppress: Suppress,
    now: Instant,
    git: &json::RepoJson,
) -> Result<(), Stop> {
    let (plan, derived) = (planned.plan.clone(), planned.derived.clone());
    let saved =
        Saved { plan, made_at: now.to_string(), commit: git.commit.clone(), dirty: git.dirty, suppress, derived };
    let path = context.directory()?.join(path);
    write_whole(&path, [saved.to_text().as_str()])
        .with_context(|| format!("the plan cannot be saved to `{}`", path.display()))?;
    let shown = shown::path(&path);
    context.ui.say(&match planned.refusals.is_empty() {
        true => format!("Saved the plan to {shown}: `weir apply {shown}` carries it out."),
        false => format!("Saved the refused plan to {shown}."),
    });
    Ok(())
}

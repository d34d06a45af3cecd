//! `weir plan`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use super::context::{Context, Missing};
use super::planning::{Ground, Planned};
use super::stop::{Exit, Stop};
use super::{git, repo};
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::write_whole;
use crate::plan::{Saved, Suppress};
use crate::render::{github, json, markdown, shown, words};
use crate::resource::{Address, Instant};

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
    let place = context.place_with_mistakes()?;
    let now = context.now()?;
    let is_told = args.format == PlanFormat::Json || args.out.is_some() || args.reading.require_clean;
    let asked = is_told.then(|| git::ask(&place.root));
    // In CI, a volume that is not mounted must not look like a new beginning.
    let missing = if context.in_ci() { Missing::Error } else { Missing::Made };
    let (ground, mut planned) = make(context, &place, &args.reading, missing, now)?;
    planned.plan.place = ground.place();
    let git = match asked {
        Some(asked) if args.reading.require_clean => asked.clean()?,
        Some(asked) => asked.answer(context),
        None => json::RepoJson::default(),
    };
    // The file first: a reader of stdout that goes away early must not cost the plan.
    if let Some(path) = &args.out {
        save(context, path, &planned, args.reading.suppress(), now, &git)?;
    }
    print(context, &ground, &planned, args.format, git, &git::folder(&place.root), now)?;
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

/// Prints a plan, new or saved, in any format. Paths begin with `folder`, the place of the repo in its git repository.
pub fn print(
    context: &Context,
    ground: &Ground,
    planned: &Planned,
    format: PlanFormat,
    git: json::RepoJson,
    folder: &str,
    now: Instant,
) -> Result<(), Stop> {
    let Planned { plan, refusals, .. } = planned;
    match format {
        PlanFormat::Text => context.ui.data(&format!("{}{}", ground.header(), planned.text(context, now))),
        PlanFormat::Json => context.ui.json(&json::plan(plan, refusals, git, folder)),
        PlanFormat::Github => context.ui.data(&github::plan(plan, refusals, folder)),
        PlanFormat::Markdown => {
            let mut out = String::new();
            markdown::plan(&mut out, plan, refusals, now, folder).context("the plan cannot be written")?;
            context.ui.data(&out)
        }
    }
}

/// Reads the repo and the registry, and compares them. The way of plan and apply alike.
pub fn make(
    context: &Context,
    place: &super::context::Place,
    args: &ReadingArgs,
    missing: Missing,
    now: Instant,
) -> Result<(Ground, Planned), Stop> {
    let suppress = args.suppress();
    let sources = repo::read(place);
    // Which registry and which workspace are meant is not known.
    if !place.mistakes.is_empty() {
        return Err(repo::mistakes(context, place, sources));
    }
    let mut ground = match missing {
        Missing::Made => Ground::open_new(context, place)?,
        Missing::Error => Ground::open(context, place)?,
    };
    ground.warn_if_lost(context);
    super::validate::say_unchecked(context, args.offline);
    // Warnings are shown one by one, and what is suppressed is weighed, with everything at hand.
    let opened = repo::Opened::unless(args.offline);
    if suppress == Suppress::None
        && !context.ui.verbose
        && opened == repo::Opened::No
        && let Some(known) = sources.remembered().filter(|it| it.state == ground.workspace.state)
    {
        repo::say_counts(context, &known.warnings);
        let planned = ground.unchanged(known.count, known.state.clone());
        return Ok((ground, planned));
    }
    let mut checked = repo::checked(context, place, sources, opened)?;
    repo::say_warnings(context, &checked.warnings);
    let derived = std::mem::take(&mut checked.derived);
    let mut planned = ground.plan_with_data(context, &checked.declared, derived, &suppress, now)?;
    if checked.declared.is_empty() {
        planned.plan.warnings.extend(deletes_everything(&planned));
    }
    // The process is about to end, and taking 10,000 declarations apart first would be for nobody; a plan that changes
    // as many needs the room.
    if planned.plan.changes.len() < 1_000 {
        std::mem::forget(checked);
    }
    Ok((ground, planned))
}

/// Warns of a plan that leaves nothing: a folder that is not mounted looks like a repo without declarations.
fn deletes_everything(planned: &Planned) -> Option<Diagnostic> {
    let count = planned.plan.changes.len();
    let hint = "check what lies in the repo, and what .gitignore and .weirignore leave out";
    let summary = format!(
        "the repo declares nothing, and this plan deletes all that workspace `{}` records: {}",
        planned.plan.workspace,
        words::count(count, "resource")
    );
    (count > 0).then(|| Diagnostic::warning(Code::P010, summary).hint(hint))
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

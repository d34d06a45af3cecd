//! `weir workspace`

use clap::Subcommand;
use serde_json::json;

use super::context::{Context, header};
use super::global::Format;
use super::planning::plan_text;
use super::stop::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{self, Suppress};
use crate::recorded::Mode;
use crate::registry::{self, Workspace};
use crate::render::{shown as safe, style, words};
use crate::session::{Chosen, Missing, is_name};

/// Create, list, show, select and delete workspaces
///
/// A workspace is one complete declared state. A live one is materialized, served and protected; a development one
/// is none of that. The mode is fixed when it is created. A new registry holds `prod`, live.
#[derive(Debug, clap::Args)]
pub struct WorkspaceArgs {
    #[command(subcommand)]
    command: WorkspaceCommand,
}

#[derive(Debug, Subcommand)]
enum WorkspaceCommand {
    /// Create a workspace; it is not selected
    Create {
        name: String,
        /// Materialize, serve and protect what is applied to it
        #[arg(long)]
        live: bool,
    },
    /// List the workspaces, the chosen one marked
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show the workspace that commands use, and where the choice comes from
    Show {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Choose the workspace for the commands that follow, on this machine
    Select { name: String },
    /// Delete a workspace and all that it records; its history stays
    Delete {
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub fn run(context: &Context, args: &WorkspaceArgs) -> Result<Exit, Stop> {
    match &args.command {
        WorkspaceCommand::Create { name, live } => create(context, name, *live),
        WorkspaceCommand::List { format } => list(context, *format),
        WorkspaceCommand::Show { format } => show(context, *format),
        WorkspaceCommand::Select { name } => select(context, name),
        WorkspaceCommand::Delete { name, yes } => delete(context, name, *yes).map_err(|stop| match stop {
            Stop::Said(Exit::Refused) => stop,
            other => other.then_say(&context.ui, "Nothing was deleted."),
        }),
    }
}

fn create(context: &Context, name: &str, live: bool) -> Result<Exit, Stop> {
    if !is_name(name) {
        let diagnostic = Diagnostic::error(Code::G011, format!("workspace name `{name}` is not allowed"));
        return Err(Stop::diagnostic(
            diagnostic.hint("start with a letter, then letters, digits, `-` and `_`, at most 64 in all"),
        ));
    }
    let session = context.session()?;
    let named = session.location(&session.site_or_folder()?)?;
    // The first command that writes makes the unnamed default.
    let missing = if named.is_named() { Missing::Error } else { Missing::Made };
    if missing == Missing::Error {
        session.read_registry(&named)?;
    }
    let mode = if live { Mode::Live } else { Mode::Development };
    let now = context.now()?;
    context.bring_up_to_date(&named.location)?;
    let registry = session.writable_registry(&named.location, missing, now)?;
    let fail = session.fail(&named.location);
    let there = session.wait(registry.workspaces()).map_err(&fail)?;
    // Two names that differ only in case are easily confused.
    if let Some(other) = there.iter().find(|it| it.name != name && it.name.eq_ignore_ascii_case(name)) {
        let summary = format!("workspace `{}` exists, and `{name}` differs from it by its case alone", other.name);
        return Err(Stop::diagnostic(Diagnostic::error(Code::G011, summary).hint("choose another name")));
    }
    session.wait(registry.create_workspace(name, mode, &now.to_string())).map_err(fail)?;
    drop(registry);
    context.ui.data(&format!("Created workspace {name} ({mode}).\n"))?;
    context.ui.say(&format!("`weir workspace select {name}` chooses it, or add `--workspace {name}` to a command."));
    Ok(Exit::Done)
}

/// Returns all workspaces, or those of a new registry when there is none yet.
fn workspaces(context: &Context) -> Result<(Vec<Workspace>, Chosen), Stop> {
    let session = context.session()?;
    let site = session.site_or_folder()?;
    let named = session.location(&site)?;
    let chosen = session.workspace_name(&site)?;
    let workspaces = match session.read_registry(&named)? {
        Some(registry) => session.wait(registry.workspaces()).map_err(session.fail(&named.location))?,
        None => vec![Workspace::first()],
    };
    Ok((workspaces, chosen))
}

fn list(context: &Context, format: Format) -> Result<Exit, Stop> {
    let (workspaces, chosen) = workspaces(context)?;
    if format == Format::Json {
        context.ui.json(&workspaces.iter().map(|it| wire(it, it.name == chosen.value)).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut out = String::new();
    let width = workspaces.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for (mode, title) in [(Mode::Live, "Live"), (Mode::Development, "Development")] {
        let group: Vec<&Workspace> = workspaces.iter().filter(|it| it.mode == mode).collect();
        if group.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{title}:\n"));
        for workspace in group {
            let mark = if workspace.name == chosen.value { "*" } else { " " };
            out.push_str(&format!(
                "{mark} {:width$}  {}\n",
                safe::line(&workspace.name),
                style::dim(format!("{}, serial {}", words::count(workspace.count, "resource"), workspace.serial))
            ));
        }
    }
    context.ui.data(&out)?;
    Ok(Exit::Done)
}

fn wire(workspace: &Workspace, chosen: bool) -> serde_json::Value {
    json!({ "name": workspace.name, "mode": workspace.mode, "serial": workspace.serial, "resources": workspace.count, "chosen": chosen })
}

fn show(context: &Context, format: Format) -> Result<Exit, Stop> {
    let session = context.session()?;
    let ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    match format {
        Format::Json => {
            let mut json = wire(&ledger.workspace, true);
            json["from"] = json!(ledger.chosen.from);
            context.ui.json(&json)?;
        }
        Format::Text => context.ui.data(&format!(
            "{} ({}), {}\n",
            safe::line(&ledger.workspace.name),
            ledger.workspace.mode,
            ledger.chosen.from
        ))?,
    }
    Ok(Exit::Done)
}

fn select(context: &Context, name: &str) -> Result<Exit, Stop> {
    let session = context.session()?;
    let site = session.sound_site()?;
    let ledger = session.ledger_of(&site, Chosen { value: name.to_owned(), from: "to select" }, Missing::Error)?;
    session.select_workspace(&site.root, Some(name))?;
    context.ui.data(&format!("Selected workspace {name} ({}).\n", ledger.workspace.mode))?;
    Ok(Exit::Done)
}

/// Deletes a workspace. The guard of apply runs first, on a plan that deletes all its resources.
fn delete(context: &Context, name: &str, yes: bool) -> Result<Exit, Stop> {
    if name == "prod" {
        return Err(Stop::diagnostic(
            Diagnostic::error(Code::G011, "workspace `prod` cannot be deleted")
                .hint("`weir destroy` deletes what it records"),
        ));
    }
    let session = context.session()?;
    let site = session.site_or_folder()?;
    let chosen = Chosen { value: name.to_owned(), from: "to delete" };
    let mut ledger = session.ledger_of(&site, chosen, Missing::Error)?;
    if ledger.registry.is_none() {
        let existing = vec!["prod".to_owned()];
        return Err(ledger.fail(registry::Error::NoWorkspace { name: name.to_owned(), existing }).into());
    }
    let now = context.now()?;
    let planned = ledger.plan_declared(&[], &Suppress::None, now)?;
    if !planned.refusals.is_empty() {
        context.ui.data(&format!("{}{}", header(&ledger), plan_text(context, &planned, now)))?;
        context.ui.complain("Nothing was deleted.");
        return Err(Stop::Said(Exit::Refused));
    }
    let Workspace { mode, count, .. } = ledger.workspace.clone();
    if !yes {
        let question = format!(
            "Delete {mode} workspace {} and its {}?",
            style::strong(safe::line(name)),
            words::count(count, "resource")
        );
        if !context.ui.confirm(&question)? {
            return Err(anyhow::anyhow!("the answer was not yes").into());
        }
    }
    context.bring_up_to_date(&ledger.named.location)?;
    let registry = session.writable_registry(&ledger.named.location, Missing::Error, now)?;
    let guard = |mode: Mode, entries: &_| plan::recheck(&planned.plan, mode, entries);
    let base = planned.plan.base();
    let deleted = registry.delete_workspace(name, &base, Some(&guard));
    session.wait(deleted).map_err(|error| ledger.fail(error))?;
    drop(registry);
    let selected = session.workspace_name(&site).is_ok_and(|it| it.value == name);
    let forgotten = selected && session.select_workspace(&site.root, None).is_ok();
    context.ui.data(&format!("Deleted workspace {name}.\n"))?;
    if forgotten {
        context.ui.say("It was selected; the selection is gone too.");
    }
    Ok(Exit::Done)
}

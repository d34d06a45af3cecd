//! `weir registry`

use std::path::PathBuf;

use clap::Subcommand;

use super::context::Context;
use super::stop::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::registry::{self, Location, Migrated};
use crate::render::{shown as safe, words};
use crate::session::Missing;

/// Make, migrate, back up and check the registry
#[derive(Debug, clap::Args)]
pub struct RegistryArgs {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Make the registry, with its folder; one that is there already stays as it is
    ///
    /// A registry that is named (--registry, WEIR_REGISTRY_URL, weir.toml) is made by this, or by
    /// `weir apply --create-registry`; the unnamed default is made by the first apply.
    Init,
    /// Bring an older registry to the format of this weir, after a backup copy beside it
    ///
    /// apply does so too; commands that only read never write, and name this command instead. Triggers of the guard that
    /// are missing are put back.
    Migrate,
    /// Copy the registry to a file that does not exist yet: one consistent state, while others write
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Read all of the registry, and say whether it is whole
    ///
    /// Pages, tables, triggers, every resource, every state of the history. Exits 1 and names each fault where it is not.
    Check,
}

pub fn run(context: &Context, args: &RegistryArgs) -> Result<Exit, Stop> {
    let session = context.session()?;
    let location = session.location(&session.site_or_folder()?)?.location;
    match &args.command {
        RegistryCommand::Init => init(context, &location),
        RegistryCommand::Migrate => migrate(context, &location),
        RegistryCommand::Backup { file } => {
            let target = context.directory()?.join(file);
            session.wait(registry::backup(&location, &target)).map_err(session.fail(&location))?;
            context.ui.data(&format!("Copied {} to {}.\n", session.environment.shown(&location), safe::path(file)))?;
            Ok(Exit::Done)
        }
        RegistryCommand::Check => check(context, &location),
    }
}

fn init(context: &Context, location: &Location) -> Result<Exit, Stop> {
    let session = context.session()?;
    let place = session.environment.shown(location);
    let there = session.registry_if_any(location)?.is_some();
    let text = if there {
        format!("{place} is there already: there is nothing to do.\n")
    } else {
        context.bring_up_to_date(location)?;
        drop(session.writable_registry(location, Missing::Made, context.now()?)?);
        format!("Made {place}: it holds workspace prod (live), and nothing is recorded yet.\n")
    };
    context.ui.data(&text)?;
    Ok(Exit::Done)
}

fn migrate(context: &Context, location: &Location) -> Result<Exit, Stop> {
    let at = context.now()?.to_string();
    let session = context.session()?;
    let migrated = session.wait(registry::migrate(location, &at)).map_err(session.fail(location))?;
    let (place, format) = (session.environment.shown(location), registry::FORMAT);
    let text = match migrated {
        None => format!("{place} has format {format} already: there is nothing to do.\n"),
        Some(Migrated { found, backup, put_back }) if found == format => {
            let (triggers, backup) = (put_back.join(", "), safe::path(&backup));
            format!("Put back triggers of {place}: {triggers}. The copy before is {backup}.\n")
        }
        Some(Migrated { found, backup, .. }) => {
            format!("Migrated {place} from format {found} to {format}. The copy before is {}.\n", safe::path(&backup))
        }
    };
    context.ui.data(&text)?;
    Ok(Exit::Done)
}

fn check(context: &Context, location: &Location) -> Result<Exit, Stop> {
    let session = context.session()?;
    let report = session.wait(registry::check(location)).map_err(session.fail(location))?;
    let place = session.environment.shown(location);
    if report.faults.is_empty() {
        let resources = words::count(report.resources, "resource");
        let (workspaces, applies) = (words::count(report.workspaces, "workspace"), report.applies);
        let applies = if applies == 1 { "1 apply".to_owned() } else { format!("{applies} applies") };
        context.ui.data(&format!("{place} is whole: {resources} in {workspaces}, {applies}.\n"))?;
        return Ok(Exit::Done);
    }
    let fault = |it: &String| Diagnostic::error(Code::G006, format!("registry {place}: {it}"));
    let mut faults: Vec<Diagnostic> = report.faults.iter().map(fault).collect();
    if let Some(last) = faults.pop() {
        faults.push(last.hint("put a backup copy in its place; nothing was written"));
    }
    Err(Stop::Diagnostics(faults))
}

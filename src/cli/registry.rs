//! `weir registry`

use clap::Subcommand;

use super::context::{Context, shown};
use super::stop::{Exit, Stop};
use crate::registry;

/// Look after the registry
#[derive(Debug, clap::Args)]
pub struct RegistryArgs {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Bring an older registry to the format of this weir, after a backup copy beside it
    ///
    /// apply does so too; commands that only read never write, and name this command instead.
    Migrate,
}

pub fn run(context: &Context, args: &RegistryArgs) -> Result<Exit, Stop> {
    let RegistryCommand::Migrate = args.command;
    let place = context.place_or_folder()?;
    let (location, _) = context.location(&place)?;
    let at = context.now()?.to_string();
    match context.wait(registry::migrate(&location, &at)).map_err(|error| Stop::registry(&error, &shown(&location)))? {
        Some((found, backup)) => context.ui.data(&format!(
            "Migrated {} from format {found} to {}. The copy before is {}.\n",
            shown(&location),
            registry::FORMAT,
            backup.display()
        ))?,
        None => context.ui.data(&format!(
            "{} has format {} already: there is nothing to do.\n",
            shown(&location),
            registry::FORMAT
        ))?,
    }
    Ok(Exit::Done)
}

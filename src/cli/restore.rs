//! `weir restore`

use std::cell::RefCell;

use super::context::{Context, header};
use super::planning::carry_out;
use super::stop::{Exit, Stop};
use crate::apply::Occasion;
use crate::recorded::Serial;
use crate::render::json::RepoJson;
use crate::resource::Address;
use crate::session::{Ledger, Missing};

/// Go back to what was recorded at an earlier serial
///
/// A plan back to the specs of that serial, with the same guard and the same question as apply. prevent_destroy
/// stays as it is today unless --with-protection. The declarations in the repo stay as they are: bring them back
/// too, or the next apply goes forward again.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The serial to go back to
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    serial: i64,

    /// Bring back prevent_destroy as it was, too
    #[arg(long)]
    with_protection: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Why, for the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

pub fn run(context: &Context, args: &RestoreArgs) -> Result<Exit, Stop> {
    restore(context, args).map_err(|stop| stop.nothing_applied(&context.ui))
}

fn restore(context: &Context, args: &RestoreArgs) -> Result<Exit, Stop> {
    let site = context.session()?.site_or_folder()?;
    let now = context.now()?;
    let mut ledger = context.ledger_to_write(&site, Missing::Error)?;
    let specs = ledger.specs_at(Serial(args.serial))?;
    let today = ledger.snapshot_with(|_, _| false)?;
    let newest = ledger.workspace.serial;
    let mut renames = ledger.renames_between(Serial(args.serial), newest)?;
    // When another resource has taken the name since, the old spec applies to that one, and nothing is renamed back.
    renames.retain(|then, _| !today.entries.contains_key(then));
    let kept = RefCell::new(Vec::new());
    let declared = ledger.resources_at(&specs, |address, resource| {
        // A resource that has another name today is renamed back, not built again.
        resource.renamed_from = renames.get(address).map(|it| it.name.to_string());
        let address = renames.get(address).unwrap_or(address);
        if let (false, Some(entry)) = (args.with_protection, today.entries.get(address)) {
            if resource.meta.prevent_destroy != entry.prevent_destroy {
                kept.borrow_mut().push(resource.address.clone());
            }
            resource.set_prevent_destroy(entry.prevent_destroy);
        }
    })?;
    let then = ledger.beside_at(Serial(args.serial), specs.keys())?;
    let mut planned = ledger.plan_back(&declared, then, now)?;
    planned.declarations_stay();
    let changes = !planned.plan.changes.is_empty();
    if !changes {
        nothing_to_restore(context, &ledger, args, &kept.into_inner())?;
        return Ok(Exit::Done);
    }
    if let Some(said) = kept_protection(&kept.into_inner()) {
        context.ui.say(&said);
    }
    let message = Some(args.message.clone().unwrap_or_else(|| format!("restore {}", args.serial)));
    let occasion = || {
        let occasion = context.occasion(now, message, RepoJson::default())?;
        Ok(Occasion { restores: Some(Serial(args.serial)), ..occasion })
    };
    let exit = carry_out(context, &ledger, planned, args.yes.into(), occasion, now)?;
    context.ui.say(
        "The declarations in the repo are as they were: bring them back too, or the next apply goes forward again.",
    );
    Ok(exit)
}

/// Returns the sentence that names resources whose protection differs and is kept.
fn kept_protection(kept: &[Address]) -> Option<String> {
    let named: Vec<String> = kept.iter().take(3).map(|it| format!("`{it}`")).collect();
    let more = match kept.len().saturating_sub(named.len()) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let whose = format!("{}{more}", named.join(", "));
    let said = format!("prevent_destroy of {whose} differs and is kept: --with-protection brings it back.");
    (!kept.is_empty()).then_some(said)
}

/// Reports that there is nothing to restore, without a claim about the repo, which was not read.
fn nothing_to_restore(context: &Context, ledger: &Ledger, args: &RestoreArgs, kept: &[Address]) -> Result<(), Stop> {
    let (name, newest) = (&ledger.workspace.name, ledger.workspace.serial);
    let mut said = match newest.0 == args.serial {
        true => format!("{name} is at serial {} already: nothing was applied.\n", args.serial),
        false => format!(
            "{name}, at serial {newest}, records what it recorded at serial {}: nothing was applied.\n",
            args.serial
        ),
    };
    if let Some(kept) = kept_protection(kept) {
        said.push_str(&format!("{kept}\n"));
    }
    said.push_str("The declarations in the repo were not looked at: `weir plan` compares them.\n");
    context.ui.data(&format!("{}{said}", header(ledger)))
}

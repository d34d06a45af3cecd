//! `weir restore`

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::context::Context;
use super::planning::{Ground, carry_out};
use super::show::specs_at;
use super::stop::{Exit, Stop};
use crate::apply::Occasion;
use crate::plan::{Declared, Orders};
use crate::recorded::{Columns, Serial};
use crate::registry;
use crate::resource::{Address, Catalog, Resource};

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
    let place = context.place_or_folder()?;
    let now = context.now()?;
    let mut ground = Ground::open_to_write(context, &place)?;
    let specs = specs_at(context, &mut ground, Serial(args.serial))?;
    let today = ground.snapshot_with(context, |_, _| false)?;
    let newest = ground.workspace.serial;
    let mut renames = renames_between(context, &mut ground, Serial(args.serial), newest)?;
    // A name that is taken again is not free to go back to: what has it today is what the old spec is for.
    renames.retain(|then, _| !today.entries.contains_key(then));
    let kept = RefCell::new(Vec::new());
    let declared = resources_at(&ground, &specs, |address, resource| {
        // What goes by another name today is renamed back, not built again.
        resource.renamed_from = renames.get(address).map(|it| it.name.to_string());
        let address = renames.get(address).unwrap_or(address);
        if let (false, Some(entry)) = (args.with_protection, today.entries.get(address)) {
            if resource.meta.prevent_destroy != entry.prevent_destroy {
                kept.borrow_mut().push(resource.address.clone());
            }
            resource.set_prevent_destroy(entry.prevent_destroy);
        }
    })?;
    let then = beside_at(context, &mut ground, Serial(args.serial), specs.keys())?;
    let mut planned = ground.plan_back(context, &declared, then, now)?;
    planned.declarations_stay();
    let changes = !planned.plan.changes.is_empty();
    if !changes {
        nothing_to_restore(context, &ground, args, &kept.into_inner())?;
        return Ok(Exit::Done);
    }
    if let Some(said) = kept_protection(&kept.into_inner()) {
        context.ui.say(&said);
    }
    let message = Some(args.message.clone().unwrap_or_else(|| format!("restore {}", args.serial)));
    let occasion = || Occasion {
        at: now.to_string(),
        actor: context.actor(),
        git_commit: None,
        git_dirty: None,
        message,
        restores: Some(Serial(args.serial)),
    };
    let exit = carry_out(context, &ground, planned, args.yes.into(), occasion, now)?;
    context.ui.say(
        "The declarations in the repo are as they were: bring them back too, or the next apply goes forward again.",
    );
    Ok(exit)
}

/// Says of which resources protection is not what it was, and stays.
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

/// Says why there is nothing to do: it is no statement about the repo, which was not looked at.
fn nothing_to_restore(context: &Context, ground: &Ground, args: &RestoreArgs, kept: &[Address]) -> Result<(), Stop> {
    let (name, newest) = (&ground.workspace.name, ground.workspace.serial);
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
    context.ui.data(&format!("{}{said}", ground.header()))
}

/// What rows held beside their specs, by address.
#[derive(Debug, Default)]
pub struct Beside {
    pub orders: Orders,
    /// What data said of columns.
    pub columns: BTreeMap<Address, Columns>,
}

/// Returns what rows held beside their specs at the end of `serial`.
pub fn beside_at<'a>(
    context: &Context,
    ground: &mut Ground,
    serial: Serial,
    addresses: impl Iterator<Item = &'a Address>,
) -> Result<Beside, Stop> {
    let mut beside = Beside::default();
    let Some(registry) = ground.registry.as_deref() else { return Ok(beside) };
    let name = &ground.workspace.name;
    let read = async {
        let held = registry::held_at(registry, name, serial).await?;
        Ok::<_, registry::Error>((held, registry.entries(name).await?, registry::derived(registry, name).await?))
    };
    let (held, today, mut derived) = context.wait(read).map_err(|error| ground.fail(&error))?;
    for address in addresses {
        let (order, columns) = match held.get(address) {
            Some(held) => {
                let columns = held.derived.as_deref().map(|it| registry::columns(address, it)).transpose();
                (held.wire_order.clone(), columns.map_err(|error| ground.fail(&error))?)
            }
            None => (
                today.get(address).map(|it| it.wire_order.clone()),
                derived.remove(address).map(|(_, columns)| columns),
            ),
        };
        beside.orders.insert(address.clone(), order);
        beside.columns.extend(columns.map(|it| (address.clone(), it)));
    }
    Ok(beside)
}

/// Returns where resources went by renames between two serials, by their address at `from`.
pub fn renames_between(
    context: &Context,
    ground: &mut Ground,
    from: Serial,
    to: Serial,
) -> Result<BTreeMap<Address, Address>, Stop> {
    let Some(registry) = ground.registry.as_deref() else { return Ok(BTreeMap::new()) };
    context
        .wait(registry::renames_between(registry, &ground.workspace.name, from, to))
        .map_err(|error| ground.fail(&error))
}

/// Returns recorded specs as if they were declared, each after `adjust`.
pub fn resources_at(
    ground: &Ground,
    specs: &BTreeMap<Address, String>,
    adjust: impl Fn(&Address, &mut Resource),
) -> Result<Vec<Declared>, Stop> {
    let mut resources = Vec::with_capacity(specs.len());
    for (address, spec) in specs {
        let mut resource = registry::decode(address, spec, Vec::new()).map_err(|error| ground.fail(&error))?;
        adjust(address, &mut resource);
        resources.push(resource);
    }
    crate::resolve::link(&mut resources);
    let catalog = Catalog::new(&resources);
    let digests: Vec<_> = resources.iter().map(|it| it.digest(&it.local_digest(), &catalog)).collect();
    Ok(resources
        .into_iter()
        .zip(digests)
        .map(|(resource, digest)| Declared { resource: resource.into(), digest, source: None })
        .collect())
}

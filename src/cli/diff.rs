//! `weir diff`

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::Format;
use super::context::Context;
use super::planning::Ground;
use super::restore::{orders_at, renames_between, resources_at};
use super::show::specs_at;
use super::stop::{Exit, Stop};
use crate::plan::{self, Declared, Entry, Serial, Snapshot, Suppress};
use crate::registry::Registry;
use crate::render::{json as wire, text};
use crate::resource::{Address, Catalog, Instant};

/// Show what changed between two serials
///
/// Compares what was recorded then, resource by resource, as a plan from the one to the other would.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The serial before
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    from: i64,

    /// The serial after
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    to: i64,

    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(context: &Context, args: &DiffArgs) -> Result<Exit, Stop> {
    let place = context.place_or_folder()?;
    let mut ground = Ground::open(context, &place)?;
    let before = specs_at(context, &mut ground, Serial(args.from))?;
    let before = resources_at(&ground, &before, |_, _| {})?;
    let after = specs_at(context, &mut ground, Serial(args.to))?;
    let renames = renames(context, &mut ground, Serial(args.from), Serial(args.to))?;
    let renamed: BTreeMap<Address, Address> = renames.iter().map(|it| (it.1.clone(), it.0.clone())).collect();
    let after = resources_at(&ground, &after, |address, resource| {
        resource.renamed_from = renames.get(address).map(|it| it.name.to_string());
    })?;
    // A development workspace as the ground: this looks back, it brings no jobs.
    let features = {
        let catalog = Catalog::new(before.iter().map(|it| &it.resource));
        let features = |it: &Declared| it.resource.spec.declaration().wire_order(&catalog, &[]).unwrap_or_default();
        before.iter().map(features).collect::<Vec<_>>()
    };
    let mut snapshot = Snapshot::empty(&ground.workspace.name, plan::Mode::Development);
    for (index, (it, wire_order)) in before.into_iter().zip(features).enumerate() {
        let entry = Entry {
            id: index as i64,
            digest: it.digest,
            prevent_destroy: it.resource.meta.prevent_destroy,
            depends_on: it.resource.depends_on.clone(),
            wire_order,
            resource: Some(it.resource.clone()),
        };
        snapshot.entries.insert(it.resource.address, entry);
    }
    let now = moment(context, &mut ground, Serial(args.from.max(args.to)))?;
    let mut plan = plan::diff(&snapshot, &after, &Suppress::None, now).map_err(Stop::Diagnostics)?;
    let then = orders_at(context, &mut ground, Serial(args.from), snapshot.entries.keys())?;
    let then = then.into_iter().map(|(address, order)| {
        let known = snapshot.entries.get(&address).map(|it| it.wire_order.as_slice()).unwrap_or_default();
        (renamed.get(&address).cloned().unwrap_or(address), order.map(|it| plan::arranged(known, &it)))
    });
    let today = orders_at(context, &mut ground, Serial(args.to), after.iter().map(|it| &it.resource.address))?;
    let catalog = Catalog::new(after.iter().map(|it| &it.resource));
    let features = |it: &Declared| it.resource.spec.declaration().wire_order(&catalog, &[]).unwrap_or_default();
    let today = after.iter().filter_map(|it| {
        let (address, order) = today.get_key_value(&it.resource.address)?;
        Some((address.clone(), order.as_ref().map(|order| plan::arranged(&features(it), order))))
    });
    plan::show_orders(&mut plan, &after, &then.collect(), &today.collect());
    if args.format == Format::Json {
        context.ui.json(&json!({
            "format_version": wire::FORMAT_VERSION,
            "workspace": plan.workspace,
            "from": args.from,
            "to": args.to,
            "changes": plan.changes.iter().map(wire::change).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = String::new();
    let detail = if context.ui.verbose { text::Detail::Full } else { text::Detail::Brief };
    text::changes(&mut out, &plan.changes, now, detail).context("the changes cannot be written")?;
    if out.is_empty() {
        out.push_str(&format!("No changes between serial {} and serial {}.\n", args.from, args.to));
    }
    context.ui.data(&out)?;
    Ok(Exit::Done)
}

/// Returns when the later of the two was applied: what a change meant is said as of then, not as of today.
fn moment(context: &Context, ground: &mut Ground, serial: Serial) -> Result<Instant, Stop> {
    let Some(registry) = &mut ground.registry else { return context.now() };
    let limit = (ground.workspace.serial.0 - serial.0 + 1).max(1);
    let log = context.wait(registry.log(&ground.workspace.name, Some(limit))).map_err(|error| ground.fail(&error))?;
    match log.iter().find(|it| it.serial == serial) {
        Some(entry) => entry.at.parse().map_err(|fault| ground.fail(&crate::registry::Error::Damaged(fault))),
        None => context.now(),
    }
}

/// Returns the names before, by the addresses after; looking back, renames run backwards.
fn renames(
    context: &Context,
    ground: &mut Ground,
    from: Serial,
    to: Serial,
) -> Result<BTreeMap<Address, Address>, Stop> {
    if from > to {
        return renames_between(context, ground, to, from);
    }
    let later = renames_between(context, ground, from, to)?;
    Ok(later.into_iter().map(|(then, now)| (now, then)).collect())
}

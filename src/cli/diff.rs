//! `weir diff`

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::Format;
use super::context::Context;
use super::planning::Ground;
use super::restore::{renames_between, resources_at};
use super::show::specs_at;
use super::stop::{Exit, Stop};
use crate::plan::{self, Entry, Serial, Snapshot, Suppress};
use crate::render::{json as wire, text};
use crate::resource::Address;

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
    let after = resources_at(&ground, &after, |address, resource| {
        resource.renamed_from = renames.get(address).map(|it| it.name.to_string());
    })?;
    // A development workspace as the ground: this looks back, it brings no jobs.
    let mut snapshot = Snapshot::empty(&ground.workspace.name, plan::Mode::Development);
    for (index, it) in before.into_iter().enumerate() {
        let entry = Entry {
            id: index as i64,
            digest: it.digest,
            prevent_destroy: it.resource.meta.prevent_destroy,
            depends_on: it.resource.depends_on.clone(),
            wire_order: Vec::new(),
            resource: Some(it.resource.clone()),
        };
        snapshot.entries.insert(it.resource.address, entry);
    }
    let now = context.now()?;
    let plan = plan::diff(&snapshot, &after, &Suppress::None, now).map_err(Stop::Diagnostics)?;
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

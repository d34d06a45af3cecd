//! `weir diff`

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::context::Context;
use super::global::Format;
use super::stop::{Exit, Stop};
use crate::plan::{self, Carried, Data, Declared, Plan};
use crate::recorded::{Entry, Mode, Serial, Snapshot};
use crate::registry;
use crate::render::{json as wire, text};
use crate::resource::{Address, Catalog, Instant};
use crate::session::{Beside, Ledger, Missing};

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
    let session = context.session()?;
    let ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    let past = Past::read(context, &ledger, Serial(args.from.min(args.to)), Serial(args.from.max(args.to)))?;
    let plan = between(&ledger, args, &past)?;
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
    text::changes(&mut out, &plan.changes, past.now, detail).context("the changes cannot be written")?;
    if out.is_empty() {
        out.push_str(&format!("No changes between serial {} and serial {}.\n", args.from, args.to));
    }
    context.ui.data(&out)?;
    Ok(Exit::Done)
}

/// Returns the plan between the two serials, as it was carried out.
fn between(ledger: &Ledger, args: &DiffArgs, past: &Past) -> Result<Plan, Stop> {
    let before = ledger.specs_at(Serial(args.from))?;
    let before = ledger.resources_at(&before, |_, _| {})?;
    let after = ledger.specs_at(Serial(args.to))?;
    let renames = renames(ledger, Serial(args.from), Serial(args.to))?;
    let renamed: BTreeMap<Address, Address> = renames.iter().map(|it| (it.1.clone(), it.0.clone())).collect();
    let after = ledger.resources_at(&after, |address, resource| {
        resource.renamed_from = renames.get(address).map(|it| it.name.to_string());
    })?;
    let then = ledger.beside_at(Serial(args.from), before.iter().map(|it| &it.resource.address))?;
    let today = ledger.beside_at(Serial(args.to), after.iter().map(|it| &it.resource.address))?;
    let snapshot = recorded(&ledger.workspace.name, before, &then);
    let is_forward = args.from <= args.to;
    let later = |it: &Address| if is_forward { None } else { renames.get(it).cloned() }.unwrap_or_else(|| it.clone());
    let carried = |it: &Address| past.carried.get(&later(it)).map(|it| it.how);
    let data = data(&snapshot, &then, &today);
    let differences = |now| plan::diff_carried_out(&snapshot, &after, carried, &data, now).map_err(Stop::Diagnostics);
    let mut plan = differences(past.now)?;
    for change in plan.changes.iter_mut().filter(|it| is_forward && !it.warnings.is_empty()) {
        let grown = past.carried.get(&change.address).and_then(|it| it.grown);
        if let Some(moment) = grown.filter(|it| *it != past.now) {
            let then = differences(moment)?.changes.into_iter().find(|it| it.address == change.address);
            change.warnings = then.map(|it| it.warnings).unwrap_or_default();
        }
    }
    with_data(&mut plan, &snapshot, &after, &data);
    let then = then.orders.into_iter().map(|(address, order)| {
        let known = snapshot.entries.get(&address).map(|it| it.wire_order.as_slice()).unwrap_or_default();
        (renamed.get(&address).cloned().unwrap_or(address), order.map(|it| plan::arranged(known, &it)))
    });
    let features = features(&after, &today);
    let today = after.iter().zip(&features).filter_map(|(it, features)| {
        let (address, order) = today.orders.get_key_value(&it.resource.address)?;
        Some((address.clone(), order.as_ref().map(|order| plan::arranged(features, order))))
    });
    plan::show_orders(&mut plan, &after, &then.collect(), &today.collect());
    Ok(plan)
}

/// Adds the changes that data made between the two serials. No apply lets a column in use go, so a fault means that the
/// diff looks back in time: then only declarations are compared.
fn with_data(plan: &mut Plan, snapshot: &Snapshot, after: &[Declared], data: &Data) {
    let mut taught = plan.clone();
    if plan::drift(&mut taught, snapshot, after, data).is_ok() {
        *plan = taught;
    }
}

/// Returns the columns found in data at both serials.
fn data(snapshot: &Snapshot, then: &Beside, today: &Beside) -> Data {
    let recorded = then
        .columns
        .iter()
        .filter_map(|(address, columns)| Some((address.clone(), (snapshot.entries.get(address)?.id, columns.clone()))));
    Data { derived: today.columns.clone(), recorded: recorded.collect() }
}

/// Returns the snapshot that a plan starts from. It is of a development workspace, because a look back has no jobs.
fn recorded(workspace: &str, before: Vec<Declared>, then: &Beside) -> Snapshot {
    let features = features(&before, then);
    let mut snapshot = Snapshot::empty(workspace, Mode::Development);
    for (index, (it, wire_order)) in before.into_iter().zip(features).enumerate() {
        let entry = Entry {
            id: index as i64,
            digest: it.digest,
            prevent_destroy: it.resource.meta.prevent_destroy,
            depends_on: it.resource.depends_on.clone(),
            wire_order,
            resource: Some(it.resource.as_ref().clone()),
        };
        snapshot.entries.insert(it.resource.address.clone(), entry);
    }
    snapshot
}

/// Returns the features of each service in their first order, with the columns found in data.
fn features(declared: &[Declared], beside: &Beside) -> Vec<Vec<String>> {
    let resources = declared.iter().map(|it| &*it.resource);
    let catalog = Catalog::knowing(resources, |it| beside.columns.get(it).and_then(plan::opened));
    let order = |it: &Declared| Some(it.resource.spec.declaration().service()?.wire_order(&catalog, &[]));
    let features = |it: &Declared| order(it).unwrap_or_default();
    declared.iter().map(features).collect()
}

/// The way in which changes were carried out, from the history.
struct Past {
    /// The time of the later serial. The meaning of a change is told as of then.
    now: Instant,
    /// The way of each resource, by its address at the later serial.
    carried: BTreeMap<Address, CarriedOut>,
}

#[derive(Debug, Clone, Copy)]
struct CarriedOut {
    how: Carried,
    /// The last time at which its aggregations changed.
    grown: Option<Instant>,
}

impl Past {
    /// Reads the history after `from`, up to and including `to`.
    fn read(context: &Context, ledger: &Ledger, from: Serial, to: Serial) -> Result<Self, Stop> {
        let mut past = Self { now: context.now()?, carried: BTreeMap::new() };
        let Some(registry) = ledger.registry.as_deref() else { return Ok(past) };
        let name = ledger.workspace.name.clone();
        let limit = (ledger.workspace.serial.0 - from.0 + 1).max(1);
        let read = async {
            Ok::<_, registry::Error>((
                registry.log(&name, Some(limit)).await?,
                registry.changes(&name, from, to).await?,
            ))
        };
        let (log, changes) = ledger.session.wait(read).map_err(|error| ledger.fail(error))?;
        let fail = |error: registry::Error| Stop::from(ledger.fail(error));
        let damaged = |fault| fail(registry::Error::Damaged(fault));
        let moments = log.iter().map(|it| Ok((it.serial, it.at.parse().map_err(damaged)?)));
        let moments: BTreeMap<Serial, Instant> = moments.collect::<Result<_, Stop>>()?;
        past.now = moments.get(&to).copied().unwrap_or(past.now);
        for change in &changes {
            let address = change.address().map_err(fail)?;
            let old = change.old_address().map_err(fail)?.unwrap_or_else(|| address.clone());
            let before = past.carried.remove(&old);
            let stays = matches!(change.action.as_str(), "update" | "rewrite");
            let kept = stays && before.is_none_or(|it| it.how == Carried::Kept);
            let grows = aggregations(change.before.as_deref()) != aggregations(change.after.as_deref());
            let moment = moments.get(&change.serial).copied().filter(|_| grows);
            let how = if kept { Carried::Kept } else { Carried::Rebuilt };
            let grown = moment.or(before.and_then(|it| it.grown));
            past.carried.insert(address, CarriedOut { how, grown });
        }
        Ok(past)
    }
}

fn aggregations(spec: Option<&str>) -> Option<Value> {
    let spec: Value = serde_json::from_str(spec?).ok()?;
    spec.get("aggregations").cloned()
}

/// Returns the earlier names by the later addresses. In a look back, renames are reversed.
fn renames(ledger: &Ledger, from: Serial, to: Serial) -> Result<BTreeMap<Address, Address>, Stop> {
    if from > to {
        return Ok(ledger.renames_between(to, from)?);
    }
    let later = ledger.renames_between(from, to)?;
    Ok(later.into_iter().map(|(then, now)| (now, then)).collect())
}

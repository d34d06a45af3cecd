//! Compares declared and recorded resources, and cascades recreates to dependents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::brings::Known;
use super::change::{Action, Cause, Change, Meanwhile, Plan, RegistryPlace};
use super::data::{Data, Learned};
use super::declared::Declared;
use super::guard::refusals;
use super::renames::Renames;
use super::written::{self, Both};
use super::{brings, cost, fields, gains, harmless, order, rename};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::recorded::{Entry, Mode, Snapshot, downstream, state};
use crate::resource::{Address, Catalog, Effect, FieldChange, Instant, Kind, Resource, SOURCES};

/// The suppressible recreates that are carried out as updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Suppress {
    #[default]
    None,
    All,
    Only(Vec<Address>),
}

/// Returns the plan that turns `snapshot` into `declared`, or the faults that make a plan impossible.
pub fn diff(
    snapshot: &Snapshot,
    declarations: &[Declared],
    suppress: &Suppress,
    now: Instant,
) -> Result<Plan, Vec<Diagnostic>> {
    diff_knowing(snapshot, declarations, suppress, &Data::default(), now)
}

/// Returns the same, with the columns found in data for fields that are left out.
///
/// # Errors
/// As [`diff`].
pub fn diff_knowing(
    snapshot: &Snapshot,
    declarations: &[Declared],
    suppress: &Suppress,
    data: &Data,
    now: Instant,
) -> Result<Plan, Vec<Diagnostic>> {
    diff_with(snapshot, declarations, |changes, both| suppress_recreates(changes, suppress, both), data, now)
}

/// The fate of a changed resource's data, as the history tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// The data stayed: the change was carried out in place, whatever its fields would do.
    Kept,
    /// The data was built again.
    Rebuilt,
}

/// Returns the plan that turned `snapshot` into `declared`, as the history says that it was carried out. `carried`
/// takes the address that a resource has afterwards.
///
/// # Errors
/// As [`diff`].
pub fn diff_carried_out(
    snapshot: &Snapshot,
    declarations: &[Declared],
    carried: impl Fn(&Address) -> Option<Carried>,
    data: &Data,
    now: Instant,
) -> Result<Plan, Vec<Diagnostic>> {
    let as_carried_out = |changes: &mut BTreeMap<Address, Change>, _: &Both| {
        for change in changes.values_mut() {
            let how = carried(&change.address);
            // A resource that was rebuilt because of a dependency is reached by the cascade.
            let is_root = |it: &Resource| it.depends_on.iter().all(|it| carried(it) != Some(Carried::Rebuilt));
            match (&change.action, how) {
                (Action::Recreate { before, after, fields }, Some(Carried::Kept)) => {
                    let (before, after, fields) = (before.clone(), after.clone(), fields.clone());
                    change.suppressed = true;
                    change.action = Action::Update { before, after, fields };
                }
                (Action::Update { before, after, fields }, Some(Carried::Rebuilt)) if is_root(before) => {
                    let (before, after, fields) = (before.clone(), after.clone(), fields.clone());
                    change.action = Action::Recreate { before, after, fields };
                }
                _ => {}
            }
        }
        Ok(())
    };
    diff_with(snapshot, declarations, as_carried_out, data, now)
}

fn diff_with(
    snapshot: &Snapshot,
    declarations: &[Declared],
    suppress: impl FnOnce(&mut BTreeMap<Address, Change>, &Both) -> Result<(), Vec<Diagnostic>>,
    data: &Data,
    now: Instant,
) -> Result<Plan, Vec<Diagnostic>> {
    let declared: BTreeMap<&Address, &Declared> = declarations.iter().map(|it| (&it.resource.address, it)).collect();
    let renames = rename::find(snapshot, &declared)?;
    let befores = befores(snapshot, &declared, &renames);
    let both = Both::new(&befores, &declared, data, &renames);
    let mut comparison = compare_all(snapshot, &declared, &renames, &befores, &both);
    suppress(&mut comparison.changes, &both)?;
    cascade(snapshot, &declared, &renames, &befores, &mut comparison.changes);

    let unchanged = declared.len() - comparison.changes.values().filter(|it| it.action.after().is_some()).count();
    let twins = rename::twins(&comparison.changes, &both);
    let mut warnings = rename::hints(&twins);
    warnings.extend(rename::lost(snapshot, &declared));
    comparison.changes.values_mut().collect::<Vec<_>>().into_par_iter().for_each(|change| {
        change.meanwhile = if snapshot.mode == Mode::Live { meanwhile(change, &both.after) } else { None };
        change.jobs = cost::jobs(change, snapshot, &both, now);
        change.warnings.extend(cost::warnings(change, &both, now));
        let unopened = |_: &Address| None;
        let known = |catalog| Known { catalog, data: &unopened };
        change.brings = Some(brings::brings(change, &known(&both.before), &known(&both.after)));
    });
    cost::jobs_below(&mut comparison.changes, snapshot, &declared, &both, now);
    let rewritten =
        comparison.rewritten.into_iter().filter(|it| !comparison.changes.contains_key(&it.address)).collect();
    let state = state(declared.iter().map(|it| (*it.0, it.1.digest)));
    let changes = order::order(comparison.changes.into_values().collect());
    let wire_orders = wire_orders(snapshot, declarations, &changes, &both.after, Services::Reached);
    let mut plan = Plan {
        workspace: snapshot.workspace.clone(),
        mode: snapshot.mode,
        registry: snapshot.registry.clone(),
        base: snapshot.serial,
        base_state: snapshot.state.clone(),
        changes,
        rewritten,
        wire_orders,
        learned: Learned::default(),
        unchanged,
        state,
        warnings,
        place: RegistryPlace::default(),
    };
    let refused: BTreeSet<Address> = refusals(&plan, snapshot).into_iter().map(|it| it.root).collect();
    harmless::fill(&mut plan.changes, &refused, &twins, &both);
    Ok(plan)
}

/// Returns every recorded resource under its new name, with references renamed as well.
///
/// Where the digests agree, the declared resource stands for the recorded one, which saves decoding it.
fn befores(
    snapshot: &Snapshot,
    declared: &BTreeMap<&Address, &Declared>,
    renames: &Renames,
) -> BTreeMap<Address, Arc<Resource>> {
    let recorded = snapshot.entries.iter().filter_map(|(address, entry)| {
        let same = declared.get(address).filter(|it| it.digest == entry.digest);
        let protected_alike = same.is_some_and(|it| it.resource.meta.prevent_destroy == entry.prevent_destroy);
        if let (Some(declared), true, true) = (same, protected_alike, renames.is_empty()) {
            return Some((address.clone(), Arc::clone(&declared.resource)));
        }
        let mut resource = same.map(|it| it.resource.as_ref().clone()).or_else(|| entry.resource.clone())?;
        resource.set_prevent_destroy(entry.prevent_destroy);
        renames.follow(&mut resource);
        Some((resource.address.clone(), Arc::new(resource)))
    });
    recorded.collect()
}

struct Comparison {
    changes: BTreeMap<Address, Change>,
    rewritten: Vec<Change>,
}

fn compare_all(
    snapshot: &Snapshot,
    declared: &BTreeMap<&Address, &Declared>,
    renames: &Renames,
    befores: &BTreeMap<Address, Arc<Resource>>,
    both: &Both,
) -> Comparison {
    let mut addresses: Vec<&Address> = declared.keys().copied().chain(befores.keys()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    // The columns that a view reads may change although the view's declaration does not.
    let is_read = |it: &Address| it.kind == Kind::Transformation || SOURCES.contains(&it.kind);
    let is_other = |it: &Address| snapshot.entries.get(it).map(|it| it.digest) != declared.get(it).map(|it| it.digest);
    let may_gain = declared.keys().any(|it| is_read(it) && is_other(it));
    let compared = |address: &&Address| {
        let address = *address;
        let declaration = declared.get(address).copied();
        let old = renames.old(address);
        let entry = snapshot.entries.get(old.unwrap_or(address));
        let action = match (befores.get(address), declaration) {
            (None, Some(declared)) => Action::Create { after: declared.resource.clone() },
            (Some(before), None) => Action::Delete { before: before.clone() },
            (Some(before), Some(after)) => {
                let is_recorded = entry.is_some_and(|it| {
                    it.digest == after.digest && it.prevent_destroy == after.resource.meta.prevent_destroy
                });
                let sees = || !gains::seen(before, &both.before, &after.resource, &both.after).is_empty();
                if is_recorded && !(may_gain && sees()) {
                    return None;
                }
                compare(before, &after.resource, both)
            }
            (None, None) => unreachable!("every address comes from one of the two sides"),
        };
        let change = change(address, action, entry, old, declaration);
        Some(change)
    };
    let (changes, rewritten): (Vec<Change>, Vec<Change>) =
        addresses.par_iter().filter_map(compared).partition(|change| {
            change.renamed_from.is_some()
                || !matches!(&change.action, Action::Update { fields, .. } if fields.is_empty())
        });
    Comparison { changes: changes.into_iter().map(|it| (it.address.clone(), it)).collect(), rewritten }
}

fn change(
    address: &Address,
    action: Action,
    entry: Option<&Entry>,
    old: Option<&Address>,
    declared: Option<&Declared>,
) -> Change {
    Change {
        address: address.clone(),
        id: entry.map(|it| it.id),
        action,
        cause: Cause::Declaration,
        renamed_from: old.cloned(),
        suppressed: false,
        jobs: Vec::new(),
        brings: None,
        harmless: Vec::new(),
        meanwhile: None,
        warnings: Vec::new(),
        source: declared.and_then(|it| it.source.clone()),
        digest: declared.map(|it| it.digest),
    }
}

/// Compares two states of one resource: the strongest effect among the changed fields decides.
fn compare(before: &Arc<Resource>, after: &Arc<Resource>, both: &Both) -> Action {
    let mut fields = fields::compare(before, &both.before, after, &both.after);
    written::settle(before, after, &mut fields, both);
    let (before, after) = (before.clone(), after.clone());
    match fields.iter().map(|it| it.effect).max() {
        Some(Effect::Recreate | Effect::RecreateUnlessSuppressed) => Action::Recreate { before, after, fields },
        _ => Action::Update { before, after, fields },
    }
}

/// Returns the words for a change in the middle of a sentence.
fn does(change: Option<&Change>) -> &'static str {
    match change.map(|it| &it.action) {
        None => "does not change by itself",
        Some(Action::Create { .. }) => "is created",
        Some(Action::Update { .. }) => "is updated in place",
        Some(Action::Recreate { .. }) => "is recreated",
        Some(Action::Delete { .. }) => "is deleted",
    }
}

/// Turns suppressible recreates into updates, or returns why one cannot be.
fn suppress_recreates(
    changes: &mut BTreeMap<Address, Change>,
    suppress: &Suppress,
    both: &Both,
) -> Result<(), Vec<Diagnostic>> {
    let mut faults = Vec::new();
    if let Suppress::Only(addresses) = suppress {
        let is_recreate =
            |it: &&Address| changes.get(it).is_some_and(|it| matches!(it.action, Action::Recreate { .. }));
        for address in addresses.iter().filter(|it| !is_recreate(it)) {
            let names: Vec<String> = changes
                .values()
                .filter(|it| matches!(it.action, Action::Recreate { .. }))
                .map(|it| it.address.to_string())
                .collect();
            let fault = Diagnostic::error(
                Code::P005,
                format!("`{address}` {}, so there is no recreate to suppress", does(changes.get(address))),
            );
            faults.push(fault.hint_if(did_you_mean(&address.to_string(), names.iter().map(String::as_str))));
        }
    }
    for change in changes.values_mut() {
        let asked = match suppress {
            Suppress::None => false,
            Suppress::All => true,
            Suppress::Only(addresses) => addresses.contains(&change.address),
        };
        let Action::Recreate { before, after, fields } = &change.action else { continue };
        if !asked {
            continue;
        }
        match fields::why_not_suppressed(before, after, fields, &both.before, &both.after) {
            // With the flag for all, a recreate of a class that cannot be suppressed stays, and is shown.
            Some(_) if *suppress == Suppress::All && change.effect() == Effect::Recreate => {}
            Some(reason) => {
                let fault = Diagnostic::error(
                    Code::P005,
                    format!("the recreate of `{}` cannot be suppressed: {reason}", change.address),
                );
                faults.push(fault.hint("plan without suppressing it"));
            }
            None => {
                change.suppressed = true;
                change.action = Action::Update { before: before.clone(), after: after.clone(), fields: fields.clone() };
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Recreates every resource that depended on a recreated or deleted one, transitively, as recorded.
fn cascade(
    snapshot: &Snapshot,
    declared: &BTreeMap<&Address, &Declared>,
    renames: &Renames,
    befores: &BTreeMap<Address, Arc<Resource>>,
    changes: &mut BTreeMap<Address, Change>,
) {
    let roots: Vec<Address> =
        changes.values().filter(|it| it.action.destroys()).filter_map(|it| it.recorded().cloned()).collect();
    let reach = downstream(&roots, &snapshot.entries);
    let reached = reach.nodes().filter_map(|it| Some((it, reach.path(it)?)));
    for (recorded, path) in reached.filter(|it| it.1.len() > 1) {
        let address = renames.new_name(recorded).unwrap_or(recorded).clone();
        let (Some(declaration), Some(before)) = (declared.get(&address), befores.get(&address)) else { continue };
        let path = path.into_iter().map(|it| renames.new_name(it).unwrap_or(it).clone()).collect();
        let entry = snapshot.entries.get(recorded);
        let recreate =
            |fields| Action::Recreate { before: before.clone(), after: declaration.resource.clone(), fields };
        let change = changes
            .entry(address.clone())
            .or_insert_with(|| change(&address, recreate(Vec::new()), entry, renames.old(&address), Some(declaration)));
        if let Action::Update { fields, .. } | Action::Recreate { fields, .. } = &change.action {
            // An inherited default is shown. Inherited columns are not, since they are shown as features.
            let shown = |it: &&FieldChange| {
                !is_columns(&it.path) || !fields::is_inherited(&it.path, before, &declaration.resource)
            };
            change.action = recreate(fields.iter().filter(shown).cloned().collect());
            change.suppressed = false;
        }
        change.cause = Cause::Upstream { path };
    }
}

fn is_columns(path: &str) -> bool {
    matches!(path, "schema" | "timestamp_field")
}

fn meanwhile(change: &Change, after: &Catalog) -> Option<Meanwhile> {
    let Action::Recreate { after: resource, .. } = &change.action else { return None };
    let view = resource.view(after).filter(|it| it.spec.is_materialized())?;
    Some(if view.found.has_batch { Meanwhile::OldServes } else { Meanwhile::HistoryLost })
}

/// The services whose wire order is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Services {
    /// The services that a change reaches.
    Reached,
    /// All services: columns may have become known.
    All,
}

/// Returns the wire order of every service whose order this plan creates or extends.
pub fn wire_orders(
    snapshot: &Snapshot,
    declared: &[Declared],
    changes: &[Change],
    after: &Catalog,
    services: Services,
) -> Vec<(Address, Vec<String>)> {
    let changes: BTreeMap<&Address, &Change> = changes.iter().map(|it| (&it.address, it)).collect();
    if changes.is_empty() && services == Services::Reached {
        return Vec::new();
    }
    let order = |declaration: &Declared| {
        let resource = &declaration.resource;
        let own = changes.get(&resource.address).copied();
        let reached = || own.is_some() || resource.depends_on.iter().any(|it| changes.contains_key(it));
        if services == Services::Reached && !reached() {
            return None;
        }
        let fresh = own.is_some_and(|it| matches!(it.action, Action::Create { .. } | Action::Recreate { .. }));
        let recorded = own.and_then(Change::recorded).unwrap_or(&resource.address);
        let held =
            snapshot.entries.get(recorded).filter(|_| !fresh).map(|it| it.wire_order.as_slice()).unwrap_or_default();
        let order = resource.spec.declaration().service()?.wire_order(after, held);
        (fresh || order != held).then(|| (resource.address.clone(), order))
    };
    let mut orders: Vec<_> = declared.par_iter().filter_map(order).collect();
    orders.sort();
    orders
}

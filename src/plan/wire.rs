//! Orders of features on the wire, as the history has them, for restore and diff.
//!
//! The order of an identity only grows at its end. A service whose order changes elsewhere is recreated, because
//! readers that read by position would see another service.

use std::collections::BTreeMap;

use serde_json::json;

use super::change::{Action, Cause, Change, Plan};
use super::data::Data;
use super::declared::Declared;
use super::{drift, order};
use crate::diagnostic::{Code, Diagnostic};
use crate::recorded::Snapshot;
use crate::resource::{Address, Contents, Effect, FieldChange};

/// The orders on the wire at a serial, by the address that each service has in the plan. `None` when the history does
/// not say.
pub type Orders = BTreeMap<Address, Option<Vec<String>>>;

/// Changes `plan`, which leads back to an earlier serial, so that services get back the order that they had `then`.
///
/// The columns in `data` decide which features there are.
pub fn restore_orders(plan: &mut Plan, snapshot: &Snapshot, declared: &[Declared], then: &Orders, data: &Data) {
    let catalog = drift::columns_today(declared, data, &plan.changes);
    for declaration in declared {
        let resource = &declaration.resource;
        let address = &resource.address;
        let Some(service) = resource.spec.declaration().service() else { continue };
        let fresh = service.wire_order(&catalog, &[]);
        let at = plan.changes.iter().position(|it| it.address == *address);
        let recorded = at.map_or(Some(address), |it| plan.changes[it].recorded());
        let held = recorded.and_then(|it| snapshot.entries.get(it)).map(|it| it.wire_order.clone()).unwrap_or_default();
        let is_new =
            at.is_some_and(|it| matches!(plan.changes[it].action, Action::Create { .. } | Action::Recreate { .. }));
        let planned = plan.wire_orders.iter().position(|it| it.0 == *address);
        // The planned order includes columns known from data only.
        let all = planned.map_or(if is_new { &fresh } else { &held }, |it| &plan.wire_orders[it].1);
        let Some(Some(then)) = then.get(address) else {
            if let (true, Some(at)) = (is_new && all.len() > 1, at) {
                plan.changes[at].warnings.push(unknown(address));
            }
            continue;
        };
        let target = arranged(all, then);
        if !is_new && target == *all {
            continue;
        }
        match planned {
            Some(planned) => plan.wire_orders[planned].1.clone_from(&target),
            None => plan.wire_orders.push((address.clone(), target.clone())),
        }
        recreate(plan, at, declaration, snapshot, moved(&held, &target));
    }
    plan.wire_orders.sort();
    plan.changes = order::order(std::mem::take(&mut plan.changes));
    list_in_order(plan);
}

/// Sorts the features of services that are built into their order on the wire.
fn list_in_order(plan: &mut Plan) {
    let orders: BTreeMap<&Address, &Vec<String>> = plan.wire_orders.iter().map(|it| (&it.0, &it.1)).collect();
    for change in &mut plan.changes {
        let contents = change.brings.as_mut().map(|it| &mut it.contents);
        if let (Some(Contents::Service { features, .. }), Some(order)) = (contents, orders.get(&change.address)) {
            features.sort_by_key(|it| order.iter().position(|name| *name == it.name).unwrap_or(usize::MAX));
        }
    }
}

/// Turns the change of a service whose order moves into a recreate that shows the move. A create has no order before.
fn recreate(plan: &mut Plan, at: Option<usize>, declared: &Declared, snapshot: &Snapshot, moved: FieldChange) {
    let Some(at) = at else {
        let resource = declared.resource.clone();
        plan.unchanged -= 1;
        plan.changes.push(Change {
            address: resource.address.clone(),
            id: snapshot.entries.get(&resource.address).map(|it| it.id),
            action: Action::Recreate { before: resource.clone(), after: resource, fields: vec![moved] },
            cause: Cause::Declaration,
            renamed_from: None,
            suppressed: false,
            jobs: Vec::new(),
            brings: None,
            meanwhile: None,
            harmless: Vec::new(),
            warnings: Vec::new(),
            source: None,
            digest: Some(declared.digest),
        });
        return;
    };
    match &mut plan.changes[at].action {
        // In a recreate for another reason, the move is a consequence.
        Action::Recreate { fields, .. } if moved.before != moved.after => {
            fields.push(FieldChange { effect: Effect::InPlace, ..moved });
        }
        Action::Update { before, after, fields } => {
            let (before, after) = (before.clone(), after.clone());
            let fields = fields.iter().cloned().chain([moved]).collect();
            plan.changes[at].action = Action::Recreate { before, after, fields };
        }
        _ => {}
    }
}

/// Adds the services whose order differs between two serials to the changes.
pub fn show_orders(plan: &mut Plan, declared: &[Declared], before: &Orders, after: &Orders) {
    for declaration in declared {
        let address = &declaration.resource.address;
        let (Some(Some(old)), Some(Some(new))) = (before.get(address), after.get(address)) else { continue };
        if old == new {
            continue;
        }
        let moved = FieldChange { effect: Effect::InPlace, ..moved(old, new) };
        match plan.changes.iter_mut().find(|it| it.address == *address).map(|it| &mut it.action) {
            Some(Action::Update { fields, .. } | Action::Recreate { fields, .. }) => fields.push(moved),
            Some(Action::Create { .. } | Action::Delete { .. }) => {}
            None => {
                let resource = declaration.resource.clone();
                plan.changes.push(Change {
                    address: address.clone(),
                    id: None,
                    action: Action::Update { before: resource.clone(), after: resource, fields: vec![moved] },
                    cause: Cause::Declaration,
                    renamed_from: None,
                    suppressed: false,
                    jobs: Vec::new(),
                    brings: None,
                    meanwhile: None,
                    harmless: Vec::new(),
                    warnings: Vec::new(),
                    source: None,
                    digest: Some(declaration.digest),
                });
            }
        }
    }
    plan.changes = order::order(std::mem::take(&mut plan.changes));
}

/// Returns `features` in the order of `then`, followed by those that it does not name, in their own order.
///
/// A later feature was appended to the same list, so leaving it out gives the earlier order.
pub fn arranged(features: &[String], then: &[String]) -> Vec<String> {
    let kept = then.iter().filter(|it| features.contains(it));
    let rest = features.iter().filter(|it| !then.contains(it));
    kept.chain(rest).cloned().collect()
}

fn moved(before: &[String], after: &[String]) -> FieldChange {
    FieldChange { path: "wire_order".to_owned(), before: json!(before), after: json!(after), effect: Effect::Recreate }
}

fn unknown(address: &Address) -> Diagnostic {
    Diagnostic::warning(
        Code::P011,
        format!("the history does not say in which order `{address}` sent its features: its order starts afresh"),
    )
}

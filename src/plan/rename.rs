//! Renames: finds the recorded resources that `renamed_from` gives another name.

use std::collections::BTreeMap;

use super::change::{Action, Change};
use super::declared::Declared;
use super::renames::Renames;
use super::written::Both;
use crate::diagnostic::{Code, Diagnostic, Place, Span, did_you_mean};
use crate::recorded::Snapshot;
use crate::resource::{Address, Kind, Resource};

/// Returns the renames of this plan (spec 2, "Renames"), or the faults in them.
pub fn find(snapshot: &Snapshot, declared: &BTreeMap<&Address, &Declared>) -> Result<Renames, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut claims: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
    for (new, declaration) in declared {
        let Some(old) = &declaration.resource.renamed_from else { continue };
        let old = Address::new(new.kind, old.as_str());
        if let Some(members) = circle(&old, new, declared) {
            // Each circle is reported once, at its first member.
            if members.iter().any(|it| it < new) {
                continue;
            }
            let summary =
                format!("renamed_from leads from `{new}` back to itself: names cannot be swapped in one apply");
            let hint = "rename one of them to a third name first, in an apply of its own";
            faults.push(fault(declared, new, summary).hint(hint));
            continue;
        }
        // Once the new name is recorded, `renamed_from` has no effect and can be removed.
        if snapshot.entries.contains_key(*new) || !snapshot.entries.contains_key(&old) {
            continue;
        }
        if declared.contains_key(&old) {
            let chained = declared[&old].resource.renamed_from.is_some();
            let hint = if chained {
                "apply one rename first, then the other"
            } else {
                "remove the old declaration, or renamed_from"
            };
            faults.push(
                fault(declared, new, format!("`{new}` was renamed from `{old}`, which is still declared")).hint(hint),
            );
            continue;
        }
        claims.entry(old).or_default().push(new);
    }
    let dialect = declared.values().find_map(|it| it.resource.engine).unwrap_or_default();
    let mut renames = Renames { dialect, ..Renames::default() };
    for (old, claimants) in claims {
        match claimants.as_slice() {
            [new] => {
                renames.old_by_new.insert((*new).clone(), old.clone());
                renames.new_by_old.insert(old, (*new).clone());
            }
            several => {
                let names = several.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" and ");
                faults.push(
                    fault(declared, several[1], format!("{names} both say that they were renamed from `{old}`"))
                        .hint("keep renamed_from in one of them"),
                );
            }
        }
    }
    if faults.is_empty() { Ok(renames) } else { Err(faults) }
}

/// Returns the addresses met by following `renamed_from` from `old`, when that leads back to `new`.
fn circle(old: &Address, new: &Address, declared: &BTreeMap<&Address, &Declared>) -> Option<Vec<Address>> {
    let mut members = Vec::new();
    let mut at = old.clone();
    for _ in 0..=declared.len() {
        if at == *new {
            return Some(members);
        }
        let name = declared.get(&at)?.resource.renamed_from.as_deref()?;
        let next = Address::new(at.kind, name);
        members.push(std::mem::replace(&mut at, next));
    }
    None
}

fn fault(declared: &BTreeMap<&Address, &Declared>, address: &Address, summary: String) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::P006, summary);
    match declared.get(address).and_then(|it| it.source.clone()) {
        Some((file, line)) => diagnostic.place(Place::Span(Span { file, line, column: 1, length: 1, text: "".into() })),
        None => diagnostic,
    }
}

/// Returns the pairs of a delete and a create with the same kind and spec, by their addresses.
pub fn twins(changes: &BTreeMap<Address, Change>, both: &Both) -> Vec<(Address, Address)> {
    let deleted = changes.values().filter_map(|it| match &it.action {
        Action::Delete { before } => Some(&**before),
        _ => None,
    });
    let deleted: Vec<&Resource> = deleted.collect();
    if deleted.is_empty() {
        return Vec::new();
    }
    // A map by text avoids comparing each with each. Equal specs have equal texts.
    let mut created: BTreeMap<(Kind, String), Vec<&Address>> = BTreeMap::new();
    for change in changes.values() {
        if let Action::Create { after } = &change.action {
            let spec = after.canonical(&both.after).to_string();
            created.entry((after.address.kind, spec)).or_default().push(&after.address);
        }
    }
    let mut twins = Vec::new();
    for before in deleted {
        let key = (before.address.kind, before.canonical(&both.before).to_string());
        // Each create is used once: two resources cannot be renamed to one.
        if let Some(new) = created.get_mut(&key).filter(|it| !it.is_empty()).map(|it| it.remove(0)) {
            twins.push((before.address.clone(), new.clone()));
        }
    }
    twins
}

/// Warns of a delete and a create with the same kind and spec, which look like an undeclared rename.
pub fn hints(twins: &[(Address, Address)]) -> Vec<Diagnostic> {
    let hint = |(old, new): &(Address, Address)| {
        let summary = format!("`{old}` is deleted and `{new}` is created with the same spec: this looks like a rename");
        Diagnostic::warning(Code::P008, summary)
            .hint(format!("to keep identity and data, add `renamed_from: {}` to `{new}`", old.name))
    };
    twins.iter().map(hint).collect()
}

/// Warns of a `renamed_from` that names nothing recorded, so that no data is kept.
pub fn lost(snapshot: &Snapshot, declared: &BTreeMap<&Address, &Declared>) -> Vec<Diagnostic> {
    // In an empty registry, no `renamed_from` can have a target.
    if snapshot.entries.is_empty() {
        return Vec::new();
    }
    let lost = |(new, declaration): (&&Address, &&Declared)| {
        let name = declaration.resource.renamed_from.as_deref()?;
        let old = Address::new(new.kind, name);
        // Once the new name is recorded, `renamed_from` has no effect and can be removed.
        if snapshot.entries.contains_key(*new) || snapshot.entries.contains_key(&old) {
            return None;
        }
        let summary = format!(
            "`{new}` says that it was renamed from `{old}`, which is not recorded: it is created, with no data"
        );
        let warning = Diagnostic::warning(Code::P015, summary);
        let other = Kind::ALL.iter().map(|kind| Address::new(*kind, name)).find(|it| snapshot.entries.contains_key(it));
        if let Some(other) = other {
            return Some(warning.hint(format!("`{other}` is recorded, and a rename keeps the kind")));
        }
        let gone = snapshot.entries.keys().filter(|it| it.kind == new.kind && !declared.contains_key(it));
        let hint = did_you_mean(name, gone.map(|it| &*it.name));
        Some(
            warning.hint(
                hint.unwrap_or_else(|| "write the name that `weir list` shows, or remove renamed_from".to_owned()),
            ),
        )
    };
    declared.iter().filter_map(lost).collect()
}

//! A plan and its changes: the decision as a value.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data::Learned;
use super::fields;
use super::job::JobChange;
use crate::diagnostic::Diagnostic;
use crate::recorded::{Base, Mode, RowId, Serial};
use crate::resource::{Address, Column, Contents, Digest, Effect, FieldChange, Resource};

/// Everything that apply would do to one workspace: a value, printed and carried out alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub workspace: String,
    pub mode: Mode,
    /// Which registry this was computed against.
    pub registry: String,
    pub base: Serial,
    /// The digest over all that was recorded then.
    pub base_state: String,
    pub changes: Vec<Change>,
    /// Resources that differ in how they are written and in nothing else: stored anew along with the changes.
    pub rewritten: Vec<Change>,
    /// Services whose features on the wire get a new order: what was there keeps its position.
    pub wire_orders: Vec<(Address, Vec<String>)>,
    /// What data taught, recorded along with the changes, or alone where there are none.
    pub learned: Learned,
    pub unchanged: usize,
    /// A digest over all that is declared: what the registry will hold.
    pub state: String,
    /// Hints about the plan as a whole.
    pub warnings: Vec<Diagnostic>,
    /// Where the registry lies, for whoever reads the plan; no part of what it does.
    pub place: RegistryPlace,
}

/// The registry as a person names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryPlace {
    pub path: String,
    /// Whether there is none yet: nothing is recorded, so nothing is protected.
    pub new: bool,
}

impl RegistryPlace {
    /// Says that there is none yet.
    pub fn is_new(&self) -> String {
        format!("new registry at {}: nothing is recorded, nothing is protected", self.path)
    }
}

/// What happens to one resource, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// After a rename, the new one.
    pub address: Address,
    /// The registry's identity of the recorded resource.
    pub id: Option<i64>,
    pub action: Action,
    pub cause: Cause,
    pub renamed_from: Option<Address>,
    /// A recreate that the user asked to carry out as an update.
    pub suppressed: bool,
    /// What happens to the work for this view, or for views that read this.
    pub jobs: Vec<JobChange>,
    /// What the resource holds, and what that adds and removes; `None` only until the plan is whole.
    pub brings: Option<Brings>,
    /// What would have the same without destroying anything, where there is a way: for a refusal.
    pub harmless: Vec<String>,
    /// What a recreate costs readers meanwhile.
    pub meanwhile: Option<Meanwhile>,
    pub warnings: Vec<Diagnostic>,
    /// The declaration's file and line.
    pub source: Option<(Arc<str>, usize)>,
    /// Of the declaration; none for a delete.
    pub digest: Option<Digest>,
}

/// What happens, with exactly the states that it has.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Create { after: Arc<Resource> },
    Update { before: Arc<Resource>, after: Arc<Resource>, fields: Vec<FieldChange> },
    Recreate { before: Arc<Resource>, after: Arc<Resource>, fields: Vec<FieldChange> },
    Delete { before: Arc<Resource> },
}

/// Why. Explains, never decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Declaration,
    /// From this resource to the one whose own change is the root.
    Upstream {
        path: Vec<Address>,
    },
    /// The data of these sources holds more than it did.
    Data {
        sources: Vec<Address>,
    },
}

/// What readers get while a recreated view is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// The old version serves until the new one is complete.
    OldServes,
    /// No batch source can rebuild it: it starts empty.
    HistoryLost,
}

impl Action {
    pub fn symbol(&self) -> &'static str {
        match self {
            Self::Create { .. } => "+",
            Self::Update { .. } => "~",
            Self::Recreate { .. } => "±",
            Self::Delete { .. } => "-",
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Recreate { .. } => "recreate",
            Self::Delete { .. } => "delete",
        }
    }

    pub fn before(&self) -> Option<&Resource> {
        match self {
            Self::Create { .. } => None,
            Self::Update { before, .. } | Self::Recreate { before, .. } | Self::Delete { before } => Some(before),
        }
    }

    pub fn after(&self) -> Option<&Resource> {
        match self {
            Self::Delete { .. } => None,
            Self::Create { after } | Self::Update { after, .. } | Self::Recreate { after, .. } => Some(after),
        }
    }

    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Update { fields, .. } | Self::Recreate { fields, .. } => fields,
            Self::Create { .. } | Self::Delete { .. } => &[],
        }
    }

    /// Says whether what was recorded is gone afterwards.
    pub fn destroys(&self) -> bool {
        matches!(self, Self::Recreate { .. } | Self::Delete { .. })
    }
}

impl Change {
    /// Returns the address under which the resource is recorded now, if it is.
    pub fn recorded(&self) -> Option<&Address> {
        self.action.before()?;
        Some(self.renamed_from.as_ref().unwrap_or(&self.address))
    }

    /// Returns the row that the change finds, if it finds one.
    pub fn row(&self) -> Option<RowId> {
        Some(RowId::new(self.id?, self.recorded()?))
    }

    /// Says whether nothing of it is its own: it follows what happens to what it depends on.
    pub fn only_follows(&self) -> bool {
        let Action::Recreate { before, after, fields } = &self.action else { return false };
        let follows = |it: &FieldChange| fields::is_inherited(&it.path, before, after);
        matches!(self.cause, Cause::Upstream { .. }) && self.renamed_from.is_none() && fields.iter().all(follows)
    }

    /// Returns the strongest effect among the changed fields.
    pub fn effect(&self) -> Effect {
        self.action.fields().iter().map(|it| it.effect).max().unwrap_or(Effect::InPlace)
    }

    /// Says whether the declaration takes protection away from what has it. A delete lifts nothing: it is refused.
    pub fn lifts(&self) -> bool {
        let (Some(before), Some(after)) = (self.action.before(), self.action.after()) else { return false };
        before.meta.prevent_destroy && !after.meta.prevent_destroy
    }
}

/// How many of each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub create: usize,
    pub update: usize,
    pub recreate: usize,
    pub delete: usize,
    pub unchanged: usize,
    pub lifts: usize,
}

impl Plan {
    /// Returns what the plan was made on.
    pub fn base(&self) -> Base {
        Base { registry: self.registry.clone(), serial: self.base, state: self.base_state.clone() }
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally { unchanged: self.unchanged, ..Tally::default() };
        for change in &self.changes {
            match change.action {
                Action::Create { .. } => tally.create += 1,
                Action::Update { .. } => tally.update += 1,
                Action::Recreate { .. } => tally.recreate += 1,
                Action::Delete { .. } => tally.delete += 1,
            }
            tally.lifts += usize::from(change.lifts());
        }
        tally
    }
}

/// What a resource holds after a change, or held before a delete; and which features the change adds and removes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brings {
    pub contents: Contents,
    /// Features of a view or a service that are new, or have another type. Empty for a create: all are new.
    pub adds: Vec<Column>,
    /// Features that are gone, or had another type. Empty for a delete: all are gone.
    pub removes: Vec<Column>,
}

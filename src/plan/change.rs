//! A plan and its changes, as values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data::Learned;
use super::fields;
use super::job::JobChange;
use crate::diagnostic::Diagnostic;
use crate::recorded::{Base, Mode, RowId, Serial};
use crate::resource::{Address, Column, Contents, Digest, Effect, FieldChange, Resource};

/// All that apply would do to one workspace. The same value is printed and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub workspace: String,
    pub mode: Mode,
    /// The registry that the plan was computed against.
    pub registry: String,
    pub base: Serial,
    /// The digest over all that was recorded at `base`.
    pub base_state: String,
    pub changes: Vec<Change>,
    /// Resources that differ only in spelling. They are stored anew along with the changes.
    pub rewritten: Vec<Change>,
    /// Services with a new order of features on the wire. Features that were there keep their positions.
    pub wire_orders: Vec<(Address, Vec<String>)>,
    /// Columns found in the data, recorded along with the changes, or alone when there are none.
    pub learned: Learned,
    pub unchanged: usize,
    /// The digest over all that is declared, which the registry will hold.
    pub state: String,
    /// Hints about the plan as a whole.
    pub warnings: Vec<Diagnostic>,
    /// The registry's place, shown to readers of the plan.
    pub place: RegistryPlace,
}

/// The registry as it is named for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryPlace {
    pub path: String,
    /// Whether the registry does not exist yet, so that nothing is recorded or protected.
    pub new: bool,
}

impl RegistryPlace {
    /// Returns the sentence that says that the registry does not exist yet.
    pub fn is_new(&self) -> String {
        format!("new registry at {}: nothing is recorded, nothing is protected", self.path)
    }
}

/// The change of one resource, with its cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The new address, after a rename.
    pub address: Address,
    /// The registry's identity of the recorded resource.
    pub id: Option<i64>,
    pub action: Action,
    pub cause: Cause,
    pub renamed_from: Option<Address>,
    /// Whether the user asked to carry out a recreate as an update.
    pub suppressed: bool,
    /// The changes to the jobs of this view, or of views that read this resource.
    pub jobs: Vec<JobChange>,
    /// The contents of the resource, and the features added and removed; `None` only while the plan is being made.
    pub brings: Option<Brings>,
    /// Ways to reach the same without destroying anything, for a refusal.
    pub harmless: Vec<String>,
    /// The effect of a recreate on readers until it is complete.
    pub meanwhile: Option<Meanwhile>,
    pub warnings: Vec<Diagnostic>,
    /// The declaration's file and line.
    pub source: Option<(Arc<str>, usize)>,
    /// The digest of the declaration; `None` for a delete.
    pub digest: Option<Digest>,
}

/// The kind of change, with the states that exist for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Create { after: Arc<Resource> },
    Update { before: Arc<Resource>, after: Arc<Resource>, fields: Vec<FieldChange> },
    Recreate { before: Arc<Resource>, after: Arc<Resource>, fields: Vec<FieldChange> },
    Delete { before: Arc<Resource> },
}

/// The reason for a change. It explains the change and never decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Declaration,
    /// The path from this resource to the one whose own change is the root.
    Upstream {
        path: Vec<Address>,
    },
    /// The data of these sources has more columns than before.
    Data {
        sources: Vec<Address>,
    },
}

/// The values that readers get while a recreated view is built.
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

    /// Says whether the recorded resource is gone after the action.
    pub fn destroys(&self) -> bool {
        matches!(self, Self::Recreate { .. } | Self::Delete { .. })
    }
}

impl Change {
    /// Returns the address under which the resource is recorded now, if it is recorded.
    pub fn recorded(&self) -> Option<&Address> {
        self.action.before()?;
        Some(self.renamed_from.as_ref().unwrap_or(&self.address))
    }

    /// Returns the recorded row that the change applies to, if there is one.
    pub fn row(&self) -> Option<RowId> {
        Some(RowId::new(self.id?, self.recorded()?))
    }

    /// Says whether the change has no cause of its own, and only follows from a change of a dependency.
    pub fn only_follows(&self) -> bool {
        let Action::Recreate { before, after, fields } = &self.action else { return false };
        let follows = |it: &FieldChange| fields::is_inherited(&it.path, before, after);
        matches!(self.cause, Cause::Upstream { .. }) && self.renamed_from.is_none() && fields.iter().all(follows)
    }

    /// Returns the strongest effect among the changed fields.
    pub fn effect(&self) -> Effect {
        self.action.fields().iter().map(|it| it.effect).max().unwrap_or(Effect::InPlace)
    }

    /// Says whether the declaration removes protection. A delete never does, because it is refused.
    pub fn lifts(&self) -> bool {
        let (Some(before), Some(after)) = (self.action.before(), self.action.after()) else { return false };
        before.meta.prevent_destroy && !after.meta.prevent_destroy
    }
}

/// The number of changes of each action.
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
    /// Returns the registry state that the plan was made on.
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

/// The contents of a resource after a change, or before a delete, with the features that the change adds and removes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brings {
    pub contents: Contents,
    /// Features of a view or a service that are new, or have another type. Empty for a create: all are new.
    pub adds: Vec<Column>,
    /// Features that are gone, or had another type. Empty for a delete: all are gone.
    pub removes: Vec<Column>,
}

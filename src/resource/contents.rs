//! What a resource offers to its readers: columns, entities, features with their types, and where they are served.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::dtype::Dtype;

/// The columns or features of a resource, as far as they are known. One variant for each sort of resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Contents {
    Entity {
        join_keys: Vec<Column>,
    },
    /// The columns are `None` when the data has to be opened to know them.
    Source {
        columns: Option<Vec<Column>>,
    },
    Transformation {
        inputs: Vec<String>,
        columns: Option<Vec<Column>>,
    },
    View {
        entities: Vec<String>,
        sources: Vec<String>,
        join_keys: Vec<Column>,
        /// `None` when a source has to be opened to know them.
        features: Option<Vec<Column>>,
        online: bool,
        offline: bool,
    },
    Service {
        /// In alphabetical order of the names on the wire.
        features: Vec<Column>,
        /// The views whose features are known only when their sources are opened.
        unknown: Vec<Address>,
        online: bool,
    },
}

/// A column or a feature, with its type where known. The type is text, since data may have types that weir lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub dtype: Option<String>,
}

impl Column {
    pub fn new(name: impl Into<String>, dtype: Option<&Dtype>) -> Self {
        Self { name: name.into(), dtype: dtype.map(ToString::to_string) }
    }

    /// Returns columns from names and the types that are known.
    pub fn all<'a>(columns: impl IntoIterator<Item = &'a (String, Option<Dtype>)>) -> Vec<Self> {
        columns.into_iter().map(|(name, dtype)| Self::new(name, dtype.as_ref())).collect()
    }
}

impl Contents {
    /// Returns the features of a view or a service, or `None` unless all of them are known.
    pub fn features(&self) -> Option<&[Column]> {
        match self {
            Self::View { features, .. } => features.as_deref(),
            Self::Service { features, unknown, .. } => Some(features.as_slice()).filter(|_| unknown.is_empty()),
            Self::Entity { .. } | Self::Source { .. } | Self::Transformation { .. } => None,
        }
    }

    /// Returns where features are served: `online`, `offline`.
    pub fn serves(&self) -> Vec<&'static str> {
        let (online, offline) = match self {
            Self::View { online, offline, .. } => (*online, *offline),
            Self::Service { online, .. } => (*online, false),
            Self::Entity { .. } | Self::Source { .. } | Self::Transformation { .. } => (false, false),
        };
        [(online, "online"), (offline, "offline")].into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
}

//! The contents of a resource as JSON, for the changes of a plan and for `show`.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::resource::{Column, Contents};

/// What a resource holds for its readers; a member that its kind does not have is left out.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct ContentsJson {
    /// Of an entity and of a view
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_keys: Option<Vec<ColumnJson>>,
    /// Of a view: the names of its entities
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<String>>,
    /// Of a view: the names of its sources; of a transformation: its tables
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// Of a source and of a transformation; null when its data has to be opened to know them
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<MaybeKnown>,
    /// Of a view and of a service; null when sources have to be opened to know them
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<MaybeKnown>,
    /// Of a service: the views whose features are not known and stand in no list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_known: Option<Vec<String>>,
    /// Of a view and of a service: `online`, `offline`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serves: Option<Vec<String>>,
}

/// Columns, or null when they are not known.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub struct MaybeKnown(Option<Vec<ColumnJson>>);

#[derive(Debug, Serialize, JsonSchema)]
pub struct ColumnJson {
    pub name: String,
    /// null when it is not known
    pub dtype: Option<String>,
}

impl Serialize for MaybeKnown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Returns columns in their JSON form.
pub fn columns(columns: &[Column]) -> Vec<ColumnJson> {
    columns.iter().map(|it| ColumnJson { name: it.name.clone(), dtype: it.dtype.clone() }).collect()
}

/// Returns the contents of a resource in their JSON form.
pub fn contents(contents: &Contents) -> ContentsJson {
    let known = |it: &Option<Vec<Column>>| Some(MaybeKnown(it.as_deref().map(columns)));
    let serves = || Some(contents.serves().into_iter().map(str::to_owned).collect());
    let json = ContentsJson::default();
    match contents {
        Contents::Entity { join_keys } => ContentsJson { join_keys: Some(columns(join_keys)), ..json },
        Contents::Source { columns } => ContentsJson { columns: known(columns), ..json },
        Contents::Transformation { inputs, columns } => {
            ContentsJson { inputs: Some(inputs.clone()), columns: known(columns), ..json }
        }
        Contents::View { entities, sources, join_keys, features, .. } => ContentsJson {
            join_keys: Some(columns(join_keys)),
            entities: Some(entities.clone()),
            inputs: Some(sources.clone()),
            features: known(features),
            serves: serves(),
            ..json
        },
        Contents::Service { features, unknown, .. } => ContentsJson {
            features: Some(MaybeKnown(Some(columns(features)))),
            not_known: Some(unknown.iter().map(ToString::to_string).collect()),
            serves: serves(),
            ..json
        },
    }
}

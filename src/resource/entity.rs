//! Entity: the subject of features, and the keys that identify it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::address::Address;
use super::contents::{Column, Contents};
use super::declaration::{Declaration, Reference};
use super::dtype::Dtype;
use super::names::column_name_fault;
use super::report::Report;
use super::rule::Rule;
use super::text::{Named, named};
use super::view::Lookup;
use crate::diagnostic::Code;

/// What features describe: a user, a card, an ad.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// The columns that identify it: names or `{name, dtype}` (default: the entity's own name)
    pub join_keys: Option<Vec<JoinKey>>,
}

/// One column of an entity's key.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum JoinKey {
    Untyped(String),
    Typed(TypedKey),
}

/// A join key with its type.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedKey {
    /// The column's name
    #[serde(deserialize_with = "crate::resource::text")]
    pub name: String,
    /// Int64, Int32 or String
    pub dtype: Option<Dtype>,
}

impl JoinKey {
    pub fn name(&self) -> &str {
        match self {
            Self::Untyped(name) => name,
            Self::Typed(key) => &key.name,
        }
    }

    pub fn dtype(&self) -> Option<&Dtype> {
        match self {
            Self::Untyped(_) => None,
            Self::Typed(key) => key.dtype.as_ref(),
        }
    }
}

impl Entity {
    /// Returns the join keys, which default to the entity's own name.
    pub fn keys(&self, name: &str) -> Vec<JoinKey> {
        self.join_keys.clone().unwrap_or_else(|| vec![JoinKey::Untyped(name.to_owned())])
    }
}

impl Declaration for Entity {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("join_keys", Rule::JoinKeys)]
    }

    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    fn canonical(&self, me: &Address, mut json: Value, _: &dyn Lookup) -> Value {
        json["join_keys"] = self
            .keys(&me.name)
            .iter()
            .map(|it| match it.dtype() {
                Some(dtype) => json!({ "name": it.name(), "dtype": dtype }),
                None => json!({ "name": it.name() }),
            })
            .collect();
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        let address = me;
        let Some(keys) = &self.join_keys else {
            if let Some(fault) = column_name_fault(&address.name) {
                report
                    .error(
                        Code::V002,
                        "name",
                        format!("`{address}` sets no join_keys, and its name cannot be one: a column name {fault}"),
                    )
                    .hint("write `join_keys: [...]`");
            }
            return;
        };
        if keys.is_empty() {
            report
                .error(Code::V016, "join_keys", format!("`{address}` has no join key"))
                .hint(format!("leave join_keys out, and `{}` is the key", address.name));
        }
        for (index, key) in keys.iter().enumerate() {
            let path = format!("join_keys[{index}]");
            if let Some(fault) = column_name_fault(key.name()) {
                report.error(
                    Code::V002,
                    &path,
                    format!("join key `{}` of `{address}` is not allowed: a column name {fault}", key.name()),
                );
            }
            if keys[..index].iter().any(|it| it.name() == key.name()) {
                report
                    .error(Code::V003, &path, format!("join key `{}` of `{address}` is named twice", key.name()))
                    .hint("remove one of them");
            }
            if let Some(dtype) = key.dtype().filter(|it| !it.is_integer() && **it != Dtype::String) {
                report.error(
                    Code::V016,
                    &path,
                    format!("join key `{}` of `{address}` is {dtype}, and a key is Int64, Int32 or String", key.name()),
                );
            }
        }
    }

    fn pin_name(&mut self, name: &str) {
        self.join_keys = Some(self.keys(name));
    }

    fn contents(&self, me: &Address, _: &dyn Lookup, _: Option<Vec<Column>>) -> Contents {
        let keys = self.keys(&me.name);
        Contents::Entity { join_keys: keys.iter().map(|it| Column::new(it.name(), it.dtype())).collect() }
    }
}

impl Named for JoinKey {
    const EXPECTED: &'static str = "a column name or `{ name, dtype }`";

    fn from_name(name: &str) -> Result<Self, String> {
        Ok(Self::Untyped(name.to_owned()))
    }
}

impl<'de> Deserialize<'de> for JoinKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(deserializer, Self::Typed)
    }
}

impl Serialize for JoinKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Typed(key) if key.dtype.is_some() => key.serialize(serializer),
            key => serializer.serialize_str(key.name()),
        }
    }
}

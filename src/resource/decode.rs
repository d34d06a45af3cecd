//! Decodes a declaration in one pass: the header that every kind has, and the kind's own body, from one map.
//!
//! Tagged, flattened and untagged enums would lose the place of a mistake. So the map is split by hand: header keys
//! are taken out as they pass, and everything else streams into the body of the kind.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::address::{Address, Kind};
use super::rule::ENGINE;
use super::spec::{Meta, Resource, Spec};
use super::text::Texts;
use crate::sql::Dialect;

/// The fields that every kind has, as written.
#[derive(Debug, Default)]
pub struct Header {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub tags: Option<Texts>,
    pub prevent_destroy: Option<bool>,
    pub renamed_from: Option<String>,
    /// The header fields that were written, also those with an empty value.
    written: Vec<&'static str>,
}

/// The names of the header's fields.
pub const HEADER: &[&str] = &["kind", "name", "description", "owner", "tags", "prevent_destroy", "renamed_from"];

/// `[defaults.<Kind>]` of weir.toml: values for fields that a declaration leaves unset.
pub type Defaults = Map<String, Value>;

/// Decodes a declaration of `kind` from `map`; fields it leaves unset come from `defaults`.
pub fn decode_map<'de, A: MapAccess<'de>>(
    kind: Kind,
    map: A,
    defaults: Option<&Defaults>,
) -> Result<(Header, Spec), A::Error> {
    let mut header = Header::default();
    let body =
        Body { map, header: &mut header, seen: Vec::new(), defaults: defaults.map(|it| it.iter()), pending: None };
    let spec = Spec::deserialize(kind, MapAccessDeserializer::new(body))?;
    Ok((header, spec))
}

/// Reads a stored resource, whose address is known.
struct Stored(Address);

impl<'de> Visitor<'de> for Stored {
    type Value = Resource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Resource, A::Error> {
        let (header, spec) = decode_map(self.0.kind, map, None)?;
        Ok(header.into_resource(self.0, spec))
    }
}

/// Decodes what [`Resource::to_stored`] wrote.
fn from_json(address: Address, mut json: Value) -> Result<Resource, serde_json::Error> {
    let engine = match json.as_object_mut().and_then(|it| it.shift_remove(ENGINE)) {
        None => None,
        Some(Value::String(name)) if name == Dialect::Spark.name() => Some(Dialect::Spark),
        Some(other) => return Err(de::Error::custom(format!("`{ENGINE}` is {other}, which is no engine"))),
    };
    let mut resource = json.deserialize_map(Stored(address))?;
    resource.engine = engine;
    Ok(resource)
}

/// Decodes the text of what [`Resource::to_stored`] wrote.
pub fn from_json_text(address: Address, json: &str) -> Result<Resource, serde_json::Error> {
    // Most records name no engine, and are decoded without a JSON tree.
    if json.contains(&format!("\"{ENGINE}\"")) {
        return from_json(address, serde_json::from_str(json)?);
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Stored(address))
}

impl Resource {
    /// Returns the resource that `json` stores, with its dependencies as recorded beside it.
    pub fn from_json(address: Address, json: Value, depends_on: Vec<Address>) -> Result<Self, serde_json::Error> {
        let mut resource = from_json(address, json)?;
        resource.depends_on = depends_on;
        Ok(resource)
    }
}

impl Header {
    pub fn into_resource(self, address: Address, spec: Spec) -> Resource {
        let meta = Arc::new(Meta {
            description: self.description,
            owner: self.owner,
            tags: self.tags,
            prevent_destroy: self.prevent_destroy.unwrap_or(false),
        });
        Resource {
            address,
            meta,
            renamed_from: self.renamed_from,
            spec,
            depends_on: Vec::new(),
            engine: None,
            is_unsure: false,
        }
    }

    /// Takes the value of `key` when it belongs to the header.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        let Some(field) = HEADER.iter().find(|it| **it == key) else { return Ok(false) };
        // An empty field counts as written, too.
        if self.written.contains(field) {
            return Err(de::Error::duplicate_field(field));
        }
        self.written.push(field);
        match *field {
            "kind" => self.kind = map.next_value()?,
            "name" => self.name = map.next_value()?,
            "description" => self.description = map.next_value()?,
            "owner" => self.owner = map.next_value()?,
            "tags" => self.tags = map.next_value()?,
            // `prevent_destroy:` without a value is an error: the author wants protection, and would get none.
            "prevent_destroy" => self.prevent_destroy = Some(map.next_value()?),
            "renamed_from" => self.renamed_from = map.next_value()?,
            _ => unreachable!("every field of the header is read"),
        }
        Ok(true)
    }
}

/// The map without the header's keys, followed by the defaults that it left unset.
struct Body<'a, A> {
    map: A,
    header: &'a mut Header,
    seen: Vec<String>,
    defaults: Option<serde_json::map::Iter<'a>>,
    pending: Option<&'a Value>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Body<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if self.defaults.is_some() {
                self.seen.push(key.clone());
            }
            if !self.header.take(&key, &mut self.map)? {
                let key: StringDeserializer<A::Error> = key.into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        while let Some((key, value)) = self.defaults.as_mut().and_then(Iterator::next) {
            if self.seen.contains(key) {
                continue;
            }
            if !self.header.take(key, &mut One(Some(value), PhantomData))? {
                self.pending = Some(value);
                let key: StringDeserializer<A::Error> = key.clone().into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.pending.take() {
            Some(value) => seed.deserialize(value.clone()).map_err(de::Error::custom),
            None => self.map.next_value_seed(seed),
        }
    }
}

/// A map of one value, which lets the header take a default in the same way as a written value.
struct One<'a, E>(Option<&'a Value>, PhantomData<E>);

impl<'de, E: de::Error> MapAccess<'de> for One<'_, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, E> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, E> {
        seed.deserialize(self.0.take().cloned().unwrap_or(Value::Null)).map_err(E::custom)
    }
}

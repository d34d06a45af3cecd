//! A resource: one declared or recorded thing, with the part that its kind owns.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::address::{Address, Kind, with_kinds};
use super::contents::{Column, Contents};
use super::declaration::Declaration;
use super::digest::Digest;
use super::rule::ENGINE;
use super::text::Texts;
use super::view::{KnownColumns, Lookup, View};
use crate::sql::Dialect;

/// The fields that every kind has (spec 1, "Every kind has").
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub description: Option<String>,
    pub owner: Option<String>,
    pub tags: Option<Texts>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
}

/// One declared or recorded thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub address: Address,
    pub meta: Arc<Meta>,
    /// The name before a rename, as declared; inert once the new name is recorded.
    pub renamed_from: Option<String>,
    pub spec: Spec,
    /// The resolved references, sorted, each once.
    pub depends_on: Vec<Address>,
    /// The engine that reads its queries, except those that a warehouse runs; `None` when nobody has said.
    pub engine: Option<Dialect>,
    /// Whether a rename may have changed the meaning of its query. Such a resource differs from every other.
    pub is_unsure: bool,
}

impl Resource {
    /// Returns everything declared as one flat JSON object. Unset fields are absent.
    pub fn to_json(&self) -> Value {
        let meta = serde_json::to_value(&*self.meta).expect("texts are plain data");
        let (Value::Object(mut object), Value::Object(spec)) = (meta, self.spec.to_json()) else {
            unreachable!("both are structs")
        };
        object.extend(spec);
        Value::Object(object)
    }

    /// Returns the JSON that a registry stores: the declaration, and its engine unless that is the embedded one.
    pub fn to_stored(&self) -> Value {
        let mut stored = self.to_json();
        if let Some(engine) = self.stored_engine() {
            stored[ENGINE] = Value::String(engine.to_owned());
        }
        stored
    }

    /// Returns the text of [`Resource::to_stored`], written without a JSON tree.
    pub fn to_stored_text(&self) -> String {
        let mut text = serde_json::to_string(&*self.meta).expect("texts are plain data");
        let spec = self.spec.to_json_text();
        if text == "{}" {
            text = spec;
        } else if spec != "{}" {
            text.pop();
            text.push(',');
            text.push_str(&spec[1..]);
        }
        if let Some(engine) = self.stored_engine() {
            text.pop();
            text.push_str(&format!(",\"{ENGINE}\":\"{engine}\"}}"));
        }
        text
    }

    /// Returns the engine of its queries, unless it is the embedded one. Another engine may read the text differently.
    fn stored_engine(&self) -> Option<&'static str> {
        let engine = self.dialect();
        (engine != Dialect::default() && self.asks_engine()).then(|| engine.name())
    }

    /// Gives the resource this protection.
    pub fn set_prevent_destroy(&mut self, prevent_destroy: bool) {
        if self.meta.prevent_destroy != prevent_destroy {
            Arc::make_mut(&mut self.meta).prevent_destroy = prevent_destroy;
        }
    }

    /// Returns the form that is compared: defaults written out, short forms expanded, SQL as written.
    pub fn canonical(&self, others: &dyn Lookup) -> Value {
        let Value::Object(mut object) = self.spec.declaration().canonical(&self.address, self.to_json(), others) else {
            unreachable!("the canonical form of a spec is an object")
        };
        if let Some(engine) = self.stored_engine() {
            object.insert(ENGINE.to_owned(), Value::String(engine.to_owned()));
        }
        object.entry("prevent_destroy").or_insert(Value::Bool(false));
        object.retain(|key, value| {
            !value.is_null() && (key != "tags" || value.as_object().is_some_and(|it| !it.is_empty()))
        });
        Value::Object(object)
    }

    /// Returns what it offers to its readers. `data` holds the columns of its data, when that was opened.
    pub fn contents(&self, others: &dyn Lookup, data: Option<&[(String, String)]>) -> Contents {
        let column = |it: &(String, String)| Column { name: it.0.clone(), dtype: Some(it.1.clone()) };
        let data = data.map(|it| it.iter().map(column).collect());
        self.spec.declaration().contents(&self.address, others, data)
    }

    /// Returns the columns that a reader sees, as far as they are known without opening a source.
    pub fn columns(&self, others: &dyn Lookup) -> Option<KnownColumns> {
        self.spec.declaration().columns(&self.address, others)
    }

    /// Returns the view with the facts that follow from what it refers to, when this is a view.
    pub fn view<'l>(&'l self, others: &'l dyn Lookup) -> Option<View<'l>> {
        Some(View::of(&self.address, self.spec.declaration().view()?, others))
    }

    /// Returns the digest: two resources with equal digests have equal canonical forms.
    pub fn digest(&self, local: &[u8; 32], others: &dyn Lookup) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(local);
        hasher.update(self.spec.declaration().defaults(&self.address, others).as_bytes());
        for address in &self.depends_on {
            hasher.update(b"\0");
            hasher.update(address.kind.as_str().as_bytes());
            hasher.update(address.name.as_bytes());
        }
        Digest::of(hasher.finalize().as_bytes())
    }

    /// Returns the dialect of its queries, except those that a warehouse runs.
    pub fn dialect(&self) -> Dialect {
        self.engine.unwrap_or_default()
    }

    /// Says whether it holds SQL that the engine runs.
    pub fn asks_engine(&self) -> bool {
        self.spec.declaration().queries().iter().any(|it| it.dialect.is_none())
    }

    /// Returns the part of the digest that needs no other resource, for the parse cache.
    pub fn local_digest(&self) -> [u8; 32] {
        self.local_digest_of(&self.spec.to_json_text(), &crate::sql::normal_form)
    }

    /// Returns the same from the spec as JSON text. `normal_form` returns the normal form of a query.
    pub fn local_digest_of(&self, spec: &str, normal_form: &dyn Fn(Dialect, &str) -> String) -> [u8; 32] {
        // A new normal form or layout gets a new seed, so that an old digest does not equal a new one by accident.
        let mut text = format!("weir 3\0{}", self.address);
        text.push_str(&serde_json::to_string(&*self.meta).expect("texts are plain data"));
        if self.spec.declaration().queries().is_empty() {
            text.push_str(spec);
        } else {
            let engine = self.dialect();
            if self.asks_engine() && engine != Dialect::default() {
                text.push_str(engine.name());
            }
            let mut spec = self.spec.clone();
            if let Some(sql) = spec.declaration_mut().sql_mut() {
                sql.map_queries(&|dialect, text| normal_form(dialect.unwrap_or(engine), text));
            }
            text.push_str(&spec.to_json_text());
        }
        *blake3::hash(text.as_bytes()).as_bytes()
    }
}

/// Makes `Spec` and all code that has to know every spec.
macro_rules! specs {
    ($($kind:ident($module:ident::$spec:ident)),* $(,)?) => {
        /// The part of a resource that its kind owns. It is shared, so that a plan can hold states without a copy.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Spec { $($kind(Arc<super::$module::$spec>)),* }

        impl Spec {
            /// Returns the JSON Schema of the body of `kind`.
            pub fn schema(kind: Kind, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match kind { $(Kind::$kind => <super::$module::$spec as schemars::JsonSchema>::json_schema(generator)),* }
            }

            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind),* }
            }

            pub fn declaration(&self) -> &dyn Declaration {
                match self { $(Self::$kind(it) => it.as_ref()),* }
            }

            pub fn declaration_mut(&mut self) -> &mut dyn Declaration {
                match self { $(Self::$kind(it) => { let it: &mut super::$module::$spec = Arc::make_mut(it); it }),* }
            }

            /// Returns the spec as a JSON object, without the fields that are unset.
            pub fn to_json(&self) -> serde_json::Value {
                match self { $(Self::$kind(it) => serde_json::to_value(it.as_ref()).expect("specs hold only plain data")),* }
            }

            /// Returns the text of `to_json`, written without a tree.
            pub fn to_json_text(&self) -> String {
                match self { $(Self::$kind(it) => serde_json::to_string(it.as_ref()).expect("specs hold only plain data")),* }
            }

            /// Decodes the body of `kind`.
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(kind: Kind, deserializer: D) -> Result<Self, D::Error> {
                Ok(match kind { $(Kind::$kind => Self::$kind(Arc::new(serde::Deserialize::deserialize(deserializer)?))),* })
            }
        }
    };
}
with_kinds!(specs);

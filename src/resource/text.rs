//! Values that are written as text: what parses it, texts by name, and names that may stand for a longer form.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads a text and parses it. Any other value is the error "expected `what`".
pub fn parse<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<F, T>(&'static str, F, PhantomData<T>);
    impl<F: Fn(&str) -> Result<T, String>, T> Visitor<'_> for Text<F, T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(what, parse, PhantomData))
}

/// A `T` that may be written as a bare name: `user` for `{ name: user }`.
///
/// A visitor, not an untagged enum, so that a mistake inside the long form keeps its own message and place.
pub trait Named: Sized {
    /// The expected form, for messages.
    const EXPECTED: &'static str;

    fn from_name(name: &str) -> Result<Self, String>;
}

/// Reads a `T` from a bare name or from its long form `L`.
pub fn named<'de, D, T, L>(deserializer: D, long: impl FnOnce(L) -> T) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Named,
    L: Deserialize<'de>,
{
    struct Either<T, L, F>(F, PhantomData<(T, L)>);
    impl<'de, T: Named, L: Deserialize<'de>, F: FnOnce(L) -> T> Visitor<'de> for Either<T, L, F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            T::from_name(text).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            L::deserialize(MapAccessDeserializer::new(map)).map(self.0)
        }
    }
    deserializer.deserialize_any(Either(long, PhantomData))
}

/// A text that is present. YAML readers take `~`, `null` and an empty value as text when asked for one.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

/// Reads a text, and refuses null or an empty value.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Something;
    impl<'de> Visitor<'de> for Something {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_none<E: de::Error>(self) -> Result<String, E> {
            Err(E::invalid_type(de::Unexpected::Unit, &self))
        }

        fn visit_unit<E: de::Error>(self) -> Result<String, E> {
            Err(E::invalid_type(de::Unexpected::Unit, &self))
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
            String::deserialize(deserializer)
        }
    }
    deserializer.deserialize_option(Something)
}

/// Reads a list of texts, and refuses null or empty values in it.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<Text>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|it| it.0).collect())
}

/// Reads a list of texts like `texts`, where there is one.
pub fn texts_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let texts = Option::<Vec<Text>>::deserialize(deserializer)?;
    Ok(texts.map(|it| it.into_iter().map(|it| it.0).collect()))
}

/// A map from text to text that refuses a repeated key. It is a sorted list, since most have one or two keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(Box<[(Box<str>, Box<str>)]>);

impl Texts {
    /// Returns keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|it| (&*it.0, &*it.1))
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map such as { key: value }")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = std::collections::BTreeMap::new();
                while let Some(key) = map.next_key::<Box<str>>()? {
                    let Text(value) = map.next_value()?;
                    if texts.insert(key, value.into_boxed_str()).is_some() {
                        return Err(de::Error::duplicate_field("key"));
                    }
                }
                Ok(Texts(texts.into_iter().collect()))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl JsonSchema for Texts {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    }
}

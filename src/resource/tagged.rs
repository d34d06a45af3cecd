//! Decoding of types with several shapes, which the entry `kind` tells apart.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// A type with several shapes, which the entry `kind` tells apart.
pub trait Tagged: Sized {
    /// The expected form, for messages.
    const EXPECTED: &'static str;

    /// Decodes the shape called `kind` from the other entries of its map.
    fn decode<'de, A: MapAccess<'de>>(kind: &str, rest: A) -> Result<Self, A::Error>;
}

/// Reads a map whose entry `kind` decides how the other entries are read.
///
/// Entries before `kind` are held back as plain values. YAML text that this would misread (`1.10`, `no`) fails here
/// and is read again from a marked tree, which always yields `kind` first.
pub fn tagged<'de, D: Deserializer<'de>, T: Tagged>(deserializer: D) -> Result<T, D::Error> {
    struct TaggedVisitor<T>(PhantomData<T>);
    impl<'de, T: Tagged> Visitor<'de> for TaggedVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut held = Vec::new();
            while let Some(key) = map.next_key::<String>()? {
                if key == "kind" {
                    let kind = map.next_value::<String>()?;
                    return T::decode(&kind, Chained { held: held.into_iter(), pending: None, map });
                }
                held.push((key, map.next_value::<Held>()?.0));
            }
            Err(de::Error::missing_field("kind"))
        }
    }
    deserializer.deserialize_map(TaggedVisitor(PhantomData))
}

/// A plain value in which no key is written twice. Otherwise the last one would win in silence.
struct Held(Value);

impl<'de> de::Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;
        impl<'de> Visitor<'de> for Plain {
            type Value = Held;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Held, E> {
                Ok(Held(Value::Null))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Held, E> {
                Ok(Held(value.into()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Held, E> {
                Ok(Held(value.into()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Held, E> {
                Ok(Held(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Held, E> {
                Ok(Held(value.into()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Held, E> {
                Ok(Held(value.into()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Held, A::Error> {
                let mut items = Vec::new();
                while let Some(Held(item)) = list.next_element()? {
                    items.push(item);
                }
                Ok(Held(items.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Held, A::Error> {
                let mut entries = Map::new();
                while let Some(key) = map.next_key::<String>()? {
                    let Held(value) = map.next_value()?;
                    if entries.insert(key, value).is_some() {
                        return Err(de::Error::duplicate_field("key"));
                    }
                }
                Ok(Held(Value::Object(entries)))
            }
        }
        deserializer.deserialize_any(Plain)
    }
}

/// The entries that were held back, followed by the rest of the map.
struct Chained<A> {
    held: std::vec::IntoIter<(String, Value)>,
    pending: Option<Value>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Chained<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.held.next() {
            Some((key, value)) => {
                self.pending = Some(value);
                let key: StringDeserializer<A::Error> = key.into_deserializer();
                seed.deserialize(key).map(Some)
            }
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.pending.take() {
            Some(value) => seed.deserialize(value).map_err(de::Error::custom),
            None => self.map.next_value_seed(seed),
        }
    }
}

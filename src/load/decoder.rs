//! Decodes a marked tree. Every fault carries the id of its node.
//!
//! A scalar stays text until a field asks for a type, as in serde_yaml.

use std::fmt;

use saphyr_parser::ScalarStyle;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::node::{Node, SAMPLES, Shape};

/// The reason why a tree does not fit a type, and the node at fault.
#[derive(Debug)]
pub struct Fault {
    pub at: Option<usize>,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    UnknownField {
        field: String,
        expected: &'static [&'static str],
    },
    UnknownVariant {
        variant: String,
        expected: &'static [&'static str],
    },
    MissingField(&'static str),
    /// A repeated key. It is reported by the search for repeated keys.
    Duplicate,
    Expected {
        found: Option<String>,
        expected: String,
    },
    Other(String),
}

impl Fault {
    fn new(what: What) -> Self {
        Self { at: None, what }
    }

    fn or_at(mut self, id: usize) -> Self {
        self.at.get_or_insert(id);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::UnknownField { field, .. } => write!(f, "`{field}` is not a field"),
            What::UnknownVariant { variant, expected } => {
                write!(f, "`{variant}` is not one of {}", expected.join(", "))
            }
            What::MissingField(field) => write!(f, "`{field}` is missing"),
            What::Duplicate => f.write_str("a key is written twice"),
            What::Expected { expected, .. } => write!(f, "expected {expected}"),
            What::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Other(message.to_string()))
    }

    fn invalid_type(_: de::Unexpected, expected: &dyn de::Expected) -> Self {
        Self::new(What::Expected { found: None, expected: expected.to_string() })
    }

    fn invalid_value(_: de::Unexpected, expected: &dyn de::Expected) -> Self {
        Self::new(What::Expected { found: None, expected: expected.to_string() })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownVariant { variant: variant.to_owned(), expected })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownField { field: field.to_owned(), expected })
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::new(What::Duplicate)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::MissingField(field))
    }
}

/// Decodes a node. A fault carries the id of the node that it is about.
pub struct Decoder<'a>(pub &'a Node);

impl Decoder<'_> {
    /// Adds the node to a fault, and a description of the value when the visitor knew only what it expected.
    fn place<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|mut fault| {
            if fault.at.is_none()
                && let What::Expected { found, .. } = &mut fault.what
            {
                found.get_or_insert_with(|| self.0.describe());
            }
            fault.or_at(self.0.id)
        })
    }

    fn unexpected<T>(&self, expected: &dyn de::Expected) -> Result<T, Fault> {
        self.place(Err(de::Error::invalid_type(de::Unexpected::Other(""), expected)))
    }
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Shape::Scalar { text, style } = &self.0.value else {
            return match &self.0.value {
                Shape::Seq(_) => self.deserialize_seq(visitor),
                Shape::Map(_) => self.deserialize_map(visitor),
                Shape::Hole(sample) => self.place(visitor.visit_str(SAMPLES[*sample])),
                Shape::Scalar { .. } => unreachable!("a scalar has been told apart"),
            };
        };
        let plain = *style == ScalarStyle::Plain;
        let result = if plain && self.0.is_null() {
            visitor.visit_unit()
        } else if plain && let Some(value) = boolean(text) {
            visitor.visit_bool(value)
        } else if plain && let Ok(value) = text.parse::<i64>() {
            visitor.visit_i64(value)
        } else if plain && let Some(value) = float(text) {
            visitor.visit_f64(value)
        } else {
            visitor.visit_str(text)
        };
        self.place(result)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Scalar { text, .. } if !self.0.is_null() => self.place(visitor.visit_str(text)),
            Shape::Hole(sample) => self.place(visitor.visit_str(SAMPLES[*sample])),
            _ => self.unexpected(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Scalar { text, style: ScalarStyle::Plain } if boolean(text).is_some() => {
                self.place(visitor.visit_bool(text.starts_with(['t', 'T'])))
            }
            Shape::Hole(_) => self.place(visitor.visit_bool(false)),
            _ => self.unexpected(&"true or false"),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() {
            // A type that refuses null reports that here.
            self.place(visitor.visit_none())
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Seq(items) => self.place(visitor.visit_seq(Items(items.iter()))),
            Shape::Hole(_) => self.place(visitor.visit_seq(Items([].iter()))),
            _ => self.unexpected(&"a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Shape::Map(entries) = &self.0.value else { return self.unexpected(&visitor) };
        // `kind` comes first, wherever it is written, because it decides how the others are read.
        let (kind, others): (Vec<_>, Vec<_>) = entries.iter().partition(|it| it.0.text() == Some("kind"));
        let mut last = None;
        let result = visitor.visit_map(Entries {
            entries: kind.into_iter().chain(others).collect::<Vec<_>>().into_iter(),
            value: None,
            last: &mut last,
        });
        result.map_err(|fault| match (&fault.what, last) {
            (What::MissingField(_), _) | (_, None) => fault.or_at(self.0.id),
            (_, Some(key)) => fault.or_at(key),
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Map(_) => self.deserialize_map(visitor),
            _ => self.unexpected(&"a map of fields"),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Scalar { text, .. } => self.place(visitor.visit_enum(text.as_str().into_deserializer())),
            Shape::Hole(_) if !variants.is_empty() => self.place(visitor.visit_enum(variants[0].into_deserializer())),
            _ => self.unexpected(&visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn float(text: &str) -> Option<f64> {
    let numeric = text.starts_with(|it: char| it.is_ascii_digit() || matches!(it, '-' | '+' | '.'))
        && text.contains(|it: char| it.is_ascii_digit());
    if numeric { text.parse().ok() } else { None }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0.next().map(|it| seed.deserialize(Decoder(it)).map_err(|fault| fault.or_at(it.id))).transpose()
    }
}

struct Entries<'a, 'l> {
    entries: std::vec::IntoIter<&'a (Node, Node)>,
    value: Option<&'a Node>,
    last: &'l mut Option<usize>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.entries.next() else {
            *self.last = None;
            return Ok(None);
        };
        *self.last = Some(key.id);
        self.value = Some(value);
        seed.deserialize(Decoder(key)).map(Some).map_err(|fault| fault.or_at(key.id))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let value = self.value.take().expect("a value is asked for after its key");
        seed.deserialize(Decoder(value)).map_err(|fault| fault.or_at(value.id))
    }
}

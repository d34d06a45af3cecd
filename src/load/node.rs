//! YAML as a tree with places, for the documents that have a mistake: decoding it can be told to leave a key out
//! and to go on, so that every mistake is found.
//!
//! Text stays text until a field says what it wants, exactly as serde_yaml reads it.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// A value, where it stands, and a number that finds it again in its tree.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: usize,
    pub value: Shape,
    pub start: Mark,
    pub end: Mark,
}

#[derive(Debug, Clone)]
pub enum Shape {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Stands for a field that is missing and has been reported: reads as the emptiest value of any type.
    Hole,
}

/// Line and column, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
}

/// Why a text is no tree.
#[derive(Debug)]
pub enum Malformed {
    Syntax { message: String, at: Mark },
    Explodes { at: Mark },
}

/// Aliases are copied where they stand; a document may grow to this many nodes.
const NODES_MAX: usize = 200_000;
const DEPTH_MAX: usize = 128;

/// Reads one document; `None` when it is empty.
pub fn parse(text: &str) -> Result<Option<Node>, Malformed> {
    let mut builder = Builder { open: Vec::new(), anchors: HashMap::new(), count: 0, root: None };
    for event in Parser::new_from_str(text) {
        let (event, marks) = event.map_err(|it| Malformed::Syntax {
            message: it.info().to_owned(),
            at: Mark { line: it.marker().line(), column: it.marker().col() + 1 },
        })?;
        builder.take(event, marks)?;
        if builder.root.is_some() {
            break;
        }
    }
    Ok(builder.root)
}

/// A collection that is not closed yet: its anchor, its start, its items; a map's keys and values take turns.
struct Open {
    anchor: usize,
    start: Mark,
    is_map: bool,
    items: Vec<Node>,
}

struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    count: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, marks: Marks) -> Result<(), Malformed> {
        let start = Mark { line: marks.start.line(), column: marks.start.col() + 1 };
        let end = Mark { line: marks.end.line(), column: marks.end.col() + 1 };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.close(Shape::Scalar { text: text.into_owned(), style }, anchor, start, end)
            }
            Event::SequenceStart(anchor, _) => self.push(anchor, start, false),
            Event::MappingStart(anchor, _) => self.push(anchor, start, true),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let shape = if open.is_map { Shape::Map(pairs(open.items)) } else { Shape::Seq(open.items) };
                self.close(shape, open.anchor, open.start, end)
            }
            Event::Alias(anchor) => {
                let Some(mut node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Malformed::Syntax {
                        message: "an alias stands inside its own anchor".to_owned(),
                        at: start,
                    });
                };
                self.renumber(&mut node, start)?;
                (node.start, node.end) = (start, end);
                self.put(node);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, anchor: usize, start: Mark, is_map: bool) -> Result<(), Malformed> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Malformed::Explodes { at: start });
        }
        self.open.push(Open { anchor, start, is_map, items: Vec::new() });
        Ok(())
    }

    fn close(&mut self, value: Shape, anchor: usize, start: Mark, end: Mark) -> Result<(), Malformed> {
        let node = Node { id: self.number(start)?, value, start, end };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node);
        Ok(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.root = Some(node),
        }
    }

    fn number(&mut self, at: Mark) -> Result<usize, Malformed> {
        self.count += 1;
        if self.count > NODES_MAX { Err(Malformed::Explodes { at }) } else { Ok(self.count) }
    }

    fn renumber(&mut self, node: &mut Node, at: Mark) -> Result<(), Malformed> {
        node.id = self.number(at)?;
        match &mut node.value {
            Shape::Seq(items) => items.iter_mut().try_for_each(|it| self.renumber(it, at)),
            Shape::Map(entries) => entries
                .iter_mut()
                .try_for_each(|(key, value)| self.renumber(key, at).and_then(|()| self.renumber(value, at))),
            Shape::Scalar { .. } | Shape::Hole => Ok(()),
        }
    }
}

fn pairs(items: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    pairs
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Shape::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Shape::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|it| it.0.text() == Some(key)).map(|it| &it.1)
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.value, Shape::Scalar { text, style: ScalarStyle::Plain } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns the node with this id and the path that leads to it.
    pub fn find(&self, id: usize) -> Option<(String, &Node)> {
        fn search<'a>(node: &'a Node, id: usize, path: &mut String) -> Option<&'a Node> {
            if node.id == id {
                return Some(node);
            }
            let length = path.len();
            match &node.value {
                Shape::Seq(items) => {
                    for (index, item) in items.iter().enumerate() {
                        path.push_str(&format!("[{index}]"));
                        if let Some(found) = search(item, id, path) {
                            return Some(found);
                        }
                        path.truncate(length);
                    }
                }
                Shape::Map(entries) => {
                    for (key, value) in entries {
                        let dot = if path.is_empty() { "" } else { "." };
                        path.push_str(&format!("{dot}{}", key.text().unwrap_or("?")));
                        if key.id == id {
                            return Some(key);
                        }
                        if let Some(found) = search(value, id, path) {
                            return Some(found);
                        }
                        path.truncate(length);
                    }
                }
                Shape::Scalar { .. } | Shape::Hole => {}
            }
            None
        }
        let mut path = String::new();
        search(self, id, &mut path).map(|it| (path, it))
    }

    /// Takes the entry or item with this id out of the tree; says whether there was one.
    pub fn remove(&mut self, id: usize) -> bool {
        match &mut self.value {
            Shape::Seq(items) => {
                let before = items.len();
                items.retain(|it| it.id != id);
                items.len() < before || items.iter_mut().any(|it| it.remove(id))
            }
            Shape::Map(entries) => {
                let before = entries.len();
                entries.retain(|(key, value)| key.id != id && value.id != id);
                entries.len() < before || entries.iter_mut().any(|it| it.1.remove(id))
            }
            Shape::Scalar { .. } | Shape::Hole => false,
        }
    }

    /// Puts a hole under `key` of the map with this id.
    pub fn fill(&mut self, id: usize, key: &'static str) -> bool {
        let at = self.start;
        let hole = |value: Shape| Node { id: usize::MAX, value, start: at, end: at };
        match &mut self.value {
            Shape::Map(entries) if self.id == id => {
                entries
                    .push((hole(Shape::Scalar { text: key.to_owned(), style: ScalarStyle::Plain }), hole(Shape::Hole)));
                true
            }
            Shape::Map(entries) => entries.iter_mut().any(|it| it.1.fill(id, key)),
            Shape::Seq(items) => items.iter_mut().any(|it| it.fill(id, key)),
            Shape::Scalar { .. } | Shape::Hole => false,
        }
    }

    fn describe(&self) -> String {
        match &self.value {
            Shape::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Shape::Scalar { text, .. } if text.chars().count() > 40 => {
                format!("`{}...`", text.chars().take(37).collect::<String>())
            }
            Shape::Scalar { text, .. } => format!("`{text}`"),
            Shape::Seq(_) => "a list".to_owned(),
            Shape::Map(_) => "a map".to_owned(),
            Shape::Hole => "missing".to_owned(),
        }
    }
}

/// Why a tree is not what a type wants, at which node.
#[derive(Debug)]
pub struct Fault {
    pub at: Option<usize>,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    UnknownField { field: String, expected: &'static [&'static str] },
    UnknownVariant { variant: String, expected: &'static [&'static str] },
    MissingField(&'static str),
    Expected { found: Option<String>, expected: String },
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

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::MissingField(field))
    }
}

/// Decodes a node; a fault carries the id of the node that it is about.
pub struct Decoder<'a>(pub &'a Node);

impl Decoder<'_> {
    /// Adds the place, and what was found there when the visitor knew only what it expected.
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
                _ => self.place(visitor.visit_str("")),
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
            Shape::Hole => self.place(visitor.visit_str("")),
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
            Shape::Hole => self.place(visitor.visit_bool(false)),
            _ => self.unexpected(&"true or false"),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() || matches!(self.0.value, Shape::Hole) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Seq(items) => self.place(visitor.visit_seq(Items(items.iter()))),
            Shape::Hole => self.place(visitor.visit_seq(Items([].iter()))),
            _ => self.unexpected(&"a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Shape::Map(entries) = &self.0.value else { return self.unexpected(&visitor) };
        // `kind` first, wherever it stands: it says what the others mean.
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
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Shape::Scalar { text, .. } => self.place(visitor.visit_enum(text.as_str().into_deserializer())),
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

fn boolean(text: &str) -> Option<bool> {
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

//! YAML as a tree with places, for documents with mistakes. Removing a key from it lets the next mistake be found.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks, Tag};

use crate::secret::mask;

/// A value with its place, and an id that finds it again in its tree.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: usize,
    pub value: Shape,
    /// The YAML tag (`!x`) before the value.
    pub tag: Option<Box<str>>,
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
    /// A placeholder for a field that is missing or wrong and has been reported. It reads as the emptiest value of any
    /// type, or as one of `SAMPLES` for a text.
    Hole(usize),
}

/// Sample texts for all types that are written as text: names, durations, instants, types, functions.
pub const SAMPLES: &[&str] = &["", "1h", "2020-01-01", "String", "count"];

/// Line and column, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
}

/// The reason why a text is not a tree.
#[derive(Debug)]
pub enum Malformed {
    Syntax {
        message: String,
        at: Mark,
    },
    /// A second value in a document that may hold one.
    Second {
        at: Mark,
    },
    Explodes {
        at: Mark,
    },
}

/// The most nodes in a document. Aliases are copied where they are used, so a small text can grow large.
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
        // Also checks what follows the first value: a declaration must not be hidden behind another.
        builder.take(event, marks)?;
    }
    Ok(builder.root)
}

/// A collection that is still open. In a map, `items` holds keys and values in turn.
struct Open {
    anchor: usize,
    tag: Option<Box<str>>,
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
            Event::Scalar(text, style, anchor, tag) => {
                self.close(Shape::Scalar { text: text.into_owned(), style }, (anchor, named(tag)), start, end)
            }
            Event::SequenceStart(anchor, tag) => self.push((anchor, named(tag)), start, false),
            Event::MappingStart(anchor, tag) => self.push((anchor, named(tag)), start, true),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let shape = if open.is_map { Shape::Map(pairs(open.items)) } else { Shape::Seq(open.items) };
                self.close(shape, (open.anchor, open.tag), open.start, end)
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
                self.put(node)
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, (anchor, tag): Marked, start: Mark, is_map: bool) -> Result<(), Malformed> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Malformed::Explodes { at: start });
        }
        self.open.push(Open { anchor, tag, start, is_map, items: Vec::new() });
        Ok(())
    }

    fn close(&mut self, value: Shape, (anchor, tag): Marked, start: Mark, end: Mark) -> Result<(), Malformed> {
        let node = Node { id: self.number(start)?, value, tag, start, end };
        if anchor != 0 {
            // The tag is reported once, at the anchor.
            self.anchors.insert(anchor, Node { tag: None, ..node.clone() });
        }
        self.put(node)
    }

    fn put(&mut self, node: Node) -> Result<(), Malformed> {
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None if self.root.is_some() => return Err(Malformed::Second { at: node.start }),
            None => self.root = Some(node),
        }
        Ok(())
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
            Shape::Scalar { .. } | Shape::Hole(_) => Ok(()),
        }
    }
}

/// The anchor and the tag of a value.
type Marked = (usize, Option<Box<str>>);

/// Returns a tag as written.
fn named(tag: Option<Cow<'_, Tag>>) -> Option<Box<str>> {
    let tag = tag?;
    let handle = if tag.handle == "tag:yaml.org,2002:" { "!!" } else { &tag.handle };
    Some(format!("{handle}{}", tag.suffix).into())
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
                Shape::Scalar { .. } | Shape::Hole(_) => {}
            }
            None
        }
        let mut path = String::new();
        search(self, id, &mut path).map(|it| (path, it))
    }

    /// Removes the entry or item with this id from the tree. Returns whether there was one.
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
            Shape::Scalar { .. } | Shape::Hole(_) => false,
        }
    }

    /// Adds a placeholder under `key` to the map with this id. Returns whether the map was found.
    pub fn fill(&mut self, id: usize, key: &'static str) -> bool {
        let at = self.start;
        let hole = |value: Shape| Node { id: usize::MAX, value, tag: None, start: at, end: at };
        match &mut self.value {
            Shape::Map(entries) if self.id == id => {
                entries.push((
                    hole(Shape::Scalar { text: key.to_owned(), style: ScalarStyle::Plain }),
                    hole(Shape::Hole(0)),
                ));
                true
            }
            Shape::Map(entries) => entries.iter_mut().any(|it| it.1.fill(id, key)),
            Shape::Seq(items) => items.iter_mut().any(|it| it.fill(id, key)),
            Shape::Scalar { .. } | Shape::Hole(_) => false,
        }
    }

    /// Tries the next sample for the last placeholder in the map with this id. Returns whether there was one.
    pub fn refill(&mut self, id: usize) -> bool {
        match &mut self.value {
            Shape::Map(entries) if self.id == id => {
                let hole = entries.iter_mut().rev().find_map(|it| match &mut it.1.value {
                    Shape::Hole(sample) => Some(sample),
                    _ => None,
                });
                match hole {
                    Some(sample) if *sample + 1 < SAMPLES.len() => {
                        *sample += 1;
                        true
                    }
                    _ => false,
                }
            }
            Shape::Map(entries) => entries.iter_mut().any(|it| it.1.refill(id)),
            Shape::Seq(items) => items.iter_mut().any(|it| it.refill(id)),
            Shape::Scalar { .. } | Shape::Hole(_) => false,
        }
    }

    /// Returns a description of the value, for a message about what it should be.
    pub fn describe(&self) -> String {
        match &self.value {
            Shape::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Shape::Scalar { text, .. } if text.chars().count() > 40 => {
                // Masks the whole text before cutting it, since the end may be what marks it as a secret.
                format!("`{}...`", mask(text).chars().take(37).collect::<String>())
            }
            Shape::Scalar { text, .. } => format!("`{text}`"),
            Shape::Seq(_) => "a list".to_owned(),
            Shape::Map(_) => "a map".to_owned(),
            Shape::Hole(_) => "missing".to_owned(),
        }
    }
}

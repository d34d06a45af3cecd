//! Decodes one YAML document into one declaration. This is the only file that knows serde_yaml.
//!
//! A valid document is decoded once, by serde_yaml. An invalid one is read again as a marked tree and decoded
//! repeatedly, with each faulty key removed in turn, until no fault is left.

use std::fmt;

use saphyr_parser::ScalarStyle;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};

use super::decoder::{Decoder, Fault, What, boolean};
use super::keys::{duplicate_keys, tags};
use super::node::{self, Malformed, Mark, Node, Shape};
use super::origin::Origin;
use super::split::{odd_sign, written_name};
use crate::diagnostic::{Code, Diagnostic, article, closest, did_you_mean};
use crate::resource::{Address, Defaults, HEADER, Header, Kind, Resource, Spec, decode_map};
use crate::settings::DefaultsByKind;

/// The deepest nesting of flow collections. serde_yaml's scanner takes quadratic time in it, so more is an attack.
const FLOW_DEPTH_MAX: usize = 500;
/// The most mistakes that are reported for one document.
const FAULTS_MAX: usize = 200;

/// A document with mistakes.
#[derive(Debug, Default)]
pub struct Broken {
    pub diagnostics: Vec<Diagnostic>,
    /// The name and kind that it would declare, as far as readable. Others may refer to them.
    pub name: Option<String>,
    pub kind: Option<Kind>,
    /// The resource without its faulty parts, so that its references and queries can be checked.
    pub partial: Option<Resource>,
    /// The fields that were wrong or missing, and have been reported.
    pub faulty: Vec<String>,
}

impl From<Diagnostic> for Box<Broken> {
    fn from(diagnostic: Diagnostic) -> Self {
        Box::new(Broken { diagnostics: vec![diagnostic], ..Broken::default() })
    }
}

/// Decodes the document, or returns all its mistakes. `None` when it is empty.
pub fn decode(origin: &Origin, defaults: &DefaultsByKind) -> Result<Option<Resource>, Box<Broken>> {
    if let Some(diagnostic) = odd_sign(origin) {
        let diagnostics = vec![diagnostic];
        return Err(Box::new(Broken { diagnostics, name: written_name(origin.text), ..Broken::default() }));
    }
    if flow_depth(origin.text) > FLOW_DEPTH_MAX {
        let diagnostic = Diagnostic::error(Code::L005, "the YAML nests brackets too deeply")
            .place(origin.span(Mark { line: 1, column: 1 }, 1));
        return Err(diagnostic.hint("check for a bracket that is never closed").into());
    }
    if !may_hold_tags(origin.text)
        && let Some(kind) = peek_kind(origin.text)
        && let Some(resource) = decode_fast(origin.text, kind, defaults.get(&kind))
    {
        return Ok(Some(resource));
    }
    decode_marked(origin, defaults)
}

/// Returns the kind that a line `kind: …` at the left margin names.
fn peek_kind(text: &str) -> Option<Kind> {
    let line = text.lines().find_map(|it| it.strip_prefix("kind:"))?;
    let value = line.split_once(" #").map_or(line, |it| it.0).trim().trim_matches(['"', '\'']);
    value.parse().ok()
}

/// Says whether the text may hold a tag, which serde_yaml drops in silence. A blank or a bracket precedes a tag.
fn may_hold_tags(text: &str) -> bool {
    let bytes = text.as_bytes();
    let opens =
        |at: usize| at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b'\r' | b'[' | b'{' | b',' | b':');
    bytes.iter().enumerate().any(|(at, byte)| *byte == b'!' && opens(at))
}

/// A visitor that reads a map as a declaration of a kind, with defaults for unset fields.
struct Document<'a>(Kind, Option<&'a Defaults>);

impl<'de> Visitor<'de> for Document<'_> {
    type Value = (Header, Spec);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a declaration")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        decode_map(self.0, map, self.1)
    }
}

fn decode_fast(text: &str, kind: Kind, defaults: Option<&Defaults>) -> Option<Resource> {
    let (header, spec) = serde_yaml::Deserializer::from_str(text).deserialize_map(Document(kind, defaults)).ok()?;
    if header.kind.as_deref() != Some(kind.as_str()) {
        return None;
    }
    let address = Address::new(kind, header.name.clone()?);
    Some(header.into_resource(address, spec))
}

fn decode_marked(origin: &Origin, defaults: &DefaultsByKind) -> Result<Option<Resource>, Box<Broken>> {
    let root = match node::parse(origin.text) {
        // A tag without a value is not empty to some readers.
        Ok(Some(root)) if root.is_null() && root.tag.is_none() => return Ok(None),
        Ok(Some(root)) => root,
        Ok(None) => return Ok(None),
        Err(malformed) => {
            let diagnostics = vec![malformed_diagnostic(origin, malformed)];
            return Err(Box::new(Broken { diagnostics, name: written_name(origin.text), ..Broken::default() }));
        }
    };
    let mut diagnostics = Vec::new();
    tags(origin, &root, &mut diagnostics);
    duplicate_keys(origin, &root, &mut diagnostics);
    let name = root.get("name").filter(|it| !it.is_null()).and_then(Node::text).map(str::to_owned);
    let Some(kind) = kind_of(origin, &root, &mut diagnostics) else {
        return Err(Box::new(Broken { diagnostics, name, ..Broken::default() }));
    };
    // A name that is written but not allowed has an error of its own.
    if root.get("name").is_none_or(Node::is_null) {
        let hint = format!("add a line `name: my_{}`", snake(kind.as_str()));
        diagnostics.push(
            Diagnostic::error(Code::L010, format!("{} has no `name`", article(kind.as_str())))
                .place(origin.node(root.get("kind").unwrap_or(&root)))
                .hint(hint),
        );
    }
    let address = Address::new(kind, name.clone().unwrap_or_default());
    let mut faulty = Vec::new();
    let decoded = decode_all(origin, root, &address, defaults.get(&kind), (&mut diagnostics, &mut faulty));
    let resource = decoded.map(|(header, spec)| header.into_resource(address, spec));
    match resource {
        Some(resource) if diagnostics.is_empty() => Ok(Some(resource)),
        partial => Err(Box::new(Broken { diagnostics, name, kind: Some(kind), partial, faulty })),
    }
}

/// Decodes until there is no fault. Each fault is reported and then removed.
fn decode_all(
    origin: &Origin,
    mut root: Node,
    address: &Address,
    defaults: Option<&Defaults>,
    (diagnostics, faulty): (&mut Vec<Diagnostic>, &mut Vec<String>),
) -> Option<(Header, Spec)> {
    let whole = root.clone();
    let mut filled = Vec::new();
    for _ in 0..FAULTS_MAX {
        let fault = match Decoder(&root).deserialize_map(Document(address.kind, defaults)) {
            Ok(decoded) => return Some(decoded),
            Err(fault) => fault,
        };
        let id = fault.at.unwrap_or(root.id);
        let Some((path, _)) = whole.find(id) else {
            // The fault is in a placeholder that its type does not take, whichever sample it reads as. Its holder is
            // removed as a whole, since its mistakes have been reported.
            let holder = *filled.last()?;
            if !root.refill(holder) {
                filled.pop();
                if !root.remove(holder) {
                    return None;
                }
            }
            continue;
        };
        match fault.what {
            What::MissingField(field) => {
                // A field that was removed for another reason has been reported.
                let taken_out = whole.find(id).is_some_and(|it| it.1.get(field).is_some());
                if !taken_out {
                    diagnostics.push(fault_diagnostic(origin, &whole, &path, &fault, address));
                    let dot = if path.is_empty() { "" } else { "." };
                    faulty.push(format!("{path}{dot}{field}"));
                }
                if !root.fill(id, field) {
                    return None;
                }
                filled.push(id);
            }
            _ => {
                if !matches!(fault.what, What::Duplicate) {
                    faulty.push(meant(&path, &fault));
                    diagnostics.push(fault_diagnostic(origin, &whole, &path, &fault, address));
                }
                if !root.remove(id) {
                    return None;
                }
            }
        }
    }
    None
}

/// Returns the field of a fault. For a misspelt field, that is the field that was meant.
fn meant(path: &str, fault: &Fault) -> String {
    let What::UnknownField { field, expected } = &fault.what else { return path.to_owned() };
    let parent = path.strip_suffix(field.as_str()).unwrap_or(path);
    let known = expected.iter().chain(if parent.is_empty() { HEADER } else { &[] }).copied();
    closest(field, known).map_or_else(|| path.to_owned(), |it| format!("{parent}{it}"))
}

fn kind_of(origin: &Origin, root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Kind> {
    let kinds = || Kind::ALL.iter().map(|it| it.as_str());
    if root.is_null() {
        // The document is null with a tag, which has been reported.
        return None;
    }
    if !matches!(root.value, Shape::Map(_)) {
        let diagnostic = Diagnostic::error(Code::L007, "this document is not a declaration: it is not a map of fields")
            .place(origin.node(root));
        diagnostics.push(diagnostic.hint("write `kind:` and `name:`, or list this file in .weirignore"));
        return None;
    }
    let Some(kind) = root.get("kind") else {
        let first = root.entries().first().map_or(root, |it| &it.0);
        let diagnostic = Diagnostic::error(Code::L007, "this document is not a declaration: it has no `kind`")
            .place(origin.node(first));
        let near = closest("kind", root.entries().iter().filter_map(|it| it.0.text()))
            .map(|it| format!("did you mean `kind` by `{it}`?"));
        diagnostics.push(diagnostic.hint(near.unwrap_or_else(|| {
            format!(
                "add one of `kind: {}`, or list this file in .weirignore",
                kinds().collect::<Vec<_>>().join("`, `kind: ")
            )
        })));
        return None;
    };
    let text = kind.text().unwrap_or_default();
    match text.parse::<Kind>() {
        Ok(kind) => Some(kind),
        Err(_) => {
            let summary = if kind.text().is_some() {
                format!("`{text}` is not a kind")
            } else {
                "`kind` is not a name".to_owned()
            };
            let hint = did_you_mean(text, kinds())
                .unwrap_or_else(|| format!("the kinds are {}", kinds().collect::<Vec<_>>().join(", ")));
            diagnostics.push(Diagnostic::error(Code::L008, summary).place(origin.node(kind)).hint(hint));
            None
        }
    }
}

fn fault_diagnostic(origin: &Origin, root: &Node, path: &str, fault: &Fault, address: &Address) -> Diagnostic {
    let node = root.find(fault.at.unwrap_or(root.id)).map_or(root, |it| it.1);
    let place = origin.node(node);
    let parent = path.rsplit_once(['.', '[']).map_or("", |it| it.0);
    let of = if address.name.is_empty() { format!("this {}", address.kind) } else { format!("`{address}`") };
    let within = |path: &str| if path.is_empty() { of.clone() } else { format!("`{path}` of {of}") };
    match &fault.what {
        What::UnknownField { field, expected } => {
            let mut fields: Vec<&str> = expected.iter().copied().filter(|it| *it != "data_source_text").collect();
            if parent.is_empty() {
                fields.extend(HEADER);
            }
            let owner = if parent.is_empty() { address.kind.to_string() } else { format!("`{parent}`") };
            let (summary, hint) = if field == "<<" {
                (format!("merge keys are not read, here in {}", within(parent)), "write the fields out".to_owned())
            } else if field.ends_with('>') {
                (format!("`{field}` is not a field of {owner}"), QUOTE_TYPES.to_owned())
            } else {
                let hint = did_you_mean(field, fields.iter().copied());
                (
                    format!("`{field}` is not a field of {owner}"),
                    hint.unwrap_or_else(|| format!("the fields are {}", fields.join(", "))),
                )
            };
            Diagnostic::error(Code::L009, summary).place(place).hint(hint)
        }
        What::UnknownVariant { variant, expected } => {
            let hint = did_you_mean(variant, expected.iter().copied())
                .unwrap_or_else(|| format!("write one of {}", expected.join(", ")));
            Diagnostic::error(Code::L011, format!("`{variant}` is not a value of {}", within(path)))
                .place(place)
                .hint(hint)
        }
        What::MissingField(field) => {
            let place = if path.is_empty() { origin.node(root.get("name").unwrap_or(root)) } else { place };
            Diagnostic::error(Code::L010, format!("{} has no `{field}`", within(path)))
                .place(place)
                .hint(format!("add `{field}:`"))
        }
        What::Expected { found, expected } => {
            let found = found.clone().unwrap_or_else(|| "something else".to_owned());
            let mut hint = None;
            let quoted = matches!(&node.value, Shape::Scalar { style, .. } if *style != ScalarStyle::Plain);
            if expected == "true or false" && quoted && node.text().is_some_and(|it| boolean(it).is_some()) {
                hint = Some("write it without quotes".to_owned());
            } else if expected == "true or false" && matches!(node.text(), Some("yes" | "on" | "Yes" | "On" | "y")) {
                hint = Some("write `true`".to_owned());
            } else if expected == "true or false" && matches!(node.text(), Some("no" | "off" | "No" | "Off" | "n")) {
                hint = Some("write `false`".to_owned());
            } else if expected == "a list" && node.text().is_some() && !node.is_null() {
                hint = Some(format!("write it as `[{}]`", node.text().unwrap_or_default()));
            }
            Diagnostic::error(Code::L011, format!("{} is {found}, and takes {}", within(path), tidy(expected)))
                .place(place)
                .hint_if(hint)
        }
        What::Duplicate => Diagnostic::error(Code::L006, "a key is written twice").place(place),
        What::Other(message) => Diagnostic::error(Code::L011, format!("{}: {message}", within(path))).place(place),
    }
}

/// The hint for a type that YAML has cut at its comma.
const QUOTE_TYPES: &str =
    "a type with a comma needs quotes inside `{...}`, as in { name: counts, dtype: \"Map<String, Int64>\" }";

/// Replaces serde's words for types by ours.
fn tidy(expected: &str) -> String {
    match expected {
        "a string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}

fn malformed_diagnostic(origin: &Origin, malformed: Malformed) -> Diagnostic {
    match malformed {
        Malformed::Second { at } => {
            Diagnostic::error(Code::L004, "the YAML is not well formed: something stands behind the declaration")
                .place(origin.span(at, 1))
                .hint("put a line `---` before it, or remove it")
        }
        Malformed::Explodes { at } => {
            Diagnostic::error(Code::L005, "the YAML nests too deeply, or its aliases multiply without end")
                .place(origin.span(at, 1))
                .hint("write the values out")
        }
        Malformed::Syntax { message, at } => {
            let at = syntax_place(origin.text, at);
            let line = origin.text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
            let before = origin.text.lines().nth(at.line.saturating_sub(2)).unwrap_or_default();
            let unquoted = |it: &str| (it.contains("Map<") || it.contains("Struct<")) && !it.contains(['"', '\'']);
            let hint = if line.trim_start_matches(' ').starts_with('\t') {
                Some("indent with spaces: YAML does not allow tabs".to_owned())
            } else if unquoted(line) || unquoted(before) {
                Some("put quotes round the type, as in \"Struct<a: Int64>\"".to_owned())
            } else {
                None
            };
            Diagnostic::error(Code::L004, format!("the YAML is not well formed: {message}"))
                .place(origin.span(at, 1))
                .hint_if(hint)
        }
    }
}

/// Returns the real place of a syntax fault: at a tab in the indentation if there is one, and never past the end.
fn syntax_place(text: &str, at: Mark) -> Mark {
    let mut lines = text.lines().enumerate();
    let tab = lines.find_map(|(index, line)| {
        let indentation = line.len() - line.trim_start().len();
        line[..indentation].find('\t').map(|column| Mark { line: index + 1, column: column + 1 })
    });
    let last = text.lines().count().max(1);
    match tab {
        Some(tab) if tab.line <= at.line + 1 => tab,
        _ if at.line > last => {
            Mark { line: last, column: text.lines().last().map_or(1, |it| it.trim_end().chars().count().max(1)) }
        }
        _ => at,
    }
}

/// Returns the deepest nesting of flow collections. Brackets in quotes count too, but rarely nest 500 deep.
fn flow_depth(text: &str) -> usize {
    // Counting is quick, and no document nests deeper than the number of brackets that it opens.
    let opened = text.bytes().filter(|it| matches!(it, b'[' | b'{')).count();
    if opened <= FLOW_DEPTH_MAX {
        return opened;
    }
    let mut depth = 0usize;
    let mut most = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

fn snake(kind: &str) -> String {
    let mut text = String::new();
    for (index, letter) in kind.char_indices() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// Returns the value as YAML text.
pub fn to_text(value: &serde_json::Value) -> String {
    serde_yaml::to_string(value).expect("plain data is YAML")
}

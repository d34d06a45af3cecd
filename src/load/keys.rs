//! Two YAML features that no declaration may use: tags, and keys that are written twice.

use super::node::{Node, Shape};
use super::origin::Origin;
use crate::diagnostic::{Code, Diagnostic, Label};

/// Reports YAML tags. A reader would have to know what each of them does to a value.
pub fn tags(origin: &Origin, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(tag) = &node.tag {
        let diagnostic = Diagnostic::error(Code::L011, format!("`{tag}` is a YAML tag, and tags are not read"));
        diagnostics.push(diagnostic.place(origin.node(node)).hint("write the value without it"));
    }
    match &node.value {
        Shape::Seq(items) => items.iter().for_each(|it| tags(origin, it, diagnostics)),
        Shape::Map(entries) => entries.iter().for_each(|(key, value)| {
            tags(origin, key, diagnostics);
            tags(origin, value, diagnostics);
        }),
        Shape::Scalar { .. } | Shape::Hole(_) => {}
    }
}

/// Reports keys that are written twice. YAML forbids them, and lenient readers take either of the two.
pub fn duplicate_keys(origin: &Origin, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    match &node.value {
        Shape::Seq(items) => items.iter().for_each(|it| duplicate_keys(origin, it, diagnostics)),
        Shape::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let same = |it: &&(Node, Node)| it.0.text().is_some() && it.0.text() == key.text();
                if let Some(first) = entries[..index].iter().find(same) {
                    let mut diagnostic = Diagnostic::error(
                        Code::L006,
                        format!("key `{}` is written twice", key.text().unwrap_or_default()),
                    )
                    .place(origin.node(key));
                    diagnostic.labels.push(Label { place: origin.node(&first.0), text: "first here".to_owned() });
                    diagnostics.push(diagnostic.hint("remove one of them"));
                }
                duplicate_keys(origin, value, diagnostics);
            }
        }
        Shape::Scalar { .. } | Shape::Hole(_) => {}
    }
}

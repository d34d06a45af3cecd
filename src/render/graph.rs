//! The dependency graph, for Graphviz, for Mermaid, and for people.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::shown;
use crate::resource::{Address, Resource};

/// Writes a Graphviz digraph, with arrows from a dependency to its reader.
pub fn dot(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    writeln!(out, "digraph weir {{\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];")?;
    for (address, resource) in resources {
        let pen = if resource.meta.prevent_destroy { ", penwidth=3" } else { "" };
        writeln!(out, "  {} [label=\"{}\\n{}\"{pen}];", quoted(address), address.kind, inner(&address.name))?;
    }
    for (address, resource) in resources {
        for dependency in &resource.depends_on {
            writeln!(out, "  {} -> {};", quoted(dependency), quoted(address))?;
        }
    }
    writeln!(out, "}}")
}

fn quoted(address: &Address) -> String {
    format!("\"{}\"", inner(&address.to_string()))
}

/// Escapes a text for Graphviz's double quotes.
fn inner(text: &str) -> String {
    shown::line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Escapes a text for Mermaid's double quotes, in which HTML and `#` have a meaning.
fn entities(text: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || matches!(it, ' ' | '_' | '-' | ':' | '.');
    let entity = |it: char| if plain(it) { it.to_string() } else { format!("#{};", u32::from(it)) };
    shown::line(text).chars().map(entity).collect()
}

/// Writes a Mermaid flowchart. Nodes are named by numbers, because Mermaid's names take no dots.
pub fn mermaid(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    let number: BTreeMap<&Address, usize> = resources.keys().enumerate().map(|(index, it)| (*it, index)).collect();
    writeln!(out, "flowchart LR")?;
    for (address, resource) in resources {
        let (open, close) = if resource.meta.prevent_destroy { ("[[", "]]") } else { ("[", "]") };
        writeln!(out, "  n{}{open}\"{}<br/>{}\"{close}", number[address], address.kind, entities(&address.name))?;
    }
    for (address, resource) in resources {
        for dependency in resource.depends_on.iter().filter_map(|it| number.get(it)) {
            writeln!(out, "  n{dependency} --> n{}", number[address])?;
        }
    }
    Ok(())
}

/// Writes one line for each resource, with its dependencies.
pub fn text(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    for (address, resource) in resources {
        let reads = resource.depends_on.iter().map(shown::thing).collect::<Vec<_>>().join(", ");
        writeln!(out, "{}{}{reads}", shown::thing(address), if reads.is_empty() { "" } else { " ← " })?;
    }
    Ok(())
}

//! The dependency graph, for Graphviz, for Mermaid, and for people.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::resource::{Address, Resource};

/// Writes a Graphviz digraph; arrows point from what is read to its reader.
pub fn dot(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    writeln!(out, "digraph weir {{\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];")?;
    for (address, resource) in resources {
        let pen = if resource.meta.prevent_destroy { ", penwidth=3" } else { "" };
        writeln!(out, "  \"{address}\" [label=\"{}\\n{}\"{pen}];", address.kind, address.name)?;
    }
    for (address, resource) in resources {
        for dependency in &resource.depends_on {
            writeln!(out, "  \"{dependency}\" -> \"{address}\";")?;
        }
    }
    writeln!(out, "}}")
}

/// Writes a Mermaid flowchart; node names are numbers, because Mermaid's own take no dots.
pub fn mermaid(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    let number: BTreeMap<&Address, usize> = resources.keys().enumerate().map(|(index, it)| (*it, index)).collect();
    writeln!(out, "flowchart LR")?;
    for (address, resource) in resources {
        let (open, close) = if resource.meta.prevent_destroy { ("[[", "]]") } else { ("[", "]") };
        writeln!(out, "  n{}{open}\"{}<br/>{}\"{close}", number[address], address.kind, address.name)?;
    }
    for (address, resource) in resources {
        for dependency in resource.depends_on.iter().filter_map(|it| number.get(it)) {
            writeln!(out, "  n{dependency} --> n{}", number[address])?;
        }
    }
    Ok(())
}

/// Writes one line a resource with what it depends on.
pub fn text(out: &mut impl Write, resources: &BTreeMap<&Address, &Resource>) -> fmt::Result {
    for (address, resource) in resources {
        let reads = resource.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        writeln!(out, "{address}{}{reads}", if reads.is_empty() { "" } else { " ← " })?;
    }
    Ok(())
}

//! `weir graph`

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::json;

use super::context::Context;
use super::stop::{Exit, Stop};
use super::warnings;
use crate::render::graph;
use crate::resource::{Address, Resource};
use crate::session::{Opened, Shown};

/// Print the dependency graph of the declarations
///
/// What is protected is drawn with a thick or double border.
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// How to print the graph
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    format: GraphFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// One line a resource
    Text,
    /// Graphviz
    Dot,
    /// Mermaid, for Markdown
    Mermaid,
    Json,
}

pub fn run(context: &Context, args: &GraphArgs) -> Result<Exit, Stop> {
    let session = context.session()?;
    let site = session.sound_site()?;
    let shown = if context.ui.verbose { Shown::All } else { Shown::Errors };
    let checked = session.checked(&site, session.read(&site), shown, Opened::No)?;
    warnings::say_shown_in_plans(context, &checked.warnings);
    let resources: BTreeMap<_, _> = checked.declared.iter().map(|it| (&it.resource.address, &*it.resource)).collect();
    let mut out = String::new();
    let drawn = match args.format {
        GraphFormat::Text => graph::text(&mut out, &resources),
        GraphFormat::Dot => graph::dot(&mut out, &resources),
        GraphFormat::Mermaid => graph::mermaid(&mut out, &resources),
        GraphFormat::Json => {
            let node = |(address, it): (&&Address, &&Resource)| {
                let protected = it.meta.prevent_destroy;
                json!({ "address": address, "prevent_destroy": protected, "depends_on": it.depends_on })
            };
            let nodes: Vec<_> = resources.iter().map(node).collect();
            return context.ui.json(&nodes).map(|()| Exit::Done);
        }
    };
    drawn.context("the graph cannot be written")?;
    context.ui.data(&out)?;
    Ok(Exit::Done)
}

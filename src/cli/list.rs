//! `weir list`

use serde_json::json;

use super::context::Context;
use super::find::{kind, recorded};
use super::global::Format;
use super::stop::{Exit, Stop};
use super::table::{lines, table};
use crate::diagnostic::Code;
use crate::render::shown;
use crate::resource::{Address, Resource};

/// List what is recorded
///
/// One line a resource: its address, whether it is protected, its owner and its description.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only this kind, as StreamFeatureView
    kind: Option<String>,

    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(context: &Context, args: &ListArgs) -> Result<Exit, Stop> {
    let kind = args.kind.as_deref().map(|it| kind(it, Code::G010)).transpose()?;
    let (_, entries) = recorded(context)?;
    let chosen: Vec<(&Address, &Resource)> = entries
        .iter()
        .filter_map(|(address, entry)| Some((address, entry.resource.as_ref()?)))
        .filter(|it| kind.is_none_or(|kind| it.0.kind == kind))
        .collect();
    if args.format == Format::Json {
        context.ui.json(&chosen.iter().map(|(address, resource)| wire(address, resource)).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if chosen.is_empty() {
        context.ui.say("Nothing is recorded.");
        return Ok(Exit::Done);
    }
    let mut table = table(["ADDRESS", "PROTECTED", "OWNER", "DESCRIPTION"]);
    for (address, resource) in chosen {
        let meta = &resource.meta;
        let protected = if meta.prevent_destroy { "yes" } else { "" };
        table.add_row([
            shown::line(&address.to_string()),
            protected.into(),
            shown::line(meta.owner.as_deref().unwrap_or_default()),
            shown::line(meta.description.as_deref().unwrap_or_default().trim()),
        ]);
    }
    context.ui.data(&lines(&table))?;
    Ok(Exit::Done)
}

/// Returns a flat object. `address` appears at the top only, so that `jq '.. | .address'` finds resources only.
fn wire(address: &Address, resource: &Resource) -> serde_json::Value {
    let meta = &resource.meta;
    json!({
        "address": address,
        "kind": address.kind.as_str(),
        "name": &*address.name,
        "description": meta.description,
        "owner": meta.owner,
        "prevent_destroy": meta.prevent_destroy,
        "depends_on": resource.depends_on,
    })
}

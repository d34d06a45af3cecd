//! `weir list`

use std::collections::BTreeMap;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::Format;
use super::context::Context;
use super::stop::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::recorded::Entry;
use crate::render::shown;
use crate::resource::{Address, Kind, Resource};
use crate::session::{Ledger, Missing};

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

/// Reads a kind of the command line; one that there is not is a slip of whoever typed it.
pub fn kind(text: &str, code: Code) -> Result<Kind, Stop> {
    let names = Kind::ALL.iter().map(|it| it.as_str());
    Kind::ALL.iter().find(|it| it.as_str() == text).copied().ok_or_else(|| {
        let near = did_you_mean(text, names.clone());
        let hint = near.unwrap_or_else(|| format!("the kinds are {}", names.collect::<Vec<_>>().join(", ")));
        Stop::Usage(Diagnostic::error(code, format!("`{text}` is not a kind")).hint(hint))
    })
}

/// One flat object a resource: `address` appears nowhere deeper, so that `jq '.. | .address'` finds resources only.
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

/// Returns the workspace, opened, and everything that it records, decoded.
pub fn recorded(context: &Context) -> Result<(Ledger<'_>, BTreeMap<Address, Entry>), Stop> {
    let session = context.session()?;
    let mut ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    if ledger.registry.is_none() {
        session.existing_registry(&ledger.named.location)?;
    }
    let snapshot = ledger.snapshot_with(|_, _| true)?;
    Ok((ledger, snapshot.entries))
}

/// Returns an empty table without lines, as wide as the terminal.
pub fn table<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(titles);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// Returns the table's text without the blanks that end its lines.
pub fn lines(table: &Table) -> String {
    table.lines().map(|it| format!("{}\n", it.trim_end())).collect()
}

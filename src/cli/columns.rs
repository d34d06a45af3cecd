//! `weir columns`

use std::collections::BTreeMap;

use serde_json::json;

use super::context::Context;
use super::find::{find, recorded};
use super::global::Format;
use super::stop::{Exit, Stop};
use super::table::{lines, table};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::opened;
use crate::recorded::{Columns, Entry};
use crate::render::{shown, words};
use crate::resource::{Address, Catalog, Column, Contents, Dtype, Resource};

/// List what a recorded resource brings
///
/// Of a source its columns, of a view its join keys and its features, of a service its features in wire order, of an
/// entity its join keys, of a transformation what its query yields.
#[derive(Debug, clap::Args)]
pub struct ColumnsArgs {
    /// Kind.name, or the name alone where that is enough
    address: String,

    /// List what the query yields instead: of a view, the columns that its features are made of
    #[arg(long)]
    input: bool,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Returns an index of the recorded resources, with the columns found in their data.
fn known_catalog<'a>(entries: &'a BTreeMap<Address, Entry>, derived: &BTreeMap<Address, Columns>) -> Catalog<'a> {
    let resources = entries.values().filter_map(|it| it.resource.as_ref());
    Catalog::knowing(resources, |it| derived.get(it).and_then(opened))
}

/// One line of the list.
struct Line {
    name: String,
    dtype: Option<String>,
    /// `join_key` or `feature`; `None` when all lines have the same role.
    role: Option<&'static str>,
}

pub fn run(context: &Context, args: &ColumnsArgs) -> Result<Exit, Stop> {
    let (ledger, entries) = recorded(context)?;
    let address = find(&args.address, entries.keys())?;
    let entry = &entries[&address];
    let Some(resource) = &entry.resource else {
        return Err(anyhow::anyhow!("the spec of {address} was not read").into());
    };
    let derived = ledger.derived()?;
    let catalog = known_catalog(&entries, &derived);
    let data = derived.get(&address).map(Vec::as_slice);
    let listed = match (args.input, resource.contents(&catalog, data)) {
        (true, _) => input(resource, &catalog, data),
        (false, Contents::Entity { join_keys }) => Some(plain(join_keys, Some("join_key"))),
        (false, Contents::Source { columns } | Contents::Transformation { columns, .. }) => {
            columns.map(|it| plain(it, None))
        }
        (false, Contents::View { join_keys, features, .. }) => features.map(|features| {
            let keys = plain(join_keys, Some("join_key"));
            keys.into_iter().chain(plain(features, Some("feature"))).collect()
        }),
        (false, Contents::Service { features, unknown, .. }) => {
            if !unknown.is_empty() {
                let summary = format!(
                    "the features that `{address}` serves of {} are not known: nobody has opened their sources",
                    words::list(unknown.iter().map(|it| format!("`{it}`")))
                );
                context.ui.warn(&Diagnostic::warning(Code::V104, summary).hint(OPEN));
            }
            let dtype = |name: &String| features.iter().find(|it| it.name == *name).and_then(|it| it.dtype.clone());
            let lines = entry.wire_order.iter().map(|it| Line { dtype: dtype(it), name: it.clone(), role: None });
            Some(lines.collect()).filter(|it: &Vec<Line>| !it.is_empty())
        }
    };
    let Some(listed) = listed else {
        let what = if args.input { "what the query yields for" } else { "the columns of" };
        let summary = format!("{what} `{address}` are not known: nobody has opened its sources");
        return Err(Stop::diagnostic(Diagnostic::error(Code::G010, summary).hint(OPEN)));
    };
    print(context, args, &listed)
}

/// The hint for columns that are not known.
const OPEN: &str =
    "apply with a build that opens sources (`--features data`), or declare `schema` (of a file: `schema_override`)";

fn plain(columns: Vec<Column>, role: Option<&'static str>) -> Vec<Line> {
    columns.into_iter().map(|it| Line { name: it.name, dtype: it.dtype, role }).collect()
}

/// Returns the columns that a resource's query yields, or those of its data.
fn input(resource: &Resource, catalog: &Catalog, data: Option<&[(String, String)]>) -> Option<Vec<Line>> {
    let columns = |it: &[(String, Option<Dtype>)]| {
        let line = |(name, dtype): &(String, Option<Dtype>)| Line {
            name: name.clone(),
            dtype: dtype.as_ref().map(ToString::to_string),
            role: None,
        };
        it.iter().map(line).collect()
    };
    if let Some(view) = resource.view(catalog)
        && let Some(known) = view.columns()
    {
        return Some(columns(known));
    }
    if let Some(data) = data {
        return Some(
            data.iter().map(|it| Line { name: it.0.clone(), dtype: Some(it.1.clone()), role: None }).collect(),
        );
    }
    resource.columns(catalog).map(|it| columns(&it))
}

fn print(context: &Context, args: &ColumnsArgs, listed: &[Line]) -> Result<Exit, Stop> {
    if args.format == Format::Json {
        let line = |it: &Line| match it.role {
            Some(role) => json!({ "name": it.name, "dtype": it.dtype, "role": role }),
            None => json!({ "name": it.name, "dtype": it.dtype }),
        };
        context.ui.json(&listed.iter().map(line).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let name = |it: &Line| shown::name(&it.name).into_owned();
    let dtype = |it: &Line| shown::line(it.dtype.as_deref().unwrap_or("(not known)")).into_owned();
    let text = if listed.iter().any(|it| it.role.is_some()) {
        let mut table = table(["COLUMN", "TYPE", "ROLE"]);
        for it in listed {
            table.add_row([name(it), dtype(it), it.role.unwrap_or_default().replace('_', " ")]);
        }
        lines(&table)
    } else {
        let mut table = table(["COLUMN", "TYPE"]);
        for it in listed {
            table.add_row([name(it), dtype(it)]);
        }
        lines(&table)
    };
    context.ui.data(&text)?;
    Ok(Exit::Done)
}

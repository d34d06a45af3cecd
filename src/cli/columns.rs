//! `weir columns`

use std::collections::BTreeMap;

use serde_json::json;

use super::Format;
use super::context::Context;
use super::list::{lines, recorded, table};
use super::show::find;
use super::stop::{Exit, Stop};
use crate::diagnostic::Diagnostic;
use crate::plan::{Columns, Entry, known_fields};
use crate::resource::{Address, Catalog, Dtype};

/// List the columns of a recorded source or view, or the features of a service
#[derive(Debug, clap::Args)]
pub struct ColumnsArgs {
    /// Kind.name, or the name alone where that is enough
    address: String,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Returns what is recorded for looking things up, together with what data said of it.
pub fn known_catalog<'a>(entries: &'a BTreeMap<Address, Entry>, derived: &BTreeMap<Address, Columns>) -> Catalog<'a> {
    let mut catalog = Catalog::new(entries.values().filter_map(|it| it.resource.as_ref()));
    for (address, columns) in derived {
        let view = entries.get(address).and_then(|it| it.resource.as_ref()?.spec.declaration().view());
        if let (Some(view), Some(fields)) = (view, known_fields(columns)) {
            catalog.know_columns(view, &fields);
        }
    }
    catalog
}

pub fn run(context: &Context, args: &ColumnsArgs) -> Result<Exit, Stop> {
    let (mut ground, entries) = recorded(context)?;
    let address = find(&args.address, entries.keys())?;
    let entry = &entries[&address];
    let derived = ground.derived(context)?;
    let catalog = known_catalog(&entries, &derived);
    let text = |dtype: Option<Dtype>| dtype.map(|it| it.to_string()).unwrap_or_default();
    let declaration = entry.resource.as_ref().map(|it| it.spec.declaration());
    let columns: Option<Vec<(String, String)>> = match declaration.and_then(|it| it.wire_features(&catalog)) {
        Some(features) => {
            let mut types: BTreeMap<String, Option<Dtype>> = features.into_iter().collect();
            Some(entry.wire_order.iter().map(|it| (it.clone(), text(types.remove(it).flatten()))).collect())
        }
        None => declaration
            .and_then(|it| it.columns(&catalog))
            .map(|it| it.into_iter().map(|it| (it.name, text(Some(it.dtype)))).collect())
            .or_else(|| derived.get(&address).cloned()),
    };
    let Some(columns) = columns else {
        let diagnostic = Diagnostic::error(
            "G010",
            format!("the columns of `{address}` are not known: nobody has opened its source"),
        );
        return Err(Stop::diagnostic(diagnostic.hint("declare `schema` (of a file: `schema_override`)")));
    };
    if args.format == Format::Json {
        let column = |(name, dtype): &(String, String)| {
            if dtype.is_empty() { json!({ "name": name }) } else { json!({ "name": name, "dtype": dtype }) }
        };
        context.ui.json(&columns.iter().map(column).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut table = table(["COLUMN", "TYPE"]);
    for (name, dtype) in &columns {
        table.add_row([name, dtype]);
    }
    context.ui.data(&lines(&table))?;
    Ok(Exit::Done)
}

//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against what
//! is declared. Apache DataFusion inside, which nothing outside this folder knows.

mod file_schema;
mod files;
mod preview;
mod query;
mod relation;
mod remote;
mod s3;
mod show;
mod shown;
mod source;
mod timestamp;
mod types;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use datafusion::arrow::datatypes::SchemaRef;

use crate::diagnostic::Diagnostic;
use crate::load::{Repo, Services};
use crate::resource::{Address, Field};

pub use preview::preview;
pub use shown::{Derived, Format, Request, Scan, Seen};

use query::Planner;
use relation::Ground;

/// Whether this build opens sources.
pub const AVAILABLE: bool = true;

/// What this build can do beyond the core.
pub const FEATURES: &str = if cfg!(feature = "spark") { "data, spark" } else { "data" };

/// Opens every source of a resolved repo and plans every query, without running one.
pub fn derive(repo: &Repo, root: &Path, services: &Services) -> (Derived, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let ground = Ground::new(root, services);
    let planner = Planner::new(&ground.session);
    let opened = source::open_all(repo, &ground);
    let tables: HashMap<Address, SchemaRef> = source::check_all(repo, opened, &planner, &mut diagnostics);
    let views = view::derive_all(repo, &tables, &planner, &mut diagnostics);
    let columns = columns(repo, &tables, &views);
    (Derived { views, columns }, diagnostics)
}

/// Returns what is recorded: of a source what it yields, and of a view what its query does, unless they declare it.
fn columns(
    repo: &Repo,
    tables: &HashMap<Address, SchemaRef>,
    views: &HashMap<Address, Vec<Field>>,
) -> BTreeMap<Address, Vec<(String, String)>> {
    let columns = repo.declared.iter().filter_map(|it| {
        let (address, declaration) = (&it.resource.address, it.resource.spec.declaration());
        let columns = match (declaration.view(), declaration.source()) {
            (Some(view), _) if view.schema.is_none() => {
                views.get(address)?.iter().map(|it| (it.name.clone(), it.dtype.to_string())).collect()
            }
            (None, Some(source)) if !source.pushed => types::texts(tables.get(address)?),
            _ => return None,
        };
        Some((address.clone(), columns))
    });
    columns.collect()
}

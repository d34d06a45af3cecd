//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against what
//! is declared. Apache DataFusion inside, which nothing outside this folder knows, and Apache Spark outside.

mod cache;
mod cells;
mod checked;
mod checked_sum;
mod file_schema;
mod file_table;
mod files;
mod hive_files;
mod in_order;
mod panics;
mod place;
mod preview;
mod query;
mod redshift;
mod redshift_error;
mod relation;
mod remote;
mod s3;
mod shape;
mod show;
mod shown;
mod snowflake;
mod source;
#[cfg(feature = "spark")]
mod spark;
#[cfg(not(feature = "spark"))]
#[path = "no_spark.rs"]
mod spark;
mod text;
mod text_rows;
mod timestamp;
mod types;
mod view;
mod warehouse;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::load::Repo;
use crate::resource::{Address, Field};

pub use panics::is_caught;
pub use preview::preview;
pub use shown::{Derived, Format, Request, Scan, Seen, Surroundings};

use cache::{Cache, Checker, Engine, Known};
use relation::Ground;

/// Whether this build opens sources.
pub const AVAILABLE: bool = true;

/// What this build can do beyond the core.
pub const FEATURES: &str = if cfg!(feature = "spark") { "data, spark" } else { "data" };

/// Opens every source of a resolved repo and plans every query, without running one.
pub fn derive(repo: &Repo, place: &Surroundings) -> (Derived, Vec<Diagnostic>) {
    let opened = source::pool()
        .and_then(|pool| panics::with_threads(|| pool.install(|| open_and_check(repo, place))).and_then(|it| it));
    // Nothing of what was found out is used: a part of it would look like all of it.
    opened.unwrap_or_else(|reason| (Derived::default(), vec![source::no_threads(&reason)]))
}

fn open_and_check(repo: &Repo, place: &Surroundings) -> Result<(Derived, Vec<Diagnostic>), String> {
    let mut diagnostics = Vec::new();
    let ground = Ground::new(place.root, place.services);
    let cache = Arc::new(Cache::open(place.local.clone(), place.build));
    let runtime = source::runtime()?;
    let opened = runtime.block_on(source::open_all(repo, &ground, &cache));
    let checker = Checker { engine: Engine::new(&ground, runtime.handle()), cache: &cache };
    let tables: HashMap<Address, Known> = source::check_all(repo, opened, &checker, &mut diagnostics);
    let views = view::derive_all(repo, &tables, &checker, &mut diagnostics);
    runtime.block_on(ground.spark.close());
    // What did not answer in time may still be waited for by a thread: nobody waits for that one.
    runtime.shutdown_background();
    // A source that is late may still hold it: then the next run finds out again.
    if let Ok(cache) = Arc::try_unwrap(cache) {
        cache.close();
    }
    let columns = columns(repo, &tables, &views);
    Ok((Derived { views, columns }, diagnostics))
}

/// Returns what is recorded: of a source what it yields, and of a view what its query does, unless they declare it.
fn columns(
    repo: &Repo,
    tables: &HashMap<Address, Known>,
    views: &HashMap<Address, Vec<Field>>,
) -> BTreeMap<Address, Vec<(String, String)>> {
    let columns = repo.declared.iter().filter_map(|it| {
        let (address, declaration) = (&it.resource.address, it.resource.spec.declaration());
        let columns = match (declaration.view(), declaration.source()) {
            (Some(view), _) if view.schema.is_none() => {
                views.get(address)?.iter().map(|it| (it.name.clone(), it.dtype.to_string())).collect()
            }
            (None, Some(source)) if !source.pushed => types::texts(&tables.get(address)?.schema),
            _ => return None,
        };
        Some((address.clone(), columns))
    });
    columns.collect()
}

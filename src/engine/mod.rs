//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against the
//! declarations. It embeds Apache DataFusion, which only this folder knows, and can ask Apache Spark instead.

mod cache;
mod cells;
mod checked;
mod checked_sum;
mod core;
mod embedded;
mod fault;
mod panics;
mod pipeline;
mod place;
mod preview;
mod query;
mod relation;
mod show;
mod shown;
mod source;
#[cfg(feature = "spark")]
mod spark;
#[cfg(not(feature = "spark"))]
#[path = "no_spark.rs"]
mod spark;
mod timestamp;
mod types;
mod view;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use self::core::Core;
use crate::resource::{Address, Catalog, OpenedColumns, Resource};

use cache::{Cache, Checker, Judge, Known};

pub use panics::is_caught;
pub use shown::{Derived, Format, Found, Request, Scan, Seen, Spot, Surroundings, Unread};

/// True in a build that opens sources.
pub const AVAILABLE: bool = true;

/// The capabilities of this build beyond the core.
pub const FEATURES: &str = if cfg!(feature = "spark") { "data, spark" } else { "data" };

/// The engine for SQL over declared or recorded resources. Dropping it closes Spark's session and stops its threads.
pub struct Engine {
    core: Core,
    /// The threads that open sources. `None` only while it is dropped.
    runtime: Option<Runtime>,
    /// The folder that keeps the cache for the next run.
    local: Option<PathBuf>,
    build: String,
}

impl Engine {
    /// Starts the threads that open sources, and opens none. Errors where the system gives no threads.
    pub fn new(place: &Surroundings) -> Result<Self, Found> {
        let runtime = source::runtime().map_err(|it| source::no_threads(&it))?;
        let core = Core::new(place.root, place.services);
        Ok(Self { core, runtime: Some(runtime), local: place.local.clone(), build: place.build.to_owned() })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is there until the engine is dropped")
    }

    /// Opens every source of `resources` and plans every query, without running one. They hold all that they refer to.
    pub fn derive(&self, resources: &[&Resource], unread: &Unread) -> (Derived, Vec<Found>) {
        let opened = source::pool()
            .and_then(|pool| panics::with_threads(|| pool.install(|| self.open_and_check(resources, unread))));
        // Partial results are dropped: they would look complete.
        opened.unwrap_or_else(|reason| (Derived::default(), vec![source::no_threads(&reason)]))
    }

    fn open_and_check(&self, resources: &[&Resource], unread: &Unread) -> (Derived, Vec<Found>) {
        let mut found = Vec::new();
        let catalog = &Catalog::new(resources.iter().copied());
        let cache = Arc::new(Cache::open(self.local.clone(), &self.build));
        let opened = self.runtime().block_on(source::open_all(resources, &self.core, &cache));
        let checker = Checker { judge: Judge::new(&self.core, self.runtime().handle()), cache: &cache };
        let (tables, mut columns) = source::check_all(resources, opened, &checker, unread, &mut found);
        columns.extend(view::derive_all(resources, catalog, &tables, &checker, unread, &mut found));
        // A late source may still hold the cache. Then it is not written.
        if let Ok(cache) = Arc::try_unwrap(cache) {
            cache.close();
        }
        let recorded = recorded(resources, &tables, &columns);
        (Derived { opened: columns, columns: recorded }, found)
    }

    /// Writes the rows that are asked for to `out`, a few at a time.
    pub fn preview(&self, request: &Request, format: Format, out: &mut (dyn Write + Send)) -> Result<Seen, Vec<Found>> {
        preview::check(request).map_err(|it| vec![it])?;
        let no_threads = |it: String| vec![source::no_threads(&it)];
        source::room(1).map_err(no_threads)?;
        let written =
            || panics::with_threads(|| self.runtime().block_on(preview::preview(&self.core, request, format, out)));
        // Queries are planned here, with room for their depth.
        let written = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(crate::sql::STACK).spawn_scoped(scope, written);
            thread.map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        written.map_err(|it| it.to_string()).and_then(|it| it).unwrap_or_else(|it| Err(no_threads(it)))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let spark = self.core.spark.clone();
        // A thread that runs async tasks must not block.
        match tokio::runtime::Handle::try_current() {
            Ok(_) => drop(runtime.spawn(async move { spark.close().await })),
            Err(_) => runtime.block_on(spark.close()),
        }
        // A thread may still wait for a late answer: this does not wait for the thread.
        runtime.shutdown_background();
    }
}

/// Returns the columns to record: those that sources and the queries of views yield, unless they are declared.
fn recorded(
    resources: &[&Resource],
    tables: &HashMap<Address, Known>,
    opened: &HashMap<Address, OpenedColumns>,
) -> BTreeMap<Address, Vec<(String, String)>> {
    let catalog = Catalog::knowing(resources.iter().copied(), |it| opened.get(it).cloned());
    let columns = resources.iter().filter_map(|it| {
        let (address, declaration) = (&it.address, it.spec.declaration());
        let columns = match (it.view(&catalog), declaration.source()) {
            (Some(view), _) if view.spec.schema.is_none() => {
                opened.get(address)?;
                view.output()?.into_iter().map(|it| (it.name, it.dtype.to_string())).collect()
            }
            (None, Some(source)) if !source.is_pushed() => types::texts(&tables.get(address)?.schema),
            _ => return None,
        };
        Some((address.clone(), columns))
    });
    columns.collect()
}

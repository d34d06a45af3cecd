//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against what
//! is declared. Apache DataFusion inside, which nothing outside this folder knows, and Apache Spark outside.

mod file_schema;
mod files;
mod query;
mod relation;
mod remote;
mod s3;
mod source;
#[cfg(feature = "spark")]
pub mod spark;
#[cfg(not(feature = "spark"))]
#[path = "no_spark.rs"]
pub mod spark;
mod types;
mod view;

use std::collections::HashMap;
use std::path::Path;

use datafusion::arrow::datatypes::SchemaRef;

use crate::diagnostic::Diagnostic;
use crate::load::{Repo, Services};
use crate::resource::{Address, Field};

use query::Planner;
use relation::Ground;

/// Whether this build opens sources.
pub const AVAILABLE: bool = true;

/// What sources and queries yield.
#[derive(Debug, Default)]
pub struct Derived {
    /// The columns of views, with every type known.
    pub views: HashMap<Address, Vec<Field>>,
}

/// Opens every source of a resolved repo and plans every query, without running one.
pub fn derive(repo: &Repo, root: &Path, services: &Services) -> (Derived, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("threads and a clock are to be had");
    let ground = Ground::new(root, services);
    let planner = Planner::new(&ground, runtime.handle());
    let opened = runtime.block_on(source::open_all(repo, &ground));
    let tables: HashMap<Address, SchemaRef> = source::check_all(repo, opened, &planner, &mut diagnostics);
    let views = view::derive_all(repo, &tables, &planner, &mut diagnostics);
    runtime.block_on(ground.spark.close());
    // What did not answer in time may still be waited for by a thread: nobody waits for that one.
    runtime.shutdown_background();
    (Derived { views }, diagnostics)
}

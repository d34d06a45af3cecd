//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against what
//! is declared. Apache DataFusion inside, which nothing outside this folder knows.

mod file_schema;
mod files;
mod query;
mod redshift;
mod redshift_error;
mod relation;
mod remote;
mod s3;
mod snowflake;
mod snowflake_auth;
mod snowflake_rows;
mod source;
mod text_rows;
mod types;
mod view;
mod warehouse;

use std::collections::HashMap;
use std::path::Path;

use datafusion::arrow::datatypes::SchemaRef;

use crate::diagnostic::Diagnostic;
use crate::load::{Repo, Services};
use crate::resource::{Address, Field};

use query::Planner;

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
    let planner = Planner::new();
    let opened = source::open_all(repo, root, services);
    let tables: HashMap<Address, SchemaRef> = source::check_all(repo, opened, &planner, &mut diagnostics);
    let views = view::derive_all(repo, &tables, &planner, &mut diagnostics);
    (Derived { views }, diagnostics)
}

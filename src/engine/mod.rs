//! SQL over data: opens the sources, derives what they and the queries over them yield, and checks both against what
//! is declared. Apache DataFusion inside, which nothing outside this folder knows.

mod files;
mod query;
mod source;
mod types;
mod view;

use std::collections::HashMap;
use std::path::Path;

use datafusion::arrow::datatypes::SchemaRef;

use crate::diagnostic::Diagnostic;
use crate::load::Repo;
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

/// Why a source was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Closed {
    /// Nothing is configured that could open it.
    NotChecked(String),
    Fault {
        message: String,
        hint: Option<String>,
    },
}

impl Closed {
    fn fault(message: impl Into<String>) -> Self {
        Self::Fault { message: message.into(), hint: None }
    }

    fn hint(self, hint: Option<String>) -> Self {
        match self {
            Self::Fault { message, .. } => Self::Fault { message, hint },
            other => other,
        }
    }
}

/// Opens every source of a resolved repo and plans every query, without running one.
pub fn derive(repo: &Repo, root: &Path) -> (Derived, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let planner = Planner::new();
    let opened = source::open_all(repo, root);
    let tables: HashMap<Address, SchemaRef> = source::check_all(repo, opened, &planner, &mut diagnostics);
    let views = view::derive_all(repo, &tables, &planner, &mut diagnostics);
    (Derived { views }, diagnostics)
}

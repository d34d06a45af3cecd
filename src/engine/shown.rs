//! The input and output of the engine: plain values, the same in a build that has no engine.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, DocumentId, Place, Span};
use crate::resource::{Address, Instant, OpenedColumns, Resource};
use crate::settings::Services;

/// The columns that sources and queries yield.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The columns of sources with rows at rest, and of what the queries of views yield.
    pub opened: HashMap<Address, OpenedColumns>,
    /// The columns to record, types as text: those of sources that are read, and of views that declare none.
    pub columns: BTreeMap<Address, Vec<(String, String)>>,
}

/// Queries that are skipped because they are known to be wrong, by address and field.
pub type Unread = HashSet<(Address, String)>;

/// The environment of an engine.
pub struct Surroundings<'a> {
    /// The folder that relative paths start from.
    pub root: &'a Path,
    pub services: &'a Services,
    /// The folder that keeps the cache for the next run.
    pub local: Option<PathBuf>,
    /// The name of this very build.
    pub build: &'a str,
}

/// A request to show rows.
pub struct Request<'a> {
    /// The resource that is asked for, and everything that it refers to.
    pub resources: &'a [&'a Resource],
    /// A source or a view, one of `resources`.
    pub asked: &'a Resource,
    /// Rows with `start <= timestamp_field < end`.
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    /// Leaves out the post_processor.
    pub raw: bool,
    pub limit: Option<usize>,
}

/// A finding of the engine, by address and field: the engine knows no files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub at: Option<Spot>,
    /// Without a place.
    pub diagnostic: Box<Diagnostic>,
}

/// A field of a resource, and a place inside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub address: Address,
    /// Dotted, as `batch_config.uri`.
    pub path: String,
    /// Line and column, from 1.
    pub inside: Option<(usize, usize)>,
}

impl Found {
    /// Returns a finding about a field.
    pub fn at(address: &Address, path: impl Into<String>, diagnostic: Diagnostic) -> Self {
        Self {
            at: Some(Spot { address: address.clone(), path: path.into(), inside: None }),
            diagnostic: diagnostic.into(),
        }
    }

    /// Returns a finding about no declaration.
    pub fn nowhere(diagnostic: Diagnostic) -> Self {
        Self { at: None, diagnostic: diagnostic.into() }
    }

    /// Returns the diagnostic at its place in the documents that declare resources. A finding about no declaration is
    /// placed in weir.toml.
    pub fn placed(self, document: impl Fn(&Address) -> Option<DocumentId>) -> Diagnostic {
        let Self { at, diagnostic } = self;
        let found = at.and_then(|it| Some((document(&it.address)?, it)));
        diagnostic.place(match found {
            Some((document, Spot { path, inside: Some((line, column)), .. })) => {
                Place::Query { document, path, line, column }
            }
            Some((document, Spot { path, .. })) => Place::Field { document, path },
            None => Place::Span(Span { file: "weir.toml".into(), line: 0, column: 0, length: 0, text: "".into() }),
        })
    }
}

/// The format that rows are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Writes nothing: the rows come back as text.
    Table,
    Csv,
    /// An array of one object a row.
    Json,
    Parquet,
}

/// A summary of the shown rows and of their scans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub columns: Vec<String>,
    /// The cells, for `Format::Table`.
    pub cells: Vec<Vec<String>>,
    pub rows: usize,
    pub scan: Scan,
}

/// Counts of what the scans of files read, and of what the files' statistics let them leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    pub bytes: usize,
    /// Rows that came out of the scans.
    pub rows: usize,
    pub row_groups: usize,
    pub row_groups_left_out: usize,
}

//! What the engine is asked for and what it gives: plain values, the same in a build that has no engine.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, DocumentId, Place, Span};
use crate::resource::{Address, Instant, OpenedColumns, Resource};
use crate::settings::Services;

/// What sources and queries yield.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The columns of sources with rows at rest, and of what the queries of views yield.
    pub opened: HashMap<Address, OpenedColumns>,
    /// What is recorded of the data: the columns of what is read, and of views that declare none, types as text.
    pub columns: BTreeMap<Address, Vec<(String, String)>>,
}

/// Queries that are not asked for, because what is wrong with them is known: by address and field.
pub type Unread = HashSet<(Address, String)>;

/// What an engine is made for.
pub struct Surroundings<'a> {
    /// The folder that relative paths start from.
    pub root: &'a Path,
    pub services: &'a Services,
    /// Where what was found out is kept for the next run.
    pub local: Option<PathBuf>,
    /// Names this very build.
    pub build: &'a str,
}

/// What is to be shown.
pub struct Request<'a> {
    /// What is asked for, and everything that it refers to.
    pub resources: &'a [&'a Resource],
    /// A source or a view, one of `resources`.
    pub asked: &'a Resource,
    /// Rows with `start <= timestamp_field < end`.
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    /// Without the post_processor.
    pub raw: bool,
    pub limit: Option<usize>,
}

/// Something that the engine found wrong, by address and field: it knows no files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub at: Option<Spot>,
    /// Without a place.
    pub diagnostic: Box<Diagnostic>,
}

/// A field of a resource, and where inside of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub address: Address,
    /// Dotted, as `batch_config.uri`.
    pub path: String,
    /// Line and column, from 1.
    pub inside: Option<(usize, usize)>,
}

impl Found {
    /// Finds something wrong with a field.
    pub fn at(address: &Address, path: impl Into<String>, diagnostic: Diagnostic) -> Self {
        Self {
            at: Some(Spot { address: address.clone(), path: path.into(), inside: None }),
            diagnostic: diagnostic.into(),
        }
    }

    /// Finds something wrong with what no declaration says.
    pub fn nowhere(diagnostic: Diagnostic) -> Self {
        Self { at: None, diagnostic: diagnostic.into() }
    }

    /// Returns the diagnostic at its place in the documents that declare resources. What no declaration says is a matter
    /// of weir.toml.
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

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nothing is written: the rows come back as text.
    Table,
    Csv,
    /// An array of one object a row.
    Json,
    Parquet,
}

/// What was shown, and what it took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub columns: Vec<String>,
    /// Of a table: its cells.
    pub cells: Vec<Vec<String>>,
    pub rows: usize,
    pub scan: Scan,
}

/// What the scans of files read, and what the files' statistics let them leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    pub bytes: usize,
    /// Rows that came out of the scans.
    pub rows: usize,
    pub row_groups: usize,
    pub row_groups_left_out: usize,
}

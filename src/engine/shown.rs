//! What the engine is asked for and what it gives: plain values, the same in a build that has no engine.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::load::{Declared, Repo};
use crate::resource::{Address, Field, Instant};
use crate::settings::Services;

/// What sources and queries yield.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The columns of views, with every type known.
    pub views: HashMap<Address, Vec<Field>>,
    /// What is recorded of the data: the columns of what is read, and of views that declare none, types as text.
    pub columns: BTreeMap<Address, Vec<(String, String)>>,
}

/// What sources are opened in.
pub struct Surroundings<'a> {
    /// The folder of the repo.
    pub root: &'a Path,
    pub services: &'a Services,
    /// Where what was found out is kept for the next run.
    pub local: Option<PathBuf>,
    /// Names this very build.
    pub build: &'a str,
}

/// What is to be shown.
pub struct Request<'a> {
    pub repo: &'a Repo,
    /// The folder of the repo.
    pub root: &'a Path,
    pub services: &'a Services,
    /// What is asked for, as declared.
    pub declared: &'a Declared,
    /// Rows with `start <= timestamp_field < end`.
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    /// Without the post_processor.
    pub raw: bool,
    pub limit: Option<usize>,
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

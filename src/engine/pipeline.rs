//! The rows of a source or a view: read as declared, put through its query, and cut to the times that are asked for.
//! The steps are the same for every runner.

use std::collections::HashMap;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;

use super::query::{Refused, Sql};
use super::relation::{Closed, Window};
use super::shown::Found;
use super::source::{closed_fault, pushed_fields, query_fault, text_timestamp};
use super::view::{Views, only_timestamp};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Address, Catalog, Field, Resource, View};

/// An engine that makes rows. A table is a plan: no row is read until the plan is carried out.
#[async_trait]
pub trait Runner: Sql + Sync {
    /// Returns the stored rows of a batch config. `window` is for places that can filter by time only.
    async fn lying(&self, config: &BatchConfig, window: Window) -> Result<Self::Table, Failed>;

    /// Returns the columns of these rows.
    async fn schema(&self, rows: &Self::Table) -> Result<SchemaRef, Failed>;

    /// Reads a column that holds times as text in this format.
    fn dated(&self, rows: Self::Table, schema: &SchemaRef, field: &str, format: &str) -> Result<Self::Table, Failed>;

    /// Leaves these columns, in these types.
    fn cast(&self, rows: Self::Table, fields: &[Field]) -> Result<Self::Table, Failed>;

    /// Leaves the rows of a window, by the column that holds their time; times without zone are UTC.
    fn within(&self, rows: Self::Table, field: &str, window: Window) -> Result<Self::Table, Failed>;
}

/// The reason why there are no rows.
#[derive(Debug)]
pub enum Failed {
    Closed(Closed),
    /// The engine cannot read them, for this reason.
    Unreadable(String),
    /// The column to choose rows by holds no times. These are the columns there are.
    NotATime(Vec<String>),
}

impl From<Closed> for Failed {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// A request for the rows of one source or view.
pub struct Pipeline<'a, R> {
    pub runner: &'a R,
    pub catalog: &'a Catalog<'a>,
    /// A source or a view.
    pub asked: &'a Resource,
    pub window: Window,
    /// Leaves out the post_processor.
    pub raw: bool,
}

impl<R: Runner> Pipeline<'_, R> {
    /// Returns the rows; none is read yet.
    pub async fn rows(&self) -> Result<R::Table, Vec<Found>> {
        let declaration = self.asked.spec.declaration();
        if let Some(view) = self.asked.view(self.catalog) {
            return self.view(&view).await;
        }
        let Some(config) = declaration.source().and_then(|it| it.batch()) else {
            return Err(vec![no_batch_config(&self.asked.address)]);
        };
        let rows = self.read(self.asked, config, self.window).await.map_err(|it| vec![it])?;
        match config.config().timestamp_field() {
            Some(field) if !self.raw => self.within(rows, field),
            _ => Ok(rows),
        }
    }

    /// Returns the rows of a batch config.
    async fn read(&self, source: &Resource, config: &BatchConfig, window: Window) -> Result<R::Table, Found> {
        let address = &source.address;
        let lies = self.runner.lying(config, window).await.map_err(|it| self.failed(address, it))?;
        if self.raw {
            return Ok(lies);
        }
        let yields = match config.config().post_processor() {
            None => lies,
            Some(text) => {
                let yields = self.runner.query(text, &[("input".to_owned(), lies)]);
                yields.map_err(|refused| match refused {
                    Refused::Fault(fault) => query_fault(address, "batch_config.post_processor", &fault),
                    Refused::Closed(closed) => cannot_open(address, &closed),
                })?
            }
        };
        if config.config().timestamp_format().is_none() {
            return Ok(yields);
        }
        let schema = self.runner.schema(&yields).await.map_err(|it| self.failed(&self.asked.address, it))?;
        match text_timestamp(config, &schema) {
            Some((field, format)) => {
                self.runner.dated(yields, &schema, field, format).map_err(|it| self.failed(address, it))
            }
            None => Ok(yields),
        }
    }

    /// Returns what the query of a view yields over all rows of its sources.
    async fn view(&self, view: &View<'_>) -> Result<R::Table, Vec<Found>> {
        let mut tables: HashMap<Address, R::Table> = HashMap::new();
        let mut faults = Vec::new();
        for source in view.spec.sources.iter().filter_map(|it| self.catalog.source(it.name())) {
            match self.table(source).await {
                Ok(rows) => drop(tables.insert(source.address.clone(), rows)),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let yields = Views::new(self.catalog, &tables, self.runner).output(&self.asked.address, view.spec, &mut faults);
        let Some(rows) = yields.filter(|_| faults.is_empty()) else { return Err(faults) };
        if self.window == Window::default() {
            return Ok(rows);
        }
        let field = match view.timestamp() {
            Some(field) => Some(field.to_owned()),
            None => only_timestamp(&*self.runner.schema(&rows).await.map_err(|it| vec![self.failed_asked(it)])?),
        };
        match field {
            Some(field) => self.within(rows, &field),
            None => Ok(rows),
        }
    }

    /// Returns the rows of a source as the query of a view reads them. A push source has its declared columns.
    async fn table(&self, source: &Resource) -> Result<R::Table, Found> {
        let Some(config) = source.spec.declaration().source().and_then(|it| it.batch()) else {
            return Err(no_batch_config(&source.address));
        };
        let rows = self.read(source, config, Window::default()).await?;
        match pushed_fields(source) {
            Some(fields) => self.runner.cast(rows, &fields).map_err(|it| self.failed_asked(it)),
            None => Ok(rows),
        }
    }

    fn within(&self, rows: R::Table, field: &str) -> Result<R::Table, Vec<Found>> {
        if self.window == Window::default() {
            return Ok(rows);
        }
        self.runner.within(rows, field, self.window).map_err(|it| match it {
            Failed::NotATime(names) => {
                let address = &self.asked.address;
                let summary = format!("timestamp_field `{field}` is no Timestamp among the rows of `{address}`");
                let hint = did_you_mean(field, names.iter().map(String::as_str));
                vec![Found::at(address, "name", Diagnostic::error(Code::D007, summary).hint_if(hint))]
            }
            other => vec![self.failed_asked(other)],
        })
    }

    fn failed_asked(&self, failed: Failed) -> Found {
        self.failed(&self.asked.address, failed)
    }

    /// Returns why there are no rows: `source` cannot be opened, or the rows that are asked for cannot be read.
    fn failed(&self, source: &Address, failed: Failed) -> Found {
        match failed {
            Failed::Closed(closed) => cannot_open(source, &closed),
            Failed::Unreadable(reason) => unreadable(&self.asked.address, &reason),
            Failed::NotATime(_) => unreadable(&self.asked.address, "it has no time"),
        }
    }
}

/// Returns the error for rows that cannot be read.
pub fn unreadable(address: &Address, reason: &str) -> Found {
    let summary = format!("the rows of `{address}` cannot be read: {reason}");
    Found::at(address, "name", Diagnostic::error(Code::D008, summary))
}

/// Returns why the rows of a push source without batch config cannot be shown: none are stored.
pub fn no_batch_config(address: &Address) -> Found {
    let reason = format!("`{address}` has no batch_config, so there are no rows to show");
    let hint = "send records to its ingest endpoint once it is applied, or give it a `batch_config`";
    Found::at(address, "name", Diagnostic::error(Code::D007, reason).hint(hint))
}

/// Returns why a source cannot be read. One that validate leaves unchecked is an error here.
pub fn cannot_open(address: &Address, closed: &Closed) -> Found {
    match closed {
        Closed::NotChecked(reason) => {
            let summary = format!("the rows of `{address}` cannot be read, because {reason}");
            Found::at(address, "batch_config", Diagnostic::error(Code::D007, summary))
        }
        other => closed_fault(address, other),
    }
}

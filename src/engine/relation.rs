//! The interface between the engine and the places that rows are read from.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;

use crate::resource::Instant;

/// The rows of one batch config, before its post_processor, wherever they lie. Making one opens nothing.
#[async_trait]
pub trait Relation: Debug + Send + Sync {
    /// Returns what changes whenever the rows do (paths, sizes, times), where asking is cheaper than opening.
    async fn version(&self) -> Result<Option<String>, Closed> {
        Ok(None)
    }

    /// Returns the columns.
    async fn schema(&self) -> Result<SchemaRef, Closed>;

    /// Returns a sentence about data that looks like rows of this source, but is not read.
    async fn left_out(&self) -> Result<Option<String>, Closed> {
        Ok(None)
    }

    /// Returns the rows for the engine to scan, with these columns. Filters reach the place as far as it can use them;
    /// `window` is for places that can filter by time only.
    async fn table(&self, schema: SchemaRef, window: Window) -> Result<Arc<dyn TableProvider>, Closed>;

    /// Returns how long it may take to answer, where weir.toml sets no limit.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(20)
    }
}

/// The times that are asked for: `start <= time < end`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    pub start: Option<Instant>,
    pub end: Option<Instant>,
}

/// The reason why the rows cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// No service is configured that could open them. The text follows "because".
    NotChecked(String),
    /// The configured service does not answer; the declaration may be right.
    Unreachable { message: String, hint: Option<String> },
    /// The declaration is wrong, in this field of the batch config.
    Fault { field: &'static str, message: String, hint: Option<String> },
}

impl Closed {
    pub fn fault(field: &'static str, message: impl Into<String>) -> Self {
        Self::Fault { field, message: message.into(), hint: None }
    }

    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::Unreachable { message: message.into(), hint: None }
    }

    /// Adds what to do next.
    pub fn hint(mut self, text: Option<String>) -> Self {
        match &mut self {
            Self::Fault { hint, .. } | Self::Unreachable { hint, .. } => *hint = text,
            Self::NotChecked(_) => {}
        }
        self
    }
}

/// Turns the reason into an error of the engine.
impl From<Closed> for DataFusionError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::NotChecked(message) | Closed::Unreachable { message, .. } | Closed::Fault { message, .. } => {
                Self::Execution(message)
            }
        }
    }
}

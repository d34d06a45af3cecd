//! What stands for Spark in a build without the cargo feature `spark`: it has no session, so nothing is ever run.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use super::preview::cannot_open;
use super::query::{Refused, Table};
use super::relation::{Closed, Ground, Relation};
use super::shown::Request;
use crate::diagnostic::Diagnostic;
use crate::resource::batch_config::{HiveConfig, SparkBatchConfig};

/// The session that there is not.
#[derive(Debug, Clone, Default)]
pub struct Shared;

impl Shared {
    pub async fn close(&self) {}
}

fn absent() -> Closed {
    Closed::NotChecked("this build has no Spark: build it with `--features full`".to_owned())
}

pub fn hive(_: &Ground, _: &HiveConfig) -> Result<Arc<dyn Relation>, Closed> {
    Err(absent())
}

pub fn function(_: &Ground, _: &SparkBatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    Err(absent())
}

pub async fn output(_: &Ground, _: &str, _: &[Table]) -> Result<SchemaRef, Refused> {
    Err(Refused::Closed(absent()))
}

pub async fn preview(
    _: &Ground,
    request: &Request<'_>,
) -> Result<(SchemaRef, SendableRecordBatchStream), Vec<Diagnostic>> {
    Err(vec![cannot_open(&request.declared.resource.address, request.declared.document, &absent())])
}

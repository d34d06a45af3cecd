//! The stand-in for Spark in a build without the cargo feature `spark`: it has no session, so nothing is ever run.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use super::core::Core;
use super::pipeline::cannot_open;
use super::query::{Refused, Table};
use super::relation::{Closed, Relation};
use super::shown::{Found, Request};
use crate::resource::Catalog;
use crate::resource::batch_config::{HiveConfig, SparkBatchConfig};

/// The stand-in for a session.
#[derive(Debug, Clone, Default)]
pub struct Connection;

impl Connection {
    pub async fn close(&self) {}
}

fn absent() -> Closed {
    Closed::NotChecked("this build has no Spark: build it with `--features full`".to_owned())
}

pub fn hive(_: &Core, _: &HiveConfig) -> Result<Arc<dyn Relation>, Closed> {
    Err(absent())
}

pub fn function(_: &Core, _: &SparkBatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    Err(absent())
}

pub async fn output(_: &Core, _: &str, _: &[Table]) -> Result<SchemaRef, Refused> {
    Err(Refused::Closed(absent()))
}

pub async fn preview(
    _: &Core,
    request: &Request<'_>,
    _: &Catalog<'_>,
) -> Result<(SchemaRef, SendableRecordBatchStream), Vec<Found>> {
    Err(vec![cannot_open(&request.asked.address, &absent())])
}

//! What stands for Spark in a build without the cargo feature `spark`: it has no session, so nothing is ever run.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;

use super::query::{Refused, Table};
use super::relation::{Closed, Ground, Relation, Window};
use crate::batch_config::{BatchConfig, HiveConfig, SparkBatchConfig};
use crate::load::Services;

/// The session that there is not.
#[derive(Debug, Clone, Default)]
pub struct Shared;

impl Shared {
    pub async fn session(&self, _: &Services) -> Result<Arc<()>, Closed> {
        Err(absent())
    }

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Raw,
    Processed,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan;

impl Plan {
    pub fn query(_: &str, _: impl IntoIterator<Item = (String, Plan)>) -> Self {
        Self
    }

    pub fn empty(_: &Schema) -> Self {
        Self
    }

    pub fn filter(self, _: impl Into<String>) -> Self {
        self
    }

    pub fn within(self, _: &str, _: Option<&str>, _: Window) -> Self {
        self
    }

    pub fn limit(self, _: usize) -> Self {
        self
    }
}

/// Why Spark did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    Silent(Closed),
}

impl Trouble {
    pub fn closed(self, _: &'static str) -> Closed {
        let Self::Silent(closed) = self;
        closed
    }
}

pub async fn preview_plan(_: &Ground, _: &BatchConfig, _: Rows, _: Window) -> Result<Plan, Closed> {
    Err(absent())
}

pub async fn rows(_: &Ground, _: &Plan) -> Result<(SchemaRef, SendableRecordBatchStream), Trouble> {
    Err(Trouble::Silent(absent()))
}

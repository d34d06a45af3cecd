//! Apache Spark, by way of Spark Connect: Hive tables and data source functions are read there, and with
//! `[engine] kind = "spark"` every query is checked and run there.
//!
//! [`Plan`]s are values; [`Shared`] holds the one session of a run that looks at them and runs them.

mod client;
mod function;
mod hive;
mod partitions;
mod plan;
mod scan;
mod trouble;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;

use super::file_schema;
use super::query::{Refused, Table};
use super::relation::{self, Closed, Ground, Relation, Window};
use crate::batch_config::{BatchConfig, FileConfig, FileFormat, HiveConfig, SparkBatchConfig};

pub use client::{Session, Shared};
pub use plan::Plan;
pub use trouble::{Said, Trouble};

/// How long Spark may take to answer: the first query of a cold one takes half a minute.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Returns the rows of a table of the catalogue.
pub fn hive(ground: &Ground, config: &HiveConfig) -> Result<Arc<dyn Relation>, Closed> {
    Ok(Arc::new(hive::HiveTable::new(ground, config)))
}

/// Returns the rows that a data source function reads.
pub fn function(ground: &Ground, config: &SparkBatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    Ok(Arc::new(function::Function::new(ground, config)))
}

/// Returns the columns that `text` yields over `tables` on Spark, or what is wrong with it. Nothing is computed.
pub async fn output(ground: &Ground, text: &str, tables: &[Table]) -> Result<SchemaRef, Refused> {
    let checked = async {
        let session = ground.spark.session(&ground.services).await.map_err(Refused::Closed)?;
        let empty = tables.iter().map(|it| (it.name.clone(), Plan::empty(&it.schema)));
        match session.schema(&Plan::query(text, empty)).await {
            Ok(schema) => Ok(schema),
            Err(Trouble::Silent(closed)) => Err(Refused::Closed(closed)),
            Err(Trouble::Said(said)) => {
                let unknown = said.class == "UNRESOLVED_ROUTINE";
                let functions = if unknown { session.names("SHOW FUNCTIONS", 0).await } else { Vec::new() };
                Err(Refused::Fault(said.fault(text, tables, &functions)))
            }
        }
    };
    relation::within(ground, TIME_LIMIT, checked).await.unwrap_or_else(|late| Err(Refused::Closed(late)))
}

/// Whether a post_processor has run over the rows of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Raw,
    Processed,
}

/// Returns the rows of a batch config on Spark: what lies there, its post_processor, and of the result the rows whose
/// time lies in the window. A view's query over them is [`Plan::query`], and [`rows`] runs it.
pub async fn preview_plan(ground: &Ground, config: &BatchConfig, rows: Rows, window: Window) -> Result<Plan, Closed> {
    let lies = match config {
        BatchConfig::FileConfig(config) => files(ground, config).await?,
        BatchConfig::HiveConfig(config) => hive::HiveTable::new(ground, config).plan(window).await?,
        BatchConfig::SparkBatchConfig(config) => function::Function::new(ground, config).plan(window).await?,
        other => return Err(Closed::NotChecked(format!("weir does not read {} on Spark", other.kind()))),
    };
    let config = config.config();
    let yields = match (rows, config.post_processor()) {
        (Rows::Processed, Some(text)) => Plan::query(text, [("input".to_owned(), lies)]),
        _ => lies,
    };
    Ok(match config.timestamp_field() {
        Some(field) => yields.within(field, config.timestamp_format(), window),
        None => yields,
    })
}

/// Returns the files of a FileConfig, for a Spark that sees the same ones: with the columns that weir sees in them.
async fn files(ground: &Ground, config: &FileConfig) -> Result<Plan, Closed> {
    let path = match config.uri.split_once("://") {
        None => format!("file://{}", ground.root.join(&config.uri).display()),
        Some(("file", path)) => format!("file://{}", ground.root.join(path).display()),
        // Hadoop's own name for it.
        Some(("s3" | "s3a", path)) => format!("s3a://{path}"),
        Some(_) => config.uri.clone(),
    };
    let found = FileConfig { schema_override: None, ..config.clone() };
    let overridden = config.schema_override.as_deref().unwrap_or_default();
    // Parquet is read as it is; the others as weir sees them, every column in its place.
    let schema = match config.file_format {
        FileFormat::Parquet => SchemaRef::new(Schema::empty()),
        _ => file_schema::with_types(&super::files::relation(ground, &found)?.schema().await?, overridden),
    };
    let files = Plan::files(config.file_format, &path, &schema);
    if overridden.is_empty() {
        return Ok(files);
    }
    let chosen = super::types::schema(overridden);
    let columns: Vec<String> = chosen.fields().iter().map(|it| types::cast(it)).collect();
    Ok(Plan::query(&format!("SELECT {} FROM files", columns.join(", ")), [("files".to_owned(), files)]))
}

/// Runs a plan on Spark: its columns, and its rows as they come.
pub async fn rows(ground: &Ground, plan: &Plan) -> Result<(SchemaRef, SendableRecordBatchStream), Trouble> {
    let session = ground.spark.session(&ground.services).await.map_err(Trouble::Silent)?;
    let schema = session.schema(plan).await?;
    let rows = session.rows(plan, schema.clone()).await?;
    Ok((schema, rows))
}

//! Apache Spark, by way of Spark Connect: Hive tables and data source functions are read there, and with
//! `[engine] kind = "spark"` every query is checked and run there.
//!
//! [`Plan`]s are values; [`Connection`] holds the one session of a run that looks at them and runs them.

mod client;
mod function;
mod hive;
mod partitions;
mod plan;
mod preview;
mod quote;
mod scan;
mod trouble;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};

use super::core::Core;
use super::place::file_schema;
use super::query::{Refused, Table};
use super::relation::{Closed, Relation};
use crate::resource::batch_config::{FileConfig, FileFormat, HiveConfig, SparkBatchConfig};

pub use client::Connection;
pub use preview::preview;

use client::TIME_LIMIT;
use plan::Plan;
use trouble::Trouble;

/// Returns the rows of a table of the catalogue.
pub fn hive(core: &Core, config: &HiveConfig) -> Result<Arc<dyn Relation>, Closed> {
    Ok(Arc::new(hive::HiveTable::new(core, config)))
}

/// Returns the rows that a data source function reads.
pub fn function(core: &Core, config: &SparkBatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    Ok(Arc::new(function::Function::new(core, config)))
}

/// Returns the columns that `text` yields over `tables` on Spark, or what is wrong with it. Nothing is computed.
pub async fn output(core: &Core, text: &str, tables: &[Table]) -> Result<SchemaRef, Refused> {
    let checked = async {
        let session = core.spark.session(&core.services).await.map_err(Refused::Closed)?;
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
    core.within(TIME_LIMIT, checked).await.unwrap_or_else(|late| Err(Refused::Closed(late)))
}

/// Returns the files of a FileConfig, for a Spark that sees the same ones: with the columns that weir sees in them.
async fn files(core: &Core, config: &FileConfig) -> Result<Plan, Closed> {
    let path = match config.uri.split_once("://") {
        None => format!("file://{}", core.root.join(&config.uri).display()),
        Some(("file", path)) => format!("file://{}", core.root.join(path).display()),
        // Hadoop's own name for it.
        Some(("s3" | "s3a", path)) => format!("s3a://{path}"),
        Some(_) => config.uri.clone(),
    };
    let found = FileConfig { schema_override: None, ..config.clone() };
    let overridden = config.schema_override.as_deref().unwrap_or_default();
    // Parquet is read as it is; the others as weir sees them, every column in its place.
    let schema = match config.file_format {
        FileFormat::Parquet => SchemaRef::new(Schema::empty()),
        _ => file_schema::with_types(&super::place::files::relation(core, &found)?.schema().await?, overridden),
    };
    let files = Plan::files(config.file_format, &path, &schema);
    if overridden.is_empty() {
        return Ok(files);
    }
    let chosen = super::types::schema(overridden);
    let columns: Vec<String> = chosen.fields().iter().map(|it| types::cast(it)).collect();
    Ok(Plan::query(&format!("SELECT {} FROM files", columns.join(", ")), [("files".to_owned(), files)]))
}

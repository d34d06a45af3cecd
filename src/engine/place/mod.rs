//! Where rows lie: one file or folder for each place.

pub mod file_schema;
mod file_table;
pub mod files;
mod hive;
mod in_order;
pub mod locate;
mod redshift;
pub mod remote;
mod s3;
mod shape;
mod snowflake;
pub mod text;
mod text_rows;
pub mod warehouse;

use std::sync::Arc;

use super::core::Core;
use super::relation::{Closed, Relation};
use super::spark;
use crate::resource::batch_config::BatchConfig;
use crate::settings::EngineKind;

/// Returns the rows that `config` names, or why this build or this configuration has none. Opens nothing.
pub fn relation(core: &Core, config: &BatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    match config {
        BatchConfig::FileConfig(config) => files::relation(core, config),
        BatchConfig::HiveConfig(config) => match core.services.engine.kind {
            EngineKind::Spark => spark::hive(core, config),
            EngineKind::Datafusion => hive::relation(core, config),
        },
        BatchConfig::RedshiftConfig(config) => redshift::relation(core, config),
        BatchConfig::SnowflakeConfig(config) => snowflake::relation(core, config),
        BatchConfig::SparkBatchConfig(config) => spark::function(core, config),
    }
}

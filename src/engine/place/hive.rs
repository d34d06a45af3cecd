//! HiveConfig without Spark: the table's own Parquet files, where the warehouse is a folder that can be read.

use std::sync::Arc;

use crate::engine::core::Core;
use crate::engine::place::files::FileSet;
use crate::engine::relation::{Closed, Relation};
use crate::resource::batch_config::{FileFormat, HiveConfig};

/// Returns the files of a Hive table: `<warehouse>/<database>.db/<table>`, and of the database `default` the table's
/// folder alone, as Hive and Spark lay them out.
pub fn relation(core: &Core, config: &HiveConfig) -> Result<Arc<dyn Relation>, Closed> {
    let Some(warehouse) = &core.services.engine.warehouse else {
        if let Some(reason) = &core.services.engine.unset {
            return Err(Closed::NotChecked(reason.clone()));
        }
        let reason = "nothing is configured that reads Hive (`warehouse`, or `kind = \"spark\"` and `url`, in the [engine] section of weir.toml)";
        return Err(Closed::NotChecked(reason.to_owned()));
    };
    let warehouse = warehouse.trim_end_matches('/');
    let table = match config.database.as_str() {
        "default" => config.table.clone(),
        database => format!("{database}.db/{}", config.table),
    };
    let mut files = FileSet::new(core, "table", &format!("{warehouse}/{table}/"), FileFormat::Parquet)?;
    // Hive calls its files 000000_0 and the like.
    files.extension = "";
    Ok(Arc::new(files))
}

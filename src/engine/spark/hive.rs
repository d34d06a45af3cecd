//! HiveConfig: a table of the catalogue that Spark knows.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;

use super::client::{Session, TIME_LIMIT};
use super::plan::Plan;
use super::quote::quoted;
use super::trouble::Trouble;
use super::{partitions, scan};
use crate::diagnostic::did_you_mean;
use crate::engine::core::Core;
use crate::engine::relation::{Closed, Relation, Window};
use crate::resource::batch_config::HiveConfig;

/// A table, and where it is asked for.
#[derive(Debug, Clone)]
pub struct HiveTable {
    core: Core,
    config: HiveConfig,
}

impl HiveTable {
    pub fn new(core: &Core, config: &HiveConfig) -> Self {
        Self { core: core.clone(), config: config.clone() }
    }

    fn whole(&self) -> Plan {
        Plan::table(&self.config.database, &self.config.table)
    }

    /// Returns the rows of the partitions that a window can lie in.
    pub async fn plan(&self, window: Window) -> Result<Plan, Closed> {
        let conditions = self.conditions(&*self.schema().await?, window)?;
        Ok(conditions.into_iter().fold(self.whole(), Plan::filter))
    }

    fn conditions(&self, schema: &datafusion::arrow::datatypes::Schema, window: Window) -> Result<Vec<String>, Closed> {
        partitions::conditions(self.config.datetime_partition_columns.as_deref().unwrap_or_default(), schema, window)
    }

    /// Says which of the two names is wrong.
    async fn missing(&self, session: &Arc<Session>) -> Closed {
        let (database, table) = (&self.config.database, &self.config.table);
        let databases = session.names("SHOW DATABASES", 0).await;
        if !databases.iter().any(|it| it.eq_ignore_ascii_case(database)) {
            let fault = Closed::fault("database", format!("database `{database}` does not exist"));
            return fault.hint(did_you_mean(database, databases.iter().map(String::as_str)));
        }
        let tables = session.names(&format!("SHOW TABLES IN {}", quoted(database)), 1).await;
        let fault = Closed::fault("table", format!("database `{database}` has no table `{table}`"));
        fault.hint(did_you_mean(table, tables.iter().map(String::as_str)))
    }
}

#[async_trait]
impl Relation for HiveTable {
    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let session = self.core.spark.session(&self.core.services).await?;
        let schema = match session.schema(&self.whole()).await {
            Ok(schema) => schema,
            Err(Trouble::Said(said))
                if matches!(said.class.as_str(), "TABLE_OR_VIEW_NOT_FOUND" | "SCHEMA_NOT_FOUND") =>
            {
                return Err(self.missing(&session).await);
            }
            Err(trouble) => return Err(trouble.closed("table")),
        };
        partitions::check(self.config.datetime_partition_columns.as_deref().unwrap_or_default(), &schema)?;
        Ok(schema)
    }

    async fn table(&self, schema: SchemaRef, window: Window) -> Result<Arc<dyn TableProvider>, Closed> {
        let session = self.core.spark.session(&self.core.services).await?;
        let mut from = format!("{}.{}", quoted(&self.config.database), quoted(&self.config.table));
        let conditions = self.conditions(&schema, window)?;
        if !conditions.is_empty() {
            from = format!("(SELECT * FROM {from} WHERE {})", conditions.join(" AND "));
        }
        Ok(scan::table(session, from, schema))
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

//! Spark as a runner: what lies there, its post_processor and the query over it are one plan, which runs there.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use super::client::{Session, TIME_LIMIT};
use super::quote::{literal, quoted};
use super::{Plan, Trouble, files, function, hive, types};
use crate::engine::core::Core;
use crate::engine::pipeline::{Failed, Pipeline, Runner, cannot_open, unreadable};
use crate::engine::query::{Refused, Sql};
use crate::engine::relation::{Closed, Window};
use crate::engine::shown::{Found, Request};
use crate::engine::types as columns;
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Catalog, Field};

/// Runs on Spark what is asked for: its columns, and its rows as they come.
pub async fn preview(
    core: &Core,
    request: &Request<'_>,
    catalog: &Catalog<'_>,
) -> Result<(SchemaRef, SendableRecordBatchStream), Vec<Found>> {
    let address = &request.asked.address;
    let session = core.spark.session(&core.services);
    let late = |it: Closed| vec![cannot_open(address, &it)];
    let session = core.within(TIME_LIMIT, session).await.and_then(|it| it).map_err(late)?;
    let trouble = |it: Trouble| match it {
        Trouble::Silent(it) => vec![cannot_open(address, &it)],
        Trouble::Said(said) => vec![unreadable(address, &said.message)],
    };
    let window = Window { start: request.start, end: request.end };
    let runner = &OnSpark { core, session: &session };
    let pipeline = Pipeline { runner, catalog, asked: request.asked, window, raw: request.raw };
    // What lies there answers in time, or not at all; rows take as long as they take.
    let planned = async {
        let mut plan = pipeline.rows().await?;
        if let Some(limit) = request.limit {
            plan = plan.limit(limit);
        }
        let schema = session.schema(&plan).await.map_err(trouble)?;
        Ok::<_, Vec<Found>>((plan, schema))
    };
    let (plan, schema) = core.within(TIME_LIMIT, planned).await.map_err(late)??;
    let rows = session.rows(&plan, schema.clone()).await.map_err(trouble)?;
    Ok((schema, rows))
}

/// Returns the rows of a batch config as they lie there.
pub(super) async fn lying(core: &Core, config: &BatchConfig, window: Window) -> Result<Plan, Closed> {
    match config {
        BatchConfig::FileConfig(config) => files(core, config).await,
        BatchConfig::HiveConfig(config) => hive::HiveTable::new(core, config).plan(window).await,
        BatchConfig::SparkBatchConfig(config) => function::Function::new(core, config).plan(window).await,
        other => Err(Closed::NotChecked(format!("Spark does not read {}", other.kind()))),
    }
}

/// SQL over plans: what a query yields is again a plan, and nothing is asked of Spark yet.
struct OnSpark<'a> {
    core: &'a Core,
    session: &'a Arc<Session>,
}

impl Sql for OnSpark<'_> {
    type Table = Plan;

    fn query(&self, text: &str, tables: &[(String, Plan)]) -> Result<Plan, Refused> {
        Ok(Plan::query(text, tables.iter().cloned()))
    }
}

#[async_trait]
impl Runner for OnSpark<'_> {
    async fn lying(&self, config: &BatchConfig, window: Window) -> Result<Plan, Failed> {
        Ok(lying(self.core, config, window).await?)
    }

    async fn schema(&self, rows: &Plan) -> Result<SchemaRef, Failed> {
        self.session.schema(rows).await.map_err(|it| match it {
            Trouble::Silent(closed) => Failed::Closed(closed),
            Trouble::Said(said) => Failed::Unreadable(said.message),
        })
    }

    fn dated(&self, rows: Plan, schema: &SchemaRef, field: &str, format: &str) -> Result<Plan, Failed> {
        Ok(with_timestamp(rows, schema, field, format))
    }

    fn cast(&self, rows: Plan, fields: &[Field]) -> Result<Plan, Failed> {
        let list: Vec<String> = columns::schema(fields).fields().iter().map(|it| types::cast(it)).collect();
        Ok(Plan::query(&format!("SELECT {} FROM rows", list.join(", ")), [("rows".to_owned(), rows)]))
    }

    fn within(&self, rows: Plan, field: &str, window: Window) -> Result<Plan, Failed> {
        Ok(rows.within(field, window))
    }
}

/// Reads the timestamp field, which is text: by its format, and where that does not fit as Spark would by itself (facts
/// 3.2).
pub(super) fn with_timestamp(rows: Plan, schema: &SchemaRef, field: &str, format: &str) -> Plan {
    let column = |name: &String| match name == field {
        true => {
            let (name, format) = (quoted(name), literal(format));
            format!("coalesce(try_to_timestamp({name}, {format}), CAST({name} AS TIMESTAMP)) AS {name}")
        }
        false => quoted(name),
    };
    let list: Vec<String> = schema.fields().iter().map(|it| column(it.name())).collect();
    Plan::query(&format!("SELECT {} FROM rows", list.join(", ")), [("rows".to_owned(), rows)])
}

//! The embedded engine as a runner: each step is a data frame over the one before.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{TableSource, cast, ident, lit};

use super::core::Core;
use super::pipeline::{Failed, Runner};
use super::query::{Planner, Refused, Sql};
use super::relation::Window;
use super::source::in_time;
use super::{place, timestamp, types, words};
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Field, Instant};

/// The runner that plans queries over rows.
pub struct Embedded<'a> {
    core: &'a Core,
    planner: Planner,
}

impl<'a> Embedded<'a> {
    pub fn new(core: &'a Core) -> Self {
        Self { core, planner: Planner::new(&core.session) }
    }
}

impl Sql for Embedded<'_> {
    type Table = DataFrame;

    fn query(&self, text: &str, tables: &[(String, DataFrame)]) -> Result<DataFrame, Refused> {
        let source = |it: &(String, DataFrame)| -> (String, Arc<dyn TableSource>) {
            (it.0.clone(), provider_as_source(it.1.clone().into_view()))
        };
        let plan = self.planner.plan(text, &tables.iter().map(source).collect::<Vec<_>>());
        Ok(DataFrame::new(self.core.session.state(), plan.map_err(Refused::Fault)?))
    }
}

#[async_trait]
impl Runner for Embedded<'_> {
    async fn lying(&self, config: &BatchConfig, window: Window) -> Result<DataFrame, Failed> {
        let relation = place::relation(self.core, config)?;
        let opened = async { relation.table(relation.schema().await?, window).await };
        let table = in_time(self.core, &*relation, opened).await?;
        self.core.session.read_table(table).map_err(plain)
    }

    async fn schema(&self, rows: &DataFrame) -> Result<SchemaRef, Failed> {
        Ok(rows.schema().inner().clone())
    }

    fn dated(&self, rows: DataFrame, _: &SchemaRef, field: &str, format: &str) -> Result<DataFrame, Failed> {
        timestamp::read(rows, field, format).map_err(plain)
    }

    fn cast(&self, rows: DataFrame, fields: &[Field]) -> Result<DataFrame, Failed> {
        let columns =
            fields.iter().map(|it| cast(ident(it.name.as_str()), types::arrow(&it.dtype)).alias(it.name.as_str()));
        rows.select(columns).map_err(failed)
    }

    fn within(&self, rows: DataFrame, field: &str, window: Window) -> Result<DataFrame, Failed> {
        let found = rows.schema().inner().field_with_name(field).map(|it| it.data_type().clone());
        let Ok(DataType::Timestamp(unit, zone)) = found else {
            return Err(Failed::NotATime(rows.schema().fields().iter().map(|it| it.name().clone()).collect()));
        };
        // In the column's own type, so that a file's statistics can be compared with it.
        let at = |it: Instant| {
            let moment = ScalarValue::TimestampSecond(Some(it.secs), zone.clone());
            moment.cast_to(&DataType::Timestamp(unit, zone.clone())).ok().map(lit)
        };
        // A time that the column cannot hold lies before all of its rows, or after them.
        let start = window.start.map(|it| at(it).map_or(lit(it.secs < 0), |it| ident(field).gt_eq(it)));
        let end = window.end.map(|it| at(it).map_or(lit(it.secs >= 0), |it| ident(field).lt(it)));
        start.into_iter().chain(end).try_fold(rows, DataFrame::filter).map_err(failed)
    }
}

fn plain(error: DataFusionError) -> Failed {
    Failed::Unreadable(words::plain(&error))
}

fn failed(error: DataFusionError) -> Failed {
    Failed::Unreadable(error.strip_backtrace())
}

//! Rows by the embedded engine: relation, post_processor, query, each a data frame over the one before.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{TableSource, ident, lit};

use super::{cannot_open, no_batch_config, unreadable};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::engine::query::{Planner, Refused, Sql};
use crate::engine::relation::{self, Closed, Ground, Window};
use crate::engine::shown::Request;
use crate::engine::source::{in_time, query_fault, text_timestamp};
use crate::engine::view::{Views, only_timestamp};
use crate::engine::{timestamp, types, words};
use crate::load::Declared;
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Address, FeatureView, Instant};

/// The engine counts rows in this many bits.
const LIMIT_MAX: usize = i64::MAX as usize;

/// Returns the rows that are asked for; none is read yet.
pub async fn rows(ground: &Ground, request: &Request<'_>) -> Result<DataFrame, Vec<Diagnostic>> {
    let rows = Embedded { request, planner: Planner::new(&ground.session), ground }.rows().await?;
    rows.limit(0, request.limit.map(|it| it.min(LIMIT_MAX)))
        .map_err(|it| vec![unreadable(request, &it.strip_backtrace())])
}

struct Embedded<'a> {
    request: &'a Request<'a>,
    ground: &'a Ground,
    planner: Planner,
}

impl Embedded<'_> {
    async fn rows(&self) -> Result<DataFrame, Vec<Diagnostic>> {
        let declared = self.request.declared;
        match declared.resource.spec.declaration().view() {
            Some(view) => self.view(declared, view).await,
            None => self.source(declared).await,
        }
    }

    /// Returns the rows of the source that is asked for.
    async fn source(&self, declared: &Declared) -> Result<DataFrame, Vec<Diagnostic>> {
        let Request { start, end, raw, .. } = *self.request;
        let config = declared.resource.spec.declaration().source().and_then(|it| it.batch);
        let config = config.expect("a source without a batch config has been refused");
        let rows = self.read(declared, config, Window { start, end }, raw).await.map_err(|it| vec![it])?;
        match config.config().timestamp_field() {
            Some(field) if !raw => self.within(rows, field, declared),
            _ => Ok(rows),
        }
    }

    /// Returns the rows of a batch config.
    async fn read(
        &self,
        declared: &Declared,
        config: &BatchConfig,
        window: Window,
        raw: bool,
    ) -> Result<DataFrame, Diagnostic> {
        let (address, document) = (&declared.resource.address, declared.document);
        let closed = |it: &Closed| cannot_open(address, document, it);
        let relation = relation::relation(self.ground, config).map_err(|it| closed(&it))?;
        let opened = async { relation.table(relation.schema().await?, window).await };
        let table = in_time(self.ground, &*relation, opened).await.map_err(|it| closed(&it))?;
        let failed = |it: datafusion::error::DataFusionError| unreadable(self.request, &words::plain(&it));
        let mut rows = self.ground.session.read_table(table).map_err(failed)?;
        if raw {
            return Ok(rows);
        }
        if let Some(text) = config.config().post_processor() {
            let input = [("input".to_owned(), provider_as_source(rows.into_view()))];
            let plan = self.planner.plan(text, &input);
            let plan = plan.map_err(|it| query_fault(address, document, "batch_config.post_processor", &it))?;
            rows = DataFrame::new(self.ground.session.state(), plan);
        }
        let yields: SchemaRef = rows.schema().inner().clone();
        match text_timestamp(config, &yields) {
            Some((field, format)) => timestamp::read(rows, field, format).map_err(failed),
            None => Ok(rows),
        }
    }

    /// Returns what the query of a view yields over all rows of its sources.
    async fn view(&self, declared: &Declared, view: &FeatureView) -> Result<DataFrame, Vec<Diagnostic>> {
        let repo = self.request.repo;
        let catalog = repo.catalog();
        let mut tables: HashMap<Address, Arc<dyn TableSource>> = HashMap::new();
        let mut faults = Vec::new();
        for source in view.sources.iter().filter_map(|it| catalog.source(it.name())) {
            let Some(declared) = repo.declared.iter().find(|it| it.resource.address == source.address) else {
                continue;
            };
            match self.table(declared, &catalog).await {
                Ok(rows) => drop(tables.insert(source.address.clone(), provider_as_source(rows.into_view()))),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let rows = Rows(&self.planner, self.ground);
        let yields = Views::new(repo, &tables, &rows).output(declared, view, &mut faults);
        let Some(table) = yields.filter(|_| faults.is_empty()) else { return Err(faults) };
        let rows = rows.frame(&table).map_err(|it| vec![unreadable(self.request, &it)])?;
        let field = view.timestamp(&catalog).or_else(|| only_timestamp(rows.schema().inner()));
        match field {
            Some(field) => self.within(rows, &field, declared),
            None => Ok(rows),
        }
    }

    /// Returns the rows of a source as the query of a view reads them; of a push source, what would be pushed.
    async fn table(
        &self,
        declared: &Declared,
        catalog: &crate::resource::Catalog<'_>,
    ) -> Result<DataFrame, Diagnostic> {
        let (address, document) = (&declared.resource.address, declared.document);
        let declaration = declared.resource.spec.declaration();
        let source = declaration.source().expect("a view's sources are sources");
        let Some(config) = source.batch else {
            return Err(no_batch_config(address, document));
        };
        let rows = self.read(declared, config, Window::default(), false).await?;
        let Some(fields) = declaration.columns(catalog).filter(|_| source.pushed) else { return Ok(rows) };
        let columns = fields.iter().map(|it| {
            datafusion::logical_expr::cast(ident(it.name.as_str()), types::arrow(&it.dtype)).alias(it.name.as_str())
        });
        rows.select(columns).map_err(|it| unreadable(self.request, &it.strip_backtrace()))
    }

    /// Leaves the rows of the times that are asked for; times without zone are UTC.
    fn within(&self, rows: DataFrame, field: &str, declared: &Declared) -> Result<DataFrame, Vec<Diagnostic>> {
        let Request { start, end, .. } = *self.request;
        if start.is_none() && end.is_none() {
            return Ok(rows);
        }
        let found = rows.schema().inner().field_with_name(field).map(|it| it.data_type().clone());
        let Ok(DataType::Timestamp(unit, zone)) = found else {
            let (address, document) = (&declared.resource.address, declared.document);
            let names: Vec<&str> = rows.schema().fields().iter().map(|it| it.name().as_str()).collect();
            let summary = format!("timestamp_field `{field}` is no Timestamp among the rows of `{address}`");
            let fault = Diagnostic::error(Code::D007, summary).at(document, "name");
            return Err(vec![fault.hint_if(did_you_mean(field, names))]);
        };
        // In the column's own type, so that a file's statistics can be compared with it.
        let at = |it: Instant| {
            let moment = ScalarValue::TimestampSecond(Some(it.secs), zone.clone());
            moment.cast_to(&DataType::Timestamp(unit, zone.clone())).ok().map(lit)
        };
        // A time that the column cannot hold lies before all of its rows, or after them.
        let start = start.map(|it| at(it).map_or(lit(it.secs < 0), |it| ident(field).gt_eq(it)));
        let end = end.map(|it| at(it).map_or(lit(it.secs >= 0), |it| ident(field).lt(it)));
        let filtered = start.into_iter().chain(end).try_fold(rows, DataFrame::filter);
        filtered.map_err(|it| vec![unreadable(self.request, &it.strip_backtrace())])
    }
}

/// SQL over rows: what a query yields is again something to read, and nothing is read yet.
struct Rows<'a>(&'a Planner, &'a Ground);

impl Rows<'_> {
    fn frame(&self, table: &Arc<dyn TableSource>) -> Result<DataFrame, String> {
        let provider = datafusion::datasource::source_as_provider(table).map_err(|it| it.strip_backtrace())?;
        self.1.session.read_table(provider).map_err(|it| it.strip_backtrace())
    }
}

impl Sql for Rows<'_> {
    type Table = Arc<dyn TableSource>;

    fn query(&self, text: &str, tables: &[(String, Self::Table)]) -> Result<Self::Table, Refused> {
        let plan = self.0.plan(text, tables).map_err(Refused::Fault)?;
        Ok(provider_as_source(DataFrame::new(self.1.session.state(), plan).into_view()))
    }
}

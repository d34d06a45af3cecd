//! Rows by Spark: what lies there, its post_processor and the query over it are one plan, which runs there.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use super::client::Session;
use super::plan::{literal, quoted};
use super::{Plan, TIME_LIMIT, Trouble, files, function, hive, types};
use crate::diagnostic::Diagnostic;
use crate::engine::preview::{cannot_open, no_batch_config, unreadable};
use crate::engine::query::{Refused, Sql};
use crate::engine::relation::{self, Closed, Ground, Window};
use crate::engine::shown::Request;
use crate::engine::source::text_timestamp;
use crate::engine::types as columns;
use crate::engine::view::{Views, only_timestamp};
use crate::load::Declared;
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Address, FeatureView};

/// Runs on Spark what is asked for: its columns, and its rows as they come.
pub async fn preview(
    ground: &Ground,
    request: &Request<'_>,
) -> Result<(SchemaRef, SendableRecordBatchStream), Vec<Diagnostic>> {
    let session = ground.spark.session(&ground.services);
    let late = |it: Closed| vec![closed(request.declared, &it)];
    let session = relation::within(ground, TIME_LIMIT, session).await.and_then(|it| it).map_err(late)?;
    let preview = Preview { ground, session: &session, request };
    // What lies there answers in time, or not at all; rows take as long as they take.
    let planned = async {
        let mut plan = preview.plan().await?;
        if let Some(limit) = request.limit {
            plan = plan.limit(limit);
        }
        let schema = session.schema(&plan).await.map_err(|it| vec![preview.trouble(it)])?;
        Ok::<_, Vec<Diagnostic>>((plan, schema))
    };
    let (plan, schema) = relation::within(ground, TIME_LIMIT, planned).await.map_err(late)??;
    let rows = session.rows(&plan, schema.clone()).await.map_err(|it| vec![preview.trouble(it)])?;
    Ok((schema, rows))
}

fn closed(declared: &Declared, closed: &Closed) -> Diagnostic {
    cannot_open(&declared.resource.address, declared.document, closed)
}

/// Returns the rows of a batch config as they lie there.
pub(super) async fn lying(ground: &Ground, config: &BatchConfig, window: Window) -> Result<Plan, Closed> {
    match config {
        BatchConfig::FileConfig(config) => files(ground, config).await,
        BatchConfig::HiveConfig(config) => hive::HiveTable::new(ground, config).plan(window).await,
        BatchConfig::SparkBatchConfig(config) => function::Function::new(ground, config).plan(window).await,
        other => Err(Closed::NotChecked(format!("Spark does not read {}", other.kind()))),
    }
}

struct Preview<'a> {
    ground: &'a Ground,
    session: &'a Arc<Session>,
    request: &'a Request<'a>,
}

impl Preview<'_> {
    fn trouble(&self, trouble: Trouble) -> Diagnostic {
        match trouble {
            Trouble::Silent(it) => closed(self.request.declared, &it),
            Trouble::Said(said) => unreadable(self.request, &said.message),
        }
    }

    async fn plan(&self) -> Result<Plan, Vec<Diagnostic>> {
        let Request { declared, start, end, raw, .. } = *self.request;
        let window = Window { start, end };
        if let Some(view) = declared.resource.spec.declaration().view() {
            return self.view(declared, view, window).await;
        }
        let config = declared.resource.spec.declaration().source().and_then(|it| it.batch);
        let config = config.expect("a source without a batch config has been refused");
        let rows = self.read(declared, config, window, raw).await.map_err(|it| vec![it])?;
        Ok(match config.config().timestamp_field() {
            Some(field) if !raw => rows.within(field, window),
            _ => rows,
        })
    }

    /// Returns the rows of a batch config.
    async fn read(
        &self,
        declared: &Declared,
        config: &BatchConfig,
        window: Window,
        raw: bool,
    ) -> Result<Plan, Diagnostic> {
        let lies = lying(self.ground, config, window).await.map_err(|it| closed(declared, &it))?;
        if raw {
            return Ok(lies);
        }
        let yields = match config.config().post_processor() {
            Some(text) => Plan::query(text, [("input".to_owned(), lies)]),
            None => lies,
        };
        if config.config().timestamp_format().is_none() {
            return Ok(yields);
        }
        let schema = self.session.schema(&yields).await.map_err(|it| self.trouble(it))?;
        Ok(match text_timestamp(config, &schema) {
            Some((field, format)) => with_timestamp(yields, &schema, field, format),
            None => yields,
        })
    }

    /// Returns what the query of a view yields over all rows of its sources.
    async fn view(&self, declared: &Declared, view: &FeatureView, window: Window) -> Result<Plan, Vec<Diagnostic>> {
        let repo = self.request.repo;
        let catalog = repo.catalog();
        let mut tables: HashMap<Address, Plan> = HashMap::new();
        let mut faults = Vec::new();
        for source in view.sources.iter().filter_map(|it| catalog.source(it.name())) {
            let Some(declared) = repo.declared.iter().find(|it| it.resource.address == source.address) else {
                continue;
            };
            match self.table(declared, &catalog).await {
                Ok(rows) => drop(tables.insert(source.address.clone(), rows)),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let yields = Views::new(repo, &tables, &OnSpark).output(declared, view, &mut faults);
        let Some(rows) = yields.filter(|_| faults.is_empty()) else { return Err(faults) };
        if window == Window::default() {
            return Ok(rows);
        }
        let field = match view.timestamp(&catalog) {
            Some(field) => Some(field),
            None => only_timestamp(&*self.session.schema(&rows).await.map_err(|it| vec![self.trouble(it)])?),
        };
        Ok(match field {
            Some(field) => rows.within(&field, window),
            None => rows,
        })
    }

    /// Returns the rows of a source as the query of a view reads them; of a push source, what would be pushed.
    async fn table(&self, declared: &Declared, catalog: &crate::resource::Catalog<'_>) -> Result<Plan, Diagnostic> {
        let declaration = declared.resource.spec.declaration();
        let source = declaration.source().expect("a view's sources are sources");
        let Some(config) = source.batch else {
            return Err(no_batch_config(&declared.resource.address, declared.document));
        };
        let rows = self.read(declared, config, Window::default(), false).await?;
        let Some(fields) = declaration.columns(catalog).filter(|_| source.pushed) else { return Ok(rows) };
        let pushed = columns::schema(&fields);
        let list: Vec<String> = pushed.fields().iter().map(|it| types::cast(it)).collect();
        Ok(Plan::query(&format!("SELECT {} FROM rows", list.join(", ")), [("rows".to_owned(), rows)]))
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

/// SQL over plans: what a query yields is again a plan, and nothing is asked of Spark yet.
struct OnSpark;

impl Sql for OnSpark {
    type Table = Plan;

    fn query(&self, text: &str, tables: &[(String, Plan)]) -> Result<Plan, Refused> {
        Ok(Plan::query(text, tables.iter().cloned()))
    }
}

//! Services that answer SQL with rows: a table of theirs as one that the engine scans, with filters and limit pushed
//! down into the query that the service runs.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::Dialect;
use futures::TryStreamExt;

use crate::engine::relation::{Closed, Relation, Window};

/// A service and what is read from it.
#[async_trait]
pub trait Remote: Debug + Send + Sync + 'static {
    /// The service's SQL.
    fn dialect(&self) -> &dyn Dialect;

    /// What is read, as it stands after FROM.
    fn from(&self) -> &str;

    /// Returns the columns.
    async fn schema(&self) -> std::result::Result<SchemaRef, Closed>;

    /// Runs a query; its rows come as batches of `schema`, a few at a time.
    async fn rows(&self, query: String, schema: SchemaRef) -> Result<SendableRecordBatchStream>;
}

/// How long a warehouse that sleeps may take to wake up.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The rows of a declaration that a service answers for.
#[derive(Debug)]
pub struct RemoteRelation(pub Arc<dyn Remote>);

#[async_trait]
impl Relation for RemoteRelation {
    async fn schema(&self) -> std::result::Result<SchemaRef, Closed> {
        self.0.schema().await
    }

    async fn table(&self, schema: SchemaRef, _: Window) -> std::result::Result<Arc<dyn TableProvider>, Closed> {
        Ok(Arc::new(RemoteTable::new(self.0.clone(), schema)))
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

/// What a service holds, as a table.
#[derive(Debug)]
pub struct RemoteTable {
    remote: Arc<dyn Remote>,
    schema: SchemaRef,
}

impl RemoteTable {
    pub fn new(remote: Arc<dyn Remote>, schema: SchemaRef) -> Self {
        Self { remote, schema }
    }

    /// Returns the query that reads these columns of the rows that pass.
    fn query(&self, schema: &SchemaRef, filters: &[Expr], limit: Option<usize>) -> Result<String> {
        let unparser = Unparser::new(self.remote.dialect());
        let quote = self.remote.dialect().identifier_quote_style("a").unwrap_or('"');
        let column = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
        let columns: Vec<String> = schema.fields().iter().map(|it| column(it.name())).collect();
        // A query that needs no column (to count rows) still has to read something.
        let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
        let mut query = format!("SELECT {columns} FROM {}", self.remote.from());
        let filters =
            filters.iter().map(|it| unparser.expr_to_sql(it).map(|it| it.to_string())).collect::<Result<Vec<_>>>()?;
        if !filters.is_empty() {
            query.push_str(&format!(" WHERE {}", filters.join(" AND ")));
        }
        if let Some(limit) = limit {
            query.push_str(&format!(" LIMIT {limit}"));
        }
        Ok(query)
    }
}

#[async_trait]
impl TableProvider for RemoteTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // The engine filters again: a service may round times or compare texts in its own way.
        let pushed = |it: &&Expr| {
            if is_comparison(it, &self.schema) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(pushed).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let query = self.query(&schema, filters, limit)?;
        let part = RemoteRows { remote: self.remote.clone(), query, schema: schema.clone() };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(part)], None, [], false, limit)?))
    }
}

/// Says whether `expr` compares a column with a value, and is understood alike everywhere.
fn is_comparison(expr: &Expr, schema: &SchemaRef) -> bool {
    use Operator::{And, Eq, Gt, GtEq, Lt, LtEq};
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: And, right }) => {
            is_comparison(left, schema) && is_comparison(right, schema)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Eq | Gt | GtEq | Lt | LtEq, right }) => {
            match (left.as_ref(), right.as_ref()) {
                (Expr::Column(column), Expr::Literal(..)) | (Expr::Literal(..), Expr::Column(column)) => {
                    let field = schema.field_with_name(&column.name);
                    field.is_ok_and(|it| match it.data_type() {
                        // A service would compare the short number with a long one, and not find `0.1`.
                        DataType::Float16 | DataType::Float32 => false,
                        DataType::Timestamp(..) => true,
                        other => other.is_numeric(),
                    })
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// One query of a service, run when it is asked for.
#[derive(Debug)]
struct RemoteRows {
    remote: Arc<dyn Remote>,
    query: String,
    schema: SchemaRef,
}

impl PartitionStream for RemoteRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (remote, query, schema) = (self.remote.clone(), self.query.clone(), self.schema.clone());
        let rows = futures::stream::once(async move { remote.rows(query, schema).await }).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}

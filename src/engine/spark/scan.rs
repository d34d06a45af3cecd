//! What Spark holds, as a table that the embedded engine scans: filters, columns and limit become a part of the query
//! that Spark runs.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::unparser::dialect::Dialect;

use super::client::Session;
use super::plan::Plan;
use crate::engine::place::remote::{Remote, RemoteTable};
use crate::engine::relation::Closed;

/// Returns the table that `from` names.
pub fn table(session: Arc<Session>, from: String, schema: SchemaRef) -> Arc<dyn TableProvider> {
    Arc::new(RemoteTable::new(Arc::new(Scan { session, from }), schema))
}

#[derive(Debug)]
struct Scan {
    session: Arc<Session>,
    from: String,
}

#[async_trait]
impl Remote for Scan {
    fn dialect(&self) -> &dyn Dialect {
        &SparkSql
    }

    fn from(&self) -> &str {
        &self.from
    }

    async fn schema(&self) -> std::result::Result<SchemaRef, Closed> {
        let everything = Plan::statement(&format!("SELECT * FROM {}", self.from));
        self.session.schema(&everything).await.map_err(|it| it.closed("kind"))
    }

    async fn rows(&self, query: String, schema: SchemaRef) -> Result<SendableRecordBatchStream> {
        let rows = self.session.rows(&Plan::statement(&query), schema).await;
        rows.map_err(|it| it.closed("kind").into())
    }
}

/// How Spark writes what the engine pushes down.
#[derive(Debug)]
struct SparkSql;

impl Dialect for SparkSql {
    fn identifier_quote_style(&self, _: &str) -> Option<char> {
        Some('`')
    }

    fn timestamp_cast_dtype(&self, _: &TimeUnit, zone: &Option<Arc<str>>) -> ast::DataType {
        match zone {
            Some(_) => ast::DataType::Timestamp(None, ast::TimezoneInfo::None),
            None => ast::DataType::Custom(ast::ObjectName::from(vec![ast::Ident::new("TIMESTAMP_NTZ")]), Vec::new()),
        }
    }
}

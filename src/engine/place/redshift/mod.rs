//! RedshiftConfig: a table or a query, read over PostgreSQL's wire as text.
//!
//! Only simple queries are sent: what Redshift knows of prepared statements, and of the catalog that a client asks
//! about types it has not seen, is not what PostgreSQL knows.

mod endpoint;
mod error;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::{DataFusionError, Result as Rows};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::sql::unparser::dialect::{Dialect, PostgreSqlDialect};
use futures::TryStreamExt;
use sqlx::postgres::{PgColumn, PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Executor, Row, ValueRef, raw_sql};

use crate::engine::core::Core;
use crate::engine::place::remote::{Remote, RemoteRelation};
use crate::engine::place::text_rows::{self, TextRows, execution};
use crate::engine::place::warehouse::{self, Fold, Input, Turns};
use crate::engine::relation::{Closed, Relation};
use crate::resource::batch_config::RedshiftConfig;
use crate::settings::{Secret, Ssl};

use endpoint::Endpoint;

/// The type of a decimal column whose digits Redshift does not say, as for an expression.
const DECIMAL: DataType = DataType::Decimal128(38, 10);

/// What is read of a cluster, and how to sign in.
#[derive(Debug, Clone)]
pub struct Redshift {
    pub endpoint: Endpoint,
    pub input: Input,
    user: String,
    password: Secret,
    ssl: Ssl,
    turns: Turns,
}

/// Returns the rows that `config` names.
pub fn relation(core: &Core, config: &RedshiftConfig) -> Result<Arc<dyn Relation>, Closed> {
    let endpoint = Endpoint::parse(&config.endpoint)?;
    let input = match (&config.table, &config.query) {
        (Some(table), None) => Input::table(table, &[], Fold::Lower)?,
        (None, Some(query)) => {
            // A backslash in a text is an escape to Redshift and none to PostgreSQL.
            let (postgresql, redshift) =
                (sqlparser::dialect::PostgreSqlDialect {}, sqlparser::dialect::RedshiftSqlDialect {});
            Input::query(query, &[&postgresql, &redshift])?
        }
        _ => return Err(Closed::fault("table", "it needs exactly one of `table` and `query`")),
    };
    let services = &core.services.redshift;
    if let Some(reason) = &services.unset {
        return Err(Closed::NotChecked(reason.clone()));
    }
    let (Some(user), Some(password)) = (services.user.clone(), services.password.clone()) else {
        let missing =
            "no credentials for Redshift are set (REDSHIFT_USER and REDSHIFT_PASSWORD, or [redshift] in weir.toml)";
        return Err(Closed::NotChecked(missing.to_owned()));
    };
    let (ssl, turns) = (services.ssl, core.turns.clone());
    Ok(Arc::new(RemoteRelation(Arc::new(Redshift { endpoint, input, user, password, ssl, turns }))))
}

impl Redshift {
    fn why(&self, error: &sqlx::Error, before: usize) -> Closed {
        error::why(&self.endpoint, &self.input, error, before)
    }

    /// Signs in, and starts a transaction that cannot write: a function that a query calls might.
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let ssl = match self.ssl {
            Ssl::Disable => PgSslMode::Disable,
            Ssl::Prefer => PgSslMode::Prefer,
            Ssl::Require => PgSslMode::Require,
            Ssl::VerifyFull => PgSslMode::VerifyFull,
        };
        // The client itself asks for UTC, ISO dates and UTF-8, and for floats with all their digits.
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.endpoint.host)
            .port(self.endpoint.port)
            .database(&self.endpoint.database)
            .username(&self.user)
            .password(self.password.reveal())
            .ssl_mode(ssl)
            .application_name("weir")
            .disable_statement_logging();
        let mut connection = PgConnection::connect_with(&options).await?;
        connection.execute(raw_sql("BEGIN READ ONLY")).await?;
        Ok(connection)
    }

    /// Returns the columns of one row of nulls: a result without rows would not say what its columns are.
    async fn columns(&self, connection: &mut PgConnection) -> Result<SchemaRef, Closed> {
        let before = "SELECT input.* FROM (SELECT 1 AS one) AS one LEFT JOIN (SELECT * FROM ";
        let probe = format!("{before}{} WHERE false LIMIT 0) AS input ON 1 = 1", self.input.from);
        let row = match raw_sql(AssertSqlSafe(probe)).fetch_one(&mut *connection).await {
            Ok(row) => row,
            Err(error) => {
                let why = self.why(&error, before.len());
                let unknown = matches!(why, Closed::Fault { field: "table", .. });
                return Err(if unknown { why.hint(self.neighbour(connection).await) } else { why });
            }
        };
        let digits = self.digits(connection, row.columns()).await.map_err(|it| self.why(&it, 0))?;
        let field = |it: &PgColumn| Field::new(it.name(), arrow(it, &digits), true);
        warehouse::checked(Schema::new(row.columns().iter().map(field).collect::<Vec<_>>()), &self.input)
    }

    /// Returns how many digits the columns of tables have, which the client does not pass on.
    async fn digits(&self, connection: &mut PgConnection, columns: &[PgColumn]) -> Result<Digits, sqlx::Error> {
        let places: Vec<String> = columns
            .iter()
            .filter(|it| oid(it) == NUMERIC)
            .filter_map(|it| Some((it.relation_id()?.0, it.relation_attribute_no()?)))
            .map(|(table, number)| format!("(attrelid = {table} AND attnum = {number})"))
            .collect();
        if places.is_empty() {
            return Ok(Digits::new());
        }
        let query =
            format!("SELECT attrelid, attnum, atttypmod FROM pg_catalog.pg_attribute WHERE {}", places.join(" OR "));
        let rows: Vec<PgRow> = raw_sql(AssertSqlSafe(query)).fetch_all(connection).await?;
        let digits = rows.iter().filter_map(|row| {
            let modifier = text(row, 2)?.parse::<i32>().ok()?.checked_sub(4)?;
            let precision = u8::try_from(modifier >> 16).ok()?;
            // PostgreSQL's scale may be negative or exceed the precision; Arrow's may not.
            let scale = i8::try_from(modifier & 0x7ff).ok()?;
            let fits = (1..=38).contains(&precision) && scale.unsigned_abs() <= precision;
            fits.then(|| Some(((text(row, 0)?.parse().ok()?, text(row, 1)?.parse().ok()?), (precision, scale))))?
        });
        Ok(digits.collect())
    }

    /// Suggests a table that is there.
    async fn neighbour(&self, connection: &mut PgConnection) -> Option<String> {
        let parts = self.input.table.as_deref()?;
        let query = "SELECT table_schema, table_name FROM information_schema.tables \
            WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2 LIMIT 2000";
        connection.execute(raw_sql("ROLLBACK")).await.ok()?;
        let rows = raw_sql(query).fetch_all(connection).await.ok()?;
        let names = rows.iter().filter_map(|row| {
            let (schema, table) = (text(row, 0)?, text(row, 1)?);
            Some(if parts.len() > 1 { format!("{schema}.{table}") } else { table.to_owned() })
        });
        let names: Vec<String> = names.collect();
        let name = parts.iter().rev().take(2).rev().cloned().collect::<Vec<_>>().join(".");
        crate::diagnostic::did_you_mean(&name, names.iter().map(String::as_str))
    }
}

#[async_trait]
impl Remote for Redshift {
    fn dialect(&self) -> &dyn Dialect {
        &PostgreSqlDialect {}
    }

    fn from(&self) -> &str {
        &self.input.from
    }

    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let _turn = self.turns.take(&self.endpoint.to_string()).await;
        let mut connection = self.connect().await.map_err(|it| self.why(&it, 0))?;
        let columns = self.columns(&mut connection).await?;
        // Rows and all, they have been read: a connection that does not close well has done its work.
        let _ = connection.close().await;
        Ok(columns)
    }

    async fn rows(&self, query: String, schema: SchemaRef) -> Rows<SendableRecordBatchStream> {
        let mut connection = self.connect().await.map_err(|it| DataFusionError::from(self.why(&it, 0)))?;
        let mut stream = RecordBatchReceiverStreamBuilder::new(schema.clone(), 2);
        let (sender, me) = (stream.tx(), self.clone());
        stream.spawn(async move {
            let unreadable = |it: sqlx::Error| DataFusionError::from(me.why(&it, 0));
            let mut batch = TextRows::new(schema, text_rows::convert);
            let mut rows = raw_sql(AssertSqlSafe(query)).fetch(&mut connection);
            while let Some(row) = rows.try_next().await.map_err(unreadable)? {
                let value = |it| {
                    let value = row.try_get_raw(it).map_err(unreadable)?;
                    let text = || {
                        value
                            .as_str()
                            .map_err(|it| execution(format!("Redshift: {}", warehouse::one_line(&it.to_string()))))
                    };
                    if value.is_null() { Ok(None) } else { text().map(Some) }
                };
                batch.push((0..row.len()).map(value))?;
                if batch.is_full()
                    && let Some(full) = batch.take()?
                    && sender.send(Ok(full)).await.is_err()
                {
                    return Ok(());
                }
            }
            if let Some(rest) = batch.take()? {
                // Nobody may be left to read it.
                let _ = sender.send(Ok(rest)).await;
            }
            Ok(())
        });
        Ok(stream.build())
    }
}

/// Precision and scale by table and number of the column.
type Digits = HashMap<(u32, i16), (u8, i8)>;

const NUMERIC: u32 = 1700;

/// Returns the type of a column by the number that the wire gives it; 0 is none.
fn oid(column: &PgColumn) -> u32 {
    column.type_info().oid().map_or(0, |it| it.0)
}

/// Returns Arrow's type for a column. What is not among them, as arrays, intervals and Redshift's SUPER, is the text
/// that the server writes for it.
fn arrow(column: &PgColumn, digits: &Digits) -> DataType {
    match oid(column) {
        16 => DataType::Boolean,
        17 => DataType::Binary,
        21 => DataType::Int16,
        23 => DataType::Int32,
        // The second are numbers of the catalog, without sign.
        20 | 26 => DataType::Int64,
        700 => DataType::Float32,
        701 => DataType::Float64,
        1082 => DataType::Date32,
        1083 => DataType::Time64(TimeUnit::Microsecond),
        1114 => DataType::Timestamp(TimeUnit::Microsecond, None),
        1184 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        NUMERIC => {
            let place = column.relation_id().zip(column.relation_attribute_no());
            let digits = place.and_then(|(table, number)| digits.get(&(table.0, number)));
            digits.map_or(DECIMAL, |(precision, scale)| DataType::Decimal128(*precision, *scale))
        }
        _ => DataType::Utf8,
    }
}

/// Returns a value of a row of the catalog.
fn text(row: &PgRow, index: usize) -> Option<&str> {
    row.try_get_raw(index).ok()?.as_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_taken_apart() {
        let check = |text: &str, host: &str, port: u16, database: &str| {
            let expected = Endpoint { host: host.to_owned(), port, database: database.to_owned() };
            assert_eq!(Endpoint::parse(text), Ok(expected), "{text}");
        };
        check("a-1.eu-west-1.redshift.amazonaws.com:5439/ads", "a-1.eu-west-1.redshift.amazonaws.com", 5439, "ads");
        check("cluster", "cluster", 5439, "dev");
        check("cluster:5440", "cluster", 5440, "dev");
        check("cluster/ads", "cluster", 5439, "ads");
        check("[::1]:15432/ads", "::1", 15432, "ads");
        check("[::1]", "::1", 5439, "dev");
        for text in [
            "",
            ":5439/ads",
            "cluster:/ads",
            "cluster:0",
            "cluster:70000",
            "cluster/",
            "cluster/a/b",
            "jdbc:redshift://cluster:5439/ads",
            "redshift://cluster/ads",
            "me:secret@cluster/ads",
            "cluster/ads?password=secret",
            "::1",
            "[::g]",
        ] {
            let fault = Endpoint::parse(text).unwrap_err();
            assert!(matches!(&fault, Closed::Fault { field: "endpoint", message, .. } if !message.contains("secret")));
        }
    }
}

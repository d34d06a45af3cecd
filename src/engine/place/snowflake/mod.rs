//! SnowflakeConfig: a table or a query, read through Snowflake's SQL API.

mod auth;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result as Rows;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::sql::unparser::dialect::{Dialect, SnowflakeDialect};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::core::Core;
use crate::engine::place::remote::{Remote, RemoteRelation};
use crate::engine::place::text_rows::TextRows;
use crate::engine::place::warehouse::{self, Fold, Input, Turns, one_line};
use crate::engine::relation::{Closed, Relation};
use crate::resource::batch_config::SnowflakeConfig;

use auth::{Identity, account};
use rows::{MetaData, ResultSet, convert};

/// How often a request is made that Snowflake has no time for, and how long it may ask us to wait.
const TRIES: u32 = 5;
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The pauses between questions whether a statement is done: each half as long again as the last.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The code of a result that is too large to come along with the first answer.
const TOO_LARGE: &str = "391908";

/// What is read of an account, and who reads it.
#[derive(Debug, Clone)]
struct Snowflake {
    url: Url,
    identity: Arc<Identity>,
    input: Input,
    /// What goes with each statement: where it runs, and as whom.
    context: Value,
    client: Client,
    turns: Turns,
}

/// Returns the rows that `config` names.
pub fn relation(core: &Core, config: &SnowflakeConfig) -> Result<Arc<dyn Relation>, Closed> {
    let database = warehouse::name("database", &config.database, Fold::Upper)?;
    let schema = warehouse::name("schema", &config.schema, Fold::Upper)?;
    let input = match (&config.table, &config.query) {
        (Some(table), None) => Input::table(table, &[database.clone(), schema.clone()], Fold::Upper)?,
        (None, Some(query)) => Input::query(query, &[&sqlparser::dialect::SnowflakeDialect {}])?,
        _ => return Err(Closed::fault("table", "it needs exactly one of `table` and `query`")),
    };
    let mut context = json!({
        "database": database,
        "schema": schema,
        // Times without a zone are UTC, in what a query computes too.
        "parameters": { "TIMEZONE": "UTC" },
    });
    for (field, name) in [("warehouse", &config.warehouse), ("role", &config.role)] {
        if let Some(name) = name {
            context[field] = warehouse::name(field, name, Fold::Upper)?.into();
        }
    }
    if let Some(reason) = &core.services.snowflake.unset {
        return Err(Closed::NotChecked(reason.clone()));
    }
    let url = address(config.url.as_deref(), core.services.snowflake.url.as_deref())?;
    let identity = Arc::new(Identity::new(&core.services.snowflake, &core.root)?);
    // A redirection would carry the token to another place.
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|it| Closed::unreachable(format!("HTTPS cannot be set up: {}", warehouse::root(&it))))?;
    let turns = core.turns.clone();
    Ok(Arc::new(RemoteRelation(Arc::new(Snowflake { url, identity, input, context, client, turns }))))
}

/// Returns where the account is: `declared` or, without it, `configured`.
fn address(declared: Option<&str>, configured: Option<&str>) -> Result<Url, Closed> {
    let Some(text) = declared.or(configured) else {
        let missing = "no address of Snowflake is set (SNOWFLAKE_URL, or `url` in the declaration or in [snowflake] of weir.toml)";
        return Err(Closed::NotChecked(missing.to_owned()));
    };
    let wrong = |message: &str| {
        let closed = match declared {
            Some(_) => Closed::fault("url", format!("the url {message}")),
            None => Closed::unreachable(format!("SNOWFLAKE_URL {message}")),
        };
        closed.hint(Some("write it as `https://organization-account.snowflakecomputing.com`".to_owned()))
    };
    let url = Url::parse(text).map_err(|_| wrong("is not an address"))?;
    let host = url.host_str().unwrap_or_default();
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
    let plain = url.scheme() == "http" && loopback;
    if url.scheme() != "https" && !plain || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("is not an address that starts with https://"));
    }
    // Whoever may edit a declaration must not be able to send the credentials elsewhere.
    let own = ["snowflakecomputing.com", "snowflakecomputing.cn"].iter().any(|it| host.ends_with(&format!(".{it}")));
    let known = configured.and_then(|it| Url::parse(it).ok());
    let trusted = own || loopback || known.is_some_and(|it| it.host_str() == Some(host));
    if trusted { Ok(url) } else { Err(wrong("is not an address of Snowflake, nor the one that SNOWFLAKE_URL says")) }
}

impl Snowflake {
    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Runs a statement until it is done; the first part of its rows comes along.
    async fn run(&self, statement: &str) -> Result<(ResultSet, MetaData), Closed> {
        let mut body = self.context.clone();
        body["statement"] = statement.into();
        let url = self.path("api/v2/statements")?;
        let started = self
            .ask(|| self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body.to_string()))
            .await?;
        let (mut done, mut set) = started;
        let mut pause = PAUSE;
        while !done {
            let status = set.statement_status_url.as_deref().ok_or_else(|| self.odd("says not where to ask"))?;
            let status = self.path(status)?;
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSE_MAX);
            let (answer, next) = self.ask(|| self.client.get(status.clone())).await?;
            // A statement that still runs may say less than it did at first.
            done = answer;
            set = ResultSet { statement_status_url: next.statement_status_url.or(set.statement_status_url), ..next };
        }
        let metadata = set.result_set_meta_data.take().ok_or_else(|| self.odd("says nothing of its columns"))?;
        Ok((set, metadata))
    }

    /// Returns one part of the rows of a statement that is done.
    async fn part(&self, handle: &str, number: usize) -> Result<ResultSet, Closed> {
        let mut url = self.path("api/v2/statements")?;
        url.path_segments_mut().map_err(|()| self.odd("has no paths"))?.push(handle);
        url.query_pairs_mut().append_pair("partition", &number.to_string());
        let (_, set) = self.ask(|| self.client.get(url.clone())).await?;
        Ok(set)
    }

    /// Returns an address of the account's own.
    fn path(&self, path: &str) -> Result<Url, Closed> {
        let url = self.url.join(path).ok().filter(|it| it.origin() == self.url.origin());
        url.ok_or_else(|| self.odd("points to another place"))
    }

    /// Makes a request, more than once if Snowflake has no time for it. Says whether the statement is done.
    async fn ask(&self, request: impl Fn() -> RequestBuilder) -> Result<(bool, ResultSet), Closed> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let bearer = self.identity.bearer(&account(self.host()))?;
            let mut request = request().bearer_auth(&bearer).header(ACCEPT, "application/json");
            if let Some(kind) = self.identity.token_type() {
                request = request.header("X-Snowflake-Authorization-Token-Type", kind);
            }
            let response = request.send().await.map_err(|it| self.silent(&it))?;
            let status = response.status();
            let busy = matches!(status.as_u16(), 429 | 502 | 503 | 504);
            if busy && attempt < TRIES {
                tokio::time::sleep(retry_after(&response).unwrap_or(pause).min(WAIT_MAX)).await;
                pause *= 2;
                continue;
            }
            let body = self.body(response).await?;
            return match status {
                StatusCode::OK | StatusCode::ACCEPTED => match serde_json::from_slice(&body) {
                    Ok(set) => Ok((status == StatusCode::OK, set)),
                    Err(error) => Err(self.odd(&format!("is not a result: {error}"))),
                },
                _ => Err(self.refused(status, &body, &bearer)),
            };
        }
        unreachable!("the last attempt returns")
    }

    /// Returns the body; later parts of a result come compressed, whatever is asked for.
    async fn body(&self, response: Response) -> Result<Vec<u8>, Closed> {
        let gzip = response.headers().get(CONTENT_ENCODING).is_some_and(|it| it == "gzip");
        let body = response.bytes().await.map_err(|it| self.silent(&it))?;
        if !gzip {
            return Ok(body.into());
        }
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*body), &mut text)
            .map_err(|it| self.odd(&format!("cannot be uncompressed: {it}")))?;
        Ok(text)
    }

    fn silent(&self, error: &reqwest::Error) -> Closed {
        let message = format!("{} does not answer: {}", self.host(), warehouse::root(error));
        Closed::unreachable(message).hint(Some("look at SNOWFLAKE_URL or the declared `url`".to_owned()))
    }

    fn odd(&self, what: &str) -> Closed {
        Closed::unreachable(format!("the answer of {} {what}", self.host()))
    }

    /// Sorts what Snowflake says no with, by status and SQL state.
    fn refused(&self, status: StatusCode, body: &[u8], bearer: &str) -> Closed {
        let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
        let said = one_line(&failure.message.unwrap_or_default()).replace(bearer, "***");
        let said = said.trim_end_matches('.');
        let message = if said.is_empty() { format!("status {}", status.as_u16()) } else { said.to_owned() };
        let host = self.host();
        let state = failure.sql_state.unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let hint = "look at SNOWFLAKE_USER and the key or token, or at [snowflake] in weir.toml";
                Closed::unreachable(format!("{host} refuses the sign-in: {message}")).hint(Some(hint.to_owned()))
            }
            StatusCode::UNPROCESSABLE_ENTITY if ["02", "0A", "22", "42"].iter().any(|it| state.starts_with(it)) => {
                Closed::fault(self.input.field, message)
            }
            StatusCode::UNPROCESSABLE_ENTITY => {
                let hint = (state == "57P03").then(|| "say which `warehouse` runs it in the declaration".to_owned());
                Closed::unreachable(format!("{host} says {message}")).hint(hint)
            }
            StatusCode::REQUEST_TIMEOUT => Closed::unreachable(format!("{host} gave the statement up: {message}")),
            _ => Closed::unreachable(format!("{host} says {message}")),
        }
    }
}

/// What Snowflake says of a statement that failed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Failure {
    message: Option<String>,
    sql_state: Option<String>,
}

fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

#[async_trait]
impl Remote for Snowflake {
    fn dialect(&self) -> &dyn Dialect {
        &SnowflakeDialect {}
    }

    fn from(&self) -> &str {
        &self.input.from
    }

    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let _turn = self.turns.take(self.host()).await;
        let (_, metadata) = self.run(&format!("SELECT * FROM {} LIMIT 0", self.input.from)).await?;
        let fields: Vec<_> = metadata.row_type.iter().map(|it| it.field()).collect();
        warehouse::checked(Schema::new(fields), &self.input)
    }

    async fn rows(&self, query: String, schema: SchemaRef) -> Rows<SendableRecordBatchStream> {
        let mut stream = RecordBatchReceiverStreamBuilder::new(schema.clone(), 2);
        let (sender, me) = (stream.tx(), self.clone());
        stream.spawn(async move {
            let (mut set, metadata) = me.run(&query).await?;
            let handle = set.statement_handle.clone().unwrap_or_default();
            if set.code.as_deref() == Some(TOO_LARGE) {
                set = me.part(&handle, 0).await?;
            }
            let mut batch = TextRows::new(schema, convert);
            let mut next = 1;
            loop {
                for row in set.data.take().unwrap_or_default() {
                    batch.push(row.iter().map(|it| Ok(it.as_deref())))?;
                    if batch.is_full()
                        && let Some(full) = batch.take()?
                        && sender.send(Ok(full)).await.is_err()
                    {
                        return Ok(());
                    }
                }
                if next >= metadata.partition_info.len() {
                    break;
                }
                set = me.part(&handle, next).await?;
                next += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_snowflake_and_nowhere_else() {
        let good = |declared, configured| address(declared, configured).is_ok();
        assert!(good(Some("https://myorg-ads.snowflakecomputing.com"), None));
        assert!(good(None, Some("https://snowflake.example.com")));
        assert!(good(Some("https://snowflake.example.com/"), Some("https://snowflake.example.com")));
        assert!(good(Some("http://localhost:8080"), None) && good(Some("http://127.0.0.1:8080"), None));
        for (declared, configured) in [
            (Some("https://myorg-ads.example.com"), None),
            (Some("https://myorg-ads.example.com"), Some("https://myorg-ads.snowflakecomputing.com")),
            (Some("https://evilsnowflakecomputing.com"), None),
            (Some("http://myorg-ads.snowflakecomputing.com"), None),
            (Some("https://me:secret@myorg-ads.snowflakecomputing.com"), None),
            (Some("myorg-ads"), None),
            (None, Some("http://snowflake.example.com")),
            (None, Some("ftp://localhost")),
        ] {
            let closed = address(declared, configured).unwrap_err();
            assert!(!format!("{closed:?}").contains("secret"), "{closed:?}");
        }
        assert!(matches!(address(None, None), Err(Closed::NotChecked(_))));
    }
}

//! One session with Spark Connect a run, shared by all that reads there. Rows come as Arrow, a few thousand at a time.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use spark_connect_core::{
    ChannelBuilder, ExecutePlanResponseReattachableIterator, RetryPolicy, SparkConnectClient, SparkError,
};
use spark_connect_proto::execute_plan_response::ResponseType;
use spark_connect_proto::{
    AnalyzePlanRequest, ExecutePlanRequest, ExecutePlanResponse, FetchErrorDetailsRequest, Plan as Wire, UserContext,
    analyze_plan_request as analyze, analyze_plan_response as analyzed, plan as wire,
};
use tokio::sync::{OnceCell, Semaphore};

use super::plan::Plan;
use super::trouble::Trouble;
use super::types;
use crate::engine::relation::Closed;
use crate::settings::{EngineKind, Services};

/// How long Spark may take to answer: the first query of a cold one takes half a minute.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(120);

/// How many functions run at once: each is a Python of its own.
const FUNCTIONS_AT_ONCE: usize = 4;

/// The settings of each session. Texts are cast and quoted names are read as the embedded engine does it, and an instant
/// is the same instant wherever Spark runs.
const SETTINGS: &[(&str, &str)] = &[
    ("spark.sql.session.timeZone", "UTC"),
    ("spark.sql.timestampType", "TIMESTAMP_LTZ"),
    ("spark.sql.ansi.enabled", "true"),
    ("spark.sql.ansi.doubleQuotedIdentifiers", "true"),
    ("spark.sql.execution.arrow.useLargeVarTypes", "false"),
];

/// The session of a run, made when it is first asked for.
#[derive(Debug, Clone, Default)]
pub struct Connection(Arc<OnceCell<Result<Arc<Session>, Closed>>>);

impl Connection {
    /// Returns the session, or why there is none.
    pub async fn session(&self, services: &Services) -> Result<Arc<Session>, Closed> {
        self.0.get_or_init(async || Session::open(services).await.map(Arc::new)).await.clone()
    }

    /// Lets go of the session and of what Spark keeps for it.
    pub async fn close(&self) {
        if let Some(Ok(session)) = self.0.get() {
            // Spark forgets it by itself after an hour: failing to say so is no fault.
            let _ = session.client.release_session().await;
        }
    }
}

/// A session with Spark.
pub struct Session {
    client: SparkConnectClient,
    /// As configured, with its token: for the Python that joins the session.
    url: String,
    /// Host and port, which anybody may see.
    endpoint: String,
    /// How many names it has given away.
    names: AtomicUsize,
    pub(super) functions: Semaphore,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.endpoint)
    }
}

impl Session {
    async fn open(services: &Services) -> Result<Self, Closed> {
        let url = match (&services.engine.url, services.engine.kind) {
            (Some(url), EngineKind::Spark) => url.reveal().to_owned(),
            _ => {
                if let Some(reason) = &services.engine.unset {
                    return Err(Closed::NotChecked(reason.clone()));
                }
                let missing = "Spark is not configured ([engine] kind = \"spark\" and url in weir.toml)";
                return Err(Closed::NotChecked(missing.to_owned()));
            }
        };
        // The client's message for a wrong URL would show the token.
        let wrong = || {
            let fault = Closed::unreachable("`url` in the [engine] section of weir.toml is not one of Spark Connect");
            fault.hint(Some(
                "write it as `sc://host:15002`, with parameters as in `sc://host:15002/;token=...`".to_owned(),
            ))
        };
        let mut builder = ChannelBuilder::parse(&url).map_err(|_| wrong())?;
        // A user before the host is no part of such an address, and the client would take both for the host.
        if builder.endpoint().contains('@') {
            return Err(wrong());
        }
        for (name, value) in [("user_id", "weir"), ("user_agent", "weir")] {
            if builder.get(name).is_none() {
                builder.set(name, value);
            }
        }
        let endpoint = builder.endpoint();
        let opened = SparkConnectClient::connect(&builder).await;
        let mut client = opened.map_err(|it| Closed::unreachable(format!("Spark at `{endpoint}`: {}", it.message)))?;
        client.set_retry_policy(RetryPolicy {
            max_retries: Some(3),
            initial_backoff_ms: 200,
            ..RetryPolicy::default()
        });
        let functions = Semaphore::new(FUNCTIONS_AT_ONCE);
        let session = Self { client, url, endpoint, names: AtomicUsize::new(0), functions };
        session.greet().await?;
        Ok(session)
    }

    /// Checks Spark's version and sets the session's settings.
    async fn greet(&self) -> Result<(), Closed> {
        let asked = analyze::Analyze::SparkVersion(analyze::SparkVersion {});
        let version = match self.analyze(asked).await.map_err(|it| it.closed("kind"))? {
            Some(analyzed::Result::SparkVersion(it)) => it.version,
            _ => String::new(),
        };
        if version.split('.').next().and_then(|it| it.parse::<u32>().ok()).is_none_or(|it| it < 4) {
            let message = format!("Spark at `{}` is version {version}, and weir needs 4.0 or later", self.endpoint);
            return Err(Closed::unreachable(message));
        }
        for (key, value) in SETTINGS {
            if let Err(error) = self.client.set_config(key, value).await {
                return Err(self.trouble(&error).await.closed("kind"));
            }
        }
        Ok(())
    }

    /// Returns the columns of a plan. Nothing is computed.
    pub async fn schema(&self, plan: &Plan) -> Result<SchemaRef, Trouble> {
        let plan = Some(self.on_the_wire(plan));
        match self.analyze(analyze::Analyze::Schema(analyze::Schema { plan })).await? {
            Some(analyzed::Result::Schema(analyzed::Schema { schema: Some(described) })) => {
                Ok(types::schema(&described))
            }
            _ => Err(Trouble::Silent(Closed::unreachable(format!(
                "Spark at `{}` does not say which columns there are",
                self.endpoint
            )))),
        }
    }

    async fn analyze(&self, asked: analyze::Analyze) -> Result<Option<analyzed::Result>, Trouble> {
        let request = AnalyzePlanRequest {
            session_id: self.client.session_id().to_owned(),
            user_context: Some(self.user()),
            analyze: Some(asked),
            ..AnalyzePlanRequest::default()
        };
        match self.client.analyze_plan(request).await {
            Ok(response) => Ok(response.result),
            Err(error) => Err(self.trouble(&error).await),
        }
    }

    /// Runs a plan. Its rows come as batches of `schema`, as fast as they are taken.
    pub async fn rows(self: &Arc<Self>, plan: &Plan, schema: SchemaRef) -> Result<SendableRecordBatchStream, Trouble> {
        let request = ExecutePlanRequest {
            session_id: self.client.session_id().to_owned(),
            user_context: Some(self.user()),
            plan: Some(self.on_the_wire(plan)),
            ..ExecutePlanRequest::default()
        };
        let running = ExecutePlanResponseReattachableIterator::new(request);
        let responses = match self.client.execute_plan(running.request().clone()).await {
            Ok(responses) => responses.map_err(SparkError::from_grpc_status).boxed(),
            Err(error) => return Err(self.trouble(&error).await),
        };
        let (session, pending) = (self.clone(), VecDeque::new());
        let execution = Execution { session, running, responses, pending, schema: schema.clone() };
        let rows = futures::stream::try_unfold(execution, |mut execution| async move {
            Ok(execution.next().await?.map(|batch| (batch, execution)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Returns one text column of what a statement yields, for messages.
    pub(super) async fn names(self: &Arc<Self>, statement: &str, column: usize) -> Vec<String> {
        let plan = Plan::statement(statement);
        let Ok(schema) = self.schema(&plan).await else { return Vec::new() };
        let Ok(rows) = self.rows(&plan, schema).await else { return Vec::new() };
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap_or_default();
        let texts = batches.iter().filter_map(|it| it.columns().get(column).cloned());
        let texts = texts.filter_map(|it| it.as_any().downcast_ref::<datafusion::arrow::array::StringArray>().cloned());
        texts.flat_map(|it| it.iter().flatten().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Returns the text with the token and the URL that joins this session hidden.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let token = self.url.split(';').find_map(|it| it.strip_prefix("token="));
        let text = text.replace(&self.joining_url(), "***");
        token.filter(|it| !it.is_empty()).map_or(text.clone(), |it| text.replace(it, "***"))
    }

    /// Returns the address with which a Python of ours joins this session.
    pub(super) fn joining_url(&self) -> String {
        let (url, session) = (self.url.trim_end_matches(['/', ';']), self.client.session_id());
        // A token goes over an unencrypted line to this machine only, and PySpark knows that by one name.
        let url = match url.split_once("://127.0.0.1") {
            Some((_, rest)) if url.contains("token=") && !url.contains("use_ssl=true") => {
                format!("sc://localhost{rest}")
            }
            _ => url.to_owned(),
        };
        let between = if url.contains("/;") { ";" } else { "/;" };
        let user = if url.contains("user_id=") { String::new() } else { ";user_id=weir".to_owned() };
        format!("{url}{between}session_id={session}{user}")
    }

    /// Returns a name that nothing else in this session has.
    pub(super) fn new_name(&self) -> String {
        format!("weir_{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn on_the_wire(&self, plan: &Plan) -> Wire {
        Wire { op_type: Some(wire::OpType::Root(plan.relation(&mut || self.new_name()))) }
    }

    fn user(&self) -> UserContext {
        UserContext { user_id: self.client.user_id().unwrap_or_default().to_owned(), ..UserContext::default() }
    }

    /// Asks Spark once more what is wrong: the first answer has no room for where.
    async fn trouble(&self, error: &SparkError) -> Trouble {
        let details = match error.params.get("errorId") {
            None => None,
            Some(id) => {
                let request = FetchErrorDetailsRequest {
                    session_id: self.client.session_id().to_owned(),
                    user_context: Some(self.user()),
                    error_id: id.clone(),
                    ..FetchErrorDetailsRequest::default()
                };
                self.client.fetch_error_details(request).await.ok()
            }
        };
        Trouble::new(error, details, &self.endpoint)
    }
}

/// A plan that runs.
struct Execution {
    session: Arc<Session>,
    /// Knows what has arrived.
    running: ExecutePlanResponseReattachableIterator,
    responses: BoxStream<'static, Result<ExecutePlanResponse, SparkError>>,
    pending: VecDeque<RecordBatch>,
    schema: SchemaRef,
}

impl Execution {
    async fn next(&mut self) -> datafusion::common::Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.pending.pop_front() {
                return Ok(Some(batch));
            }
            match self.responses.next().await {
                Some(Ok(response)) => {
                    self.running.set_last_response_id(&response).await;
                    self.take(response)?;
                }
                Some(Err(error)) => return Err(self.session.trouble(&error).await.closed("kind").into()),
                None if self.running.is_completed().await => return Ok(None),
                // Spark ends a stream that grew long or old without an error, and wants to be asked for the rest.
                None => self.reattach().await?,
            }
        }
    }

    fn take(&mut self, response: ExecutePlanResponse) -> datafusion::common::Result<()> {
        let Some(ResponseType::ArrowBatch(sent)) = response.response_type else { return Ok(()) };
        for batch in StreamReader::try_new(Cursor::new(sent.data), None)? {
            self.pending.push_back(conform(&batch?, &self.schema)?);
        }
        Ok(())
    }

    async fn reattach(&mut self) -> datafusion::common::Result<()> {
        let request = self.running.create_reattach_request().await;
        match self.session.client.reattach_execute(request).await {
            Ok(responses) => self.responses = responses.map_err(SparkError::from_grpc_status).boxed(),
            Err(error) => return Err(self.session.trouble(&error).await.closed("kind").into()),
        }
        Ok(())
    }
}

/// Returns the batch with the types that were announced: names inside lists and maps are Spark's own.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> datafusion::common::Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() { Ok(column.clone()) } else { cast(column, field.data_type()) }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

//! The seam between the engine and the places that rows are read from: what every place can be asked.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::optimizer::analyzer::function_rewrite::ApplyFunctionRewrites;

use super::checked::Checked;
use super::spark;
use crate::resource::Instant;
use crate::resource::batch_config::BatchConfig;
use crate::settings::{EngineKind, Services};

/// How much memory sorting and grouping may take together, in bytes.
const MEMORY: usize = 128 * 1024 * 1024;

/// The rows of one batch config, before its post_processor, wherever they lie. Making one opens nothing.
#[async_trait]
pub trait Relation: Debug + Send + Sync {
    /// Returns what changes whenever the rows do (paths, sizes, times), where asking is cheaper than opening.
    async fn version(&self) -> Result<Option<String>, Closed> {
        Ok(None)
    }

    /// Returns the columns.
    async fn schema(&self) -> Result<SchemaRef, Closed>;

    /// Returns what is there and looks like rows of this source, but is not read; as a sentence.
    async fn left_out(&self) -> Result<Option<String>, Closed> {
        Ok(None)
    }

    /// Returns the rows for the engine to scan, with these columns. Filters reach it as far as it can use them;
    /// `window` is for those that know nothing but times.
    async fn table(&self, schema: SchemaRef, window: Window) -> Result<Arc<dyn TableProvider>, Closed>;

    /// Returns how long it may take to answer, unless weir.toml says.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(20)
    }
}

/// The times that are asked for: `start <= time < end`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    pub start: Option<Instant>,
    pub end: Option<Instant>,
}

/// Why the rows cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// Nothing is configured that could open them; the text goes on after "because".
    NotChecked(String),
    /// What is configured does not answer: the declaration may be right.
    Unreachable { message: String, hint: Option<String> },
    /// The declaration is wrong, in this field of the batch config.
    Fault { field: &'static str, message: String, hint: Option<String> },
}

impl Closed {
    pub fn fault(field: &'static str, message: impl Into<String>) -> Self {
        Self::Fault { field, message: message.into(), hint: None }
    }

    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::Unreachable { message: message.into(), hint: None }
    }

    /// Adds what to do next.
    pub fn hint(mut self, text: Option<String>) -> Self {
        match &mut self {
            Self::Fault { hint, .. } | Self::Unreachable { hint, .. } => *hint = text,
            Self::NotChecked(_) => {}
        }
        self
    }
}

/// Says while rows are read why they cannot be had.
impl From<Closed> for DataFusionError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::NotChecked(message) | Closed::Unreachable { message, .. } | Closed::Fault { message, .. } => {
                Self::Execution(message)
            }
        }
    }
}

/// What relations are made in.
#[derive(Clone)]
pub struct Ground {
    /// The folder of the repo.
    pub root: Arc<Path>,
    pub services: Arc<Services>,
    pub session: SessionContext,
    pub spark: spark::Shared,
}

impl Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ground({})", self.root.display())
    }
}

/// Waits for an answer as long as weir.toml says, and as long as `unless_said` where it says nothing.
pub async fn within<T>(ground: &Ground, unless_said: Duration, answer: impl Future<Output = T>) -> Result<T, Closed> {
    let written = ground.services.engine.time_limit;
    let limit = written.map_or(unless_said, |it| Duration::from_secs(it.secs.unsigned_abs()));
    tokio::time::timeout(limit, answer).await.map_err(|_| {
        let late = Closed::unreachable(format!("it did not answer within {} s", limit.as_secs()));
        late.hint(Some("give it longer, as `time_limit = \"2m\"` in the [engine] section of weir.toml".to_owned()))
    })
}

impl Ground {
    /// Makes the engine that everything of one run is planned and carried out in.
    pub fn new(root: &Path, services: &Services) -> Self {
        let config = SessionConfig::new()
            .with_information_schema(false)
            // One after the other, so that the same rows come in the same order every time.
            .with_target_partitions(1)
            // Folders inside a data set are a part of it.
            .set_bool("datafusion.execution.listing_table_ignore_subdirectory", false)
            // Rows that a filter turns away are not decoded.
            .set_bool("datafusion.execution.parquet.pushdown_filters", true)
            // Each file stays a part of its own.
            .set_bool("datafusion.optimizer.repartition_file_scans", false)
            .set_bool("datafusion.execution.collect_statistics", false);
        // What does not fit goes to disk.
        let pool = Arc::new(FairSpillPool::new(MEMORY));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc();
        let runtime = runtime.expect("a memory pool needs nothing from the system");
        // Types are known once the engine's own rules have run.
        let checked = ApplyFunctionRewrites::new(vec![Arc::new(Checked)]);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_analyzer_rule(Arc::new(checked))
            .build();
        let session = SessionContext::new_with_state(state);
        Self { root: root.into(), services: Arc::new(services.clone()), session, spark: spark::Shared::default() }
    }
}

/// Returns the rows that `config` names, or why this build or this configuration has none. Opens nothing.
pub fn relation(ground: &Ground, config: &BatchConfig) -> Result<Arc<dyn Relation>, Closed> {
    match config {
        BatchConfig::FileConfig(config) => super::files::relation(ground, config),
        BatchConfig::HiveConfig(config) => match ground.services.engine.kind {
            EngineKind::Spark => spark::hive(ground, config),
            EngineKind::Datafusion => super::hive_files::relation(ground, config),
        },
        BatchConfig::RedshiftConfig(config) => super::redshift::relation(ground, config),
        BatchConfig::SnowflakeConfig(config) => super::snowflake::relation(ground, config),
        BatchConfig::SparkBatchConfig(config) => spark::function(ground, config),
    }
}

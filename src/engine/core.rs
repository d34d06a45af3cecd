//! The state that all parts of one engine share: the folder where paths start, the services, the memory, the session
//! with Spark, and the turns at the warehouses.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::optimizer::analyzer::function_rewrite::ApplyFunctionRewrites;

use super::checked::Checked;
use super::place::warehouse::Turns;
use super::relation::Closed;
use super::spark::Connection;
use crate::settings::Services;

/// The memory that sorting and grouping may take together, in bytes.
const MEMORY: usize = 128 * 1024 * 1024;

/// The shared state that relations are made with. A clone shares it.
#[derive(Clone)]
pub struct Core {
    /// The folder that relative paths start from.
    pub root: Arc<Path>,
    pub services: Arc<Services>,
    pub session: SessionContext,
    pub spark: Connection,
    pub turns: Turns,
}

impl Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Core({})", self.root.display())
    }
}

impl Core {
    pub fn new(root: &Path, services: &Services) -> Self {
        let config = SessionConfig::new()
            .with_information_schema(false)
            // One partition, so that the same rows come in the same order every time.
            .with_target_partitions(1)
            // Folders inside a data set are a part of it.
            .set_bool("datafusion.execution.listing_table_ignore_subdirectory", false)
            // Rows that a filter turns away are not decoded.
            .set_bool("datafusion.execution.parquet.pushdown_filters", true)
            // Each file stays a part of its own.
            .set_bool("datafusion.optimizer.repartition_file_scans", false)
            .set_bool("datafusion.execution.collect_statistics", false);
        // Rows that do not fit go to disk.
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
        Self {
            root: root.into(),
            services: Arc::new(services.clone()),
            session: SessionContext::new_with_state(state),
            spark: Connection::default(),
            turns: Turns::default(),
        }
    }

    /// Waits for an answer as long as weir.toml says, and as long as `unless_said` where it says nothing.
    pub async fn within<T>(&self, unless_said: Duration, answer: impl Future<Output = T>) -> Result<T, Closed> {
        let written = self.services.engine.time_limit;
        let limit = written.map_or(unless_said, |it| Duration::from_secs(it.secs.unsigned_abs()));
        tokio::time::timeout(limit, answer).await.map_err(|_| {
            let late = Closed::unreachable(format!("it did not answer within {} s", limit.as_secs()));
            late.hint(Some("give it longer, as `time_limit = \"2m\"` in the [engine] section of weir.toml".to_owned()))
        })
    }
}

//! SparkBatchConfig: a data source function, run by a Python of its own that joins weir's session with Spark. What it
//! returns stays there as a view, which is then read like any other table.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use futures::future::join3;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::client::{Session, TIME_LIMIT};
use super::plan::Plan;
use super::quote::quoted;
use super::scan;
use crate::diagnostic::did_you_mean;
use crate::engine::core::Core;
use crate::engine::relation::{Closed, Relation, Window};
use crate::resource::batch_config::SparkBatchConfig;

const FIELD: &str = "data_source_function";
const PROGRAM: &str = include_str!("function.py");

/// How much is kept of what Python says.
const KEPT: usize = 64 * 1024;

/// A function, and where it is run.
#[derive(Debug, Clone)]
pub struct Function {
    core: Core,
    config: SparkBatchConfig,
}

/// The program's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    sort: String,
    #[serde(default)]
    message: String,
    line: Option<usize>,
}

impl Function {
    pub fn new(core: &Core, config: &SparkBatchConfig) -> Self {
        Self { core: core.clone(), config: config.clone() }
    }

    /// Runs the function for these times and returns the plan of its rows.
    pub async fn plan(&self, window: Window) -> Result<Plan, Closed> {
        Ok(Plan::view(&self.view(window).await?.1))
    }

    /// Runs the function and returns the view that holds its rows.
    async fn view(&self, window: Window) -> Result<(Arc<Session>, String), Closed> {
        let session = self.core.spark.session(&self.core.services).await?;
        // The semaphore is never closed: without a permit we run as well.
        let _permit = session.functions.acquire().await.ok();
        let view = session.new_name();
        let answer = self.run(&session, &view, window).await?;
        match answer.sort.as_str() {
            "done" => Ok((session.clone(), view)),
            _ => Err(self.fault(&answer)),
        }
    }

    async fn run(&self, session: &Session, view: &str, window: Window) -> Result<Answer, Closed> {
        let (file, function) = self.names();
        // On standard input, where no list of processes shows it: the URL may hold a token.
        let request = serde_json::json!({
            "url": session.joining_url(),
            "file": file,
            "text": self.config.data_source_text,
            "function": function,
            "supports_time_filtering": self.config.supports_time_filtering.unwrap_or(false),
            "start": window.start.map(|it| it.secs),
            "end": window.end.map(|it| it.secs),
            "view": view,
        });
        let python = self.core.services.engine.python.as_deref().unwrap_or("python3");
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).current_dir(&*self.core.root).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|it| {
            let absent = Closed::unreachable(format!("`{python}`, which runs data source functions: {it}"));
            absent.hint(Some("name the Python as `python = \"...\"` in the [engine] section of weir.toml".to_owned()))
        })?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut input) = input {
                // A Python that is gone has said why.
                let _ = input.write_all(request.to_string().as_bytes()).await;
            }
        };
        let ((), said, complained) = join3(write, tail(output), tail(errors)).await;
        let status = child.wait().await;
        serde_json::from_str(&said).map_err(|_| {
            let status = status.map_or_else(|it| it.to_string(), |it| it.to_string());
            let last = complained.lines().rev().find(|it| !it.trim().is_empty()).unwrap_or(&status);
            let last = session.without_secrets(last);
            Closed::fault(FIELD, format!("the Python that ran `{function}` ended without an answer: {last}"))
        })
    }

    fn names(&self) -> (&str, &str) {
        let written = self.config.data_source_function.as_str();
        written.rsplit_once(':').unwrap_or((written, ""))
    }

    fn fault(&self, answer: &Answer) -> Closed {
        let (file, function) = self.names();
        let said = &answer.message;
        let at = answer.line.map(|it| format!(" (line {it} of {file})")).unwrap_or_default();
        match answer.sort.as_str() {
            "syntax" => Closed::fault(FIELD, format!("`{file}` is not Python: {said}{at}")),
            "missing" => {
                let near = did_you_mean(function, said.split(", "));
                Closed::fault(FIELD, format!("`{file}` has no function `{function}`")).hint(near)
            }
            "signature" => {
                let wanted = match self.config.supports_time_filtering {
                    Some(true) => format!("write `def {function}(spark, filter_context):`"),
                    _ if said.contains("filter_context") => {
                        "write `supports_time_filtering: true` beside it".to_owned()
                    }
                    _ => format!("write `def {function}(spark):`"),
                };
                let takes = format!("`{function}` takes `{said}`, which is not what it is given{at}");
                Closed::fault(FIELD, takes).hint(Some(wanted))
            }
            "raised" => Closed::fault(FIELD, format!("`{function}` raised {said}{at}")),
            "result" => {
                let fault = Closed::fault(FIELD, format!("`{function}` returned {said}, not a DataFrame of Spark"));
                fault.hint(Some("return what `spark.read`, `spark.table` or `spark.sql` gives".to_owned()))
            }
            "frame" => Closed::fault(FIELD, format!("the DataFrame that `{function}` returned does not stand: {said}")),
            "pyspark" => {
                let python = self.core.services.engine.python.as_deref().unwrap_or("python3");
                let fault =
                    Closed::unreachable(format!("`{python}` has no PySpark, which data source functions need: {said}"));
                fault.hint(Some(format!("run `{python} -m pip install 'pyspark[connect]'`")))
            }
            _ => Closed::unreachable(format!("`{function}` cannot join the session with Spark: {said}")),
        }
    }
}

/// Reads to the end and returns the last of it.
async fn tail(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        let mut chunk = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
            kept.extend_from_slice(&chunk[..length]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[async_trait]
impl Relation for Function {
    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let (session, view) = self.view(Window::default()).await?;
        session.schema(&Plan::view(&view)).await.map_err(|it| it.closed(FIELD))
    }

    async fn table(&self, schema: SchemaRef, window: Window) -> Result<Arc<dyn TableProvider>, Closed> {
        let (session, view) = self.view(window).await?;
        Ok(scan::table(session, quoted(&view), schema))
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

//! The rows of a source or a view, as they are now: `get_dataframe` of the seed (facts 8.5).

use std::io::Write;

use super::core::Core;
use super::embedded::Embedded;
use super::pipeline::{Pipeline, no_batch_config, unreadable};
use super::relation::Window;
use super::shown::{Format, Found, Request, Seen};
use super::{show, spark};
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::Catalog;
use crate::resource::batch_config::BatchConfig;
use crate::settings::EngineKind;

/// The largest number of rows that the engine counts.
const LIMIT_MAX: usize = i64::MAX as usize;

/// Reads the rows and writes them to `out`, a few at a time.
pub async fn preview(
    core: &Core,
    request: &Request<'_>,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<Seen, Vec<Found>> {
    let address = &request.asked.address;
    let catalog = Catalog::new(request.resources.iter().copied());
    let window = Window { start: request.start, end: request.end };
    let written = if is_on_spark(core, request) {
        let (schema, rows) = spark::preview(core, request, &catalog).await?;
        show::write(schema, rows, format, out).await
    } else {
        let runner = &Embedded::new(core);
        let pipeline = Pipeline { runner, catalog: &catalog, asked: request.asked, window, raw: request.raw };
        let rows = pipeline.rows().await?.limit(0, request.limit.map(|it| it.min(LIMIT_MAX)));
        show::write_frame(rows.map_err(|it| vec![unreadable(address, &it.strip_backtrace())])?, format, out).await
    };
    written.map_err(|it| {
        let mut found = unreadable(address, &it.reason);
        found.diagnostic.hints.extend(it.hint);
        vec![found]
    })
}

/// Says whether Spark computes the rows. weir reads a source that Spark cannot read, unless a query runs over it.
fn is_on_spark(core: &Core, request: &Request) -> bool {
    let is_plain =
        |it: &BatchConfig| !it.config().is_read_by_spark() && (request.raw || it.config().post_processor().is_none());
    core.services.engine.kind == EngineKind::Spark
        && !request.asked.spec.declaration().source().and_then(|it| it.batch()).is_some_and(is_plain)
}

/// Refuses requests that cannot be shown, in the seed's order: raw rows have no times, and some resources no rows.
pub fn check(request: &Request) -> Result<(), Found> {
    let address = &request.asked.address;
    let declaration = request.asked.spec.declaration();
    let timed = request.start.is_some() || request.end.is_some();
    let refuse = |path: &str, reason: String, hint: &str| {
        Err(Found::at(address, path, Diagnostic::error(Code::D007, reason).hint(hint)))
    };
    if let (Some(start), Some(end)) = (request.start, request.end)
        && end <= start
    {
        return refuse("name", format!("no time is between {start} and {end}"), "give an --end after the --start");
    }
    if declaration.view().is_some() {
        return match request.raw {
            true => refuse("name", format!("`{address}` has no post_processor to leave out"), "leave out --raw"),
            false => Ok(()),
        };
    }
    let Some(source) = declaration.source() else {
        let reason = format!("`{address}` has no rows: only sources and views have");
        return refuse("name", reason, "name a source or a view");
    };
    if request.raw && timed {
        let reason = format!("times cannot be given with --raw: the time of a row of `{address}` is known afterwards");
        return refuse("name", reason, "leave out --raw, or --start and --end");
    }
    let Some(config) = source.batch() else {
        return Err(no_batch_config(address));
    };
    match config {
        BatchConfig::SparkBatchConfig(function) if request.raw => {
            let name = &function.data_source_function;
            let reason = format!("`{name}` of `{address}` has no post_processor to leave out");
            refuse("batch_config.data_source_function", reason, "leave out --raw")
        }
        BatchConfig::SparkBatchConfig(function) if timed && function.supports_time_filtering != Some(true) => {
            let name = &function.data_source_function;
            let reason = format!("`{name}` of `{address}` cannot filter by time");
            let hint = "let it take a filter_context and write `supports_time_filtering: true`, or leave out the times";
            refuse("batch_config.data_source_function", reason, hint)
        }
        BatchConfig::SparkBatchConfig(_) => Ok(()),
        other if timed && other.config().timestamp_field().is_none() => {
            let reason = format!("`{address}` has no timestamp_field, so its rows cannot be chosen by time");
            refuse("batch_config", reason, "write `timestamp_field:` with the column that holds the time of a row")
        }
        _ => Ok(()),
    }
}

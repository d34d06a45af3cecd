//! The rows of a source or a view, as they are now: `get_dataframe` of the seed (facts 8.5).

mod embedded;

use super::relation::{Closed, Ground};
use super::show;
use super::shown::{Format, Request, Seen};
use super::source::{closed_fault, no_threads, room, runtime};
use super::{panics, spark};
use crate::diagnostic::{Code, Diagnostic, DocumentId};
use crate::resource::Address;
use crate::resource::batch_config::BatchConfig;
use crate::settings::EngineKind;
use crate::sql;

/// Writes the rows to `out`, a few at a time.
pub fn preview(
    request: &Request,
    format: Format,
    out: &mut (dyn std::io::Write + Send),
) -> Result<Seen, Vec<Diagnostic>> {
    check_request(request).map_err(|it| vec![it])?;
    room(1).map_err(|it| vec![no_threads(&it)])?;
    std::thread::scope(|scope| {
        let shown = std::thread::Builder::new()
            .stack_size(sql::STACK)
            .spawn_scoped(scope, || panics::with_threads(|| read_and_write(request, format, out)));
        let no_threads = |it: String| Err(vec![no_threads(&it)]);
        match shown.map(std::thread::ScopedJoinHandle::join) {
            Err(error) => no_threads(error.to_string()),
            Ok(Ok(seen)) => seen.unwrap_or_else(no_threads),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
        }
    })
}

fn read_and_write(
    request: &Request,
    format: Format,
    out: &mut (dyn std::io::Write + Send),
) -> Result<Seen, Vec<Diagnostic>> {
    let ground = Ground::new(request.root, request.services);
    let runtime = runtime().map_err(|it| vec![no_threads(&it)])?;
    let seen = runtime.block_on(async {
        let written = if is_on_spark(request) {
            let (schema, rows) = spark::preview(&ground, request).await?;
            show::write(schema, rows, format, out).await
        } else {
            show::write_frame(embedded::rows(&ground, request).await?, format, out).await
        };
        written.map_err(|it| vec![unreadable(request, &it.reason).hint_if(it.hint)])
    });
    runtime.block_on(ground.spark.close());
    // A source that still has not answered is not waited for.
    runtime.shutdown_background();
    seen
}

/// Says whether Spark computes the rows. What it cannot read is read by weir itself, as long as no query has to run over it.
fn is_on_spark(request: &Request) -> bool {
    let declaration = request.declared.resource.spec.declaration();
    let is_plain = |it: &BatchConfig| {
        let elsewhere = matches!(it, BatchConfig::RedshiftConfig(_) | BatchConfig::SnowflakeConfig(_));
        elsewhere && (request.raw || it.config().post_processor().is_none())
    };
    request.services.engine.kind == EngineKind::Spark
        && !declaration.source().and_then(|it| it.batch).is_some_and(is_plain)
}

pub fn unreadable(request: &Request, reason: &str) -> Diagnostic {
    let (address, document) = (&request.declared.resource.address, request.declared.document);
    Diagnostic::error(Code::D008, format!("the rows of `{address}` cannot be read: {reason}")).at(document, "name")
}

/// Refuses what cannot be shown, in the seed's order: what is raw has no times, and not everything has rows.
fn check_request(request: &Request) -> Result<(), Diagnostic> {
    let (resource, document) = (&request.declared.resource, request.declared.document);
    let address = &resource.address;
    let declaration = resource.spec.declaration();
    let timed = request.start.is_some() || request.end.is_some();
    let refuse = |path: &str, reason: String, hint: &str| {
        Err(Diagnostic::error(Code::D007, reason).at(document, path).hint(hint))
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
    let Some(config) = source.batch else {
        return Err(no_batch_config(address, document));
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

/// Returns why the rows of a push source without batch config cannot be shown: nobody keeps them.
pub fn no_batch_config(address: &Address, document: DocumentId) -> Diagnostic {
    let reason = format!("`{address}` has no batch_config, so there are no rows to show");
    let hint = "send records to its ingest endpoint once it is applied, or give it a `batch_config`";
    Diagnostic::error(Code::D007, reason).at(document, "name").hint(hint)
}

/// Returns why a source cannot be read: what validate leaves unchecked, nobody can show.
pub fn cannot_open(address: &Address, document: DocumentId, closed: &Closed) -> Diagnostic {
    match closed {
        Closed::NotChecked(reason) => {
            let summary = format!("the rows of `{address}` cannot be read, because {reason}");
            Diagnostic::error(Code::D007, summary).at(document, "batch_config")
        }
        other => closed_fault(address, document, other),
    }
}

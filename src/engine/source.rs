//! Sources: opened all at once, each within its time, then checked against what is declared of them.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use rayon::prelude::*;
use tokio::task::JoinSet;

use super::cache::{self, Cache, Checker, Known};
use super::core::Core;
use super::fault::Fault;
use super::place::file_schema::UNKNOWN;
use super::place::locate::NOT_A_PLACE;
use super::place::text::SAMPLE;
use super::query::{Refused, Sql};
use super::relation::{Closed, Relation};
use super::shown::{Found, Spot, Unread};
use super::{place, timestamp, types};
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::batch_config::BatchConfig;
use crate::resource::{Address, Field, OpenedColumns, Resource, typed};
use crate::sql;

/// Opens the batch configs of all sources at once. Returns the columns of each before its post_processor.
///
/// A source whose version the cache knows is not opened again.
pub async fn open_all(
    resources: &[&Resource],
    core: &Core,
    cache: &Arc<Cache>,
) -> HashMap<Address, Result<Opened, Closed>> {
    let mut opening = JoinSet::new();
    for (resource, config) in batch_configs(resources).filter(|it| only_reads(it.0)) {
        let (address, config, core) = (resource.address.clone(), config.clone(), core.clone());
        let cache = cache.clone();
        opening.spawn(async move { (address, open(&core, &config, &cache).await) });
    }
    let mut opened = HashMap::new();
    while let Some(result) = opening.join_next().await {
        // A task that panics takes the process with it, as a panic anywhere else does.
        let (address, schema) = result.unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic()));
        opened.insert(address, schema);
    }
    opened
}

/// Says whether the queries that the source sends to a warehouse only read. Others were refused, and are not sent.
fn only_reads(resource: &Resource) -> bool {
    let queries = resource.spec.declaration().queries();
    let mut asked = queries.iter().filter_map(|it| Some((it.dialect?, it.text)));
    asked.all(|(dialect, text)| match sql::parse(text) {
        Ok(query) => sql::more_than_reads(&query).is_none(),
        Err(fault) => dialect.may_know_better(&fault),
    })
}

/// The numbers of threads that wait for answers, and that read files. Queries are planned on other threads.
const WORKERS: usize = 2;
const BLOCKING: usize = 32;

/// Returns the threads that open sources, with extra ones for blocking calls.
pub fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .build();
    runtime.map_err(|it| it.to_string())
}

/// Returns the threads that plan queries, with stacks for deep ones.
pub fn pool() -> Result<rayon::ThreadPool, String> {
    room(std::thread::available_parallelism().map_or(1, usize::from))?;
    rayon::ThreadPoolBuilder::new().stack_size(sql::STACK).build().map_err(|it| it.to_string())
}

/// Errors where memory lacks for as many threads with stacks for deep queries, and for `REST` beside them.
pub fn room(threads: usize) -> Result<(), String> {
    if sql::has_room(threads, REST) { Ok(()) } else { Err("there is too little memory for its stack".to_owned()) }
}

/// The bytes that are kept for sources and for plans of queries: 34 stacks of 2 MiB, and 256 MiB.
const REST: usize = (WORKERS + BLOCKING) * 2 * 1024 * 1024 + 256 * 1024 * 1024;

/// Returns the error where the system gives no thread to open sources with.
pub fn no_threads(reason: &str) -> Found {
    let summary = format!("no source can be opened, because the system gives no thread for it: {reason}");
    let hint = "allow more memory and processes (`ulimit -v`, `ulimit -u`), or leave the sources alone with --offline";
    Found::nowhere(Diagnostic::error(Code::D005, summary).hint(hint))
}

/// Opens one batch config.
async fn open(core: &Core, config: &BatchConfig, cache: &Cache) -> Result<Opened, Closed> {
    let relation = place::relation(core, config)?;
    let columns = async {
        let Some(version) = relation.version().await? else { return Ok(Known::new(&*relation.schema().await?)) };
        let declared = serde_json::to_vec(config).expect("configs hold only plain data");
        let key = cache::key(&[b"relation", &declared, version.as_bytes()]);
        if let Some(known) = cache.get(key) {
            return Ok(known);
        }
        let known = Known::new(&*relation.schema().await?);
        cache.put(key, &known);
        Ok(known)
    };
    let opened = async {
        let (known, left_out) = (columns.await?, relation.left_out().await?);
        let is_unknown = |it: &&Arc<ArrowField>| it.metadata().contains_key(UNKNOWN);
        let unknown = known.schema.fields().iter().filter(is_unknown).map(|it| it.name().clone()).collect::<Vec<_>>();
        // The mark serves this message alone, and is taken off.
        let known = if unknown.is_empty() { known } else { Known::new(&unmarked(&known.schema)) };
        Ok(Opened { known, unknown, left_out })
    };
    in_time(core, &*relation, opened).await
}

fn unmarked(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(|it| it.as_ref().clone().with_metadata(HashMap::new())).collect::<Vec<_>>())
}

/// A source that has been opened.
pub struct Opened {
    known: Known,
    /// The columns that are text because no value told their type.
    unknown: Vec<String>,
    /// A sentence about data that is there and is not read.
    left_out: Option<String>,
}

/// The field of the query that runs over the rows as they are read.
const POST_PROCESSOR: &str = "batch_config.post_processor";

/// Waits for an answer of `relation`, within its time.
pub async fn in_time<T>(
    core: &Core,
    relation: &dyn Relation,
    answer: impl Future<Output = Result<T, Closed>>,
) -> Result<T, Closed> {
    core.within(relation.time_limit(), answer).await?
}

fn batch_configs<'a>(resources: &[&'a Resource]) -> impl Iterator<Item = (&'a Resource, &'a BatchConfig)> {
    resources.iter().filter_map(|it| Some((*it, it.spec.declaration().source()?.batch()?)))
}

/// Returns the table that queries read from each source, where it is known, and the columns of its stored rows.
pub fn check_all(
    resources: &[&Resource],
    opened: HashMap<Address, Result<Opened, Closed>>,
    checker: &Checker,
    unread: &Unread,
    found: &mut Vec<Found>,
) -> (HashMap<Address, Known>, HashMap<Address, OpenedColumns>) {
    let sources: Vec<(&Resource, &BatchConfig)> = batch_configs(resources).collect();
    let checked: Vec<_> = sources
        .par_iter()
        .filter_map(|(resource, config)| {
            let opened = opened.get(&resource.address)?;
            let mut faults = Vec::new();
            let yields = check_one(resource, config, opened, checker, unread, &mut faults);
            Some((resource.address.clone(), yields, faults))
        })
        .collect();
    let mut tables = HashMap::new();
    for (address, yields, faults) in checked {
        tables.extend(yields.map(|it| (address, it)));
        // That Spark does not answer is said once.
        for fault in faults {
            if !found.contains(&fault) {
                found.push(fault);
            }
        }
    }
    let columns = tables.iter().map(|it: (&Address, &Known)| (it.0.clone(), types::opened(&it.1.schema))).collect();
    // A push source has its declared columns, whatever its stored rows have.
    for resource in resources {
        if let Some(fields) = pushed_fields(resource) {
            tables.insert(resource.address.clone(), Known::new(&types::schema(&fields)));
        }
    }
    (tables, columns)
}

/// Returns the fields of an event, when this is a source that is pushed to.
pub fn pushed_fields(source: &Resource) -> Option<Vec<Field>> {
    let source = source.spec.declaration().source().filter(|it| it.is_pushed())?;
    typed(&source.columns()?)
}

/// Returns what comes out of one batch config; reports what is wrong with it.
fn check_one(
    resource: &Resource,
    config: &BatchConfig,
    opened: &Result<Opened, Closed>,
    checker: &Checker,
    unread: &Unread,
    faults: &mut Vec<Found>,
) -> Option<Known> {
    let address = &resource.address;
    let input = match opened {
        Ok(opened) => {
            faults.extend(noted(address, opened));
            opened.known.clone()
        }
        Err(Closed::Fault { message, .. }) if message.ends_with(NOT_A_PLACE) => return None,
        Err(closed) => {
            faults.push(closed_fault(address, closed));
            return None;
        }
    };
    let yields = match config.config().post_processor() {
        None => input,
        Some(_) if unread.contains(&(address.clone(), POST_PROCESSOR.to_owned())) => return None,
        Some(text) => match checker.query(text, &[("input".to_owned(), input)]) {
            Ok(known) => known,
            Err(refused) => {
                faults.push(refusal(address, POST_PROCESSOR, refused));
                return None;
            }
        },
    };
    check_format(address, config, &yields.schema, faults);
    let yields = match text_timestamp(config, &yields.schema) {
        Some((field, _)) => Known::new(&timestamp::read_schema(&yields.schema, field)),
        None => yields,
    };
    Some(yields)
}

/// Returns the warnings about a source that could be opened.
fn noted(address: &Address, opened: &Opened) -> Vec<Found> {
    let left_out = opened.left_out.as_ref().map(|it| {
        let hint = "give all files of the folder one ending, or name those that count with a glob";
        let noted = Diagnostic::warning(Code::D009, format!("the folder of `{address}` holds more: {it}")).hint(hint);
        Found::at(address, "batch_config.uri", noted)
    });
    let unknown = (!opened.unknown.is_empty()).then(|| {
        let (list, is) = match opened.unknown.as_slice() {
            [one] => (format!("column `{one}`"), "it is"),
            many => (format!("columns `{}`", many.join("`, `")), "they are"),
        };
        let summary = format!("no value of the first {SAMPLE} rows tells a type for {list} of `{address}`: {is} text");
        let hint = "say the type in `schema_override`";
        Found::at(address, "batch_config.uri", Diagnostic::warning(Code::D010, summary).hint(hint))
    });
    left_out.into_iter().chain(unknown).collect()
}

/// Returns why the rows of `address` cannot be had, at the field that says so.
pub fn closed_fault(address: &Address, closed: &Closed) -> Found {
    match closed {
        Closed::NotChecked(reason) => {
            let summary = format!("not checked: the rows of `{address}`, because {reason}");
            Found::at(address, "batch_config", Diagnostic::warning(Code::V104, summary))
        }
        Closed::Fault { field, message, hint } => {
            let fault = Diagnostic::error(Code::D001, format!("the source of `{address}` cannot be opened: {message}"));
            Found::at(address, format!("batch_config.{field}"), fault.hint_if(hint.clone()))
        }
        Closed::Unreachable { message, hint } => {
            let fault =
                Diagnostic::error(Code::D005, format!("the source of `{address}` cannot be reached: {message}"));
            Found::at(address, "batch_config", fault.hint_if(hint.clone()))
        }
    }
}

/// Returns the timestamp field and its format, where it is written as text.
pub fn text_timestamp<'a>(config: &'a BatchConfig, yields: &SchemaRef) -> Option<(&'a str, &'a str)> {
    let (field, format) = (config.config().timestamp_field()?, config.config().timestamp_format()?);
    timestamp::is_text(yields, field).then_some((field, format))
}

/// Returns why the output of a query is not known.
pub fn refusal(address: &Address, path: &str, refused: Refused) -> Found {
    match refused {
        Refused::Fault(fault) => query_fault(address, path, &fault),
        Refused::Closed(Closed::NotChecked(reason)) => {
            let summary = format!("not checked: `{path}` of `{address}`, because {reason}");
            Found::at(address, path, Diagnostic::warning(Code::V104, summary))
        }
        // One message for all queries: none of them is the reason.
        Refused::Closed(Closed::Unreachable { message, hint } | Closed::Fault { message, hint, .. }) => {
            let summary = format!("the engine that queries are checked on cannot be reached: {message}");
            Found::nowhere(Diagnostic::error(Code::D005, summary).hint_if(hint))
        }
    }
}

/// Returns a diagnostic at the place of a query's fault.
pub fn query_fault(address: &Address, path: &str, fault: &Fault) -> Found {
    let inside = Some((fault.line, fault.column));
    let summary = format!("`{path}` of `{address}` does not fit its tables: {}", fault.message);
    let diagnostic = Diagnostic::error(Code::D002, summary).hint_if(fault.hint.clone());
    Found { at: Some(Spot { address: address.clone(), path: path.to_owned(), inside }), diagnostic: diagnostic.into() }
}

/// Reports a timestamp_format that cannot be read.
fn check_format(address: &Address, config: &BatchConfig, yields: &SchemaRef, faults: &mut Vec<Found>) {
    let Some((_, format)) = text_timestamp(config, yields) else { return };
    if let Err(reason) = timestamp::chrono_format(format) {
        let summary =
            format!("timestamp_format `{format}` of the batch_config of `{address}` cannot be read: {reason}");
        let hint = "write it with letters such as yyyy-MM-dd HH:mm:ss, or CAST the column in the post_processor";
        let fault = Diagnostic::error(Code::V016, summary).hint(hint);
        faults.push(Found::at(address, "batch_config.timestamp_format", fault));
    }
}

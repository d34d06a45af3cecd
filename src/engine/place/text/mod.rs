//! Files of text: CSV and JSON. Every value is read as text first and then becomes a value of its column's type, so
//! that none is lost or changed on the way, and so that a fault has a line and a column.

mod csv;
mod decode;
mod json;
mod look;
mod typed;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::Read as _;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt};

use decode::{Columns, Decode, Fault};

pub use look::Look;
pub use typed::is_readable;

/// How many rows of each file tell the types of its columns.
pub const SAMPLE: usize = 1000;

/// How many bytes are read at once, and how many of text make a batch at most.
const READ: usize = 256 * 1024;
/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

/// A fault in a file that has a name.
#[derive(Debug)]
pub struct Unreadable {
    message: String,
    pub hint: Option<String>,
}

impl Unreadable {
    fn new(file: &str, fault: &Fault) -> Self {
        let hint = format!("the first {SAMPLE} rows tell the type: say it in `schema_override`");
        Self { message: format!("`{file}`, {fault}"), hint: fault.is_guess.then_some(hint) }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

/// Finds out what columns a file has. What no value tells of is `Null`.
pub async fn infer(format: Format, store: &dyn ObjectStore, file: &ObjectMeta) -> Result<Result<SchemaRef, Fault>> {
    let mut bytes = Bytes::open(store, &file.location).await?;
    let mut full = VecDeque::new();
    let (mut csv, mut json) = (csv::Csv::new(None, SAMPLE), json::Sample::default());
    loop {
        let next = bytes.next().await?;
        let bytes = next.as_deref().unwrap_or_default();
        let step = match format {
            Format::Json => json.push(bytes, SAMPLE),
            Format::Csv if next.is_none() => csv.finish(&mut full).map(|()| true),
            Format::Csv => csv.push(bytes, &mut full).map(|()| !full.is_empty()),
        };
        match step {
            Err(fault) if full.is_empty() => return Ok(Err(fault)),
            Ok(false) if next.is_some() => {}
            _ => break,
        }
    }
    let schema = match format {
        Format::Json => json.schema(),
        Format::Csv => {
            let look = |rows: &RecordBatch, index: usize| {
                let texts = rows.column(index).as_string::<i32>().iter().flatten();
                texts.map(Look::of).fold(Look::default(), Look::and)
            };
            let fields = csv.columns().map(|it| it.schema.fields().clone()).unwrap_or_default();
            let typed = |(index, it): (usize, &Arc<Field>)| {
                let dtype = full.front().map_or(DataType::Null, |rows| look(rows, index).data_type());
                it.as_ref().clone().with_data_type(dtype)
            };
            Schema::new(fields.iter().enumerate().map(typed).collect::<Vec<_>>())
        }
    };
    Ok(Ok(Arc::new(schema)))
}

/// The bytes of a file, a piece at a time.
enum Bytes {
    File(std::fs::File),
    Stream(BoxStream<'static, object_store::Result<Vec<u8>>>),
}

impl Bytes {
    async fn open(store: &dyn ObjectStore, file: &Path) -> Result<Self> {
        Ok(match store.get(file).await?.payload {
            GetResultPayload::File(file, _) => Self::File(file),
            GetResultPayload::Stream(bytes) => Self::Stream(bytes.map_ok(|it| it.to_vec()).boxed()),
        })
    }

    /// Returns the next piece, which is not empty; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::File(file) => {
                let mut bytes = Vec::with_capacity(READ);
                file.take(READ as u64).read_to_end(&mut bytes)?;
                Ok((!bytes.is_empty()).then_some(bytes))
            }
            Self::Stream(stream) => loop {
                match stream.next().await.transpose()? {
                    Some(bytes) if bytes.is_empty() => {}
                    other => return Ok(other),
                }
            },
        }
    }
}

/// A data set of text files as the engine scans it.
#[derive(Clone)]
pub struct TextSource {
    format: Format,
    schema: TableSchema,
    /// The columns whose types are declared.
    declared: Arc<[String]>,
    /// What a person calls each file.
    names: Arc<HashMap<Path, String>>,
    projection: SplitProjection,
    batch_size: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl TextSource {
    pub fn new(
        format: Format,
        schema: TableSchema,
        declared: Arc<[String]>,
        names: Arc<HashMap<Path, String>>,
    ) -> Self {
        let (projection, metrics) = (SplitProjection::unprojected(&schema), ExecutionPlanMetricsSet::new());
        Self { format, schema, declared, names, projection, batch_size: 8192, metrics }
    }
}

impl FileSource for TextSource {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        _: &FileScanConfig,
        _: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let whole = self.schema.file_schema();
        let schema = Arc::new(whole.project(&self.projection.file_indices)?);
        let declared = schema.fields().iter().map(|it| self.declared.contains(it.name())).collect();
        let wanted = Columns { schema, places: self.projection.file_indices.clone(), declared };
        let opener =
            Opener { format: self.format, wanted, batch_size: self.batch_size, names: self.names.clone(), store };
        ProjectionOpener::try_new(self.projection.clone(), Arc::new(opener), whole)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_size, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.schema.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        match self.format {
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }

    fn supports_repartitioning(&self) -> bool {
        false
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.projection.source.iter(), f)
    }
}

struct Opener {
    format: Format,
    wanted: Columns,
    batch_size: usize,
    names: Arc<HashMap<Path, String>>,
    store: Arc<dyn ObjectStore>,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (store, location) = (self.store.clone(), file.object_meta.location);
        let name = self.names.get(&location).cloned().unwrap_or_else(|| location.to_string());
        let decoder: Box<dyn Decode> = match self.format {
            Format::Csv => Box::new(csv::Csv::new(Some(self.wanted.clone()), self.batch_size)),
            Format::Json => Box::new(json::Json::new(self.wanted.clone(), self.batch_size)),
        };
        Ok(Box::pin(async move {
            let bytes = Bytes::open(&*store, &location).await?;
            let reading = Reading { bytes, decoder, name, ready: VecDeque::new(), end: None };
            let batches = stream::unfold(reading, |mut it| async move { it.next().await.map(|batch| (batch, it)) });
            Ok(batches.boxed())
        }))
    }
}

/// A file that is being read.
struct Reading {
    bytes: Bytes,
    decoder: Box<dyn Decode>,
    name: String,
    ready: VecDeque<RecordBatch>,
    /// How it ended, once it has.
    end: Option<Result<()>>,
}

impl Reading {
    /// Returns the next rows. Those before a fault come before it.
    async fn next(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if let Some(end) = &mut self.end {
                return std::mem::replace(end, Ok(())).err().map(Err);
            }
            let step = match self.bytes.next().await {
                Ok(Some(bytes)) => self.decoder.push(&bytes, &mut self.ready).map(|()| false),
                Ok(None) => self.decoder.finish(&mut self.ready).map(|()| true),
                Err(error) => {
                    self.end = Some(Err(error));
                    continue;
                }
            };
            self.end = match step {
                Ok(false) => None,
                Ok(true) => Some(Ok(())),
                Err(fault) => Some(Err(DataFusionError::External(Box::new(Unreadable::new(&self.name, &fault))))),
            };
        }
    }
}

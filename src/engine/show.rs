//! Writes rows as they come: a table for eyes, CSV, JSON, Parquet. Memory holds a few batches, never all of them.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{EncoderOptions, JsonArray, WriterBuilder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;

use super::cells::Floats;
use super::place::text::Unreadable;
use super::shown::{Format, Scan, Seen};
use super::{cells, panics, words};

/// The rows in a row group of a written Parquet file. Memory holds them until the group is full.
const ROW_GROUP: usize = 64 * 1024;

/// The reason why rows were not written, with what to do next.
#[derive(Debug)]
pub struct Trouble {
    pub reason: String,
    pub hint: Option<String>,
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self { reason, hint: None }
    }
}

impl From<ArrowError> for Trouble {
    fn from(error: ArrowError) -> Self {
        error.to_string().into()
    }
}

impl From<DataFusionError> for Trouble {
    fn from(error: DataFusionError) -> Self {
        let hint = match error.find_root() {
            DataFusionError::External(root) => root.downcast_ref::<Unreadable>().and_then(|it| it.hint.clone()),
            _ => None,
        };
        Self { reason: words::plain(&error), hint }
    }
}

/// Carries out the plan of `rows` and writes them.
pub async fn write_frame(rows: DataFrame, format: Format, out: &mut (dyn Write + Send)) -> Result<Seen, Trouble> {
    let (context, plan) = (Arc::new(rows.task_ctx()), rows.create_physical_plan().await?);
    let batches = execute_stream(plan.clone(), context)?;
    let mut seen = write(plan.schema(), batches, format, out).await?;
    scanned(&*plan, &mut seen.scan);
    Ok(seen)
}

/// Writes rows as they come.
pub async fn write(
    schema: SchemaRef,
    mut batches: SendableRecordBatchStream,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<Seen, Trouble> {
    let schema = shown_schema(&schema, format);
    let mut seen = Seen { columns: names(&schema), ..Seen::default() };
    let mut writer = Writer::new(format, out, &schema)?;
    while let Some(batch) = panics::caught(batches.next()).await? {
        let batch = batch?;
        seen.rows += batch.num_rows();
        let batch = shown(&batch, &schema)?;
        writer.write(&batch, &mut seen.cells)?;
    }
    writer.close()?;
    Ok(seen)
}

fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|it| it.name().clone()).collect()
}

/// Returns the columns in the types that are written: timestamps in UTC, and in CSV nested values as JSON.
fn shown_schema(schema: &Schema, format: Format) -> SchemaRef {
    let shown = |it: &Arc<Field>| {
        let dtype = match it.data_type() {
            DataType::Timestamp(unit, _) => DataType::Timestamp((*unit).max(TimeUnit::Microsecond), Some("UTC".into())),
            DataType::Dictionary(_, value) => value.as_ref().clone(),
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            other if format == Format::Csv && other.is_nested() => DataType::Utf8,
            other => other.clone(),
        };
        Field::new(it.name(), dtype, true)
    };
    Arc::new(Schema::new(schema.fields().iter().map(shown).collect::<Vec<_>>()))
}

fn shown(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |(array, field): (&ArrayRef, &Arc<Field>)| {
        if array.data_type().is_nested() && *field.data_type() == DataType::Utf8 {
            return json(array, field).map(|it| Arc::new(it) as ArrayRef);
        }
        cast(array, field.data_type())
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(column).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema.clone(), columns)
}

/// Returns nested values as JSON.
fn json(array: &ArrayRef, field: &Arc<Field>) -> Result<StringArray, ArrowError> {
    let field = Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone()));
    let options = EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(Floats));
    let mut encoder = make_encoder(&field, array, &options)?;
    let mut text = |row| {
        let mut bytes = Vec::new();
        encoder.encode(row, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok((0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect())
}

/// The writer of one format.
enum Writer<'a> {
    Table,
    Csv(BufWriter<&'a mut (dyn Write + Send)>),
    Json(datafusion::arrow::json::Writer<&'a mut (dyn Write + Send), JsonArray>),
    Parquet(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> Writer<'a> {
    fn new(format: Format, out: &'a mut (dyn Write + Send), schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(match format {
            Format::Table => Self::Table,
            Format::Csv => {
                let mut out = BufWriter::new(out);
                // Without rows, the header still names the columns.
                cells::csv_header(schema, &mut out)?;
                Self::Csv(out)
            }
            Format::Json => {
                let writer = WriterBuilder::new().with_explicit_nulls(true).with_encoder_factory(Arc::new(Floats));
                Self::Json(writer.build(out))
            }
            Format::Parquet => {
                let compression = Compression::SNAPPY;
                let properties = WriterProperties::builder()
                    .set_compression(compression)
                    .set_max_row_group_row_count(Some(ROW_GROUP))
                    .build();
                Self::Parquet(Box::new(ArrowWriter::try_new(out, schema.clone(), Some(properties))?))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch, cells: &mut Vec<Vec<String>>) -> Result<(), ArrowError> {
        match self {
            Self::Csv(out) => cells::csv_rows(batch, out),
            Self::Json(writer) => writer.write(batch),
            Self::Parquet(writer) => Ok(writer.write(batch)?),
            Self::Table => {
                let options = FormatOptions::default();
                let columns = batch.columns().iter().map(|it| ArrayFormatter::try_new(it, &options));
                let columns = columns.collect::<Result<Vec<_>, _>>()?;
                let row = |row| columns.iter().map(|it| it.value(row).to_string()).collect();
                cells.extend((0..batch.num_rows()).map(row));
                Ok(())
            }
        }
    }

    fn close(self) -> Result<(), ArrowError> {
        match self {
            Self::Table => Ok(()),
            Self::Csv(mut out) => Ok(out.flush()?),
            Self::Json(mut writer) => {
                writer.finish()?;
                let out = writer.into_inner();
                out.write_all(b"\n")?;
                Ok(out.flush()?)
            }
            Self::Parquet(writer) => {
                writer.close()?;
                Ok(())
            }
        }
    }
}

/// Adds up what the scans below `plan` counted.
fn scanned(plan: &dyn ExecutionPlan, scan: &mut Scan) {
    use datafusion::physical_plan::metrics::MetricValue;
    let metrics = plan.metrics().filter(|_| plan.children().is_empty());
    for metric in metrics.iter().flat_map(|it| it.iter()) {
        match metric.value() {
            MetricValue::OutputRows(count) => scan.rows += count.value(),
            MetricValue::Count { name, count } if name == "bytes_scanned" => scan.bytes += count.value(),
            MetricValue::PruningMetrics { name, pruning_metrics } if name == "row_groups_pruned_statistics" => {
                scan.row_groups += pruning_metrics.matched() + pruning_metrics.pruned();
                scan.row_groups_left_out += pruning_metrics.pruned();
            }
            _ => {}
        }
    }
    plan.children().iter().for_each(|it| scanned(&***it, scan));
}

//! Files of data that the tests write themselves.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchReader};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Returns a Parquet file with these columns.
pub fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, it)| (name, it, true))).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Returns the columns of a Parquet file with their types, and its rows as a table.
pub fn read_parquet(path: &Path) -> (Vec<String>, String) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap().build().unwrap();
    let schema = RecordBatchReader::schema(&reader);
    let columns = schema.fields().iter().map(|it| format!("{}: {}", it.name(), it.data_type())).collect();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    (columns, datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string())
}

pub fn array<T: datafusion::arrow::array::Array + 'static>(array: T) -> ArrayRef {
    Arc::new(array)
}

//! Files as a table that the engine scans: exactly those that were found, in their order, with the columns that their
//! folders add.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectMeta;

use super::file_schema::Found;

/// What Hive calls a folder whose value is missing.
const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// A data set of files.
#[derive(Debug)]
pub struct FileTable {
    format: Arc<dyn FileFormat>,
    store: ObjectStoreUrl,
    files: Vec<PartitionedFile>,
    schema: TableSchema,
}

impl FileTable {
    /// Makes a table of `files`, each with the folders that it lies in below the data set; `schema` is what the files hold.
    pub fn new(
        format: Arc<dyn FileFormat>,
        store: ObjectStoreUrl,
        found: &Found,
        schema: SchemaRef,
        files: impl Iterator<Item = (ObjectMeta, Vec<String>)>,
    ) -> Result<Self> {
        let files = files.map(|(file, folders)| {
            let mut file = PartitionedFile::from(file);
            let values = found.folders.iter().zip(&folders).map(|it| value(it.1, &it.0.1));
            file.partition_values = values.collect::<Result<_>>()?;
            Ok(file)
        });
        let files = files.collect::<Result<_>>()?;
        let folders = found.folders.iter().map(|(name, dtype)| Arc::new(Field::new(name, dtype.clone(), true)));
        let schema = TableSchema::builder(schema).with_table_partition_cols(folders.collect::<Vec<_>>()).build();
        Ok(Self { format, store, files, schema })
    }

    /// Returns the files whose folders pass the filters that look at nothing else: the others are not opened.
    fn in_folders(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let folders = self.schema.table_partition_cols();
        let is_folder = |it: &&Column| folders.iter().any(|folder| *folder.name() == it.name);
        let decides = |it: &&Expr| {
            let columns = it.column_refs();
            !columns.is_empty() && columns.iter().all(is_folder) && !it.is_volatile()
        };
        let filters: Vec<&Expr> = filters.iter().filter(decides).collect();
        if filters.is_empty() || self.files.is_empty() {
            return Ok(self.files.clone());
        }
        let schema = Arc::new(Schema::new(folders.clone()));
        let values =
            |index: usize| ScalarValue::iter_to_array(self.files.iter().map(|it| it.partition_values[index].clone()));
        let values = (0..folders.len()).map(values).collect::<Result<_>>()?;
        let rows = RecordBatch::try_new(schema.clone(), values)?;
        let names = DFSchema::try_from(schema)?;
        let mut files = self.files.iter().map(Some).collect::<Vec<_>>();
        for filter in filters {
            let passes = state.create_physical_expr(filter.clone(), &names)?.evaluate(&rows)?;
            let passes = passes.into_array(rows.num_rows())?;
            let passes = passes.as_boolean();
            for (row, file) in files.iter_mut().enumerate() {
                *file = file.filter(|_| passes.is_valid(row) && passes.value(row));
            }
        }
        Ok(files.into_iter().flatten().cloned().collect())
    }
}

/// Returns the value of a folder such as `day=2024-01-01`, of which `text` is the part behind the `=`.
fn value(text: &str, dtype: &DataType) -> Result<ScalarValue> {
    match text {
        MISSING => ScalarValue::try_from(dtype),
        text => ScalarValue::try_from_string(text.to_owned(), dtype),
    }
}

/// Returns the type that the value of a folder has: whole numbers are numbers, all else is text, as Hive and Spark have
/// it. Of a value that is missing nothing is known.
pub fn type_of(text: &str) -> DataType {
    // `01` is how a text looks, even where it could be read as a number.
    if text.len() > 1 && text.starts_with('0') {
        return DataType::Utf8;
    }
    match (text.parse::<i32>(), text.parse::<i64>()) {
        _ if text == MISSING => DataType::Null,
        (Ok(_), _) => DataType::Int32,
        (_, Ok(_)) => DataType::Int64,
        _ => DataType::Utf8,
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Values of folders and statistics of files tell what need not be read; the engine filters what is.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let source = self.format.file_source(self.schema.clone());
        let scan = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_file_groups(vec![FileGroup::new(self.in_folders(state, filters)?)])
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        self.format.create_physical_plan(state, scan).await
    }
}

//! Files as a table that the engine scans: exactly those that were found, in their order, with the columns that their
//! folders add.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, project_schema};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, FileSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::engine::place::file_schema::{Found, MISSING};
use crate::engine::place::in_order::InOrder;
use crate::engine::place::text::{self, TextSource};

/// What turns the bytes of files into rows.
#[derive(Debug, Clone)]
pub enum Reader {
    Parquet,
    /// With the columns whose types are declared.
    Text(text::Format, Arc<[String]>),
}

/// A data set of files.
#[derive(Debug)]
pub struct FileTable {
    reader: Reader,
    store: ObjectStoreUrl,
    files: Vec<PartitionedFile>,
    /// What a person calls each file.
    names: Arc<HashMap<Path, String>>,
    schema: TableSchema,
}

impl FileTable {
    /// Makes a table of `files`, each with the folders that it lies in below the data set; `schema` is what the files hold.
    pub fn new(
        reader: Reader,
        store: ObjectStoreUrl,
        found: &Found,
        schema: SchemaRef,
        files: impl Iterator<Item = (ObjectMeta, String, Vec<String>)>,
    ) -> Result<Self> {
        let mut names = HashMap::new();
        let files = files.map(|(file, name, folders)| {
            names.insert(file.location.clone(), name);
            let mut file = PartitionedFile::from(file);
            let values = found.folders.iter().zip(&folders).map(|it| value(it.1, &it.0.1));
            file.partition_values = values.collect::<Result<_>>()?;
            Ok(file)
        });
        let files = files.collect::<Result<_>>()?;
        let names = Arc::new(names);
        let folders = found.folders.iter().map(|(name, dtype)| Arc::new(Field::new(name, dtype.clone(), true)));
        let schema = TableSchema::builder(schema).with_table_partition_cols(folders.collect::<Vec<_>>()).build();
        Ok(Self { reader, store, files, names, schema })
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
        let files = self.in_folders(state, filters)?;
        if files.is_empty() {
            let schema = project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let source: Arc<dyn FileSource> = match &self.reader {
            Reader::Parquet => ParquetFormat::default().file_source(self.schema.clone()),
            Reader::Text(format, declared) => {
                Arc::new(TextSource::new(*format, self.schema.clone(), declared.clone(), self.names.clone()))
            }
        };
        let scan = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit);
        match &self.reader {
            Reader::Text(..) => {
                Ok(DataSourceExec::from_data_source(scan.with_file_groups(vec![FileGroup::new(files)]).build()))
            }
            Reader::Parquet => {
                // Each file is a part of its own, so that a fault has the name of its file.
                let names =
                    files.iter().map(|it| self.names.get(&it.object_meta.location).cloned().unwrap_or_default());
                let names = names.collect();
                let groups = files.into_iter().map(|it| FileGroup::new(vec![it])).collect();
                let scan = scan.with_file_groups(groups).with_preserve_order(true).build();
                let scan = ParquetFormat::default().create_physical_plan(state, scan).await?;
                Ok(Arc::new(InOrder::new(scan, names)))
            }
        }
    }
}

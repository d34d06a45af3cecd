//! The columns of a data set of several files: what each file holds, put together, and what the folders say.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};

use super::file_table::type_of;
use crate::batch_config::FileFormat;
use crate::resource::Field;

/// The columns inside the files, and those that folders such as `day=2024-01-01` add.
#[derive(Debug, Clone)]
pub struct Found {
    pub schema: SchemaRef,
    pub folders: Vec<(String, DataType)>,
}

impl Found {
    pub fn whole(&self) -> SchemaRef {
        let folders = self.folders.iter().map(|(name, dtype)| Arc::new(ArrowField::new(name, dtype.clone(), false)));
        Arc::new(Schema::new(self.schema.fields().iter().cloned().chain(folders).collect::<Vec<_>>()))
    }
}

/// Why files are no data set.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    pub message: String,
    pub hint: Option<String>,
}

/// Puts the columns of all files together: a column that some lack is null there, and numbers widen.
pub fn merge(format: FileFormat, files: &[(String, SchemaRef)]) -> Result<SchemaRef, Misfit> {
    let mut merged: Vec<(ArrowField, &str)> = Vec::new();
    for (name, schema) in files {
        for field in schema.fields() {
            let Some((known, first)) = merged.iter_mut().find(|it| it.0.name() == field.name()) else {
                merged.push((field.as_ref().clone().with_nullable(true), name));
                continue;
            };
            match widened(known.data_type(), field.data_type()) {
                Some(dtype) => known.set_data_type(dtype),
                None => {
                    let (column, was, is) = (field.name(), known.data_type(), field.data_type());
                    return Err(Misfit {
                        message: format!("`{column}` is {was} in `{first}` and {is} in `{name}`"),
                        hint: (format != FileFormat::Parquet)
                            .then(|| "say the types in `schema_override`, or mend the file".to_owned()),
                    });
                }
            }
        }
    }
    if let (FileFormat::Csv, Some((first, expected))) = (format, files.first()) {
        let names = |it: &SchemaRef| it.fields().iter().map(|it| it.name().clone()).collect::<Vec<_>>();
        if let Some((other, found)) = files.iter().find(|it| names(&it.1) != names(expected)) {
            let (expected, found) = (names(expected).join(", "), names(found).join(", "));
            return Err(Misfit {
                message: format!("`{first}` has the columns {expected}, and `{other}` has {found}"),
                hint: Some("CSV files are read by position: give all of them the same header".to_owned()),
            });
        }
    }
    Ok(Arc::new(Schema::new(merged.into_iter().map(|it| it.0).collect::<Vec<_>>())))
}

/// Returns the type that holds the values of both, where one does without loss of what they are.
fn widened(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match (a, b) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Int32, Int64) | (Int64, Int32) => Int64,
        (Float32, Float64) | (Float64, Float32) => Float64,
        (Int64 | Int32, Float64) | (Float64, Int64 | Int32) => Float64,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => Utf8,
        _ => return None,
    })
}

/// Returns the columns that folders named `column=value` add; every file must lie in the same ones.
pub fn folders(
    files: impl Iterator<Item = impl Iterator<Item = (String, String)>>,
) -> Result<Vec<(String, DataType)>, String> {
    let mut columns: Option<Vec<(String, DataType)>> = None;
    for file in files {
        let pairs: Vec<(String, DataType)> = file.map(|it| (it.0, type_of(&it.1))).collect();
        let names = |it: &[(String, DataType)]| it.iter().map(|it| it.0.as_str()).collect::<Vec<_>>().join("/");
        let known = columns.get_or_insert_with(|| pairs.clone());
        if names(known) != names(&pairs) {
            let (expected, found) = (names(known), names(&pairs));
            return Err(format!("some files lie below `{expected}`, and others below `{found}`"));
        }
        for (column, pair) in known.iter_mut().zip(pairs) {
            column.1 = widened(&column.1, &pair.1).unwrap_or(DataType::Utf8);
        }
    }
    let mut columns = columns.unwrap_or_default();
    // Where every value is missing, it is text that is.
    columns.iter_mut().filter(|it| it.1 == DataType::Null).for_each(|it| it.1 = DataType::Utf8);
    Ok(columns)
}

/// Returns `schema` with the types that an override declares.
pub fn with_types(schema: &SchemaRef, overridden: &[Field]) -> SchemaRef {
    let field = |it: &Arc<ArrowField>| match overridden.iter().find(|field| field.name == *it.name()) {
        Some(field) => Arc::new(ArrowField::new(it.name(), super::types::arrow(&field.dtype), true)),
        None => it.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

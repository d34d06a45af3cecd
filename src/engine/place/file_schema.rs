//! The columns of a data set of several files: what each file holds, put together, and what the folders say.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

use crate::engine::place::text::Look;
use crate::engine::types::name_of;
use crate::resource::Field;
use crate::resource::batch_config::FileFormat;

/// The columns inside the files, and those that folders such as `day=2024-01-01` add.
#[derive(Debug, Clone)]
pub struct Found {
    pub schema: SchemaRef,
    pub folders: Vec<(String, DataType)>,
}

impl Found {
    pub fn whole(&self) -> SchemaRef {
        let folders = self.folders.iter().map(|(name, dtype)| Arc::new(ArrowField::new(name, dtype.clone(), true)));
        Arc::new(Schema::new(self.schema.fields().iter().cloned().chain(folders).collect::<Vec<_>>()))
    }

    /// Returns a column that the files and the folders, or two folders, both have.
    pub fn named_twice(&self) -> Option<&str> {
        let folders = self.folders.iter().enumerate();
        let mut twice = folders.filter(|(index, folder)| {
            self.schema.field_with_name(&folder.0).is_ok() || self.folders[..*index].iter().any(|it| it.0 == folder.0)
        });
        twice.next().map(|it| it.1.0.as_str())
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
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, schema) in files {
        for field in schema.fields() {
            let Some((known, first)) = places.get(field.name().as_str()).and_then(|it| merged.get_mut(*it)) else {
                places.insert(field.name(), merged.len());
                let in_utc = in_utc(field.data_type());
                merged.push((field.as_ref().clone().with_nullable(true).with_data_type(in_utc), name));
                continue;
            };
            match widened(known.data_type(), &in_utc(field.data_type())) {
                Some(dtype) => known.set_data_type(dtype),
                None => {
                    let (column, was, is) = (field.name(), name_of(known.data_type()), name_of(field.data_type()));
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
        let list = |it: &[String]| if it.is_empty() { "none".to_owned() } else { it.join(", ") };
        let names = |it: &SchemaRef| it.fields().iter().map(|it| it.name().clone()).collect::<Vec<_>>();
        if let Some((other, found)) = files.iter().find(|it| names(&it.1) != names(expected)) {
            let (expected, found) = (list(&names(expected)), list(&names(found)));
            return Err(Misfit {
                message: format!("`{first}` has the columns {expected}, and `{other}` has {found}"),
                hint: Some("CSV files are read by position: give all of them the same header".to_owned()),
            });
        }
    }
    Ok(Arc::new(Schema::new(merged.into_iter().map(|it| it.0).collect::<Vec<_>>())))
}

/// Returns the type with every zone as UTC: the moments are the same, and days and hours do not depend on who wrote
/// them.
fn in_utc(dtype: &DataType) -> DataType {
    use DataType::*;
    let field = |it: &Arc<ArrowField>| Arc::new(it.as_ref().clone().with_data_type(in_utc(it.data_type())));
    match dtype {
        Timestamp(unit, Some(_)) => Timestamp(*unit, Some("UTC".into())),
        List(item) => List(field(item)),
        LargeList(item) => LargeList(field(item)),
        FixedSizeList(item, size) => FixedSizeList(field(item), *size),
        Map(entries, sorted) => Map(field(entries), *sorted),
        Struct(members) => Struct(members.iter().map(field).collect()),
        Dictionary(key, value) => Dictionary(key.clone(), Box::new(in_utc(value))),
        other => other.clone(),
    }
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
        // Writers differ in how finely they count, and times without zone are UTC.
        (Timestamp(a, zone), Timestamp(b, other)) => {
            let zone = if zone == other { zone.clone() } else { Some("UTC".into()) };
            // Nanoseconds reach from 1677 to 2262 only, and a file that counts otherwise may hold more.
            let unit = if a == b { *a } else { (*a.max(b)).min(TimeUnit::Microsecond) };
            Timestamp(unit, zone)
        }
        (Dictionary(_, value), other) | (other, Dictionary(_, value)) => widened(value, other)?,
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
            let below = |names: String| match names.as_str() {
                "" => "in no folder `column=value`".to_owned(),
                _ => format!("in folders of `{names}`"),
            };
            return Err(format!("some files lie {}, and others {}", below(names(known)), below(names(&pairs))));
        }
        for (column, pair) in known.iter_mut().zip(pairs) {
            column.1 = widened(&column.1, &pair.1).unwrap_or(DataType::Utf8);
        }
    }
    let mut columns = columns.unwrap_or_default();
    // A column whose values are all missing is text.
    columns.iter_mut().filter(|it| it.1 == DataType::Null).for_each(|it| it.1 = DataType::Utf8);
    Ok(columns)
}

/// Returns `schema` with one column as text.
pub fn as_text(schema: &SchemaRef, column: &str) -> SchemaRef {
    let field = |it: &Arc<ArrowField>| match it.name() == column {
        true => Arc::new(it.as_ref().clone().with_data_type(DataType::Utf8)),
        false => it.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// What a column is marked with whose values told no type.
pub const UNKNOWN: &str = "weir.unknown";

/// Returns `schema` with text for what no value told of, marked as such.
pub fn unknown_as_text(schema: &SchemaRef) -> SchemaRef {
    let field = |it: &Arc<ArrowField>| match it.data_type() {
        DataType::Null => {
            let mark = HashMap::from([(UNKNOWN.to_owned(), String::new())]);
            Arc::new(ArrowField::new(it.name(), DataType::Utf8, true).with_metadata(mark))
        }
        _ => it.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// Says whether every value of a column becomes the same value of another type, or an error.
pub fn converts(found: &DataType, wanted: &DataType) -> bool {
    use DataType::*;
    match (found, wanted) {
        (Dictionary(_, value), _) => converts(value, wanted),
        (Null, _) => true,
        // A number does not say its epoch or its unit.
        (found, Timestamp(..)) => found.is_string() || matches!(found, Timestamp(..) | Date32 | Date64),
        (found, Int32 | Int64) => found.is_integer() || found.is_string(),
        (found, Float32 | Float64) => found.is_numeric() || found.is_string(),
        (found, Boolean) => *found == Boolean || found.is_string(),
        (found, Utf8) => !found.is_nested(),
        (List(found) | LargeList(found) | FixedSizeList(found, _), List(wanted)) => {
            converts(found.data_type(), wanted.data_type())
        }
        (Struct(found), Struct(wanted)) => wanted.iter().all(|wanted| {
            let of_name = found.iter().find(|it| it.name() == wanted.name());
            of_name.is_none_or(|it| converts(it.data_type(), wanted.data_type()))
        }),
        // A JSON object is a struct where nothing else is said.
        (Struct(found), Map(..)) => {
            found.iter().all(|it| map_value(wanted).is_some_and(|value| converts(it.data_type(), value)))
        }
        (Map(..), Map(..)) => match (map_value(found), map_value(wanted)) {
            (Some(found), Some(wanted)) => converts(found, wanted),
            _ => false,
        },
        _ => false,
    }
}

fn map_value(map: &DataType) -> Option<&DataType> {
    let DataType::Map(entries, _) = map else { return None };
    let DataType::Struct(members) = entries.data_type() else { return None };
    members.get(1).map(|it| it.data_type())
}

/// Returns `schema` with the types that an override declares.
pub fn with_types(schema: &SchemaRef, overridden: &[Field]) -> SchemaRef {
    let field = |it: &Arc<ArrowField>| match overridden.iter().find(|field| field.name == *it.name()) {
        Some(field) => Arc::new(ArrowField::new(it.name(), crate::engine::types::arrow(&field.dtype), true)),
        None => it.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// What Hive calls a folder whose value is missing.
pub const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// Returns the type that the value of a folder has: whole numbers are numbers, all else is text, as Hive and Spark have
/// it. Of a value that is missing nothing is known.
pub fn type_of(text: &str) -> DataType {
    if text == MISSING {
        return DataType::Null;
    }
    // `01` is how a text looks, even where it could be read as a number.
    match Look::number(text).map(Look::data_type) {
        Some(DataType::Int64) if text.parse::<i32>().is_ok() => DataType::Int32,
        Some(DataType::Int64) => DataType::Int64,
        _ => DataType::Utf8,
    }
}

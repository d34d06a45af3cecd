//! Converts weir's types to Arrow's and back.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

use crate::resource::{Dtype, Field, OpenedColumn, OpenedColumns};

pub use crate::sql::quoted;

/// A column whose type no feature can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    pub column: String,
    /// The name of its type in SQL.
    pub found: String,
    /// The expression to write in a query instead, where there is one.
    pub cast: Option<String>,
}

/// Returns the columns of a schema as weir knows them, each with its type or why it has none.
pub fn fields(schema: &Schema) -> Vec<(String, Result<Dtype, Unsupported>)> {
    let column = |it: &Arc<ArrowField>| (it.name().clone(), dtype(it.name(), it.data_type()));
    schema.fields().iter().map(column).collect()
}

/// Returns the columns as they are found.
pub fn opened(schema: &Schema) -> OpenedColumns {
    let column = |it: &Arc<ArrowField>| {
        let (name, found) = (it.name(), it.data_type());
        let as_time = instant_hint(found, &arrow(&Dtype::Timestamp), name);
        match dtype(name, found) {
            Ok(dtype) => OpenedColumn { as_time, ..OpenedColumn::new(name, Some(dtype)) },
            Err(Unsupported { found, cast, .. }) => {
                OpenedColumn { other: Some(found), cast, as_time, ..OpenedColumn::new(name, None) }
            }
        }
    };
    schema.fields().iter().map(column).collect()
}

/// Returns the columns with their types as text: weir's where it has one, SQL's where not.
pub fn texts(schema: &Schema) -> Vec<(String, String)> {
    let text = |dtype: Result<Dtype, Unsupported>| dtype.map_or_else(|it| it.found, |it| it.to_string());
    fields(schema).into_iter().map(|(name, dtype)| (name, text(dtype))).collect()
}

fn dtype(column: &str, found: &DataType) -> Result<Dtype, Unsupported> {
    use DataType::*;
    Ok(match found {
        Boolean => Dtype::Bool,
        Int32 => Dtype::Int32,
        Int64 => Dtype::Int64,
        Float32 => Dtype::Float32,
        Float64 => Dtype::Float64,
        Utf8 | LargeUtf8 | Utf8View => Dtype::String,
        Timestamp(_, _) => Dtype::Timestamp,
        Dictionary(_, value) => dtype(column, value)?,
        RunEndEncoded(_, value) => dtype(column, value.data_type())?,
        List(item) | LargeList(item) | FixedSizeList(item, _) | ListView(item) | LargeListView(item) => {
            let item = dtype(column, item.data_type()).map_err(|_| unsupported(column, found))?;
            Dtype::Array(Box::new(item))
        }
        Map(entries, _) => match entries.data_type() {
            Struct(members) if members.len() == 2 => match dtype(column, members[0].data_type())? {
                Dtype::String => {
                    let value = dtype(column, members[1].data_type()).map_err(|_| unsupported(column, found))?;
                    Dtype::Map(Box::new(value))
                }
                _ => return Err(unsupported(column, found)),
            },
            _ => return Err(unsupported(column, found)),
        },
        Struct(members) => {
            let member = |it: &Arc<ArrowField>| Ok((it.name().clone(), dtype(column, it.data_type())?));
            Dtype::Struct(members.iter().map(member).collect::<Result<_, _>>()?)
        }
        other => return Err(unsupported(column, other)),
    })
}

fn unsupported(column: &str, found: &DataType) -> Unsupported {
    use DataType::*;
    let innermost = |found: &DataType| match found {
        List(item) | LargeList(item) | FixedSizeList(item, _) | ListView(item) | LargeListView(item) => {
            Some(item.data_type().clone())
        }
        _ => None,
    };
    let (mut inner, mut brackets) = (found.clone(), String::new());
    while let Some(item) = innermost(&inner) {
        inner = item;
        brackets.push_str("[]");
    }
    let target = match &inner {
        Int8 | Int16 | UInt8 | UInt16 => Some("INT"),
        UInt32 | UInt64 => Some("BIGINT"),
        Float16 => Some("REAL"),
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => Some("DOUBLE"),
        Date32 | Date64 => Some("TIMESTAMP"),
        Time32(_) | Time64(_) | Duration(_) | Interval(_) => Some("STRING"),
        // Nulls alone tell no type, so any will do.
        Null => Some("STRING"),
        _ => None,
    };
    let name = quoted(column);
    // Bytes need not be text.
    let is_bytes = matches!(inner, Binary | LargeBinary | BinaryView | FixedSizeBinary(_)) && brackets.is_empty();
    let cast = match target {
        Some(it) => Some(format!("CAST({name} AS {it}{brackets}) AS {name}")),
        None => is_bytes.then(|| format!("encode({name}, 'hex') AS {name}")),
    };
    Unsupported { column: column.to_owned(), found: sql_name(found), cast }
}

/// Returns what SQL calls a type that weir does not have.
fn sql_name(found: &DataType) -> String {
    use DataType::*;
    match found {
        Null => "NULL".to_owned(),
        Int8 => "TINYINT".to_owned(),
        Int16 => "SMALLINT".to_owned(),
        UInt8 => "TINYINT UNSIGNED".to_owned(),
        UInt16 => "SMALLINT UNSIGNED".to_owned(),
        UInt32 => "INT UNSIGNED".to_owned(),
        UInt64 => "BIGINT UNSIGNED".to_owned(),
        Float16 => "half a FLOAT".to_owned(),
        Decimal32(digits, scale) | Decimal64(digits, scale) | Decimal128(digits, scale) | Decimal256(digits, scale) => {
            format!("DECIMAL({digits}, {scale})")
        }
        Date32 | Date64 => "DATE".to_owned(),
        Time32(_) | Time64(_) => "TIME".to_owned(),
        Duration(_) | Interval(_) => "INTERVAL".to_owned(),
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => "BINARY".to_owned(),
        List(item) | LargeList(item) | FixedSizeList(item, _) | ListView(item) | LargeListView(item) => {
            format!("an array of {}", name_of(item.data_type()))
        }
        Map(entries, _) => match entries.data_type() {
            Struct(members) if members.len() == 2 => {
                format!("a map of {} to {}", name_of(members[0].data_type()), name_of(members[1].data_type()))
            }
            _ => "a map".to_owned(),
        },
        other => other.to_string(),
    }
}

/// Returns a hint how to make a number a Timestamp. Its unit is not known, so the hint names several.
pub fn instant_hint(found: &DataType, wanted: &DataType, column: &str) -> Option<String> {
    if !found.is_numeric() || !matches!(wanted, DataType::Timestamp(..)) {
        return None;
    }
    let name = quoted(column);
    Some(match found.is_integer() {
        true => format!(
            "in the post_processor write \
             `to_timestamp_seconds({name}) AS {name}`, or to_timestamp_millis, or to_timestamp_micros: by what it counts"
        ),
        false => format!(
            "in the post_processor write \
             `to_timestamp_micros(CAST({name} * 1000000 AS BIGINT)) AS {name}`, if it counts seconds: `* 1000` is for milliseconds"
        ),
    })
}

/// Returns a type's name: weir's where it has one, SQL's where not.
pub fn name_of(found: &DataType) -> String {
    dtype("", found).map_or_else(|it| it.found, |it| it.to_string())
}

/// Returns the schema of declared columns. Every column may be null (facts 5).
pub fn schema(fields: &[Field]) -> SchemaRef {
    let field = |it: &Field| ArrowField::new(&it.name, arrow(&it.dtype), true);
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

pub fn arrow(dtype: &Dtype) -> DataType {
    match dtype {
        Dtype::Bool => DataType::Boolean,
        Dtype::Int32 => DataType::Int32,
        Dtype::Int64 => DataType::Int64,
        Dtype::Float32 => DataType::Float32,
        Dtype::Float64 => DataType::Float64,
        Dtype::String => DataType::Utf8,
        Dtype::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Dtype::Array(item) => DataType::new_list(arrow(item), true),
        Dtype::Map(value) => {
            let members = vec![
                Arc::new(ArrowField::new("key", DataType::Utf8, false)),
                Arc::new(ArrowField::new("value", arrow(value), true)),
            ];
            DataType::Map(Arc::new(ArrowField::new("entries", DataType::Struct(members.into()), false)), false)
        }
        Dtype::Struct(members) => {
            let member = |(name, dtype): &(String, Dtype)| ArrowField::new(name, arrow(dtype), true);
            DataType::Struct(members.iter().map(member).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_goes_to_arrow_and_comes_back() {
        for text in [
            "Bool",
            "Int32",
            "Int64",
            "Float32",
            "Float64",
            "String",
            "Timestamp",
            "Array<Array<Float32>>",
            "Map<String, Array<Int64>>",
            "Struct<a: Int64, b: Struct<c: Timestamp>>",
        ] {
            let field = Field { name: "it".to_owned(), dtype: text.parse().unwrap() };
            let back = fields(&schema(std::slice::from_ref(&field)));
            assert_eq!(back, [("it".to_owned(), Ok(field.dtype))], "{text}");
        }
    }

    #[test]
    fn what_no_feature_can_be_names_the_cast_to_write() {
        let check = |column: &str, found: DataType, expected: Option<&str>| {
            let fault = dtype(column, &found).unwrap_err();
            assert_eq!(fault.cast.as_deref(), expected, "{found}");
        };
        check("price", DataType::Decimal128(10, 2), Some("CAST(price AS DOUBLE) AS price"));
        check("Day", DataType::Date32, Some("CAST(\"Day\" AS TIMESTAMP) AS \"Day\""));
        check("n", DataType::UInt32, Some("CAST(n AS BIGINT) AS n"));
        check("nothing", DataType::Null, Some("CAST(nothing AS STRING) AS nothing"));
        check("days", DataType::new_list(DataType::Date32, true), Some("CAST(days AS TIMESTAMP[]) AS days"));
    }
}

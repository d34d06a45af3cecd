//! Spark's types and Arrow's, both ways: as the protocol describes them, and as Spark's SQL writes them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit};
use spark_connect_proto::data_type::{Kind, StructField};
use spark_connect_proto::{DataType as SparkType, data_type};

use super::quote::quoted;

/// Returns the columns that the protocol describes.
pub fn schema(described: &SparkType) -> SchemaRef {
    match &described.kind {
        Some(Kind::Struct(it)) => Arc::new(Schema::new(fields(it))),
        _ => Arc::new(Schema::empty()),
    }
}

fn fields(described: &data_type::Struct) -> Fields {
    let field = |it: &StructField| Field::new(&it.name, arrow(it.data_type.as_ref()), it.nullable);
    described.fields.iter().map(field).collect()
}

/// Returns the type in which Spark sends the values.
fn arrow(described: Option<&SparkType>) -> DataType {
    let Some(kind) = described.and_then(|it| it.kind.as_ref()) else { return DataType::Null };
    match kind {
        Kind::Boolean(_) => DataType::Boolean,
        Kind::Byte(_) => DataType::Int8,
        Kind::Short(_) => DataType::Int16,
        Kind::Integer(_) => DataType::Int32,
        Kind::Long(_) => DataType::Int64,
        Kind::Float(_) => DataType::Float32,
        Kind::Double(_) => DataType::Float64,
        Kind::Decimal(it) => DataType::Decimal128(
            it.precision.and_then(|it| u8::try_from(it).ok()).unwrap_or(10),
            it.scale.and_then(|it| i8::try_from(it).ok()).unwrap_or(0),
        ),
        Kind::String(_) | Kind::Char(_) | Kind::VarChar(_) => DataType::Utf8,
        Kind::Binary(_) => DataType::Binary,
        Kind::Date(_) => DataType::Date32,
        // One is an instant, shown in the session's zone, which is UTC; the other is what a clock on a wall says.
        Kind::Timestamp(_) | Kind::TimestampLtzNanos(_) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        Kind::TimestampNtz(_) | Kind::TimestampNtzNanos(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
        Kind::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
        Kind::CalendarInterval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        Kind::YearMonthInterval(_) => DataType::Interval(IntervalUnit::YearMonth),
        Kind::DayTimeInterval(_) => DataType::Duration(TimeUnit::Microsecond),
        Kind::Array(it) => {
            DataType::List(Arc::new(Field::new("element", arrow(it.element_type.as_deref()), it.contains_null)))
        }
        Kind::Map(it) => {
            let key = Field::new("key", arrow(it.key_type.as_deref()), false);
            let value = Field::new("value", arrow(it.value_type.as_deref()), it.value_contains_null);
            let entries = DataType::Struct(vec![key, value].into());
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        Kind::Struct(it) => DataType::Struct(fields(it)),
        Kind::Udt(it) => arrow(it.sql_type.as_deref()),
        Kind::Variant(_) => {
            let part = |name: &str| Field::new(name, DataType::Binary, false);
            DataType::Struct(vec![part("value"), part("metadata")].into())
        }
        Kind::Null(_) | Kind::Unparsed(_) | Kind::Geometry(_) | Kind::Geography(_) => DataType::Null,
    }
}

/// Returns the columns of a table as `CREATE TABLE` lists them.
pub fn ddl(schema: &Schema) -> String {
    columns(schema.fields(), " ")
}

fn columns(fields: &Fields, between: &str) -> String {
    let column = |it: &Arc<Field>| format!("{}{between}{}", quoted(it.name()), name(it.data_type()));
    fields.iter().map(column).collect::<Vec<_>>().join(", ")
}

/// Returns the expression that reads a column in the type of `field`.
pub fn cast(field: &Field) -> String {
    let column = quoted(field.name());
    format!("CAST({column} AS {}) AS {column}", name(field.data_type()))
}

/// Returns what Spark calls the type that holds these values.
fn name(dtype: &DataType) -> String {
    use DataType::*;
    match dtype {
        Boolean => "BOOLEAN".to_owned(),
        Int8 => "TINYINT".to_owned(),
        Int16 | UInt8 => "SMALLINT".to_owned(),
        Int32 | UInt16 => "INT".to_owned(),
        Int64 | UInt32 => "BIGINT".to_owned(),
        UInt64 => "DECIMAL(20, 0)".to_owned(),
        Float16 | Float32 => "FLOAT".to_owned(),
        Float64 => "DOUBLE".to_owned(),
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
            format!("DECIMAL({precision}, {scale})")
        }
        // Spark counts up to 38 digits.
        Decimal256(precision, scale) => format!("DECIMAL({}, {scale})", (*precision).min(38)),
        Date32 | Date64 => "DATE".to_owned(),
        Timestamp(_, Some(_)) => "TIMESTAMP".to_owned(),
        Timestamp(_, None) => "TIMESTAMP_NTZ".to_owned(),
        Duration(_) => "INTERVAL DAY TO SECOND".to_owned(),
        Interval(IntervalUnit::YearMonth) => "INTERVAL YEAR TO MONTH".to_owned(),
        Interval(_) => "INTERVAL".to_owned(),
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => "BINARY".to_owned(),
        List(item) | LargeList(item) | ListView(item) | LargeListView(item) | FixedSizeList(item, _) => {
            format!("ARRAY<{}>", name(item.data_type()))
        }
        Map(entries, _) => match entries.data_type() {
            Struct(members) if members.len() == 2 => {
                format!("MAP<{}, {}>", name(members[0].data_type()), name(members[1].data_type()))
            }
            _ => "VOID".to_owned(),
        },
        Struct(members) => format!("STRUCT<{}>", columns(members, ": ")),
        Dictionary(_, value) => name(value),
        RunEndEncoded(_, value) => name(value.data_type()),
        Null => "VOID".to_owned(),
        Utf8 | LargeUtf8 | Utf8View | Time32(_) | Time64(_) | Union(..) => "STRING".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_written_as_spark_declares_them() {
        let member = |name: &str, dtype| Arc::new(Field::new(name, dtype, true));
        let utc = DataType::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into()));
        let map = DataType::Struct(vec![member("key", DataType::Utf8), member("value", DataType::Int64)].into());
        let inner = DataType::Struct(vec![member("x y", DataType::Int8), member("z", utc)].into());
        let columns = vec![
            member("a`b", DataType::Utf8View),
            member("tags", DataType::Map(Arc::new(Field::new("entries", map, false)), false)),
            member("seen", DataType::new_list(inner, true)),
            member("price", DataType::Decimal128(10, 2)),
            member("wall", DataType::Timestamp(TimeUnit::Second, None)),
        ];
        assert_eq!(
            ddl(&Schema::new(columns)),
            "`a``b` STRING, `tags` MAP<STRING, BIGINT>, `seen` ARRAY<STRUCT<`x y`: TINYINT, `z`: TIMESTAMP>>, \
             `price` DECIMAL(10, 2), `wall` TIMESTAMP_NTZ"
        );
    }
}

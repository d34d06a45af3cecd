//! Rows that a service writes as text: gathered a few thousand at a time and converted to the types of a schema. What
//! does not convert is an error that names its column, never a null.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};

/// How many rows make a batch, and how many bytes at most, so that wide rows do not fill the memory.
const ROWS: usize = 4096;
const BYTES: usize = 8 << 20;

/// How much of a value is shown in a message.
const SHOWN: usize = 60;

/// Converts the texts of one column; what is not a value of the type comes out as null.
pub type Convert = fn(&StringArray, &DataType) -> Result<ArrayRef, ArrowError>;

/// Rows that are not a batch yet.
pub struct TextRows {
    schema: SchemaRef,
    convert: Convert,
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
}

impl TextRows {
    pub fn new(schema: SchemaRef, convert: Convert) -> Self {
        let columns = schema.fields().iter().map(|_| StringBuilder::new()).collect();
        Self { schema, convert, columns, rows: 0, bytes: 0 }
    }

    /// Adds a row; of more values than there are columns the rest is not asked for.
    pub fn push<'a>(&mut self, mut values: impl Iterator<Item = Result<Option<&'a str>>>) -> Result<()> {
        for column in &mut self.columns {
            let value = values.next().unwrap_or_else(|| Err(execution("a row has too few columns")))?;
            self.bytes += value.map_or(0, str::len);
            column.append_option(value);
        }
        self.rows += 1;
        Ok(())
    }

    pub fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }

    /// Returns the rows since the last time, if there are any.
    pub fn take(&mut self) -> Result<Option<RecordBatch>> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for (builder, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            let texts = builder.finish();
            let column = (self.convert)(&texts, field.data_type())?;
            if let Some(row) = (0..rows).find(|it| texts.is_valid(*it) && column.is_null(*it)) {
                return Err(unconverted(field.name(), texts.value(row), field.data_type()));
            }
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(Some(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?))
    }
}

fn unconverted(column: &str, value: &str, wanted: &DataType) -> DataFusionError {
    let mut shown: String = value.chars().take(SHOWN).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    let advice = match wanted {
        DataType::Decimal128(..) => "; cast it in a `query`, as `CAST(… AS DOUBLE PRECISION)`",
        _ => "; leave it out or cast it in a `query`",
    };
    execution(format!("column `{column}` holds `{shown}`, which is no value of {wanted}{advice}"))
}

pub fn execution(message: impl Into<String>) -> DataFusionError {
    DataFusionError::Execution(message.into())
}

/// Converts texts in the forms that services agree on: ISO 8601 for times, hexadecimal for bytes.
pub fn convert(texts: &StringArray, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    match wanted {
        DataType::Utf8 => Ok(Arc::new(texts.clone())),
        DataType::Binary => Ok(Arc::new(texts.iter().map(|it| it.and_then(bytes)).collect::<BinaryArray>())),
        DataType::Decimal128(_, scale) => {
            // The cast would round.
            let exact: StringArray = texts.iter().map(|it| it.filter(|it| is_exact(it, *scale))).collect();
            cast_with_options(&exact, wanted, &options)
        }
        _ => cast_with_options(texts, wanted, &options),
    }
}

/// Reads hexadecimal digits, after PostgreSQL's `\x` or nothing.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").unwrap_or(text).as_bytes();
    let digit = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Says whether a number is written without exponent and has no more digits after its point than `scale`.
fn is_exact(text: &str, scale: i8) -> bool {
    if text.contains(['e', 'E']) {
        return false;
    }
    let fraction = text.split_once('.').map_or("", |it| it.1.trim_end_matches('0'));
    fraction.len() <= usize::from(scale.unsigned_abs())
}

#[cfg(test)]
pub mod tests {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::compute::cast;
    use datafusion::arrow::datatypes::{Field, Schema, TimeUnit};

    use super::*;

    /// Returns the first value as text.
    pub fn shown(array: &ArrayRef) -> String {
        match array.data_type() {
            DataType::Binary => format!("{:02x?}", array.as_binary::<i32>().value(0)),
            _ => cast(array, &DataType::Utf8).unwrap().as_string::<i32>().value(0).to_owned(),
        }
    }

    /// Returns how a value of this type looks once it is one, or the error.
    fn read(text: &str, wanted: DataType) -> String {
        let schema = Arc::new(Schema::new(vec![Field::new("it", wanted, true)]));
        let mut rows = TextRows::new(schema, convert);
        rows.push([Ok(Some(text))].into_iter()).unwrap();
        match rows.take() {
            Ok(batch) => shown(batch.unwrap().column(0)),
            Err(error) => error.strip_backtrace(),
        }
    }

    #[test]
    fn texts_become_values() {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let plain = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (text, wanted, expected) in [
            ("t", DataType::Boolean, "true"),
            ("false", DataType::Boolean, "false"),
            ("-32768", DataType::Int16, "-32768"),
            ("9223372036854775807", DataType::Int64, "9223372036854775807"),
            ("NaN", DataType::Float64, "NaN"),
            ("-Infinity", DataType::Float64, "-inf"),
            ("5e-324", DataType::Float64, "5e-324"),
            ("0.1", DataType::Float32, "0.1"),
            ("12.50", DataType::Decimal128(10, 2), "12.50"),
            ("-0.1000", DataType::Decimal128(38, 1), "-0.1"),
            ("\\x00ffA0", DataType::Binary, "[00, ff, a0]"),
            ("", DataType::Binary, "[]"),
            ("", DataType::Utf8, ""),
            ("2024-02-29", DataType::Date32, "2024-02-29"),
            ("23:59:59.999999", DataType::Time64(TimeUnit::Microsecond), "23:59:59.999999"),
            ("2024-01-01 10:00:00.000001", plain.clone(), "2024-01-01T10:00:00.000001"),
            ("2024-01-01 10:00:00+00", utc.clone(), "2024-01-01T10:00:00Z"),
            ("2024-01-01 10:00:00.5+05:30", utc.clone(), "2024-01-01T04:30:00.500Z"),
        ] {
            assert_eq!(read(text, wanted.clone()), expected, "{text} as {wanted}");
        }
    }

    #[test]
    fn what_is_no_value_is_an_error_that_names_the_column() {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for (text, wanted) in [
            ("maybe", DataType::Boolean),
            ("32768", DataType::Int16),
            ("9223372036854775808", DataType::Int64),
            ("1.5", DataType::Int64),
            ("0.333", DataType::Decimal128(10, 2)),
            ("123456789.00", DataType::Decimal128(10, 2)),
            ("NaN", DataType::Decimal128(10, 2)),
            ("abc", DataType::Binary),
            ("\\000abc", DataType::Binary),
            ("infinity", DataType::Date32),
            ("infinity", utc.clone()),
            ("0044-03-15 00:00:00+00 BC", utc),
        ] {
            let said = read(text, wanted.clone());
            assert!(said.contains("column `it` holds `"), "{text} as {wanted}: {said}");
        }
        let long = read(&"é".repeat(500), DataType::Int64);
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn batches_are_bounded_by_rows_and_by_bytes() {
        let schema = Arc::new(Schema::new(vec![Field::new("it", DataType::Utf8, true)]));
        let mut rows = TextRows::new(schema.clone(), convert);
        let wide = "x".repeat(BYTES);
        rows.push([Ok(Some(wide.as_str()))].into_iter()).unwrap();
        assert!(rows.is_full());
        assert_eq!(rows.take().unwrap().unwrap().num_rows(), 1);
        assert!(!rows.is_full() && rows.take().unwrap().is_none());
        rows.push([Ok(None)].into_iter()).unwrap();
        assert_eq!(rows.take().unwrap().unwrap().column(0).null_count(), 1);
        assert!(rows.push(std::iter::empty()).is_err());
        let mut counted = TextRows::new(Arc::new(Schema::empty()), convert);
        counted.push([Ok(Some("1"))].into_iter()).unwrap();
        assert_eq!(counted.take().unwrap().unwrap().num_rows(), 1);
    }
}

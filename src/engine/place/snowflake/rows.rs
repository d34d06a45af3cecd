//! Snowflake's results: the columns as their metadata says them, and the values in the forms that its SQL API documents.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Date32Array, PrimitiveArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::arrow::error::ArrowError;
use serde::Deserialize;

use crate::engine::place::text_rows;

/// The answer to a statement, or one more part of it; what it does not hold is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultSet {
    #[serde(default)]
    pub statement_handle: Option<String>,
    #[serde(default)]
    pub statement_status_url: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub result_set_meta_data: Option<MetaData>,
    #[serde(default)]
    pub data: Option<Vec<Vec<Option<String>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaData {
    pub row_type: Vec<Column>,
    #[serde(default)]
    pub partition_info: Vec<Partition>,
}

/// One part of the rows; how large it is does not matter here.
#[derive(Debug, Deserialize)]
pub struct Partition {}

#[derive(Debug, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub precision: Option<u8>,
    #[serde(default)]
    pub scale: Option<i8>,
}

impl Column {
    pub fn field(&self) -> Field {
        Field::new(&self.name, self.arrow(), true)
    }

    /// Returns Arrow's type. What is not among them, as VARIANT and GEOGRAPHY, is the text that Snowflake writes for it.
    fn arrow(&self) -> DataType {
        match self.kind.to_ascii_lowercase().as_str() {
            // Every integer is NUMBER(38, 0) to Snowflake, whatever it was declared as: features have 64 bits.
            "fixed" | "number" => match self.scale {
                None | Some(..=0) => DataType::Int64,
                Some(scale) => {
                    DataType::Decimal128(self.precision.unwrap_or(38).clamp(scale.unsigned_abs(), 38), scale)
                }
            },
            "real" | "float" | "double" => DataType::Float64,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date32,
            "time" => DataType::Time64(TimeUnit::Microsecond),
            "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "timestamp_ltz" | "timestamp_tz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "binary" => DataType::Binary,
            _ => DataType::Utf8,
        }
    }
}

/// Converts the texts of one column; what is not a value of the type comes out as null.
pub fn convert(texts: &StringArray, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    fn map<T, A: FromIterator<Option<T>>>(texts: &StringArray, read: impl Fn(&str) -> Option<T>) -> A {
        texts.iter().map(|it| it.and_then(&read)).collect()
    }
    Ok(match wanted {
        DataType::Date32 => Arc::new(map::<i32, Date32Array>(texts, |it| it.parse().ok())),
        DataType::Time64(_) => {
            let day = 0..86_400_000_000;
            Arc::new(map::<i64, Time64MicrosecondArray>(texts, |it| micros(it).filter(|it| day.contains(it))))
        }
        DataType::Timestamp(_, None) => Arc::new(map::<i64, TimestampMicrosecondArray>(texts, micros)),
        DataType::Timestamp(_, Some(zone)) => {
            let instants: TimestampMicrosecondArray = map(texts, instant);
            Arc::new(PrimitiveArray::with_timezone(instants, zone.clone()))
        }
        _ => return text_rows::convert(texts, wanted),
    })
}

/// Reads seconds since 1970; with TIMESTAMP_TZ the zone in which they were written follows, which does not change when
/// they are.
fn instant(text: &str) -> Option<i64> {
    match text.split_once(' ') {
        None => micros(text),
        Some((seconds, zone)) => zone.parse::<u16>().ok().and_then(|_| micros(seconds)),
    }
}

/// Reads seconds with up to nine digits after their point as microseconds. What is finer is cut off towards the past, so
/// that `start <= time < end` says the same of a time before and after.
fn micros(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let whole = seconds.strip_prefix('-').unwrap_or(seconds);
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse::<i128>().ok()?;
    let magnitude = whole.parse::<i64>().ok().map(i128::from)? * 1_000_000_000 + nanos;
    let nanos = if seconds.starts_with('-') { -magnitude } else { magnitude };
    i64::try_from(nanos.div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Array;

    use super::super::super::text_rows::tests::shown;
    use super::*;

    fn read(kind: &str, scale: i8, text: &str) -> String {
        let column = Column { name: "it".to_owned(), kind: kind.to_owned(), precision: Some(38), scale: Some(scale) };
        let array = convert(&StringArray::from(vec![text]), column.field().data_type()).unwrap();
        if array.is_null(0) { "no value".to_owned() } else { shown(&array) }
    }

    #[test]
    fn values_come_in_the_forms_of_the_documentation() {
        for (kind, scale, text, expected) in [
            ("fixed", 0, "-9223372036854775808", "-9223372036854775808"),
            ("FIXED", 2, "12.50", "12.50"),
            ("real", 0, "1.5e+300", "1.5e300"),
            ("text", 0, "", ""),
            ("boolean", 0, "true", "true"),
            ("date", 0, "18262", "2020-01-01"),
            ("date", 0, "-1", "1969-12-31"),
            ("time", 9, "82919.000000000", "23:01:59"),
            ("timestamp_ntz", 9, "1616173619.000000000", "2021-03-19T17:06:59"),
            ("timestamp_ntz", 9, "-0.000000001", "1969-12-31T23:59:59.999999"),
            ("timestamp_ltz", 9, "1616173619.123456789", "2021-03-19T17:06:59.123456Z"),
            ("timestamp_tz", 9, "1616173619.5 960", "2021-03-19T17:06:59.500Z"),
            ("binary", 0, "00FFa0", "[00, ff, a0]"),
            ("variant", 0, "{\"a\":1}", "{\"a\":1}"),
        ] {
            assert_eq!(read(kind, scale, text), expected, "{text} as {kind}");
        }
    }

    #[test]
    fn what_is_in_no_such_form_is_no_value() {
        for (kind, scale, text) in [
            ("fixed", 0, "9223372036854775808"),
            ("fixed", 2, "0.333"),
            ("boolean", 0, "perhaps"),
            ("date", 0, "2020-01-01"),
            ("time", 9, "86400.000000000"),
            ("time", 9, "-1.0"),
            ("timestamp_ntz", 9, "2020-01-01 10:00:00"),
            ("timestamp_ntz", 9, "9999999999999999.0"),
            ("timestamp_ntz", 9, "1.0 960"),
            ("timestamp_tz", 9, "1616173619.5 +01:00"),
            ("timestamp_tz", 9, ""),
            ("timestamp_tz", 9, "--1.0 960"),
            ("binary", 0, "0g"),
        ] {
            assert_eq!(read(kind, scale, text), "no value", "{text} as {kind}");
        }
    }
}

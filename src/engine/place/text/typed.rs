//! Texts as values of a type. What is no value of it is an error, never a null and never another value.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, ListArray, MapArray, PrimitiveArray, StringArray,
    StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::kernels::cast_utils::Parser;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Field, Float32Type, Float64Type, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType, TimestampNanosecondType,
};

use super::look::{Look, instant};

/// Returns the columns with every value as text, as they are read first.
pub fn as_texts(schema: &Schema) -> SchemaRef {
    let field = |it: &Arc<Field>| Arc::new(it.as_ref().clone().with_data_type(text_type(it.data_type())));
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn text_type(dtype: &DataType) -> DataType {
    let field = |it: &Arc<Field>| Arc::new(it.as_ref().clone().with_data_type(text_type(it.data_type())));
    match dtype {
        DataType::List(item) => DataType::List(field(item)),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        DataType::Struct(members) => DataType::Struct(members.iter().map(field).collect()),
        _ => DataType::Utf8,
    }
}

/// Says whether texts can be read as values of `dtype`.
pub fn is_readable(dtype: &DataType) -> bool {
    match dtype {
        DataType::List(item) => is_readable(item.data_type()),
        DataType::Map(entries, _) => is_readable(entries.data_type()),
        DataType::Struct(members) => members.iter().all(|it| is_readable(it.data_type())),
        DataType::Timestamp(unit, _) => matches!(unit, TimeUnit::Microsecond | TimeUnit::Nanosecond),
        scalar => matches!(
            scalar,
            DataType::Utf8
                | DataType::Boolean
                | DataType::Int32
                | DataType::Int64
                | DataType::Float32
                | DataType::Float64
                | DataType::Date32
        ),
    }
}

/// Returns `texts`, whose values are all text, as values of `dtype`, or the row of the first that is none.
///
/// Where a type was guessed, a value must also look as those did that it was guessed from: `007` is no 7.
pub fn typed(texts: &ArrayRef, dtype: &DataType, is_guessed: bool) -> Result<ArrayRef, usize> {
    match dtype {
        DataType::List(item) => {
            let list = texts.as_list::<i32>();
            let values = typed(list.values(), item.data_type(), is_guessed).map_err(|it| row_of(list.offsets(), it))?;
            let whole = ListArray::try_new(item.clone(), list.offsets().clone(), values, list.nulls().cloned());
            whole.map(|it| Arc::new(it) as ArrayRef).map_err(|_| 0)
        }
        DataType::Map(entries, sorted) => {
            let map = texts.as_map();
            let inner: ArrayRef = Arc::new(map.entries().clone());
            let inner = typed(&inner, entries.data_type(), is_guessed).map_err(|it| row_of(map.offsets(), it))?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let whole = MapArray::try_new(entries.clone(), offsets, inner.as_struct().clone(), nulls, *sorted);
            whole.map(|it| Arc::new(it) as ArrayRef).map_err(|_| 0)
        }
        DataType::Struct(members) => {
            let whole = texts.as_struct();
            let columns = whole.columns().iter().zip(members);
            let columns = columns.map(|(column, member)| typed(column, member.data_type(), is_guessed));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let whole = StructArray::try_new(members.clone(), columns, whole.nulls().cloned());
            whole.map(|it| Arc::new(it) as ArrayRef).map_err(|_| 0)
        }
        DataType::Utf8 => Ok(texts.clone()),
        scalar => {
            let texts = texts.as_string::<i32>();
            if is_guessed && let Some(row) = texts.iter().position(|it| it.is_some_and(|it| !Look::of(it).fits(scalar)))
            {
                return Err(row);
            }
            values(texts, scalar)
        }
    }
}

/// Returns the row that the value at `index` inside of lists belongs to.
fn row_of(offsets: &OffsetBuffer<i32>, index: usize) -> usize {
    offsets.partition_point(|it| usize::try_from(*it).unwrap_or_default() <= index).saturating_sub(1)
}

fn values(texts: &StringArray, dtype: &DataType) -> Result<ArrayRef, usize> {
    match dtype {
        DataType::Boolean => {
            let value = |(row, text): (usize, Option<&str>)| match text {
                None => Ok(None),
                Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
                Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
                Some(_) => Err(row),
            };
            let values = texts.iter().enumerate().map(value).collect::<Result<BooleanArray, _>>()?;
            Ok(Arc::new(values))
        }
        DataType::Int32 => primitive::<Int32Type>(texts, dtype, |it| it.parse().ok()),
        DataType::Int64 => primitive::<Int64Type>(texts, dtype, |it| it.parse().ok()),
        DataType::Float32 => {
            let value = |it: &str| it.parse::<f32>().ok().filter(|value| value.is_finite() || names_no_number(it));
            primitive::<Float32Type>(texts, dtype, value)
        }
        DataType::Float64 => {
            let value = |it: &str| it.parse::<f64>().ok().filter(|value| value.is_finite() || names_no_number(it));
            primitive::<Float64Type>(texts, dtype, value)
        }
        DataType::Date32 => primitive::<Date32Type>(texts, dtype, Date32Type::parse),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let value = |it: &str| {
                let (secs, nanos) = instant(it)?;
                let whole = i128::from(secs) * 1_000_000_000 + i128::from(nanos);
                i64::try_from(whole).ok()
            };
            primitive::<TimestampNanosecondType>(texts, dtype, value)
        }
        _ => {
            let value = |it: &str| {
                let (secs, nanos) = instant(it)?;
                secs.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
            };
            primitive::<TimestampMicrosecondType>(texts, dtype, value)
        }
    }
}

/// Says whether a text says in words that it is infinite, or not a number: digits that are too many do not.
fn names_no_number(text: &str) -> bool {
    !text.contains(|it: char| it.is_ascii_digit())
}

fn primitive<T: ArrowPrimitiveType>(
    texts: &StringArray,
    dtype: &DataType,
    value: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef, usize> {
    let value = |(row, text): (usize, Option<&str>)| text.map(|it| value(it).ok_or(row)).transpose();
    let values = texts.iter().enumerate().map(value).collect::<Result<PrimitiveArray<T>, _>>()?;
    Ok(Arc::new(values.with_data_type(dtype.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_of_a_type_is_an_error_with_its_row() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for (texts, dtype, is_guessed, expected) in [
            (["1", "-2"], DataType::Int64, true, Ok(())),
            (["1", "007"], DataType::Int64, true, Err(1)),
            (["1", "007"], DataType::Int64, false, Ok(())),
            (["1", "1.5"], DataType::Int64, false, Err(1)),
            (["1", "2147483648"], DataType::Int32, false, Err(1)),
            (["1", "9007199254740993"], DataType::Float64, true, Err(1)),
            (["1", "9007199254740993"], DataType::Float64, false, Ok(())),
            (["inf", "1e400"], DataType::Float64, false, Err(1)),
            (["NaN", "-inf"], DataType::Float32, false, Ok(())),
            (["1e39", "1"], DataType::Float32, false, Err(0)),
            (["", "1"], DataType::Int64, false, Err(0)),
            (["true", "FALSE"], DataType::Boolean, true, Ok(())),
            (["true", "1"], DataType::Boolean, false, Err(1)),
            (["2024-01-01", "2024-01-01T00:00:00.1234567Z"], micros.clone(), true, Err(1)),
            (["2024-01-01", "2024-01-01T00:00:00.1234567Z"], micros, false, Ok(())),
            (["2024-01-01", "2300-01-01"], DataType::Timestamp(TimeUnit::Nanosecond, None), false, Err(1)),
        ] {
            let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
            let found = typed(&array, &dtype, is_guessed);
            assert_eq!(found.map(|it| assert_eq!(*it.data_type(), dtype)), expected, "{texts:?} as {dtype}");
        }
    }
}

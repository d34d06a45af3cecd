//! Values as they are written in JSON and CSV, where the formats leave a choice.

use std::io::{self, Write};
use std::sync::LazyLock;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// Writes floats that are no JSON number as texts: `"NaN"`, `"Infinity"`, `"-Infinity"` (facts: JSON encodings).
#[derive(Debug)]
pub struct Floats;

static PLAIN: LazyLock<EncoderOptions> = LazyLock::new(|| EncoderOptions::default().with_explicit_nulls(true));

impl EncoderFactory for Floats {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        if !matches!(array.data_type(), DataType::Float32 | DataType::Float64) {
            return Ok(None);
        }
        let encoder = FloatEncoder { array, numbers: make_encoder(field, array, &PLAIN)? };
        Ok(Some(NullableEncoder::new(Box::new(encoder), array.nulls().cloned())))
    }
}

struct FloatEncoder<'a> {
    array: &'a dyn Array,
    numbers: NullableEncoder<'a>,
}

impl Encoder for FloatEncoder<'_> {
    fn encode(&mut self, index: usize, out: &mut Vec<u8>) {
        let value = match self.array.data_type() {
            DataType::Float32 => f64::from(self.array.as_primitive::<Float32Type>().value(index)),
            _ => self.array.as_primitive::<Float64Type>().value(index),
        };
        match value {
            _ if value.is_nan() => out.extend(b"\"NaN\""),
            f64::INFINITY => out.extend(b"\"Infinity\""),
            f64::NEG_INFINITY => out.extend(b"\"-Infinity\""),
            _ => self.numbers.encode(index, out),
        }
    }
}

/// Writes the names of the columns.
pub fn csv_header(schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = schema.fields().iter().map(|it| quoted(it.name())).collect();
    writeln!(out, "{}", names.join(","))
}

/// Writes rows as CSV: a null as nothing, and an empty text as `""`.
pub fn csv_rows(batch: &RecordBatch, out: &mut dyn Write) -> Result<(), ArrowError> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter().map(|it| ArrayFormatter::try_new(it, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for (index, (column, array)) in columns.iter().zip(batch.columns()).enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            // An empty line would be no row.
            if array.is_valid(row) || columns.len() == 1 {
                out.write_all(quoted(&column.value(row).try_to_string()?).as_bytes())?;
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Returns a field as RFC 4180 writes it.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']);
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

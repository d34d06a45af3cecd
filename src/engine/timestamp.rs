//! `timestamp_format`: how timestamps are written where they are text, in the letters of Java and Spark.

use std::sync::Arc;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use datafusion::arrow::array::{AsArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast, ident,
};

/// The formats to try where the declared one does not fit, as in Tecton (facts 3.2): RFC 3339, and SQL's.
const FALLBACKS: &[&str] = &["%+", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d"];

/// Turns a pattern such as `yyyy-MM-dd HH:mm:ss` into chrono's, or names the letters that have no equal there.
pub fn chrono_format(pattern: &str) -> std::result::Result<String, String> {
    let mut format = String::new();
    let letters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        if letter == '\'' {
            at = quoted(&letters, at, &mut format)?;
            continue;
        }
        let count = letters[at..].iter().take_while(|it| **it == letter).count();
        at += count;
        let run: String = std::iter::repeat_n(letter, count).collect();
        match run.as_str() {
            "yyyy" | "y" | "uuuu" | "u" => format.push_str("%Y"),
            "yy" | "uu" => format.push_str("%y"),
            "MM" | "M" | "LL" | "L" => format.push_str("%m"),
            "MMM" | "LLL" => format.push_str("%b"),
            "MMMM" | "LLLL" => format.push_str("%B"),
            "dd" | "d" => format.push_str("%d"),
            "DDD" => format.push_str("%j"),
            "HH" | "H" => format.push_str("%H"),
            "hh" | "h" => format.push_str("%I"),
            "mm" | "m" => format.push_str("%M"),
            "ss" | "s" => format.push_str("%S"),
            "SSS" => format.push_str("%3f"),
            "SSSSSS" => format.push_str("%6f"),
            "SSSSSSSSS" => format.push_str("%9f"),
            "a" => format.push_str("%p"),
            "E" | "EE" | "EEE" => format.push_str("%a"),
            "EEEE" => format.push_str("%A"),
            "Z" | "ZZZZZ" => format.push_str("%#z"),
            _ if matches!(letter, 'X' | 'x') && count <= 3 => format.push_str("%#z"),
            _ if letter.is_ascii_alphabetic() => return Err(format!("weir does not know `{run}`")),
            _ if letter == '%' => format.push_str(&"%%".repeat(count)),
            _ => format.push_str(&run),
        }
    }
    Ok(format)
}

/// Takes the text between quotes as it is; two quotes are one. Returns where to go on.
fn quoted(letters: &[char], start: usize, format: &mut String) -> std::result::Result<usize, String> {
    let mut at = start + 1;
    if letters.get(at) == Some(&'\'') {
        format.push('\'');
        return Ok(at + 1);
    }
    while let Some(letter) = letters.get(at) {
        match letter {
            '\'' if letters.get(at + 1) == Some(&'\'') => {
                format.push('\'');
                at += 2;
            }
            '\'' => return Ok(at + 1),
            '%' => {
                format.push_str("%%");
                at += 1;
            }
            other => {
                format.push(*other);
                at += 1;
            }
        }
    }
    Err("a quote is not closed".to_owned())
}

/// Says whether `column` of `schema` is text, or numbers to read as text, such as `20240131`.
pub fn is_text(schema: &Schema, column: &str) -> bool {
    let text = |it: &ArrowField| match it.data_type() {
        DataType::Dictionary(_, value) => value.is_string(),
        other => other.is_string() || other.is_integer(),
    };
    schema.field_with_name(column).is_ok_and(text)
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Returns the columns once `column` has been read as a timestamp.
pub fn read_schema(schema: &SchemaRef, column: &str) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|it| if it.name() == column { ArrowField::new(column, timestamp(), true).into() } else { it.clone() });
    Schema::new(fields.collect::<Vec<_>>()).into()
}

/// Reads `column`, which is text, as a timestamp.
pub fn read(rows: DataFrame, column: &str, pattern: &str) -> Result<DataFrame> {
    let pattern = chrono_format(pattern).map_err(DataFusionError::Plan)?;
    let formats = std::iter::once(pattern.as_str()).chain(FALLBACKS.iter().copied()).map(str::to_owned).collect();
    let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
    let reader = ScalarUDF::new_from_impl(Reader { column: column.to_owned(), formats, signature });
    rows.with_column(column, reader.call(vec![cast(ident(column), DataType::Utf8)]))
}

/// The function that reads texts by the first format that fits.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Reader {
    column: String,
    formats: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for Reader {
    fn name(&self) -> &str {
        "timestamp_format"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(timestamp())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = ColumnarValue::values_to_arrays(&arguments.args)?;
        let formats: Vec<Vec<Item>> = self.formats.iter().map(|it| StrftimeItems::new(it).collect()).collect();
        // The message names no value: rows are not for logs.
        let no_time = || {
            let message = format!("a text of `{}` is not a time as its format writes it", self.column);
            DataFusionError::Execution(message)
        };
        let micros = |text: &str| formats.iter().find_map(|it| moment(text, it)).ok_or_else(no_time);
        let texts = texts.iter().flat_map(|it| it.as_string::<i32>().iter());
        let times = texts.map(|it| it.map(micros).transpose()).collect::<Result<TimestampMicrosecondArray>>()?;
        Ok(ColumnarValue::Array(Arc::new(times.with_timezone("UTC"))))
    }
}

/// Returns the moment that `text` says, in microseconds. As in Spark, a year of two digits is in this century, a
/// missing part is the first one possible, and a time without zone is UTC.
fn moment(text: &str, format: &[Item]) -> Option<i64> {
    let mut said = Parsed::new();
    parse(&mut said, text, format.iter()).ok()?;
    if said.year_div_100().is_none() && said.year().is_none() && said.year_mod_100().is_some() {
        said.set_year_div_100(20).ok()?;
    }
    if said.ordinal().is_none() && said.timestamp().is_none() {
        if said.month().is_none() {
            said.set_month(1).ok()?;
        }
        if said.day().is_none() {
            said.set_day(1).ok()?;
        }
    }
    if said.hour_div_12().is_none() && said.hour_mod_12().is_none() {
        said.set_hour(0).ok()?;
    }
    if said.minute().is_none() {
        said.set_minute(0).ok()?;
    }
    let local = said.to_naive_datetime_with_offset(0).ok()?.and_utc().timestamp_micros();
    local.checked_sub(i64::from(said.offset().unwrap_or_default()) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_java_become_chronos() {
        for (java, chrono) in [
            ("yyyy-MM-dd HH:mm:ss", Ok("%Y-%m-%d %H:%M:%S")),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Ok("%Y-%m-%dT%H:%M:%S.%3f%#z")),
            ("dd/MMM/yyyy hh:mm a", Ok("%d/%b/%Y %I:%M %p")),
            ("yyyyMMdd", Ok("%Y%m%d")),
            ("'o''clock' HH", Ok("o'clock %H")),
            ("100% yyyy", Ok("100%% %Y")),
            ("yyyy QQQ", Err("weir does not know `QQQ`")),
            ("yyyy 'open", Err("a quote is not closed")),
        ] {
            let expected = chrono.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(chrono_format(java), expected, "{java}");
        }
    }

    #[test]
    fn texts_are_read_as_spark_reads_them() {
        for (pattern, text, expected) in [
            ("yyyy-MM-dd HH:mm:ss", "2024-01-31 10:00:00", Some("2024-01-31T10:00:00Z")),
            ("yyyy-MM-dd HH:mm:ss", "2024-01-31 10:00", None),
            ("yy-MM-dd", "70-01-02", Some("2070-01-02T00:00:00Z")),
            ("yy-MM-dd", "24-01-02", Some("2024-01-02T00:00:00Z")),
            ("yyyy-MM", "2024-02", Some("2024-02-01T00:00:00Z")),
            ("yyyyMMddHH", "2024020107", Some("2024-02-01T07:00:00Z")),
            ("yyyy-DDD", "2024-060", Some("2024-02-29T00:00:00Z")),
            ("dd/MMM/yyyy hh:mm a", "31/Jan/2024 12:30 AM", Some("2024-01-31T00:30:00Z")),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-01-31T10:00:00.250+02:00", Some("2024-01-31T08:00:00.250Z")),
            ("yyyy-MM-dd", "2024-02-30", None),
            ("yyyy-MM-dd", "2024-02-01 ", None),
            ("yyyy-MM-dd", "", None),
        ] {
            let format = chrono_format(pattern).unwrap();
            let items: Vec<Item> = StrftimeItems::new(&format).collect();
            let micros = |it: &str| it.parse::<jiff::Timestamp>().unwrap().as_microsecond();
            assert_eq!(moment(text, &items), expected.map(micros), "{text} as {pattern}");
        }
    }
}

//! `timestamp_format`: how timestamps are written where they are text, in the letters of Java and Spark.

use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::functions::datetime::expr_fn::to_timestamp_micros;
use datafusion::logical_expr::{cast, ident, lit};

/// What else is understood where the format does not fit, as in Tecton (facts 3.2): RFC 3339, and what SQL writes.
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

/// Says whether `column` of `schema` is text, or the digits of one, as `20240131` is.
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
    let format = chrono_format(pattern).map_err(datafusion::error::DataFusionError::Plan)?;
    let formats = std::iter::once(format.as_str()).chain(FALLBACKS.iter().copied());
    let text = cast(ident(column), DataType::Utf8);
    let arguments = std::iter::once(text).chain(formats.map(lit)).collect();
    rows.with_column(column, cast(to_timestamp_micros(arguments), timestamp()))
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
}

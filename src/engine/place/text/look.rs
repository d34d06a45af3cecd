//! What texts look like: the type that a column of a CSV or JSON file, or of folders, has by its values.

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit};

/// Whole numbers up to here are floats, too, without loss.
const EXACT: u64 = 1 << 53;

/// What all values of a column looked like. Of none nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look(u16);

impl Look {
    const BOOL: u16 = 1;
    const WHOLE: u16 = 1 << 1;
    /// A whole number that a float does not hold exactly.
    const BIG: u16 = 1 << 2;
    const DECIMAL: u16 = 1 << 3;
    const DATE: u16 = 1 << 4;
    const TIME: u16 = 1 << 5;
    /// A time that counts finer than microseconds.
    const NANOS: u16 = 1 << 6;
    pub const TEXT: Self = Self(1 << 7);

    /// Returns what one value looks like. What a number or a time would not keep as it is written is text.
    pub fn of(text: &str) -> Self {
        Self::number(text).unwrap_or_else(|| match text {
            _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => Self(Self::BOOL),
            _ => Self::time(text).unwrap_or(Self::TEXT),
        })
    }

    /// Returns what a number is; `None` of what is no number, or would lose a digit, a sign or a zero as one.
    pub fn number(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        // Each other text ends here.
        if !matches!(digits, [b'0'..=b'9' | b'.', ..]) || matches!(digits, [b'0', b'0'..=b'9', ..]) {
            return None;
        }
        if digits.iter().all(u8::is_ascii_digit) {
            return match text.parse::<i64>() {
                // Only a float has a zero with a sign.
                Ok(0) if text.len() > 1 => Some(Self(Self::DECIMAL)),
                Ok(number) if number.unsigned_abs() > EXACT => Some(Self(Self::BIG)),
                Ok(_) => Some(Self(Self::WHOLE)),
                Err(_) => None,
            };
        }
        let is_plain = digits.iter().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        let number = text.parse::<f64>().ok().filter(|it| is_plain && it.is_finite())?;
        // What is smaller than any float would be read as nothing at all.
        let mantissa = digits.split(|it| matches!(it, b'e' | b'E')).next().unwrap_or_default();
        let vanishes = number == 0.0 && mantissa.iter().any(|it| matches!(it, b'1'..=b'9'));
        (!vanishes).then_some(Self(Self::DECIMAL))
    }

    fn time(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_shaped = |shape: &[u8]| {
            bytes.len() >= shape.len()
                && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b' '),
                    other => other == byte,
                })
        };
        if bytes.len() == 10 && is_shaped(b"0000-00-00") {
            return Date32Type::parse(text).map(|_| Self(Self::DATE));
        }
        if !is_shaped(b"0000-00-00T00:00:00") {
            return None;
        }
        instant(text)?;
        let digits = match bytes.get(19..) {
            Some([b'.', rest @ ..]) => rest.iter().take_while(|it| it.is_ascii_digit()).count(),
            _ => 0,
        };
        match digits {
            0..=6 => Some(Self(Self::TIME)),
            7..=9 => Some(Self(Self::TIME | Self::NANOS)),
            _ => None,
        }
    }

    /// Returns what both look like together.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn is_within(self, looks: u16) -> bool {
        self.0 & !looks == 0
    }

    /// Returns the type that keeps every value that looked so; `Null` where there was none.
    pub fn data_type(self) -> DataType {
        let unit = if self.0 & Self::NANOS == 0 { TimeUnit::Microsecond } else { TimeUnit::Nanosecond };
        match self {
            Self(0) => DataType::Null,
            Self(Self::BOOL) => DataType::Boolean,
            Self(Self::DATE) => DataType::Date32,
            _ if self.is_within(Self::WHOLE | Self::BIG) => DataType::Int64,
            _ if self.is_within(Self::WHOLE | Self::DECIMAL) => DataType::Float64,
            _ if self.is_within(Self::DATE | Self::TIME | Self::NANOS) => DataType::Timestamp(unit, None),
            _ => DataType::Utf8,
        }
    }

    /// Says whether a value that looks so is one of a column whose type was told by the values before it.
    pub fn fits(self, dtype: &DataType) -> bool {
        self.is_within(match dtype {
            DataType::Boolean => Self::BOOL,
            DataType::Int32 | DataType::Int64 => Self::WHOLE | Self::BIG,
            DataType::Float64 => Self::WHOLE | Self::DECIMAL,
            DataType::Date32 => Self::DATE,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Self::DATE | Self::TIME | Self::NANOS,
            DataType::Timestamp(..) => Self::DATE | Self::TIME,
            _ => u16::MAX,
        })
    }
}

/// Returns the moment that a text says, in UTC where it names no zone, as seconds and nanoseconds.
pub fn instant(text: &str) -> Option<(i64, u32)> {
    let utc: Tz = "+00:00".parse().ok()?;
    let moment = string_to_datetime(&utc, text).ok()?;
    Some((moment.timestamp(), moment.timestamp_subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_type_only_where_the_type_keeps_it_as_it_is_written() {
        use DataType::*;
        let (micros, nanos) = (Timestamp(TimeUnit::Microsecond, None), Timestamp(TimeUnit::Nanosecond, None));
        for (text, expected) in [
            ("0", Int64),
            ("-12", Int64),
            ("9223372036854775807", Int64),
            ("-9223372036854775808", Int64),
            ("9223372036854775808", Utf8),
            ("00501", Utf8),
            ("-007", Utf8),
            ("+49", Utf8),
            ("-0", Float64),
            ("0.5", Float64),
            (".5", Float64),
            ("5.", Float64),
            ("1e3", Float64),
            ("-1.5E-3", Float64),
            ("00.5", Utf8),
            ("1e400", Utf8),
            ("1e-400", Utf8),
            ("0e5", Float64),
            ("1e", Utf8),
            (".", Utf8),
            ("-", Utf8),
            ("1-2", Utf8),
            ("NaN", Utf8),
            ("inf", Utf8),
            ("0x10", Utf8),
            ("1_000", Utf8),
            ("१२", Utf8),
            (" 1", Utf8),
            ("True", Boolean),
            ("yes", Utf8),
            ("2024-01-31", Date32),
            ("2024-02-30", Utf8),
            ("2024-01-31T10:00:00", micros.clone()),
            ("2024-01-31 10:00:00.5+02:00", micros.clone()),
            ("2024-01-31 10:00:00.123456Z", micros.clone()),
            ("2024-01-31 10:00:00.1234567Z", nanos),
            ("2024-01-31 10:00:00.1234567891Z", Utf8),
            ("2024-01-31 25:00:00", Utf8),
            ("2024-01-31 10:00", Utf8),
        ] {
            assert_eq!(Look::of(text).data_type(), expected, "{text}");
        }
        for (texts, expected) in [
            (["1", "2.5"], Float64),
            (["9007199254740993", "2.5"], Utf8),
            (["9007199254740992", "2.5"], Float64),
            (["1", "true"], Utf8),
            (["2024-01-31", "2024-01-31 10:00:00"], micros),
            (["1", "007"], Utf8),
        ] {
            assert_eq!(Look::of(texts[0]).and(Look::of(texts[1])).data_type(), expected, "{texts:?}");
        }
        assert_eq!(Look::default().data_type(), Null);
    }
}

//! Durations and instants, as they are written.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::parse;

/// A length of time in whole seconds, written `90s`, `15m`, `1h`, `30d` or `1h30m`; may be negative.
///
/// Prints with the largest of d, h, m, s that divides it: `24h` is `1d`, `1h30m` is `90m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    pub secs: i64,
}

impl Duration {
    pub const ZERO: Self = Self { secs: 0 };
    pub const DAY: Self = Self { secs: 86_400 };
    /// Tecton's limit of 10,000 years (facts 2.5).
    const SECS_MAX: i64 = 10_000 * 366 * 86_400;

    pub fn secs(secs: i64) -> Self {
        Self { secs }
    }

    /// Says whether this is a whole number of `unit`s.
    pub fn is_multiple_of(self, unit: Self) -> bool {
        unit.secs != 0 && self.secs % unit.secs == 0
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration; write it as 90s, 15m, 1h, 30d or 1h30m");
        let (negative, mut rest) = match text.trim().strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.trim()),
        };
        let mut secs: i64 = 0;
        let mut previous = i64::MAX;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|it: char| !it.is_ascii_digit()).filter(|it| *it > 0).ok_or_else(wrong)?;
            let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = match rest.as_bytes()[digits] {
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(wrong()),
            };
            if unit >= previous {
                return Err(wrong());
            }
            previous = unit;
            secs = count
                .checked_mul(unit)
                .and_then(|it| secs.checked_add(it))
                .filter(|it| *it <= Self::SECS_MAX)
                .ok_or_else(|| format!("`{text}` is longer than 10,000 years"))?;
            rest = &rest[digits + 1..];
        }
        Ok(Self { secs: if negative { -secs } else { secs } })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secs == 0 {
            return f.write_str("0s");
        }
        let (unit, letter) =
            [(86_400, 'd'), (3_600, 'h'), (60, 'm')].into_iter().find(|it| self.secs % it.0 == 0).unwrap_or((1, 's'));
        write!(f, "{}{letter}", self.secs / unit)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse(deserializer, "a duration such as 15m or 30d", str::parse)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration: 90s, 15m, 1h, 30d or 1h30m",
            "pattern": r"^\s*-?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?\s*$",
            "minLength": 2,
            "examples": ["15m", "1h", "1d", "30d"],
        })
    }
}

/// A moment in UTC, whole seconds since 1970. Written as RFC 3339; a plain date means midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    pub secs: i64,
}

impl Instant {
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }

    fn is_midnight(self) -> bool {
        self.secs.rem_euclid(86_400) == 0
    }

    /// Returns the plain date at midnight, and RFC 3339 otherwise.
    pub fn short(self) -> String {
        if self.is_midnight() { self.date() } else { self.to_string() }
    }
}

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(date) = text.parse::<jiff::civil::Date>()
            && text.len() == 10
        {
            let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| beyond(text))?;
            return Ok(Self { secs: midnight.timestamp().as_second() });
        }
        let instant = text.parse::<jiff::Timestamp>();
        let instant =
            instant.map_err(|_| match text.trim_end_matches(['Z', 'z']).parse::<jiff::civil::DateTime>() {
                Ok(_) if text.ends_with(['Z', 'z']) => beyond(text),
                _ => format!("`{text}` is not an instant; write it as 2024-01-31 or 2024-01-31T12:00:00Z"),
            })?;
        if instant.subsec_nanosecond() != 0 {
            return Err(format!("`{text}` has a fraction of a second; instants are whole seconds"));
        }
        Ok(Self { secs: instant.as_second() })
    }
}

/// Returns the error for a time that is out of range.
fn beyond(text: &str) -> String {
    format!("`{text}` is too far away: instants end with {:.0}", jiff::Timestamp::MAX)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.secs) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{} seconds after 1970", self.secs),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse(deserializer, "an instant such as 2024-01-31 or 2024-01-31T12:00:00Z", str::parse)
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A date, which means midnight UTC, or an RFC 3339 instant",
            "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?[0-9]{2}))?\s*$",
            "examples": ["2024-01-31", "2024-01-31T12:00:00Z"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_in_their_largest_unit() {
        for (text, expected) in [
            ("24h", "1d"),
            ("1h30m", "90m"),
            ("90s", "90s"),
            ("0s", "0s"),
            ("-36h", "-36h"),
            ("7d", "7d"),
            ("1d12h", "36h"),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "1", "h", "1w", "1m1h", "1h1h", "1.5h", "--1h", "99999999999d", "1d 2h"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_plain_date_is_midnight_utc() {
        for (text, expected) in [
            ("2022-10-10", "2022-10-10T00:00:00Z"),
            ("2022-10-10T02:00:00+02:00", "2022-10-10T00:00:00Z"),
            ("2022-10-10T01:02:03Z", "2022-10-10T01:02:03Z"),
        ] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), expected);
        }
        assert!("yesterday".parse::<Instant>().is_err());
        assert!("2022-02-30".parse::<Instant>().is_err());
        assert!("2022-10-10T00:00:00".parse::<Instant>().is_err());
    }

    #[test]
    fn an_instant_is_a_whole_second_that_can_be_counted() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = text.parse::<Instant>().map(|it| it.to_string());
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        };
        check("2024-01-31", Ok("2024-01-31T00:00:00Z"));
        check("2024-01-31T12:00:00+02:00", Ok("2024-01-31T10:00:00Z"));
        let end = "9999-12-30T22:00:00Z";
        check(end, Ok(end));
        for text in ["9999-12-31", "9999-12-31T23:59:59Z"] {
            check(text, Err(&format!("`{text}` is too far away: instants end with {end}")));
        }
        for text in ["2024-13-01", "2024-02-30T00:00:00Z", "soon", "2024-01-31T12:00:00"] {
            check(text, Err(&format!("`{text}` is not an instant; write it as 2024-01-31 or 2024-01-31T12:00:00Z")));
        }
    }
}

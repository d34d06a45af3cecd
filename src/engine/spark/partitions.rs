//! Partitions by time: which of them can hold rows of a window, as conditions on the columns that name them.
//!
//! Spark reads no file of a partition that the conditions rule out, and it does not know by itself that `day` follows
//! from `at`. A partition is taken to be named after its rows' time in UTC.

use datafusion::arrow::datatypes::{DataType, Schema};

use super::quote::{literal, quoted};
use crate::diagnostic::did_you_mean;
use crate::engine::relation::{Closed, Window};
use crate::resource::Instant;
use crate::resource::batch_config::{Datepart, DatetimePartitionColumn};

const FIELD: &str = "datetime_partition_columns";

/// A partition column, and how its values are written in SQL.
struct Column<'a> {
    declared: &'a DatetimePartitionColumn,
    name: String,
    format: String,
    literal: Literal,
}

/// How a value is compared: as the column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Literal {
    Text,
    Number,
    Date,
}

/// Which end of a window a condition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

/// Returns conditions that rule out partitions without a row of the window; every one of them holds for its rows.
pub fn conditions(
    declared: &[DatetimePartitionColumn],
    schema: &Schema,
    window: Window,
) -> Result<Vec<String>, Closed> {
    let columns = declared.iter().map(|it| column(it, schema)).collect::<Result<Vec<_>, _>>()?;
    let mut conditions = Vec::new();
    // A month says when only together with its year: a chain starts with a column that stands alone.
    for chain in
        [&[Datepart::Year, Datepart::Month, Datepart::Day, Datepart::Hour] as &[_], &[Datepart::Date, Datepart::Hour]]
    {
        let chain: Vec<&Column> =
            chain.iter().map_while(|part| columns.iter().find(|it| it.declared.datepart == *part)).collect();
        // The last instant of a window is the one before its end.
        let last = window.end.map(|it| Instant { secs: it.secs.saturating_sub(1) });
        for (edge, at) in [(Edge::First, window.start), (Edge::Last, last)] {
            conditions.extend(at.map(|it| bound(&chain, edge, it)).transpose()?.flatten());
        }
    }
    Ok(conditions)
}

/// Says whether the table has the columns, in types that can be compared.
pub fn check(declared: &[DatetimePartitionColumn], schema: &Schema) -> Result<(), Closed> {
    conditions(declared, schema, Window { start: Some(Instant { secs: 0 }), end: None }).map(|_| ())
}

/// Returns the condition that partitions lie at or after the first instant, or at or before the last:
/// `y > 2024 OR y = 2024 AND (m > 5 OR m = 5 AND d >= 7)`.
fn bound(chain: &[&Column], edge: Edge, at: Instant) -> Result<Option<String>, Closed> {
    let (strict, loose) = match edge {
        Edge::First => (">", ">="),
        Edge::Last => ("<", "<="),
    };
    let mut condition: Option<String> = None;
    for column in chain.iter().rev() {
        let (name, value) = (column.expression(), column.value(at)?);
        condition = Some(match condition {
            None => format!("{name} {loose} {value}"),
            Some(finer) => format!("({name} {strict} {value} OR ({name} = {value} AND {finer}))"),
        });
    }
    Ok(condition)
}

fn column<'a>(declared: &'a DatetimePartitionColumn, schema: &Schema) -> Result<Column<'a>, Closed> {
    let name = &declared.column_name;
    let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
    // Names in a metastore have no letter case.
    let Some(field) = schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(name)) else {
        let missing = format!("partition column `{name}` is not a column of the table (has: {})", names.join(", "));
        return Err(Closed::fault(FIELD, missing).hint(did_you_mean(name, names)));
    };
    let padded = declared.zero_padded.unwrap_or(false);
    let format = match (&declared.format_string, declared.datepart) {
        (Some(format), _) => format.as_str(),
        (None, Datepart::Year) => "%Y",
        (None, Datepart::Month) => {
            if padded {
                "%m"
            } else {
                "%-m"
            }
        }
        (None, Datepart::Day) => {
            if padded {
                "%d"
            } else {
                "%-d"
            }
        }
        (None, Datepart::Hour) => {
            if padded {
                "%H"
            } else {
                "%-H"
            }
        }
        (None, Datepart::Date) => "%Y-%m-%d",
    };
    let in_order =
        padded || declared.format_string.is_some() || matches!(declared.datepart, Datepart::Year | Datepart::Date);
    let literal = match field.data_type() {
        DataType::Date32 => Literal::Date,
        DataType::Utf8 if in_order => Literal::Text,
        // `9` comes before `10` as a number, and after it as a text.
        DataType::Utf8 => Literal::Number,
        other if other.is_integer() => Literal::Number,
        other => {
            let odd = format!("partition column `{name}` is {other}: it is to hold text, a whole number or a date");
            return Err(Closed::fault(FIELD, odd));
        }
    };
    let name = match (field.data_type(), literal) {
        (DataType::Utf8, Literal::Number) => format!("CAST({} AS INT)", quoted(name)),
        _ => quoted(name),
    };
    Ok(Column { declared, name, format: format.to_owned(), literal })
}

impl Column<'_> {
    fn expression(&self) -> &str {
        &self.name
    }

    /// Returns what the column holds for the rows of that instant.
    fn value(&self, at: Instant) -> Result<String, Closed> {
        let format = if self.literal == Literal::Date { "%Y-%m-%d" } else { &self.format };
        let time = jiff::Timestamp::from_second(at.secs)
            .map_err(|it| Closed::fault(FIELD, format!("no partition holds that instant: {it}")))?
            .to_zoned(jiff::tz::TimeZone::UTC);
        let value = jiff::fmt::strtime::format(format, &time)
            .map_err(|it| Closed::fault(FIELD, format!("format_string `{format}` is not one of strftime: {it}")))?;
        let number = || match value.parse::<i64>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => {
                let odd = format!("partition column {} holds numbers, and `{format}` writes `{value}`", self.name);
                Err(Closed::fault(FIELD, odd))
            }
        };
        Ok(match self.literal {
            Literal::Text => literal(&value),
            Literal::Number => number()?,
            Literal::Date => format!("DATE '{value}'"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::Field;

    fn part(column_name: &str, datepart: Datepart, zero_padded: bool, format: Option<&str>) -> DatetimePartitionColumn {
        DatetimePartitionColumn {
            column_name: column_name.to_owned(),
            datepart,
            zero_padded: Some(zero_padded),
            format_string: format.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check(declared: &[DatetimePartitionColumn], dtype: DataType, start: &str, end: &str, expected: &[&str]) {
        let fields: Vec<Field> = declared.iter().map(|it| Field::new(&it.column_name, dtype.clone(), true)).collect();
        let window = Window { start: start.parse().ok(), end: end.parse().ok() };
        assert_eq!(conditions(declared, &Schema::new(fields), window).unwrap(), expected);
    }

    #[test]
    fn a_window_rules_out_what_lies_outside_it() {
        let day = [part("day", Datepart::Date, true, None)];
        check(&day, DataType::Utf8, "2024-01-31", "2024-02-02", &["`day` >= '2024-01-31'", "`day` <= '2024-02-01'"]);
        check(&day, DataType::Date32, "2024-01-31T10:00:00Z", "", &["`day` >= DATE '2024-01-31'"]);
        check(&day, DataType::Utf8, "", "2024-02-02T00:00:01Z", &["`day` <= '2024-02-02'"]);
        check(&day, DataType::Utf8, "", "", &[]);
        let compact = [part("ds", Datepart::Date, true, Some("%Y%m%d"))];
        check(&compact, DataType::Utf8, "2024-01-31", "", &["`ds` >= '20240131'"]);
        check(&compact, DataType::Int32, "2024-01-31", "", &["`ds` >= 20240131"]);
    }

    #[test]
    fn years_months_and_days_are_compared_together() {
        let parts = |padded| {
            [
                part("m", Datepart::Month, padded, None),
                part("y", Datepart::Year, padded, None),
                part("d", Datepart::Day, padded, None),
            ]
        };
        let padded = "(`y` > '2024' OR (`y` = '2024' AND (`m` > '02' OR (`m` = '02' AND `d` >= '09'))))";
        check(&parts(true), DataType::Utf8, "2024-02-09", "", &[padded]);
        let plain = "(`y` < '2024' OR (`y` = '2024' AND (CAST(`m` AS INT) < 2 OR (CAST(`m` AS INT) = 2 AND CAST(`d` AS INT) <= 9))))";
        check(&parts(false), DataType::Utf8, "", "2024-02-10", &[plain]);
        let numbers = "(`y` > 2024 OR (`y` = 2024 AND (`m` > 2 OR (`m` = 2 AND `d` >= 9))))";
        check(&parts(true), DataType::Int32, "2024-02-09", "", &[numbers]);
        // A month alone says nothing about a window that may span years.
        check(&parts(true)[..1], DataType::Utf8, "2024-02-09", "2024-02-10", &[]);
    }
}

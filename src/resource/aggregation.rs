//! Aggregations of a view: their functions, types and default names (facts 8.4).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::dtype::Dtype;
use super::text::{self, Duration};

/// An aggregated feature, or one for each of several windows.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["time_window"] }, { "required": ["time_windows"] }]))]
pub struct Aggregation {
    /// The column to aggregate
    #[serde(deserialize_with = "crate::resource::text")]
    pub column: String,
    /// count, sum, mean, min, max, last, last(n), approx_percentile(0.5, 100), ...
    pub function: Function,
    /// How far back the window reaches
    pub time_window: Option<Duration>,
    /// Several windows instead: a feature for each
    pub time_windows: Option<Vec<Duration>>,
    /// The feature's name (default: column_function_window_interval); not with `time_windows`
    pub name: Option<String>,
}

/// One aggregated feature: an entry of `aggregations` has one for each of its windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate<'a> {
    pub column: &'a str,
    pub function: Function,
    pub time_window: Duration,
    pub name: Option<&'a str>,
    /// Which entry says it, and which of its `time_windows`.
    entry: usize,
    window: Option<usize>,
}

/// An aggregation function with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    StddevSamp,
    StddevPop,
    VarSamp,
    VarPop,
    LastN(i64),
    FirstN(i64),
    LastDistinct(i64),
    FirstDistinct(i64),
    /// Precision, 4 to 16.
    ApproxCountDistinct(i64),
    /// Percentile 0 to 1, and precision, 20 to 500.
    ApproxPercentile(f64, i64),
}

/// The functions as a reader writes them, for messages and the JSON Schema.
pub const FUNCTIONS: &[&str] = &[
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "last",
    "first",
    "stddev_samp",
    "stddev_pop",
    "var_samp",
    "var_pop",
    "last(n)",
    "first(n)",
    "last_distinct(n)",
    "first_distinct(n)",
    "approx_count_distinct(precision)",
    "approx_percentile(percentile, precision)",
];

const COUNT_DISTINCT_PRECISION: i64 = 8;
const PERCENTILE_PRECISION: i64 = 100;

impl Aggregation {
    /// Returns the features of this, the `entry`th of its list.
    pub fn aggregates(&self, entry: usize) -> impl Iterator<Item = Aggregate<'_>> {
        let several = self.time_windows.iter().flatten().enumerate().map(|it| (Some(it.0), *it.1));
        self.time_window.map(|it| (None, it)).into_iter().chain(several).map(move |(window, time_window)| Aggregate {
            column: &self.column,
            function: self.function,
            time_window,
            name: self.name.as_deref(),
            entry,
            window,
        })
    }
}

impl Aggregate<'_> {
    /// Returns the feature's name: the given one, or `<column>_<function>_<window>_<interval>`.
    pub fn feature(&self, interval: Duration) -> String {
        match self.name {
            Some(name) => name.to_owned(),
            None => {
                format!("{}_{}_{}_{}", self.column, self.function.slug(), self.time_window, interval_slug(interval))
            }
        }
    }

    /// Returns the form that is compared: with its name, however its window is written.
    pub fn canonical(&self, interval: Duration) -> Value {
        json!({
            "column": self.column,
            "function": self.function,
            "time_window": self.time_window,
            "name": self.feature(interval),
        })
    }

    /// Returns where it is written: its window among several, or its entry.
    pub fn path(&self) -> String {
        match self.window {
            Some(window) => format!("aggregations[{}].time_windows[{window}]", self.entry),
            None => format!("aggregations[{}]", self.entry),
        }
    }

    /// Returns where `field` of its entry is written.
    pub fn field(&self, field: &str) -> String {
        format!("aggregations[{}].{field}", self.entry)
    }

    /// Returns where its window is written.
    pub fn window_path(&self) -> String {
        match self.window {
            Some(_) => self.path(),
            None => self.field("time_window"),
        }
    }
}

/// `0s` means that every event counts from its own instant.
fn interval_slug(interval: Duration) -> String {
    if interval == Duration::ZERO { "continuous".to_owned() } else { interval.to_string() }
}

impl Function {
    /// Returns the name as it appears in a default feature name: `last_3`, `approx_percentile_p0_5`.
    fn slug(self) -> String {
        match self {
            Self::LastN(count) => format!("last_{count}"),
            Self::FirstN(count) => format!("first_{count}"),
            Self::LastDistinct(count) => format!("last_distinct_{count}"),
            Self::FirstDistinct(count) => format!("first_distinct_{count}"),
            Self::ApproxCountDistinct(_) => "approx_count_distinct".to_owned(),
            Self::ApproxPercentile(percentile, _) => {
                format!("approx_percentile_p{}", percentile.to_string().replace('.', "_"))
            }
            plain => plain.to_string(),
        }
    }

    /// Returns the type of the feature over a column of type `column`, or what the function takes instead.
    pub fn output(self, column: &Dtype) -> Result<Dtype, &'static str> {
        let ordered = column.is_number() || *column == Dtype::String;
        let plain = !matches!(column, Dtype::Map(_) | Dtype::Struct(_) | Dtype::Timestamp);
        let list = || Dtype::Array(Box::new(column.clone()));
        match self {
            Self::Count => Ok(Dtype::Int64),
            Self::ApproxCountDistinct(_) if plain => Ok(Dtype::Int64),
            Self::ApproxCountDistinct(_) => Err("a number, String or Bool"),
            Self::Sum if column.is_integer() => Ok(Dtype::Int64),
            Self::Sum if column.is_number() => Ok(Dtype::Float64),
            Self::Mean
            | Self::StddevSamp
            | Self::StddevPop
            | Self::VarSamp
            | Self::VarPop
            | Self::ApproxPercentile(..)
                if column.is_number() =>
            {
                Ok(Dtype::Float64)
            }
            Self::Sum
            | Self::Mean
            | Self::StddevSamp
            | Self::StddevPop
            | Self::VarSamp
            | Self::VarPop
            | Self::ApproxPercentile(..) => Err("a number"),
            Self::Min | Self::Max if ordered => Ok(column.clone()),
            Self::Min | Self::Max => Err("a number or String"),
            Self::First | Self::Last if plain => Ok(column.clone()),
            Self::FirstN(_) | Self::LastN(_) if plain && !matches!(column, Dtype::Array(_)) => Ok(list()),
            Self::First | Self::Last => Err("a number, String, Bool or Array"),
            Self::FirstN(_) | Self::LastN(_) => Err("a number, String or Bool"),
            Self::FirstDistinct(_) | Self::LastDistinct(_) if column.is_integer() || *column == Dtype::String => {
                Ok(list())
            }
            Self::FirstDistinct(_) | Self::LastDistinct(_) => Err("Int64 or String"),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Sum => f.write_str("sum"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::StddevSamp => f.write_str("stddev_samp"),
            Self::StddevPop => f.write_str("stddev_pop"),
            Self::VarSamp => f.write_str("var_samp"),
            Self::VarPop => f.write_str("var_pop"),
            Self::LastN(count) => write!(f, "last({count})"),
            Self::FirstN(count) => write!(f, "first({count})"),
            Self::LastDistinct(count) => write!(f, "last_distinct({count})"),
            Self::FirstDistinct(count) => write!(f, "first_distinct({count})"),
            Self::ApproxCountDistinct(precision) => write!(f, "approx_count_distinct({precision})"),
            Self::ApproxPercentile(percentile, precision) => write!(f, "approx_percentile({percentile}, {precision})"),
        }
    }
}

impl FromStr for Function {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, arguments) = match text.split_once('(') {
            None => (text.trim(), Vec::new()),
            Some((name, rest)) => {
                let inner =
                    rest.trim_end().strip_suffix(')').ok_or_else(|| format!("`{text}` has no closing bracket"))?;
                (name.trim(), inner.split(',').map(str::trim).collect())
            }
        };
        let plain = |function: Self| match arguments.is_empty() {
            true => Ok(function),
            false => Err(format!("`{name}` takes no parameters")),
        };
        let count = || match arguments.as_slice() {
            [count] => within(name, "n", count, 1, 1000),
            _ => Err(format!("`{name}` takes one parameter, as in `{name}(5)`")),
        };
        match name {
            "count" => plain(Self::Count),
            "sum" => plain(Self::Sum),
            "mean" => plain(Self::Mean),
            "min" => plain(Self::Min),
            "max" => plain(Self::Max),
            "stddev_samp" => plain(Self::StddevSamp),
            "stddev_pop" => plain(Self::StddevPop),
            "var_samp" => plain(Self::VarSamp),
            "var_pop" => plain(Self::VarPop),
            "first" if arguments.is_empty() => Ok(Self::First),
            "last" if arguments.is_empty() => Ok(Self::Last),
            "first" => count().map(Self::FirstN),
            "last" => count().map(Self::LastN),
            "first_distinct" => count().map(Self::FirstDistinct),
            "last_distinct" => count().map(Self::LastDistinct),
            "approx_count_distinct" => match arguments.as_slice() {
                [] => Ok(Self::ApproxCountDistinct(COUNT_DISTINCT_PRECISION)),
                [precision] => within(name, "precision", precision, 4, 16).map(Self::ApproxCountDistinct),
                _ => Err(format!("`{name}` takes one parameter, the precision from 4 to 16")),
            },
            "approx_percentile" => match arguments.as_slice() {
                [percentile] => Ok(Self::ApproxPercentile(fraction(name, percentile)?, PERCENTILE_PRECISION)),
                [percentile, precision] => Ok(Self::ApproxPercentile(
                    fraction(name, percentile)?,
                    within(name, "precision", precision, 20, 500)?,
                )),
                _ => Err(format!(
                    "`{name}` takes a percentile from 0 to 1 and a precision from 20 to 500, as in `{name}(0.5, 100)`"
                )),
            },
            _ => Err(
                match crate::diagnostic::closest(name, FUNCTIONS.iter().map(|it| it.split('(').next().unwrap_or(it))) {
                    Some(hint) => format!("`{name}` is not an aggregation function, did you mean `{hint}`?"),
                    None => {
                        format!("`{name}` is not an aggregation function; the functions are {}", FUNCTIONS.join(", "))
                    }
                },
            ),
        }
    }
}

fn within(function: &str, what: &str, text: &str, min: i64, max: i64) -> Result<i64, String> {
    text.parse().ok().filter(|it| (min..=max).contains(it)).ok_or_else(|| {
        format!("`{text}` cannot be the {what} of `{function}`: it is a whole number from {min} to {max}")
    })
}

fn fraction(function: &str, text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|it| (0.0..=1.0).contains(it))
        .ok_or_else(|| format!("`{text}` cannot be the percentile of `{function}`: it is a number from 0 to 1"))
}

impl Serialize for Function {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Function {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, "an aggregation function such as count or last(3)", str::parse)
    }
}

impl JsonSchema for Function {
    fn schema_name() -> Cow<'static, str> {
        "Function".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An aggregation function, with its parameters in brackets",
            "anyOf": [
                { "enum": FUNCTIONS.iter().filter(|it| !it.contains('(')).chain(&["approx_count_distinct"]).collect::<Vec<_>>() },
                { "type": "string", "pattern": r"^\s*(last|first|last_distinct|first_distinct)\s*\(\s*[0-9]+\s*\)\s*$" },
                { "type": "string", "pattern": r"^\s*approx_count_distinct\s*\(\s*[0-9]+\s*\)\s*$" },
                { "type": "string", "pattern": r"^\s*approx_percentile\s*\(\s*[0-9.]+\s*(,\s*[0-9]+\s*)?\)\s*$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_names_are_the_specs() {
        let check = |function: &str, window: &str, interval: &str, expected: &str| {
            let aggregation = Aggregation {
                column: "clicked".into(),
                function: function.parse().unwrap(),
                time_window: Some(window.parse().unwrap()),
                time_windows: None,
                name: None,
            };
            let aggregate = aggregation.aggregates(0).next().unwrap();
            assert_eq!(aggregate.feature(interval.parse().unwrap()), expected);
        };
        check("count", "1h", "0s", "clicked_count_1h_continuous");
        check("sum", "24h", "1h", "clicked_sum_1d_1h");
        check("mean", "1h30m", "30m", "clicked_mean_90m_30m");
        check("last(3)", "7d", "0s", "clicked_last_3_7d_continuous");
        check("approx_percentile(0.5, 100)", "7d", "1d", "clicked_approx_percentile_p0_5_7d_1d");
    }

    #[test]
    fn parameters_are_checked() {
        for text in [
            "last(0)",
            "last(1001)",
            "last()",
            "last(1,2)",
            "count(1)",
            "approx_percentile(2)",
            "approx_count_distinct(17)",
            "median",
            "last(3",
        ] {
            assert!(text.parse::<Function>().is_err(), "{text}");
        }
        assert_eq!("approx_percentile( 0.5 )".parse::<Function>().unwrap().to_string(), "approx_percentile(0.5, 100)");
    }
}

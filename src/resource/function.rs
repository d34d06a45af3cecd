//! The aggregation functions: one row for each (facts 8.4).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dtype::Dtype;
use super::text;
use crate::diagnostic::closest;

/// Writes the closed set of functions, and the table of what each takes and yields.
macro_rules! functions {
    ($($name:ident $written:literal: $parameters:ident, $takes:ident => $yields:ident;)*) => {
        /// What is computed over the rows of a window, whatever its parameters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Aggregator { $($name),* }

        const FUNCTIONS: &[Row] = &[$(Row {
            aggregator: Aggregator::$name,
            written: $written,
            parameters: Parameters::$parameters,
            takes: Takes::$takes,
            yields: Yields::$yields,
        }),*];
    };
}

functions! {
    // as written in messages                                     parameters  column      feature
    Count               "count":                                     None, Any      => Count;
    Sum                 "sum":                                       None, Number   => Sum;
    Mean                "mean":                                      None, Number   => Float;
    Min                 "min":                                       None, Ordered  => Same;
    Max                 "max":                                       None, Ordered  => Same;
    Last                "last":                                      None, Flat     => Same;
    First               "first":                                     None, Flat     => Same;
    StddevSamp          "stddev_samp":                               None, Number   => Float;
    StddevPop           "stddev_pop":                                None, Number   => Float;
    VarSamp             "var_samp":                                  None, Number   => Float;
    VarPop              "var_pop":                                   None, Number   => Float;
    LastN               "last(n)":                                   N, Scalar      => List;
    FirstN              "first(n)":                                  N, Scalar      => List;
    LastDistinct        "last_distinct(n)":                          N, Key         => List;
    FirstDistinct       "first_distinct(n)":                         N, Key         => List;
    ApproxCountDistinct "approx_count_distinct(precision)":          Precision, Flat => Count;
    ApproxPercentile    "approx_percentile(percentile, precision)":  Percentile, Number => Float;
}

/// What is known of one function.
#[derive(Debug)]
struct Row {
    aggregator: Aggregator,
    /// The function as a reader writes it: `last(n)`.
    written: &'static str,
    parameters: Parameters,
    takes: Takes,
    yields: Yields,
}

/// Which parameters a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameters {
    None,
    /// How many values, 1 to 1000.
    N,
    /// The precision of a HyperLogLog, 4 to 16; 8 when it is left out.
    Precision,
    /// A percentile from 0 to 1, and the precision of a t-digest, 20 to 500; 100 when it is left out.
    Percentile,
}

/// Which columns a function is computed over.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Any,
    Number,
    /// Numbers and text.
    Ordered,
    /// Whole numbers and text.
    Key,
    /// All but arrays, maps, structs and times.
    Scalar,
    /// All but maps, structs and times.
    Flat,
}

/// The type of the feature.
#[derive(Debug, Clone, Copy)]
enum Yields {
    Count,
    /// `Int64` over whole numbers, else `Float64`.
    Sum,
    Float,
    /// The type of the column.
    Same,
    /// An array of the column's type, ascending by event time.
    List,
}

/// An aggregation function with its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    row: &'static Row,
    pub arguments: Arguments,
}

/// The parameters of a function, as given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arguments {
    None,
    N(i64),
    Precision(i64),
    /// The percentile, and the precision.
    Percentile(f64, i64),
}

impl Function {
    pub fn aggregator(self) -> Aggregator {
        self.row.aggregator
    }

    /// Returns the type of the feature over a column of type `column`, or what the function takes instead.
    pub fn output(self, column: &Dtype) -> Result<Dtype, &'static str> {
        if !self.row.takes.admits(column) {
            return Err(self.row.takes.words());
        }
        Ok(match self.row.yields {
            Yields::Count => Dtype::Int64,
            Yields::Sum if column.is_integer() => Dtype::Int64,
            Yields::Sum | Yields::Float => Dtype::Float64,
            Yields::Same => column.clone(),
            Yields::List => Dtype::Array(Box::new(column.clone())),
        })
    }

    /// Returns the name as it appears in a default feature name: `last_3`, `approx_percentile_p0_5`.
    pub fn slug(self) -> String {
        let name = self.row.name();
        match self.arguments {
            Arguments::None | Arguments::Precision(_) => name.to_owned(),
            Arguments::N(count) => format!("{name}_{count}"),
            Arguments::Percentile(percentile, _) => format!("{name}_p{}", percentile.to_string().replace('.', "_")),
        }
    }
}

impl Row {
    /// Returns the name without its parameters.
    fn name(&self) -> &'static str {
        self.written.split('(').next().unwrap_or(self.written)
    }
}

impl Takes {
    fn admits(self, column: &Dtype) -> bool {
        let flat = !matches!(column, Dtype::Map(_) | Dtype::Struct(_) | Dtype::Timestamp);
        match self {
            Self::Any => true,
            Self::Number => column.is_number(),
            Self::Ordered => column.is_number() || *column == Dtype::String,
            Self::Key => column.is_integer() || *column == Dtype::String,
            Self::Scalar => flat && !matches!(column, Dtype::Array(_)),
            Self::Flat => flat,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Any => "any column",
            Self::Number => "a number",
            Self::Ordered => "a number or String",
            Self::Key => "Int64 or String",
            Self::Scalar => "a number, String or Bool",
            Self::Flat => "a number, String, Bool or Array",
        }
    }
}

impl Parameters {
    /// Reads the parameters of the function `name`.
    fn read(self, name: &str, given: &[&str]) -> Result<Arguments, String> {
        let precision = |text: &str, min, max| within(name, "precision", text, min, max);
        match (self, given) {
            (Self::None, []) => Ok(Arguments::None),
            (Self::None, _) => Err(format!("`{name}` takes no parameters")),
            (Self::N, [count]) => within(name, "n", count, 1, 1000).map(Arguments::N),
            (Self::N, _) => Err(format!("`{name}` takes one parameter, as in `{name}(5)`")),
            (Self::Precision, []) => Ok(Arguments::Precision(8)),
            (Self::Precision, [text]) => precision(text, 4, 16).map(Arguments::Precision),
            (Self::Precision, _) => Err(format!("`{name}` takes one parameter, the precision from 4 to 16")),
            (Self::Percentile, [percentile]) => Ok(Arguments::Percentile(fraction(name, percentile)?, 100)),
            (Self::Percentile, [percentile, text]) => {
                Ok(Arguments::Percentile(fraction(name, percentile)?, precision(text, 20, 500)?))
            }
            (Self::Percentile, _) => Err(format!(
                "`{name}` takes a percentile from 0 to 1 and a precision from 20 to 500, as in `{name}(0.5, 100)`"
            )),
        }
    }

    /// Returns the pattern of the parameters, in their brackets, for the JSON Schema; none when there are none.
    fn pattern(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::N | Self::Precision => Some(r"\s*\(\s*[0-9]+\s*\)\s*$"),
            Self::Percentile => Some(r"\s*\(\s*[0-9.]+\s*(,\s*[0-9]+\s*)?\)\s*$"),
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.row.aggregator == other.row.aggregator && self.arguments == other.arguments
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.row.name();
        match self.arguments {
            Arguments::None => f.write_str(name),
            Arguments::N(count) => write!(f, "{name}({count})"),
            Arguments::Precision(precision) => write!(f, "{name}({precision})"),
            Arguments::Percentile(percentile, precision) => write!(f, "{name}({percentile}, {precision})"),
        }
    }
}

impl FromStr for Function {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, given) = match text.split_once('(') {
            None => (text.trim(), Vec::new()),
            Some((name, rest)) => {
                let inner =
                    rest.trim_end().strip_suffix(')').ok_or_else(|| format!("`{text}` has no closing bracket"))?;
                (name.trim(), inner.split(',').map(str::trim).collect())
            }
        };
        // `last` and `last(n)` are two functions of one name.
        let rows = || FUNCTIONS.iter().filter(|it| it.name() == name);
        let fits = |it: &&Row| (it.parameters == Parameters::None) == given.is_empty();
        let row = rows().find(fits).or_else(|| rows().next()).ok_or_else(|| unknown(name))?;
        Ok(Self { row, arguments: row.parameters.read(name, &given)? })
    }
}

fn unknown(name: &str) -> String {
    match closest(name, FUNCTIONS.iter().map(Row::name)) {
        Some(hint) => format!("`{name}` is not an aggregation function, did you mean `{hint}`?"),
        None => {
            let all: Vec<&str> = FUNCTIONS.iter().map(|it| it.written).collect();
            format!("`{name}` is not an aggregation function; the functions are {}", all.join(", "))
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
        let names = |parameters| FUNCTIONS.iter().filter(move |it| it.parameters == parameters).map(Row::name);
        let plain: Vec<&str> = names(Parameters::None).chain(names(Parameters::Precision)).collect();
        let patterns = [Parameters::N, Parameters::Precision, Parameters::Percentile].into_iter().filter_map(|it| {
            let names: Vec<&str> = names(it).collect();
            let name = if names.len() == 1 { names.concat() } else { format!("({})", names.join("|")) };
            Some(serde_json::json!({ "type": "string", "pattern": format!(r"^\s*{name}{}", it.pattern()?) }))
        });
        let any: Vec<_> = [serde_json::json!({ "enum": plain })].into_iter().chain(patterns).collect();
        json_schema!({ "description": "An aggregation function, with its parameters in brackets", "anyOf": any })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_is_taken_is_named() {
        for row in FUNCTIONS {
            let function = Function { row, arguments: Arguments::None };
            for dtype in ["Bool", "Int32", "Int64", "Float32", "Float64", "String", "Timestamp", "Array<Int64>"] {
                let named = dtype.split('<').next().unwrap();
                let dtype: Dtype = dtype.parse().unwrap();
                if let Err(takes) = function.output(&dtype) {
                    assert!(!takes.contains(named), "{function}: {takes}");
                    assert!(!dtype.is_number() || !takes.contains("number"), "{function}: {takes}");
                }
            }
        }
    }
}

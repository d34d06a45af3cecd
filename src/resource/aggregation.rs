//! Aggregations of a view: their windows and default names (facts 8.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::duration::Duration;
use super::function::Function;

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

/// One aggregated feature. An entry of `aggregations` makes one for each of its windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate<'a> {
    pub column: &'a str,
    pub function: Function,
    pub time_window: Duration,
    pub name: Option<&'a str>,
    /// The index of the entry in `aggregations`, and of the window in its `time_windows`.
    entry: usize,
    window: Option<usize>,
}

impl Aggregation {
    /// Returns the features of this aggregation, which is number `entry` of its list.
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
}

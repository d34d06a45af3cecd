//! BatchFeatureView and StreamFeatureView: queries over sources whose rows become features.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::aggregation::{Aggregate, Aggregation};
use super::duration::{Duration, Instant};
use super::field::Field;
use super::source_input::SourceInput;

/// What both kinds of view declare (spec 1, "Kinds and fields"): a BatchFeatureView computes features from batch sources on
/// a schedule, a StreamFeatureView from pushed events as they arrive, and from their history.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureView {
    /// The sources to read: names, `{source, start_time_offset}` or `{source, unfiltered: true}`
    #[schemars(length(min = 1))]
    pub sources: Vec<SourceInput>,
    /// The entities that the features describe
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "crate::resource::texts")]
    pub entities: Vec<String>,
    /// The query over the sources (default: their columns pass through)
    pub sql: Option<String>,
    /// A file with the query, relative to this file
    pub sql_file: Option<String>,
    /// A reusable query instead: `{name, inputs}`
    pub transformation: Option<TransformationCall>,
    /// The columns of the query's output (default: derived)
    pub schema: Option<Vec<Field>>,
    /// The column with the time of a row (default: the one Timestamp column)
    pub timestamp_field: Option<String>,
    /// Aggregated features: `{column, function, time_window, name}`, or `time_windows` for one each
    pub aggregations: Option<Vec<Aggregation>>,
    /// The width of a partial aggregate; `0s` means continuous (default for push sources)
    pub aggregation_interval: Option<Duration>,
    /// Whether features are served online (default: false)
    pub online: Option<bool>,
    /// Whether features are kept offline, for training (default: false)
    pub offline: Option<bool>,
    /// The first moment that has features
    pub feature_start_time: Option<Instant>,
    /// How often batch jobs run (default: aggregation_interval where there is one, else 1d)
    pub batch_schedule: Option<Duration>,
    /// What starts batch jobs (default: SCHEDULED)
    pub batch_trigger: Option<BatchTrigger>,
    /// With MANUAL: backfills run up to here all the same
    pub manual_trigger_backfill_end_time: Option<Instant>,
    /// The longest stretch of one backfill job (default: a tenth of the range)
    pub max_backfill_interval: Option<Duration>,
    /// Whether each job sees exactly one window (batch views without aggregations; default: false)
    pub incremental_backfills: Option<bool>,
    /// How long a value is served (default: for ever; not with aggregations)
    pub ttl: Option<Duration>,
    /// Watches how fresh the features are
    pub monitoring: Option<Monitoring>,
}

/// The use of a reusable query.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformationCall {
    /// The transformation's name
    #[serde(deserialize_with = "crate::resource::text")]
    pub name: String,
    /// The sources that stand for its inputs, in its order (default: this view's sources)
    #[serde(default, deserialize_with = "crate::resource::texts_if_any")]
    pub inputs: Option<Vec<String>>,
}

/// What starts a view's batch jobs (facts 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BatchTrigger {
    Scheduled,
    Manual,
    NoBatchMaterialization,
}

/// Freshness monitoring of an online view.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// Whether to watch (default: false)
    pub monitor_freshness: Option<bool>,
    /// How old the newest value may be
    pub expected_freshness: Option<Duration>,
    /// Who is told
    pub alert_email: Option<String>,
}

impl FeatureView {
    /// Says whether features are stored online or offline.
    pub fn is_materialized(&self) -> bool {
        self.online == Some(true) || self.offline == Some(true)
    }

    /// Says whether its features are aggregated.
    pub fn aggregates(&self) -> bool {
        self.aggregations.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Returns the aggregated features, one for each window.
    pub fn aggregations(&self) -> impl Iterator<Item = Aggregate<'_>> {
        self.aggregations.iter().flatten().enumerate().flat_map(|it| it.1.aggregates(it.0))
    }

    /// Returns the names of the view's sources: the tables that its own query may read.
    pub fn tables(&self) -> Vec<String> {
        self.sources.iter().map(|it| it.name().to_owned()).collect()
    }
}

impl Monitoring {
    /// Says whether no monitoring is asked for.
    pub fn is_off(&self) -> bool {
        !self.monitor_freshness.unwrap_or(false) && self.expected_freshness.is_none() && self.alert_email.is_none()
    }
}

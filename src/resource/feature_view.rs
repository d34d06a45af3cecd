//! BatchFeatureView and StreamFeatureView: queries over sources whose rows become features.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::address::{Address, Kind, SOURCES};
use super::aggregation::{Aggregate, Aggregation};
use super::catalog::{Catalog, ViewColumns};
use super::contents::{Column, Contents};
use super::declaration::{Declaration, Reference};
use super::dtype::Dtype;
use super::field::Field;
use super::query::{FileSlot, MapQuery, Query, rename_in_query, sql_file_slot};
use super::report::Report;
use super::rule::Rule;
use super::source_input::SourceInput;
use super::text::{Duration, Instant};
use super::{Resource, contents, view_check};
use crate::sql::Dialect;

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

const RULES: &[(&str, Rule)] = &[
    ("sources", Rule::Unordered),
    ("entities", Rule::Suppressible),
    ("sql", Rule::Query),
    ("transformation", Rule::Suppressible),
    ("schema", Rule::Append),
    ("timestamp_field", Rule::Recreate),
    ("aggregations", Rule::Append),
    ("aggregation_interval", Rule::Recreate),
    ("online", Rule::GuardedWhenFalse),
    ("offline", Rule::GuardedWhenFalse),
    ("feature_start_time", Rule::GuardedWhenLater),
    ("batch_schedule", Rule::Recreate),
    ("batch_trigger", Rule::InPlace),
    ("manual_trigger_backfill_end_time", Rule::InPlace),
    ("max_backfill_interval", Rule::InPlace),
    ("incremental_backfills", Rule::Recreate),
    ("ttl", Rule::Ttl),
    ("monitoring", Rule::InPlace),
];

impl FeatureView {
    /// Says whether rows arrive as pushed events: only a stream view takes them.
    pub fn is_pushed(&self, kind: Kind, catalog: &Catalog) -> bool {
        kind == Kind::StreamFeatureView
            && self.source_resources(catalog).any(|it| it.spec.declaration().source().is_some_and(|it| it.pushed))
    }

    /// Says whether any source has rows at rest.
    pub fn has_batch(&self, catalog: &Catalog) -> bool {
        self.source_resources(catalog).any(|it| it.spec.declaration().source().is_some_and(|it| it.batch.is_some()))
    }

    /// Returns how long after a window its rows are complete: the largest of the sources (facts 2.4).
    pub fn data_delay(&self, catalog: &Catalog) -> Duration {
        self.source_resources(catalog)
            .filter_map(|it| it.spec.declaration().source()?.batch.map(|it| it.data_delay()))
            .max()
            .unwrap_or(Duration::ZERO)
    }

    pub fn source_resources<'a>(&self, catalog: &Catalog<'a>) -> impl Iterator<Item = &'a Resource> {
        self.sources.iter().filter_map(|it| catalog.source(it.name()))
    }

    /// Says whether its features are kept anywhere.
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

    /// Returns the aggregation interval, `0s` for continuous, or `None` where the view would have to say it.
    pub fn interval(&self, kind: Kind, catalog: &Catalog) -> Option<Duration> {
        self.aggregation_interval.or_else(|| self.is_pushed(kind, catalog).then_some(Duration::ZERO))
    }

    /// Returns how often batch jobs run.
    pub fn schedule(&self, kind: Kind, catalog: &Catalog) -> Duration {
        let interval = if self.aggregates() { self.interval(kind, catalog) } else { None };
        self.batch_schedule.or(interval.filter(|it| it.secs > 0)).unwrap_or(Duration::DAY)
    }

    pub fn trigger(&self, kind: Kind, catalog: &Catalog) -> BatchTrigger {
        let without_batch = self.is_pushed(kind, catalog) && !self.has_batch(catalog);
        self.batch_trigger.unwrap_or(if without_batch {
            BatchTrigger::NoBatchMaterialization
        } else {
            BatchTrigger::Scheduled
        })
    }

    /// Returns the tables that the view's own query may read.
    pub fn tables(&self) -> Vec<String> {
        self.sources.iter().map(|it| it.name().to_owned()).collect()
    }

    /// Returns the view's columns with their types, where all of it is known without opening a source.
    pub fn output(&self, catalog: &Catalog) -> Option<Vec<Field>> {
        let columns = self.known_columns(catalog)?;
        columns.iter().map(|(name, dtype)| Some(Field { name: name.clone(), dtype: dtype.clone()? })).collect()
    }

    /// Returns the names of the view's columns, with those types that are known.
    pub fn known_columns(&self, catalog: &Catalog) -> ViewColumns {
        catalog.columns(self, || self.find_columns(catalog).map(Into::into))
    }

    fn find_columns(&self, catalog: &Catalog) -> Option<Vec<(String, Option<Dtype>)>> {
        if let Some(schema) = &self.schema {
            return Some(schema.iter().map(|it| (it.name.clone(), Some(it.dtype.clone()))).collect());
        }
        let columns_of = |table: &str| {
            catalog
                .source(table)
                .filter(|_| self.sources.iter().any(|it| it.name() == table))?
                .spec
                .declaration()
                .columns(catalog)
        };
        let names_of = |table: &str| Some(columns_of(table)?.into_iter().map(|it| it.name).collect::<Vec<_>>());
        match (&self.sql, &self.transformation, self.sources.as_slice()) {
            (Some(sql), None, sources) => {
                let columns = crate::sql::output_columns(sql, &names_of)?;
                let inputs = if let [only] = sources { columns_of(only.name()) } else { None };
                let dtype = |source: &Option<String>| {
                    inputs.as_ref()?.iter().find(|it| Some(&it.name) == source.as_ref()).map(|it| it.dtype.clone())
                };
                Some(columns.into_iter().map(|it| (it.name, dtype(&it.source))).collect())
            }
            (None, None, [only]) if self.sql_file.is_none() => {
                Some(columns_of(only.name())?.into_iter().map(|it| (it.name, Some(it.dtype))).collect())
            }
            _ => None,
        }
    }

    /// Returns the timestamp field: the declared one, or the only Timestamp column where the columns are known.
    pub fn timestamp(&self, catalog: &Catalog) -> Option<String> {
        if self.timestamp_field.is_some() {
            return self.timestamp_field.clone();
        }
        if let Some(schema) = &self.schema {
            let mut timestamps = schema.iter().filter(|it| it.dtype == Dtype::Timestamp);
            return timestamps.next().filter(|_| timestamps.next().is_none()).map(|it| it.name.clone());
        }
        let columns = self.known_columns(catalog)?;
        // A column of unknown type beside the only Timestamp is taken for a feature; data will tell if it is not.
        let mut timestamps = columns.iter().filter(|it| it.1 == Some(Dtype::Timestamp));
        match (timestamps.next(), timestamps.next()) {
            (Some(only), None) => Some(only.0.clone()),
            _ => None,
        }
    }

    /// Returns the names of the entities' join keys, in order.
    pub fn join_keys(&self, catalog: &Catalog) -> Vec<String> {
        let entities = self.entities.iter().filter_map(|it| catalog.entity(it));
        entities.filter_map(|it| it.spec.declaration().join_keys(&it.address.name)).flatten().collect()
    }

    /// Returns the view's features with those types that are known, or `None` when a source must be opened to know.
    pub fn features(&self, kind: Kind, catalog: &Catalog) -> Option<Vec<(String, Option<Dtype>)>> {
        if self.aggregates() {
            let interval = self.interval(kind, catalog).unwrap_or(Duration::ZERO);
            let columns = self.known_columns(catalog);
            let columns = columns.as_deref().unwrap_or_default();
            let dtype = |it: &Aggregate| {
                let column = columns.iter().find(|column| column.0 == it.column)?.1.as_ref()?;
                it.function.output(column).ok()
            };
            return Some(self.aggregations().map(|it| (it.feature(interval), dtype(&it))).collect());
        }
        let keys = self.join_keys(catalog);
        let timestamp = self.timestamp(catalog)?;
        let columns = self.known_columns(catalog)?;
        Some(columns.iter().filter(|it| it.0 != timestamp && !keys.contains(&it.0)).cloned().collect())
    }

    /// Returns the defaults that the sources decide; they are part of what is compared.
    fn context(&self, kind: Kind, catalog: &Catalog) -> Value {
        let column = |(name, dtype): &(String, Option<Dtype>)| match dtype {
            Some(dtype) => json!({ "name": name, "dtype": dtype }),
            None => json!({ "name": name }),
        };
        json!({
            "aggregation_interval": self.interval(kind, catalog),
            "batch_schedule": self.schedule(kind, catalog),
            "batch_trigger": self.trigger(kind, catalog),
            "schema": self.known_columns(catalog).map(|it| it.iter().map(column).collect::<Vec<_>>()),
            "timestamp_field": self.timestamp(catalog),
        })
    }

    /// Returns of the context what this view leaves unset: the rest is in its own digest.
    fn unset(&self, kind: Kind, catalog: &Catalog) -> String {
        let windows = (self.interval(kind, catalog), self.schedule(kind, catalog), self.trigger(kind, catalog));
        // A declared schema decides the columns and, with timestamp_field or without, the timestamp.
        let text = if self.schema.is_some() {
            serde_json::to_string(&windows)
        } else {
            serde_json::to_string(&(windows, self.known_columns(catalog).as_deref(), self.timestamp(catalog)))
        };
        text.expect("columns are plain data")
    }
}

impl Declaration for FeatureView {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        RULES
    }

    fn canonical(&self, me: &Address, mut json: Value, catalog: &Catalog) -> Value {
        let kind = me.kind;
        let Value::Object(context) = self.context(kind, catalog) else { unreachable!("the context is an object") };
        for (key, value) in context {
            json[key] = value;
        }
        json["sql_file"] = Value::Null;
        json["sources"] = self.sources.iter().map(SourceInput::canonical).collect();
        if let Some(call) = &self.transformation {
            json["transformation"]["inputs"] = json!(call.inputs.clone().unwrap_or_else(|| self.tables()));
        }
        let interval = self.interval(kind, catalog).unwrap_or(Duration::ZERO);
        let aggregations = || self.aggregations().map(|it| it.canonical(interval)).collect();
        json["aggregations"] = if self.aggregates() { aggregations() } else { Value::Null };
        json["online"] = json!(self.online.unwrap_or(false));
        json["offline"] = json!(self.offline.unwrap_or(false));
        json["incremental_backfills"] = json!(self.incremental_backfills.unwrap_or(false));
        if let Some(monitoring) = &self.monitoring {
            let off = Monitoring { monitor_freshness: None, expected_freshness: None, alert_email: None };
            let watches = monitoring.monitor_freshness.unwrap_or(false);
            if !watches && (Monitoring { monitor_freshness: None, ..monitoring.clone() }) == off {
                json["monitoring"] = Value::Null;
            } else {
                json["monitoring"]["monitor_freshness"] = json!(watches);
            }
        }
        json
    }

    fn references(&self) -> Vec<Reference> {
        let sources =
            self.sources.iter().enumerate().map(|(index, it)| Reference::new(it.path(index), it.name(), SOURCES));
        let entities = self
            .entities
            .iter()
            .enumerate()
            .map(|(index, it)| Reference::new(format!("entities[{index}]"), it, &[Kind::Entity]));
        let transformation = self
            .transformation
            .iter()
            .map(|it| Reference::new("transformation.name", &it.name, &[Kind::Transformation]));
        sources.chain(entities).chain(transformation).collect()
    }

    fn follow_rename(&mut self, kind: Kind, old: &str, new: &str, dialect: Dialect) -> bool {
        let rename = |name: &mut String| {
            if name == old {
                *name = new.to_owned();
            }
        };
        if kind == Kind::Entity {
            self.entities.iter_mut().for_each(rename);
        } else if kind == Kind::Transformation {
            self.transformation.iter_mut().for_each(|it| rename(&mut it.name));
        } else if SOURCES.contains(&kind) {
            let is_sure = rename_in_query(&mut self.tables(), &mut self.sql, old, new, dialect);
            self.sources.iter_mut().for_each(|it| rename(it.name_mut()));
            self.transformation.iter_mut().filter_map(|it| it.inputs.as_mut()).flatten().for_each(rename);
            return is_sure;
        }
        true
    }

    fn defaults(&self, me: &Address, catalog: &Catalog) -> String {
        self.unset(me.kind, catalog)
    }

    fn check(&self, me: &Address, report: &mut Report) {
        view_check::check(self, me, report);
    }

    fn check_with(&self, me: &Address, catalog: &Catalog, report: &mut Report) {
        view_check::check_with(self, me, catalog, report);
    }

    fn queries(&self) -> Vec<Query<'_>> {
        let query = |text| Query { path: "sql", text, tables: Some(self.tables()), dialect: None };
        self.sql.as_deref().map(query).into_iter().collect()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.sql = self.sql.as_deref().map(|it| map(None, it));
        self.sql_file = None;
    }

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        sql_file_slot(&self.sql_file, &mut self.sql)
    }

    fn contents(&self, me: &Address, catalog: &Catalog, _: Option<Vec<Column>>) -> Contents {
        contents::of_view(self, me.kind, catalog)
    }

    fn column_names(&self, catalog: &Catalog) -> Option<Vec<String>> {
        Some(self.known_columns(catalog)?.iter().map(|it| it.0.clone()).collect())
    }

    fn columns(&self, catalog: &Catalog) -> Option<Vec<Field>> {
        self.output(catalog)
    }

    fn view(&self) -> Option<&FeatureView> {
        Some(self)
    }
}

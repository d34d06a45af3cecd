//! A feature view with the facts that follow from its sources and entities, each computed once.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::address::{Address, Kind};
use super::aggregation::Aggregate;
use super::batch_config::BatchConfig;
use super::contents::{Column, Contents};
use super::dtype::Dtype;
use super::duration::Duration;
use super::feature_view::{BatchTrigger, FeatureView, Monitoring};
use super::field::Field;
use super::opened::{OpenedColumn, OpenedColumns};
use super::source_input::SourceInput;
use crate::sql::output_columns;

/// The names of columns, with the types that are known.
pub type KnownColumns = Arc<[(String, Option<Dtype>)]>;

/// A source as views see it.
pub trait IsSource {
    /// Says whether its events are pushed.
    fn is_pushed(&self) -> bool {
        false
    }

    /// Returns the place of its stored rows, if it has one.
    fn batch(&self) -> Option<&BatchConfig>;

    /// Returns the columns that a reader sees, as far as they are known without opening the source.
    fn columns(&self) -> Option<KnownColumns>;
}

/// The questions that a declaration may ask about others.
pub trait Lookup {
    fn source(&self, name: &str) -> Option<&dyn IsSource>;

    /// Returns the join keys of the entity called `name`, with their declared types.
    fn keys(&self, name: &str) -> Option<Vec<(String, Option<Dtype>)>>;

    /// Returns the inputs of the transformation called `name`.
    fn inputs(&self, name: &str) -> Option<&[String]>;

    /// Returns the view called `name`.
    fn view(&self, name: &str) -> Option<View<'_>>;

    /// Returns the view at `address`.
    fn view_at(&self, address: &Address) -> Option<View<'_>>;
}

/// Returns columns as fields, or `None` unless all their types are known.
pub fn typed(columns: &[(String, Option<Dtype>)]) -> Option<Vec<Field>> {
    columns.iter().map(|(name, dtype)| Some(Field { name: name.clone(), dtype: dtype.clone()? })).collect()
}

/// A view as declared, with the facts that follow from what it refers to.
#[derive(Debug, Clone)]
pub struct View<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub spec: &'a FeatureView,
    pub found: Cow<'a, Found>,
}

/// The facts about a view that follow from its sources and entities.
#[derive(Debug, Clone)]
pub struct Found {
    /// The columns of its rows; `None` when a source must be opened to know them.
    pub columns: Option<KnownColumns>,
    /// The columns that its query yields, when its sources have been opened.
    pub opened: Option<OpenedColumns>,
    /// Whether rows arrive as pushed events. Only a stream view takes them.
    pub is_pushed: bool,
    /// Whether any of its sources has stored rows.
    pub has_batch: bool,
    /// The time after a window until its rows are complete: the largest of the sources (facts 2.4).
    pub data_delay: Duration,
    /// The join keys in the order of the entities, with their declared types.
    pub keys: Vec<(String, Option<Dtype>)>,
}

impl Found {
    /// Computes the facts for `spec`. `opened` holds the columns of its query, when its sources have been opened.
    pub fn new(kind: Kind, spec: &FeatureView, others: &dyn Lookup, opened: Option<OpenedColumns>) -> Self {
        let sources = || spec.sources.iter().filter_map(|it| others.source(it.name()));
        let keys: Vec<_> = spec.entities.iter().filter_map(|it| others.keys(it)).flatten().collect();
        let columns = match &opened {
            Some(opened) if spec.schema.is_none() => usable(spec, &keys, opened),
            _ => find_columns(spec, others),
        };
        Self {
            columns: columns.map(Into::into),
            opened,
            is_pushed: kind == Kind::StreamFeatureView && sources().any(|it| it.is_pushed()),
            has_batch: sources().any(|it| it.batch().is_some()),
            data_delay: sources().filter_map(|it| Some(it.batch()?.data_delay())).max().unwrap_or(Duration::ZERO),
            keys,
        }
    }
}

impl<'a> View<'a> {
    /// Returns the view for `spec` at `address`. It uses the facts of `others` when they hold this very `spec`.
    pub fn of(address: &'a Address, spec: &'a FeatureView, others: &'a dyn Lookup) -> Self {
        let known = others.view_at(address).filter(|it| std::ptr::eq(it.spec, spec));
        let found = || Cow::Owned(Found::new(address.kind, spec, others, None));
        known.unwrap_or_else(|| View { kind: address.kind, name: &address.name, spec, found: found() })
    }

    /// Returns the columns of its rows, as far as they are known without opening a source.
    pub fn columns(&self) -> Option<&[(String, Option<Dtype>)]> {
        self.found.columns.as_deref()
    }

    /// Returns the aggregation interval: `0s` for continuous, `None` when the view has to declare it and does not.
    pub fn interval(&self) -> Option<Duration> {
        self.spec.aggregation_interval.or_else(|| self.found.is_pushed.then_some(Duration::ZERO))
    }

    /// Returns how often batch jobs run.
    pub fn schedule(&self) -> Duration {
        let interval = if self.spec.aggregates() { self.interval() } else { None };
        self.spec.batch_schedule.or(interval.filter(|it| it.secs > 0)).unwrap_or(Duration::DAY)
    }

    pub fn trigger(&self) -> BatchTrigger {
        let without_batch = self.found.is_pushed && !self.found.has_batch;
        self.spec.batch_trigger.unwrap_or(match without_batch {
            true => BatchTrigger::NoBatchMaterialization,
            false => BatchTrigger::Scheduled,
        })
    }

    /// Returns its columns as fields, or `None` unless all their types are known.
    pub fn output(&self) -> Option<Vec<Field>> {
        typed(self.columns()?)
    }

    /// Returns the timestamp field: the declared one, or the only Timestamp column where the columns are known.
    pub fn timestamp(&self) -> Option<&str> {
        if let Some(field) = &self.spec.timestamp_field {
            return Some(field);
        }
        // A column of unknown type beside the only Timestamp is taken as a feature, until the data corrects this.
        let is_timestamp = |it: &&(String, Option<Dtype>)| it.1 == Some(Dtype::Timestamp);
        let mut timestamps = self.columns()?.iter().filter(is_timestamp);
        timestamps.next().filter(|_| timestamps.next().is_none()).map(|it| it.0.as_str())
    }

    /// Returns the names of the entities' join keys, in order.
    pub fn join_keys(&self) -> impl Iterator<Item = &str> {
        self.found.keys.iter().map(|it| it.0.as_str())
    }

    /// Says whether the column called `name` is a join key.
    pub fn is_key(&self, name: &str) -> bool {
        self.join_keys().any(|it| it == name)
    }

    /// Returns the columns of its query that the view uses and whose type no feature can have.
    pub fn unusable(&self) -> impl Iterator<Item = &OpenedColumn> {
        let opened = self.found.opened.iter().flat_map(|it| it.iter());
        opened.filter(|it| it.dtype.is_none() && !is_beside(self.spec, &self.found.keys, &it.name))
    }

    /// Says whether the view uses this column: as a feature, a key, the time of a row or for an aggregation.
    pub fn uses(&self, name: &str) -> bool {
        !self.spec.aggregates()
            || self.spec.aggregations().any(|it| it.column == name)
            || self.is_key(name)
            || self.timestamp() == Some(name)
    }

    /// Returns the features with the types that are known, or `None` when a source must be opened to know them.
    pub fn features(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        if self.spec.aggregates() {
            let interval = self.interval().unwrap_or(Duration::ZERO);
            let columns = self.columns().unwrap_or_default();
            let dtype = |it: &Aggregate| {
                let column = columns.iter().find(|column| column.0 == it.column)?.1.as_ref()?;
                it.function.output(column).ok()
            };
            return Some(self.spec.aggregations().map(|it| (it.feature(interval), dtype(&it))).collect());
        }
        let timestamp = self.timestamp()?;
        let is_feature = |it: &&(String, Option<Dtype>)| it.0 != timestamp && !self.is_key(&it.0);
        Some(self.columns()?.iter().filter(is_feature).cloned().collect())
    }

    /// Returns the defaults that come from the sources and that the view leaves unset, as text for the digest.
    pub fn defaults(&self) -> String {
        let windows = (self.interval(), self.schedule(), self.trigger());
        // A declared schema decides the columns, and so the default timestamp.
        let text = match &self.spec.schema {
            Some(_) => serde_json::to_string(&windows),
            None => serde_json::to_string(&(windows, self.columns(), self.timestamp())),
        };
        text.expect("columns are plain data")
    }

    /// Returns the comparable form of the view, given as `json`, with defaults written out, also those from the
    /// sources.
    pub fn canonical(&self, mut json: Value) -> Value {
        let spec = self.spec;
        let column = |(name, dtype): &(String, Option<Dtype>)| match dtype {
            Some(dtype) => json!({ "name": name, "dtype": dtype }),
            None => json!({ "name": name }),
        };
        let interval = self.interval();
        json["aggregation_interval"] = json!(interval);
        json["batch_schedule"] = json!(self.schedule());
        json["batch_trigger"] = json!(self.trigger());
        json["schema"] = json!(self.columns().map(|it| it.iter().map(column).collect::<Vec<_>>()));
        json["timestamp_field"] = json!(self.timestamp());
        json["sql_file"] = Value::Null;
        json["sources"] = spec.sources.iter().map(SourceInput::canonical).collect();
        if let Some(call) = &spec.transformation {
            json["transformation"]["inputs"] = json!(call.inputs.clone().unwrap_or_else(|| spec.tables()));
        }
        let interval = interval.unwrap_or(Duration::ZERO);
        let aggregations = || spec.aggregations().map(|it| it.canonical(interval)).collect();
        json["aggregations"] = if spec.aggregates() { aggregations() } else { Value::Null };
        json["online"] = json!(spec.online.unwrap_or(false));
        json["offline"] = json!(spec.offline.unwrap_or(false));
        json["incremental_backfills"] = json!(spec.incremental_backfills.unwrap_or(false));
        match &spec.monitoring {
            Some(monitoring) if monitoring.is_off() => json["monitoring"] = Value::Null,
            Some(Monitoring { monitor_freshness, .. }) => {
                json["monitoring"]["monitor_freshness"] = json!(monitor_freshness.unwrap_or(false));
            }
            None => {}
        }
        json
    }

    /// Returns what the view offers to its readers.
    pub fn contents(&self) -> Contents {
        let columns = self.columns().unwrap_or_default();
        let found = |key: &str| columns.iter().find(|it| it.0 == key)?.1.as_ref();
        let key = |(name, dtype): &(String, Option<Dtype>)| Column::new(name, dtype.as_ref().or_else(|| found(name)));
        Contents::View {
            entities: self.spec.entities.clone(),
            sources: self.spec.tables(),
            join_keys: self.found.keys.iter().map(key).collect(),
            features: self.features().map(|it| Column::all(&it)),
            online: self.spec.online == Some(true),
            offline: self.spec.offline == Some(true),
        }
    }
}

/// Returns the columns that features can be made of, or `None` when one of them has a type that weir lacks. On a part
/// of the columns, rules would report false mistakes. A view with aggregations may have other columns besides.
fn usable(
    spec: &FeatureView,
    keys: &[(String, Option<Dtype>)],
    opened: &[OpenedColumn],
) -> Option<Vec<(String, Option<Dtype>)>> {
    let is_beside = |it: &&OpenedColumn| it.dtype.is_none() && is_beside(spec, keys, &it.name);
    let used = opened.iter().filter(|it| !is_beside(it));
    used.map(|it| Some((it.name.clone(), Some(it.dtype.clone()?)))).collect()
}

/// Says whether the view aggregates and does not use this column.
fn is_beside(spec: &FeatureView, keys: &[(String, Option<Dtype>)], name: &str) -> bool {
    spec.aggregates()
        && !spec.aggregations().any(|it| it.column == name)
        && spec.timestamp_field.as_deref() != Some(name)
        && !keys.iter().any(|it| it.0 == name)
}

/// Returns the columns of the declared `schema`, or else those that follow from the query and the sources.
fn find_columns(spec: &FeatureView, others: &dyn Lookup) -> Option<Vec<(String, Option<Dtype>)>> {
    if let Some(schema) = &spec.schema {
        return Some(schema.iter().map(|it| (it.name.clone(), Some(it.dtype.clone()))).collect());
    }
    // A source with a column of unknown type counts as unknown until it is opened.
    let columns_of = |table: &str| {
        let columns = others.source(table).filter(|_| spec.sources.iter().any(|it| it.name() == table))?.columns()?;
        columns.iter().all(|it| it.1.is_some()).then_some(columns)
    };
    let names_of = |table: &str| Some(columns_of(table)?.iter().map(|it| it.0.clone()).collect::<Vec<_>>());
    match (&spec.sql, &spec.transformation, spec.sources.as_slice()) {
        (Some(sql), None, sources) => {
            let columns = output_columns(sql, &names_of)?;
            let inputs = if let [only] = sources { columns_of(only.name()) } else { None };
            let dtype = |source: &Option<String>| {
                inputs.as_ref()?.iter().find(|it| Some(&it.0) == source.as_ref()).and_then(|it| it.1.clone())
            };
            Some(columns.into_iter().map(|it| (it.name, dtype(&it.source))).collect())
        }
        (None, None, [only]) if spec.sql_file.is_none() => Some(columns_of(only.name())?.to_vec()),
        _ => None,
    }
}

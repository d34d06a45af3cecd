//! The nouns: what a repo may declare and a registry records. One file per kind.

mod address;
mod aggregation;
pub mod batch_config;
mod batch_source;
mod catalog;
mod contents;
mod declaration;
mod decode;
mod digest;
mod dtype;
mod duration;
mod entity;
mod feature_service;
mod feature_view;
mod field;
mod function;
pub mod graph;
mod job;
mod names;
mod opened;
mod push_source;
mod query;
mod report;
mod rule;
pub mod rules;
mod schema;
mod services;
mod source_input;
mod spec;
mod tagged;
mod text;
pub mod time;
mod transformation;
mod view;
mod views;

pub use address::{Address, FINAL, Kind, SOURCES, VARIANTS, VIEWS};
pub use aggregation::Aggregation;
pub use catalog::Catalog;
pub use contents::{Column, Contents};
pub use declaration::{Declaration, HoldsSql, Reference};
pub use decode::{Defaults, HEADER, Header, decode_map, from_json_text};
pub use digest::{Digest, hex, unhex};
pub use dtype::Dtype;
pub use duration::{Duration, Instant};
pub use feature_service::FeatureService;
pub use feature_view::{BatchTrigger, FeatureView};
pub use field::{Field, check_schema};
pub use function::{Aggregator, Arguments, Function};
pub use job::{Job, JobKind, JobState, RecordedJob};
pub use names::{column_name_fault, name_fault};
pub use opened::{OpenedColumn, OpenedColumns};
pub use query::{FileSlot, MapQuery, Query};
pub use report::{Finding, Report};
pub use rule::{ENGINE, Effect, FieldChange, Rule, rule_for};
pub use schema::repo_schema;
pub use spec::{Meta, Resource, Spec};
pub use tagged::{Tagged, tagged};
pub use text::{Named, Texts, named, text, texts, texts_if_any};
pub use time::Range;
pub use view::{IsSource, KnownColumns, Lookup, View, typed};

/// Returns the value at a dotted path of object keys.
pub fn pointer_mut<'a>(json: &'a mut serde_json::Value, path: &str) -> Option<&'a mut serde_json::Value> {
    path.split('.').try_fold(json, |value, key| value.get_mut(key))
}

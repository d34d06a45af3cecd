//! The `Declaration` of feature views.

use serde_json::Value;

use super::address::{Address, Kind, SOURCES};
use super::contents::{Column, Contents};
use super::declaration::{Declaration, HoldsSql, Reference};
use super::feature_view::FeatureView;
use super::query::{FileSlot, MapQuery, Query, rename_in_query, sql_file_slot};
use super::rule::Rule;
use super::view::{KnownColumns, Lookup, View};
use crate::sql::Dialect;

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

impl Declaration for FeatureView {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        RULES
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

    fn canonical(&self, me: &Address, json: Value, others: &dyn Lookup) -> Value {
        View::of(me, self, others).canonical(json)
    }

    fn defaults(&self, me: &Address, others: &dyn Lookup) -> String {
        View::of(me, self, others).defaults()
    }

    fn contents(&self, me: &Address, others: &dyn Lookup, _: Option<Vec<Column>>) -> Contents {
        View::of(me, self, others).contents()
    }

    fn columns(&self, me: &Address, others: &dyn Lookup) -> Option<KnownColumns> {
        View::of(me, self, others).found.columns.clone()
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

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        sql_file_slot(&self.sql_file, &mut self.sql)
    }

    fn sql(&self) -> Option<&dyn HoldsSql> {
        Some(self)
    }

    fn sql_mut(&mut self) -> Option<&mut dyn HoldsSql> {
        Some(self)
    }

    fn view(&self) -> Option<&FeatureView> {
        Some(self)
    }
}

impl HoldsSql for FeatureView {
    fn queries(&self) -> Vec<Query<'_>> {
        let query = |text| Query { path: "sql", text, tables: Some(self.tables()), dialect: None };
        self.sql.as_deref().map(query).into_iter().collect()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.sql = self.sql.as_deref().map(|it| map(None, it));
        self.sql_file = None;
    }
}

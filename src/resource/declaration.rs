//! The trait of kinds: the questions that each kind answers. All other code is generic.

use serde_json::Value;

use super::address::{Address, Kind};
use super::contents::{Column, Contents};
use super::feature_service::FeatureService;
use super::feature_view::FeatureView;
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::rule::Rule;
use super::view::{IsSource, KnownColumns, Lookup};
use crate::sql::Dialect;

/// The answers of a kind for one declaration. Three methods are required; the other defaults suit a plain kind.
pub trait Declaration: Send + Sync {
    /// Returns the change class of every field. A field that is not listed recreates.
    fn rules(&self) -> &'static [(&'static str, Rule)];

    /// Returns the names that this declaration refers to, as written.
    fn references(&self) -> Vec<Reference>;

    /// Returns what this offers to its readers. `data` holds the columns of its data, when that was opened.
    fn contents(&self, me: &Address, others: &dyn Lookup, data: Option<Vec<Column>>) -> Contents;

    /// Returns the comparable form of `json`, which is this declaration as JSON. Defaults are written out, also those
    /// that come from `others`. SQL stays as written.
    fn canonical(&self, _me: &Address, json: Value, _others: &dyn Lookup) -> Value {
        json
    }

    /// Returns the defaults that depend on other resources, as text for the digest.
    fn defaults(&self, _me: &Address, _others: &dyn Lookup) -> String {
        String::new()
    }

    /// Reports mistakes that this declaration shows on its own.
    fn check(&self, _me: &Address, _report: &mut Report) {}

    /// Returns the files that this declaration names and that are stored with it.
    fn files(&mut self) -> Vec<FileSlot<'_>> {
        Vec::new()
    }

    /// Writes out each unset field whose default is `name`, so that a rename does not change it.
    fn pin_name(&mut self, _name: &str) {}

    /// Updates this declaration after the rename of something it refers to. Returns whether its query surely followed;
    /// `dialect` is that of the queries that the engine runs.
    fn follow_rename(&mut self, _kind: Kind, _old: &str, _new: &str, _dialect: Dialect) -> bool {
        true
    }

    /// Returns the columns that a reader sees, as far as they are known without opening a source.
    fn columns(&self, _me: &Address, _others: &dyn Lookup) -> Option<KnownColumns> {
        None
    }

    /// Returns the declaration's SQL, when it may hold any.
    fn sql(&self) -> Option<&dyn HoldsSql> {
        None
    }

    /// Returns the declaration's SQL, to change it.
    fn sql_mut(&mut self) -> Option<&mut dyn HoldsSql> {
        None
    }

    /// Returns how rows arrive, when this is a source.
    fn source(&self) -> Option<&dyn IsSource> {
        None
    }

    /// Returns the view, when this is one.
    fn view(&self) -> Option<&FeatureView> {
        None
    }

    /// Returns the service, when this is one.
    fn service(&self) -> Option<&FeatureService> {
        None
    }
}

/// A declaration that may hold queries.
pub trait HoldsSql {
    /// Returns the queries, each with the path of its field.
    fn queries(&self) -> Vec<Query<'_>>;

    /// Replaces the text of every query, and forgets the file that it came from.
    fn map_queries(&mut self, map: &MapQuery);
}

impl dyn Declaration + '_ {
    /// Returns the queries of this declaration, each with the path of its field.
    pub fn queries(&self) -> Vec<Query<'_>> {
        self.sql().map(HoldsSql::queries).unwrap_or_default()
    }
}

/// A name as written in a declaration, and the kinds that it may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub path: String,
    pub name: String,
    pub accepts: &'static [Kind],
    /// Whether the name may resolve to nothing, as an input that is a plain table.
    pub optional: bool,
}

impl Reference {
    pub fn new(path: impl Into<String>, name: &str, accepts: &'static [Kind]) -> Self {
        Self { path: path.into(), name: name.to_owned(), accepts, optional: false }
    }

    /// Returns the addresses that this name may refer to.
    pub fn candidates(&self) -> impl Iterator<Item = Address> + '_ {
        self.accepts.iter().map(|kind| Address::new(*kind, self.name.as_str()))
    }
}

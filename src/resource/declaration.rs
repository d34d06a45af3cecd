//! The questions that a kind answers about itself. Everything else is generic.

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

/// What a kind says about one of its declarations. Three answers are required; the others are right for a plain kind.
pub trait Declaration: Send + Sync {
    /// Returns the change class of every field; a field that is not listed recreates.
    fn rules(&self) -> &'static [(&'static str, Rule)];

    /// Returns what this declaration refers to by name, as written.
    fn references(&self) -> Vec<Reference>;

    /// Returns what this brings to its readers; `data` is what its data says of its columns, where it was opened.
    fn contents(&self, me: &Address, others: &dyn Lookup, data: Option<Vec<Column>>) -> Contents;

    /// Returns the comparable form of `json`, this declaration as JSON: defaults written out, and what the others say of
    /// unset fields. SQL stays as it is written.
    fn canonical(&self, _me: &Address, json: Value, _others: &dyn Lookup) -> Value {
        json
    }

    /// Returns the defaults that depend on other resources, as text: they belong to the digest.
    fn defaults(&self, _me: &Address, _others: &dyn Lookup) -> String {
        String::new()
    }

    /// Reports mistakes that this declaration shows on its own.
    fn check(&self, _me: &Address, _report: &mut Report) {}

    /// Returns the files that this declaration names and that are stored with it.
    fn files(&mut self) -> Vec<FileSlot<'_>> {
        Vec::new()
    }

    /// Writes out what is left unset and comes from `name`: a rename must not change it unseen.
    fn pin_name(&mut self, _name: &str) {}

    /// Follows the rename of something this declaration refers to. Says whether its query, which is this dialect's
    /// where it is the engine's, surely followed.
    fn follow_rename(&mut self, _kind: Kind, _old: &str, _new: &str, _dialect: Dialect) -> bool {
        true
    }

    /// Returns the columns that a reader sees, as far as they are known without opening a source.
    fn columns(&self, _me: &Address, _others: &dyn Lookup) -> Option<KnownColumns> {
        None
    }

    /// Returns its SQL, when it holds any.
    fn sql(&self) -> Option<&dyn HoldsSql> {
        None
    }

    /// Returns its SQL to change it.
    fn sql_mut(&mut self) -> Option<&mut dyn HoldsSql> {
        None
    }

    /// Returns how rows come in, when this is a source.
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

/// Something with queries in it.
pub trait HoldsSql {
    /// Returns the SQL that this holds, with the path of its field.
    fn queries(&self) -> Vec<Query<'_>>;

    /// Replaces the text of every query, and forgets from which file it came.
    fn map_queries(&mut self, map: &MapQuery);
}

impl dyn Declaration + '_ {
    /// Returns the SQL that this declaration holds, with the path of its field.
    pub fn queries(&self) -> Vec<Query<'_>> {
        self.sql().map(HoldsSql::queries).unwrap_or_default()
    }
}

/// A name as written in a declaration, and what it may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub path: String,
    pub name: String,
    pub accepts: &'static [Kind],
    /// An optional reference that finds nothing is no mistake (an input that is a plain table).
    pub optional: bool,
}

impl Reference {
    pub fn new(path: impl Into<String>, name: &str, accepts: &'static [Kind]) -> Self {
        Self { path: path.into(), name: name.to_owned(), accepts, optional: false }
    }

    /// Returns the addresses that this name could mean.
    pub fn candidates(&self) -> impl Iterator<Item = Address> + '_ {
        self.accepts.iter().map(|kind| Address::new(*kind, self.name.as_str()))
    }
}

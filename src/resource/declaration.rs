//! The questions that a kind answers about itself. Everything else is generic.

use serde_json::Value;

use super::address::{Address, Kind};
use super::batch_config::BatchConfig;
use super::catalog::Catalog;
use super::contents::{Column, Contents};
use super::dtype::Dtype;
use super::feature_service::FeatureService;
use super::feature_view::FeatureView;
use super::field::Field;
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::rule::Rule;
use crate::sql::Dialect;

/// What a kind says about one of its declarations.
pub trait Declaration: Send + Sync {
    /// Returns the change class of every field; a field that is not listed recreates.
    fn rules(&self) -> &'static [(&'static str, Rule)];

    /// Returns what this declaration refers to by name, as written.
    fn references(&self) -> Vec<Reference>;

    /// Returns the comparable form of `json`, this declaration as JSON: defaults written out, and what the
    /// catalog says of unset fields. SQL stays as it is written.
    fn canonical(&self, _me: &Address, json: Value, _catalog: &Catalog) -> Value {
        json
    }

    /// Returns the defaults that depend on other resources, as text: they belong to the digest.
    fn defaults(&self, _me: &Address, _catalog: &Catalog) -> String {
        String::new()
    }

    /// Reports mistakes that this declaration shows on its own.
    fn check(&self, _me: &Address, _report: &mut Report) {}

    /// Reports mistakes that show only together with what it refers to.
    fn check_with(&self, _me: &Address, _catalog: &Catalog, _report: &mut Report) {}

    /// Returns the SQL that this declaration holds, with the path of its field.
    fn queries(&self) -> Vec<Query<'_>> {
        Vec::new()
    }

    /// Replaces the text of every query, and forgets from which file it came.
    fn map_queries(&mut self, _map: &MapQuery) {}

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

    /// Returns what this brings to its readers; `data` is what its data says of its columns, where it was opened.
    fn contents(&self, me: &Address, catalog: &Catalog, data: Option<Vec<Column>>) -> Contents;

    /// Returns the columns that a reader sees, as far as they are known without opening a source.
    fn columns(&self, _catalog: &Catalog) -> Option<Vec<Field>> {
        None
    }

    /// Returns the names of those columns, which may be known where their types are not.
    fn column_names(&self, catalog: &Catalog) -> Option<Vec<String>> {
        Some(self.columns(catalog)?.into_iter().map(|it| it.name).collect())
    }

    /// Returns how rows come in, when this is a source.
    fn source(&self) -> Option<SourceTraits<'_>> {
        None
    }

    /// Returns the service, when this is one.
    fn service(&self) -> Option<&FeatureService> {
        None
    }

    /// Returns the view, when this is one.
    fn view(&self) -> Option<&FeatureView> {
        None
    }

    /// Returns the names of the columns that identify, when this is an entity called `name`.
    fn join_keys(&self, _name: &str) -> Option<Vec<String>> {
        None
    }

    /// Returns those columns with the types that the entity says.
    fn key_columns(&self, _name: &str) -> Option<Vec<Column>> {
        None
    }

    /// Returns what goes over the wire when this is a service, in alphabetical order, with those types that are known.
    fn wire_features(&self, _catalog: &Catalog) -> Option<Vec<(String, Option<Dtype>)>> {
        None
    }

    /// Returns the order on the wire: what `recorded` holds keeps its position, additions follow.
    fn wire_order(&self, catalog: &Catalog, recorded: &[String]) -> Option<Vec<String>> {
        let mut order = recorded.to_vec();
        let additions = self.wire_features(catalog)?.into_iter().map(|it| it.0).filter(|it| !recorded.contains(it));
        order.extend(additions);
        Some(order)
    }
}

/// How the rows of a source come in.
#[derive(Debug, Clone, Copy)]
pub struct SourceTraits<'a> {
    /// Whether events are pushed.
    pub pushed: bool,
    /// Where rows lie at rest.
    pub batch: Option<&'a BatchConfig>,
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

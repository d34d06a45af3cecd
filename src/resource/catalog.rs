//! Resources by address, for rules and defaults that look at what a resource refers to.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::Resource;
use super::address::{Address, Kind, SOURCES, VIEWS};
use super::dtype::Dtype;
use super::feature_view::FeatureView;
use super::field::Field;

/// The names of a view's columns, with those types that are known; nothing when a source has to be opened to know.
pub type ViewColumns = Option<Arc<[(String, Option<Dtype>)]>>;

/// A read-only index of resources. Whoever looks at all of them asks for yes or no, so that its order cannot show.
#[derive(Default)]
pub struct Catalog<'a> {
    resources: HashMap<(Kind, &'a str), &'a Resource, RandomState>,
    /// What was found out about views: rules, defaults and services ask for the columns of one again and again. Keyed
    /// by where the view lies, which stays as it is while it is borrowed.
    columns: HashMap<usize, OnceLock<ViewColumns>, RandomState>,
}

impl<'a> Catalog<'a> {
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>) -> Self {
        let mut catalog = Self::default();
        resources.into_iter().for_each(|it| catalog.insert(it));
        catalog
    }

    pub fn insert(&mut self, resource: &'a Resource) {
        self.resources.insert((resource.address.kind, &*resource.address.name), resource);
        if let Some(view) = resource.spec.declaration().view() {
            self.columns.insert(place(view), OnceLock::new());
        }
    }

    /// Says what the columns of `view` are, where its sources have been opened.
    pub fn know_columns(&mut self, view: &FeatureView, columns: &[Field]) {
        let columns = columns.iter().map(|it| (it.name.clone(), Some(it.dtype.clone()))).collect();
        self.columns.insert(place(view), OnceLock::from(Some(columns)));
    }

    /// Returns the columns of `view`, found out once for each view of the catalog.
    pub fn columns(&self, view: &FeatureView, find: impl FnOnce() -> ViewColumns) -> ViewColumns {
        match self.columns.get(&place(view)) {
            Some(known) => known.get_or_init(find).clone(),
            None => find(),
        }
    }

    pub fn get(&self, address: &Address) -> Option<&'a Resource> {
        self.find(&[address.kind], &address.name)
    }

    /// Returns the resource called `name` of the first of `kinds` that has one.
    pub fn find(&self, kinds: &[Kind], name: &str) -> Option<&'a Resource> {
        kinds.iter().find_map(|kind| self.resources.get(&(*kind, name)).copied())
    }

    pub fn source(&self, name: &str) -> Option<&'a Resource> {
        self.find(SOURCES, name)
    }

    pub fn view(&self, name: &str) -> Option<&'a Resource> {
        self.find(VIEWS, name)
    }

    pub fn entity(&self, name: &str) -> Option<&'a Resource> {
        self.find(&[Kind::Entity], name)
    }

    /// Says whether a transformation reads the one called `name`.
    pub fn is_input(&self, name: &str) -> bool {
        self.resources.values().any(|it| match &it.spec {
            super::Spec::Transformation(it) => it.inputs.iter().any(|it| it == name),
            _ => false,
        })
    }

    pub fn transformation(&self, name: &str) -> Option<&'a Resource> {
        self.find(&[Kind::Transformation], name)
    }
}

fn place(view: &FeatureView) -> usize {
    std::ptr::from_ref(view).addr()
}

//! An index of resources by address, for rules and defaults that look at what a resource refers to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::address::{Address, Kind, SOURCES, VIEWS};
use super::dtype::Dtype;
use super::opened::{OpenedColumn, OpenedColumns};
use super::spec::{Resource, Spec};
use super::view::{Found, IsSource, Lookup, View};

/// A read-only index of resources. Its order is random, so a search through all of them may only answer yes or no.
#[derive(Default)]
pub struct Catalog<'a> {
    resources: HashMap<(Kind, &'a str), &'a Resource, RandomState>,
    /// The facts about each view that follow from what it refers to. Each is computed once, on first use.
    views: HashMap<(Kind, &'a str), OnceLock<Found>, RandomState>,
    /// The columns of sources that have been opened, and of the queries of views over them.
    opened: HashMap<(Kind, &'a str), OpenedColumns, RandomState>,
}

impl<'a> Catalog<'a> {
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>) -> Self {
        let mut catalog = Self::default();
        resources.into_iter().for_each(|it| catalog.insert(it));
        catalog
    }

    /// Returns a catalog of `resources`, with the columns that were found when their data was opened.
    pub fn knowing(
        resources: impl IntoIterator<Item = &'a Resource>,
        columns: impl Fn(&Address) -> Option<OpenedColumns>,
    ) -> Self {
        let mut catalog = Self::new(resources);
        let known = catalog.resources.values().filter_map(|it| Some((key(&it.address), columns(&it.address)?)));
        catalog.opened = known.collect();
        catalog
    }

    /// Returns the columns of a source that has been opened, or of what the query of a view yields.
    pub fn opened(&self, address: &Address) -> Option<&[OpenedColumn]> {
        let resource = self.get(address)?;
        self.opened.get(&key(&resource.address)).map(Arc::as_ref)
    }

    pub fn insert(&mut self, resource: &'a Resource) {
        let key = key(&resource.address);
        self.resources.insert(key, resource);
        if resource.spec.declaration().view().is_some() {
            self.views.insert(key, OnceLock::new());
        }
    }

    /// Records the columns of the view at `address`, found when its sources were opened.
    pub fn know_columns(&mut self, address: &Address, columns: OpenedColumns) {
        let Some(resource) = self.get(address) else { return };
        let key = key(&resource.address);
        if let Some(found) = self.views.get_mut(&key) {
            self.opened.insert(key, columns);
            *found = OnceLock::new();
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
            Spec::Transformation(it) => it.inputs.iter().any(|it| it == name),
            _ => false,
        })
    }

    pub fn transformation(&self, name: &str) -> Option<&'a Resource> {
        self.find(&[Kind::Transformation], name)
    }
}

impl Lookup for Catalog<'_> {
    fn source(&self, name: &str) -> Option<&dyn IsSource> {
        self.source(name)?.spec.declaration().source()
    }

    fn keys(&self, name: &str) -> Option<Vec<(String, Option<Dtype>)>> {
        match &self.entity(name)?.spec {
            Spec::Entity(entity) => {
                Some(entity.keys(name).iter().map(|it| (it.name().to_owned(), it.dtype().cloned())).collect())
            }
            _ => None,
        }
    }

    fn inputs(&self, name: &str) -> Option<&[String]> {
        match &self.transformation(name)?.spec {
            Spec::Transformation(transformation) => Some(&transformation.inputs),
            _ => None,
        }
    }

    fn view(&self, name: &str) -> Option<View<'_>> {
        self.view_at(&self.view(name)?.address)
    }

    fn view_at(&self, address: &Address) -> Option<View<'_>> {
        let resource = self.get(address)?;
        let Address { kind, name } = &resource.address;
        let key = key(&resource.address);
        let found = self.views.get(&key)?;
        let spec = resource.spec.declaration().view()?;
        let found = found.get_or_init(|| Found::new(*kind, spec, self, self.opened.get(&key).cloned()));
        Some(View { kind: *kind, name, spec, found: Cow::Borrowed(found) })
    }
}

fn key(address: &Address) -> (Kind, &str) {
    (address.kind, &address.name)
}

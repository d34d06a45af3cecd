//! Resources by address, for rules and defaults that look at what a resource refers to.

use std::collections::HashMap;

use super::{Address, Kind, Resource, SOURCES, VIEWS};

/// A read-only index of resources. Never iterated, so its order cannot show.
#[derive(Default)]
pub struct Catalog<'a> {
    resources: HashMap<(Kind, &'a str), &'a Resource>,
}

impl<'a> Catalog<'a> {
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>) -> Self {
        Self { resources: resources.into_iter().map(|it| ((it.address.kind, &*it.address.name), it)).collect() }
    }

    pub fn insert(&mut self, resource: &'a Resource) {
        self.resources.insert((resource.address.kind, &*resource.address.name), resource);
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

    pub fn transformation(&self, name: &str) -> Option<&'a Resource> {
        self.find(&[Kind::Transformation], name)
    }
}

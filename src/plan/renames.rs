//! The map of renames in a plan.

use std::collections::BTreeMap;

use crate::resource::{Address, Resource};
use crate::sql::Dialect;

/// Old addresses and their new ones; each occurs once.
#[derive(Debug, Default)]
pub struct Renames {
    pub(super) new_by_old: BTreeMap<Address, Address>,
    pub(super) old_by_new: BTreeMap<Address, Address>,
    /// The dialect of the declared queries.
    pub(super) dialect: Dialect,
}

impl Renames {
    pub fn is_empty(&self) -> bool {
        self.new_by_old.is_empty()
    }

    pub fn old(&self, new: &Address) -> Option<&Address> {
        self.old_by_new.get(new)
    }

    pub fn new_name(&self, old: &Address) -> Option<&Address> {
        self.new_by_old.get(old)
    }

    /// Gives a recorded resource its new name, and updates the names that it refers to.
    pub fn follow(&self, resource: &mut Resource) {
        if self.new_by_old.is_empty() {
            return;
        }
        if let Some(new) = self.new_by_old.get(&resource.address) {
            resource.spec.declaration_mut().pin_name(&resource.address.name);
            resource.address = new.clone();
        }
        for address in &mut resource.depends_on {
            if let Some(new) = self.new_by_old.get(address) {
                let spec = resource.spec.declaration_mut();
                resource.is_unsure |= !spec.follow_rename(address.kind, &address.name, &new.name, self.dialect);
                *address = new.clone();
            }
        }
        resource.depends_on.sort();
    }
}

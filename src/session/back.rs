//! The records of an earlier serial, read as if they were declared.

use std::collections::BTreeMap;

use super::{Error, Ledger, Result};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Declared, Orders};
use crate::recorded::{Columns, Serial};
use crate::registry;
use crate::resource::{Address, Catalog, Resource};

/// The data that rows held beside their specs, by address.
#[derive(Debug, Default)]
pub struct Beside {
    pub orders: Orders,
    /// The columns found in data.
    pub columns: BTreeMap<Address, Columns>,
}

impl Ledger<'_> {
    /// Returns what was recorded at `serial`. A serial outside the history is an error.
    pub fn specs_at(&self, serial: Serial) -> Result<BTreeMap<Address, String>> {
        let newest = self.workspace.serial;
        if serial.0 < 0 || serial > newest {
            let summary = format!("workspace `{}` has no serial {serial}: it is at {newest}", self.workspace.name);
            return Err(Error::found(Diagnostic::error(Code::G010, summary).hint("`weir log` lists the serials")));
        }
        let Some(registry) = self.registry.as_deref() else { return Ok(BTreeMap::new()) };
        let specs = registry::specs_at(registry, &self.workspace.name, serial);
        self.session.wait(specs).map_err(|error| self.fail(error))
    }

    /// Returns the data that rows held beside their specs at the end of `serial`.
    pub fn beside_at<'a>(&self, serial: Serial, addresses: impl Iterator<Item = &'a Address>) -> Result<Beside> {
        let mut beside = Beside::default();
        let Some(registry) = self.registry.as_deref() else { return Ok(beside) };
        let name = &self.workspace.name;
        let read = async {
            let held = registry::held_at(registry, name, serial).await?;
            Ok::<_, registry::Error>((held, registry.entries(name).await?, registry::derived(registry, name).await?))
        };
        let (held, today, mut derived) = self.session.wait(read).map_err(|error| self.fail(error))?;
        for address in addresses {
            let (order, columns) = match held.get(address) {
                Some(held) => {
                    let columns = held.derived.as_deref().map(|it| registry::columns(address, it)).transpose();
                    (held.wire_order.clone(), columns.map_err(|error| self.fail(error))?)
                }
                None => (
                    today.get(address).map(|it| it.wire_order.clone()),
                    derived.remove(address).map(|(_, columns)| columns),
                ),
            };
            beside.orders.insert(address.clone(), order);
            beside.columns.extend(columns.map(|it| (address.clone(), it)));
        }
        Ok(beside)
    }

    /// Returns the address at `to` of each resource renamed between the serials, by its address at `from`.
    pub fn renames_between(&self, from: Serial, to: Serial) -> Result<BTreeMap<Address, Address>> {
        let Some(registry) = self.registry.as_deref() else { return Ok(BTreeMap::new()) };
        let renames = registry::renames_between(registry, &self.workspace.name, from, to);
        self.session.wait(renames).map_err(|error| self.fail(error))
    }

    /// Returns recorded specs as if they were declared, each changed by `adjust`.
    pub fn resources_at(
        &self,
        specs: &BTreeMap<Address, String>,
        adjust: impl Fn(&Address, &mut Resource),
    ) -> Result<Vec<Declared>> {
        let mut resources = Vec::with_capacity(specs.len());
        for (address, spec) in specs {
            let mut resource = registry::decode(address, spec, Vec::new()).map_err(|error| self.fail(error))?;
            adjust(address, &mut resource);
            resources.push(resource);
        }
        crate::resolve::link(&mut resources);
        let catalog = Catalog::new(&resources);
        let digests: Vec<_> = resources.iter().map(|it| it.digest(&it.local_digest(), &catalog)).collect();
        let declared = resources.into_iter().zip(digests);
        Ok(declared.map(|(it, digest)| Declared { resource: it.into(), digest, source: None }).collect())
    }
}

//! A workspace of a registry, opened to read.

use std::collections::{BTreeMap, HashMap};

use super::site::Named;
use super::{Chosen, Error, Result, Session, Site};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::plan::{Declared, RegistryPlace};
use crate::recorded::{Columns, Entry, Snapshot};
use crate::registry::{self, Access, Location, Migrated, Recorded, Registry, Workspace};
use crate::resource::{Address, Instant};

/// A workspace as it was read, with the registry that it came from.
pub struct Ledger<'s> {
    pub session: &'s Session,
    pub named: Named,
    /// `None` when there is no registry yet.
    pub registry: Option<Box<dyn Registry>>,
    pub workspace: Workspace,
    pub chosen: Chosen,
}

/// The treatment of a registry that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The registry is made by the first write.
    Made,
    Error,
}

/// The number of times that a snapshot is read again because of concurrent applies.
const READS_MAX: usize = 20;

impl Session {
    /// Opens the chosen workspace of the chosen registry, without making anything. An unnamed registry may be missing;
    /// a named one only with [`Missing::Made`].
    pub fn ledger(&self, site: &Site, missing: Missing) -> Result<Ledger<'_>> {
        self.ledger_of(site, self.workspace_name(site)?, missing)
    }

    /// Opens the workspace `chosen`, instead of the one chosen for the run.
    pub fn ledger_of(&self, site: &Site, chosen: Chosen, missing: Missing) -> Result<Ledger<'_>> {
        let named = self.location(site)?;
        let registry = match missing {
            Missing::Made => self.registry_if_any(&named.location)?,
            Missing::Error => self.read_registry(&named)?,
        };
        let workspace = self.workspace(registry.as_deref().map(|it| it as &dyn Recorded), &named.location, &chosen)?;
        Ok(Ledger { session: self, named, registry, workspace, chosen })
    }

    /// Returns a function that adds the registry's place to an error.
    pub fn fail(&self, location: &Location) -> impl Fn(registry::Error) -> Error {
        let place = self.environment.shown(location);
        move |error| Error::Registry { place: place.clone(), error }
    }

    /// Opens the registry to read. A missing one is `None` when unnamed, and an error when named.
    pub fn read_registry(&self, named: &Named) -> Result<Option<Box<dyn Registry>>> {
        match self.registry_if_any(&named.location)? {
            None if named.is_named() => Err(self.not_there(named)),
            found => Ok(found),
        }
    }

    /// Opens the registry to read. Returns `None` when it does not exist yet.
    pub fn registry_if_any(&self, location: &Location) -> Result<Option<Box<dyn Registry>>> {
        self.wait(registry::connect(location, Access::Read)).map_err(self.fail(location))
    }

    /// Opens the registry to read. A registry that does not exist is an error.
    pub fn existing_registry(&self, location: &Location) -> Result<Box<dyn Registry>> {
        self.registry_if_any(location)?.ok_or_else(|| {
            let place = self.environment.shown(location);
            let summary = format!("there is no registry at `{place}`: nothing is recorded yet");
            Error::found(Diagnostic::error(Code::G010, summary).hint("run `weir apply` to record what is declared"))
        })
    }

    /// Opens the registry to write. Makes a new one when `missing` allows it.
    pub fn writable_registry(&self, location: &Location, missing: Missing, now: Instant) -> Result<Box<dyn Registry>> {
        let fail = self.fail(location);
        match self.wait(registry::connect(location, Access::Write)).map_err(&fail)? {
            Some(registry) => Ok(registry),
            None if missing == Missing::Made => self.wait(registry::create(location, &now.to_string())).map_err(fail),
            None => Err(fail(registry::Error::Unreachable("it is not there any more".to_owned()))),
        }
    }

    /// Migrates an older registry, after a backup copy. A command that will write calls this before it reads.
    pub fn bring_up_to_date(&self, location: &Location, now: Instant) -> Result<Option<Migrated>> {
        match self.wait(registry::connect(location, Access::Read)) {
            Err(registry::Error::Older { .. }) => {
                self.wait(registry::migrate(location, &now.to_string())).map_err(self.fail(location))
            }
            // Other faults are reported when the registry is opened.
            _ => Ok(None),
        }
    }

    /// Returns the chosen workspace as recorded. Without a registry, the only workspace is `prod`.
    pub fn workspace(
        &self,
        registry: Option<&dyn Recorded>,
        location: &Location,
        chosen: &Chosen,
    ) -> Result<Workspace> {
        let workspaces = match registry {
            Some(registry) => self.wait(registry.workspaces()).map_err(self.fail(location))?,
            None => vec![Workspace::first()],
        };
        if let Some(workspace) = workspaces.iter().find(|it| it.name == chosen.value) {
            return Ok(workspace.clone());
        }
        let names: Vec<&str> = workspaces.iter().map(|it| it.name.as_str()).collect();
        let near = did_you_mean(&chosen.value, names.iter().copied());
        let summary = match chosen.value.as_str() {
            "" => format!("the name of the workspace is empty ({})", chosen.from),
            name => format!("workspace `{name}` does not exist ({})", chosen.from),
        };
        let names = names.join(", ");
        // A name that `weir workspace create` would refuse is not suggested.
        let hint = near.unwrap_or_else(|| match super::is_name(&chosen.value) {
            true => format!("run `weir workspace create {}`, or choose one of {names}", chosen.value),
            false => format!("choose one of {names}"),
        });
        Err(Error::found(Diagnostic::error(Code::G005, summary).hint(hint)))
    }

    /// Returns the error for a named registry that does not exist.
    fn not_there(&self, named: &Named) -> Error {
        let place = self.environment.shown(&named.location);
        let summary = format!(
            "the registry `{place}` ({}) does not exist: with nothing recorded, nothing would be protected",
            named.from
        );
        let hint = "mount its volume; or make it once with `weir registry init`";
        Error::found(Diagnostic::error(Code::G010, summary).hint(hint))
    }
}

impl Ledger<'_> {
    /// Returns the registry's place for people, and whether the registry is still to be made.
    pub fn place(&self) -> RegistryPlace {
        RegistryPlace { path: self.session.environment.shown(&self.named.location), new: self.registry.is_none() }
    }

    /// Opens the registry to write. Makes it only if it did not exist when the ledger was opened.
    pub fn to_write(&self, now: Instant) -> Result<Box<dyn Registry>> {
        let missing = if self.registry.is_none() { Missing::Made } else { Missing::Error };
        self.session.writable_registry(&self.named.location, missing, now)
    }

    /// Adds the registry's place to an error.
    pub fn fail(&self, error: registry::Error) -> Error {
        self.session.fail(&self.named.location)(error)
    }

    /// Returns the snapshot, with the specs of resources that differ from `declared`.
    pub fn snapshot(&mut self, declared: &[Declared]) -> Result<Snapshot> {
        let digests: HashMap<_, _> = declared.iter().map(|it| (&it.resource.address, it.digest)).collect();
        self.snapshot_with(|address, entry| digests.get(address) != Some(&entry.digest))
    }

    /// Returns the snapshot, with the specs of entries that `wanted` accepts.
    pub fn snapshot_with(&mut self, wanted: impl Fn(&Address, &Entry) -> bool) -> Result<Snapshot> {
        let began = self.workspace.serial;
        for _ in 0..READS_MAX {
            let mut snapshot = Snapshot::empty(&self.workspace.name, self.workspace.mode);
            let Some(registry) = self.registry.as_deref() else { return Ok(snapshot) };
            let name = &self.workspace.name;
            let read = async {
                let mut entries = registry.entries(name).await?;
                registry::read_specs(registry, name, &mut entries, &wanted).await?;
                let jobs = registry::read_jobs(registry, name, &entries, &wanted).await?;
                Ok((entries, jobs))
            };
            (snapshot.entries, snapshot.jobs) = self.session.wait(read).map_err(|it| self.fail(it))?;
            snapshot.registry = self.workspace.registry.clone();
            snapshot.serial = self.workspace.serial;
            snapshot.state = match self.workspace.state.as_str() {
                "" => Snapshot::state_of(&snapshot.entries),
                known => known.to_owned(),
            };
            // Another apply may have come between two reads, and a mixed snapshot would be wrong.
            if !self.has_moved()? {
                return Ok(snapshot);
            }
        }
        Err(self.fail(registry::Error::Moved { was: began, now: self.workspace.serial }))
    }

    /// Returns the recorded columns of each resource's data, with the resource's identity.
    pub fn recorded_columns(&self) -> Result<BTreeMap<Address, (i64, Columns)>> {
        let Some(registry) = self.registry.as_deref() else { return Ok(BTreeMap::new()) };
        self.session.wait(registry::derived(registry, &self.workspace.name)).map_err(|it| self.fail(it))
    }

    /// Returns the recorded columns of each resource's data.
    pub fn derived(&self) -> Result<BTreeMap<Address, Columns>> {
        let derived = self.recorded_columns()?;
        Ok(derived.into_iter().map(|(address, (_, columns))| (address, columns)).collect())
    }

    /// Says whether another apply has come since the workspace was read, and reads the workspace again if so.
    fn has_moved(&mut self) -> Result<bool> {
        let Some(registry) = self.registry.as_deref() else { return Ok(false) };
        let now = self.session.wait(registry.base(&self.workspace.name)).map_err(|it| self.fail(it))?;
        if now == self.workspace.base() {
            return Ok(false);
        }
        self.workspace = self.session.workspace(Some(registry), &self.named.location, &self.chosen)?;
        Ok(true)
    }
}

//! Commits an approved plan.

use super::{Ledger, Planned, Result};
use crate::apply::{self, Occasion};
use crate::plan::Approved;
use crate::recorded::Serial;
use crate::registry::Parts;
use crate::resource::Instant;

impl Ledger<'_> {
    /// Carries out the plan in one transaction. Makes the registry when there is none yet.
    pub fn commit(&self, approved: &Approved, occasion: &Occasion, now: Instant) -> Result<Serial> {
        let registry = self.to_write(now)?;
        let serial = std::thread::scope(|scope| {
            let parts = ahead(scope, || Box::new(apply::parts(approved)));
            self.session.wait(apply::apply(&*registry, approved, occasion, parts))
        });
        serial.map_err(|error| self.fail(error))
    }

    /// Records columns found in data when no declaration changes. Returns the number of resources, if any.
    pub fn learn(&self, planned: &Planned, now: Instant) -> Result<Option<usize>> {
        let plan = &planned.plan;
        if plan.learned.is_empty() || self.registry.is_none() {
            return Ok(None);
        }
        let registry = self.to_write(now)?;
        let learned = self.session.wait(apply::learn(&*registry, plan, &planned.snapshot));
        learned.map_err(|error| self.fail(error))?;
        Ok(Some(plan.learned.columns.len().max(plan.learned.wire_orders.len())))
    }
}

/// Makes the next part while the last one is written, or on demand when the system has no thread for it.
fn ahead<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    parts: impl Fn() -> Parts<'scope> + Copy + Send + 'scope,
) -> Parts<'scope> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    // A transaction that fails takes no more parts, so sending stops.
    let make = move || parts().map(|it| sender.send(it)).take_while(std::result::Result::is_ok).for_each(drop);
    match std::thread::Builder::new().spawn_scoped(scope, make) {
        Ok(_) => Box::new(receiver.into_iter()),
        Err(_) => parts(),
    }
}

//! The stand-in for the engine in a build without the cargo feature `data`: it opens no sources.

#[path = "engine/shown.rs"]
mod shown;

use std::io::Write;

use crate::resource::Resource;

pub use shown::{Derived, Format, Found, Request, Scan, Seen, Spot, Surroundings, Unread};

/// True in a build that opens sources.
pub const AVAILABLE: bool = false;

/// The capabilities of this build beyond the core.
pub const FEATURES: &str = "none";

/// Says no: no panic is caught here.
pub fn is_caught(_: &str) -> bool {
    false
}

/// The stand-in for an engine. Callers look at [`AVAILABLE`] first.
pub struct Engine;

impl Engine {
    pub fn new(_: &Surroundings) -> Result<Self, Found> {
        Ok(Self)
    }

    /// Derives nothing.
    pub fn derive(&self, _: &[&Resource], _: &Unread) -> (Derived, Vec<Found>) {
        (Derived::default(), Vec::new())
    }

    /// Shows nothing.
    pub fn preview(&self, _: &Request, _: Format, _: &mut (dyn Write + Send)) -> Result<Seen, Vec<Found>> {
        Ok(Seen::default())
    }
}

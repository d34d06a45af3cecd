//! What stands for the engine in a build without the cargo feature `data`: it opens nothing and knows nothing.

#[path = "engine/shown.rs"]
mod shown;

use std::io::Write;

use crate::resource::Resource;

pub use shown::{Derived, Format, Found, Request, Scan, Seen, Spot, Surroundings, Unread};

/// Whether this build opens sources.
pub const AVAILABLE: bool = false;

/// What this build can do beyond the core.
pub const FEATURES: &str = "none";

/// Catches nothing.
pub fn is_caught(_: &str) -> bool {
    false
}

/// The engine that there is not: whoever asks it has looked at [`AVAILABLE`].
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

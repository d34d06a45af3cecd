//! What stands for the engine in a build without the cargo feature `data`: it opens nothing and knows nothing.

#[path = "engine/shown.rs"]
mod shown;

use crate::diagnostic::Diagnostic;
use crate::load::Repo;

pub use shown::{Derived, Format, Request, Scan, Seen, Surroundings};

/// Whether this build opens sources.
pub const AVAILABLE: bool = false;

/// What this build can do beyond the core.
pub const FEATURES: &str = "none";

/// Derives nothing.
pub fn derive(_: &Repo, _: &Surroundings) -> (Derived, Vec<Diagnostic>) {
    (Derived::default(), Vec::new())
}

/// Catches nothing.
pub fn is_caught(_: &str) -> bool {
    false
}

/// Shows nothing: whoever asks has looked at [`AVAILABLE`].
pub fn preview(_: &Request, _: Format, _: &mut (dyn std::io::Write + Send)) -> Result<Seen, Vec<Diagnostic>> {
    Ok(Seen::default())
}

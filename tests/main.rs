//! All integration tests, in one binary: linking it once is cheaper than linking ten.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests stop and speak where they fail"
)]

mod child;
#[cfg(feature = "data")]
mod data;
mod docs;
mod faults;
mod formats;
mod plan;
mod properties;
mod registry;
mod schema;
mod shown;
mod stories;
mod support;
mod tidy;

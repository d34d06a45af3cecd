//! The registry in a SQLite file.

mod backup;
mod check;
mod connection;
mod jobs;
mod migrate;
mod migrations;
mod open;
mod rows;
mod store;
mod write;

pub use backup::backup;
pub use check::{Report, check};
pub use migrate::{Migrated, migrate};
pub use migrations::FORMAT;
pub use open::{create, open};

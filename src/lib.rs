//! weir: plan and apply for ML feature repositories.
//!
//! ```text
//!  files ──load──▶ Declared ──resolve──▶ Resource ──check──▶ Resource ─┐
//!                                                                      ├─diff──▶ Plan ──approve──▶ Approved ──apply──▶ Serial
//!  registry ───────────────────snapshot─────────────────▶ Snapshot    ─┘           └───render
//! ```

pub mod apply;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod disk;
#[cfg(feature = "data")]
pub mod engine;
#[cfg(not(feature = "data"))]
#[path = "no_engine.rs"]
pub mod engine;
pub mod load;
pub mod plan;
pub mod recorded;
pub mod registry;
pub mod render;
pub mod resolve;
pub mod resource;
pub mod secret;
pub mod session;
pub mod settings;
pub mod sql;

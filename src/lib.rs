//! weir: plan and apply for ML feature repositories.
//!
//! ```text
//!  files ──load──▶ Declared ──resolve──▶ Resource ──check──▶ Resource ─┐
//!                                                                      ├─diff──▶ Plan ──approve──▶ Approved ──apply──▶ Serial
//!  registry ───────────────────snapshot─────────────────▶ Snapshot    ─┘           └───render
//! ```

pub mod diagnostic;
pub mod resource;
pub mod batch_config;
pub mod sql;
pub mod load;
pub mod resolve;
pub mod check;
pub mod plan;
pub mod render;
pub mod registry;
pub mod apply;
pub mod cli;

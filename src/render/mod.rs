//! Turns values into text. Nothing here decides or prints: every function fills a text.
//!
//! Texts carry ANSI styles, which the shell strips when the output is not a terminal.

mod contents;
pub mod contents_json;
mod detail;
pub mod diagnostics;
pub mod github;
pub mod graph;
mod jobs;
pub mod jobs_json;
pub mod json;
pub mod markdown;
mod md;
pub mod sarif;
pub mod shown;
pub mod style;
pub mod text;
pub mod value;
pub mod words;

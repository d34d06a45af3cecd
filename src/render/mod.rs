//! Reads values aloud. Decides nothing, prints nothing: every function fills a text.
//!
//! Texts carry ANSI styles; the shell strips them where nobody can see them.

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

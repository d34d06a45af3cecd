//! Turns files into declared resources. This is the only reader of the repo, and the only part that knows YAML.

mod cache;
mod declare;
mod decoder;
mod document;
mod files;
mod ignores;
mod keys;
mod local;
mod locate;
mod node;
mod origin;
mod paths;
mod repo;
mod split;
mod walk;
mod yaml;

pub use cache::{Cache, Remembered};
pub use declare::declare;
pub use document::{DocumentPlace, External};
pub use files::{Files, SourceFile, read as read_files};
pub use local::local_folder;
pub use repo::{Declared, Document, Partial, Repo, external_hashes, externals_unchanged};
pub use walk::Bounds;
pub use yaml::to_text as to_yaml;

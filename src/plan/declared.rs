//! What is declared, as a plan looks at it.

use std::sync::Arc;

use crate::resource::{Digest, Resource};

/// A declared resource with what the plan says of it.
#[derive(Debug, Clone)]
pub struct Declared {
    pub resource: Arc<Resource>,
    pub digest: Digest,
    pub source: Option<(Arc<str>, usize)>,
}

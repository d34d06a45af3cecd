//! A declared resource, as a plan reads it.

use std::sync::Arc;

use crate::resource::{Digest, Resource};

/// A declared resource with its digest and its place.
#[derive(Debug, Clone)]
pub struct Declared {
    pub resource: Arc<Resource>,
    pub digest: Digest,
    pub source: Option<(Arc<str>, usize)>,
}

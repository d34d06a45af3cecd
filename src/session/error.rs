//! The errors of a run.

use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::registry;

/// The reason why there is no check, no plan or no commit.
#[derive(Debug)]
pub enum Error {
    /// The repo has mistakes: all of them, and the number of documents.
    Mistakes { errors: Vec<Diagnostic>, documents: usize },
    /// The request cannot be met: diagnostics with reasons and hints.
    Found(Vec<Diagnostic>),
    /// The registry at this place failed.
    Registry { place: String, error: registry::Error },
    /// The system failed: the failed request and the cause.
    System { what: String, error: std::io::Error },
}

impl Error {
    pub fn found(diagnostic: Diagnostic) -> Self {
        Self::Found(vec![diagnostic])
    }

    /// Returns a function that adds the failed request to an error of the system.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        |error| Self::System { what: what.into(), error }
    }

    /// Returns the error as diagnostics.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            Self::Mistakes { errors, .. } => errors.clone(),
            Self::Found(found) => found.clone(),
            Self::Registry { place, error } => {
                let refusals = if let registry::Error::Refused(refusals) = error { refusals.as_slice() } else { &[] };
                [&[error.diagnostic(place)], refusals].concat()
            }
            Self::System { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { what, error } => write!(f, "{what}: {error}"),
            other => {
                let summaries: Vec<String> = other.diagnostics().iter().map(|it| it.summary.clone()).collect();
                f.write_str(&summaries.join("; "))
            }
        }
    }
}

impl std::error::Error for Error {}

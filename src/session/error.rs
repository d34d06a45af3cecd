//! Why a run stops.

use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::registry;

/// Why there is no check, no plan or no commit.
#[derive(Debug)]
pub enum Error {
    /// The repo is wrong: all of its mistakes, in so many documents.
    Mistakes { errors: Vec<Diagnostic>, documents: usize },
    /// What is asked for cannot be: why, and what to do next.
    Found(Vec<Diagnostic>),
    /// The registry at this place did not do what it was asked.
    Registry { place: String, error: registry::Error },
    /// The system did not do what it was asked: what that was, and why.
    System { what: String, error: std::io::Error },
}

impl Error {
    pub fn found(diagnostic: Diagnostic) -> Self {
        Self::Found(vec![diagnostic])
    }

    /// Returns a function that says what the system was asked.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        |error| Self::System { what: what.into(), error }
    }

    /// Returns why as diagnostics.
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

//! The end of a run: exit codes, and the reasons to stop early.

use crate::diagnostic::{Code, Diagnostic};
use crate::secret::hide;
use crate::session;

/// The exit codes (spec 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    Error = 1,
    /// Only with `plan --detailed-exitcode`.
    Changes = 2,
    /// By prevent_destroy.
    Refused = 3,
    Usage = 64,
}

/// The reason why a command stops early.
#[derive(Debug)]
pub enum Stop {
    /// A failure with diagnostics.
    Diagnostics(Vec<Diagnostic>),
    /// A command line that asks for something impossible.
    Usage(Diagnostic),
    /// The repo has mistakes: all of them, and the number of documents.
    Mistakes { errors: Vec<Diagnostic>, documents: usize },
    /// Another failure: one error with its causes.
    World(anyhow::Error),
    /// The same, with a hint.
    Hinted { error: anyhow::Error, hint: &'static str },
    /// The reason has been printed already.
    Said(Exit),
}

impl Stop {
    /// Hides credentials in the diagnostics, since output ends up in logs.
    pub fn hidden(mut self) -> Self {
        match &mut self {
            Self::Diagnostics(list) | Self::Mistakes { errors: list, .. } => list.iter_mut().for_each(hide),
            Self::Usage(diagnostic) => hide(diagnostic),
            Self::World(_) | Self::Hinted { .. } | Self::Said(_) => {}
        }
        self
    }

    /// Returns the reason as diagnostics, for formats that programs read.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let world = |error: &anyhow::Error| {
            let diagnostic = Diagnostic::error(Code::C002, error.to_string());
            error.chain().skip(1).fold(diagnostic, |it, cause| it.note(format!("caused by: {cause}")))
        };
        let mut list = match self {
            Self::Diagnostics(list) | Self::Mistakes { errors: list, .. } => list.clone(),
            Self::Usage(diagnostic) => vec![diagnostic.clone()],
            Self::World(error) => vec![world(error)],
            Self::Hinted { error, hint } => vec![world(error).hint(*hint)],
            Self::Said(_) => Vec::new(),
        };
        list.iter_mut().for_each(hide);
        list
    }

    pub fn diagnostic(diagnostic: Diagnostic) -> Self {
        Self::Diagnostics(vec![diagnostic])
    }
}

impl From<session::Error> for Stop {
    fn from(error: session::Error) -> Self {
        match error {
            session::Error::Mistakes { errors, documents } => Self::Mistakes { errors, documents },
            session::Error::System { what, error } => Self::World(anyhow::Error::new(error).context(what)),
            other => Self::Diagnostics(other.diagnostics()),
        }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::World(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::World(error.into())
    }
}

//! How a run ends: exit codes, and what is said when it ends early.

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

/// Why a command stops before its end.
#[derive(Debug)]
pub enum Stop {
    /// The world failed in a way that we know.
    Diagnostics(Vec<Diagnostic>),
    /// The command line asks for what cannot be.
    Usage(Diagnostic),
    /// The repo is wrong: all of its mistakes, in so many documents.
    Mistakes { errors: Vec<Diagnostic>, documents: usize },
    /// The world failed in another way: one error with its causes.
    World(anyhow::Error),
    /// The same, with what to type next.
    Hinted { error: anyhow::Error, hint: &'static str },
    /// Everything has been said.
    Said(Exit),
}

impl Stop {
    /// Hides what may sign in: what is said ends up in logs.
    pub fn hidden(mut self) -> Self {
        match &mut self {
            Self::Diagnostics(list) | Self::Mistakes { errors: list, .. } => list.iter_mut().for_each(hide),
            Self::Usage(diagnostic) => hide(diagnostic),
            Self::World(_) | Self::Hinted { .. } | Self::Said(_) => {}
        }
        self
    }

    /// Returns why, for a format that programs read.
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

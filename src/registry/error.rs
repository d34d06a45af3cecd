//! The errors of a registry, in words that a person can act on.

use std::fmt;

use super::sqlite::FORMAT;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::recorded::{Serial, Target};

pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a request to the registry failed.
#[derive(Debug)]
pub enum Error {
    /// It cannot be opened or reached.
    Unreachable(String),
    /// The operating system does not let weir read it, for this reason.
    Unreadable(String),
    /// SQLite cannot open it, and gives no reason.
    CannotOpen,
    /// The file is empty: its creation or its copy broke off.
    Empty,
    /// Its folder cannot be made.
    Folder(String),
    /// Its folder takes no files.
    Unwritable(String),
    /// It is a SQLite file of another program.
    NotARegistry,
    Newer {
        found: i64,
    },
    Older {
        found: i64,
    },
    /// It holds this, of a kind that this build does not know.
    UnknownKind {
        what: String,
    },
    Moved {
        was: Serial,
        now: Serial,
    },
    /// It is at the plan's serial, but holds other resources: a copy was restored, or somebody wrote past weir.
    OtherState {
        serial: Serial,
    },
    /// It is another registry, or an earlier workspace of this name.
    OtherRegistry,
    /// There was no registry when the plan was made, and this one has been used meanwhile.
    Used,
    /// A row to write to is not the one that the plan saw.
    OtherRow {
        address: String,
    },
    /// A job to change or to end is not in the state that the plan saw: a worker has begun or ended it.
    JobMoved {
        address: String,
    },
    /// The plan does not fit what was learned from data since it was made.
    Learned,
    NoWorkspace {
        name: String,
        existing: Vec<String>,
    },
    /// A workspace that cannot be created or deleted.
    Workspace(String),
    Damaged(String),
    Locked,
    ReadOnly,
    Full,
    /// These of its triggers are missing, or are not as weir made them.
    Unguarded(Vec<String>),
    /// The target of a copy exists.
    Taken(String),
    /// A copy cannot be written there: where, and why.
    Target(String, String),
    /// One of its triggers stopped a write.
    Trigger(String),
    /// The guard stopped a write, for these reasons.
    Refused(Vec<Diagnostic>),
    /// A rule of its tables stopped a write.
    Constraint(String),
    /// The rows to write ended too early.
    Incomplete,
    Other(sqlx::Error),
}

impl Error {
    /// Names a row that is not the one that the plan saw.
    pub fn other_row(kind: &str, name: &str) -> Self {
        Self::OtherRow { address: format!("{kind}.{name}") }
    }

    /// Names a view of which a job is not in the state that the plan saw.
    pub fn job_moved(target: &Target) -> Self {
        Self::JobMoved { address: format!("{}.{}", target.kind(), target.name()) }
    }

    /// Returns the error as a diagnostic, with the next step.
    pub fn diagnostic(&self, place: &str) -> Diagnostic {
        let code = match self {
            Self::Unreadable(_) | Self::CannotOpen => Code::G001,
            Self::Taken(_) | Self::Target(..) => Code::G008,
            Self::Unreachable(_)
            | Self::Folder(_)
            | Self::Unwritable(_)
            | Self::Incomplete
            | Self::Constraint(_)
            | Self::Other(_) => Code::G001,
            Self::Newer { .. } | Self::UnknownKind { .. } => Code::G002,
            Self::Older { .. } => Code::G003,
            Self::Moved { .. } | Self::Learned | Self::OtherState { .. } => Code::G004,
            Self::OtherRegistry | Self::Used | Self::OtherRow { .. } | Self::JobMoved { .. } => Code::G004,
            Self::NoWorkspace { .. } => Code::G005,
            Self::Workspace(_) => Code::G011,
            Self::Damaged(_) | Self::NotARegistry | Self::Empty | Self::Unguarded(_) => Code::G006,
            Self::Locked => Code::G007,
            Self::ReadOnly | Self::Full => Code::G008,
            Self::Trigger(_) | Self::Refused(_) => Code::G009,
        };
        let summary = match self {
            Self::Moved { .. } | Self::Learned | Self::OtherState { .. } | Self::OtherRegistry => self.to_string(),
            Self::JobMoved { .. }
            | Self::Used
            | Self::OtherRow { .. }
            | Self::NoWorkspace { .. }
            | Self::Workspace(_) => self.to_string(),
            _ => format!("registry {place}: {self}"),
        };
        Diagnostic::error(code, summary).hint_if(self.hint())
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Newer { .. } | Self::UnknownKind { .. } => "use the weir that wrote it, or a newer one".to_owned(),
            Self::Older { .. } => "run `weir registry migrate`: it makes a backup copy first".to_owned(),
            Self::JobMoved { .. } => "run `weir plan` again".to_owned(),
            Self::Moved { .. } | Self::Learned | Self::OtherState { .. } | Self::Used | Self::OtherRow { .. } => {
                "run `weir plan` again".to_owned()
            }
            Self::OtherRegistry => "name the registry with --registry, or plan again".to_owned(),
            Self::NoWorkspace { name, existing } => {
                return Some(did_you_mean(name, existing.iter().map(String::as_str)).unwrap_or_else(|| {
                    format!("run `weir workspace create {name}`; there is {}", existing.join(", "))
                }));
            }
            Self::Damaged(_) => "put a backup copy in its place; nothing was written".to_owned(),
            Self::NotARegistry => {
                "name another file with --registry, WEIR_REGISTRY_URL, or `url` under [registry] in weir.toml"
                    .to_owned()
            }
            Self::Unreadable(_) | Self::CannotOpen => {
                "make the file and its folder readable and writable for this user, and mount what is not there"
                    .to_owned()
            }
            Self::Empty => "put a backup copy in its place; or remove it, if there never was a registry".to_owned(),
            Self::Taken(_) => "name a file that does not exist".to_owned(),
            Self::Target(..) => "name a file in a folder that takes one".to_owned(),
            Self::Unguarded(_) => "run `weir registry migrate`: it makes a backup copy, then puts them back".to_owned(),
            Self::Folder(_) | Self::Unwritable(_) => "make its folder writable".to_owned(),
            Self::Locked => "wait for the other process to end, then try again".to_owned(),
            Self::ReadOnly => "make the file and its folder writable".to_owned(),
            Self::Full => "free some space, then apply again: the registry is as it was".to_owned(),
            Self::Refused(_) => "run `weir plan` again".to_owned(),
            Self::Trigger(_) => "lift the protection in an apply of its own first".to_owned(),
            Self::Incomplete => "apply again: the registry is as it was".to_owned(),
            Self::Unreachable(_) | Self::Constraint(_) | Self::Other(_) | Self::Workspace(_) => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => f.write_str(reason),
            Self::Unwritable(reason) => write!(f, "its folder takes no files: {reason}"),
            Self::Unreadable(reason) => write!(f, "it cannot be opened: {reason}"),
            Self::CannotOpen => f.write_str("it cannot be opened"),
            Self::Taken(target) => write!(f, "it is not copied: `{target}` exists already"),
            Self::Target(target, reason) => write!(f, "it is not copied: `{target}` cannot be written: {reason}"),
            Self::Empty => f.write_str("it is an empty file"),
            Self::Unguarded(names) => {
                write!(f, "its triggers are not as weir made them: {}", names.join(", "))
            }
            Self::Folder(reason) => write!(f, "its folder cannot be made: {reason}"),
            Self::NotARegistry => f.write_str("it is a SQLite file, and not a registry"),
            Self::Newer { found } => {
                write!(f, "it was written by a newer weir (format {found}, this weir reads up to {})", FORMAT)
            }
            Self::UnknownKind { what } => {
                write!(f, "it was written by a newer weir: it holds {what}, of a kind that this weir does not know")
            }
            Self::Older { found } => write!(f, "it has the older format {found}, this weir writes {}", FORMAT),
            Self::Learned => f.write_str("what is known of columns has changed since this plan"),
            Self::Moved { was, now } => write!(f, "registry changed since this plan (was {was}, is {now})"),
            Self::OtherState { serial } => {
                write!(
                    f,
                    "the registry holds something else than when this plan was made, though it is at serial {serial} again"
                )
            }
            Self::OtherRegistry => {
                f.write_str("this plan was made for another registry, or for an earlier workspace of this name")
            }
            Self::Used => {
                f.write_str("there was no registry when this plan was made, and this one has been used since")
            }
            Self::JobMoved { address } => write!(f, "a job of `{address}` has begun or ended since this plan"),
            Self::OtherRow { address } => write!(f, "`{address}` is not recorded as this plan saw it"),
            Self::NoWorkspace { name, .. } => write!(f, "workspace `{name}` does not exist"),
            Self::Workspace(reason) => f.write_str(reason),
            Self::Damaged(reason) => write!(f, "it is damaged: {reason}"),
            Self::Locked => f.write_str("another process holds its lock"),
            Self::ReadOnly => f.write_str("it cannot be written: read-only"),
            Self::Full => f.write_str("it cannot be written: the disk is full"),
            Self::Trigger(message) => write!(f, "it refuses: {}", message.trim_start_matches("weir: ")),
            Self::Refused(_) => f.write_str("its guard refuses what this plan would do, by what is recorded now"),
            Self::Constraint(message) => write!(f, "it refuses: {message}"),
            Self::Incomplete => f.write_str("what was to be written broke off, so that nothing was written"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => Self::Damaged(error.to_string()),
                // A broken schema ends the thread that reads it.
                sqlx::Error::WorkerCrashed => Self::Damaged("SQLite breaks off reading it".to_owned()),
                sqlx::Error::Io(io) => Self::Unreachable(io.to_string()),
                other => Self::Other(other),
            };
        };
        let message = database.message().to_owned();
        let code: i32 = database.code().and_then(|it| it.parse().ok()).unwrap_or(0);
        // The low byte of SQLite's extended codes is the primary one.
        match code & 0xff {
            // The index of the log has no room: SQLITE_IOERR_SHMSIZE.
            10 if code == 4874 => Self::Full,
            5 | 6 => Self::Locked,
            8 => Self::ReadOnly,
            10 => Self::Unreachable(format!("the disk reports an error: {message}")),
            11 | 26 => Self::Damaged(message),
            13 => Self::Full,
            14 => Self::CannotOpen,
            19 if message.starts_with("weir: ") => Self::Trigger(message),
            19 => Self::Constraint(message),
            1 if message.contains("no such table") || message.contains("no such column") => Self::Damaged(message),
            _ => Self::Other(error),
        }
    }
}

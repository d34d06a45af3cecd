//! Jobs of the materialization workers, which apply records and workers run later.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::duration::{Duration, Instant};
use super::time::Range;

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub kind: JobKind,
    pub online: bool,
    pub offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum JobKind {
    /// One range of history; the workers split it into about `count` jobs.
    Backfill { range: Range, count: i64 },
    /// A job for each window, `delay` after its end; the first window starts at `from`.
    Recurring { every: Duration, delay: Duration, from: Instant },
}

/// A job as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedJob {
    pub id: i64,
    pub state: JobState,
    /// A backfill's `count` is not recorded, and is 0 here.
    pub job: Job,
    /// The end of the last window that ran, for a recurring job.
    pub ran_to: Option<Instant>,
}

/// The progress of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// No worker has started it.
    Pending,
    Running,
    /// It broke off and waits for a retry.
    Failed,
    Done,
    Cancelled,
    /// Its output lacks features that were added later.
    Superseded,
}

impl Job {
    /// Returns the number of jobs that a backfill takes, and 0 for a recurring job.
    pub fn count(&self) -> i64 {
        match self.kind {
            JobKind::Backfill { count, .. } => count,
            JobKind::Recurring { .. } => 0,
        }
    }

    /// Says whether `other` covers this backfill: its range and its stores.
    pub fn is_within(&self, other: &Self) -> bool {
        let (JobKind::Backfill { range: this, .. }, JobKind::Backfill { range, .. }) = (self.kind, other.kind) else {
            return false;
        };
        let stores = self.online <= other.online && self.offline <= other.offline;
        stores && range.start <= this.start && this.end <= range.end
    }

    /// Returns whether the job fills the online store and the offline store.
    pub fn stores(&self) -> [bool; 2] {
        [self.online, self.offline]
    }
}

impl JobState {
    const ALL: [(Self, &str); 6] = [
        (Self::Pending, "pending"),
        (Self::Running, "running"),
        (Self::Failed, "failed"),
        (Self::Done, "done"),
        (Self::Cancelled, "cancelled"),
        (Self::Superseded, "superseded"),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|it| it.0 == self).map_or("", |it| it.1)
    }

    /// Says whether the work still has to be done or cancelled.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Failed)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|it| it.1 == text);
        found.map(|it| it.0).ok_or_else(|| format!("a job is in state `{text}`, which is none"))
    }
}

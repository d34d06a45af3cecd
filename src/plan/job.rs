//! The changes that a plan makes to the jobs of views.

use serde::{Deserialize, Serialize};

use crate::resource::{Address, Job, JobState};

/// A change to one job of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobChange {
    /// The view that changes, or one that reads a changed resource.
    pub view: Address,
    #[serde(flatten)]
    pub action: JobAction,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum JobAction {
    Create {
        job: Job,
    },
    /// A job that has not started becomes another one, or is recorded anew because features were appended.
    Change {
        id: i64,
        state: JobState,
        before: Job,
        job: Job,
    },
    /// A job ends, or its output counts no more.
    End {
        id: i64,
        state: JobState,
        before: Job,
        to: JobState,
    },
}

impl JobChange {
    /// Returns the job that exists afterwards because of this change.
    pub fn brings(&self) -> Option<&Job> {
        match &self.action {
            JobAction::Create { job } | JobAction::Change { job, .. } => Some(job),
            JobAction::End { .. } => None,
        }
    }

    /// Returns the open job that is cancelled.
    pub fn cancels(&self) -> Option<&Job> {
        match &self.action {
            JobAction::End { state, before, .. } if state.is_open() => Some(before),
            _ => None,
        }
    }

    /// Returns the number of new backfill jobs. A job that becomes smaller adds none.
    pub fn count(&self) -> i64 {
        match &self.action {
            JobAction::Create { job } => job.count(),
            JobAction::Change { before, job, .. } if job != before && job.is_within(before) => 0,
            JobAction::Change { job, .. } => job.count(),
            JobAction::End { .. } => 0,
        }
    }
}

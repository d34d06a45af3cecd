//! What a plan does to the work for the views that it changes.

use serde::{Deserialize, Serialize};

use crate::resource::{Address, Job, JobState};

/// What a plan does to the work for one view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobChange {
    /// The view: the one that changes, or one that reads what changes.
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
    /// A job that nobody has begun becomes another one, or is recorded anew for features that were appended.
    Change {
        id: i64,
        state: JobState,
        before: Job,
        job: Job,
    },
    /// A job ends, or what it did counts no more.
    End {
        id: i64,
        state: JobState,
        before: Job,
        to: JobState,
    },
}

impl JobChange {
    /// Returns the work that there is afterwards because of this.
    pub fn brings(&self) -> Option<&Job> {
        match &self.action {
            JobAction::Create { job } | JobAction::Change { job, .. } => Some(job),
            JobAction::End { .. } => None,
        }
    }

    /// Returns the work that is given up.
    pub fn cancels(&self) -> Option<&Job> {
        match &self.action {
            JobAction::End { state, before, .. } if state.is_open() => Some(before),
            _ => None,
        }
    }

    /// Returns how many backfill jobs it brings; less of what was to be done anyway brings none.
    pub fn count(&self) -> i64 {
        match &self.action {
            JobAction::Create { job } => job.count(),
            JobAction::Change { before, job, .. } if job != before && job.is_within(before) => 0,
            JobAction::Change { job, .. } => job.count(),
            JobAction::End { .. } => 0,
        }
    }
}

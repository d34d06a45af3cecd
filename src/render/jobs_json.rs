//! The jobs of a change as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{JobAction, JobChange};
use crate::resource::{Job, JobKind};

#[derive(Debug, Serialize, JsonSchema)]
pub struct JobChangeJson {
    #[schemars(extend("enum" = ["create", "change", "cancel", "supersede"]))]
    pub action: String,
    /// The address of the view that it works for
    pub view: String,
    #[serde(flatten)]
    pub job: JobJson,
    /// Of a change: the job whose place it takes
    pub before: Option<JobJson>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct JobJson {
    #[schemars(extend("enum" = ["backfill", "recurring"]))]
    pub kind: String,
    pub online: bool,
    pub offline: bool,
    /// Of a backfill: how many jobs, over which range
    pub count: Option<i64>,
    /// Of a recurring job: the start of its first window
    pub start: Option<String>,
    pub end: Option<String>,
    pub days: Option<i64>,
    /// Of a recurring job: its schedule and delay, as durations
    pub every: Option<String>,
    pub delay: Option<String>,
}

/// Returns the change of one job in its JSON form.
pub fn job_change(change: &JobChange) -> JobChangeJson {
    let (action, job, before) = match &change.action {
        JobAction::Create { job } => ("create", job, None),
        JobAction::Change { before, job, .. } => ("change", job, Some(before)),
        JobAction::End { before, .. } if change.cancels().is_none() => ("supersede", before, None),
        JobAction::End { before, .. } => ("cancel", before, None),
    };
    let before = before.map(self::job);
    JobChangeJson { action: action.to_owned(), view: change.view.to_string(), job: self::job(job), before }
}

fn job(job: &Job) -> JobJson {
    let wire = JobJson {
        kind: String::new(),
        online: job.online,
        offline: job.offline,
        count: None,
        start: None,
        end: None,
        days: None,
        every: None,
        delay: None,
    };
    match &job.kind {
        JobKind::Backfill { range, count } => JobJson {
            kind: "backfill".to_owned(),
            count: Some(*count),
            start: Some(range.start.to_string()),
            end: Some(range.end.to_string()),
            days: Some(range.days()),
            ..wire
        },
        JobKind::Recurring { every, delay, from } => JobJson {
            kind: "recurring".to_owned(),
            start: Some(from.to_string()),
            every: Some(every.to_string()),
            delay: Some(delay.to_string()),
            ..wire
        },
    }
}

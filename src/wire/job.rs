//! Scheduled work, and the nodes that do it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, ZoneClock};
use crate::domain::{self, Timestamp};

/// Work that is done at fixed times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Job {
    #[schema(examples("clean_up"))]
    pub name: String,
    /// How often it is due.
    #[schema(examples("6 hours"))]
    pub every: String,
    /// Whether a node is doing it now.
    pub running: bool,
    /// Null when it never ran.
    pub last: Option<JobRun>,
    /// When it last went well.
    pub last_done: Option<Time>,
    /// When it is due next.
    pub next: Time,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobRun {
    /// Id of the node that did it.
    pub node: String,
    pub started: Time,
    /// Null while it runs, and when its node ended before it.
    pub ended: Option<Time>,
    pub duration_ms: Option<u64>,
    /// Null as long as `ended` is.
    pub outcome: Option<JobOutcome>,
    /// What it did, or why it failed.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobOutcome {
    Done,
    Failed,
}

impl From<&domain::JobStatus> for Job {
    fn from(job: &domain::JobStatus) -> Self {
        let clock = ZoneClock::utc();
        Self {
            name: job.name.to_owned(),
            every: job.every.clone(),
            running: job.running,
            last: job.last.as_ref().map(|run| JobRun::new(run, &clock)),
            last_done: job.last.as_ref().and_then(|run| run.done).map(|at| clock.write(at)),
            next: clock.write(job.next),
        }
    }
}

impl JobRun {
    fn new(run: &domain::JobRun, clock: &ZoneClock) -> Self {
        let duration = |ended: Timestamp| u64::try_from(ended.since(run.started).as_millis()).unwrap_or(0);
        let (outcome, detail) = match &run.outcome {
            Some(Ok(detail)) => (Some(JobOutcome::Done), Some(detail.clone())),
            Some(Err(reason)) => (Some(JobOutcome::Failed), Some(reason.clone())),
            None => (None, None),
        };
        Self {
            node: run.node.clone(),
            started: clock.write(run.started),
            ended: run.ended.map(|at| clock.write(at)),
            duration_ms: run.ended.map(duration),
            outcome,
            detail,
        }
    }
}

/// A server that works on the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Node {
    /// New at each start.
    #[schema(examples("5f0c21ab"))]
    pub id: String,
    /// Whether it is the one that answers.
    pub this: bool,
    /// Name of its machine.
    pub host: String,
    pub version: String,
    pub started: Time,
    /// When it last said that it lives, which it does once a minute.
    pub seen: Time,
    /// Which of the caller's cameras it runs.
    pub cameras: Vec<String>,
}

impl Node {
    /// `this` is the id of the node that answers; only cameras that are `shown` are named.
    pub fn new(node: &domain::Node, this: &str, shown: impl Fn(i64, &str) -> bool) -> Self {
        let clock = ZoneClock::utc();
        let cameras = node.cameras.iter().filter(|(tenant, id)| shown(*tenant, id));
        Self {
            id: node.id.clone(),
            this: node.id == this,
            host: node.host.clone(),
            version: node.version.clone(),
            started: clock.write(node.started),
            seen: clock.write(node.seen),
            cameras: cameras.map(|(_, id)| id.clone()).collect(),
        }
    }
}

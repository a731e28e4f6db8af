//! Work that is done at fixed times, and who is there to do it.

use super::Timestamp;

/// When a job ran last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    pub name: String,
    /// For which of its times.
    pub due: Timestamp,
    /// Id of the node that did it.
    pub node: String,
    pub started: Timestamp,
    /// Absent while it runs, and when its node ended before it.
    pub ended: Option<Timestamp>,
    /// Whether it went well, and what it says of that.
    pub outcome: Option<Result<String, String>>,
    /// When it last went well.
    pub done: Option<Timestamp>,
}

/// A job and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    pub name: &'static str,
    /// How often it is due, for people: `hour`, `day at 03:30`.
    pub every: String,
    pub running: bool,
    pub last: Option<JobRun>,
    /// When it is due next.
    pub next: Timestamp,
}

/// A server that works on the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Random, new at each start.
    pub id: String,
    pub host: String,
    pub version: String,
    pub started: Timestamp,
    pub seen: Timestamp,
    /// Tenant and id of the cameras that it runs.
    pub cameras: Vec<(i64, String)>,
}

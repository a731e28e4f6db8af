//! A camera as configured, and the state it is in.

use std::collections::BTreeMap;
use std::fmt;

use super::{BranchId, CameraId, Line, Place, SectorId, TenantId, Timestamp, Zone};

/// A value for a parameter of a pipeline description; the description's schema says which type it takes.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// A camera as its owner described it.
#[derive(Clone, PartialEq)]
pub struct Camera {
    pub id: CameraId,
    pub tenant: TenantId,
    pub branch: BranchId,
    pub sector: Option<SectorId>,
    /// What people call it.
    pub name: String,
    /// Name of a pipeline description.
    pub pipeline: String,
    /// Values for the description's parameters; may hold credentials, so show it only redacted.
    pub parameters: BTreeMap<String, ParamValue>,
    pub lines: Vec<Line>,
    pub zones: Vec<Zone>,
    /// False: kept but not run.
    pub enabled: bool,
}

impl Camera {
    /// Whether both are descriptions of one camera.
    pub fn is(&self, other: &Self) -> bool {
        (self.tenant, &self.id) == (other.tenant, &other.id)
    }

    /// Where what it sees happens.
    pub fn place(&self) -> Place {
        Place { tenant: self.tenant, branch: self.branch, sector: self.sector, camera: self.id.clone() }
    }

    /// Whether its line of this name is an entrance.
    pub fn is_entrance(&self, line: &str) -> bool {
        self.lines.iter().any(|own| *own.name == *line && own.entrance)
    }
}

/// Parameters may hold credentials: only their names are shown.
impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Camera")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("branch", &self.branch)
            .field("sector", &self.sector)
            .field("name", &self.name)
            .field("pipeline", &self.pipeline)
            .field("parameters", &self.parameters.keys())
            .field("lines", &self.lines)
            .field("zones", &self.zones)
            .field("enabled", &self.enabled)
            .finish()
    }
}

/// Where a camera stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraState {
    /// No frame yet since it was started.
    Connecting { since: Timestamp },
    /// Frames arrive.
    Running { since: Timestamp },
    /// Frames stopped or never came; it is being retried without an end.
    Lost { since: Timestamp, reason: String, next_try: Timestamp },
    /// Switched off by its owner.
    Stopped,
    /// Retrying cannot help: somebody has to change the pipeline, a parameter or the machine.
    Failed { since: Timestamp, reason: String },
}

impl CameraState {
    /// The word for it in API, metrics and console.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connecting { .. } => "connecting",
            Self::Running { .. } => "running",
            Self::Lost { .. } => "lost",
            Self::Stopped => "stopped",
            Self::Failed { .. } => "failed",
        }
    }
}

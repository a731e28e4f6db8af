//! Where a camera stands, in words and figures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frame::rounded;
use super::{Time, ZoneClock};
use crate::camera;
use crate::domain::{self, Camera, CameraState, LiveFigures};

/// The state in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No frame yet since it was started.
    Connecting,
    /// Frames arrive.
    Running,
    /// Frames stopped or never came; it is being retried without an end.
    Lost,
    /// Switched off by its owner.
    Stopped,
    /// Retrying cannot help: somebody has to change the pipeline, a parameter or the machine.
    Failed,
}

impl State {
    /// The word for `state`.
    pub fn of(state: &CameraState) -> Self {
        match state {
            CameraState::Connecting { .. } => Self::Connecting,
            CameraState::Running { .. } => Self::Running,
            CameraState::Lost { .. } => Self::Lost,
            CameraState::Stopped => Self::Stopped,
            CameraState::Failed { .. } => Self::Failed,
        }
    }
}

/// Who crossed a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineStatus {
    #[schema(examples("door"))]
    pub name: String,
    /// Crossings inwards.
    pub entries: u64,
    pub exits: u64,
}

/// Who is in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ZoneStatus {
    #[schema(examples("bar"))]
    pub name: String,
    /// How many are in it now.
    pub people: u64,
}

/// A camera's state and figures; all counts since the server started.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraStatus {
    pub state: State,
    /// Since when it is in this state; null when stopped.
    pub since: Option<Time>,
    /// Why it is lost or failed.
    pub reason: Option<String>,
    /// When it will be tried again; only when lost.
    pub next_try: Option<Time>,
    /// Frames a second over the last few seconds.
    pub fps_in: f32,
    pub fps_analysed: f32,
    pub frames_in: u64,
    pub frames_analysed: u64,
    /// Frames that got lost: that overran their queue, came while the detector was busy, or whose record did not fit.
    /// Not those left out on purpose.
    pub frames_dropped: u64,
    pub detections: u64,
    pub detection_errors: u64,
    /// Mean time of one inference over the last few seconds.
    pub inference_ms: f32,
    /// Mean time from a frame's arrival before the detector to its record over the last few seconds; 0 unless running.
    pub latency_ms: f32,
    pub bytes_in: u64,
    pub reconnects: u64,
    pub last_error: Option<String>,
    /// Size of the picture; 0 before the first frame.
    pub width: u32,
    pub height: u32,
    /// People in the newest frame; 0 unless running.
    pub people_now: u32,
    /// Who watches now.
    pub viewers: u64,
    /// The camera's lines.
    pub lines: Vec<LineStatus>,
    /// The camera's zones.
    pub zones: Vec<ZoneStatus>,
}

impl CameraStatus {
    /// `viewers` watch now; times are told by `clock`.
    pub fn new(
        state: &CameraState,
        figures: camera::CameraStatus,
        viewers: usize,
        clock: &ZoneClock,
    ) -> Self {
        let (since, reason, next_try) = match state {
            CameraState::Connecting { since } | CameraState::Running { since } => (Some(*since), None, None),
            CameraState::Lost { since, reason, next_try } => (Some(*since), Some(reason), Some(*next_try)),
            CameraState::Stopped => (None, None, None),
            CameraState::Failed { since, reason } => (Some(*since), Some(reason), None),
        };
        Self {
            state: State::of(state),
            since: since.map(|at| clock.write(at)),
            reason: reason.cloned(),
            next_try: next_try.map(|at| clock.write(at)),
            fps_in: rounded(figures.fps_in, 2),
            fps_analysed: rounded(figures.fps_analysed, 2),
            frames_in: figures.frames_in,
            frames_analysed: figures.frames_analysed,
            frames_dropped: figures.frames_dropped,
            detections: figures.detections,
            detection_errors: figures.detection_errors,
            inference_ms: rounded(figures.inference_ms, 2),
            latency_ms: rounded(figures.latency_ms, 2),
            bytes_in: figures.bytes_in,
            reconnects: figures.reconnects,
            last_error: figures.last_error,
            width: figures.width,
            height: figures.height,
            people_now: figures.people_now,
            viewers: viewers as u64,
            lines: Vec::new(),
            zones: Vec::new(),
        }
    }

    /// With what the lines and zones of `camera` say; of what nobody crossed or entered `live` need not know.
    #[must_use]
    pub fn with_shapes(self, camera: &Camera, live: &LiveFigures) -> Self {
        let line = |line: &domain::Line| {
            let known = live.lines.iter().find(|known| known.name == line.name);
            let (entries, exits) = known.map_or((0, 0), |known| (known.entries, known.exits));
            LineStatus { name: line.name.to_string(), entries, exits }
        };
        let zone = |zone: &domain::Zone| {
            let known = live.zones.iter().find(|known| known.name == zone.name);
            ZoneStatus { name: zone.name.to_string(), people: known.map_or(0, |known| known.people as u64) }
        };
        Self {
            lines: camera.lines.iter().map(line).collect(),
            zones: camera.zones.iter().map(zone).collect(),
            ..self
        }
    }
}

//! Where a camera stands, in words and figures.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, ZoneClock};
use crate::domain::CameraState;

/// The state in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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
    /// Frames that the detector never looked at, or whose record did not fit its queue.
    pub frames_dropped: u64,
    pub detections: u64,
    pub detection_errors: u64,
    /// Mean time of one inference over the last few seconds.
    pub inference_ms: f32,
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
}

impl CameraStatus {
    /// A status that says only where the camera stands; figures are zero.
    pub fn at(state: &CameraState, clock: &ZoneClock) -> Self {
        let (word, since, reason, next_try) = match state {
            CameraState::Connecting { since } => (State::Connecting, Some(*since), None, None),
            CameraState::Running { since } => (State::Running, Some(*since), None, None),
            CameraState::Lost { since, reason, next_try } => {
                (State::Lost, Some(*since), Some(reason), Some(*next_try))
            }
            CameraState::Stopped => (State::Stopped, None, None, None),
            CameraState::Failed { since, reason } => (State::Failed, Some(*since), Some(reason), None),
        };
        Self {
            state: word,
            since: since.map(|at| clock.write(at)),
            reason: reason.cloned(),
            next_try: next_try.map(|at| clock.write(at)),
            fps_in: 0.0,
            fps_analysed: 0.0,
            frames_in: 0,
            frames_analysed: 0,
            frames_dropped: 0,
            detections: 0,
            detection_errors: 0,
            inference_ms: 0.0,
            bytes_in: 0,
            reconnects: 0,
            last_error: None,
            width: 0,
            height: 0,
            people_now: 0,
            viewers: 0,
        }
    }
}

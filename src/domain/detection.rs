//! What was seen in one frame.

use std::sync::Arc;

use super::{Attributes, CameraId, Rect, TenantId, Timestamp};

/// One box in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The object this box belongs to; `None` until the tracker has confirmed it.
    pub track: Option<u64>,
    /// What it is, in the model's words, e.g. `person`.
    pub label: Arc<str>,
    /// The model's score, 0..1, of the last inference that saw it.
    pub confidence: f32,
    /// Fractions of the picture, predicted to this very frame.
    pub rect: Rect,
    /// False while the box is carried by motion alone since no detector result saw it here.
    pub seen: bool,
    /// What is said of a person by now; `None` before anybody looked closer.
    pub attributes: Option<Arc<Attributes>>,
}

/// One source frame with everything known about it, but no pixels.
#[derive(Debug, Clone)]
pub struct Frame {
    pub tenant: TenantId,
    pub camera: CameraId,
    /// Rises by one a source frame, from 0 at each start of the pipeline.
    pub number: u64,
    /// Media time since the pipeline started.
    pub pts_ms: u64,
    /// When it reached us.
    pub at: Timestamp,
    pub width: u32,
    pub height: u32,
    /// True when it brings a detector result, of itself or of a frame shortly before; count detections only then.
    pub fresh: bool,
    /// Name of the model that was asked.
    pub model: Arc<str>,
    pub detections: Vec<Detection>,
}

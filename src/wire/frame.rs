//! What was seen in one frame.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, ZoneClock};
use crate::domain;

/// One box in one frame.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Detection {
    /// The object it belongs to; null until that is confirmed.
    pub track: Option<u64>,
    #[schema(examples("person"))]
    pub label: String,
    /// 0..1.
    pub confidence: f32,
    /// `[x, y, width, height]` in pixels of the source; it may stick out at the borders.
    #[serde(rename = "box")]
    #[schema(examples(json!([120.5, 64.0, 80.25, 200.0])))]
    pub rect: [f32; 4],
}

impl Detection {
    /// `detection` on a picture of `size`, width and height in pixels.
    pub fn new(detection: &domain::Detection, size: (u32, u32)) -> Self {
        Self {
            track: detection.track,
            label: detection.label.to_string(),
            confidence: rounded(detection.confidence, 4),
            rect: in_pixels(detection.rect, size),
        }
    }

    /// All of `frame`.
    pub fn all(frame: &domain::Frame) -> Vec<Self> {
        frame.detections.iter().map(|detection| Self::new(detection, (frame.width, frame.height))).collect()
    }
}

/// `[x, y, width, height]` of `rect` on a picture of this width and height.
pub(super) fn in_pixels(rect: domain::Rect, (width, height): (u32, u32)) -> [f32; 4] {
    let (width, height) = (width as f32, height as f32);
    [rect.x * width, rect.y * height, rect.w * width, rect.h * height].map(|value| rounded(value, 2))
}

/// A live frame's record, without its pixels.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Frame {
    pub camera: String,
    /// Counts from 0 at each start of the camera's pipeline.
    pub frame: u64,
    /// Media time of the frame, since the pipeline started.
    pub pts_ms: u64,
    /// When it reached the server.
    pub at: Time,
    pub width: u32,
    pub height: u32,
    /// True when the frame brings a detector result, of itself or of a frame shortly before it; else the boxes were
    /// carried here by their motion alone.
    pub fresh: bool,
    pub detections: Vec<Detection>,
}

impl Frame {
    pub fn new(frame: &domain::Frame, clock: &ZoneClock) -> Self {
        Self {
            camera: frame.camera.to_string(),
            frame: frame.number,
            pts_ms: frame.pts_ms,
            at: clock.write(frame.at),
            width: frame.width,
            height: frame.height,
            fresh: frame.fresh,
            detections: Detection::all(frame),
        }
    }
}

/// Frames that a slow listener did not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Missed {
    pub missed: u64,
}

/// `value` with so many decimals: digits below the model's and the picture's precision are noise on the wire.
pub(super) fn rounded(value: f32, decimals: i32) -> f32 {
    let scale = 10_f64.powi(decimals);
    ((f64::from(value) * scale).round() / scale) as f32
}

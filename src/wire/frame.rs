//! What was seen in one frame.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Attributes, Time, ZoneClock};
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

/// One box in one live frame.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LiveDetection {
    #[serde(flatten)]
    pub detection: Detection,
    /// What is said of a person by now; absent unless it was asked for, and of things.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
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
    pub detections: Vec<LiveDetection>,
}

impl Frame {
    /// `attributes`: with what is said of people.
    pub fn new(frame: &domain::Frame, clock: &ZoneClock, attributes: bool) -> Self {
        let size = (frame.width, frame.height);
        let live = |detection: &domain::Detection| LiveDetection {
            detection: Detection::new(detection, size),
            attributes: detection.attributes.as_deref().filter(|_| attributes).map(Into::into),
        };
        Self {
            camera: frame.camera.to_string(),
            frame: frame.number,
            pts_ms: frame.pts_ms,
            at: clock.write(frame.at),
            width: frame.width,
            height: frame.height,
            fresh: frame.fresh,
            detections: frame.detections.iter().map(live).collect(),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    fn told(attributes: bool) -> Value {
        let known = domain::Attributes {
            garment: domain::Attribute { value: Some("jacket".into()), confidence: 0.7 },
            ..Default::default()
        };
        let person = domain::Detection {
            track: Some(3),
            label: "person".into(),
            confidence: 0.9,
            rect: domain::Rect { x: 0.5, y: 0.0, w: 0.25, h: 1.0 },
            seen: true,
            attributes: Some(Arc::new(known)),
        };
        let bag = domain::Detection { label: "backpack".into(), attributes: None, ..person.clone() };
        let frame = domain::Frame {
            tenant: domain::TenantId::default(),
            camera: domain::CameraId::new("door").expect("a name"),
            number: 0,
            pts_ms: 0,
            at: domain::Timestamp::from_millis(0),
            width: 640,
            height: 480,
            fresh: true,
            model: "nanodet".into(),
            detections: vec![person, bag],
        };
        let frame = Frame::new(&frame, &ZoneClock::utc(), attributes);
        serde_json::to_value(frame).expect("it should be JSON")["detections"].take()
    }

    #[test]
    fn what_is_said_of_people_is_told_to_who_asks() {
        let asked = told(true);
        assert_eq!(asked[0]["attributes"]["garment"]["value"], "jacket");
        assert_eq!(asked[0]["box"], json!([320.0, 0.0, 160.0, 480.0]));
        assert_eq!(asked[1].get("attributes"), None);
        assert_eq!(told(false)[0].get("attributes"), None);
    }
}

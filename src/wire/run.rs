//! The lines that `atalaya run` prints: one JSON object each, told apart by `kind`.
//!
//! All times are media time, so that a file gives the same lines on a fast and on a slow machine.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Attributes, Detection};
use crate::{domain, visit};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    Frame(Frame),
    Visit(Visit),
    Line(Crossing),
    Zone(Stay),
    End(End),
}

/// A source frame, in source order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frame {
    pub camera: String,
    /// Counts from 0.
    pub frame: u64,
    pub pts_ms: u64,
    pub width: u32,
    pub height: u32,
    pub detections: Vec<Detection>,
}

impl From<&domain::Frame> for Frame {
    fn from(frame: &domain::Frame) -> Self {
        Self {
            camera: frame.camera.to_string(),
            frame: frame.number,
            pts_ms: frame.pts_ms,
            width: frame.width,
            height: frame.height,
            detections: Detection::all(frame),
        }
    }
}

/// A finished visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Visit {
    pub track: u64,
    pub enter_ms: u64,
    /// When the person was last seen.
    pub leave_ms: u64,
    pub dwell_ms: u64,
    pub attributes: Attributes,
}

impl From<&visit::Stay> for Visit {
    fn from(stay: &visit::Stay) -> Self {
        Self {
            track: stay.track,
            enter_ms: stay.enter_ms,
            leave_ms: stay.leave_ms,
            dwell_ms: stay.dwell_ms(),
            attributes: (&stay.attributes).into(),
        }
    }
}

/// Which way a line was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From left to right of the segment, looking from its first to its second point.
    In,
    Out,
}

impl From<visit::Direction> for Direction {
    fn from(direction: visit::Direction) -> Self {
        match direction {
            visit::Direction::In => Self::In,
            visit::Direction::Out => Self::Out,
        }
    }
}

/// Somebody crossed a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crossing {
    pub line: String,
    pub direction: Direction,
    pub track: u64,
    pub pts_ms: u64,
}

/// Somebody has stayed in a zone and left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stay {
    pub zone: String,
    pub track: u64,
    pub enter_ms: u64,
    pub leave_ms: u64,
    pub dwell_ms: u64,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct End {
    pub frames: u64,
    /// Length of what was analysed, media time.
    pub seconds: f64,
    /// Distinct people, after merges.
    pub people: u64,
}

impl Line {
    /// The line as text, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("lines should be JSON: their keys are text and their numbers finite")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attribute, CameraId, Rect, TenantId, Timestamp};

    fn frame() -> domain::Frame {
        let detection = |track, x| domain::Detection {
            track,
            label: "person".into(),
            confidence: 0.810_000_1,
            rect: Rect { x, y: 0.25, w: 0.125, h: 0.5 },
            seen: true,
            attributes: None,
        };
        domain::Frame {
            tenant: TenantId::default(),
            camera: CameraId::new("file").unwrap(),
            number: 17,
            pts_ms: 680,
            at: Timestamp::from_millis(0),
            width: 768,
            height: 576,
            fresh: true,
            model: "nanodet".into(),
            detections: vec![detection(Some(3), 0.333_333_34), detection(None, 0.0)],
        }
    }

    fn stay() -> visit::Stay {
        visit::Stay {
            track: 3,
            enter_ms: 680,
            leave_ms: 5000,
            confidence: 0.9,
            model: "nanodet".into(),
            attributes: domain::Attributes {
                garment: Attribute { value: Some("jacket".into()), confidence: 0.7 },
                ..domain::Attributes::default()
            },
        }
    }

    #[test]
    fn lines_are_as_documented() {
        let lines = [
            Line::Frame((&frame()).into()),
            Line::Visit((&stay()).into()),
            Line::Line(Crossing { line: "door".into(), direction: Direction::In, track: 3, pts_ms: 720 }),
            Line::Zone(Stay { zone: "bar".into(), track: 3, enter_ms: 720, leave_ms: 4000, dwell_ms: 3280 }),
            Line::End(End { frames: 795, seconds: 31.8, people: 12 }),
        ];
        let text: Vec<_> = lines.iter().map(Line::to_json).collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        {"kind":"frame","camera":"file","frame":17,"pts_ms":680,"width":768,"height":576,"detections":[{"track":3,"label":"person","confidence":0.81,"box":[256.0,144.0,96.0,288.0]},{"track":null,"label":"person","confidence":0.81,"box":[0.0,144.0,96.0,288.0]}]}
        {"kind":"visit","track":3,"enter_ms":680,"leave_ms":5000,"dwell_ms":4320,"attributes":{"garment":{"value":"jacket","confidence":0.7},"style":{"value":null,"confidence":0.0},"primary_color":{"value":null,"confidence":0.0},"secondary_color":{"value":null,"confidence":0.0},"head_accessory":{"value":null,"confidence":0.0},"bag":{"value":null,"confidence":0.0},"age_range":{"value":null,"confidence":0.0}}}
        {"kind":"line","line":"door","direction":"in","track":3,"pts_ms":720}
        {"kind":"zone","zone":"bar","track":3,"enter_ms":720,"leave_ms":4000,"dwell_ms":3280}
        {"kind":"end","frames":795,"seconds":31.8,"people":12}
        "#);
    }
}

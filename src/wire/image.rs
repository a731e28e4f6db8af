//! Who is on a single picture.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Attributes, Detection};
use crate::domain;

/// A person on a picture.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Person {
    /// `[x, y, width, height]` in pixels.
    #[serde(rename = "box")]
    #[schema(examples(json!([120.5, 64.0, 80.25, 200.0])))]
    pub rect: [f32; 4],
    /// 0..1.
    pub confidence: f32,
    /// As `box`; null when no face is seen.
    pub face: Option<[f32; 4]>,
    pub attributes: Attributes,
}

impl Person {
    /// A person on a picture of `size`, width and height in pixels, of whom nothing more is known.
    pub fn new(detection: &domain::Detection, size: (u32, u32)) -> Self {
        let shown = Detection::new(detection, size);
        Self {
            rect: shown.rect,
            confidence: shown.confidence,
            face: None,
            attributes: (&domain::Attributes::default()).into(),
        }
    }
}

/// A line of `atalaya analyze`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename = "image")]
pub struct Image {
    pub file: String,
    /// In pixels, after it was turned as its EXIF says.
    pub width: u32,
    pub height: u32,
    pub people: Vec<Person>,
}

impl Image {
    /// The line as text, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a line should be JSON: its keys are text and its numbers finite")
    }
}

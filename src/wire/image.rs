//! Who is on a single picture.

use serde::{Deserialize, Serialize};
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
    /// A person on a picture of `size`, width and height in pixels.
    pub fn new(detection: &domain::Detection, face: Option<domain::Rect>, size: (u32, u32)) -> Self {
        let shown = Detection::new(detection, size);
        let nothing = domain::Attributes::default();
        Self {
            rect: shown.rect,
            confidence: shown.confidence,
            face: face.map(|face| super::frame::in_pixels(face, size)),
            attributes: detection.attributes.as_deref().unwrap_or(&nothing).into(),
        }
    }
}

/// A picture in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageInput {
    /// JPEG, PNG or WebP in base64; a data URL's beginning may stand before it.
    #[schema(examples(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ))]
    pub image_data: String,
    /// Whether the picture with the boxes is wanted; as the query's `annotated`.
    #[serde(default)]
    pub annotated: bool,
}

/// The boxes on a picture.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImageDetections {
    /// In pixels, after it was turned as its EXIF says.
    pub width: u32,
    pub height: u32,
    /// Name of the detector.
    #[schema(examples("nanodet"))]
    pub model: String,
    /// Surest first; `track` is null, as a single picture has none.
    pub detections: Vec<Detection>,
    /// The picture with its boxes, numbered in their order: JPEG in base64. Null unless it was asked for.
    pub annotated_image: Option<String>,
}

/// The people on a picture.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImageAnalysis {
    /// In pixels, after it was turned as its EXIF says.
    pub width: u32,
    pub height: u32,
    /// Name of the detector.
    #[schema(examples("nanodet"))]
    pub model: String,
    /// Surest first.
    pub people: Vec<Person>,
    /// As in the answer of `detect`.
    pub annotated_image: Option<String>,
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

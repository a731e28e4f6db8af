//! Single pictures: bytes in, who is on it out, by the same detector as video.
//!
//! Nothing is kept: the picture lives as long as the question.

mod analysers;
mod drawn;
mod jpeg;
mod picture;

use gstvision::engine::{Detector, EngineError, I420, LoadOptions, Manifest, Wanted};

pub use analysers::Analysers;
pub use picture::{MAX_PIXELS, Picture, PictureError};

use crate::domain::{Detection, Rect};

/// Label of what is looked for.
const PERSON: &str = "person";

/// What looks at pictures.
pub struct Analyser {
    detector: Detector,
    wanted: Wanted,
}

impl Analyser {
    /// Loads the detector of `manifest`.
    ///
    /// # Errors
    /// When it is missing, not what its manifest says, or knows no people.
    pub fn load(manifest: &Manifest, options: &LoadOptions) -> Result<Self, EngineError> {
        let detector = Detector::load(manifest, options)?;
        let wanted = Wanted::new(manifest, &[PERSON], manifest.thresholds.score)?;
        Ok(Self { detector, wanted })
    }

    /// Name of the model that looks.
    pub fn model(&self) -> &str {
        &self.detector.model().manifest().name
    }

    /// The people on `picture`, surest first. Blocks for as long as an inference takes.
    ///
    /// # Errors
    /// When the inference fails.
    pub fn people(&mut self, picture: &Picture) -> Result<Vec<Detection>, EngineError> {
        let frame: I420<'_> = picture.i420();
        let (found, _) = self.detector.detect(&frame, &self.wanted)?;
        let person = |found: &gstvision::engine::Found| Detection {
            track: None,
            label: PERSON.into(),
            confidence: found.score,
            rect: Rect { x: found.rect.x, y: found.rect.y, w: found.rect.w, h: found.rect.h },
            seen: true,
            attributes: None,
        };
        Ok(found.iter().map(person).collect())
    }
}

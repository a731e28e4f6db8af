//! Single pictures: bytes in, who is on it out, by the same detector as video.
//!
//! Nothing is kept: the picture lives as long as the question.

mod jpeg;
mod picture;

use std::path::PathBuf;

use gstvision::engine::{Assets, Catalog, Detector, Device, EngineError, I420, Job, LoadOptions, Wanted};
use thiserror::Error;

pub use picture::{MAX_PIXELS, Picture, PictureError};

use crate::domain::{Detection, Rect};

/// Label of what is looked for.
const PERSON: &str = "person";

/// Which model looks, and where it is.
#[derive(Debug, Clone)]
pub struct Settings {
    pub model: String,
    pub device: String,
    pub threads: usize,
    /// ONNX Runtime's shared library; the one of the assets when `None`.
    pub runtime: Option<PathBuf>,
    pub assets_dir: PathBuf,
    pub models_dir: Option<PathBuf>,
}

/// Why nothing can be analysed.
#[derive(Debug, Error)]
pub enum StillError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{0}")]
    Settings(String),
}

/// What looks at pictures.
pub struct Analyser {
    detector: Detector,
    wanted: Wanted,
}

impl Analyser {
    /// Loads the detector.
    ///
    /// # Errors
    /// When the model is unknown, missing, or not what its manifest says.
    pub fn open(settings: &Settings) -> Result<Self, StillError> {
        let invalid = |error: &dyn std::fmt::Display| StillError::Settings(error.to_string());
        let catalog = Catalog::open(settings.models_dir.as_deref()).map_err(|error| invalid(&error))?;
        let manifest = catalog.find_for(Job::Detector, &settings.model)?;
        let device: Device = settings.device.parse().map_err(|error: EngineError| invalid(&error))?;
        let options = LoadOptions {
            assets: Assets::new(&settings.assets_dir),
            runtime: settings.runtime.clone(),
            device,
            threads: settings.threads,
        };
        let detector = Detector::load(&manifest, &options)?;
        let wanted = Wanted::new(&manifest, &[PERSON], manifest.thresholds.score)?;
        Ok(Self { detector, wanted })
    }

    /// The people on `picture`, surest first. Blocks for as long as an inference takes.
    ///
    /// # Errors
    /// When the inference fails.
    pub fn people(&mut self, picture: &Picture) -> Result<Vec<Detection>, StillError> {
        let frame: I420<'_> = picture.i420();
        let (found, _) = self.detector.detect(&frame, &self.wanted)?;
        let person = |found: &gstvision::engine::Found| Detection {
            track: None,
            label: PERSON.into(),
            confidence: found.score,
            rect: Rect { x: found.rect.x, y: found.rect.y, w: found.rect.w, h: found.rect.h },
            seen: true,
        };
        Ok(found.iter().map(person).collect())
    }
}

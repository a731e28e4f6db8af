//! What the element's properties hold, and the model they ask for.

use super::pace::Patience;
use super::stream::Rules;
use crate::engine::{Catalog, EngineError, Job, LoadOptions, Manifest, Model, Thresholds, Wanted, path_of};

/// The properties, as the user set them.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) model: String,
    pub(super) models_dir: Option<String>,
    pub(super) assets_dir: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) device: String,
    pub(super) threads: u32,
    pub(super) labels: String,
    pub(super) inference_interval: u32,
    pub(super) max_wait_ms: i32,
    pub(super) threshold: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: crate::engine::AUTO.to_owned(),
            models_dir: None,
            assets_dir: None,
            runtime: None,
            device: "auto".to_owned(),
            threads: 1,
            labels: "person".to_owned(),
            inference_interval: 1,
            max_wait_ms: -2,
            threshold: 0.0,
        }
    }
}

impl Settings {
    /// Loads the model and looks its labels up.
    pub(super) fn load(&self) -> Result<(Model, Wanted), EngineError> {
        let (assets_dir, runtime) = (self.assets_dir.as_deref(), self.runtime.as_deref());
        // Before the long work, so that a typing error shows at once.
        let options = LoadOptions::of_properties(assets_dir, runtime, &self.device, self.threads)?;
        let catalog = Catalog::open(path_of(self.models_dir.as_deref()).as_deref())?;
        // Who waits for every result wants it right rather than soon.
        let manifest = match self.patience() {
            Patience::Forever => catalog.find_for(Job::Detector, &self.model)?,
            _ => catalog.choose(Job::Detector, &self.model, &options)?,
        };
        let wanted = self.wanted(&manifest)?;
        Ok((Model::load(&manifest, &options)?, wanted))
    }

    fn wanted(&self, manifest: &Manifest) -> Result<Wanted, EngineError> {
        let labels: Vec<_> =
            self.labels.split(',').map(str::trim).filter(|label| !label.is_empty()).collect();
        Wanted::new(manifest, &labels, manifest.thresholds.low_score())
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::from_ms(self.max_wait_ms)
    }

    /// What holds for the next frame; `model` is what its manifest says.
    pub(super) fn rules(&self, model: Thresholds) -> Rules {
        let threshold = if self.threshold > 0.0 { self.threshold } else { model.score };
        Rules {
            interval: self.inference_interval,
            patience: self.patience(),
            threshold,
            low_score: model.low_score().min(threshold),
        }
    }
}

/// The error as the element posts it. The whole text is the message: it says what to do.
pub(crate) fn error_message(error: &EngineError) -> gst::ErrorMessage {
    match error {
        EngineError::MissingWeights { .. }
        | EngineError::MissingRuntime { .. }
        | EngineError::NoSuchModel { .. } => {
            gst::error_msg!(gst::ResourceError::NotFound, ("{error}"))
        }
        EngineError::UnreadableWeights { .. } => {
            gst::error_msg!(gst::ResourceError::OpenRead, ("{error}"))
        }
        EngineError::WrongChecksum { .. }
        | EngineError::Unfit { .. }
        | EngineError::Refused { .. }
        | EngineError::Deviates { .. }
        | EngineError::BadRuntime { .. } => gst::error_msg!(gst::LibraryError::Init, ("{error}")),
        _ => gst::error_msg!(gst::LibraryError::Settings, ("{error}")),
    }
}

//! A model with what it needs to look at pictures: the simplest way to use one.

use std::time::{Duration, Instant};

use super::decode::Wanted;
use super::error::EngineError;
use super::frame::I420;
use super::manifest::Manifest;
use super::model::{Found, Model};
use super::network::LoadOptions;
use super::preprocess::{Preprocessor, Tensor};

/// A loaded model, ready for pictures of any size.
pub struct Detector {
    model: Model,
    preprocessor: Preprocessor,
    tensor: Tensor,
}

/// How long the two parts of a detection took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// From the picture to the tensor.
    pub preprocess: Duration,
    /// From the tensor to boxes, a wait for a free session included.
    pub inference: Duration,
}

impl Detector {
    /// Loads the model of `manifest`.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load(manifest: &Manifest, options: &LoadOptions) -> Result<Self, EngineError> {
        let model = Model::load(manifest, options)?;
        let preprocessor = Preprocessor::new(model.input());
        Ok(Self { model, preprocessor, tensor: Tensor::default() })
    }

    /// The model inside.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Finds what is `wanted` in `frame`; best boxes first.
    ///
    /// # Errors
    /// As [`Model::infer`].
    pub fn detect(&mut self, frame: &I420<'_>, wanted: &Wanted) -> Result<(Vec<Found>, Timing), EngineError> {
        let start = Instant::now();
        self.preprocessor.fill(frame, &mut self.tensor);
        let filled = Instant::now();
        let found = self.model.infer(&self.tensor, wanted)?;
        Ok((found, Timing { preprocess: filled - start, inference: filled.elapsed() }))
    }
}

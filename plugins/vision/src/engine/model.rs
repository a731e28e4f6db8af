//! A network that was loaded and fits its manifest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ort::value::{DynValue, TensorRef};

use super::assets::Assets;
use super::decode::{Answer, Decoder, Wanted};
use super::error::EngineError;
use super::fit;
use super::manifest::Manifest;
use super::nms::{self, Candidate};
use super::preprocess::{Placement, Tensor};
use super::runtime::Device;
use super::sessions::{self, Network, Recipe};
use crate::meta::Rect;

/// How a model is to be loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    pub assets: Assets,
    /// ONNX Runtime's shared library; the one of the assets when `None`.
    pub runtime: Option<PathBuf>,
    pub device: Device,
    /// Threads that one inference may use; at least 1.
    pub threads: usize,
}

/// A loaded network. Several of them share their sessions when file, threads and device are the same.
pub struct Model {
    manifest: Manifest,
    device: Device,
    decoder: Decoder,
    network: Arc<Network>,
}

/// One box a network found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Index into the manifest's labels.
    pub class: usize,
    /// 0..1.
    pub score: f32,
    /// Within the picture.
    pub rect: Rect,
}

impl Model {
    /// Loads the network of `manifest`.
    ///
    /// # Errors
    /// When the device is not available, the weights or the runtime are missing or wrong, or the network's inputs
    /// and outputs are not those of the manifest.
    pub fn load(manifest: &Manifest, options: &LoadOptions) -> Result<Self, EngineError> {
        let device = options.device.choose()?;
        let network = sessions::share(Recipe {
            manifest: manifest.clone(),
            assets: options.assets.clone(),
            runtime: options.runtime.clone().unwrap_or_else(|| options.assets.runtime()),
            device,
            threads: options.threads.max(1),
        })?;
        let unfit = |problem| EngineError::Unfit { model: manifest.name.clone(), problem };
        let session = network.lease();
        let (inputs, outputs) = (fit::describe(session.inputs()), fit::describe(session.outputs()));
        drop(session);
        fit::check_inputs(manifest, &inputs).map_err(unfit)?;
        let decoder = Decoder::fit(manifest, &outputs).map_err(unfit)?;
        Ok(Self { manifest: manifest.clone(), device, decoder, network })
    }

    /// What it was loaded from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it runs; never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.device
    }

    /// Sessions that exist for it; more than one only after two users wanted it at the same time.
    pub fn sessions(&self) -> usize {
        self.network.sessions()
    }

    /// Keeps the network in memory for as long as the answer is held, also when the model is gone.
    pub fn keep_loaded(&self) -> impl Send + Sync + use<> {
        self.network.clone()
    }

    /// Runs the network on `tensor`; best boxes first.
    ///
    /// # Errors
    /// When ONNX Runtime fails or answers in a shape it did not promise.
    pub fn infer(&self, tensor: &Tensor, wanted: &Wanted) -> Result<Vec<Found>, EngineError> {
        let failed = |reason: String| EngineError::Inference { model: self.manifest.name.clone(), reason };
        let placement = tensor.placement().ok_or_else(|| failed("there is no picture".to_owned()))?;
        let input = TensorRef::from_array_view((self.manifest.input_shape(), tensor.values.as_slice()))
            .map_err(|error| failed(error.to_string()))?;
        let mut session = self.network.lease();
        let began = Instant::now();
        let outputs = session.run(ort::inputs![input]).map_err(|error| failed(error.to_string()))?;
        self.network.count(began.elapsed());
        let answers: Vec<_> = (0..outputs.len()).map(|index| answer(&outputs[index])).collect();
        let candidates = self.decoder.decode(&answers, wanted).map_err(failed)?;
        Ok(self.finish(candidates, placement))
    }

    /// From pixels of the input to fractions of the picture, the doubles gone.
    fn finish(&self, candidates: Vec<Candidate>, placement: Placement) -> Vec<Found> {
        // Without suppression the boxes are sorted all the same; no two overlap by more than all of themselves.
        let limit = self.manifest.thresholds.nms.unwrap_or(1.0);
        let kept = nms::suppress(candidates, limit);
        kept.iter().filter_map(|candidate| found(candidate, placement)).collect()
    }
}

/// What the decoders see of an output; nothing of one that is not f32, which none of them asks for.
fn answer(output: &DynValue) -> Answer<'_> {
    match output.try_extract_tensor::<f32>() {
        Ok((shape, values)) => Answer { shape, values },
        Err(_) => Answer { shape: &[], values: &[] },
    }
}

/// `None` when nothing of the box lies in the picture.
fn found(candidate: &Candidate, placement: Placement) -> Option<Found> {
    let inside = |(x, y): (f32, f32)| (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
    let (x, y) = inside(placement.to_picture(candidate.x1, candidate.y1));
    let (right, bottom) = inside(placement.to_picture(candidate.x2, candidate.y2));
    let rect = Rect { x, y, w: right - x, h: bottom - y };
    let is_seen = rect.w > 0.0 && rect.h > 0.0;
    is_seen.then_some(Found { class: candidate.class, score: candidate.score.min(1.0), rect })
}

//! A network that finds boxes.

use super::decode::{Decoder, Wanted};
use super::error::EngineError;
use super::manifest::{Input, Job, Manifest};
use super::network::{Feed, LoadOptions, Network};
use super::nms::{self, Candidate};
use super::preprocess::{Placement, Tensor};
use super::runtime::Device;
use crate::meta::Rect;

/// A loaded detector. Several of them share their sessions when file, threads and device are the same.
pub struct Model {
    network: Network,
    input: Input,
    decoder: Decoder,
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
    /// Loads the detector of `manifest`.
    ///
    /// # Errors
    /// When the model is no detector, and as [`Network::load`].
    pub fn load(manifest: &Manifest, options: &LoadOptions) -> Result<Self, EngineError> {
        let input = manifest.picture_for(Job::Detector)?;
        let network = Network::load(manifest, options)?;
        let decoder = Decoder::fit(manifest, input, network.outputs())
            .map_err(|problem| EngineError::Unfit { model: manifest.name.clone(), problem })?;
        Ok(Self { network, input: input.clone(), decoder })
    }

    /// What it was loaded from.
    pub fn manifest(&self) -> &Manifest {
        self.network.manifest()
    }

    /// The picture it takes.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Where it runs; never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.network.device()
    }

    /// Sessions that exist for it; more than one only after two users wanted it at the same time.
    pub fn sessions(&self) -> usize {
        self.network.sessions()
    }

    /// Keeps the network in memory for as long as the answer is held, also when the model is gone.
    pub fn keep_loaded(&self) -> impl Send + Sync + use<> {
        self.network.keep_loaded()
    }

    /// Runs the network on `tensor`; best boxes first.
    ///
    /// # Errors
    /// When ONNX Runtime fails or answers in a shape it did not promise.
    pub fn infer(&self, tensor: &Tensor, wanted: &Wanted) -> Result<Vec<Found>, EngineError> {
        let no_picture = || EngineError::Inference {
            model: self.manifest().name.clone(),
            reason: "there is no picture".to_owned(),
        };
        let placement = tensor.placement().ok_or_else(no_picture)?;
        let feeds = [Feed::F32(tensor.values())];
        let candidates = self.network.run(&feeds, |answers| self.decoder.decode(answers, wanted))?;
        Ok(self.finish(candidates, placement))
    }

    /// From pixels of the input to fractions of the picture, the doubles gone.
    fn finish(&self, candidates: Vec<Candidate>, placement: Placement) -> Vec<Found> {
        // Without suppression the boxes are sorted all the same; no two overlap by more than all of themselves.
        let limit = self.manifest().thresholds.nms.unwrap_or(1.0);
        let kept = nms::suppress(candidates, limit);
        kept.iter().filter_map(|candidate| found(candidate, placement)).collect()
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

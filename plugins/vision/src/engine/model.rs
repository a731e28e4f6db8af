//! A network that finds boxes.

use super::decode::{Answer, Decoder, Wanted};
use super::error::EngineError;
use super::fit::TensorInfo;
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
        Ok(finish(self.manifest(), candidates, placement))
    }
}

/// What a detector's decoder reads in an answer, without the network: `outputs` are name and shape of each output, all
/// f32, and `answers` their values in the same order.
///
/// # Errors
/// When `manifest` is no detector's, the outputs are not those it expects, or an answer has another shape.
pub fn read_boxes(
    manifest: &Manifest,
    outputs: &[(&str, &[i64])],
    answers: &[Answer<'_>],
    wanted: &Wanted,
) -> Result<Vec<Found>, EngineError> {
    let input = manifest.picture_for(Job::Detector)?;
    let unfit = |problem| EngineError::Unfit { model: manifest.name.clone(), problem };
    let outputs: Vec<_> = outputs.iter().map(|(name, shape)| TensorInfo::f32(name, shape)).collect();
    let decoder = Decoder::fit(manifest, input, &outputs).map_err(unfit)?;
    let candidates = decoder.decode(answers, wanted).map_err(unfit)?;
    Ok(finish(manifest, candidates, Placement::whole(input)))
}

/// From pixels of the input to fractions of the picture, the doubles gone.
fn finish(manifest: &Manifest, candidates: Vec<Candidate>, placement: Placement) -> Vec<Found> {
    // Without suppression the boxes are sorted all the same; no two overlap by more than all of themselves.
    let limit = manifest.thresholds.nms.unwrap_or(1.0);
    let kept = nms::suppress(candidates, limit);
    kept.iter().filter_map(|candidate| found(candidate, placement)).collect()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Outputs = Vec<(&'static str, Vec<i64>)>;

    /// A detector of 64×32 pixels with two labels for every decoder, and its outputs.
    fn detectors() -> Vec<(Manifest, Outputs)> {
        let text = include_str!("../../tests/models/blob.toml")
            .replace("[\"person\"]", "[\"person\", \"bag\"]")
            .replace("width = 320", "width = 64")
            .replace("height = 240", "height = 32")
            .replace("score = 0.5", "score = 0.5\nnms = 0.5");
        let ssd =
            "ssd\"\nbox_format = \"yxyx\"\noutputs = { boxes = \"b\", scores = \"s\", classes = \"c\" }\n#";
        let columns = ssd.replace(", classes = \"c\"", "");
        let grids =
            [32, 8, 2].into_iter().flat_map(|cells| [("", vec![1, cells, 2]), ("", vec![1, cells, 12])]);
        let kinds: Vec<(&str, Outputs)> = vec![
            ("nanodet", grids.collect()),
            ("end2end", vec![("", vec![1, 9, 6])]),
            ("yolov8", vec![("", vec![1, 6, 9])]),
            ("yolov8", vec![("", vec![1, 9, 6])]),
            ("yolox", vec![("", vec![1, 42, 7])]),
            (ssd, vec![("b", vec![1, 9, 4]), ("s", vec![1, 9]), ("c", vec![1, 9])]),
            (&columns, vec![("b", vec![9, 4]), ("s", vec![1, 9, 2])]),
        ];
        let parse = |decoder: &str| Manifest::parse(&text.replace("end2end", decoder), "blob.toml").unwrap();
        kinds.into_iter().map(|(decoder, outputs)| (parse(decoder), outputs)).collect()
    }

    /// Numbers that networks give, and those they give when something is wrong.
    fn numbers() -> impl Strategy<Value = Vec<f32>> {
        let odd =
            prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0]);
        prop::collection::vec(
            prop_oneof![4 => 0.0f32..1.0, 2 => -100.0f32..100.0, 1 => odd, 1 => prop::num::f32::ANY],
            600,
        )
    }

    proptest! {
        #[test]
        fn whatever_a_network_answers_becomes_boxes_in_the_picture(numbers in numbers(), min_score in 0.01f32..1.0) {
            for (manifest, outputs) in detectors() {
                let mut rest = numbers.as_slice();
                let mut answers = Vec::new();
                for (_, shape) in &outputs {
                    let (values, after) = rest.split_at(shape.iter().product::<i64>() as usize);
                    answers.push(Answer { shape, values });
                    rest = after;
                }
                let outputs: Vec<_> = outputs.iter().map(|(name, shape)| (*name, shape.as_slice())).collect();
                let wanted = Wanted::new(&manifest, &[], min_score).unwrap();
                for found in read_boxes(&manifest, &outputs, &answers, &wanted).unwrap() {
                    let Rect { x, y, w, h } = found.rect;
                    prop_assert!(x >= 0.0 && y >= 0.0 && w > 0.0 && h > 0.0, "{:?}: {found:?}", manifest.decoder);
                    prop_assert!(x + w <= 1.0 + 1e-6 && y + h <= 1.0 + 1e-6, "{:?}: {found:?}", manifest.decoder);
                    prop_assert!(found.class < 2 && (min_score..=1.0).contains(&found.score), "{found:?}");
                }
            }
        }
    }
}

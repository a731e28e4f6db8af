//! From a network's raw answer to what it means; one pure file a family of networks.
//!
//! Detectors all answer with boxes and are chosen by the user, so they lie behind one [`Decoder`]. The others each
//! answer with something of their own; who uses one makes its decoder and hands it the answers.

pub mod age;
pub mod blazeface;
pub mod blazepose;
mod end2end;
pub mod mask;
mod nanodet;
pub mod silero;
mod ssd;
mod yolov8;
mod yolox;

use super::error::EngineError;
use super::fit::{self, Expected, TensorInfo};
use super::manifest::{DecoderKind, Input, Manifest};
use super::nms::Candidate;

/// Which boxes somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// 0..1; boxes below are left out.
    min_score: f32,
    /// Rising indices into the manifest's labels.
    classes: Vec<usize>,
}

impl Wanted {
    /// Boxes of `labels` (all when empty) with a score of `min_score` or more.
    ///
    /// # Errors
    /// When the model has no such label.
    pub fn new(manifest: &Manifest, labels: &[&str], min_score: f32) -> Result<Self, EngineError> {
        let mut classes = Vec::new();
        for label in labels {
            let class = manifest.labels.iter().position(|known| known == label);
            classes.push(class.ok_or_else(|| EngineError::NoSuchLabel {
                model: manifest.name.clone(),
                label: (*label).to_owned(),
                known: manifest.labels.join(", "),
            })?);
        }
        if labels.is_empty() {
            classes.extend(0..manifest.labels.len());
        }
        classes.sort_unstable();
        classes.dedup();
        Ok(Self { min_score, classes })
    }

    /// The same labels from another score on.
    #[must_use]
    pub fn with_min_score(self, min_score: f32) -> Self {
        Self { min_score, ..self }
    }
}

/// One tensor of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub shape: &'a [i64],
    pub values: &'a [f32],
}

/// Which of `outputs` the decoder of `manifest` reads, in the order it reads them; the error says what was found and
/// what was expected.
pub(super) fn place(manifest: &Manifest, outputs: &[TensorInfo]) -> Result<Vec<usize>, String> {
    let shapes = match (manifest.decoder, &manifest.input) {
        (DecoderKind::BlazePose, _) => blazepose::shapes().to_vec(),
        (DecoderKind::BlazeFace, _) => blazeface::shapes().to_vec(),
        (DecoderKind::Age, _) => vec![age::shape()],
        (DecoderKind::Silero, _) => silero::shapes().to_vec(),
        (DecoderKind::Mask, Some(input)) => {
            vec![mask::shape(input, mask::materials(&manifest.labels)?.len())]
        }
        (_, None) => return Err("input: none; expected a picture".to_owned()),
        (_, Some(input)) => {
            // A detector's decoder looks for its outputs itself and remembers where they are.
            Decoder::fit(manifest, input, outputs)?;
            return Ok((0..outputs.len()).collect());
        }
    };
    let roles = manifest.decoder.outputs().needed;
    let name = |role: &&str| manifest.outputs.get(*role).map(String::as_str);
    let expected = roles.iter().zip(shapes).map(|(role, shape)| Expected::f32(name(role), shape));
    fit::check_outputs(&expected.collect::<Vec<_>>(), outputs)
}

/// The values of answer `index`, which must be `count`.
fn values<'a>(answers: &[Answer<'a>], index: usize, count: usize) -> Result<&'a [f32], String> {
    match answers.get(index) {
        Some(answer) if answer.values.len() == count => Ok(answer.values),
        Some(answer) => {
            Err(format!("output {index} has the shape {:?}, {count} values expected", answer.shape))
        }
        None => Err(format!("output {index} is missing")),
    }
}

/// A class that a network writes as a number with a point; `None` when that is none.
fn class_of(number: f32) -> Option<usize> {
    (number >= 0.0).then_some(number.round() as usize)
}

/// The box of a size around its centre, both in pixels of the input.
fn around(centre: (f32, f32), size: (f32, f32), (score, class): (f32, usize)) -> Candidate {
    let (across, down) = (size.0 / 2.0, size.1 / 2.0);
    let (x1, y1) = (centre.0 - across, centre.1 - down);
    Candidate { x1, y1, x2: centre.0 + across, y2: centre.1 + down, score, class }
}

/// 0..1 of a score of any size.
fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Boxes of a detector. Made when it is loaded, from the shapes its outputs have.
#[derive(Debug)]
pub(super) enum Decoder {
    NanoDet(nanodet::NanoDet),
    End2End(end2end::End2End),
    YoloV8(yolov8::YoloV8),
    YoloX(yolox::YoloX),
    Ssd(ssd::Ssd),
}

impl Decoder {
    /// The decoder the manifest of a detector names, fitted to the network's outputs; the error says what was found
    /// and expected.
    pub(super) fn fit(manifest: &Manifest, input: &Input, outputs: &[TensorInfo]) -> Result<Self, String> {
        let classes = manifest.labels.len();
        match manifest.decoder {
            DecoderKind::NanoDet => nanodet::NanoDet::fit(classes, input, outputs).map(Self::NanoDet),
            DecoderKind::YoloV8 => yolov8::YoloV8::fit(classes, outputs).map(Self::YoloV8),
            DecoderKind::YoloX => yolox::YoloX::fit(classes, input, outputs).map(Self::YoloX),
            DecoderKind::Ssd => ssd::Ssd::fit(manifest, input, outputs).map(Self::Ssd),
            DecoderKind::End2End => end2end::End2End::fit(outputs).map(Self::End2End),
            other => Err(format!("decoder {other:?} finds no boxes")),
        }
    }

    /// Boxes in pixels of the input, in no order; `answers` are all outputs in the network's order.
    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        match self {
            Self::NanoDet(decoder) => decoder.decode(answers, wanted),
            Self::End2End(decoder) => decoder.decode(answers, wanted),
            Self::YoloV8(decoder) => decoder.decode(answers, wanted),
            Self::YoloX(decoder) => decoder.decode(answers, wanted),
            Self::Ssd(decoder) => decoder.decode(answers, wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A detector of 64×32 pixels with these labels.
    pub(super) fn manifest(decoder: &str, labels: &[&str]) -> Manifest {
        let text = include_str!("../../../tests/models/blob.toml")
            .replace("[\"person\"]", &format!("{labels:?}"))
            .replace("width = 320", "width = 64")
            .replace("height = 240", "height = 32");
        let decoder = match decoder {
            "ssd" => {
                "\"ssd\"\nbox_format = \"xyxy\"\noutputs = { boxes = \"b\", scores = \"s\", classes = \"c\" }"
                    .to_owned()
            }
            other => format!("{other:?}"),
        };
        Manifest::parse(&text.replace("\"end2end\"", &decoder), "blob.toml").unwrap()
    }

    pub(super) fn answer<'a>(shape: &'a [i64], values: &'a [f32]) -> Answer<'a> {
        Answer { shape, values }
    }

    #[test]
    fn labels_are_looked_up_and_unknown_ones_named() {
        let text = include_str!("../../../tests/models/blob.toml");
        let text = text.replace("[\"person\"]", "[\"person\", \"bag\", \"hat\"]");
        let manifest = Manifest::parse(&text, "blob.toml").unwrap();
        let classes = |labels: &[&str]| Wanted::new(&manifest, labels, 0.5).map(|wanted| wanted.classes);
        assert_eq!(classes(&[]).unwrap(), [0, 1, 2]);
        assert_eq!(classes(&["hat", "person", "hat"]).unwrap(), [0, 2]);
        let error = classes(&["person", "dog"]).unwrap_err().to_string();
        assert_eq!(error, "model \"blob\" has no label \"dog\"; it has: person, bag, hat");
    }
}

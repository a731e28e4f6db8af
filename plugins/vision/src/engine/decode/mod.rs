//! From a network's raw answer to boxes; one pure file a family of networks.

mod end2end;
mod nanodet;

use super::error::EngineError;
use super::fit::TensorInfo;
use super::manifest::{DecoderKind, Manifest};
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
pub(super) struct Answer<'a> {
    pub(super) shape: &'a [i64],
    pub(super) values: &'a [f32],
}

/// Reads answers of one network. Made when it is loaded, from the shapes its outputs have.
#[derive(Debug)]
pub(super) enum Decoder {
    NanoDet(nanodet::NanoDet),
    End2End(end2end::End2End),
}

impl Decoder {
    /// The decoder the manifest names, fitted to the network's outputs; the error says what was found and expected.
    pub(super) fn fit(manifest: &Manifest, outputs: &[TensorInfo]) -> Result<Self, String> {
        match manifest.decoder {
            DecoderKind::NanoDet => nanodet::NanoDet::fit(manifest, outputs).map(Self::NanoDet),
            DecoderKind::End2End => end2end::End2End::fit(manifest, outputs).map(Self::End2End),
        }
    }

    /// Boxes in pixels of the input, in no order; `answers` are all outputs in the network's order.
    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        match self {
            Self::NanoDet(decoder) => decoder.decode(answers, wanted),
            Self::End2End(decoder) => decoder.decode(answers, wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! SSD and others whose export ends in finished boxes, with boxes and scores in outputs of their own.
//!
//! | `[outputs]` | shape | |
//! | --- | --- | --- |
//! | `boxes` | `[1, n, 4]` or `[n, 4]` | in the form that the manifest's `box_format` names |
//! | `scores` | `[1, n]` or `[n]` with `classes`, else `[1, n, labels]` | 0..1 |
//! | `classes` | `[1, n]` or `[n]`, f32 or i64 | number of the label; may be left out |
//!
//! The network's class 0 is the first label, so a network that counts from 1 has `background` there; what is called
//! so is never reported. TensorFlow's `num_detections` is not read: the rows behind it have a score of 0.

use super::super::fit::{TensorInfo, list};
use super::super::manifest::{BoxFormat, Input, Manifest};
use super::super::nms::Candidate;
use super::{Answer, Wanted, class_of, values};

/// The class that means nothing.
const BACKGROUND: &str = "background";

/// Decoder of finished boxes in outputs of their own.
#[derive(Debug)]
pub(in super::super) struct Ssd {
    /// Which outputs they are; without one for the classes the scores have one for each.
    boxes: usize,
    scores: usize,
    classes: Option<usize>,
    format: BoxFormat,
    /// Of the input.
    size: (f32, f32),
    /// How many labels there are, and which of them is the background.
    labels: usize,
    background: Option<usize>,
}

impl Ssd {
    /// Finds the outputs that the manifest names.
    pub(super) fn fit(manifest: &Manifest, input: &Input, outputs: &[TensorInfo]) -> Result<Self, String> {
        let labels = manifest.labels.len();
        let has_classes = manifest.outputs.contains_key("classes");
        let find = |role: &str| {
            let name = manifest.outputs.get(role)?;
            let place = outputs.iter().position(|output| output.name == *name)?;
            let output = &outputs[place];
            let last = match role {
                "boxes" => Some(4),
                "scores" if !has_classes => Some(labels as i64),
                _ => None,
            };
            let is_number = output.is_f32 || (role == "classes" && output.is_whole);
            (is_number && has_rows(&output.shape, last)).then_some(place)
        };
        let (boxes, scores, classes) = (find("boxes"), find("scores"), find("classes"));
        match (boxes, scores, manifest.box_format) {
            (Some(boxes), Some(scores), Some(format)) if has_classes == classes.is_some() => Ok(Self {
                boxes,
                scores,
                classes,
                format,
                size: (input.width as f32, input.height as f32),
                labels,
                background: manifest.labels.iter().position(|label| label == BACKGROUND),
            }),
            _ => Err(format!("outputs: found {}; expected {}", list(outputs), expected(manifest))),
        }
    }

    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        let rows = answers.get(self.boxes).map_or(0, |answer| answer.values.len() / 4);
        let boxes = values(answers, self.boxes, rows * 4)?.as_chunks::<4>().0;
        let a_row = if self.classes.is_some() { 1 } else { self.labels };
        let scores = values(answers, self.scores, rows * a_row)?;
        let mut candidates = Vec::new();
        let mut consider = |row: usize, score: f32, class: usize| {
            let is_wanted = score >= wanted.min_score
                && Some(class) != self.background
                && wanted.classes.binary_search(&class).is_ok();
            if is_wanted {
                candidates.push(self.candidate(boxes[row], score, class));
            }
        };
        match self.classes {
            Some(classes) => {
                let classes = values(answers, classes, rows)?;
                for (row, (score, class)) in scores.iter().zip(classes).enumerate() {
                    if let Some(class) = class_of(*class) {
                        consider(row, *score, class);
                    }
                }
            }
            None => {
                for (row, scores) in scores.chunks_exact(self.labels).enumerate() {
                    for (class, score) in scores.iter().enumerate() {
                        consider(row, *score, class);
                    }
                }
            }
        }
        Ok(candidates)
    }

    fn candidate(&self, corners: [f32; 4], score: f32, class: usize) -> Candidate {
        let (width, height) = self.size;
        let [x1, y1, x2, y2] = match (self.format, corners) {
            (BoxFormat::XyxyPx, corners) => corners,
            (BoxFormat::Xyxy, [x1, y1, x2, y2]) | (BoxFormat::Yxyx, [y1, x1, y2, x2]) => {
                [x1 * width, y1 * height, x2 * width, y2 * height]
            }
        };
        Candidate { x1, y1, x2, y2, score, class }
    }
}

/// True for `[1, n, last]` and `[n, last]`, or the same without `last`; n may be open.
fn has_rows(shape: &[i64], last: Option<i64>) -> bool {
    let rows = match (last, shape) {
        (Some(last), [rows @ .., columns]) if last == *columns => rows,
        (Some(_), _) => return false,
        (None, rows) => rows,
    };
    matches!(rows, [_] | [1 | -1, _])
}

fn expected(manifest: &Manifest) -> String {
    let name = |role: &str| manifest.outputs.get(role).map_or("", String::as_str);
    let (boxes, scores) = (name("boxes"), name("scores"));
    match manifest.outputs.get("classes") {
        Some(classes) => {
            format!("{boxes:?} f32 [1, n, 4], {scores:?} f32 [1, n], {classes:?} f32 or i64 [1, n]")
        }
        None => format!("{boxes:?} f32 [1, n, 4], {scores:?} f32 [1, n, {}]", manifest.labels.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, manifest};
    use super::*;

    const LABELS: [&str; 3] = ["background", "person", "bag"];

    /// A manifest with or without an output for the classes.
    fn ssd(format: &str, has_classes: bool) -> Manifest {
        let mut manifest = manifest("ssd", &LABELS);
        if !has_classes {
            manifest.outputs.remove("classes");
        }
        manifest.box_format = Some(match format {
            "yxyx" => BoxFormat::Yxyx,
            "xyxy" => BoxFormat::Xyxy,
            _ => BoxFormat::XyxyPx,
        });
        manifest
    }

    fn fit(manifest: &Manifest, outputs: &[TensorInfo]) -> Result<Ssd, String> {
        Ssd::fit(manifest, manifest.input.as_ref().unwrap(), outputs)
    }

    fn outputs() -> [TensorInfo; 4] {
        [
            TensorInfo::f32("num", &[1]),
            TensorInfo::f32("s", &[1, -1]),
            TensorInfo::i64("c", &[1, -1]),
            TensorInfo::f32("b", &[1, -1, 4]),
        ]
    }

    #[test]
    fn every_form_of_a_box_becomes_pixels_of_the_input() {
        let person = Candidate { x1: 16.0, y1: 8.0, x2: 32.0, y2: 24.0, score: 0.9, class: 1 };
        let cases = [
            ("yxyx", [0.25, 0.25, 0.75, 0.5]),
            ("xyxy", [0.25, 0.25, 0.5, 0.75]),
            ("xyxy_px", [16.0, 8.0, 32.0, 24.0]),
        ];
        for (format, corners) in cases {
            let manifest = ssd(format, true);
            let decoder = fit(&manifest, &outputs()).unwrap();
            let boxes = [corners, corners, corners].concat();
            let (scores, classes) = ([0.9, 0.8, 0.4], [1.0, 0.0, 2.0]);
            let answers = [
                answer(&[1], &[3.0]),
                answer(&[1, 3], &scores),
                answer(&[1, 3], &classes),
                answer(&[1, 3, 4], &boxes),
            ];
            let all = Wanted::new(&manifest, &[], 0.5).unwrap();
            assert_eq!(decoder.decode(&answers, &all).unwrap(), [person], "{format}");
            let bags = Wanted::new(&manifest, &["bag"], 0.4).unwrap();
            assert_eq!(decoder.decode(&answers, &bags).unwrap().len(), 1);
        }
    }

    #[test]
    fn scores_may_have_a_column_for_every_class() {
        let manifest = ssd("xyxy", false);
        let outputs = [TensorInfo::f32("s", &[1, 2, 3]), TensorInfo::f32("b", &[1, 2, 4])];
        let decoder = fit(&manifest, &outputs).unwrap();
        let scores = [0.1, 0.8, 0.1, 0.9, 0.05, 0.6];
        let boxes = [0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0];
        let answers = [answer(&[1, 2, 3], &scores), answer(&[1, 2, 4], &boxes)];
        let all = Wanted::new(&manifest, &[], 0.5).unwrap();
        let found = decoder.decode(&answers, &all).unwrap();
        assert_eq!(found.iter().map(|found| found.class).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((found[1].x1, found[1].y1, found[1].x2, found[1].y2), (32.0, 16.0, 64.0, 32.0));
    }

    #[test]
    fn other_outputs_are_refused_with_names_and_shapes() {
        let manifest = ssd("yxyx", true);
        let cases: [fn(&mut [TensorInfo; 4]); 4] = [
            |outputs| outputs[3].shape = vec![1, 10, 5],
            |outputs| outputs[1].shape = vec![1, 10, 3],
            |outputs| outputs[2].name = "labels".to_owned(),
            |outputs| outputs[1] = TensorInfo::i64("s", &[1, 10]),
        ];
        for change in cases {
            let mut outputs = outputs();
            change(&mut outputs);
            let error = fit(&manifest, &outputs).unwrap_err();
            let told = "expected \"b\" f32 [1, n, 4], \"s\" f32 [1, n], \"c\" f32 or i64 [1, n]";
            assert!(error.contains(&list(&outputs)) && error.ends_with(told), "{error}");
        }
        let decoder = fit(&manifest, &outputs()).unwrap();
        let short = [answer(&[1], &[2.0]), answer(&[1, 1], &[0.9]), answer(&[1, 2], &[1.0; 2])];
        let answers = [&short[..], &[answer(&[1, 2, 4], &[0.0; 8])]].concat();
        let error = decoder.decode(&answers, &Wanted::new(&manifest, &[], 0.5).unwrap()).unwrap_err();
        assert!(error.contains("has the shape [1, 1], 2 values expected"), "{error}");
    }
}

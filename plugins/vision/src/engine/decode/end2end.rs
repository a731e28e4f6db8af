//! Networks that answer with finished boxes: rows of x1, y1, x2, y2 (pixels of the input), score, class.

use super::super::fit::{TensorInfo, list};
use super::super::nms::Candidate;
use super::{Answer, Wanted, class_of};

/// Values of a row.
const ROW: usize = 6;

/// Decoder of finished boxes.
#[derive(Debug)]
pub(in super::super) struct End2End {
    /// Which output holds the rows.
    rows: usize,
}

impl End2End {
    /// Takes the only f32 output of shape `[1, n, 6]` or `[n, 6]`, n fixed or open.
    pub(super) fn fit(outputs: &[TensorInfo]) -> Result<Self, String> {
        let has_rows = |output: &TensorInfo| {
            output.is_f32 && matches!(output.shape[..], [1 | -1, _, last] | [_, last] if last == ROW as i64)
        };
        let mut matching = (0..outputs.len()).filter(|index| has_rows(&outputs[*index]));
        match (matching.next(), matching.next()) {
            (Some(rows), None) => Ok(Self { rows }),
            _ => Err(format!("outputs: found {}; expected one f32 [1, n, 6]", list(outputs))),
        }
    }

    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        let answer = answers.get(self.rows).ok_or("the output with the boxes is missing")?;
        if answer.shape.last() != Some(&(ROW as i64)) {
            return Err(format!("the boxes have the shape {:?}", answer.shape));
        }
        let candidates = answer.values.as_chunks::<ROW>().0.iter().filter_map(|row| {
            let [x1, y1, x2, y2, score, class] = *row;
            let class = class_of(class)?;
            let is_wanted = score >= wanted.min_score && wanted.classes.binary_search(&class).is_ok();
            is_wanted.then_some(Candidate { x1, y1, x2, y2, score, class })
        });
        Ok(candidates.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::manifest::Manifest;
    use super::*;

    fn manifest() -> Manifest {
        let text = include_str!("../../../tests/models/blob.toml");
        Manifest::parse(&text.replace("[\"person\"]", "[\"person\", \"bag\"]"), "blob.toml").unwrap()
    }

    #[test]
    fn rows_become_boxes_of_wanted_classes_from_the_threshold_on() {
        let manifest = manifest();
        let outputs = [TensorInfo::f32("other", &[1, 7]), TensorInfo::f32("boxes", &[1, -1, 6])];
        let decoder = End2End::fit(&outputs).unwrap();
        let values = [
            [1.0, 2.0, 3.0, 4.0, 0.5, 0.0],
            [1.0, 2.0, 3.0, 4.0, 0.499, 0.0],
            [5.0, 6.0, 7.0, 8.0, 0.9, 1.0],
            [5.0, 6.0, 7.0, 8.0, 0.9, 2.0],
            [5.0, 6.0, 7.0, 8.0, f32::NAN, 0.0],
            [5.0, 6.0, 7.0, 8.0, 0.9, f32::NAN],
            [5.0, 6.0, 7.0, 8.0, 0.9, -1.0],
        ];
        let other = Answer { shape: &[1, 7], values: &[0.0; 7] };
        let answers = [other, Answer { shape: &[1, 7, 6], values: values.as_flattened() }];
        let decode = |labels: &[&str]| {
            decoder.decode(&answers, &Wanted::new(&manifest, labels, 0.5).unwrap()).unwrap()
        };
        let person = Candidate { x1: 1.0, y1: 2.0, x2: 3.0, y2: 4.0, score: 0.5, class: 0 };
        let bag = Candidate { x1: 5.0, y1: 6.0, x2: 7.0, y2: 8.0, score: 0.9, class: 1 };
        assert_eq!(decode(&["person"]), [person]);
        assert_eq!(decode(&[]), [person, bag]);
    }

    #[test]
    fn outputs_without_rows_of_six_are_refused() {
        for outputs in [
            vec![],
            vec![TensorInfo::f32("boxes", &[1, 100, 85])],
            vec![TensorInfo::f32("a", &[1, 100, 6]), TensorInfo::f32("b", &[1, 100, 6])],
        ] {
            let error = End2End::fit(&outputs).unwrap_err();
            assert!(error.contains("expected one f32 [1, n, 6]"), "{error}");
        }
    }
}

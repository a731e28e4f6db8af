//! YOLOv8, YOLO11 and others of that family as they are exported: for each place a box and a score per class (already
//! 0..1), and no score of its own for "something is here".
//!
//! The usual export has one row a value, `[1, 4 + classes, n]`; some converters turn it into one row a place,
//! `[1, n, 4 + classes]`. Both say centre x, centre y, width and height in pixels of the input.

use super::super::fit::{TensorInfo, list};
use super::super::nms::Candidate;
use super::{Answer, Wanted, around, values};

/// Values of a place before its classes.
const BOX: usize = 4;

/// Decoder of YOLOv8's answer.
#[derive(Debug)]
pub(in super::super) struct YoloV8 {
    /// Which output it is.
    output: usize,
    /// Values of a place.
    depth: usize,
    /// One row a place instead of one row a value.
    is_turned: bool,
}

impl YoloV8 {
    /// Takes the only f32 output that has as many values a place as there are classes and four more.
    pub(super) fn fit(classes: usize, outputs: &[TensorInfo]) -> Result<Self, String> {
        let depth = classes + BOX;
        let is_turned = |output: &TensorInfo| match output.shape[..] {
            _ if !output.is_f32 => None,
            [1 | -1, rows, _] if rows == depth as i64 => Some(false),
            [1 | -1, _, columns] if columns == depth as i64 => Some(true),
            _ => None,
        };
        let mut fitting =
            outputs.iter().enumerate().filter_map(|(index, output)| Some((index, is_turned(output)?)));
        match (fitting.next(), fitting.next()) {
            (Some((output, is_turned)), None) => Ok(Self { output, depth, is_turned }),
            _ => Err(format!(
                "outputs: found {}; expected one f32 [1, {depth}, n] or [1, n, {depth}]: 4 of the box and one for \
                 each of {classes} labels",
                list(outputs)
            )),
        }
    }

    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        let places = answers.get(self.output).map_or(0, |answer| answer.values.len() / self.depth);
        let values = values(answers, self.output, places * self.depth)?;
        // From one value of a place to the next, and from one place to the next.
        let (value_step, place_step) = if self.is_turned { (1, self.depth) } else { (places, 1) };
        let at = |place: usize, value: usize| values[place * place_step + value * value_step];
        let mut candidates = Vec::new();
        // Class by class, since that is how the usual export lies in memory.
        for &class in &wanted.classes {
            for place in 0..places {
                let score = at(place, BOX + class);
                if score >= wanted.min_score {
                    let [x, y, width, height] = std::array::from_fn(|value| at(place, value));
                    candidates.push(around((x, y), (width, height), (score, class)));
                }
            }
        }
        Ok(candidates)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, manifest};
    use super::*;

    /// Two places of two classes, a row each: a person and something that is a bit of both.
    const ROWS: [[f32; 6]; 2] = [[50.0, 40.0, 20.0, 60.0, 0.9, 0.1], [10.0, 10.0, 4.0, 2.0, 0.5, 0.75]];

    /// The same, one row a value.
    fn columns() -> Vec<f32> {
        (0..6).flat_map(|value| ROWS.map(|row| row[value])).collect()
    }

    #[test]
    fn both_layouts_become_the_same_boxes() {
        let manifest = manifest("yolov8", &["person", "bag"]);
        let person = Candidate { x1: 40.0, y1: 10.0, x2: 60.0, y2: 70.0, score: 0.9, class: 0 };
        let (half, bag) = (
            Candidate { x1: 8.0, y1: 9.0, x2: 12.0, y2: 11.0, score: 0.5, class: 0 },
            Candidate { x1: 8.0, y1: 9.0, x2: 12.0, y2: 11.0, score: 0.75, class: 1 },
        );
        for (shape, values) in [([1, 6, 2], columns()), ([1, 2, 6], ROWS.as_flattened().to_vec())] {
            let decoder = YoloV8::fit(2, &[TensorInfo::f32("output0", &shape)]).unwrap();
            let answers = [answer(&shape, &values)];
            let decode = |labels: &[&str], score| {
                decoder.decode(&answers, &Wanted::new(&manifest, labels, score).unwrap()).unwrap()
            };
            assert_eq!(decode(&["person"], 0.5), [person, half], "{shape:?}");
            assert_eq!(decode(&[], 0.6), [person, bag], "{shape:?}");
        }
    }

    #[test]
    fn an_open_number_of_places_is_taken_as_it_comes() {
        let manifest = manifest("yolov8", &["person", "bag"]);
        let decoder = YoloV8::fit(2, &[TensorInfo::f32("output0", &[-1, 6, -1])]).unwrap();
        let wanted = Wanted::new(&manifest, &[], 0.6).unwrap();
        assert_eq!(decoder.decode(&[answer(&[1, 6, 2], &columns())], &wanted).unwrap().len(), 2);
        assert_eq!(decoder.decode(&[answer(&[1, 6, 0], &[])], &wanted).unwrap(), []);
        let error = decoder.decode(&[answer(&[1, 7], &[0.0; 7])], &wanted).unwrap_err();
        assert!(error.contains("has the shape [1, 7]"), "{error}");
        assert!(decoder.decode(&[], &wanted).unwrap_err().contains("is missing"));
    }

    #[test]
    fn other_outputs_are_refused_with_their_names_and_shapes() {
        let whole = TensorInfo::f32("output0", &[1, 6, 2]);
        for outputs in [
            vec![],
            vec![TensorInfo::f32("output0", &[1, 84, 8400])],
            vec![TensorInfo::f32("output0", &[6, 2])],
            vec![whole.clone(), whole],
        ] {
            let error = YoloV8::fit(2, &outputs).unwrap_err();
            assert!(error.starts_with(&format!("outputs: found {}", list(&outputs))), "{error}");
            assert!(error.contains("expected one f32 [1, 6, n] or [1, n, 6]"), "{error}");
        }
    }
}

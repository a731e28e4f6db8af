//! NanoDet: for every cell of three grids a score per class (already 0..1) and, for each side of the box, how likely
//! each distance from the cell's centre is.
//!
//! A side's distance is the mean of its distribution: softmax over the bins, times the bin's number, times the stride.

use super::super::fit::{TensorInfo, list};
use super::super::manifest::Input;
use super::super::nms::Candidate;
use super::{Answer, Wanted};

/// Pixels a cell of each grid covers.
const STRIDES: [usize; 3] = [8, 16, 32];

/// Sides of a box: left, top, right, bottom.
const SIDES: usize = 4;

/// Decoder of NanoDet's answer.
#[derive(Debug)]
pub(in super::super) struct NanoDet {
    classes: usize,
    /// Bounds of the input in pixels.
    width: f32,
    height: f32,
    levels: Vec<Level>,
}

/// One grid.
#[derive(Debug)]
struct Level {
    stride: usize,
    columns: usize,
    cells: usize,
    /// Possible distances a side.
    bins: usize,
    /// Which output holds the scores, `[1, cells, classes]`.
    scores: usize,
    /// Which output holds the distributions, `[1, cells, 4 · bins]`.
    sides: usize,
}

impl NanoDet {
    /// Finds the outputs of every grid by their shapes, since names and order vary with the converter.
    pub(super) fn fit(classes: usize, input: &Input, outputs: &[TensorInfo]) -> Result<Self, String> {
        let (width, height) = (input.width, input.height);
        let mut levels = Vec::new();
        for stride in STRIDES {
            let columns = width.div_ceil(stride);
            let cells = columns * height.div_ceil(stride);
            // For every output of this grid: which one it is and how many values a cell has.
            let of_grid: Vec<_> = outputs
                .iter()
                .enumerate()
                .filter(|(_, output)| output.is_f32)
                .filter_map(|(index, output)| match output.shape[..] {
                    [1, rows, values] if rows == cells as i64 => Some((index, usize::try_from(values).ok()?)),
                    _ => None,
                })
                .collect();
            let scores = of_grid.iter().find(|(_, values)| *values == classes);
            let sides = of_grid
                .iter()
                .find(|(_, values)| *values != classes && values.is_multiple_of(SIDES) && *values > SIDES);
            let (Some((scores, _)), Some((sides, values)), 2) = (scores, sides, of_grid.len()) else {
                return Err(format!(
                    "outputs: found {}; expected for stride {stride} f32 [1, {cells}, {classes}] and f32 \
                     [1, {cells}, 4 · bins]",
                    list(outputs)
                ));
            };
            let bins = values / SIDES;
            levels.push(Level { stride, columns, cells, bins, scores: *scores, sides: *sides });
        }
        Ok(Self { classes, width: width as f32, height: height as f32, levels })
    }

    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        let mut candidates = Vec::new();
        for level in &self.levels {
            let values = |index: usize, per_cell: usize| match answers.get(index) {
                Some(answer) if answer.values.len() == level.cells * per_cell => Ok(answer.values),
                Some(answer) => Err(format!("output {index} has the shape {:?}", answer.shape)),
                None => Err(format!("output {index} is missing")),
            };
            let scores = values(level.scores, self.classes)?;
            let sides = values(level.sides, SIDES * level.bins)?;
            for (cell, scores) in scores.chunks_exact(self.classes).enumerate() {
                for &class in &wanted.classes {
                    let score = scores[class];
                    if score >= wanted.min_score {
                        candidates.push(self.candidate(level, cell, sides, (score, class)));
                    }
                }
            }
        }
        Ok(candidates)
    }

    fn candidate(&self, level: &Level, cell: usize, sides: &[f32], seen: (f32, usize)) -> Candidate {
        let stride = level.stride as f32;
        let centre_x = ((cell % level.columns) as f32 + 0.5) * stride;
        let centre_y = ((cell / level.columns) as f32 + 0.5) * stride;
        let distributions = &sides[cell * SIDES * level.bins..][..SIDES * level.bins];
        let mut distances = distributions.chunks_exact(level.bins).map(|bins| expectation(bins) * stride);
        let [left, top, right, bottom] = std::array::from_fn(|_| distances.next().unwrap_or_default());
        Candidate {
            x1: (centre_x - left).max(0.0),
            y1: (centre_y - top).max(0.0),
            x2: (centre_x + right).min(self.width),
            y2: (centre_y + bottom).min(self.height),
            score: seen.0,
            class: seen.1,
        }
    }
}

/// Mean number of the bin when the logits in `bins` are made probabilities.
fn expectation(bins: &[f32]) -> f32 {
    // Taking the largest away keeps the exponentials finite and changes nothing else.
    let largest = bins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0, 0.0);
    for (number, logit) in bins.iter().enumerate() {
        let weight = (logit - largest).exp();
        sum += weight;
        moment += weight * number as f32;
    }
    moment / sum
}

#[cfg(test)]
mod tests {
    use super::super::super::manifest::Manifest;
    use super::*;

    const BINS: usize = 3;

    /// A network of 64×32 pixels with two classes: grids of 8×4, 4×2 and 2×1 cells.
    fn manifest() -> Manifest {
        let text = include_str!("../../../tests/models/blob.toml")
            .replace("end2end", "nanodet")
            .replace("[\"person\"]", "[\"person\", \"bag\"]")
            .replace("width = 320", "width = 64")
            .replace("height = 240", "height = 32");
        Manifest::parse(&text, "blob.toml").unwrap()
    }

    fn outputs() -> Vec<TensorInfo> {
        let shapes = [("a", 2, 12), ("b", 32, 2), ("c", 8, 2), ("d", 8, 12), ("e", 2, 2), ("f", 32, 12)];
        shapes.map(|(name, cells, values)| TensorInfo::f32(name, &[1, cells, values])).to_vec()
    }

    fn fit(manifest: &Manifest, outputs: &[TensorInfo]) -> Result<NanoDet, String> {
        NanoDet::fit(manifest.labels.len(), manifest.input.as_ref().unwrap(), outputs)
    }

    #[test]
    fn a_cell_becomes_a_box_around_its_centre() {
        let manifest = manifest();
        let decoder = fit(&manifest, &outputs()).unwrap();
        let mut values: Vec<Vec<f32>> =
            outputs().iter().map(|output| vec![0.0; (output.shape[1] * output.shape[2]) as usize]).collect();
        // Cell (column 2, row 1) of the stride 16 grid: a bag at centre (40, 24).
        let cell = 4 + 2;
        values[2][cell * 2 + 1] = 0.75;
        // Left is surely 1 bin, top surely 0; right is 1 or 2 alike; bottom is unset: the mean of 0, 1, 2.
        let sides = &mut values[3][cell * 4 * BINS..][..4 * BINS];
        sides[1] = 60.0;
        sides[3] = 60.0;
        sides[7] = 60.0;
        sides[8] = 60.0;
        let answers: Vec<_> =
            values.iter().map(|values| Answer { shape: &[], values: values.as_slice() }).collect();
        let all = Wanted::new(&manifest, &[], 0.5).unwrap();
        let found = decoder.decode(&answers, &all).unwrap();
        // The bottom would be at 24 + 16, below the picture.
        let bag = Candidate { x1: 24.0, y1: 24.0, x2: 64.0, y2: 32.0, score: 0.75, class: 1 };
        assert_eq!(found, [bag]);
        let people = Wanted::new(&manifest, &["person"], 0.5).unwrap();
        assert_eq!(decoder.decode(&answers, &people).unwrap(), []);
        assert_eq!(decoder.decode(&answers, &all.clone().with_min_score(0.8)).unwrap(), []);
        let error = decoder.decode(&answers[..2], &all).unwrap_err();
        assert!(error.contains("is missing"), "{error}");
    }

    #[test]
    fn an_expectation_is_the_mean_of_the_bins() {
        let cases: [(&[f32], f32); 4] = [
            (&[0.0, 0.0, 0.0], 1.0),
            (&[-200.0, -200.0, 200.0], 2.0),
            (&[1e30, 0.0, 0.0], 0.0),
            (&[0.0, 2.0_f32.ln()], 2.0 / 3.0),
        ];
        for (bins, mean) in cases {
            assert!((expectation(bins) - mean).abs() < 1e-6, "{bins:?}");
        }
    }

    #[test]
    fn a_missing_doubled_or_misshapen_output_is_refused() {
        let refuse = |change: fn(&mut Vec<TensorInfo>)| {
            let mut outputs = outputs();
            change(&mut outputs);
            fit(&manifest(), &outputs).unwrap_err()
        };
        let error = refuse(|outputs| outputs.truncate(4));
        assert!(error.contains("found \"a\" f32 [1, 2, 12], \"b\" f32 [1, 32, 2]"), "{error}");
        assert!(error.contains("expected for stride 8 f32 [1, 32, 2] and f32 [1, 32, 4 · bins]"), "{error}");
        refuse(|outputs| outputs[2].shape[2] = 80);
        refuse(|outputs| outputs[3].shape[2] = 13);
        refuse(|outputs| outputs[0].shape[1] = 3);
        refuse(|outputs| outputs.push(TensorInfo::f32("g", &[1, 8, 4])));
    }
}

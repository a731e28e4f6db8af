//! YOLOX as its own exporter writes it: for every cell of three grids a box relative to the cell, how sure it is that
//! something is there, and a score per class (both already 0..1).
//!
//! The centre lies `(x, y)` cells from the cell's corner; width and height are powers of e, in cells.

use super::super::fit::{TensorInfo, list};
use super::super::manifest::Input;
use super::super::nms::Candidate;
use super::{Answer, Wanted, around, values};

/// Pixels a cell of each grid covers, in the order of the answer.
const STRIDES: [usize; 3] = [8, 16, 32];

/// Values of a cell before its classes: x, y, width, height, something is there.
const HEAD: usize = 5;

/// Decoder of YOLOX's answer.
#[derive(Debug)]
pub(in super::super) struct YoloX {
    /// Which output it is.
    output: usize,
    /// Values of a cell.
    depth: usize,
    /// Of each grid: stride, columns, rows.
    grids: [(usize, usize, usize); 3],
}

impl YoloX {
    /// Takes the only f32 output that has a row for every cell.
    pub(super) fn fit(classes: usize, input: &Input, outputs: &[TensorInfo]) -> Result<Self, String> {
        let depth = classes + HEAD;
        let grids =
            STRIDES.map(|stride| (stride, input.width.div_ceil(stride), input.height.div_ceil(stride)));
        let cells: usize = grids.iter().map(|(_, columns, rows)| columns * rows).sum();
        let fits = |output: &TensorInfo| {
            output.is_f32
                && matches!(output.shape[..], [1 | -1, rows, columns]
                    if (rows == cells as i64 || rows == -1) && columns == depth as i64)
        };
        let mut fitting = (0..outputs.len()).filter(|index| fits(&outputs[*index]));
        match (fitting.next(), fitting.next()) {
            (Some(output), None) => Ok(Self { output, depth, grids }),
            _ => Err(format!(
                "outputs: found {}; expected one f32 [1, {cells}, {depth}]: a row for every cell of 8, 16 and 32 \
                 pixels, 5 values and one for each of {classes} labels",
                list(outputs)
            )),
        }
    }

    pub(super) fn decode(&self, answers: &[Answer<'_>], wanted: &Wanted) -> Result<Vec<Candidate>, String> {
        let cells: usize = self.grids.iter().map(|(_, columns, rows)| columns * rows).sum();
        let mut rows = values(answers, self.output, cells * self.depth)?.chunks_exact(self.depth);
        let mut candidates = Vec::new();
        for (stride, columns, lines) in self.grids {
            let stride = stride as f32;
            for (cell, row) in rows.by_ref().take(columns * lines).enumerate() {
                let sure = row[HEAD - 1];
                // No class makes more of a cell than this.
                if sure < wanted.min_score {
                    continue;
                }
                for &class in &wanted.classes {
                    let score = sure * row[HEAD + class];
                    if score >= wanted.min_score {
                        let (column, line) = ((cell % columns) as f32, (cell / columns) as f32);
                        let centre = ((column + row[0]) * stride, (line + row[1]) * stride);
                        let size = (row[2].exp() * stride, row[3].exp() * stride);
                        candidates.push(around(centre, size, (score, class)));
                    }
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

    /// Cells of 64×32 pixels: 8×4, 4×2 and 2×1.
    const CELLS: usize = 32 + 8 + 2;

    #[test]
    fn a_cell_becomes_a_box_by_its_place_and_stride() {
        let manifest = manifest("yolox", &["person", "bag"]);
        let shape = [1, CELLS as i64, 7];
        let decoder =
            YoloX::fit(2, manifest.input.as_ref().unwrap(), &[TensorInfo::f32("output", &shape)]).unwrap();
        let mut values = [[0.0; 7]; CELLS];
        // Column 2, row 1 of the grid of 8 pixels: a person; column 1 of that of 32: a bag.
        values[8 + 2] = [0.5, 0.25, 2.0_f32.ln(), 3.0_f32.ln(), 0.8, 0.9, 0.1];
        values[32 + 8 + 1] = [0.5, 0.5, 0.0, -(2.0_f32.ln()), 1.0, 0.2, 0.75];
        // Sure of something, of nothing in particular; and the other way round.
        values[0] = [0.0, 0.0, 0.0, 0.0, 0.9, 0.3, 0.3];
        values[1] = [0.0, 0.0, 0.0, 0.0, 0.3, 0.9, 0.9];
        let answers = [answer(&shape, values.as_flattened())];
        let found = decoder.decode(&answers, &Wanted::new(&manifest, &[], 0.5).unwrap()).unwrap();
        let expected = [
            Candidate { x1: 12.0, y1: -2.0, x2: 28.0, y2: 22.0, score: 0.72, class: 0 },
            Candidate { x1: 32.0, y1: 8.0, x2: 64.0, y2: 24.0, score: 0.75, class: 1 },
        ];
        assert_eq!(found.len(), 2, "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            let sides = [found.x1 - expected.x1, found.y1 - expected.y1, found.x2 - expected.x2];
            let rest = [found.y2 - expected.y2, found.score - expected.score];
            assert!(sides.iter().chain(&rest).all(|off| off.abs() < 1e-4), "{found:?}, not {expected:?}");
            assert_eq!(found.class, expected.class);
        }
        let bags = Wanted::new(&manifest, &["bag"], 0.5).unwrap();
        assert_eq!(decoder.decode(&answers, &bags).unwrap().len(), 1);
    }

    #[test]
    fn other_outputs_are_refused_with_their_names_and_shapes() {
        let manifest = manifest("yolox", &["person", "bag"]);
        let input = manifest.input.as_ref().unwrap();
        assert!(YoloX::fit(2, input, &[TensorInfo::f32("output", &[-1, -1, 7])]).is_ok());
        for shape in [vec![1, 42, 85], vec![1, 43, 7], vec![1, 7, 42], vec![42, 7]] {
            let outputs = [TensorInfo::f32("output", &shape)];
            let error = YoloX::fit(2, input, &outputs).unwrap_err();
            assert!(error.starts_with(&format!("outputs: found \"output\" f32 {shape:?}")), "{error}");
            assert!(error.contains("expected one f32 [1, 42, 7]"), "{error}");
        }
        let decoder = YoloX::fit(2, input, &[TensorInfo::f32("output", &[1, -1, 7])]).unwrap();
        let wanted = Wanted::new(&manifest, &[], 0.5).unwrap();
        let error = decoder.decode(&[answer(&[1, 1, 7], &[0.0; 7])], &wanted).unwrap_err();
        assert!(error.contains("has the shape [1, 1, 7], 294 values expected"), "{error}");
    }
}

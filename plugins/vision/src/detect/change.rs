//! Which parts of a still camera's picture change: a poster does not, somebody who stands still does.
//!
//! The picture is a grid of small cells, each with the brightness it had when it last changed. A slow movement thus
//! counts as soon as it has gone far enough, at any frame rate, and noise never adds up to one.

use super::cue::Pixels;

/// Side of a cell in pixels of the network's input.
pub(super) const CELL: usize = 4;

/// Every so many-th pixel of a cell is read, across and down.
const STEP: usize = 2;
const READ: usize = CELL / STEP;

/// A cell's brightness, 0..255, must differ by so much; noise and compression reach half of it.
const CHANGED: f32 = 10.0;

/// An edge of the picture this near to that of a cell, in cells, is on it; it was reckoned in floats.
const NEAR: f32 = 0.01;

/// When this part of all cells changes at once, the light or the view did, and nobody in it.
const EVERYWHERE: f32 = 0.6;

/// The grid of one stream, of the cells that lie in its picture: what is beside that never changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Left, top, right and bottom of the grid in cells of the input.
    area: [usize; 4],
    /// Brightness at the last change.
    known: Vec<f32>,
    now: Vec<f32>,
    /// Whether this picture changed the cell.
    changed: Vec<bool>,
}

impl Changes {
    /// Takes the next picture, which lies at `picture` in the input: left, top, right and bottom in pixels.
    pub(super) fn note(&mut self, pixels: &Pixels<'_>, picture: [f32; 4]) {
        let area = cells_within(picture, pixels.size());
        if self.area != area {
            *self = Self { area, ..Self::default() };
        }
        let [left, top, ..] = area;
        let (columns, rows) = self.size();
        self.now.clear();
        self.now.resize(columns * rows, 0.0);
        for (row, cells) in self.now.chunks_exact_mut(columns.max(1)).enumerate() {
            for y in ((top + row) * CELL..(top + row + 1) * CELL).step_by(STEP) {
                let greens = pixels.greens(y, STEP).skip(left * READ).take(cells.len() * READ);
                for (index, green) in greens.enumerate() {
                    cells[index / READ] += green / (READ * READ) as f32;
                }
            }
        }
        if self.known.is_empty() {
            self.known.clone_from(&self.now);
        }
        let shift = self.common_shift();
        self.changed.clear();
        let is_new = |(known, now): (&f32, &f32)| (now - known - shift).abs() > CHANGED;
        self.changed.extend(self.known.iter().zip(&self.now).map(is_new));
        let count = self.changed.iter().filter(|changed| **changed).count();
        if count as f32 > EVERYWHERE * self.changed.len() as f32 {
            self.changed.fill(false);
            self.known.clone_from(&self.now);
            return;
        }
        for ((known, now), changed) in self.known.iter_mut().zip(&self.now).zip(&self.changed) {
            // A camera's exposure moves all cells alike.
            *known = if *changed { *now } else { *known + shift };
        }
    }

    /// Columns and rows.
    fn size(&self) -> (usize, usize) {
        let [left, top, right, bottom] = self.area;
        (right - left, bottom - top)
    }

    /// The part of the cells within left, top, right and bottom, in cells of the input, that the newest picture
    /// changed.
    pub(super) fn share(&self, [left, top, right, bottom]: [f32; 4]) -> f32 {
        let (columns, rows) = self.size();
        let range = |from: f32, to: f32, first: usize, limit: usize| {
            let [from, to] = [from, to].map(|edge| (edge.round() - first as f32).max(0.0) as usize);
            let from = from.min(limit.saturating_sub(1));
            from..to.max(from + 1).min(limit)
        };
        let inside = range(left, right, self.area[0], columns);
        let (mut all, mut changed) = (0_u32, 0_u32);
        for row in range(top, bottom, self.area[1], rows) {
            let cells = &self.changed[row * columns..][inside.clone()];
            all += cells.len() as u32;
            changed += cells.iter().filter(|changed| **changed).count() as u32;
        }
        changed as f32 / all.max(1) as f32
    }

    /// What most cells became brighter by.
    fn common_shift(&self) -> f32 {
        let pairs = self.known.iter().zip(&self.now).step_by(7);
        let mut shifts: Vec<f32> = pairs.map(|(known, now)| now - known).collect();
        let middle = shifts.len() / 2;
        if shifts.is_empty() {
            return 0.0;
        }
        *shifts.select_nth_unstable_by(middle, f32::total_cmp).1
    }
}

/// Left, top, right and bottom of the cells that lie in `picture` as a whole, of an input of `size`.
fn cells_within([left, top, right, bottom]: [f32; 4], size: (usize, usize)) -> [usize; 4] {
    let cell = |edge: f32, round: fn(f32) -> f32, near: f32, limit: usize| {
        (round(edge / CELL as f32 + near).max(0.0) as usize).min(limit / CELL)
    };
    let (left, top) = (cell(left, f32::ceil, -NEAR, size.0), cell(top, f32::ceil, -NEAR, size.1));
    let (right, bottom) = (cell(right, f32::floor, NEAR, size.0), cell(bottom, f32::floor, NEAR, size.1));
    [left, top, right.max(left), bottom.max(top)]
}

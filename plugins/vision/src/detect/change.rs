//! Which parts of a still camera's picture change: a poster does not, somebody who stands still does.
//!
//! The picture is a grid of small cells, each with the brightness it had when it last changed. A slow movement thus
//! counts as soon as it has gone far enough, at any frame rate, and noise never adds up to one.

use super::look::Pixels;

/// Side of a cell in pixels of the network's input.
pub(super) const CELL: usize = 4;

/// Every so many-th pixel of a cell is read, across and down.
const STEP: usize = 2;
const READ: usize = CELL / STEP;

/// A cell's brightness, 0..255, must differ by so much; noise and compression reach half of it.
const CHANGED: f32 = 10.0;

/// When this part of all cells changes at once, the light or the view did, and nobody in it.
const EVERYWHERE: f32 = 0.6;

/// The grid of one stream.
#[derive(Debug, Default)]
pub(super) struct Changes {
    columns: usize,
    /// Brightness at the last change.
    known: Vec<f32>,
    now: Vec<f32>,
    /// Whether this picture changed the cell.
    changed: Vec<bool>,
}

impl Changes {
    /// Takes the next picture.
    pub(super) fn note(&mut self, pixels: &Pixels<'_>) {
        let (width, height) = pixels.size();
        self.columns = width / CELL;
        let rows = height / CELL;
        self.now.clear();
        self.now.resize(self.columns * rows, 0.0);
        for (row, cells) in self.now.chunks_exact_mut(self.columns.max(1)).enumerate() {
            for y in (row * CELL..(row + 1) * CELL).step_by(STEP) {
                for (index, green) in pixels.greens(y, STEP).enumerate().take(cells.len() * READ) {
                    cells[index / READ] += green / (READ * READ) as f32;
                }
            }
        }
        if self.known.len() != self.now.len() {
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

    /// The part of the cells within left, top, right and bottom, in cells, that the newest picture changed.
    pub(super) fn share(&self, [left, top, right, bottom]: [f32; 4]) -> f32 {
        let rows = self.changed.len() / self.columns.max(1);
        let range = |from: f32, to: f32, limit: usize| {
            let from = (from.round().max(0.0) as usize).min(limit.saturating_sub(1));
            from..(to.round().max(0.0) as usize).max(from + 1).min(limit)
        };
        let columns = range(left, right, self.columns);
        let (mut all, mut changed) = (0_u32, 0_u32);
        for row in range(top, bottom, rows) {
            let cells = &self.changed[row * self.columns..][columns.clone()];
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

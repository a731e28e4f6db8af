//! A plane read along lines that are not its own: what a turned region of a picture needs.

use std::borrow::Cow;

use super::crop::Grid;
use super::frame::Plane;
use super::resample::{Across, Down};

/// Pixels around the region that count too where it ends.
const MARGIN: f32 = 2.0;

/// A plane, or the part of it that counts, shrunk so far that a pixel of the input covers less than two of its own:
/// then the four neighbours of a place are enough.
pub(super) struct Turned<'a> {
    bytes: Cow<'a, [u8]>,
    stride: usize,
    /// Of the outermost pixel.
    last: (f32, f32),
    grid: Grid,
}

impl<'a> Turned<'a> {
    /// For an input of `input` pixels.
    pub(super) fn new(plane: Plane<'a>, size: (usize, usize), grid: Grid, input: (usize, usize)) -> Self {
        let longest = grid.right.0.hypot(grid.right.1).max(grid.down.0.hypot(grid.down.1));
        let last = |size: (usize, usize)| ((size.0 - 1) as f32, (size.1 - 1) as f32);
        if longest < 2.0 {
            return Self { bytes: Cow::Borrowed(plane.bytes), stride: plane.stride, last: last(size), grid };
        }
        let (left, top, width, height) = bounds(grid, input, size);
        // More than all of it cannot be made one pixel.
        let factor = longest.floor().min(width.max(height) as f32);
        let shrunken = |side: usize| ((side as f32 / factor).ceil() as usize).max(1);
        let small = (shrunken(width), shrunken(height));
        let part = Plane { bytes: &plane.bytes[top * plane.stride + left..], stride: plane.stride };
        let moved = |(x, y): (f32, f32)| ((x - left as f32) / factor, (y - top as f32) / factor);
        let scaled = |(x, y): (f32, f32)| (x / factor, y / factor);
        Self {
            bytes: Cow::Owned(shrunk(&part, (width, height), small, factor)),
            stride: small.0,
            last: last(small),
            grid: Grid { origin: moved(grid.origin), right: scaled(grid.right), down: scaled(grid.down) },
        }
    }

    /// Reads the pixels of a row of the input.
    pub(super) fn read_row(&self, row: usize, out: &mut [f32]) {
        let down = row as f32 + 0.5;
        for (column, out) in out.iter_mut().enumerate() {
            *out = self.at(column as f32 + 0.5, down);
        }
    }

    /// The same for every two pixels of this row and the next.
    pub(super) fn read_half_row(&self, row: usize, out: &mut [f32]) {
        let down = row as f32 + 1.0;
        for (pair, out) in out.chunks_mut(2).enumerate() {
            out.fill(self.at(pair as f32 * 2.0 + 1.0, down));
        }
    }

    /// The value at a point of the input, between the centres of four pixels; beyond the outermost ones the plane goes
    /// on as it is there.
    #[inline(always)]
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = self.grid.place(x, y);
        let (x, y) = ((x - 0.5).clamp(0.0, self.last.0), (y - 0.5).clamp(0.0, self.last.1));
        // Rounding by casts is much faster than `floor`, which is a call on the oldest of processors that this must
        // run on. A place that is no number becomes 0.
        let (left, top) = (x as usize, y as usize);
        let (right, down) = (x - left as f32, y - top as f32);
        let next = usize::from(left as f32 != self.last.0);
        let pair = |row: usize| {
            let start = row * self.stride + left;
            let (one, other) = (f32::from(self.bytes[start]), f32::from(self.bytes[start + next]));
            one + (other - one) * right
        };
        let upper = pair(top);
        upper + (pair(top + usize::from(top as f32 != self.last.1)) - upper) * down
    }
}

/// Left, top, width and height of the pixels that an input of `input` pixels covers in a plane of `size`; at least one.
fn bounds(grid: Grid, input: (usize, usize), size: (usize, usize)) -> (usize, usize, usize, usize) {
    let (right, bottom) = (input.0 as f32, input.1 as f32);
    let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)].map(|(x, y)| grid.place(x, y));
    let range = |places: [f32; 4], size: usize| {
        let low = places.into_iter().fold(f32::INFINITY, f32::min) - MARGIN;
        let high = places.into_iter().fold(f32::NEG_INFINITY, f32::max) + MARGIN;
        let first = (low.max(0.0) as usize).min(size - 1);
        (first, (high.max(0.0) as usize).clamp(first + 1, size) - first)
    };
    let (left, width) = range(corners.map(|(x, _)| x), size.0);
    let (top, height) = range(corners.map(|(_, y)| y), size.1);
    (left, top, width, height)
}

/// `plane` of `size` with `factor` of its pixels to one, across and down.
fn shrunk(plane: &Plane<'_>, size: (usize, usize), small: (usize, usize), factor: f32) -> Vec<u8> {
    let down = Down::part(size.1, small.1, 0.0, factor);
    let mut across = Across::part(size.0, small.0, 0.0, factor);
    let (mut mixed, mut row) = (vec![0; size.0], vec![0.0; small.0]);
    let mut bytes = Vec::with_capacity(small.0 * small.1);
    for line in 0..small.1 {
        down.mix(plane, line, &mut mixed);
        across.sample(&mixed, &mut row);
        bytes.extend(row.iter().map(|value| (value + 0.5) as u8));
    }
    bytes
}

//! Who crosses an upright line, by the truth and by our boxes.

use std::collections::BTreeMap;

use crate::mot::Boxes;

/// Where the line stands, in widths of the picture: as in the peers' published figures.
const PLACE: f64 = 480.0 / 768.0;
/// A foot nearer to it than this, in widths of its picture, is on neither side.
const MARGIN: f64 = 0.008;

/// Crossings to the right and to the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Crossings {
    pub(crate) right: u32,
    pub(crate) left: u32,
}

impl Crossings {
    /// Of all numbered boxes of a picture so many pixels wide.
    pub(crate) fn of(boxes: &Boxes, width: f64) -> Self {
        let mut sides: BTreeMap<u64, bool> = BTreeMap::new();
        let mut crossings = Self::default();
        for object in boxes.values().flatten() {
            let offset = (object.rect[0] + object.rect[2] / 2.0) / width - PLACE;
            if offset.abs() < MARGIN {
                continue;
            }
            match sides.insert(object.id, offset > 0.0) {
                Some(false) if offset > 0.0 => crossings.right += 1,
                Some(true) if offset < 0.0 => crossings.left += 1,
                _ => {}
            }
        }
        crossings
    }

    /// How many are missing or too many.
    pub(crate) fn error(self, truth: Self) -> u32 {
        self.right.abs_diff(truth.right) + self.left.abs_diff(truth.left)
    }
}

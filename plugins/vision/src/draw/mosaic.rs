//! Making a part of a picture unrecognisable.
//!
//! A mosaic keeps only the mean of each cell, so what is lost cannot be computed back, as it can from a light blur. The
//! cells lie on a grid of the picture, not of the part: a part that moves shows no other cells from frame to frame, out
//! of which a sharper picture could be put together.

use super::frame::{Area, I420Frame};

impl I420Frame<'_> {
    /// Replaces every cell that `area` touches by its mean; `cell` is its side in pixels, rounded up to an even number.
    pub fn pixelate(&mut self, area: Area, cell: usize) {
        let cell = cell.next_multiple_of(2).max(2);
        let area = area.within(self.area());
        if area.width() <= 0 || area.height() <= 0 {
            return;
        }
        let cells = |from: i32, to: i32| from as usize / cell..(to as usize).div_ceil(cell);
        for row in cells(area.y0, area.y1) {
            for column in cells(area.x0, area.x1) {
                for plane in 0..3 {
                    self.flatten(plane, column, row, cell);
                }
            }
        }
    }

    /// Gives all values of a plane in one cell their mean.
    fn flatten(&mut self, plane: usize, column: usize, row: usize, cell: usize) {
        let shift = usize::from(plane > 0);
        let side = cell >> shift;
        let (width, height) = ((self.width + shift) >> shift, (self.height + shift) >> shift);
        let across = column * side..((column + 1) * side).min(width);
        let down = row * side..((row + 1) * side).min(height);
        let stride = self.planes.strides[plane];
        let data = &mut *self.planes.data[plane];
        let lines = down.clone().map(|y| &data[y * stride..][across.clone()]);
        let sum: u32 = lines.flatten().map(|value| u32::from(*value)).sum();
        let count = (across.len() * down.len()) as u32;
        if count == 0 {
            return;
        }
        let mean = ((sum + count / 2) / count) as u8;
        for y in down {
            data[y * stride..][across.clone()].fill(mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draw::colour::YuvSpace;
    use crate::draw::frame::{Area, I420Frame, Planes};

    /// Luma of a picture 7 wide and 5 high, in which each pixel is unlike its neighbours, with a stride of 8.
    fn pixelated(area: Area, cell: usize) -> Vec<u8> {
        let mut data = [(0..40).map(|at| at * 5).collect::<Vec<u8>>(), vec![90; 4 * 3], vec![90; 4 * 3]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [8, 4, 4] };
        I420Frame::new(planes, 7, 5, YuvSpace::BT601).expect("planes are large enough").pixelate(area, cell);
        data[0].clone()
    }

    #[test]
    fn all_of_every_cell_that_is_touched_is_flat_and_the_rest_untouched() {
        let luma = pixelated(Area::new(3, 1, 2, 1), 4);
        let before = pixelated(Area::new(0, 0, 0, 0), 4);
        for y in 0..5 {
            for x in 0..8 {
                let at = y * 8 + x;
                let expected = match (x, y) {
                    (0..4, 0..4) => 68,
                    (4..7, 0..4) => 85,
                    _ => before[at],
                };
                assert_eq!(luma[at], expected, "{x},{y}");
            }
        }
    }

    #[test]
    fn odd_pictures_and_areas_beyond_them_are_covered_to_the_last_pixel() {
        let luma = pixelated(Area::new(-9, -9, 99, 99), 100);
        let expected = luma[0];
        for y in 0..5 {
            assert!(luma[y * 8..y * 8 + 7].iter().all(|value| *value == expected), "{luma:?}");
        }
        assert_eq!(luma[7], 35, "what lies beyond the picture is not its business");
    }
}

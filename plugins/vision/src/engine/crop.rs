//! From a region of a camera's I420 to a network's tensor: shrink, colour, normalise, and turn upright what is not.
//!
//! An upright region goes the way of a whole frame, row by row through tables. Of a turned one every pixel is looked up
//! by itself, after what is much larger than the input was shrunk upright.

use super::frame::{I420, Plane};
use super::preprocess::{Mixer, Preprocessor, Tensor};
use super::region::Region;
use super::resample::{Across, Down};
use super::turned::Turned;

/// Pixels of a plane beside those that are asked for that may count too, in pixels of the output.
const MARGIN: f32 = 2.0;

/// How a place of the input becomes one of a plane: where the input begins, and the ways to the next pixel on the right
/// and to the one below, in pixels of the plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) origin: (f32, f32),
    pub(super) right: (f32, f32),
    pub(super) down: (f32, f32),
}

impl Preprocessor {
    /// Puts `region` of `frame` into `tensor`, stretched when the region has another shape than the input; what lies
    /// outside of the frame is padding.
    ///
    /// # Panics
    /// When a plane of `frame` is smaller than its size and stride say.
    pub fn crop(&self, frame: &I420<'_>, region: &Region, tensor: &mut Tensor) {
        let size = (self.input.width, self.input.height);
        let across = 1.0 / frame.pixel_aspect;
        let luma = Grid::new(region, (across, 1.0), size);
        let chroma = Grid::new(region, (across / 2.0, 0.5), size);
        tensor.reset(3 * size.0 * size.1, *region);
        if !(luma.is_finite() && chroma.is_finite()) {
            // Points of a network gone wrong: such a place is nowhere in the frame.
            return self.paint_padding(tensor);
        }
        let mixer = self.mixer(frame);
        if luma.is_upright() {
            self.crop_upright(frame, [luma, chroma], &mixer, tensor);
        } else {
            self.crop_turned(frame, [luma, chroma], &mixer, tensor);
        }
    }

    fn crop_upright(&self, frame: &I420<'_>, [luma, chroma]: [Grid; 2], mixer: &Mixer, tensor: &mut Tensor) {
        let size = (self.input.width, self.input.height);
        let columns = inside(size.0, luma.origin.0, luma.right.0, frame.width);
        let rows = inside(size.1, luma.origin.1, luma.down.1, frame.height);
        if columns.len() < size.0 || rows.len() < size.1 {
            self.paint_padding(tensor);
        }
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let first = (columns.start, rows.start);
        let count = (columns.len(), rows.len());
        let mut parts: [Part<'_>; 3] = std::array::from_fn(|plane| {
            let grid = if plane == 0 { luma } else { chroma };
            Part::new(frame.planes[plane], frame.plane_size(plane), grid.moved(first), count)
        });
        for row in 0..count.1 {
            for part in &mut parts {
                part.read_row(row);
            }
            let rows = parts.each_ref().map(|part| part.row.as_slice());
            self.write(rows, (first.0, first.1 + row), mixer, &mut tensor.values);
        }
    }

    fn crop_turned(&self, frame: &I420<'_>, [luma, chroma]: [Grid; 2], mixer: &Mixer, tensor: &mut Tensor) {
        let size = (self.input.width, self.input.height);
        let planes: [Turned<'_>; 3] = std::array::from_fn(|plane| {
            let grid = if plane == 0 { luma } else { chroma };
            Turned::new(frame.planes[plane], frame.plane_size(plane), grid, size)
        });
        let mut rows: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; size.0]);
        let pad = self.pad();
        let sticks_out = luma.sticks_out(size, (frame.width, frame.height));
        for row in 0..size.1 {
            planes[0].read_row(row, &mut rows[0]);
            // Colours have half the resolution, so two pixels and two rows share theirs.
            if row.is_multiple_of(2) {
                planes[1].read_half_row(row, &mut rows[1]);
                planes[2].read_half_row(row, &mut rows[2]);
            }
            self.write(rows.each_ref().map(Vec::as_slice), (0, row), mixer, &mut tensor.values);
            if sticks_out {
                for column in 0..size.0 {
                    if !luma.lies_in((column, row), (frame.width, frame.height)) {
                        self.put(pad, row * size.0 + column, &mut tensor.values);
                    }
                }
            }
        }
    }
}

/// Which of `count` pixels, from the place `first` on and `step` apart, have their middle in `0..size`.
fn inside(count: usize, first: f32, step: f32, size: usize) -> std::ops::Range<usize> {
    let is_in = |index: &usize| (0.0..size as f32).contains(&(first + (*index as f32 + 0.5) * step));
    let start = (0..count).find(is_in).unwrap_or(count);
    let end = (start..count).rev().find(is_in).map_or(start, |last| last + 1);
    start..end
}

impl Grid {
    /// Of a plane with `scale` pixels, across and down, to the height of a pixel of the picture.
    fn new(region: &Region, scale: (f32, f32), (columns, rows): (usize, usize)) -> Self {
        let place = |x, y| {
            let (x, y) = region.to_shown(x, y);
            (x * scale.0, y * scale.1)
        };
        let origin = place(0.0, 0.0);
        let step = |corner: (f32, f32), count: usize| {
            ((corner.0 - origin.0) / count as f32, (corner.1 - origin.1) / count as f32)
        };
        Self { origin, right: step(place(1.0, 0.0), columns), down: step(place(0.0, 1.0), rows) }
    }

    fn is_finite(&self) -> bool {
        [self.origin, self.right, self.down].iter().all(|(x, y)| x.is_finite() && y.is_finite())
    }

    fn is_upright(&self) -> bool {
        self.right.1 == 0.0 && self.down.0 == 0.0 && self.right.0 > 0.0 && self.down.1 > 0.0
    }

    /// The same, beginning at a pixel of the input.
    fn moved(self, (column, row): (usize, usize)) -> Self {
        Self { origin: self.place(column as f32, row as f32), ..self }
    }

    /// Where a point of the input, in its pixels, lies in the plane.
    pub(super) fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (
            self.origin.0 + x * self.right.0 + y * self.down.0,
            self.origin.1 + x * self.right.1 + y * self.down.1,
        )
    }

    /// True when the middle of the input's pixel lies in the plane.
    fn lies_in(&self, (column, row): (usize, usize), (width, height): (usize, usize)) -> bool {
        let (x, y) = self.place(column as f32 + 0.5, row as f32 + 0.5);
        (0.0..width as f32).contains(&x) && (0.0..height as f32).contains(&y)
    }

    /// True when not all of an input of `size` lies in the plane.
    fn sticks_out(&self, size: (usize, usize), plane: (usize, usize)) -> bool {
        let (right, bottom) = (size.0 - 1, size.1 - 1);
        ![(0, 0), (right, 0), (0, bottom), (right, bottom)]
            .into_iter()
            .all(|corner| self.lies_in(corner, plane))
    }
}

/// An upright part of a plane, row by row.
struct Part<'a> {
    plane: Plane<'a>,
    down: Down,
    across: Across,
    mixed: Vec<u16>,
    row: Vec<f32>,
}

impl<'a> Part<'a> {
    fn new(plane: Plane<'a>, size: (usize, usize), grid: Grid, (columns, rows): (usize, usize)) -> Self {
        // Only these columns count, so no others are mixed.
        let ((x, y), (step_x, step_y)) = (grid.origin, (grid.right.0, grid.down.1));
        let margin = MARGIN * step_x + MARGIN;
        let left = ((x - margin).max(0.0) as usize).min(size.0 - 1);
        let right = ((x + columns as f32 * step_x + margin).max(0.0) as usize).clamp(left + 1, size.0);
        Self {
            plane: Plane { bytes: &plane.bytes[left..], stride: plane.stride },
            down: Down::part(size.1, rows, y, step_y),
            across: Across::part(right - left, columns, x - left as f32, step_x),
            mixed: vec![0; right - left],
            row: vec![0.0; columns],
        }
    }

    fn read_row(&mut self, row: usize) {
        self.down.mix(&self.plane, row, &mut self.mixed);
        self.across.sample(&self.mixed, &mut self.row);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::Colours;
    use super::super::manifest::{Input, Manifest};
    use super::*;
    use crate::meta::Rect;

    const SIDE: usize = 4;

    /// Takes squares of 4×4 pixels and leaves their values alone; beside the picture they are 77.
    fn input() -> Input {
        let text = include_str!("../../tests/models/blob.toml")
            .replace("width = 320", "width = 4")
            .replace("height = 240", "height = 4")
            .replace("std = [255.0, 255.0, 255.0]", "std = [1.0, 1.0, 1.0]")
            .replace("letterbox = true", "letterbox = true\npad = 77.0");
        Manifest::parse(&text, "blob.toml").unwrap().input.unwrap()
    }

    /// Crops `region` out of a grey picture of full range, and gives the first channel.
    fn crop(luma: &[u8], width: usize, pixel_aspect: f32, region: impl Fn((f32, f32)) -> Region) -> Vec<f32> {
        gst::init().unwrap();
        let height = luma.len() / width;
        let grey = vec![128; width.div_ceil(2) * height.div_ceil(2)];
        let chroma = Plane { bytes: &grey, stride: width.div_ceil(2) };
        let planes = [Plane { bytes: luma, stride: width }, chroma, chroma];
        let colours = Colours::of(&"1:4:0:0".parse().unwrap());
        let frame = I420 { width, height, pixel_aspect, planes, colours };
        let mut tensor = Tensor::default();
        Preprocessor::new(&input()).crop(&frame, &region(frame.shown_size()), &mut tensor);
        tensor.values()[..SIDE * SIDE].to_vec()
    }

    fn whole(size: (f32, f32)) -> Region {
        Region::around(&Rect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 }, 1.0, size)
    }

    #[test]
    fn a_region_of_the_same_size_is_copied() {
        let luma: Vec<u8> = (0..16).collect();
        let expected: Vec<f32> = luma.iter().copied().map(f32::from).collect();
        assert_eq!(crop(&luma, 4, 1.0, whole), expected);
    }

    #[test]
    fn a_larger_region_becomes_means() {
        let luma: Vec<u8> = (0..64).collect();
        let found = crop(&luma, 8, 1.0, whole);
        // The first pixel is the mean of 0, 1, 8 and 9.
        assert_eq!((found[0], found[1], found[4], found[15]), (4.5, 6.5, 20.5, 58.5));
    }

    #[test]
    fn a_smaller_region_is_smoothed() {
        let found = crop(&[0, 200, 0, 200], 2, 1.0, whole);
        assert_eq!(found[..4], [0.0, 50.0, 150.0, 200.0]);
    }

    #[test]
    fn what_lies_outside_is_padding() {
        let corner = |size| Region::around(&Rect { x: -0.5, y: 0.0, w: 1.0, h: 1.0 }, 1.0, size);
        let found = crop(&[9; 16], 4, 1.0, corner);
        assert_eq!(found[..4], [77.0, 77.0, 9.0, 9.0]);
    }

    #[test]
    fn a_turned_region_is_turned_back() {
        let luma: Vec<u8> = (0..16).collect();
        // What goes down the picture's middle is to go from left to right.
        let turned =
            |size| Region::through([(0.5, 0.0), (0.5, 1.0)], [(0.0, 0.5), (1.0, 0.5)], size).unwrap();
        let found = crop(&luma, 4, 1.0, turned);
        assert_eq!(found[..4], [3.0, 7.0, 11.0, 15.0]);
        assert_eq!(found[12..], [0.0, 4.0, 8.0, 12.0]);
    }

    #[test]
    fn a_larger_turned_region_becomes_means() {
        let luma: Vec<u8> = (0..64).collect();
        let turned =
            |size| Region::through([(0.5, 0.0), (0.5, 1.0)], [(0.0, 0.5), (1.0, 0.5)], size).unwrap();
        let found = crop(&luma, 8, 1.0, turned);
        // The first pixel is the mean of 6, 7, 14 and 15, in whole numbers.
        for (index, mean) in [(0, 10.5), (3, 58.5), (12, 4.5), (15, 52.5)] {
            assert!((found[index] - mean).abs() <= 0.5, "{index}: {}, not {mean}", found[index]);
        }
    }

    proptest! {
        #[test]
        fn a_flat_picture_stays_flat_whatever_is_cut_out(
            (width, height) in (1usize..60, 1usize..60),
            points in prop::array::uniform4(-3.0f32..3.0),
            value in 0u8..=255,
            aspect in 0.2f32..5.0,
        ) {
            let [x1, y1, x2, y2] = points;
            let regions: [&dyn Fn((f32, f32)) -> Option<Region>; 2] = [
                &|size| Region::through([(x1, y1), (x2, y2)], [(0.3, 0.3), (0.7, 0.4)], size),
                &|size| Some(Region::around(&Rect { x: x1, y: y1, w: x2.abs(), h: y2.abs() }, 1.25, size)),
            ];
            for region in regions {
                let any = |size| region(size).unwrap_or_else(|| whole(size));
                for found in crop(&vec![value; width * height], width, aspect, any) {
                    let is_flat = (found - f32::from(value)).abs() < 0.01;
                    prop_assert!(is_flat || found == 77.0, "{found} instead of {value}");
                }
            }
        }
    }

    /// Any number there is, mostly large ones: what a network makes of a point when something is wrong.
    fn wild() -> impl Strategy<Value = f32> {
        let odd =
            prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e38, -3e37]);
        prop_oneof![2 => odd, 1 => prop::num::f32::ANY, 2 => -3.0f32..3.0]
    }

    proptest! {
        #[test]
        fn whatever_is_to_be_cut_out_is_cut_out(
            (width, height) in (1usize..60, 1usize..60),
            points in prop::array::uniform4(wild()),
        ) {
            let [x1, y1, x2, y2] = points;
            let rect = Rect { x: x1, y: y1, w: x2, h: y2 };
            let regions: [&dyn Fn((f32, f32)) -> Option<Region>; 3] = [
                &|size| Region::through([(x1, y1), (x2, y2)], [(0.3, 0.3), (0.7, 0.4)], size),
                &|size| Some(Region::around(&rect, 1.25, size)),
                &|size| Some(Region::holding(&rect, size)),
            ];
            for region in regions {
                let any = |size| region(size).unwrap_or_else(|| whole(size));
                for found in crop(&vec![200; width * height], width, 1.0, any) {
                    prop_assert!((0.0..=255.0).contains(&found), "{found} of a picture");
                }
            }
        }
    }

    #[test]
    fn where_there_is_no_place_there_is_padding() {
        for wild in [f32::NAN, f32::INFINITY, f32::MAX] {
            let rect = Rect { x: wild, y: 0.0, w: 1.0, h: 1.0 };
            assert_eq!(crop(&[9; 16], 4, 1.0, |size| Region::around(&rect, 1.0, size)), [77.0; 16]);
        }
    }

    #[test]
    fn wide_pixels_count_by_what_they_show() {
        // Two pixels, each twice as wide as high.
        let found = crop(&[10, 90], 2, 2.0, whole);
        assert_eq!((found[4], found[7]), (10.0, 90.0));
        assert_eq!(found[0], 77.0, "the picture is half as high as wide");
    }
}

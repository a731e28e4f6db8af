//! From a region of a camera's I420 to a network's tensor: turn, shrink, colour, normalise.
//!
//! Whole frames take the faster way of [`Preprocessor::fill`]; a region is looked at seldom and may be turned, so each
//! pixel of the input is looked up by itself.

use super::frame::{I420, Plane};
use super::preprocess::{Mixer, Preprocessor, Tensor};
use super::region::Region;

/// Most samples along one side of a pixel of the input. Where a pixel covers more than that, sixteen samples spread
/// over it are a good mean of all, and the work stays bounded.
const MAX_TAPS: usize = 4;

/// How a plane is read: where in it the pixels of the input lie, and of how many of its own each is the mean.
struct Sampler<'a> {
    plane: Plane<'a>,
    width: usize,
    height: usize,
    /// Where the input begins, in pixels of the plane, and the ways to the next pixel on the right and to the one below.
    origin: (f32, f32),
    right: (f32, f32),
    down: (f32, f32),
    /// Samples along each side of a pixel of the input.
    taps: usize,
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
        let luma =
            Sampler::new(frame.planes[0], (frame.width, frame.height), corners(region, (across, 1.0)), size);
        let halves = (frame.width.div_ceil(2), frame.height.div_ceil(2));
        let [u, v] = [frame.planes[1], frame.planes[2]]
            .map(|plane| Sampler::new(plane, halves, corners(region, (across / 2.0, 0.5)), size));
        let mixer = Mixer::new(&frame.colours, self.gain, self.offset);
        let pad = self.pad();
        tensor.reset(3 * size.0 * size.1, *region);
        for row in 0..size.1 {
            for column in 0..size.0 {
                let at = (column as f32, row as f32);
                let pixel = match luma.has(at) {
                    true => self.in_order(mixer.mix(luma.mean(at), u.mean(at), v.mean(at))),
                    false => pad,
                };
                self.put(pixel, row * size.0 + column, &mut tensor.values);
            }
        }
    }
}

/// The upper left, upper right and lower left corner of `region` in a plane with `scale` pixels, across and down, to
/// the height of a pixel of the picture.
fn corners(region: &Region, scale: (f32, f32)) -> [(f32, f32); 3] {
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map(|(x, y)| {
        let (x, y) = region.to_shown(x, y);
        (x * scale.0, y * scale.1)
    })
}

impl<'a> Sampler<'a> {
    fn new(
        plane: Plane<'a>,
        (width, height): (usize, usize),
        [origin, right, down]: [(f32, f32); 3],
        (columns, rows): (usize, usize),
    ) -> Self {
        let step = |corner: (f32, f32), count: usize| {
            ((corner.0 - origin.0) / count as f32, (corner.1 - origin.1) / count as f32)
        };
        let (right, down) = (step(right, columns), step(down, rows));
        let longest = right.0.hypot(right.1).max(down.0.hypot(down.1));
        let taps = (longest.round() as usize).clamp(1, MAX_TAPS);
        Self { plane, width, height, origin, right, down, taps }
    }

    /// Where a point of the input, in its pixels, lies in the plane.
    #[inline(always)]
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (
            self.origin.0 + x * self.right.0 + y * self.down.0,
            self.origin.1 + x * self.right.1 + y * self.down.1,
        )
    }

    /// True when the middle of the input's pixel lies in the plane.
    fn has(&self, (column, row): (f32, f32)) -> bool {
        let (x, y) = self.place(column + 0.5, row + 0.5);
        (0.0..self.width as f32).contains(&x) && (0.0..self.height as f32).contains(&y)
    }

    /// The mean over a pixel of the input.
    fn mean(&self, (column, row): (f32, f32)) -> f32 {
        if self.taps == 1 {
            let (x, y) = self.place(column + 0.5, row + 0.5);
            return self.between(x - 0.5, y - 0.5);
        }
        let share = 1.0 / self.taps as f32;
        let mut sum = 0;
        for down in 0..self.taps {
            for right in 0..self.taps {
                let (right, down) = ((right as f32 + 0.5) * share, (down as f32 + 0.5) * share);
                let (x, y) = self.place(column + right, row + down);
                // Such a cast cuts off what is behind the point, and gives 0 for what is below 0.
                sum += u32::from(self.pixel(x as usize, y as usize));
            }
        }
        sum as f32 * share * share
    }

    /// The value at a point between the centres of four pixels.
    fn between(&self, x: f32, y: f32) -> f32 {
        // Beyond the outermost centres the plane goes on as it is there. Rounding by casts is much faster than
        // `floor`, which is a call on the oldest of processors that this must run on.
        let (x, y) = (x.max(0.0), y.max(0.0));
        let (left, top) = (x as usize, y as usize);
        let (right, down) = (x - left as f32, y - top as f32);
        let pixel = |x: usize, y: usize| f32::from(self.pixel(x, y));
        let upper = pixel(left, top) * (1.0 - right) + pixel(left + 1, top) * right;
        let lower = pixel(left, top + 1) * (1.0 - right) + pixel(left + 1, top + 1) * right;
        upper * (1.0 - down) + lower * down
    }

    /// The pixel there, or the nearest one.
    #[inline(always)]
    fn pixel(&self, column: usize, row: usize) -> u8 {
        self.plane.bytes[row.min(self.height - 1) * self.plane.stride + column.min(self.width - 1)]
    }
}

#[cfg(test)]
mod tests {
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
    fn wide_pixels_count_by_what_they_show() {
        // Two pixels, each twice as wide as high.
        let found = crop(&[10, 90], 2, 2.0, whole);
        assert_eq!((found[4], found[7]), (10.0, 90.0));
        assert_eq!(found[0], 77.0, "the picture is half as high as wide");
    }
}

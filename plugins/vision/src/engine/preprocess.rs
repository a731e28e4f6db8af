//! From a camera's I420 to a network's tensor in one pass: shrink, letterbox, colour, normalise.
//!
//! Only single rows lie between the two; a whole RGB picture in between would cost as much again in memory traffic.

use super::frame::{Colours, I420};
use super::manifest::{ColourOrder, Input, Layout};
use super::region::Region;
use super::resample::{Across, Down};
use crate::meta::Rect;

/// The network's input, reused from frame to frame.
#[derive(Debug, Default)]
pub struct Tensor {
    pub(super) values: Vec<f32>,
    /// What lies beside the picture is painted once for each placement.
    painted: Option<Placement>,
    /// What of the picture it shows.
    region: Option<Region>,
}

/// Where the picture lies in the network's input, in pixels of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placement {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// The shape of a picture that the tables were made for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    width: usize,
    height: usize,
    pixel_aspect: f32,
}

/// Makes tensors of one network's input.
#[derive(Debug)]
pub struct Preprocessor {
    pub(super) input: Input,
    /// Multiplies 0..255, red, green, blue.
    gain: [f32; 3],
    /// Added after that.
    offset: [f32; 3],
    plan: Option<Plan>,
}

/// Tables and rows for pictures of one shape.
#[derive(Debug)]
struct Plan {
    shape: Shape,
    placement: Placement,
    luma: (Down, Across),
    chroma: (Down, Across),
    mixed: Vec<u16>,
    /// One output row of Y, U and V.
    rows: [Vec<f32>; 3],
}

impl Placement {
    /// Fits a picture into the input, centred.
    fn new(input: &Input, shape: Shape) -> Self {
        let (width, height) = (input.width, input.height);
        if !input.letterbox {
            return Self::whole(input);
        }
        let shown_width = shape.width as f32 * shape.pixel_aspect;
        let scale = (width as f32 / shown_width).min(height as f32 / shape.height as f32);
        let inner_width = ((shown_width * scale).round() as usize).clamp(1, width);
        let inner_height = ((shape.height as f32 * scale).round() as usize).clamp(1, height);
        Self {
            left: (width - inner_width) / 2,
            top: (height - inner_height) / 2,
            width: inner_width,
            height: inner_height,
        }
    }

    /// A picture that fills the input.
    pub(super) fn whole(input: &Input) -> Self {
        Self { left: 0, top: 0, width: input.width, height: input.height }
    }

    /// The same as a region of the picture.
    fn region(self, input: &Input, picture: (f32, f32)) -> Region {
        let (width, height) = (input.width as f32, input.height as f32);
        let inner = Rect {
            x: self.left as f32 / width,
            y: self.top as f32 / height,
            w: self.width as f32 / width,
            h: self.height as f32 / height,
        };
        Region::holding(&inner, picture)
    }

    /// A point of the input in fractions of the picture.
    pub(super) fn to_picture(self, x: f32, y: f32) -> (f32, f32) {
        ((x - self.left as f32) / self.width as f32, (y - self.top as f32) / self.height as f32)
    }
}

impl Tensor {
    /// The numbers, in the network's layout; none before it was filled.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// What of the picture it shows; `None` before it was filled.
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Where the whole picture lies in it; `None` when it does not show that.
    pub(super) fn placement(&self) -> Option<Placement> {
        self.painted
    }

    /// Makes room for `count` numbers that show `region`.
    pub(super) fn reset(&mut self, count: usize, region: Region) {
        self.values.resize(count, 0.0);
        self.painted = None;
        self.region = Some(region);
    }
}

impl Preprocessor {
    /// For a network that takes `input`.
    pub fn new(input: &Input) -> Self {
        let input = input.clone();
        // The manifest's order is the network's; the sums below are in red, green, blue.
        let to_rgb = |mut values: [f32; 3]| {
            if input.colour_order == ColourOrder::Bgr {
                values.reverse();
            }
            values
        };
        let (mean, std) = (to_rgb(input.mean), to_rgb(input.std));
        let gain = std.map(|std| 1.0 / std);
        let offset = std::array::from_fn(|channel| -mean[channel] * gain[channel]);
        Self { input, gain, offset, plan: None }
    }

    /// Puts `frame` into `tensor`.
    ///
    /// # Panics
    /// When a plane of `frame` is smaller than its size and stride say.
    pub fn fill(&mut self, frame: &I420<'_>, tensor: &mut Tensor) {
        let shape = Shape { width: frame.width, height: frame.height, pixel_aspect: frame.pixel_aspect };
        let mut plan = match self.plan.take() {
            Some(plan) if plan.shape == shape => plan,
            _ => Plan::new(&self.input, shape),
        };
        if tensor.painted != Some(plan.placement) {
            self.paint_padding(tensor);
            tensor.painted = Some(plan.placement);
        }
        tensor.region = Some(plan.placement.region(&self.input, frame.shown_size()));
        let mixer = self.mixer(frame);
        for row in 0..plan.placement.height {
            plan.read_row(frame, row);
            let Placement { left, top, width, .. } = plan.placement;
            let rows = plan.rows.each_ref().map(|row| &row[..width]);
            self.write(rows, (left, top + row), &mixer, &mut tensor.values);
        }
        self.plan = Some(plan);
    }

    pub(super) fn mixer(&self, frame: &I420<'_>) -> Mixer {
        Mixer { colours: frame.colours, gain: self.gain, offset: self.offset }
    }

    pub(super) fn paint_padding(&self, tensor: &mut Tensor) {
        let area = self.input.width * self.input.height;
        let pad = self.pad();
        tensor.values.resize(3 * area, 0.0);
        match self.input.layout {
            Layout::Nchw => {
                for (plane, pad) in tensor.values.chunks_exact_mut(area).zip(pad) {
                    plane.fill(pad);
                }
            }
            Layout::Nhwc => {
                tensor.values.as_chunks_mut::<3>().0.fill(pad);
            }
        }
    }

    /// A pixel beside the picture, in the network's order.
    pub(super) fn pad(&self) -> [f32; 3] {
        self.in_order(std::array::from_fn(|channel| {
            self.input.pad * self.gain[channel] + self.offset[channel]
        }))
    }

    /// Writes one pixel, in the network's order.
    pub(super) fn put(&self, pixel: [f32; 3], index: usize, values: &mut [f32]) {
        let area = self.input.width * self.input.height;
        for (channel, value) in pixel.into_iter().enumerate() {
            match self.input.layout {
                Layout::Nchw => values[channel * area + index] = value,
                Layout::Nhwc => values[3 * index + channel] = value,
            }
        }
    }

    /// Red, green, blue in the network's order.
    pub(super) fn in_order<T>(&self, mut channels: [T; 3]) -> [T; 3] {
        if self.input.colour_order == ColourOrder::Bgr {
            channels.reverse();
        }
        channels
    }

    /// Writes a row of pixels, or a part of one, that begins at a place of the input.
    pub(super) fn write(
        &self,
        [y, u, v]: [&[f32]; 3],
        (column, row): (usize, usize),
        mixer: &Mixer,
        values: &mut [f32],
    ) {
        let first = row * self.input.width + column;
        let width = y.len();
        let (u, v) = (&u[..width], &v[..width]);
        match self.input.layout {
            Layout::Nchw => {
                let (one, rest) = values.split_at_mut(self.input.width * self.input.height);
                let (two, three) = rest.split_at_mut(one.len());
                let planes = [one, two, three].map(|plane| &mut plane[first..][..width]);
                mixer.mix_planes([y, u, v], self.in_order(planes));
            }
            Layout::Nhwc => {
                let pixels = &mut values.as_chunks_mut::<3>().0[first..first + width];
                for (index, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = self.in_order(mixer.mix(y[index], u[index], v[index]));
                }
            }
        }
    }
}

impl Plan {
    fn new(input: &Input, shape: Shape) -> Self {
        let placement = Placement::new(input, shape);
        let steps =
            |width, height| (Down::new(height, placement.height), Across::new(width, placement.width));
        Self {
            shape,
            placement,
            luma: steps(shape.width, shape.height),
            chroma: steps(shape.width.div_ceil(2), shape.height.div_ceil(2)),
            mixed: vec![0; shape.width],
            rows: std::array::from_fn(|_| vec![0.0; placement.width]),
        }
    }

    /// Makes output row `row` of all three planes.
    fn read_row(&mut self, frame: &I420<'_>, row: usize) {
        for (index, (plane, out)) in frame.planes.iter().zip(&mut self.rows).enumerate() {
            let ((down, across), width) = match index {
                0 => (&mut self.luma, self.shape.width),
                _ => (&mut self.chroma, self.shape.width.div_ceil(2)),
            };
            let mixed = &mut self.mixed[..width];
            down.mix(plane, row, mixed);
            across.sample(mixed, out);
        }
    }
}

/// Colour and normalisation of a pixel.
pub(super) struct Mixer {
    colours: Colours,
    gain: [f32; 3],
    offset: [f32; 3],
}

impl Mixer {
    /// One row into three planes: red, green, blue.
    fn mix_planes(&self, [y, u, v]: [&[f32]; 3], [red, green, blue]: [&mut [f32]; 3]) {
        let targets = red.iter_mut().zip(green).zip(blue);
        for (((y, u), v), ((red, green), blue)) in y.iter().zip(u).zip(v).zip(targets) {
            [*red, *green, *blue] = self.mix(*y, *u, *v);
        }
    }

    /// Normalised red, green, blue.
    #[inline(always)]
    fn mix(&self, y: f32, u: f32, v: f32) -> [f32; 3] {
        let Colours { black, luma, red_of_v, green_of_u, green_of_v, blue_of_u } = self.colours;
        let (y, u, v) = ((y - black) * luma, u - 128.0, v - 128.0);
        let rgb = [y + red_of_v * v, y + green_of_u * u + green_of_v * v, y + blue_of_u * u];
        std::array::from_fn(|channel| {
            rgb[channel].clamp(0.0, 255.0) * self.gain[channel] + self.offset[channel]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Plane;
    use super::super::manifest::Manifest;
    use super::*;

    /// An input of 8×8 pixels, changed by `changes`.
    fn input(changes: &[(&str, &str)]) -> Input {
        let mut text = include_str!("../../tests/models/blob.toml")
            .replace("width = 320", "width = 8")
            .replace("height = 240", "height = 8");
        for (from, to) in changes {
            assert!(text.contains(from), "{from} should be in the manifest");
            text = text.replace(from, to);
        }
        Manifest::parse(&text, "blob.toml").unwrap().input.unwrap()
    }

    /// Makes the tensor of a picture of one colour.
    fn tensor(input: &Input, size: (usize, usize), yuv: [u8; 3], pixel_aspect: f32) -> Tensor {
        gst::init().unwrap();
        let (width, height) = size;
        let chroma = (width.div_ceil(2), height.div_ceil(2));
        let bytes = [
            vec![yuv[0]; width * height],
            vec![yuv[1]; chroma.0 * chroma.1],
            vec![yuv[2]; chroma.0 * chroma.1],
        ];
        let strides = [width, chroma.0, chroma.0];
        let colours = Colours::of(&"bt601".parse().unwrap());
        let planes = std::array::from_fn(|index| Plane { bytes: &bytes[index], stride: strides[index] });
        let frame = I420 { width, height, pixel_aspect, planes, colours };
        let mut tensor = Tensor::default();
        Preprocessor::new(input).fill(&frame, &mut tensor);
        tensor
    }

    const RED: [u8; 3] = [81, 90, 240];

    fn assert_near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.01, "{found} instead of {expected}");
        }
    }

    #[test]
    fn channels_lie_in_the_order_and_layout_of_the_manifest() {
        let (nhwc, bgr) = (("nchw", "nhwc"), ("\"rgb\"", "\"bgr\""));
        let cases = [
            (vec![], [1.0, 0.0, 0.0]),
            (vec![bgr], [0.0, 0.0, 1.0]),
            (vec![nhwc], [1.0, 0.0, 0.0]),
            (vec![nhwc, bgr], [0.0, 0.0, 1.0]),
        ];
        for (changes, pixel) in cases {
            let input = input(&changes);
            let tensor = tensor(&input, (16, 16), RED, 1.0);
            let expected: Vec<f32> = match input.layout {
                Layout::Nchw => pixel.iter().flat_map(|value| [*value; 64]).collect(),
                Layout::Nhwc => [pixel; 64].as_flattened().to_vec(),
            };
            assert_near(&tensor.values, &expected);
        }
    }

    #[test]
    fn mean_and_std_belong_to_the_channels_of_the_manifest() {
        let mean = ("mean = [0.0, 0.0, 0.0]", "mean = [10.0, 20.0, 30.0]");
        let std = ("std = [255.0, 255.0, 255.0]", "std = [1.0, 2.0, 5.0]");
        let bgr = tensor(&input(&[mean, std, ("\"rgb\"", "\"bgr\""), ("nchw", "nhwc")]), (8, 8), RED, 1.0);
        assert!((bgr.values[0] + 10.0).abs() < 1.0 && (bgr.values[1] + 10.0).abs() < 1.0);
        assert!((bgr.values[2] - 45.0).abs() < 0.5, "{}", bgr.values[2]);
    }

    #[test]
    fn the_rest_of_the_input_is_padded_and_boxes_find_their_way_back() {
        let padded = input(&[("letterbox = true", "letterbox = true\npad = 51.0")]);
        let cases = [
            ("wide", (16, 8), 1.0, Placement { left: 0, top: 2, width: 8, height: 4 }),
            ("tall", (8, 16), 1.0, Placement { left: 2, top: 0, width: 4, height: 8 }),
            ("wide pixels", (8, 8), 2.0, Placement { left: 0, top: 2, width: 8, height: 4 }),
            ("odd", (5, 3), 1.0, Placement { left: 0, top: 1, width: 8, height: 5 }),
            ("one pixel", (1, 1), 1.0, Placement { left: 0, top: 0, width: 8, height: 8 }),
        ];
        for (name, size, pixel_aspect, placement) in cases {
            let tensor = tensor(&padded, size, RED, pixel_aspect);
            assert_eq!(tensor.placement(), Some(placement), "{name}");
            let start = (placement.left as f32 / 8.0, placement.top as f32 / 8.0);
            let (x, y) = tensor.region().unwrap().to_picture(start.0, start.1);
            assert!(x.abs() < 1e-6 && y.abs() < 1e-6, "{name}: the picture begins at {x}, {y}");
            for (index, red) in tensor.values[..64].iter().enumerate() {
                let (x, y) = placement.to_picture((index % 8) as f32 + 0.5, (index / 8) as f32 + 0.5);
                let is_picture = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
                assert_near(&[*red], &[if is_picture { 1.0 } else { 0.2 }]);
            }
        }
        let stretched = tensor(&input(&[("letterbox = true", "letterbox = false")]), (16, 8), RED, 1.0);
        assert_eq!(stretched.placement(), Some(Placement { left: 0, top: 0, width: 8, height: 8 }));
    }
}

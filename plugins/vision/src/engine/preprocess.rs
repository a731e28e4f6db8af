//! From a camera's I420 to a network's tensor in one pass: shrink, letterbox, colour, normalise.
//!
//! Only single rows lie between the two; a whole RGB picture in between would cost as much again in memory traffic.

use super::frame::{Colours, I420};
use super::manifest::{ColourOrder, Input, Layout, Manifest};
use super::resample::Taps;

/// The network's input, reused from frame to frame.
#[derive(Debug, Default)]
pub struct Tensor {
    pub(super) values: Vec<f32>,
    /// What lies beside the picture is painted once for each placement.
    painted: Option<Placement>,
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
    input: Input,
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
    luma: [Taps; 2],
    chroma: [Taps; 2],
    mixed: Vec<u16>,
    /// One output row of Y, U and V.
    rows: [Vec<f32>; 3],
}

impl Placement {
    /// Fits a picture into the input, centred.
    fn new(input: &Input, shape: Shape) -> Self {
        let (width, height) = (input.width, input.height);
        if !input.letterbox {
            return Self { left: 0, top: 0, width, height };
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

    /// A point of the input in fractions of the picture.
    pub(super) fn to_picture(self, x: f32, y: f32) -> (f32, f32) {
        ((x - self.left as f32) / self.width as f32, (y - self.top as f32) / self.height as f32)
    }
}

impl Tensor {
    /// Where the picture lies in it; `None` before it was filled.
    pub(super) fn placement(&self) -> Option<Placement> {
        self.painted
    }
}

impl Preprocessor {
    /// For the network of `manifest`.
    pub fn new(manifest: &Manifest) -> Self {
        let input = manifest.input.clone();
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
        let mixer = Mixer::new(&frame.colours, self.gain, self.offset);
        for row in 0..plan.placement.height {
            plan.read_row(frame, row);
            self.write_row(&plan, row, &mixer, &mut tensor.values);
        }
        self.plan = Some(plan);
    }

    fn paint_padding(&self, tensor: &mut Tensor) {
        let area = self.input.width * self.input.height;
        let pad = self.in_order(std::array::from_fn(|channel| {
            self.input.pad * self.gain[channel] + self.offset[channel]
        }));
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

    /// Red, green, blue in the network's order.
    fn in_order<T>(&self, mut channels: [T; 3]) -> [T; 3] {
        if self.input.colour_order == ColourOrder::Bgr {
            channels.reverse();
        }
        channels
    }

    fn write_row(&self, plan: &Plan, row: usize, mixer: &Mixer, values: &mut [f32]) {
        let Placement { left, top, width, .. } = plan.placement;
        let [y, u, v] = plan.rows.each_ref().map(|row| &row[..width]);
        let first = (top + row) * self.input.width + left;
        match self.input.layout {
            Layout::Nchw => {
                let (one, rest) = values.split_at_mut(self.input.width * self.input.height);
                let (two, three) = rest.split_at_mut(one.len());
                let planes = [one, two, three].map(|plane| &mut plane[first..first + width]);
                let [red, green, blue] = self.in_order(planes);
                for index in 0..width {
                    let rgb = mixer.mix(y[index], u[index], v[index]);
                    [red[index], green[index], blue[index]] = rgb;
                }
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
        let taps = |width, height| [Taps::new(width, placement.width), Taps::new(height, placement.height)];
        Self {
            shape,
            placement,
            luma: taps(shape.width, shape.height),
            chroma: taps(shape.width.div_ceil(2), shape.height.div_ceil(2)),
            mixed: vec![0; shape.width],
            rows: std::array::from_fn(|_| vec![0.0; placement.width]),
        }
    }

    /// Makes output row `row` of all three planes.
    fn read_row(&mut self, frame: &I420<'_>, row: usize) {
        for (index, (plane, out)) in frame.planes.iter().zip(&mut self.rows).enumerate() {
            let ([across, down], width) = match index {
                0 => (&self.luma, self.shape.width),
                _ => (&self.chroma, self.shape.width.div_ceil(2)),
            };
            let mixed = &mut self.mixed[..width];
            down.mix_rows(plane, row, mixed);
            across.sample(mixed, out);
        }
    }
}

/// Colour and normalisation of a pixel.
struct Mixer {
    colours: Colours,
    gain: [f32; 3],
    offset: [f32; 3],
}

impl Mixer {
    fn new(colours: &Colours, gain: [f32; 3], offset: [f32; 3]) -> Self {
        Self { colours: *colours, gain, offset }
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

//! A picture one can paint on: three planes, colour at half the resolution.
//!
//! Everything that is drawn goes through [`I420Frame::paint`], which clips to the picture; nothing can be
//! painted outside of it.

use gst_video::prelude::*;

use super::colour::{Rgb, Yuv, YuvSpace};

/// Why a picture cannot be painted on.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    #[error("cannot draw on {0} pictures, only on I420")]
    Format(String),
    #[error("a plane of a {width}x{height} picture holds {len} bytes with a stride of {stride}, too few")]
    Plane { width: usize, height: usize, stride: usize, len: usize },
}

/// The bytes of a picture.
pub struct Planes<'a> {
    /// Y, U, V.
    pub data: [&'a mut [u8]; 3],
    /// Bytes from one line to the next.
    pub strides: [usize; 3],
}

/// A writable I420 picture.
pub struct I420Frame<'a> {
    pub(super) planes: Planes<'a>,
    pub(super) width: usize,
    pub(super) height: usize,
    space: YuvSpace,
}

/// Whole pixels; `x1` and `y1` are one past the last. May stick out of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl Area {
    pub fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self { x0: x, y0: y, x1: x.saturating_add(width), y1: y.saturating_add(height) }
    }

    pub fn width(self) -> i32 {
        self.x1.saturating_sub(self.x0)
    }

    pub fn height(self) -> i32 {
        self.y1.saturating_sub(self.y0)
    }

    /// Pixels that both cover.
    pub fn overlap(self, other: Self) -> i64 {
        let width = self.x1.min(other.x1).saturating_sub(self.x0.max(other.x0));
        let height = self.y1.min(other.y1).saturating_sub(self.y0.max(other.y0));
        i64::from(width.max(0)) * i64::from(height.max(0))
    }

    /// The part that lies in `other`; its width or height is not positive when there is none.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    /// Larger by `by` pixels on every side.
    #[must_use]
    pub fn grown(self, by: i32) -> Self {
        Self {
            x0: self.x0.saturating_sub(by),
            y0: self.y0.saturating_sub(by),
            x1: self.x1.saturating_add(by),
            y1: self.y1.saturating_add(by),
        }
    }
}

impl<'a> I420Frame<'a> {
    /// Borrows a mapped video frame.
    ///
    /// # Errors
    /// When the frame is not I420.
    pub fn from_video_frame(
        frame: &'a mut gst_video::VideoFrameRef<&mut gst::BufferRef>,
    ) -> Result<Self, DrawError> {
        if frame.format() != gst_video::VideoFormat::I420 {
            return Err(DrawError::Format(frame.format().to_string()));
        }
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let space = YuvSpace::of(frame.info());
        let mut strides = [0; 3];
        for (stride, of_frame) in strides.iter_mut().zip(frame.plane_stride()) {
            *stride = usize::try_from(*of_frame).unwrap_or(0);
        }
        let [y, u, v, _] = frame.planes_data_mut();
        Self::new(Planes { data: [y, u, v], strides }, width, height, space)
    }

    /// Borrows raw planes.
    ///
    /// # Errors
    /// When a plane is too short for the size.
    pub fn new(planes: Planes<'a>, width: usize, height: usize, space: YuvSpace) -> Result<Self, DrawError> {
        for (index, (data, stride)) in planes.data.iter().zip(planes.strides).enumerate() {
            let shift = usize::from(index > 0);
            let (columns, lines) = ((width + shift) >> shift, (height + shift) >> shift);
            let needed = lines.saturating_sub(1) * stride + columns;
            if stride < columns || data.len() < needed {
                return Err(DrawError::Plane { width, height, stride, len: data.len() });
            }
        }
        Ok(Self { planes, width, height, space })
    }

    /// In pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The whole picture.
    pub fn area(&self) -> Area {
        Area::new(0, 0, self.width as i32, self.height as i32)
    }

    /// Mixes `colour` into `area`; `coverage` says how much of it (0..=255) goes on the pixel at `x`, `y`.
    pub fn paint(&mut self, area: Area, colour: Rgb, coverage: impl Fn(i32, i32) -> u8) {
        let ink = self.space.yuv(colour);
        let Area { x0, y0, x1, y1 } = area.within(self.area());
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        for block_y in y0 / 2..=(y1 - 1) / 2 {
            let lines = y0.max(block_y * 2)..y1.min(block_y * 2 + 2);
            for block_x in x0 / 2..=(x1 - 1) / 2 {
                let columns = x0.max(block_x * 2)..x1.min(block_x * 2 + 2);
                let mut sum = 0;
                for y in lines.clone() {
                    for x in columns.clone() {
                        let share = coverage(x, y);
                        sum += u32::from(share);
                        mix(
                            &mut self.planes.data[0][y as usize * self.planes.strides[0] + x as usize],
                            ink.y,
                            share,
                        );
                    }
                }
                if sum > 0 {
                    self.mix_chroma(block_x as usize, block_y as usize, ink, sum);
                }
            }
        }
    }

    /// Mixes `opacity` (0..=255) of `colour` into all of `area`: what [`Self::paint`] does, whole rows at a time.
    pub fn fill(&mut self, area: Area, colour: Rgb, opacity: u8) {
        let area = area.within(self.area());
        let blocks = self.whole_blocks(area);
        if blocks.width() <= 0 || blocks.height() <= 0 {
            return self.paint(area, colour, |_, _| opacity);
        }
        // The border shares its blocks of colour with what lies outside.
        self.paint(Area { y1: blocks.y0, ..area }, colour, |_, _| opacity);
        self.paint(Area { y0: blocks.y1, ..area }, colour, |_, _| opacity);
        let middle = Area { y0: blocks.y0, y1: blocks.y1, ..area };
        self.paint(Area { x1: blocks.x0, ..middle }, colour, |_, _| opacity);
        self.paint(Area { x0: blocks.x1, ..middle }, colour, |_, _| opacity);
        let ink = self.space.yuv(colour);
        for (plane, ink) in [ink.y, ink.u, ink.v].into_iter().enumerate() {
            let shift = usize::from(plane > 0);
            let scaled = |edge: i32| (edge as usize + shift) >> shift;
            let stride = self.planes.strides[plane];
            for line in scaled(blocks.y0)..scaled(blocks.y1) {
                let row = &mut self.planes.data[plane][line * stride..];
                for value in &mut row[scaled(blocks.x0)..scaled(blocks.x1)] {
                    mix(value, ink, opacity);
                }
            }
        }
    }

    /// The part of `area` whose blocks of colour belong to it alone; `area` must lie in the picture.
    fn whole_blocks(&self, area: Area) -> Area {
        let up = |edge: i32| edge + edge % 2;
        // Blocks are cut off at odd borders of the picture.
        let down = |edge: i32, border: usize| if edge == border as i32 { edge } else { edge - edge % 2 };
        Area {
            x0: up(area.x0),
            y0: up(area.y0),
            x1: down(area.x1, self.width),
            y1: down(area.y1, self.height),
        }
    }

    /// Colour is shared by a block of four pixels (fewer at odd borders): it takes the mean of their coverages.
    fn mix_chroma(&mut self, block_x: usize, block_y: usize, ink: Yuv, sum: u32) {
        let columns = (self.width - block_x * 2).min(2);
        let lines = (self.height - block_y * 2).min(2);
        let pixels = (columns * lines) as u32;
        let share = ((sum + pixels / 2) / pixels) as u8;
        for (plane, value) in [(1, ink.u), (2, ink.v)] {
            let at = block_y * self.planes.strides[plane] + block_x;
            mix(&mut self.planes.data[plane][at], value, share);
        }
    }

    /// Takes the colour out of the picture and leaves `brightness` (0..=255, 255 = as it was) of its light.
    pub fn grey(&mut self, brightness: u8) {
        let black = u32::from(self.space.black());
        let (luma, stride) = (&mut self.planes.data[0], self.planes.strides[0]);
        for line in luma.chunks_mut(stride).take(self.height) {
            for value in line.iter_mut().take(self.width) {
                let light = u32::from(*value).saturating_sub(black);
                *value = (black + (light * u32::from(brightness) + 127) / 255) as u8;
            }
        }
        for plane in [1, 2] {
            let stride = self.planes.strides[plane];
            for line in self.planes.data[plane].chunks_mut(stride).take(self.height.div_ceil(2)) {
                line[..self.width.div_ceil(2)].fill(128);
            }
        }
    }
}

/// `share` of 255 parts of `ink`, the rest of what was there.
fn mix(value: &mut u8, ink: u8, share: u8) {
    let share = u32::from(share);
    *value = ((u32::from(*value) * (255 - share) + u32::from(ink) * share + 127) / 255) as u8;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn filling_is_painting_all_pixels_alike(
            (width, height) in (1..20_usize, 1..20_usize),
            (x, y, across, down) in (-8..24_i32, -8..24_i32, -2..30_i32, -2..30_i32),
            opacity in any::<u8>(),
        ) {
            let half = width.div_ceil(2);
            let picture = |draw: &dyn Fn(&mut I420Frame<'_>)| {
                let chroma = vec![90_u8; half * height.div_ceil(2)];
                let mut data = [vec![60_u8; width * height], chroma.clone(), chroma];
                let [y, u, v] = &mut data;
                let planes = Planes { data: [y, u, v], strides: [width, half, half] };
                let frame = I420Frame::new(planes, width, height, YuvSpace::BT601);
                draw(&mut frame.expect("planes are large enough"));
                data
            };
            let area = Area::new(x, y, across, down);
            let colour = Rgb::from_hex(0xff_8000);
            let filled = picture(&|frame| frame.fill(area, colour, opacity));
            let painted = picture(&|frame| frame.paint(area, colour, |_, _| opacity));
            // Strips that share a block mix it one after the other: a sixteenth less of what was there at most.
            for (filled, painted) in filled.iter().flatten().zip(painted.iter().flatten()) {
                prop_assert!(filled.abs_diff(*painted) <= 12, "{} {}", filled, painted);
            }
            prop_assert_eq!(&filled[0], &painted[0]);
        }
    }

    #[test]
    fn paint_covers_its_area_and_nothing_else() {
        let mut data = [vec![16u8; 8 * 5], vec![128u8; 4 * 3], vec![128u8; 4 * 3]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [8, 4, 4] };
        let mut frame = I420Frame::new(planes, 7, 5, YuvSpace::BT601).expect("planes are large enough");
        frame.paint(Area::new(4, 2, 90, 90), Rgb::from_hex(0xff_0000), |_, _| 255);
        for line in 0..5 {
            for column in 0..8 {
                let painted = line >= 2 && (4..7).contains(&column);
                assert_eq!(data[0][line * 8 + column], if painted { 81 } else { 16 }, "{column},{line}");
            }
        }
        assert_eq!(data[2], [128, 128, 128, 128, 128, 128, 240, 240, 128, 128, 240, 240]);
    }

    #[test]
    fn colour_of_half_covered_blocks_is_half_mixed() {
        let mut data = [vec![235u8; 4], vec![128u8; 1], vec![128u8; 1]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [2, 1, 1] };
        let mut frame = I420Frame::new(planes, 2, 2, YuvSpace::BT601).expect("planes are large enough");
        frame.paint(Area::new(0, 0, 1, 2), Rgb::from_hex(0xff_0000), |_, _| 255);
        assert_eq!(data[0], [81, 235, 81, 235]);
        assert_eq!((data[1][0], data[2][0]), (109, 184));
    }

    #[test]
    fn a_plane_that_is_too_short_is_refused() {
        let mut data = [vec![0u8; 63], vec![0u8; 16], vec![0u8; 16]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [8, 4, 4] };
        assert!(I420Frame::new(planes, 8, 8, YuvSpace::BT601).is_err());
    }

    #[test]
    fn grey_keeps_black_and_the_bytes_beyond_the_picture() {
        let mut data = [vec![16u8, 235, 9, 9], vec![90u8, 9], vec![240u8, 9]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [4, 2, 2] };
        let mut frame = I420Frame::new(planes, 2, 1, YuvSpace::BT601).expect("planes are large enough");
        frame.grey(128);
        assert_eq!(data, [vec![16, 126, 9, 9], vec![128, 9], vec![128, 9]]);
    }
}

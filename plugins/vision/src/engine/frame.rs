//! A picture as cameras and decoders give it: I420, with what its numbers mean as colours.

use gst_video::prelude::*;
use gst_video::{VideoColorMatrix, VideoColorRange, VideoColorimetry};

/// A borrowed I420 picture.
#[derive(Debug, Clone, Copy)]
pub struct I420<'a> {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Width of a pixel in heights of a pixel; 1 for nearly all cameras.
    pub pixel_aspect: f32,
    /// Y in full size, U and V in half, rounded up.
    pub planes: [Plane<'a>; 3],
    pub colours: Colours,
}

/// One plane of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    pub bytes: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// How Y, U and V become red, green and blue, 0..255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colours {
    /// Y of black.
    pub(super) black: f32,
    /// Multiplies Y.
    pub(super) luma: f32,
    pub(super) red_of_v: f32,
    pub(super) green_of_u: f32,
    pub(super) green_of_v: f32,
    pub(super) blue_of_u: f32,
}

impl Colours {
    /// What the caps of a stream say; standard definition (BT.601, limited range) when they say nothing.
    pub fn of(colorimetry: &VideoColorimetry) -> Self {
        // Shares of red and blue in Y.
        let (red, blue) = match colorimetry.matrix() {
            VideoColorMatrix::Bt709 => (0.2126, 0.0722),
            VideoColorMatrix::Bt2020 => (0.2627, 0.0593),
            VideoColorMatrix::Fcc => (0.30, 0.11),
            VideoColorMatrix::Smpte240m => (0.212, 0.087),
            _ => (0.299, 0.114),
        };
        let (black, luma, chroma) = match colorimetry.range() {
            VideoColorRange::Range0_255 => (0.0, 1.0, 1.0),
            _ => (16.0, 255.0 / 219.0, 255.0 / 224.0),
        };
        let green = 1.0 - red - blue;
        Self {
            black,
            luma,
            red_of_v: 2.0 * (1.0 - red) * chroma,
            green_of_u: -2.0 * blue * (1.0 - blue) / green * chroma,
            green_of_v: -2.0 * red * (1.0 - red) / green * chroma,
            blue_of_u: 2.0 * (1.0 - blue) * chroma,
        }
    }
}

impl<'a> I420<'a> {
    /// Width and height as they are shown, in heights of a pixel.
    pub fn shown_size(&self) -> (f32, f32) {
        (self.width as f32 * self.pixel_aspect, self.height as f32)
    }

    /// Red, green and blue of the pixel at these fractions of the picture; `None` outside of it.
    pub fn rgb(&self, x: f32, y: f32) -> Option<[f32; 3]> {
        if !((0.0..1.0).contains(&x) && (0.0..1.0).contains(&y)) {
            return None;
        }
        let (column, row) = ((x * self.width as f32) as usize, (y * self.height as f32) as usize);
        let at = |plane: &Plane<'_>, column: usize, row: usize| {
            plane.bytes.get(row * plane.stride + column).map(|value| f32::from(*value))
        };
        let luma = at(&self.planes[0], column, row)?;
        let [u, v] = [1, 2].map(|plane| at(&self.planes[plane], column / 2, row / 2));
        let (luma, u, v) = ((luma - self.colours.black) * self.colours.luma, u? - 128.0, v? - 128.0);
        let green = luma + self.colours.green_of_u * u + self.colours.green_of_v * v;
        let mixed = [luma + self.colours.red_of_v * v, green, luma + self.colours.blue_of_u * u];
        Some(mixed.map(|value| value.clamp(0.0, 255.0)))
    }

    /// Width and height of a plane.
    pub(super) fn plane_size(&self, plane: usize) -> (usize, usize) {
        match plane {
            0 => (self.width, self.height),
            _ => (self.width.div_ceil(2), self.height.div_ceil(2)),
        }
    }

    /// The picture in a mapped frame; `None` when that is not I420.
    pub fn of(frame: &'a gst_video::VideoFrameRef<&gst::BufferRef>) -> Option<Self> {
        if frame.format() != gst_video::VideoFormat::I420 {
            return None;
        }
        let plane = |index: u32| {
            let stride = usize::try_from(*frame.plane_stride().get(index as usize)?).ok()?;
            Some(Plane { bytes: frame.plane_data(index).ok()?, stride })
        };
        let aspect = frame.info().par();
        Some(Self {
            width: frame.width() as usize,
            height: frame.height() as usize,
            pixel_aspect: aspect.numer() as f32 / aspect.denom().max(1) as f32,
            planes: [plane(0)?, plane(1)?, plane(2)?],
            colours: Colours::of(&frame.info().colorimetry()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours(name: &str) -> Colours {
        gst::init().unwrap();
        Colours::of(&name.parse::<VideoColorimetry>().unwrap())
    }

    fn rgb(colours: &Colours, y: f32, u: f32, v: f32) -> [f32; 3] {
        let (y, u, v) = ((y - colours.black) * colours.luma, u - 128.0, v - 128.0);
        let green = y + colours.green_of_u * u + colours.green_of_v * v;
        [y + colours.red_of_v * v, green, y + colours.blue_of_u * u]
    }

    #[test]
    fn each_standard_has_its_own_red() {
        // Y, U and V of pure red by each standard's own formula, rounded to bytes.
        for (name, y, u, v) in [
            ("bt601", 81.0, 90.0, 240.0),
            ("bt709", 63.0, 102.0, 240.0),
            ("1:4:0:0", 76.0, 85.0, 255.0),
            ("bt2020", 74.0, 97.0, 240.0),
        ] {
            let [red, green, blue] = rgb(&colours(name), y, u, v);
            assert!(
                (red - 255.0).abs() < 2.0 && green.abs() < 2.0 && blue.abs() < 2.0,
                "{name}: {red} {green} {blue}"
            );
        }
    }

    #[test]
    fn the_colour_of_a_single_pixel_is_read_and_nothing_beside_the_picture() {
        // Red on the left, black on the right, two pixels each.
        let planes = [&[76, 76, 0, 0, 76, 76, 0, 0][..], &[85, 128], &[255, 128]]
            .map(|bytes: &[u8]| Plane { bytes, stride: bytes.len().min(4) });
        let frame = I420 { width: 4, height: 2, pixel_aspect: 1.0, planes, colours: colours("1:4:0:0") };
        let [red, green, blue] = frame.rgb(0.3, 0.9).unwrap();
        assert!(red > 252.0 && green < 3.0 && blue < 3.0, "{red} {green} {blue}");
        assert_eq!(frame.rgb(0.6, 0.1), Some([0.0; 3]));
        for (x, y) in [(-0.1, 0.5), (1.0, 0.5), (0.5, 1.0), (f32::NAN, 0.5)] {
            assert_eq!(frame.rgb(x, y), None);
        }
    }

    #[test]
    fn black_and_white_lie_at_the_ends_of_the_range() {
        for (name, black, white) in [("bt601", 16.0, 235.0), ("bt709", 16.0, 235.0), ("1:4:0:0", 0.0, 255.0)]
        {
            for (y, expected) in [(black, 0.0), (white, 255.0)] {
                let grey = rgb(&colours(name), y, 128.0, 128.0);
                assert!(grey.iter().all(|value| (value - expected).abs() < 0.01), "{name}: {grey:?}");
            }
        }
    }
}

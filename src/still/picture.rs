//! Bytes that somebody sent → a picture of bounded size, the right way up.

use std::io::Cursor;

use gst_video::{
    VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry, VideoTransferFunction,
};
use gstvision::engine::{Colours, I420, Plane};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use thiserror::Error;

use super::jpeg;

/// Largest picture, pixels: a few of the best cameras' ones, and no bomb.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Longest side: what JPEG can hold is no wish of anybody's.
const MAX_SIDE: u32 = 16_384;

/// What a picture may unpack to: the largest one with a byte for each colour. One of 16 bits may have half the pixels.
const MAX_BYTES: u64 = 4 * MAX_PIXELS;

/// Memory that a decoder may take besides the picture itself.
const MAX_WORKING_BYTES: u64 = 256 << 20;

/// Why bytes are no picture that can be analysed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PictureError {
    #[error("this is neither JPEG, PNG nor WebP")]
    Format,
    #[error("the picture has {width}x{height} pixels; at most {most} and {MAX_SIDE} a side can be analysed")]
    Size { width: u32, height: u32, most: u64 },
    #[error("the picture unpacks to {0} bytes; at most {MAX_BYTES} can be analysed")]
    Deep(u64),
    #[error("the picture is cut off or broken: {0}")]
    Broken(String),
}

/// A decoded picture: I420, BT.601, 0 to 255, as JPEG has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Y, U, V without padding; U and V half as wide and high, rounded up.
    pub(super) planes: [Vec<u8>; 3],
}

impl Picture {
    /// Of pixels that a test makes up.
    #[cfg(test)]
    pub(crate) fn of(image: &image::DynamicImage) -> Self {
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).expect("a picture can be written as PNG");
        Self::decode(png.get_ref()).expect("what was written can be read")
    }

    /// Decodes a JPEG, PNG or WebP and turns it as its EXIF says.
    ///
    /// # Errors
    /// When `bytes` are of another format, of too large a picture, or broken.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        Self::decode_within(bytes, MAX_PIXELS)
    }

    /// The same of at most so many pixels, and never more than [`MAX_PIXELS`].
    ///
    /// # Errors
    /// As [`Picture::decode`].
    pub fn decode_within(bytes: &[u8], most: u64) -> Result<Self, PictureError> {
        let most = most.min(MAX_PIXELS);
        let format = image::guess_format(bytes).map_err(|_| PictureError::Format)?;
        if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
            return Err(PictureError::Format);
        }
        if format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
            return Err(PictureError::Broken("it ends before its last line".to_owned()));
        }
        let broken = |error: image::ImageError| PictureError::Broken(error.to_string());
        let mut decoder =
            ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(broken)?;
        let (width, height) = decoder.dimensions();
        if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > most {
            return Err(PictureError::Size { width, height, most });
        }
        if decoder.total_bytes() > MAX_BYTES {
            return Err(PictureError::Deep(decoder.total_bytes()));
        }
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_WORKING_BYTES + decoder.total_bytes());
        decoder.set_limits(limits).map_err(broken)?;
        let orientation = decoder.orientation().map_err(broken)?;
        let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
        // Made small before it is turned, for which it is copied.
        let mut image = DynamicImage::ImageRgb8(image.into_rgb8());
        image.apply_orientation(orientation);
        Ok(Self::from_rgb(&image.into_rgb8()))
    }

    fn from_rgb(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let pixels = image.as_raw();
        let luma = pixels.as_chunks::<3>().0.iter().map(luma).collect();
        let (mut blue, mut red) = (vec![0; half_width * half_height], vec![0; half_width * half_height]);
        for (at, (blue, red)) in
            blue.chunks_exact_mut(half_width).zip(red.chunks_exact_mut(half_width)).enumerate()
        {
            let row = |y: usize| pixels[y * width * 3..(y + 1) * width * 3].as_chunks::<3>().0;
            // At an odd border the last line or column counts twice, which leaves its mean as it is.
            let (upper, lower) = (row(2 * at), row((2 * at + 1).min(height - 1)));
            for (x, (blue, red)) in blue.iter_mut().zip(red).enumerate() {
                let (left, right) = (2 * x, (2 * x + 1).min(width - 1));
                let mean = std::array::from_fn(|colour| {
                    let sum = [upper[left], upper[right], lower[left], lower[right]]
                        .map(|pixel| i32::from(pixel[colour]));
                    sum.into_iter().sum::<i32>()
                });
                (*blue, *red) = chroma(mean);
            }
        }
        Self { width, height, planes: [luma, blue, red] }
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height as u32
    }

    /// Brightness in rows, and how many pixels there are in one.
    pub fn luma(&self) -> (&[u8], usize) {
        (&self.planes[0], self.width)
    }

    /// As the engine wants it.
    pub fn i420(&self) -> I420<'_> {
        let half = self.width.div_ceil(2);
        let [y, u, v] = &self.planes;
        I420 {
            width: self.width,
            height: self.height,
            pixel_aspect: 1.0,
            planes: [
                Plane { bytes: y, stride: self.width },
                Plane { bytes: u, stride: half },
                Plane { bytes: v, stride: half },
            ],
            colours: Colours::of(&VideoColorimetry::new(
                VideoColorRange::Range0_255,
                VideoColorMatrix::Bt601,
                VideoTransferFunction::Bt601,
                VideoColorPrimaries::Unknown,
            )),
        }
    }
}

/// Brightness by BT.601 in full range (JFIF 1.02), in parts of 2^16.
fn luma([red, green, blue]: &[u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(*red) + 38_470 * u32::from(*green) + 7_471 * u32::from(*blue);
    // At most 255 and a half: the factors are 2^16 together.
    ((sum + (1 << 15)) >> 16) as u8
}

/// Differences of colours of four pixels, of which the sums are given.
fn chroma([red, green, blue]: [i32; 3]) -> (u8, u8) {
    let difference = |sum: i32| ((sum + (128 << 18) + (1 << 17)) >> 18).clamp(0, 255) as u8;
    (
        difference(-11_058 * red - 21_710 * green + 32_768 * blue),
        difference(32_768 * red - 27_439 * green - 5_329 * blue),
    )
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb};
    use proptest::prelude::*;

    use super::*;

    /// 33 by 17 pixels, red on the left and blue on the right.
    fn sample() -> RgbImage {
        ImageBuffer::from_fn(33, 17, |x, _| if x < 16 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        sample().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

    #[test]
    fn three_formats_give_the_same_picture() {
        for format in FORMATS {
            let picture = Picture::decode(&encoded(format)).unwrap();
            assert_eq!((picture.width(), picture.height()), (33, 17), "{format:?}");
            let [luma, blue, red] = &picture.planes;
            assert_eq!((luma.len(), blue.len(), red.len()), (33 * 17, 17 * 9, 17 * 9));
            for (plane, left, right) in [(luma, 76, 29), (blue, 85, 255), (red, 255, 107)] {
                let (first, last) = (plane[0], plane[plane.len() - 1]);
                assert!(first.abs_diff(left) < 4 && last.abs_diff(right) < 4, "{format:?} {first} {last}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_broken_wherever_it_was_cut() {
        for format in FORMATS {
            let bytes = encoded(format);
            for percent in [30, 60, 80] {
                let cut = &bytes[..bytes.len() * percent / 100];
                let error = Picture::decode(cut).unwrap_err();
                assert!(matches!(error, PictureError::Broken(_)), "{format:?} at {percent} %: {error}");
            }
        }
    }

    #[test]
    fn other_files_are_told_apart_from_broken_ones() {
        for bytes in [&b""[..], b"hello", b"GIF89a\x01\0\x01\0\0\0\0;", &[0; 4000]] {
            assert_eq!(Picture::decode(bytes), Err(PictureError::Format));
        }
    }

    /// A PNG's head alone says how large it is: nothing is unpacked to find out.
    #[test]
    fn a_bomb_is_refused_by_its_head() {
        let bomb = with_head(16_383, 8, 2);
        assert_eq!(
            Picture::decode(&bomb),
            Err(PictureError::Size { width: 16_383, height: 16_383, most: MAX_PIXELS })
        );
        // Few enough pixels, of four colours with two bytes each.
        assert_eq!(Picture::decode(&with_head(6000, 16, 6)), Err(PictureError::Deep(288_000_000)));
    }

    /// A PNG whose head says that it is a square of `side` pixels, with colours of so many bits and that type.
    fn with_head(side: u32, bits: u8, colours: u8) -> Vec<u8> {
        let mut png = encoded(ImageFormat::Png);
        png[16..20].copy_from_slice(&side.to_be_bytes());
        png[20..24].copy_from_slice(&side.to_be_bytes());
        (png[24], png[25]) = (bits, colours);
        let sum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        png
    }

    /// The checksum of a PNG's parts: ISO/IEC 15948, annex D, bit by bit.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 }
            })
        })
    }

    #[test]
    fn a_picture_is_turned_as_its_exif_says() {
        // An EXIF part that says "turn right" (orientation 6), put behind the start of the image.
        let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut bytes = encoded(ImageFormat::Jpeg);
        let mut part = vec![0xff, 0xe1, 0, exif.len() as u8 + 2];
        part.extend_from_slice(exif);
        bytes.splice(2..2, part);
        let picture = Picture::decode(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (17, 33));
        assert!(picture.planes[2][0] > 240, "red is at the top now");
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_decoder(
            format in prop::sample::select(&FORMATS[..]),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let mut bytes = encoded(format);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Ok(picture) = Picture::decode(&bytes) {
                prop_assert_eq!(picture.planes[0].len() as u64, u64::from(picture.width()) * u64::from(picture.height()));
            }
        }
    }
}

//! Colours: the twelve of the tracks, and what RGB is in a given picture's YUV.
//!
//! The same person has the same colour in the video and in every list, so the table is public and fixed.

/// A colour as screens show it (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl Rgb {
    pub const BLACK: Self = Self::from_hex(0x00_0000);
    pub const WHITE: Self = Self::from_hex(0xff_ffff);
    /// Boxes that belong to no confirmed track.
    pub const GREY: Self = Self::from_hex(0xd8_dce2);

    /// `0xrrggbb`.
    pub const fn from_hex(hex: u32) -> Self {
        let [_, r, g, b] = hex.to_be_bytes();
        Self { r, g, b }
    }

    /// Black or white, whichever reads better on `self`.
    pub fn ink(self) -> Self {
        // Both contrasts of WCAG 2 are equal at this luminance.
        if self.luminance() > 0.179 { Self::BLACK } else { Self::WHITE }
    }

    /// Relative luminance as WCAG 2 defines it, 0..1.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Light without the screen's gamma, 0..1 each.
    fn linear(self) -> [f64; 3] {
        [self.r, self.g, self.b].map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }
}

/// The colours of tracks, in the order they are given out.
///
/// Found by search: the smallest distance (in Oklab) between any two, as seen with full colour sight and with
/// each of the three kinds of colour blindness, is as large as could be had; then ordered so that tracks with
/// neighbouring numbers, who are often in the picture together, differ most. A test holds both.
pub const TRACK_COLOURS: [Rgb; 12] = [
    Rgb::from_hex(0xf2_e556),
    Rgb::from_hex(0x9f_75ff),
    Rgb::from_hex(0xe4_4986),
    Rgb::from_hex(0x15_fffc),
    Rgb::from_hex(0xff_9800),
    Rgb::from_hex(0x0d_94b6),
    Rgb::from_hex(0xb2_2900),
    Rgb::from_hex(0x22_cf85),
    Rgb::from_hex(0x33_59d6),
    Rgb::from_hex(0xa0_8205),
    Rgb::from_hex(0xb4_b8ed),
    Rgb::from_hex(0x94_3298),
];

/// The colour of a track; numbers start at 1.
pub fn track_colour(track: u64) -> Rgb {
    let index = track.saturating_sub(1) % TRACK_COLOURS.len() as u64;
    TRACK_COLOURS[index as usize]
}

/// A colour in the terms of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yuv {
    pub y: u8,
    pub u: u8,
    pub v: u8,
}

/// How a picture turns RGB into YUV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct YuvSpace {
    kr: f64,
    kb: f64,
    range: Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Luma 16..235, chroma 16..240: what cameras send.
    Limited,
    /// 0..255 each: what JPEG cameras send.
    Full,
}

impl YuvSpace {
    /// Standard definition, limited range.
    pub const BT601: Self = Self { kr: 0.299, kb: 0.114, range: Range::Limited };
    /// High definition, limited range.
    pub const BT709: Self = Self { kr: 0.2126, kb: 0.0722, range: Range::Limited };

    /// The same matrix with the full range of values.
    #[must_use]
    pub fn full_range(self) -> Self {
        Self { range: Range::Full, ..self }
    }

    /// What `info` says; where it says nothing, BT.601 up to 576 lines and BT.709 above, as broadcasters do.
    pub fn of(info: &gst_video::VideoInfo) -> Self {
        let colorimetry = info.colorimetry();
        let guess = if info.height() <= 576 { Self::BT601 } else { Self::BT709 };
        let (kr, kb) = colorimetry.matrix().kr_kb().unwrap_or((guess.kr, guess.kb));
        let range = match colorimetry.range() {
            gst_video::VideoColorRange::Range0_255 => Range::Full,
            _ => Range::Limited,
        };
        Self { kr, kb, range }
    }

    /// `rgb` in this picture.
    pub fn yuv(self, rgb: Rgb) -> Yuv {
        let [r, g, b] = [rgb.r, rgb.g, rgb.b].map(|value| f64::from(value) / 255.0);
        let luma = self.kr * r + (1.0 - self.kr - self.kb) * g + self.kb * b;
        let u = (b - luma) / (2.0 * (1.0 - self.kb));
        let v = (r - luma) / (2.0 * (1.0 - self.kr));
        let (black, luma_span, chroma_span) = match self.range {
            Range::Limited => (16.0, 219.0, 224.0),
            Range::Full => (0.0, 255.0, 255.0),
        };
        let byte = |value: f64| value.round().clamp(0.0, 255.0) as u8;
        Yuv {
            y: byte(black + luma * luma_span),
            u: byte(128.0 + u * chroma_span),
            v: byte(128.0 + v * chroma_span),
        }
    }

    /// The luma of black.
    pub fn black(self) -> u8 {
        self.yuv(Rgb::BLACK).y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each kind of sight makes of linear RGB: full, and the three dichromacies by the model of Machado,
    /// Oliveira and Fernandes (2009) at full severity.
    const SIGHTS: [(&str, [[f64; 3]; 3]); 4] = [
        ("full", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn apply(matrix: [[f64; 3]; 3], colour: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(colour).map(|(a, b)| a * b).sum())
    }

    /// Björn Ottosson's Oklab: distances in it are near to what people see.
    fn oklab(linear: [f64; 3]) -> [f64; 3] {
        let lms = apply(
            [
                [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
                [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
                [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
            ],
            linear.map(|value| value.clamp(0.0, 1.0)),
        );
        apply(
            [
                [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
                [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
                [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
            ],
            lms.map(f64::cbrt),
        )
    }

    fn distance(a: Rgb, b: Rgb, sight: [[f64; 3]; 3]) -> f64 {
        let [a, b] = [a, b].map(|colour| oklab(apply(sight, colour.linear())));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn track_colours_stay_apart_for_colour_blind_people() {
        for (name, sight) in SIGHTS {
            for (i, a) in TRACK_COLOURS.iter().enumerate() {
                for (j, b) in TRACK_COLOURS.iter().enumerate().skip(i + 1) {
                    let apart = distance(*a, *b, sight);
                    assert!(apart > 0.10, "{name}: {i} and {j} are {apart:.3} apart");
                }
            }
        }
    }

    #[test]
    fn neighbouring_numbers_differ_more_than_any_two_colours() {
        for (name, sight) in SIGHTS {
            for track in 1..=12 {
                for next in track + 1..=track + 3 {
                    let apart = distance(track_colour(track), track_colour(next), sight);
                    assert!(apart > 0.108, "{name}: tracks {track} and {next} are {apart:.3} apart");
                }
            }
        }
    }

    #[test]
    fn text_on_every_track_colour_has_a_contrast_of_four_and_a_half() {
        for colour in TRACK_COLOURS {
            let (a, b) = (colour.luminance() + 0.05, colour.ink().luminance() + 0.05);
            assert!(a.max(b) / a.min(b) >= 4.5, "{colour:?}");
        }
    }

    #[test]
    fn the_thirteenth_track_starts_the_colours_again() {
        assert_eq!(track_colour(1), TRACK_COLOURS[0]);
        assert_eq!(track_colour(12), TRACK_COLOURS[11]);
        assert_eq!(track_colour(13), TRACK_COLOURS[0]);
        assert_eq!(track_colour(0), TRACK_COLOURS[0]);
    }

    #[test]
    fn known_colours_have_their_known_values() {
        let red = Rgb::from_hex(0xff_0000);
        assert_eq!(YuvSpace::BT601.yuv(red), Yuv { y: 81, u: 90, v: 240 });
        assert_eq!(YuvSpace::BT709.yuv(red), Yuv { y: 63, u: 102, v: 240 });
        assert_eq!(YuvSpace::BT601.full_range().yuv(red), Yuv { y: 76, u: 85, v: 255 });
        assert_eq!(YuvSpace::BT709.yuv(Rgb::WHITE), Yuv { y: 235, u: 128, v: 128 });
        assert_eq!(YuvSpace::BT601.full_range().black(), 0);
    }

    #[test]
    fn a_picture_is_taken_at_its_word_about_its_colours() {
        gst::init().expect("GStreamer should start");
        let info = |height, colorimetry: &str| {
            gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 640, height)
                .colorimetry(&colorimetry.parse().expect("a known name"))
                .build()
                .expect("a valid picture")
        };
        let red = Rgb::from_hex(0xff_0000);
        assert_eq!(YuvSpace::of(&info(480, "bt709")).yuv(red), YuvSpace::BT709.yuv(red));
        assert_eq!(YuvSpace::of(&info(1080, "bt601")).yuv(red), YuvSpace::BT601.yuv(red));
        assert_eq!(YuvSpace::of(&info(480, "1:4:0:0")).yuv(red), YuvSpace::BT601.full_range().yuv(red));
        assert_eq!(YuvSpace::of(&info(1080, "0:0:0:0")), YuvSpace::BT709);
        assert_eq!(YuvSpace::of(&info(480, "0:0:0:0")), YuvSpace::BT601);
    }
}

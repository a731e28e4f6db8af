//! Which of twelve words a colour is called by, and which of them clothes mostly have.
//!
//! Colours are compared in CIE L*a*b* (CIE 15:2018, 8.2.1; sRGB by IEC 61966-2-1 under D65), where distances are near
//! to what people see. Words do not have round borders there, so each is a rule on lightness, chroma and hue: what
//! hardly has chroma is black, grey or white by its lightness; what is dark needs more chroma to be called by its hue,
//! as cameras' noise has some; brown, beige and pink are dark orange, pale yellow and pale red.

/// A colour's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Black,
    White,
    Grey,
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Brown,
    Beige,
}

impl Colour {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Black,
        Self::White,
        Self::Grey,
        Self::Red,
        Self::Orange,
        Self::Yellow,
        Self::Green,
        Self::Blue,
        Self::Purple,
        Self::Pink,
        Self::Brown,
        Self::Beige,
    ];

    /// Its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::White => "white",
            Self::Grey => "grey",
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Pink => "pink",
            Self::Brown => "brown",
            Self::Beige => "beige",
        }
    }

    /// The word for a colour.
    pub fn of(lab: Lab) -> Self {
        let (light, chroma, hue) = (lab.l, lab.chroma(), lab.hue());
        if is_black(light, chroma, hue) {
            return Self::Black;
        }
        if chroma < LEAST_CHROMA {
            return if light > 80.0 { Self::White } else { Self::Grey };
        }
        if light > 78.0 && chroma < 14.0 {
            return if (40.0..110.0).contains(&hue) && chroma > 9.0 { Self::Beige } else { Self::White };
        }
        match hue {
            ..18.0 | 345.0.. if light > 60.0 => Self::Pink,
            ..18.0 | 345.0.. if chroma > 16.0 => Self::Red,
            ..18.0 | 345.0.. => Self::Purple,
            ..42.0 => Self::of_red(light, chroma, hue),
            ..108.0 => Self::of_yellow(light, chroma, hue),
            // Weak greens and turquoises are grey things in a coloured light.
            ..250.0 if chroma < 9.0 => Self::Grey,
            ..195.0 => Self::Green,
            ..300.0 => Self::Blue,
            // The darker a blue, the more of purple there is in its hue.
            ..BLUE_END if light < 30.0 => Self::Blue,
            ..330.0 => Self::Purple,
            _ if light > 55.0 => Self::Pink,
            _ => Self::Purple,
        }
    }

    /// Between red and orange.
    fn of_red(light: f32, chroma: f32, hue: f32) -> Self {
        match (light, chroma) {
            (68.0.., ..42.0) if hue < 28.0 => Self::Pink,
            (68.0.., ..42.0) => Self::Beige,
            (..58.0, 38.0..) if hue < 40.0 => Self::Red,
            (_, 38.0..) => Self::Orange,
            (..45.0, 20.0..) if hue < 32.0 => Self::Red,
            (..62.0, _) => Self::Brown,
            _ => Self::Beige,
        }
    }

    /// Between orange and the beginning of green.
    fn of_yellow(light: f32, chroma: f32, hue: f32) -> Self {
        let is_orange = hue < 72.0;
        match (light, chroma) {
            (45.0.., 45.0..) if is_orange => Self::Orange,
            (66.0.., 40.0..) if is_orange => Self::Orange,
            (50.0.., 38.0..) if !is_orange => Self::Yellow,
            (64.0.., 10.0..) => Self::Beige,
            (64.0.., _) => Self::Grey,
            (_, 12.0..) => Self::Brown,
            (_, 8.0..) if is_orange => Self::Brown,
            _ => Self::Grey,
        }
    }
}

/// Chroma below which a colour has none to speak of.
const LEAST_CHROMA: f32 = 7.0;

/// Where the hues of dark blues end.
const BLUE_END: f32 = 312.0;

/// The darker something is, the more of its chroma is the camera's noise and its compression. Those leave blue and
/// red, which clothes have in their darkest forms, further from grey than the rest.
fn is_black(light: f32, chroma: f32, hue: f32) -> bool {
    let is_blue = (250.0..BLUE_END).contains(&hue);
    let is_red = !(50.0..=330.0).contains(&hue);
    let limit = match light {
        ..8.0 if is_blue => 14.0,
        ..8.0 if is_red => 22.0,
        ..8.0 => f32::INFINITY,
        ..20.0 if is_blue => 9.0,
        ..20.0 => 12.0,
        ..26.0 => 5.0,
        _ => 0.0,
    };
    chroma < limit
}

/// A colour in CIE L*a*b* under D65.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lab {
    /// Lightness, 0 (black) to 100 (white).
    pub l: f32,
    /// From green to red.
    pub a: f32,
    /// From blue to yellow.
    pub b: f32,
}

impl Lab {
    /// Of red, green and blue as screens show them, 0..255.
    pub fn of_rgb(rgb: [f32; 3]) -> Self {
        let [r, g, b] = rgb.map(|value| {
            let value = value / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        // To XYZ, over those of D65's white.
        let x = (0.412_456 * r + 0.357_576 * g + 0.180_437 * b) / 0.950_47;
        let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
        let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
        let [x, y, z] = [x, y, z].map(|value| {
            const EDGE: f32 = 6.0 / 29.0;
            if value > EDGE.powi(3) { value.cbrt() } else { value / (3.0 * EDGE * EDGE) + 4.0 / 29.0 }
        });
        Self { l: 116.0 * y - 16.0, a: 500.0 * (x - y), b: 200.0 * (y - z) }
    }

    /// Distance from grey.
    pub fn chroma(self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Degrees, 0 to 360: 0 is a red with blue in it, 90 yellow, 180 green, 270 blue.
    pub fn hue(self) -> f32 {
        self.b.atan2(self.a).to_degrees().rem_euclid(360.0)
    }

    /// Distance as people see it, roughly: CIE 1976, 2 is hardly to be seen.
    pub fn distance(self, other: Self) -> f32 {
        let (l, a, b) = (self.l - other.l, self.a - other.a, self.b - other.b);
        (l * l + a * a + b * b).sqrt()
    }

    /// The middle of each coordinate; `None` of nothing.
    pub fn median(colours: &[Self]) -> Option<Self> {
        let middle = |of: fn(&Self) -> f32| {
            let mut values: Vec<f32> = colours.iter().map(of).collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Some(Self { l: middle(|lab| lab.l)?, a: middle(|lab| lab.a)?, b: middle(|lab| lab.b)? })
    }
}

/// How much of each colour there is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Palette([f32; Colour::ALL.len()]);

impl Palette {
    /// Of equal pieces, each of one colour; they sum up to 1, or to 0 when there are none.
    pub fn of(pieces: &[Lab]) -> Self {
        let mut palette = Self::default();
        let share = 1.0 / pieces.len().max(1) as f32;
        for lab in pieces {
            palette.0[Colour::of(*lab) as usize] += share;
        }
        palette
    }

    /// Adds `other`, which counts by `weight`.
    pub fn add(&mut self, other: &Self, weight: f32) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs * weight;
        }
    }

    /// Colours and their part of the whole, most first; none when there is nothing.
    pub fn ranked(&self) -> Vec<(Colour, f32)> {
        let whole: f32 = self.0.iter().sum();
        if whole <= 0.0 {
            return Vec::new();
        }
        let mut ranked: Vec<_> = Colour::ALL.into_iter().zip(self.0.map(|share| share / whole)).collect();
        ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
        ranked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(hex: u32) -> Lab {
        let [_, r, g, b] = hex.to_be_bytes();
        Lab::of_rgb([r, g, b].map(f32::from))
    }

    #[test]
    fn known_colours_have_their_known_coordinates() {
        for (hex, l, a, b) in
            [(0xff_ffff, 100.0, 0.0, 0.0), (0xff_0000, 53.2, 80.1, 67.2), (0x00_00ff, 32.3, 79.2, -107.9)]
        {
            let found = lab(hex);
            assert!(found.distance(Lab { l, a, b }) < 0.2, "{hex:06x}: {found:?}");
        }
        assert!((lab(0xff_ff00).hue() - 102.9).abs() < 0.2);
    }

    #[test]
    fn colours_of_clothes_have_the_words_that_people_use() {
        let cases = [
            (Colour::Black, &[0x00_0000, 0x12_1212, 0x1c_1a1d, 0x20_1c18][..]),
            (Colour::White, &[0xff_ffff, 0xf2_f2f2, 0xe8_e9ec, 0xf5_f3ee]),
            (Colour::Grey, &[0x80_8080, 0x5a_5c5e, 0xa9_a9a9, 0x4c_4a4b]),
            (Colour::Red, &[0xd0_1020, 0xa3_1621, 0x7c_1c22, 0xe3_2636]),
            (Colour::Orange, &[0xff_8c00, 0xf2_6a1b, 0xe0_7b28, 0xd9_5f0e]),
            (Colour::Yellow, &[0xff_d800, 0xf4_c430, 0xe5_d13a, 0xc8_a812]),
            (Colour::Green, &[0x22_8b22, 0x2e_5d34, 0x4f_7942, 0x6f_c276]),
            (Colour::Blue, &[0x00_00cd, 0x1f_3a68, 0x14_1e46, 0x5b_86c4, 0x87_b5e5]),
            (Colour::Purple, &[0x80_0080, 0x6a_2c91, 0x58_3a75, 0x93_5bb0]),
            (Colour::Pink, &[0xff_c0cb, 0xf0_7fa8, 0xff_69b4, 0xe8_a0b4]),
            (Colour::Brown, &[0x8b_4513, 0x5c_3a21, 0x6f_4e37, 0x7a_5230]),
            (Colour::Beige, &[0xf5_e6c8, 0xd9_c4a0, 0xc8_ad7f, 0xe3_d2b5]),
        ];
        for (colour, hexes) in cases {
            for hex in hexes {
                assert_eq!(Colour::of(lab(*hex)), colour, "{hex:06x} {:?}", lab(*hex));
            }
        }
    }

    #[test]
    fn a_palette_tells_what_there_is_most_of() {
        let (red, blue) = (lab(0xd0_1020), lab(0x1f_3a68));
        let mut palette = Palette::of(&[red, blue, red, red]);
        assert_eq!(palette.ranked()[..2], [(Colour::Red, 0.75), (Colour::Blue, 0.25)]);
        palette.add(&Palette::of(&[blue]), 3.0);
        assert_eq!(palette.ranked()[0], (Colour::Blue, 0.8125));
        assert!(Palette::of(&[]).ranked().is_empty());
    }

    #[test]
    fn the_middle_of_colours_ignores_a_few_others() {
        let grey = lab(0x80_8080);
        assert_eq!(Lab::median(&[grey, lab(0xff_0000), grey, grey, lab(0x00_0000)]), Some(grey));
        assert_eq!(Lab::median(&[]), None);
    }
}

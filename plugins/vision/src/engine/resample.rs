//! Shrinks or grows a plane, one row at a time, without keeping a picture in between.
//!
//! Down to half size two neighbours are mixed (bilinear, what networks are trained with); below that the source is
//! averaged first, since skipping pixels makes far people flicker. Whole rows are mixed, then the mixed row is halved
//! until two neighbours are enough, both in loops the compiler turns into vector code; only the last step picks
//! single pixels.

use super::frame::Plane;

/// Weights of one output add up to this, so that a mixed row fits `u16`: 255 · 256 < 65536.
const WHOLE: u16 = 256;

/// Up to this scale (source pixels an output pixel) two neighbours are enough.
const BILINEAR_UP_TO: f32 = 2.0;

/// Which source pixels make each output pixel, along one axis.
#[derive(Debug, Clone, PartialEq)]
struct Taps {
    /// Source pixels an output pixel.
    count: usize,
    /// First source pixel of each output pixel.
    starts: Vec<usize>,
    /// `count` weights an output pixel, adding up to [`WHOLE`].
    weights: Vec<u16>,
}

/// Makes output rows of the source's width out of source rows.
#[derive(Debug)]
pub(super) struct Down(Taps);

/// Makes an output row of mixed rows.
#[derive(Debug)]
pub(super) struct Across {
    /// How often the row is halved first.
    halvings: u32,
    taps: Taps,
    halved: [Vec<u16>; 2],
}

impl Taps {
    /// For `target` outputs out of `source` pixels, from the place `first` on, with `scale` source pixels an output.
    fn new(source: usize, target: usize, first: f32, scale: f32) -> Self {
        let is_bilinear = scale <= BILINEAR_UP_TO;
        let count = if is_bilinear { 2 } else { (scale.ceil() as usize).saturating_add(1) }.min(source);
        let half = if is_bilinear { 0.5 } else { scale / 2.0 };
        let mut taps = Self { count, starts: Vec::with_capacity(target), weights: Vec::new() };
        for index in 0..target {
            let centre = first + (index as f32 + 0.5) * scale;
            let (from, to) = (centre - half, centre + half);
            let start = from.floor().clamp(0.0, (source - count) as f32);
            // The share of each source pixel that lies in from..to; at the borders the outermost pixel goes on.
            let mut shares = vec![0.0; count];
            for (number, share) in shares.iter_mut().enumerate() {
                let left = if number == 0 { f32::NEG_INFINITY } else { start + number as f32 };
                let right = if number + 1 == count { f32::INFINITY } else { start + number as f32 + 1.0 };
                *share = (to.min(right) - from.max(left)).max(0.0);
            }
            taps.starts.push(start as usize);
            taps.weights.extend(whole_weights(&shares, to - from));
        }
        taps
    }
}

impl Down {
    /// From `source` rows to `target`; both at least 1.
    pub(super) fn new(source: usize, target: usize) -> Self {
        Self::part(source, target, 0.0, source as f32 / target as f32)
    }

    /// The same for a part of the source, or what sticks out of it: from the place `first` on, `scale` rows an output.
    pub(super) fn part(source: usize, target: usize, first: f32, scale: f32) -> Self {
        Self(Taps::new(source, target, first, scale))
    }

    /// Mixes the source rows of output row `index` into `mixed`, whose length is the width to mix.
    pub(super) fn mix(&self, plane: &Plane<'_>, index: usize, mixed: &mut [u16]) {
        let Taps { count, starts, weights } = &self.0;
        let width = mixed.len();
        let row = |number: usize| &plane.bytes[(starts[index] + number) * plane.stride..][..width];
        let weights = &weights[index * count..][..*count];
        if let [first, second, ..] = *weights {
            for ((mixed, above), below) in mixed.iter_mut().zip(row(0)).zip(row(1)) {
                *mixed = u16::from(*above) * first + u16::from(*below) * second;
            }
        } else {
            for (mixed, only) in mixed.iter_mut().zip(row(0)) {
                *mixed = u16::from(*only) * WHOLE;
            }
        }
        // Two rows at a time, since reading and writing `mixed` costs as much as a row.
        for number in (2..*count).step_by(2) {
            let first = weights[number];
            let (next, second) = match weights.get(number + 1) {
                Some(second) => (row(number + 1), *second),
                None => (row(number), 0),
            };
            for ((mixed, above), below) in mixed.iter_mut().zip(row(number)).zip(next) {
                *mixed += u16::from(*above) * first + u16::from(*below) * second;
            }
        }
    }
}

impl Across {
    /// From `source` pixels to `target`; both at least 1.
    pub(super) fn new(source: usize, target: usize) -> Self {
        Self::part(source, target, 0.0, source as f32 / target as f32)
    }

    /// The same for a part of the source, or what sticks out of it: from the place `first` on, `scale` pixels an
    /// output.
    pub(super) fn part(source: usize, target: usize, mut first: f32, mut scale: f32) -> Self {
        let mut width = source;
        let mut halvings = 0;
        while scale > BILINEAR_UP_TO && width > 1 {
            (first, scale) = (first / 2.0, scale / 2.0);
            width = width.div_ceil(2);
            halvings += 1;
        }
        let halved = if halvings > 0 {
            [vec![0; source.div_ceil(2)], vec![0; source.div_ceil(4)]]
        } else {
            [vec![], vec![]]
        };
        Self { halvings, taps: Taps::new(width, target, first, scale), halved }
    }

    /// Samples `mixed` at every output pixel into `out`, in the scale of the source, 0..255.
    pub(super) fn sample(&mut self, mixed: &[u16], out: &mut [f32]) {
        let [one, two] = &mut self.halved;
        let mut width = mixed.len();
        let mut row = mixed;
        for _ in 0..self.halvings {
            halve(&row[..width], one);
            width = width.div_ceil(2);
            std::mem::swap(one, two);
            row = two;
        }
        self.taps.pick(&row[..width], out);
    }
}

impl Taps {
    /// Mixes single pixels of a row; two of them at most, since rows are halved before.
    fn pick(&self, row: &[u16], out: &mut [f32]) {
        const SCALE: f32 = 1.0 / (WHOLE as f32 * WHOLE as f32);
        if self.count == 1 {
            let only = row.first().copied().unwrap_or_default();
            out.fill(f32::from(only) / f32::from(WHOLE));
            return;
        }
        let pairs = self.weights.as_chunks::<2>().0;
        for ((out, start), [first, second]) in out.iter_mut().zip(&self.starts).zip(pairs) {
            let Some([left, right]) = row.get(*start..).and_then(|rest| rest.first_chunk()) else { return };
            let sum = u32::from(*left) * u32::from(*first) + u32::from(*right) * u32::from(*second);
            *out = sum as f32 * SCALE;
        }
    }
}

/// Mean of every two pixels; a last single one stays as it is.
fn halve(row: &[u16], half: &mut Vec<u16>) {
    let (pairs, single) = row.as_chunks::<2>();
    half.resize(pairs.len(), 0);
    for (half, [left, right]) in half.iter_mut().zip(pairs) {
        *half = ((u32::from(*left) + u32::from(*right) + 1) >> 1) as u16;
    }
    half.extend(single);
}

/// `shares` of `total` in whole numbers that add up to [`WHOLE`] exactly: each is what the rounded sum grows by.
fn whole_weights(shares: &[f32], total: f32) -> impl Iterator<Item = u16> {
    let mut covered = 0.0;
    let mut given = 0;
    shares.iter().map(move |share| {
        covered += share;
        let sum = (covered / total * f32::from(WHOLE)).round() as u16;
        let weight = sum - given;
        given = sum;
        weight
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Resamples one row of `source` pixels to `target`.
    fn row(source: &[u8], target: usize) -> Vec<f32> {
        let mixed: Vec<u16> = source.iter().map(|value| u16::from(*value) * WHOLE).collect();
        let mut out = vec![0.0; target];
        Across::new(source.len(), target).sample(&mixed, &mut out);
        out
    }

    #[test]
    fn rows_are_mixed_as_expected() {
        let cases: [(&str, &[u8], &[f32]); 6] = [
            ("same size", &[0, 100, 200], &[0.0, 100.0, 200.0]),
            ("half size", &[0, 100, 200, 100], &[50.0, 150.0]),
            ("a quarter", &[0, 100, 200, 100, 8, 16, 24, 32], &[100.0, 20.0]),
            ("an odd length", &[50, 50, 200, 200, 200], &[68.75, 200.0]),
            ("double size", &[0, 100], &[0.0, 25.0, 75.0, 100.0]),
            ("of one pixel", &[70], &[70.0, 70.0]),
        ];
        for (name, source, expected) in cases {
            let found = row(source, expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1.0, "{name}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn padding_behind_a_row_is_not_read() {
        let bytes = [10, 20, 255, 30, 40, 255, 50, 60];
        let plane = Plane { bytes: &bytes, stride: 3 };
        let mut mixed = [0; 2];
        Down::new(3, 1).mix(&plane, 0, &mut mixed);
        for (mixed, mean) in mixed.iter().zip([30.0, 40.0]) {
            assert!((f32::from(*mixed) / f32::from(WHOLE) - mean).abs() < 1.0);
        }
    }

    proptest! {
        #[test]
        fn a_flat_plane_stays_flat_and_no_tap_leaves_it(
            source in 1usize..400,
            target in 1usize..200,
            value: u8,
        ) {
            let flat = row(&vec![value; source], target);
            prop_assert_eq!(flat.len(), target);
            for found in flat {
                prop_assert!((found - f32::from(value)).abs() < 0.001);
            }
        }

        #[test]
        fn a_ramp_stays_a_ramp(source in 2usize..250, target in 2usize..120) {
            let ramp: Vec<u8> = (0..source).map(|value| value as u8).collect();
            let scale = source as f32 / target as f32;
            let found = row(&ramp, target);
            for (index, found) in found.iter().enumerate() {
                let expected = ((index as f32 + 0.5) * scale - 0.5).clamp(0.0, (source - 1) as f32);
                // Half a pixel at the borders, where the outermost pixel goes on, and the rounding of weights.
                prop_assert!((found - expected).abs() < 0.75 + scale * 0.1, "{index}: {found}, not {expected}");
            }
        }
    }
}

//! Shrinks or grows a plane, one row at a time, without keeping a picture in between.
//!
//! Down to half size two neighbours are mixed (bilinear, what networks are trained with); below that every source
//! pixel counts (area), since skipping pixels makes far people flicker. First whole rows are mixed, which the
//! compiler turns into vector code, then the mixed row is sampled.

use super::frame::Plane;

/// Weights of one output add up to this, so that a mixed row fits `u16`: 255 · 256 < 65536.
const WHOLE: u16 = 256;

/// Below this scale (source pixels an output pixel) two neighbours are enough.
const BILINEAR_UP_TO: f32 = 2.0;

/// Which source pixels make each output pixel, along one axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taps {
    /// Source pixels an output pixel.
    count: usize,
    /// First source pixel of each output pixel.
    starts: Vec<usize>,
    /// `count` weights an output pixel, adding up to [`WHOLE`].
    weights: Vec<u16>,
}

impl Taps {
    /// From `source` pixels to `target` pixels; both at least 1.
    pub(super) fn new(source: usize, target: usize) -> Self {
        let scale = source as f32 / target as f32;
        let count = if scale <= BILINEAR_UP_TO { 2 } else { scale.ceil() as usize + 1 }.min(source);
        let mut taps = Self { count, starts: Vec::with_capacity(target), weights: Vec::new() };
        for index in 0..target {
            let centre = (index as f32 + 0.5) * scale;
            let half = if scale <= BILINEAR_UP_TO { 0.5 } else { scale / 2.0 };
            let (from, to) = (centre - half, centre + half);
            let last_start = (source - count) as f32;
            let start = from.floor().clamp(0.0, last_start);
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

    fn of(&self, index: usize) -> (usize, &[u16]) {
        (self.starts[index], &self.weights[index * self.count..][..self.count])
    }

    /// Mixes the source rows of output row `index` into `mixed`, whose length is the width to mix.
    pub(super) fn mix_rows(&self, plane: &Plane<'_>, index: usize, mixed: &mut [u16]) {
        let (start, weights) = self.of(index);
        let width = mixed.len();
        let row = |number: usize| &plane.bytes[(start + number) * plane.stride..][..width];
        if let [first, second] = *weights {
            for ((mixed, above), below) in mixed.iter_mut().zip(row(0)).zip(row(1)) {
                *mixed = u16::from(*above) * first + u16::from(*below) * second;
            }
            return;
        }
        mixed.fill(0);
        for (number, weight) in weights.iter().enumerate() {
            for (mixed, source) in mixed.iter_mut().zip(row(number)) {
                *mixed += u16::from(*source) * weight;
            }
        }
    }

    /// Samples `mixed` at every output pixel into `out`, in the scale of the source, 0..255.
    pub(super) fn sample(&self, mixed: &[u16], out: &mut [f32]) {
        const SCALE: f32 = 1.0 / (WHOLE as f32 * WHOLE as f32);
        if self.count == 2 {
            let pairs = self.weights.as_chunks::<2>().0;
            for ((out, start), [first, second]) in out.iter_mut().zip(&self.starts).zip(pairs) {
                let sum = u32::from(mixed[*start]) * u32::from(*first)
                    + u32::from(mixed[*start + 1]) * u32::from(*second);
                *out = sum as f32 * SCALE;
            }
            return;
        }
        for ((out, start), weights) in
            out.iter_mut().zip(&self.starts).zip(self.weights.chunks_exact(self.count))
        {
            let sources = &mixed[*start..*start + self.count];
            let sum: u32 = sources
                .iter()
                .zip(weights)
                .map(|(source, weight)| u32::from(*source) * u32::from(*weight))
                .sum();
            *out = sum as f32 * SCALE;
        }
    }
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
        Taps::new(source.len(), target).sample(&mixed, &mut out);
        out
    }

    #[test]
    fn rows_are_mixed_as_expected() {
        let cases: [(&str, &[u8], &[f32]); 6] = [
            ("same size", &[0, 100, 200], &[0.0, 100.0, 200.0]),
            ("half size", &[0, 100, 200, 100], &[50.0, 150.0]),
            ("a third", &[30, 60, 90, 0, 0, 255], &[60.0, 85.0]),
            ("a quarter of one", &[8, 16, 24, 32], &[20.0]),
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
        Taps::new(3, 1).mix_rows(&plane, 0, &mut mixed);
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

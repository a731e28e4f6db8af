//! From any rate to the one that is analysed, without echoes of what lies above it.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use super::sound::SoundError;

/// Samples under the filter: enough for a steep one also from 192 kHz down.
const FILTER: usize = 256;

/// Samples at a time.
const CHUNK: usize = 4096;

/// `samples` of one channel at `from_hz` as they are at `to_hz`.
///
/// # Errors
/// When the filter fails, which it does not for rates that are taken.
pub(super) fn to_rate(samples: Vec<f32>, from_hz: u32, to_hz: u32) -> Result<Vec<f32>, SoundError> {
    if from_hz == to_hz {
        return Ok(samples);
    }
    let parameters = SincInterpolationParameters::new(FILTER, WindowFunction::Blackman2)
        .oversampling_factor(256)
        .interpolation(SincInterpolationType::Linear);
    let ratio = f64::from(to_hz) / f64::from(from_hz);
    let broken = |error: &dyn std::fmt::Display| SoundError::Broken(error.to_string());
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
        .map_err(|error| broken(&error))?;
    let input = InterleavedSlice::new(&samples, 1, samples.len()).map_err(|error| broken(&error))?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|error| broken(&error))?;
    Ok(output.take_data())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// A second of a tone, `phase` of a turn late.
    fn tone(hertz: f64, rate_hz: u32, phase: f64) -> Vec<f32> {
        (0..rate_hz)
            .map(|at| (TAU * (hertz * f64::from(at) / f64::from(rate_hz) - phase)).sin() as f32)
            .collect()
    }

    fn rms(samples: &[f32]) -> f64 {
        (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_stays_what_it_was() {
        for rate in [8000, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let resampled = to_rate(tone(1000.0, rate, 0.0), rate, 16_000).unwrap();
            assert_eq!(resampled.len(), 16_000, "{rate}");
            // In whole periods, what is left beside the tone at its own phase, whatever that is.
            let middle = 1600..14_400;
            let share = |phase| {
                let pure = tone(1000.0, 16_000, phase);
                let pairs = resampled[middle.clone()].iter().zip(&pure[middle.clone()]);
                2.0 * pairs.map(|(one, other)| f64::from(*one) * f64::from(*other)).sum::<f64>() / 12_800.0
            };
            let (sine, cosine) = (share(0.0), share(-0.25));
            assert!((sine.hypot(cosine) - 1.0).abs() < 0.002, "{rate}: as loud as it was");
            let late = cosine.atan2(sine) / TAU * 16.0;
            assert!(late.abs() < 1.1, "{rate}: {late} samples beside its place");
            let rest = (rms(&resampled[middle]).powi(2) * 2.0 - sine.powi(2) - cosine.powi(2)).abs();
            assert!(rest < 1e-5, "{rate}: {rest} of something else");
        }
    }

    #[test]
    fn what_is_too_high_for_the_new_rate_leaves_no_echo() {
        for hertz in [9_000.0, 12_000.0, 20_000.0] {
            let resampled = to_rate(tone(hertz, 48_000, 0.0), 48_000, 16_000).unwrap();
            assert!(rms(&resampled[1000..15_000]) < 0.0002, "{hertz}: {}", rms(&resampled));
        }
    }
}

//! Bytes of any format that is taken → mono at 16 kHz.

use thiserror::Error;

use super::pcm::{self, Raw};
use super::{opus, resample, wav};

/// Samples a second, as the network wants them.
pub const RATE_HZ: u32 = 16_000;

/// Longest sound: more than anybody says to a totem, and no bomb.
pub const MAX_SECONDS: u64 = 300;

/// Why bytes are no sound that can be analysed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SoundError {
    /// Sound, but of no kind that is taken.
    #[error("{0}")]
    Unsupported(String),
    #[error("the sound is longer than {MAX_SECONDS} s")]
    Long,
    #[error("the sound is cut off or broken: {0}")]
    Broken(String),
    /// This machine's fault.
    #[error("Opus cannot be decoded here: {0}")]
    NoDecoder(String),
}

/// What bytes are said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A RIFF file with samples as they are.
    Wav,
    /// Nothing but samples.
    Raw(Raw),
    /// An Ogg file with one Opus stream: RFC 7845.
    OggOpus,
}

/// A sound as it is analysed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// The mean of all channels, -1..1, [`RATE_HZ`] a second.
    pub samples: Vec<f32>,
    pub duration_ms: u64,
}

impl Sound {
    /// The sound that `bytes` hold. A function of its arguments alone: whatever they are, it answers, and in memory
    /// of a few times their size or that of the longest sound.
    ///
    /// # Errors
    /// When `bytes` are of another format, too long, cut off, or no sound at all.
    pub fn decode(bytes: &[u8], format: Format) -> Result<Self, SoundError> {
        match format {
            Format::Wav => {
                let (raw, samples) = wav::parse(bytes)?;
                Self::of_raw(samples, raw)
            }
            Format::Raw(raw) => Self::of_raw(bytes, raw),
            Format::OggOpus => {
                let samples = opus::decode(bytes)?;
                let duration_ms = duration_ms(samples.len(), RATE_HZ);
                Ok(Self { samples, duration_ms })
            }
        }
    }

    fn of_raw(bytes: &[u8], raw: Raw) -> Result<Self, SoundError> {
        let samples = pcm::mono(bytes, raw)?;
        let duration_ms = duration_ms(samples.len(), raw.rate_hz);
        let mut samples = resample::to_rate(samples, raw.rate_hz, RATE_HZ)?;
        // Behind a jump the filter swings over.
        samples.iter_mut().for_each(|sample| *sample = sample.clamp(-1.0, 1.0));
        Ok(Self { samples, duration_ms })
    }
}

/// How long `samples` last at `rate_hz`.
pub(super) fn duration_ms(samples: usize, rate_hz: u32) -> u64 {
    samples as u64 * 1000 / u64::from(rate_hz)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Sample;
    use super::*;

    fn any_format() -> impl Strategy<Value = Format> {
        let sample = prop::sample::select(vec![Sample::S16Le, Sample::S16Be, Sample::S24Le, Sample::F32Le]);
        let raw = (0u32..200_000, 0u16..12, sample)
            .prop_map(|(rate_hz, channels, sample)| Format::Raw(Raw { rate_hz, channels, sample }));
        prop_oneof![Just(Format::Wav), Just(Format::OggOpus), raw]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_break_a_decoder(bytes in prop::collection::vec(any::<u8>(), 0..3000), format in any_format()) {
            if let Ok(sound) = Sound::decode(&bytes, format) {
                prop_assert!(sound.samples.iter().all(|sample| sample.abs() <= 1.0));
            }
        }
    }
}

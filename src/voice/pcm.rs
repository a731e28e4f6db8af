//! Samples as they are → numbers, the mean of all channels.

use super::sound::{MAX_SECONDS, SoundError};

/// Rates that microphones and telephones have, and a little beyond.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// More is an instrument, no totem.
pub const MAX_CHANNELS: u16 = 8;

/// How samples lie one behind the other, those of all channels together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw {
    /// 8000 to 192000.
    pub rate_hz: u32,
    /// 1 to 8.
    pub channels: u16,
    pub sample: Sample,
}

/// How one sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    U8,
    S16Le,
    /// As RFC 2586 has `audio/L16`.
    S16Be,
    S24Le,
    S32Le,
    F32Le,
    F64Le,
}

impl Sample {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16Le | Self::S16Be => 2,
            Self::S24Le => 3,
            Self::S32Le | Self::F32Le => 4,
            Self::F64Le => 8,
        }
    }

    /// The value of a sample's bytes, -1..1 unless a float says otherwise; `None` when they are too few.
    fn read(self, bytes: &[u8]) -> Option<f32> {
        Some(match self {
            Self::U8 => (f32::from(*bytes.first()?) - 128.0) / 128.0,
            Self::S16Le => f32::from(i16::from_le_bytes(bytes.try_into().ok()?)) / 32_768.0,
            Self::S16Be => f32::from(i16::from_be_bytes(bytes.try_into().ok()?)) / 32_768.0,
            Self::S24Le => {
                let [low, middle, high] = bytes.try_into().ok()?;
                i32::from_le_bytes([0, low, middle, high]) as f32 / 2_147_483_648.0
            }
            Self::S32Le => i32::from_le_bytes(bytes.try_into().ok()?) as f32 / 2_147_483_648.0,
            Self::F32Le => f32::from_le_bytes(bytes.try_into().ok()?),
            Self::F64Le => f64::from_le_bytes(bytes.try_into().ok()?) as f32,
        })
    }
}

/// The mean of the channels of `bytes`, -1..1; what is louder is cut off there, as a sound card would.
///
/// # Errors
/// When there is no sound, too much, a part of it missing, or `raw` cannot be.
pub(super) fn mono(bytes: &[u8], raw: Raw) -> Result<Vec<f32>, SoundError> {
    let Raw { rate_hz, channels, sample } = raw;
    if !RATES_HZ.contains(&rate_hz) {
        let (least, most) = (RATES_HZ.start(), RATES_HZ.end());
        return Err(SoundError::Unsupported(format!(
            "{rate_hz} samples a second are not within {least} to {most}"
        )));
    }
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(SoundError::Unsupported(format!(
            "{channels} channels are not within 1 to {MAX_CHANNELS}"
        )));
    }
    let size = sample.bytes() * usize::from(channels);
    if bytes.len() < size || !bytes.len().is_multiple_of(size) {
        let reason = format!("{} bytes are no whole number of samples of {size}", bytes.len());
        return Err(SoundError::Broken(reason));
    }
    if (bytes.len() / size) as u64 > MAX_SECONDS * u64::from(rate_hz) {
        return Err(SoundError::Long);
    }
    let mean = |frame: &[u8]| {
        let values = frame.chunks_exact(sample.bytes()).filter_map(|bytes| sample.read(bytes));
        values.map(|value| value.clamp(-1.0, 1.0)).sum::<f32>() / f32::from(channels)
    };
    let mono: Vec<f32> = bytes.chunks_exact(size).map(mean).collect();
    // NaN passes the clamp, and nothing else that is not finite does.
    if mono.iter().any(|value| !value.is_finite()) {
        return Err(SoundError::Broken("a sample is no number".to_owned()));
    }
    Ok(mono)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_sample_is_read() {
        let cases: [(Sample, &[u8], f32); 7] = [
            (Sample::U8, &[192], 0.5),
            (Sample::S16Le, &[0, 0xc0], -0.5),
            (Sample::S16Be, &[0xc0, 0], -0.5),
            (Sample::S24Le, &[0, 0, 0x40], 0.5),
            (Sample::S32Le, &[0, 0, 0, 0x80], -1.0),
            (Sample::F32Le, &0.25f32.to_le_bytes(), 0.25),
            (Sample::F64Le, &7.0f64.to_le_bytes(), 1.0),
        ];
        for (sample, bytes, value) in cases {
            let raw = Raw { rate_hz: 8000, channels: 1, sample };
            assert_eq!(mono(bytes, raw), Ok(vec![value]), "{sample:?}");
        }
    }

    #[test]
    fn channels_become_their_mean() {
        let raw = Raw { rate_hz: 8000, channels: 2, sample: Sample::S16Le };
        let bytes: Vec<u8> =
            [16_384i16, 0, -8192, 8192].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(mono(&bytes, raw), Ok(vec![0.25, 0.0]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let raw = Raw { rate_hz: 16_000, channels: 1, sample: Sample::S16Le };
        let is_broken = |bytes: &[u8], raw| matches!(mono(bytes, raw), Err(SoundError::Broken(_)));
        assert!(is_broken(&[], raw) && is_broken(&[1, 2, 3], raw));
        assert!(is_broken(&f32::NAN.to_le_bytes(), Raw { sample: Sample::F32Le, ..raw }));
        let is_unsupported = |raw| matches!(mono(&[0; 64], raw), Err(SoundError::Unsupported(_)));
        assert!(is_unsupported(Raw { rate_hz: 7999, ..raw }) && is_unsupported(Raw { channels: 9, ..raw }));
        assert!(is_unsupported(Raw { channels: 0, ..raw }) && is_unsupported(Raw { rate_hz: 0, ..raw }));
        let long = vec![0; 8000 * 301];
        assert_eq!(
            mono(&long, Raw { rate_hz: 8000, channels: 1, sample: Sample::U8 }),
            Err(SoundError::Long)
        );
    }
}

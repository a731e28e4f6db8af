//! WAV: where the samples of a RIFF file lie, and what they are.
//!
//! Written out here, as the few crates for it either take no stream of unknown length, which is what a recorder sends
//! through a pipe, or read what is cut off without a word.

use super::pcm::{Raw, Sample};
use super::sound::SoundError;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// The tag proper stands at the beginning of a longer name.
const EXTENSIBLE: u16 = 0xfffe;

/// From this length on a recorder means "to the end": it could not know and wrote the largest that it could think of.
const UNKNOWN_LENGTH: usize = 0x7fff_0000;

/// The samples in `bytes` and what they are.
///
/// # Errors
/// When `bytes` are no WAV, one of another coding than plain samples, or end too early.
pub(super) fn parse(bytes: &[u8]) -> Result<(Raw, &[u8]), SoundError> {
    let broken = |reason: &str| SoundError::Broken(reason.to_owned());
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(broken("it does not begin as a WAV file does"));
    }
    let mut rest = &bytes[12..];
    let mut format = None;
    loop {
        let (head, body) = rest.split_at_checked(8).ok_or_else(|| broken("it ends before its samples"))?;
        let length = u32_at(head, 4).map_or(0, |length| length as usize);
        match &head[..4] {
            b"fmt " => {
                format = Some(raw(body.get(..length).ok_or_else(|| broken("its head is cut off"))?)?);
            }
            b"data" => {
                let raw = format.ok_or_else(|| broken("its samples come before their format"))?;
                let samples = if length >= UNKNOWN_LENGTH { Some(body) } else { body.get(..length) };
                return Ok((raw, samples.ok_or_else(|| broken("it ends before its last sample"))?));
            }
            _ => {}
        }
        // Parts are filled up to even lengths.
        let next = length.checked_add(length % 2).and_then(|length| body.get(length..));
        rest = next.ok_or_else(|| broken("it ends before its samples"))?;
    }
}

fn raw(format: &[u8]) -> Result<Raw, SoundError> {
    let field = |at| u16_at(format, at).ok_or_else(|| SoundError::Broken("its head is too short".to_owned()));
    let tag = match field(0)? {
        EXTENSIBLE => field(24)?,
        tag => tag,
    };
    let bits = field(14)?;
    let sample = match (tag, bits) {
        (PCM, 8) => Sample::U8,
        (PCM, 16) => Sample::S16Le,
        (PCM, 24) => Sample::S24Le,
        (PCM, 32) => Sample::S32Le,
        (FLOAT, 32) => Sample::F32Le,
        (FLOAT, 64) => Sample::F64Le,
        _ => {
            let reason = format!("a WAV of coding {tag} with {bits} bits is not taken, only PCM and floats");
            return Err(SoundError::Unsupported(reason));
        }
    };
    Ok(Raw { rate_hz: u32_at(format, 4).unwrap_or(0), channels: field(2)?, sample })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV of `samples` with 16 bits, a foreign part before them, and `length` in its head.
    fn wav(tag: u16, samples: &[u8], length: u32) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc\0fmt \x28\0\0\0".to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend([2, 0]);
        bytes.extend(44_100u32.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend([16, 0]);
        // Of the longer name of an extensible WAV only the beginning counts here.
        bytes.extend([0; 8]);
        bytes.extend([1, 0]);
        bytes.extend([0; 14]);
        bytes.extend(b"data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(samples);
        bytes
    }

    #[test]
    fn samples_are_found_behind_other_parts_whatever_the_length_says() {
        let expected = Raw { rate_hz: 44_100, channels: 2, sample: Sample::S16Le };
        for tag in [PCM, EXTENSIBLE] {
            let bytes = wav(tag, &[1, 2, 3, 4], 4);
            assert_eq!(parse(&bytes), Ok((expected, &[1, 2, 3, 4][..])));
        }
        let trailing = wav(PCM, &[1, 2, 3, 4, 5, 6], 4);
        assert_eq!(parse(&trailing).unwrap().1, [1, 2, 3, 4]);
        let piped = wav(PCM, &[1, 2, 3, 4], u32::MAX);
        assert_eq!(parse(&piped).unwrap().1, [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_cut_off_anywhere_is_broken() {
        let bytes = wav(PCM, &[1, 2, 3, 4], 4);
        for length in 0..bytes.len() {
            assert!(matches!(parse(&bytes[..length]), Err(SoundError::Broken(_))), "{length}");
        }
    }

    #[test]
    fn other_codings_are_named() {
        let error = parse(&wav(7, &[0; 4], 4)).unwrap_err().to_string();
        assert_eq!(error, "a WAV of coding 7 with 16 bits is not taken, only PCM and floats");
    }
}

//! A sound that somebody sends: WAV, samples without a head, Opus in Ogg, or nothing of the kind.
#![no_main]

use atalaya::voice::{Format, MAX_SECONDS, RATE_HZ, Raw, Sample, Sound};
use libfuzzer_sys::fuzz_target;

const MAGIC: &[u8] = b"OggS";

fuzz_target!(|bytes: &[u8]| {
    let format = match bytes {
        bytes if bytes.starts_with(MAGIC) => Format::OggOpus,
        bytes if bytes.starts_with(b"RIFF") => Format::Wav,
        &[rate, channels, sample, ..] => Format::Raw(raw(rate, channels, sample)),
        _ => return,
    };
    let mut bytes = bytes.to_vec();
    if format == Format::OggOpus {
        mend(&mut bytes);
    }
    if let Ok(sound) = Sound::decode(&bytes, format) {
        let longest = MAX_SECONDS as usize * RATE_HZ as usize;
        assert!(!sound.samples.is_empty() && sound.samples.len() <= longest);
        assert!(sound.samples.iter().all(|sample| sample.abs() <= 1.0));
    }
});

/// Rates and channels beyond those that are taken, too.
fn raw(rate: u8, channels: u8, sample: u8) -> Raw {
    use Sample::{F32Le, F64Le, S16Be, S16Le, S24Le, S32Le, U8};
    let samples = [U8, S16Le, S16Be, S24Le, S32Le, F32Le, F64Le];
    Raw {
        rate_hz: u32::from(rate) * 1000,
        channels: u16::from(channels % 16),
        sample: samples[usize::from(sample) % samples.len()],
    }
}

/// Gives each page its right checksum: with a wrong one nothing behind it would ever be read.
fn mend(bytes: &mut [u8]) {
    let begins: Vec<_> = bytes.windows(4).enumerate().filter(|(_, at)| *at == MAGIC).map(|(at, _)| at).collect();
    for begin in begins {
        let Some(head) = bytes.get(begin..begin + 27) else { return };
        let lengths = usize::from(head[26]);
        let Some(lengths) = bytes.get(begin + 27..begin + 27 + lengths) else { return };
        let end = begin + 27 + lengths.len() + lengths.iter().map(|length| usize::from(*length)).sum::<usize>();
        let Some(page) = bytes.get_mut(begin..end) else { return };
        page[22..26].fill(0);
        let sum = page.iter().fold(0u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| sum << 1 ^ (sum >> 31) * 0x04c1_1db7)
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
    }
}

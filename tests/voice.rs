//! When somebody speaks: the same whatever a sound is sent as, and never where nobody does.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::f64::consts::TAU;
use std::sync::Arc;

use atalaya::voice::{Activity, Ears, Format, Raw, Sample, Sound, SoundError};
use gstvision::engine::{Assets, Catalog, Device, LoadOptions};

#[path = "common/sound.rs"]
mod sound;
use sound::{Clip, made, noise, speech, wav};

/// The ends of a stretch may move by so much.
const NEAR_MS: u64 = 50;

/// The same for a code that leaves out what ears do not miss: three steps of the network.
const NEAR_OF_OPUS_MS: u64 = 100;

fn ears() -> Ears {
    let options = LoadOptions { assets: Assets::locate(), runtime: None, device: Device::Auto, threads: 1 };
    Ears::new(Arc::new(Catalog::open(None).unwrap()), options)
}

fn hear(ears: &Ears, bytes: &[u8], format: Format) -> Activity {
    ears.listen(&Sound::decode(bytes, format).unwrap()).unwrap()
}

#[track_caller]
fn assert_same(heard: &Activity, expected: &Activity, near_ms: u64, what: &str) {
    let ends = |heard: &Activity| heard.segments_ms.iter().flat_map(|(a, b)| [*a, *b]).collect::<Vec<_>>();
    let (heard_ends, expected_ends) = (ends(heard), ends(expected));
    assert_eq!(heard_ends.len(), expected_ends.len(), "{what}: {heard:?} instead of {expected:?}");
    for (one, other) in heard_ends.iter().zip(&expected_ends) {
        assert!(one.abs_diff(*other) <= near_ms, "{what}: {heard:?} instead of {expected:?}");
    }
    assert!(heard.duration_ms.abs_diff(expected.duration_ms) <= 20, "{what}: {heard:?}");
}

#[test]
fn two_sentences_are_two_stretches_or_more_with_the_pause_between_them() {
    let clip = speech();
    let heard = hear(&ears(), &clip.wav(), Format::Wav);
    assert_eq!(heard.duration_ms, clip.samples.len() as u64 * 1000 / 22_050);
    let (first, last) = (heard.segments_ms[0], *heard.segments_ms.last().unwrap());
    assert!((900..1400).contains(&first.0), "it begins after a second of silence: {heard:?}");
    let end = heard.duration_ms - 1000;
    assert!(last.1 > end - 700 && last.1 < end + 300, "it ends a second before the end: {heard:?}");
    let longest = heard.segments_ms.windows(2).map(|pair| pair[1].0 - pair[0].1).max().unwrap();
    assert!((1500..3000).contains(&longest), "the pause is no speech: {heard:?}");
    assert!(
        (0.3..0.8).contains(&heard.speech_ratio()) && (-45.0..-10.0).contains(&heard.loudness_db),
        "{heard:?}"
    );
}

#[test]
fn speech_is_the_same_at_every_rate_and_in_every_format() {
    let (ears, clip) = (ears(), speech());
    let expected = hear(&ears, &clip.at_rate(16_000).wav(), Format::Wav);
    for rate in [8_000, 16_000, 22_050, 44_100, 48_000] {
        assert_same(
            &hear(&ears, &clip.at_rate(rate).wav(), Format::Wav),
            &expected,
            NEAR_MS,
            &format!("{rate} Hz"),
        );
    }
    let twice: Vec<u8> =
        clip.samples.iter().flat_map(|sample| [*sample; 2]).flat_map(i16::to_le_bytes).collect();
    assert_same(&hear(&ears, &wav(22_050, 2, &twice), Format::Wav), &expected, NEAR_MS, "stereo");
    let raw = |sample| Format::Raw(Raw { rate_hz: 22_050, channels: 1, sample });
    assert_same(&hear(&ears, &clip.bytes(), raw(Sample::S16Le)), &expected, NEAR_MS, "raw");
    let floats = clip.through("audioconvert ! audio/x-raw,format=F32LE");
    assert_same(&hear(&ears, &floats, raw(Sample::F32Le)), &expected, NEAR_MS, "floats");
    for channels in [1, 2] {
        let chain = format!(
            "audioconvert ! audioresample ! audio/x-raw,rate=48000,channels={channels} ! opusenc bitrate=64000 ! oggmux"
        );
        assert_same(
            &hear(&ears, &clip.through(&chain), Format::OggOpus),
            &expected,
            NEAR_OF_OPUS_MS,
            &format!("Opus {channels}"),
        );
    }
}

#[test]
fn nothing_is_said_in_silence_noise_and_tones() {
    let ears = ears();
    let tone = |hertz: f64| made(16_000, 5, move |at| (TAU * hertz * at).sin() * 0.3);
    let cases = [
        ("silence", made(16_000, 5, |_| 0.0)),
        ("noise", noise(5)),
        ("hum", tone(100.0)),
        ("beep", tone(1000.0)),
    ];
    for (what, clip) in cases {
        let heard = hear(&ears, &clip.wav(), Format::Wav);
        assert_eq!(
            (heard.segments_ms.len(), heard.speech_ms, heard.speech_ratio()),
            (0, 0, 0.0),
            "{what}: {heard:?}"
        );
        assert_eq!(heard.loudness_db == -100.0, what == "silence", "{what}: {heard:?}");
    }
}

#[test]
fn the_shortest_sound_is_heard_and_the_longest_is_bounded() {
    let one = Clip { rate_hz: 8000, samples: vec![0] };
    let heard = hear(&ears(), &one.wav(), Format::Wav);
    assert_eq!((heard.duration_ms, heard.segments_ms.len()), (0, 0));
    let long = made(8000, 301, |_| 0.0);
    assert_eq!(Sound::decode(&long.wav(), Format::Wav), Err(SoundError::Long));
}

/// Whatever is cut off or changed on the way is refused, or heard as far as it can be; nothing else happens.
#[test]
fn broken_files_do_no_harm() {
    let clip = made(16_000, 1, |at| (TAU * 300.0 * at).sin() * 0.3);
    let ogg = clip.through("audioconvert ! audioresample ! opusenc ! oggmux");
    assert!(Sound::decode(&ogg, Format::OggOpus).is_ok());
    for (bytes, format) in [(clip.wav(), Format::Wav), (ogg, Format::OggOpus)] {
        for percent in [0, 1, 10, 50, 99] {
            let cut = &bytes[..bytes.len() * percent / 100];
            let error = Sound::decode(cut, format).unwrap_err();
            assert!(matches!(error, SoundError::Broken(_)), "{format:?} at {percent} %: {error}");
        }
        for at in (0..bytes.len()).step_by(97) {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            drop(Sound::decode(&changed, format));
        }
    }
    let vorbis = clip.through("audioconvert ! vorbisenc ! oggmux");
    assert!(matches!(Sound::decode(&vorbis, Format::OggOpus), Err(SoundError::Unsupported(_))));
}

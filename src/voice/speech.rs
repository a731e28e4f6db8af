//! From how likely each moment holds speech to stretches of it.
//!
//! As Silero's own `get_speech_timestamps` does (snakers4/silero-vad, `src/silero_vad/utils_vad.py`, version 6), with its
//! defaults: a stretch begins at a high threshold and ends at a lower one, once it was quiet for a while; what is too
//! short is dropped; both ends are widened a little, as words begin and end softly.

/// A stretch ends below the threshold less this.
const HYSTERESIS: f32 = 0.15;

/// The lower threshold is never below this.
const LEAST: f32 = 0.01;

/// Shorter speech is a cough or a door.
const MIN_SPEECH_MS: u64 = 250;

/// A shorter pause belongs to what is said.
const MIN_SILENCE_MS: u64 = 100;

/// Added at both ends.
const PAD_MS: u64 = 30;

/// How the probabilities were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chunks {
    /// Samples each is about.
    pub samples: usize,
    /// Samples a second.
    pub rate_hz: u32,
    /// How likely speech must be to be said.
    pub threshold: f32,
}

/// The stretches of speech in a sound of `length` samples, in samples; they neither touch nor overlap.
pub fn stretches(likely: &[f32], chunks: Chunks, length: usize) -> Vec<(usize, usize)> {
    let samples = |ms: u64| (ms * u64::from(chunks.rate_hz) / 1000) as usize;
    let (min_speech, min_silence) = (samples(MIN_SPEECH_MS), samples(MIN_SILENCE_MS));
    let low = (chunks.threshold - HYSTERESIS).max(LEAST);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut begin = None;
    // Where it became quiet within the stretch.
    let mut quiet = None;
    for (index, speech) in likely.iter().enumerate() {
        let at = index * chunks.samples;
        if *speech >= chunks.threshold {
            quiet = None;
            begin = begin.or(Some(at));
        } else if *speech < low
            && let Some(from) = begin
        {
            let end = *quiet.get_or_insert(at);
            if at - end >= min_silence {
                if end - from > min_speech {
                    found.push((from, end));
                }
                (begin, quiet) = (None, None);
            }
        }
    }
    if let Some(from) = begin.filter(|from| length.saturating_sub(*from) > min_speech) {
        found.push((from, length));
    }
    widen(&mut found, samples(PAD_MS), length);
    found
}

/// Adds `pad` at both ends of each; where two would meet, they share what lies between them.
fn widen(found: &mut [(usize, usize)], pad: usize, length: usize) {
    let count = found.len();
    for index in 0..count {
        if index == 0 {
            found[0].0 = found[0].0.saturating_sub(pad);
        }
        if index + 1 == count {
            found[index].1 = (found[index].1 + pad).min(length);
        } else {
            let between = found[index + 1].0 - found[index].1;
            let share = if between < 2 * pad { between / 2 } else { pad };
            found[index].1 += share;
            found[index + 1].0 -= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHUNKS: Chunks = Chunks { samples: 512, rate_hz: 16_000, threshold: 0.5 };

    /// Stretches in chunks of 32 ms, without what was added at their ends.
    fn in_chunks(runs: &[(usize, f32)]) -> Vec<(usize, usize)> {
        let likely: Vec<f32> = runs.iter().flat_map(|(count, value)| vec![*value; *count]).collect();
        let found = stretches(&likely, CHUNKS, likely.len() * 512);
        found.iter().map(|(from, to)| (from.div_ceil(512), to / 512)).collect()
    }

    #[test]
    fn speech_begins_high_and_ends_low() {
        assert_eq!(in_chunks(&[(10, 0.1), (20, 0.8), (10, 0.1)]), [(10, 30)]);
        assert_eq!(in_chunks(&[(10, 0.1), (20, 0.49), (10, 0.1)]), [], "never high enough");
        assert_eq!(
            in_chunks(&[(10, 0.1), (5, 0.8), (10, 0.36), (10, 0.1)]),
            [(10, 25)],
            "not low enough to end"
        );
        assert_eq!(in_chunks(&[(20, 0.9)]), [(0, 20)], "to the end of the sound");
    }

    #[test]
    fn short_pauses_belong_to_speech_and_short_sounds_do_not() {
        assert_eq!(in_chunks(&[(10, 0.9), (3, 0.0), (10, 0.9), (10, 0.0)]), [(0, 23)]);
        assert_eq!(in_chunks(&[(10, 0.9), (6, 0.0), (10, 0.9), (10, 0.0)]), [(0, 10), (16, 26)]);
        assert_eq!(in_chunks(&[(5, 0.0), (7, 0.9), (10, 0.0)]), [], "224 ms");
        assert_eq!(in_chunks(&[(5, 0.0), (8, 0.9), (10, 0.0)]), [(5, 13)], "256 ms");
    }

    #[test]
    fn ends_are_widened_within_the_sound() {
        let likely = [vec![0.9; 10], vec![0.0; 10]].concat();
        assert_eq!(stretches(&likely, CHUNKS, 20 * 512), [(0, 10 * 512 + 480)]);
        let likely = [vec![0.0; 10], vec![0.9; 10]].concat();
        assert_eq!(stretches(&likely, CHUNKS, 20 * 512 - 100), [(10 * 512 - 480, 20 * 512 - 100)]);
    }

    proptest! {
        #[test]
        fn stretches_lie_apart_in_order_and_within_the_sound(likely in prop::collection::vec(0.0f32..1.0, 0..400)) {
            let length = likely.len() * 512;
            let found = stretches(&likely, CHUNKS, length);
            let mut before = 0;
            for (from, to) in found {
                prop_assert!(before <= from && from < to && to <= length);
                before = to;
            }
        }
    }
}

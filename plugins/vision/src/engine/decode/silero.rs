//! Silero VAD: how likely a chunk of sound holds speech, given what it heard before.

use super::super::error::EngineError;
use super::super::fit::Expected;
use super::super::manifest::{Manifest, Sound};
use super::super::network::Feed;
use super::{Answer, values};

/// Shape of what the network remembers.
const STATE: [i64; 3] = [2, 1, 128];

/// Values of that.
const STATE_VALUES: usize = 256;

/// Listens to one stream of sound, chunk by chunk.
#[derive(Debug, Clone)]
pub struct Listener {
    sound: Sound,
    rate: [i64; 1],
    /// The end of the chunk before, and the chunk after it.
    heard: Vec<f32>,
    state: Vec<f32>,
}

/// What a network says of one chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// How likely it holds speech, 0..1.
    pub speech: f32,
    /// What the network wants to know when it hears the next one.
    pub state: Vec<f32>,
}

/// The inputs: sound, state, rate.
pub(in super::super) fn inputs(sound: &Sound) -> [Expected; 3] {
    [
        Expected::f32(Some("input"), vec![1, (sound.context + sound.samples) as i64]),
        Expected::f32(Some("state"), STATE.to_vec()),
        Expected::i64("sr", Vec::new()),
    ]
}

/// Shapes of speech and state.
pub(in super::super) fn shapes() -> [Vec<i64>; 2] {
    [vec![-1, 1], vec![-1; 3]]
}

impl Listener {
    /// For the network of `manifest`, at the beginning of a stream.
    ///
    /// # Errors
    /// When that is not for voices.
    pub fn new(manifest: &Manifest) -> Result<Self, EngineError> {
        let sound = *manifest.sound_for_voice()?;
        Ok(Self {
            sound,
            rate: [i64::from(sound.rate_hz)],
            heard: vec![0.0; sound.context + sound.samples],
            state: vec![0.0; STATE_VALUES],
        })
    }

    /// How likely speech is in `chunk`, 0..1; `run` feeds the network and gives what [`read`] made of its answer.
    ///
    /// A chunk is as long as the manifest says; a shorter one, at the end of a stream, is filled with silence, and of
    /// a longer one the rest is not heard.
    ///
    /// # Errors
    /// What `run` fails with. The listener then goes on as if the chunk before had been followed by this one's sound
    /// alone.
    pub fn listen<E>(
        &mut self,
        chunk: &[f32],
        run: impl FnOnce(&[Feed<'_>]) -> Result<Heard, E>,
    ) -> Result<f32, E> {
        let Sound { samples, context, .. } = self.sound;
        self.heard.copy_within(samples.., 0);
        let new = &mut self.heard[context..];
        let length = chunk.len().min(samples);
        new[..length].copy_from_slice(&chunk[..length]);
        new[length..].fill(0.0);
        let heard = run(&[Feed::F32(&self.heard), Feed::F32(&self.state), Feed::I64(&self.rate)])?;
        self.state = heard.state;
        Ok(heard.speech)
    }
}

/// Reads the network's answer to one chunk.
///
/// # Errors
/// When it has other sizes than promised or holds no probability.
pub fn read(answers: &[Answer<'_>]) -> Result<Heard, String> {
    let speech = values(answers, 0, 1)?[0];
    if !(0.0..=1.0).contains(&speech) {
        return Err(format!("speech is said to be {speech} likely"));
    }
    Ok(Heard { speech, state: values(answers, 1, STATE_VALUES)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener to chunks of four samples that hears two again.
    fn listener() -> Listener {
        let text = include_str!("../../../../../models/silero_vad.toml")
            .replace("samples = 512", "samples = 4")
            .replace("context = 64", "context = 2");
        Listener::new(&Manifest::parse(&text, "silero_vad.toml").unwrap()).unwrap()
    }

    /// Lets it hear `chunk`; checks what the network is fed with and lets it remember `next`.
    fn hear(listener: &mut Listener, chunk: &[f32], expected: [f32; 6], remembered: f32, next: f32) {
        let speech = listener.listen(chunk, |feeds| {
            let [Feed::F32(sound), Feed::F32(state), Feed::I64(rate)] = *feeds else { panic!("{feeds:?}") };
            assert_eq!((sound, rate), (&expected[..], &[16000][..]));
            assert_eq!(state, [remembered; STATE_VALUES]);
            let state = [next; STATE_VALUES];
            read(&[Answer { shape: &[1, 1], values: &[0.25] }, Answer { shape: &STATE, values: &state }])
        });
        assert_eq!(speech, Ok(0.25));
    }

    #[test]
    fn each_chunk_is_heard_after_the_end_of_the_one_before() {
        let mut listener = listener();
        hear(&mut listener, &[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.1, 0.2, 0.3, 0.4], 0.0, 1.0);
        hear(&mut listener, &[0.5, 0.6, 0.7, 0.8], [0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 1.0, 2.0);
        hear(&mut listener, &[0.9], [0.7, 0.8, 0.9, 0.0, 0.0, 0.0], 2.0, 3.0);
        hear(&mut listener, &[0.1; 9], [0.0, 0.0, 0.1, 0.1, 0.1, 0.1], 3.0, 4.0);
    }

    #[test]
    fn what_failed_is_not_remembered() {
        let mut listener = listener();
        assert_eq!(listener.listen(&[0.5; 4], |_| Err("no network")), Err("no network"));
        hear(&mut listener, &[0.1; 4], [0.5, 0.5, 0.1, 0.1, 0.1, 0.1], 0.0, 1.0);
    }

    #[test]
    fn answers_that_cannot_be_are_refused() {
        let state = [0.0; STATE_VALUES];
        let answer = |speech: &[f32], state: &[f32]| {
            read(&[Answer { shape: &[], values: speech }, Answer { shape: &[], values: state }])
        };
        assert!(answer(&[0.5], &state).is_ok());
        assert!(answer(&[0.5], &state[..5]).is_err());
        assert!(answer(&[], &state).is_err());
        assert_eq!(answer(&[f32::NAN], &state), Err("speech is said to be NaN likely".to_owned()));
    }
}

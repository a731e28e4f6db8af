//! The network that hears speech, and what it makes of a sound.

use std::sync::{Arc, Mutex, PoisonError};

use gstvision::engine::silero::{self, Listener};
use gstvision::engine::{Catalog, EngineError, Job, LoadOptions, Network};

use super::sound::Sound;
use super::speech::{self, Chunks};

const MODEL: &str = "silero_vad";

/// Nothing quieter is told apart: 16 bits end at -96.
const SILENCE_DB: f32 = -100.0;

/// Listens to sounds; cheap to clone.
#[derive(Clone)]
pub struct Ears(Arc<Inner>);

struct Inner {
    catalog: Arc<Catalog>,
    options: LoadOptions,
    network: Mutex<Option<Arc<Network>>>,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    pub duration_ms: u64,
    /// Beginning and end of every stretch of speech; they neither touch nor overlap.
    pub segments_ms: Vec<(u64, u64)>,
    /// Together they last so long.
    pub speech_ms: u64,
    /// Root mean square of the mean of all channels up to 8 kHz, in decibels of full scale: 0 is as loud as can be, a
    /// sine of full scale has -3, silence -100.
    pub loudness_db: f32,
}

impl Activity {
    /// Share of speech in the whole, 0..1.
    pub fn speech_ratio(&self) -> f32 {
        if self.duration_ms == 0 { 0.0 } else { self.speech_ms as f32 / self.duration_ms as f32 }
    }
}

impl Ears {
    /// Nothing is loaded yet, so that a machine without the model serves everything else.
    pub fn new(catalog: Arc<Catalog>, options: LoadOptions) -> Self {
        Self(Arc::new(Inner { catalog, options, network: Mutex::default() }))
    }

    /// Who speaks when in `sound`. Blocks for a two hundredth of its length, and loads the model if nobody did before.
    ///
    /// # Errors
    /// When the model cannot be loaded, or an inference fails.
    pub fn listen(&self, sound: &Sound) -> Result<Activity, EngineError> {
        let network = self.network()?;
        let manifest = network.manifest();
        let told = *manifest.sound_for_voice()?;
        let mut listener = Listener::new(manifest)?;
        let mut likely = Vec::with_capacity(sound.samples.len().div_ceil(told.samples));
        for chunk in sound.samples.chunks(told.samples) {
            likely.push(listener.listen(chunk, |feeds| network.run(feeds, silero::read))?);
        }
        let chunks =
            Chunks { samples: told.samples, rate_hz: told.rate_hz, threshold: manifest.thresholds.score };
        let ms = |samples: usize| samples as u64 * 1000 / u64::from(told.rate_hz);
        let found = speech::stretches(&likely, chunks, sound.samples.len());
        let segments_ms: Vec<_> = found.iter().map(|(from, to)| (ms(*from), ms(*to))).collect();
        Ok(Activity {
            duration_ms: sound.duration_ms,
            speech_ms: segments_ms.iter().map(|(from, to)| to - from).sum::<u64>().min(sound.duration_ms),
            segments_ms,
            loudness_db: loudness_db(&sound.samples),
        })
    }

    fn network(&self) -> Result<Arc<Network>, EngineError> {
        let mut loaded = self.0.network.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(network) = &*loaded {
            return Ok(network.clone());
        }
        let manifest = self.0.catalog.find_for(Job::Voice, MODEL)?;
        let network = Arc::new(Network::load(&manifest, &self.0.options)?);
        *loaded = Some(network.clone());
        Ok(network)
    }
}

fn loudness_db(samples: &[f32]) -> f32 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let rms = (sum / samples.len().max(1) as f64).sqrt();
    ((20.0 * rms.log10()) as f32).max(SILENCE_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_in_decibels_of_full_scale() {
        let sine: Vec<f32> = (0..16_000).map(|at| (at as f32 * 0.3).sin()).collect();
        let tenth: Vec<f32> = sine.iter().map(|sample| sample / 10.0).collect();
        assert!((loudness_db(&sine) + 3.01).abs() < 0.02, "{}", loudness_db(&sine));
        assert!((loudness_db(&tenth) + 23.01).abs() < 0.02, "{}", loudness_db(&tenth));
        assert_eq!((loudness_db(&[1.0, -1.0]), loudness_db(&[0.0; 9])), (0.0, SILENCE_DB));
    }
}

//! That somebody spoke before a totem, in numbers.

use super::{Place, Timestamp};

/// What was heard in one sound; of what was said, or who said it, nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceActivity {
    /// Whose microphone heard it; its `camera` may be a totem that is no camera of the server.
    pub place: Place,
    /// When the sound began.
    pub begin: Timestamp,
    pub duration_ms: u64,
    /// Of that, with speech.
    pub speech_ms: u64,
    /// `speech_ms` over `duration_ms`, 0..1.
    pub speech_ratio: f32,
    /// Root mean square in decibels of full scale, -100..0.
    pub loudness_db: f32,
}

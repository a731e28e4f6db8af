//! Sound in, when somebody spoke out: nothing of what was said, nor of who said it.
//!
//! Bytes that somebody sent become mono at 16 kHz ([`Sound`]), a network says of each 32 ms how likely they hold
//! speech, and [`speech`] makes stretches of it. Nothing is kept: the sound lives as long as the question.

mod ears;
mod ogg;
mod opus;
mod pcm;
mod resample;
mod sound;
pub mod speech;
mod wav;

pub use ears::{Activity, Ears};
pub use pcm::{MAX_CHANNELS, RATES_HZ, Raw, Sample};
pub use sound::{Format, MAX_SECONDS, RATE_HZ, Sound, SoundError};

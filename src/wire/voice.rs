//! What was heard in a sound.

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::rounded;
use super::{Time, ZoneClock};
use crate::domain;

/// When somebody spoke, and how loud it was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VoiceActivity {
    #[schema(examples("totem-1"))]
    pub camera: String,
    pub branch_id: i64,
    pub sector_id: Option<i64>,
    /// When the sound began.
    pub at: Time,
    pub duration_ms: u64,
    /// Beginning and end of every stretch of speech since the sound began; they neither touch nor overlap.
    #[schema(examples(json!([[320, 1850], [2410, 3900]])))]
    pub segments_ms: Vec<[u64; 2]>,
    /// How long they last together.
    pub speech_ms: u64,
    /// Their share in the whole, 0..1.
    pub speech_ratio: f32,
    /// Root mean square in decibels of full scale (dBFS): 0 is as loud as can be, a sine of full scale has -3, silence
    /// -100.
    #[schema(examples(-27.4))]
    pub loudness_db: f32,
}

impl VoiceActivity {
    /// `heard` with its stretches of speech, beginning and end in milliseconds.
    pub fn new(heard: &domain::VoiceActivity, segments_ms: &[(u64, u64)], clock: &ZoneClock) -> Self {
        Self {
            camera: heard.place.camera.to_string(),
            branch_id: heard.place.branch.get(),
            sector_id: heard.place.sector.map(domain::SectorId::get),
            at: clock.write(heard.begin),
            duration_ms: heard.duration_ms,
            segments_ms: segments_ms.iter().map(|(from, to)| [*from, *to]).collect(),
            speech_ms: heard.speech_ms,
            speech_ratio: rounded(heard.speech_ratio, 4),
            loudness_db: rounded(heard.loudness_db, 1),
        }
    }
}

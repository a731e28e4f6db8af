//! What is done in a turn: one picture or one sound, from its base64 to its answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gstvision::engine::EngineError;
use thiserror::Error;

use super::Totems;
use super::client::{Client, Sent, Spoken};
use super::figures::Counts;
use super::registry::{Stand, own_name};
use super::studio::{SeeError, Studio, Totem, lock};
use crate::domain::{TenantId, Timestamp, VoiceActivity};
use crate::still::{Picture, PictureError};
use crate::voice::{Activity, Format, RATES_HZ, Raw, Sample, Sound, SoundError};
use crate::wire::{
    Base64Error, RealtimeAnalysis, TotemEcho, VoiceAnalysis, from_base64, write_answer, write_told,
};

/// Pictures of several totems that are answered at the same time, at most.
pub(super) const PICTURES: usize = 4;

/// Sounds: a second of one takes 5 ms.
pub(super) const SOUNDS: usize = 1;

/// Largest picture or sound, bytes: a still of a good phone.
const MAX_BYTES: usize = 4 << 20;

/// What may stand around the data of a data URL, bytes.
const MAX_URL_HEAD_BYTES: usize = 256;

/// Largest picture of a stream, pixels: each is decoded, drawn on and encoded, several times a second.
const MAX_STREAM_PIXELS: u64 = 8_000_000;

/// A totem that sends by single requests is followed from one to the next if they are no further apart than this.
const GUEST_STAYS: Duration = Duration::from_secs(20);

/// Totems that send by single requests, and when they last did.
pub(super) type Guests = HashMap<(TenantId, String), (Instant, Arc<Totem>)>;

/// Why something that was sent cannot be answered.
#[derive(Debug, Error)]
pub enum LookError {
    #[error("{0} is no base64: {1}")]
    Base64(&'static str, Base64Error),
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Sound(#[from] SoundError),
    #[error("{0}")]
    Format(String),
    #[error("the model cannot be loaded now; the server's log says why")]
    Unavailable,
    #[error("as many totems send as may")]
    Busy,
    #[error("a mistake of the server's; its log says more")]
    Internal,
}

impl LookError {
    /// How clients tell them apart.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64(..) => "bad_base64",
            Self::TooLarge
            | Self::Picture(PictureError::Size { .. } | PictureError::Deep(_))
            | Self::Sound(SoundError::Long) => "too_large",
            Self::Picture(PictureError::Format) | Self::Sound(SoundError::Unsupported(_)) => "unsupported",
            Self::Picture(PictureError::Broken(_)) => "bad_image",
            Self::Sound(SoundError::Broken(_)) => "bad_audio",
            Self::Format(_) => "bad_message",
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Sound(SoundError::NoDecoder(_)) | Self::Internal => "internal",
        }
    }
}

/// A model that cannot be loaded now may be there later; its error names paths and is for the log only.
impl From<EngineError> for LookError {
    fn from(error: EngineError) -> Self {
        tracing::error!(%error, "what was sent could not be analysed");
        match error {
            EngineError::Inference { .. } => Self::Internal,
            _ => Self::Unavailable,
        }
    }
}

impl From<SeeError> for LookError {
    fn from(error: SeeError) -> Self {
        match error {
            SeeError::Engine(error) => error.into(),
            SeeError::Encode(error) => {
                tracing::error!(%error, "a totem's picture could not be encoded");
                Self::Internal
            }
        }
    }
}

impl Totems {
    /// Answers the picture of `client` that waits.
    pub(super) fn answer_picture(&self, client: &Arc<Client>) {
        let Some((sent, skipped)) = client.take() else { return };
        let Sent { image, request_id, timestamp, at } = sent;
        let Some(totem) = self.totem_of(client) else {
            return client.refuse(LookError::Busy.code(), LookError::Busy.to_string(), request_id);
        };
        let is_on = image.is_some();
        let seen = match image {
            Some(image) => self.see(&totem, &image, at),
            None => Ok(RealtimeAnalysis::of_nothing(
                &totem.seat.camera.place(),
                &Studio::engine(&totem),
                self.0.context.clock.now(),
            )),
        };
        match seen {
            Ok(analysis) => {
                let echo =
                    TotemEcho { skipped_frames: Some(skipped), request_id, client_timestamp: timestamp };
                client.answer(&write_answer(&analysis, &echo));
                if is_on {
                    self.tell_others(&totem, Some(client.id), || write_told(&analysis));
                }
            }
            Err(error) => client.refuse(error.code(), error.to_string(), request_id),
        }
    }

    fn see(&self, totem: &Arc<Totem>, image: &str, at: Instant) -> Result<RealtimeAnalysis, LookError> {
        let picture = Picture::decode_within(&decode("image_data", image)?, MAX_STREAM_PIXELS)?;
        Ok(self.0.studio.see(totem, picture, at)?)
    }

    /// What is seen on a picture that a totem sent by a request, as one of a stream with those before it; those who are
    /// connected are told, too. Blocks.
    ///
    /// # Errors
    /// When `bytes` are no picture that can be analysed, or nobody can look at it now.
    pub fn see_request(&self, stand: &Stand, bytes: &[u8]) -> Result<RealtimeAnalysis, LookError> {
        let at = Instant::now();
        let picture = Picture::decode(bytes)?;
        let totem = self.guest(stand).ok_or(LookError::Busy)?;
        let analysis = self.0.studio.see(&totem, picture, at)?;
        self.tell_others(&totem, None, || write_told(&analysis));
        Ok(analysis)
    }

    /// The totem of this name that sends by requests.
    fn guest(&self, stand: &Stand) -> Option<Arc<Totem>> {
        self.forget_guests();
        let mut guests = lock(&self.0.guests);
        let now = Instant::now();
        // Its whole name: ids are cut, and two of one beginning are two totems.
        let key = (stand.tenant, own_name(&stand.name).to_owned());
        let known = guests.get_mut(&key);
        if let Some((last, totem)) = known.filter(|(_, totem)| totem.seat.camera.branch == stand.branch) {
            *last = now;
            return Some(totem.clone());
        }
        guests.remove(&key);
        let seat = self.0.context.registry.take(stand, self.0.context.max_totems)?;
        let totem = Arc::new(Totem::new(seat, self.counts(stand.tenant), now));
        guests.insert(key, (now, totem.clone()));
        Some(totem)
    }

    /// Forgets those who have not come for a while.
    pub(super) fn forget_guests(&self) {
        let now = Instant::now();
        lock(&self.0.guests).retain(|_, (last, _)| now.saturating_duration_since(*last) <= GUEST_STAYS);
    }

    /// Answers the oldest sound of `client` that waits.
    pub(super) fn answer_sound(&self, client: &Arc<Client>) {
        let Some(Spoken { sound, request_id, arrived }) = client.take_sound() else { return };
        let heard = decode("audio_data", &sound.audio_data).and_then(|bytes| {
            let format = format_of(sound.format.as_deref(), sound.sample_rate, sound.channels)?;
            let sound = Sound::decode(&bytes, format)?;
            Ok(self.0.context.ears.listen(&sound)?)
        });
        let heard = match (heard, self.totem_of(client)) {
            (Ok(heard), Some(totem)) => (heard, totem),
            (Ok(_), None) => {
                return client.refuse(LookError::Busy.code(), LookError::Busy.to_string(), request_id);
            }
            (Err(error), _) => return client.refuse(error.code(), error.to_string(), request_id),
        };
        let (activity, totem) = heard;
        let begin = arrived - Duration::from_millis(activity.duration_ms);
        let echo = TotemEcho { request_id, ..TotemEcho::default() };
        let (totems, client) = (self.clone(), client.clone());
        // The database may be slow, and the next sound need not wait for it.
        self.0
            .context
            .tasks
            .spawn(async move { totems.keep_sound(&client, (&totem, begin), activity, echo).await });
    }

    async fn keep_sound(
        &self,
        client: &Client,
        (totem, begin): (&Totem, Timestamp),
        heard: Activity,
        echo: TotemEcho,
    ) {
        let activity = VoiceActivity {
            place: totem.seat.camera.place(),
            begin,
            duration_ms: heard.duration_ms,
            speech_ms: heard.speech_ms,
            speech_ratio: heard.speech_ratio(),
            loudness_db: heard.loudness_db,
        };
        if let Err(error) = self.0.context.store.add_voice_activity(activity.place.tenant, &activity).await {
            tracing::warn!(%error, "a totem's sound could not be written down");
            let why = "what was heard could not be written down; send it again";
            return client.refuse("unavailable", why, echo.request_id);
        }
        let analysis = VoiceAnalysis::new(&activity, &heard.segments_ms, self.0.context.clock.now());
        Counts::add(&client.counts.sounds, 1);
        client.answer(&write_answer(&analysis, &echo));
        self.tell_others(totem, Some(client.id), || write_told(&analysis));
    }
}

/// The bytes of a message's `member`.
fn decode(member: &'static str, text: &str) -> Result<Vec<u8>, LookError> {
    if text.len() > MAX_BYTES.div_ceil(3) * 4 + MAX_URL_HEAD_BYTES {
        return Err(LookError::TooLarge);
    }
    let bytes = from_base64(text).map_err(|error| LookError::Base64(member, error))?;
    if bytes.len() <= MAX_BYTES { Ok(bytes) } else { Err(LookError::TooLarge) }
}

/// What a sound's bytes are, by what its sender says.
fn format_of(name: Option<&str>, rate_hz: Option<u32>, channels: Option<u16>) -> Result<Format, LookError> {
    let sample = match name.unwrap_or("wav").to_ascii_lowercase().as_str() {
        "wav" | "audio/wav" | "wave" => return Ok(Format::Wav),
        "opus" | "ogg" | "audio/ogg" => return Ok(Format::OggOpus),
        "s16le" | "pcm" | "pcm16" | "pcm_s16le" => Sample::S16Le,
        "s16be" => Sample::S16Be,
        "f32le" => Sample::F32Le,
        other => {
            let known = "it is wav, opus, s16le, s16be or f32le";
            return Err(
                SoundError::Unsupported(format!("format {:?} is not known; {known}", short(other))).into()
            );
        }
    };
    let rate_hz = rate_hz.filter(|rate| RATES_HZ.contains(rate)).ok_or_else(|| {
        let (least, most) = (RATES_HZ.start(), RATES_HZ.end());
        LookError::Format(format!("raw samples need a sample_rate within {least} to {most}"))
    })?;
    Ok(Format::Raw(Raw { rate_hz, channels: channels.unwrap_or(1), sample }))
}

/// So much of a text of somebody's as an answer repeats.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_base64_or_too_much_is_told_apart() {
        assert_eq!(decode("image_data", "%%%").unwrap_err().code(), "bad_base64");
        let most = "A".repeat(MAX_BYTES / 3 * 4);
        assert!(decode("image_data", &format!("data:image/jpeg;base64,{most}")).is_ok());
        for more in [8, 1000] {
            let large = format!("{most}{}", "A".repeat(more));
            assert_eq!(decode("image_data", &large).unwrap_err().code(), "too_large");
        }
    }

    #[test]
    fn a_mistake_of_the_servers_is_told_from_a_model_that_may_be_there_later() {
        let failed =
            EngineError::Inference { model: "silero_vad".to_owned(), reason: "out of memory".to_owned() };
        assert_eq!(LookError::from(failed).code(), "internal");
        let missing = EngineError::NoSuchModel { name: "yolo".to_owned(), known: "nanodet".to_owned() };
        assert_eq!(LookError::from(missing).code(), "unavailable");
    }

    #[test]
    fn sounds_are_what_their_sender_says() {
        assert_eq!(format_of(None, None, None).unwrap(), Format::Wav);
        assert_eq!(format_of(Some("opus"), Some(48_000), None).unwrap(), Format::OggOpus);
        let raw = Raw { rate_hz: 16_000, channels: 1, sample: Sample::S16Le };
        assert_eq!(format_of(Some("pcm"), Some(16_000), None).unwrap(), Format::Raw(raw));
        assert_eq!(format_of(Some("pcm"), None, None).unwrap_err().code(), "bad_message");
        assert_eq!(format_of(Some("mp3"), None, None).unwrap_err().code(), "unsupported");
    }
}

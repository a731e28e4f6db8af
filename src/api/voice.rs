//! Sound from a totem: when somebody spoke is answered and kept as numbers, the sound itself is not.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::analyses::{Kind, Order};
use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, instant_in, query, with};
use super::upload::{Accepts, MAX_UPLOAD_BYTES, Upload, Uploaded, upload};
use super::{State, caller, sectors, shifts};
use crate::auth::{Action, Caller};
use crate::domain::{self, CameraId, Place, SectorId, Timestamp};
use crate::totem::LookError;
use crate::voice::{Activity, Ears, Format, MAX_CHANNELS, RATES_HZ, Raw, Sample, Sound, SoundError};
use crate::wire::{Problem, VoiceActivity, ZoneClock};

/// A totem's clock may be so far ahead of this machine's.
pub(super) const AHEAD: Duration = Duration::from_secs(60);

const L16: &str = "audio/l16";
const BYTES: &str = "application/octet-stream";
const OGG: [&str; 2] = ["audio/ogg", "application/ogg"];

const ACCEPTS: Accepts = Accepts {
    kinds: &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", L16, BYTES, OGG[0], OGG[1]],
    text: "audio/wav, audio/ogg (Opus), audio/L16 or application/octet-stream",
};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "tracking" / "voice")
        .and(warp::post())
        .and(with(state.clone()))
        .and(caller())
        .and(query())
        .and(upload())
        .then(hear_voice)
        .map(respond)
        .boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceQuery {
    camera: String,
    branch_id: Option<i64>,
    sector_id: Option<i64>,
    at: Option<String>,
    rate: Option<u32>,
    channels: Option<u16>,
    format: Option<SampleName>,
}

/// How raw samples are written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SampleName {
    S16Le,
    S16Be,
    F32Le,
}

/// When somebody spoke in a sound, and how loud it was; kept as numbers.
#[utoipa::path(post, path = "/api/v1/tracking/voice", tag = "sound",
    params(("camera" = String, Query, pattern = "^[a-z0-9][a-z0-9-]{0,63}$", description = "Camera or totem that heard it"),
        ("branch_id" = Option<i64>, Query, description = "Where a totem stands that is no camera here; default: the caller's first branch"),
        ("sector_id" = Option<i64>, Query, description = "As `branch_id`"),
        ("at" = Option<String>, Query, description = "When it began, RFC 3339; default: its length before it arrived. With it, a sound that is sent again is kept once"),
        ("rate" = Option<u32>, Query, minimum = 8000, maximum = 192000, description = "Of raw samples: how many a second, 8000 to 192000"),
        ("channels" = Option<u32>, Query, minimum = 1, maximum = 8, description = "Of raw samples: 1 to 8, default 1"),
        ("format" = Option<String>, Query, pattern = "^(s16le|s16be|f32le)$", description = "Of raw samples: s16le, s16be or f32le; audio/L16 is s16be unless said otherwise")),
    request_body(content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/L16"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, body = VoiceActivity),
        (status = 503, description = "Too much waits to be analysed (`Retry-After`), or the model or the database is away", body = Problem, content_type = "application/problem+json"),
        super::openapi::Absence, super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn hear_voice(
    state: State,
    caller: Caller,
    query: Answer<VoiceQuery>,
    upload: Upload,
) -> Answer<Json<VoiceActivity>> {
    // Before the body comes and waits for its turn: that is not the sound's time.
    let arrived = state.clock.now();
    let limit = state.max_body_bytes.max(MAX_UPLOAD_BYTES);
    let checked = check(&state, &caller, query).await;
    let ((query, place, at), upload) = upload.after(checked, limit).await?;
    let order = Order { tenant: caller.tenant, kind: Kind::Sound, accepts: ACCEPTS, limit };
    let ears = state.ears.clone();
    let heard = state.analyses.run(order, upload, move |uploaded| listen(&ears, uploaded, &query)).await?;
    let activity = domain::VoiceActivity {
        place,
        begin: at.unwrap_or_else(|| arrived - Duration::from_millis(heard.duration_ms)),
        duration_ms: heard.duration_ms,
        speech_ms: heard.speech_ms,
        speech_ratio: heard.speech_ratio(),
        loudness_db: heard.loudness_db,
    };
    state.store.add_voice_activity(caller.tenant, &activity).await?;
    Ok(Json(VoiceActivity::new(&activity, &heard.segments_ms, &ZoneClock::utc())))
}

/// All that can be wrong without the sound: what is asked, where the microphone is, and when it began.
async fn check(
    state: &State,
    caller: &Caller,
    query: Answer<VoiceQuery>,
) -> Answer<(VoiceQuery, Place, Option<Timestamp>)> {
    super::permit(caller, Action::Analyse)?;
    let query = query?;
    let place = place(state, caller, (&query.camera, query.branch_id, query.sector_id)).await?;
    let at = query.at.as_deref().map(|at| instant_in("at", at)).transpose()?;
    if at.is_some_and(|at| at > state.clock.now() + AHEAD) {
        return Err(ApiError::invalid("at", "is more than a minute ahead of this server's clock"));
    }
    Ok((query, place, at))
}

/// Where the microphone is: a camera of the server is where that is, any other totem where the caller says.
pub(super) async fn place(
    state: &State,
    caller: &Caller,
    (camera, branch_id, sector_id): (&str, Option<i64>, Option<i64>),
) -> Answer<Place> {
    let id = CameraId::new(camera).map_err(|error| ApiError::invalid("camera", error))?;
    if let Some(handle) = state.cameras.get(caller.tenant, &id) {
        let camera = handle.camera();
        if !caller.sees(camera.tenant, camera.branch) {
            return Err(ApiError::no("camera", id));
        }
        let is_elsewhere = branch_id.is_some_and(|branch| branch != camera.branch.get());
        if is_elsewhere || sector_id.is_some_and(|sector| camera.sector.map(SectorId::get) != Some(sector)) {
            return Err(ApiError::invalid("camera", "is in another branch or sector; leave both out"));
        }
        return Ok(camera.place());
    }
    let branch = shifts::branch(state, caller, branch_id).await?;
    let sector = sector_id.map(SectorId::new).transpose();
    let sector = sector.map_err(|error| ApiError::invalid("sector_id", error))?;
    sectors::is_of(state, (caller.tenant, branch), sector).await?;
    Ok(Place { tenant: caller.tenant, branch, sector, camera: id })
}

/// Blocks for as long as decoding and listening take.
fn listen(ears: &Ears, uploaded: Uploaded, query: &VoiceQuery) -> Answer<Activity> {
    let format = format(&uploaded, query)?;
    let sound = Sound::decode(&uploaded.bytes, format)?;
    drop(uploaded);
    Ok(ears.listen(&sound).map_err(LookError::from)?)
}

fn format(uploaded: &Uploaded, query: &VoiceQuery) -> Answer<Format> {
    let kind = uploaded.kind.as_str();
    if kind != L16 && kind != BYTES {
        return Ok(if OGG.contains(&kind) { Format::OggOpus } else { Format::Wav });
    }
    // Of `audio/L16` they may stand in the type itself: RFC 2586.
    let in_type = |name: &str| {
        let parts = uploaded.header.split(';').skip(1).filter_map(|part| part.split_once('='));
        let mut values = parts.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        values.next().and_then(|(_, value)| value.trim().parse::<u32>().ok())
    };
    let missing =
        |field: &str| ApiError::invalid(field, format!("a body of {kind} does not say it; the query has to"));
    let sample = match query.format {
        Some(SampleName::S16Le) => Sample::S16Le,
        Some(SampleName::S16Be) => Sample::S16Be,
        Some(SampleName::F32Le) => Sample::F32Le,
        None if kind == L16 => Sample::S16Be,
        None => return Err(missing("format")),
    };
    let channels =
        query.channels.or_else(|| in_type("channels").map(|count| u16::try_from(count).unwrap_or(u16::MAX)));
    let rate_hz = query.rate.or_else(|| in_type("rate")).ok_or_else(|| missing("rate"))?;
    let channels = channels.unwrap_or(1);
    within("rate", rate_hz, &RATES_HZ)?;
    within("channels", channels, &(1..=MAX_CHANNELS))?;
    Ok(Format::Raw(Raw { rate_hz, channels, sample }))
}

fn within<T: PartialOrd + Display>(field: &str, value: T, range: &RangeInclusive<T>) -> Answer<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ApiError::invalid(field, format!("{value} is not within {} to {}", range.start(), range.end())))
}

impl From<SoundError> for ApiError {
    fn from(error: SoundError) -> Self {
        let detail = error.to_string();
        match error {
            SoundError::Unsupported(_) => Self::Unsupported(detail),
            SoundError::Long => Self::Oversized(detail),
            SoundError::Broken(_) => Self::Unfit(detail),
            SoundError::NoDecoder(_) => Self::internal(error),
        }
    }
}

//! Totems that are not connected: what one has seen by itself becomes a visit, and a picture of one is looked at as one of
//! those before it.

use std::sync::Arc;

use gstvision::engine::age::AgeRange;
use gstvision::person::{Bag, Colour, Garment, HeadAccessory, Style};
use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::analyses::{Kind, Order};
use super::cv::picture_data;
use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, instant_in, parse, query, with};
use super::upload::{Accepts, MAX_UPLOAD_BYTES, Upload, Uploaded, upload};
use super::voice::{AHEAD, place};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{Attribute, Attributes, CameraId, Place, SectorId, Timestamp, Visit};
use crate::totem::{LookError, Stand};
use crate::wire::{Problem, Sighting, SightingAnalysis, SightingAnswer, SightingInput, ZoneClock, code_of};

const JSON: &str = "application/json";

const ACCEPTS: Accepts = Accepts {
    kinds: &["image/jpeg", "image/png", "image/webp", JSON],
    text: "image/jpeg, image/png, image/webp or application/json",
};

/// What looked, of a totem that does not say.
const ENGINE: &str = "totem";

/// Longest name of what looked.
const MAX_ENGINE_CHARS: usize = 64;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "tracking" / "camera")
        .and(warp::post())
        .and(with(state.clone()))
        .and(caller())
        .and(query())
        .and(upload())
        .then(track_camera)
        .map(respond)
        .boxed()
}

/// Whose a picture is that comes without JSON around it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackingQuery {
    camera: Option<String>,
    branch_id: Option<i64>,
    sector_id: Option<i64>,
}

/// What a totem has seen: a record of its own, which becomes a visit, or a picture, which is analysed as one of those that it
/// sent in the last 20 s.
#[utoipa::path(post, path = "/api/v1/tracking/camera", tag = "totems",
    params(("camera" = Option<String>, Query, pattern = "^[a-z0-9][a-z0-9-]{0,63}$", description = "Which totem it is, unless the body says so"),
        ("branch_id" = Option<i64>, Query, description = "Where it stands; default: the caller's first branch"),
        ("sector_id" = Option<i64>, Query, description = "As `branch_id`")),
    request_body(content((SightingInput = "application/json", example = json!({"camera": "totem-hall", "analysis": {"person_detected": true,
        "clothing_item": "chaqueta", "primary_color": "azul", "age_range": "25-34", "detection_confidence": 0.92}})), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    responses((status = 200, body = SightingAnswer),
        (status = 503, description = "Too much waits to be analysed (`Retry-After`), or the detector or the database is away", body = Problem, content_type = "application/problem+json"),
        super::openapi::Absence, super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn track_camera(
    state: State,
    caller: Caller,
    query: Answer<TrackingQuery>,
    upload: Upload,
) -> Answer<Json<SightingAnswer>> {
    let limit = state.max_body_bytes.max(MAX_UPLOAD_BYTES);
    let checked = super::permit(&caller, Action::Analyse).and(query);
    let (query, upload) = upload.after(checked, limit).await?;
    let order = Order { tenant: caller.tenant, kind: Kind::Picture, accepts: ACCEPTS, limit };
    let (seat, uploaded) = state.analyses.receive(order, upload).await?;
    // Base64 of that size takes a while.
    let reading = tokio::task::spawn_blocking(move || read(uploaded, query));
    let sent = reading.await.map_err(ApiError::internal).flatten();
    let sent = sent.inspect_err(|error| state.analyses.miss(order, error))?;
    let input = &sent.input;
    let camera = input.camera.as_deref().ok_or_else(|| ApiError::invalid("camera", "is missing"))?;
    let place = place(&state, &caller, (camera, input.branch_id, input.sector_id)).await?;
    let Some(picture) = sent.picture else {
        return Ok(Json(SightingAnswer::Kept(keep(&state, place, &sent.input)?)));
    };
    let stand = Stand {
        tenant: place.tenant,
        branch: place.branch,
        sector: place.sector,
        name: place.camera.to_string(),
    };
    let totems = state.totems.clone();
    let look = move || totems.see_request(&stand, &picture).map_err(ApiError::from);
    let seen = state.analyses.work(seat, Kind::Picture, look).await?;
    Ok(Json(SightingAnswer::Seen(Box::new(seen))))
}

/// What somebody sent.
struct Sent {
    input: SightingInput,
    picture: Option<Vec<u8>>,
}

fn read(uploaded: Uploaded, query: TrackingQuery) -> Answer<Sent> {
    let TrackingQuery { camera, branch_id, sector_id } = query;
    // A mistake is one though the body says otherwise.
    camera.as_deref().map(CameraId::new).transpose().map_err(|error| ApiError::invalid("camera", error))?;
    if uploaded.kind != JSON {
        let input = SightingInput { camera, branch_id, sector_id, ..SightingInput::default() };
        return Ok(Sent { input, picture: Some(uploaded.bytes) });
    }
    let mut input: SightingInput = parse(&uploaded.bytes)?;
    input.camera = input.camera.or(camera);
    input.branch_id = input.branch_id.or(branch_id);
    input.sector_id = input.sector_id.or(sector_id);
    let picture = match (&input.image_data, &input.analysis) {
        (Some(image), None) => Some(picture_data(image)?),
        (None, Some(_)) => None,
        _ => return Err(ApiError::invalid("analysis", "either `analysis` or `image_data` is needed")),
    };
    Ok(Sent { input, picture })
}

fn keep(state: &State, place: Place, input: &SightingInput) -> Answer<Sighting> {
    let now = state.clock.now();
    let instant =
        |field: &str, text: &Option<String>| text.as_deref().map(|text| instant_in(field, text)).transpose();
    let enter = instant("at", &input.at)?.unwrap_or(now);
    let leave = instant("leave", &input.leave)?.unwrap_or(enter);
    if enter > now + AHEAD || leave > now + AHEAD {
        return Err(ApiError::invalid("at", "is more than a minute ahead of this server's clock"));
    }
    if leave < enter {
        return Err(ApiError::invalid("leave", "is before `at`"));
    }
    let nothing = SightingAnalysis::default();
    let analysis = input.analysis.as_ref().unwrap_or(&nothing);
    let visit = visit(place, (enter, leave), input, analysis)?;
    let utc = ZoneClock::utc();
    let sighting = Sighting {
        camera: visit.place.camera.to_string(),
        branch_id: visit.place.branch.get(),
        sector_id: visit.place.sector.map(SectorId::get),
        enter: utc.write(enter),
        leave: utc.write(leave),
        kept: analysis.person_detected,
    };
    if analysis.person_detected {
        (state.tell_visit)(visit);
    }
    Ok(sighting)
}

fn visit(
    place: Place,
    (enter, leave): (Timestamp, Timestamp),
    input: &SightingInput,
    analysis: &SightingAnalysis,
) -> Answer<Visit> {
    let engine = input.engine.as_deref().unwrap_or(ENGINE);
    if engine.chars().count() > MAX_ENGINE_CHARS {
        return Err(ApiError::invalid("engine", format!("is longer than {MAX_ENGINE_CHARS}")));
    }
    let confidence = analysis.detection_confidence.unwrap_or_default();
    if !(0.0..=1.0).contains(&confidence) {
        return Err(ApiError::invalid(
            "analysis.detection_confidence",
            format!("{confidence} is not within 0 to 1"),
        ));
    }
    Ok(Visit {
        place,
        track: input.track.unwrap_or(1).into(),
        enter,
        leave,
        confidence,
        model: engine.into(),
        attributes: attributes(analysis, confidence)?,
    })
}

fn attributes(analysis: &SightingAnalysis, confidence: f32) -> Answer<Attributes> {
    let said = |field: &str, value: &Option<String>, known: &[&str]| -> Answer<Attribute> {
        let Some(value) = value.as_deref().filter(|value| !value.is_empty()) else {
            return Ok(Attribute::default());
        };
        let code = code_of(value);
        if !known.contains(&code) {
            let reason = format!("{value:?} is none of {}", known.join(", "));
            return Err(ApiError::invalid(format!("analysis.{field}"), reason));
        }
        Ok(Attribute { value: Some(Arc::from(code)), confidence })
    };
    let garments = [Garment::Jacket, Garment::Sweatshirt, Garment::LongSleeve, Garment::TShirt];
    let heads = [HeadAccessory::Hat, HeadAccessory::Cap, HeadAccessory::Glasses, HeadAccessory::None];
    let styles = [Style::Formal, Style::Sporty, Style::Casual].map(Style::name);
    let bags = [Bag::Backpack, Bag::Handbag, Bag::Suitcase].map(Bag::name);
    let colours = Colour::ALL.map(Colour::name);
    let age = match analysis.age_range.as_deref().filter(|age| !age.is_empty()) {
        Some(age) => {
            let range = age_range(age).ok_or_else(|| {
                ApiError::invalid("analysis.age_range", format!("{age:?} is no range like \"25-34\""))
            })?;
            Attribute { value: Some(range.into()), confidence }
        }
        None => Attribute::default(),
    };
    Ok(Attributes {
        garment: said("clothing_item", &analysis.clothing_item, &garments.map(Garment::name))?,
        style: said("clothing_style", &analysis.clothing_style, &styles)?,
        primary_color: said("primary_color", &analysis.primary_color, &colours)?,
        secondary_color: said("secondary_color", &analysis.secondary_color, &colours)?,
        head_accessory: said("head_accessory", &analysis.head_accessory, &heads.map(HeadAccessory::name))?,
        bag: said("bag_accessory", &analysis.bag_accessory, &bags)?,
        age_range: age,
    })
}

/// Our range that holds the middle of somebody else's.
fn age_range(text: &str) -> Option<&'static str> {
    let middle = match text.strip_suffix('+') {
        Some(from) => from.parse::<usize>().ok()?,
        None => {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            (from.trim().parse::<usize>().ok()?.checked_add(to.trim().parse().ok()?)?) / 2
        }
    };
    Some(AgeRange::of(middle).name())
}

impl From<LookError> for ApiError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Picture(error) => error.into(),
            LookError::Sound(error) => error.into(),
            LookError::Unavailable => Self::Unavailable(error.to_string()),
            LookError::Busy => Self::Busy(1),
            LookError::TooLarge => Self::Oversized(error.to_string()),
            LookError::Base64(..) | LookError::Format(_) => Self::Unfit(error.to_string()),
            LookError::Internal => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_of_others_become_the_range_of_ours_that_holds_their_middle() {
        for (theirs, ours) in [
            ("18-25", "18-24"),
            ("26-35", "25-34"),
            ("46-60", "45-54"),
            ("65+", "65+"),
            ("30", "25-34"),
            ("0-12", "0-12"),
        ] {
            assert_eq!(age_range(theirs), Some(ours), "{theirs}");
        }
        assert_eq!(age_range("old"), None);
    }
}

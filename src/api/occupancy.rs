//! How many people there were before a camera, and where they stood.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::find;
use super::error::ApiError;
use super::reply::{Content, Json, respond};
use super::request::{Answer, instant_in, query, with};
use super::{State, caller, shifts};
use crate::auth::{Action, Caller};
use crate::camera::{CameraHandle, Overlay};
use crate::domain::{Heat, Timestamp};
use crate::viewer::{Background, heatmap_png};
use crate::wire::Occupancy;

const MINUTE_MS: i64 = 60_000;

const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// A day of minutes, and some.
const MAX_POINTS: i64 = 1500;

/// What the database adds up in a second or so.
const MAX_SERIES_DAYS: i64 = 366;

/// Each has 96 grids.
const MAX_HEATMAP_DAYS: i64 = 31;

/// Width of a heatmap, pixels: that of an ordinary tile.
const WIDTH: u32 = 640;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let occupancy = warp::path!("api" / "v1" / "cameras" / String / "occupancy")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(get_occupancy)
        .map(respond);
    let heatmap = warp::path!("api" / "v1" / "cameras" / String / "heatmap.png")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(get_heatmap)
        .map(respond);
    occupancy.or(heatmap).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OccupancyQuery {
    from: Option<String>,
    to: Option<String>,
    step: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeatmapQuery {
    shift: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    background: Behind,
}

/// What a heatmap is drawn on.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Behind {
    #[default]
    Plain,
    Outline,
    None,
}

/// How many people there were before a camera, step by step.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/occupancy", tag = "figures",
    params(("id" = String, Path),
        ("from" = Option<String>, Query, description = "RFC 3339; default: the start of the current shift"),
        ("to" = Option<String>, Query, description = "RFC 3339; default: now. At most 366 days after `from`"),
        ("step" = Option<u32>, Query, minimum = 60, multiple_of = 60, description = "Seconds, a multiple of 60, no longer than the range; at most 1500 steps. Default: 60, or as much more as a long range needs")),
    responses((status = 200, body = Occupancy), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_occupancy(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<OccupancyQuery>,
) -> Answer<Json<Occupancy>> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?.camera();
    let OccupancyQuery { from, to, step } = query?;
    let given = given_range(from, to, state.clock.now(), MAX_SERIES_DAYS)?;
    // `whole` is what a step may be as long as: a shift that has just begun becomes longer than it is.
    let (from, to, whole) = match given {
        Some((from, to)) => (from, to, to),
        None => {
            let now = state.clock.now();
            let shift = state.store.shift_at(caller.tenant, camera.branch, now).await?;
            (shift.start, now, shift.end)
        }
    };
    let from = floor(from, MINUTE_MS);
    let length_ms = |to: Timestamp| to.as_millis() - from.as_millis();
    let step_s = step_of(step, length_ms(to), length_ms(whole))?;
    let step_ms = i64::from(step_s) * 1000;
    let series =
        state.store.occupancy(caller.tenant, (camera.branch, &camera.id), (from, to), step_ms).await?;
    let clock = shifts::zone(&state, &caller, camera.branch).await?;
    Ok(Json(Occupancy::new(&camera.id, (from, to), step_s, &series, &clock)))
}

/// Where people stood before a camera: a picture of numbers, from transparent over blue to red where most time was
/// spent.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/heatmap.png", tag = "figures",
    params(("id" = String, Path),
        ("shift" = Option<String>, Query, description = "A shift's id, or `current`, which is the default"),
        ("from" = Option<String>, Query, description = "Instead of a shift: RFC 3339, cut to quarters of an hour"),
        ("to" = Option<String>, Query, description = "RFC 3339; default: now. At most 31 days after `from`"),
        ("background" = Option<String>, Query, pattern = "^(plain|outline|none)$", description = "`plain` (default); `outline`: edges of what the camera shows now, if it shows anything; `none`: transparent")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_heatmap(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<HeatmapQuery>,
) -> Answer<Content> {
    super::permit(&caller, Action::View)?;
    let handle = find(&state, &caller, &id)?;
    let query = query?;
    let behind = query.background;
    let place = state.drawings.place(caller.tenant)?;
    let background = match behind {
        Behind::Plain => Background::Plain,
        Behind::None => Background::Transparent,
        // What has no picture now has no outline.
        Behind::Outline => {
            let snapshot = state.viewers.snapshot(&handle, Overlay::Plain.into()).await;
            snapshot.map_or(Background::Plain, Background::Outline)
        }
    };
    let size = (WIDTH, height_of(&handle));
    let turn = place.turn().await?;
    let heat = heat_of(&state, &caller, &handle, query).await?;
    let draw = tokio::task::spawn_blocking(move || {
        // Held until it is drawn, also when the client has hung up meanwhile.
        let _held = (place, turn);
        heatmap_png(&heat, size, &background)
    });
    let bytes = draw.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
    Ok(Content { kind: "image/png", bytes })
}

async fn heat_of(state: &State, caller: &Caller, handle: &CameraHandle, query: HeatmapQuery) -> Answer<Heat> {
    let HeatmapQuery { shift, from, to, .. } = query;
    let (camera, now) = (handle.camera(), state.clock.now());
    let given = given_range(from, to, now, MAX_HEATMAP_DAYS)?;
    let shift = match (given, shift.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("shift", "give either a shift or `from` and `to`"));
        }
        (Some((from, to)), None) => {
            let range = (floor(from, QUARTER_MS), to);
            return Ok(state.store.heat_between(caller.tenant, camera.branch, &camera.id, range).await?);
        }
        (None, None | Some("current")) => state.store.shift_at(caller.tenant, camera.branch, now).await?,
        (None, Some(id)) => shifts::find(state, caller, id).await?,
    };
    if shift.branch != camera.branch {
        return Err(ApiError::invalid("shift", "is of another branch than the camera"));
    }
    Ok(state.store.heat_of_shift(caller.tenant, camera.branch, &camera.id, shift.id).await?)
}

/// As high as the camera's picture makes it.
fn height_of(handle: &CameraHandle) -> u32 {
    let status = handle.status();
    let (width, height) = if status.width > 0 { (status.width, status.height) } else { (16, 9) };
    (u64::from(WIDTH) * u64::from(height) / u64::from(width)).clamp(90, 1440) as u32
}

/// The range that was asked for; `None` without any.
pub(super) fn given_range(
    from: Option<String>,
    to: Option<String>,
    now: Timestamp,
    max_days: i64,
) -> Answer<Option<(Timestamp, Timestamp)>> {
    let from = from.map(|text| instant_in("from", &text)).transpose()?;
    let to = to.map(|text| instant_in("to", &text)).transpose()?;
    let (from, to) = match (from, to) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(ApiError::invalid("from", "is needed with `to`")),
        (Some(from), to) => (from, to.unwrap_or(now)),
    };
    let length_ms = to.as_millis() - from.as_millis();
    if length_ms <= 0 {
        return Err(ApiError::invalid("to", "is not after `from`"));
    }
    if length_ms > max_days * 24 * 60 * MINUTE_MS {
        return Err(ApiError::invalid("to", format!("is more than {max_days} days after `from`")));
    }
    Ok(Some((from, to)))
}

/// The begin of the minute or quarter, `length_ms` long, that holds `at`.
fn floor(at: Timestamp, length_ms: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - at.as_millis() % length_ms)
}

/// A step in seconds that cuts `length_ms` into no more than [`MAX_POINTS`], and is no longer than `whole_ms`, rounded up
/// to a minute.
fn step_of(step: Option<i64>, length_ms: i64, whole_ms: i64) -> Answer<u32> {
    let length_s = (length_ms + 999) / 1000;
    let most = ((whole_ms + MINUTE_MS - 1) / MINUTE_MS * 60).max(60);
    let least = ((length_s + MAX_POINTS - 1) / MAX_POINTS + 59) / 60 * 60;
    let step = step.unwrap_or(least.max(60));
    if step < 60 || step % 60 != 0 || step > most {
        let reason = format!("{step} is not a multiple of 60 s up to the {most} s of the whole range");
        return Err(ApiError::invalid("step", reason));
    }
    if step < least {
        let reason = format!("{step} s makes more than {MAX_POINTS} points; {least} s or more fit");
        return Err(ApiError::invalid("step", reason));
    }
    u32::try_from(step).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_minutes_and_bound_the_points() {
        let day_ms = 24 * 60 * MINUTE_MS;
        for (step, length_ms, expected) in [
            (None, 1, Some(60)),
            (None, day_ms, Some(60)),
            (None, 2 * day_ms, Some(120)),
            (Some(3600), day_ms, Some(3600)),
            (Some(86_400), day_ms - 1, Some(86_400)),
            (Some(86_460), day_ms, None),
            (Some(4_294_980), 60 * day_ms, Some(4_294_980)),
            (Some(60), 2 * day_ms, None),
            (Some(90), day_ms, None),
            (Some(0), day_ms, None),
            (Some(i64::MAX), day_ms, None),
        ] {
            assert_eq!(step_of(step, length_ms, length_ms).ok(), expected, "{step:?} in {length_ms}");
        }
        let longest = MAX_SERIES_DAYS * day_ms;
        let step = i64::from(step_of(None, longest, longest).unwrap());
        assert!(longest / 1000 / step <= MAX_POINTS, "{step}");
    }
}

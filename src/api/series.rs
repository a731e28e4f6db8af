//! Figures over time, by the minutes, hours and days of a branch's clock.

use std::time::Duration;

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::occupancy::given_range;
use super::reply::{Json, respond};
use super::request::{Answer, query, with};
use super::summaries::{ScopeQuery, scope};
use super::{State, caller, shifts};
use crate::auth::{Action, Caller};
use crate::domain::{Branch, Scope, SectorId};
use crate::shift::Buckets;
use crate::store::Counted;
use crate::visit::Direction;
use crate::wire::{CountPoint, Measure, PeoplePoint, Series, SeriesPoint, TimeStep, ZoneClock};

/// A week of minutes or a year of hours, and some.
const MAX_STEPS: usize = 11_000;

/// Ten years of counts, which are added up from the tallies of their shifts.
const MAX_DAYS: i64 = 3660;

/// Of people, whose minutes are read: what the database adds up in a second or so, for each camera.
const MAX_OCCUPANCY_DAYS: i64 = 366;

/// People of a day, which may have an hour more than others, are told at once; of a longer time they take their turn.
const LONGEST_AT_ONCE: Duration = Duration::from_secs(25 * 60 * 60);

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "series")
        .and(warp::get())
        .and(with(state.clone()))
        .and(caller())
        .and(query())
        .then(get_series)
        .map(respond)
        .boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesQuery {
    #[serde(default)]
    measure: Measure,
    #[serde(default)]
    step: TimeStep,
    from: Option<String>,
    to: Option<String>,
    branch_id: Option<i64>,
    sector_id: Option<i64>,
    camera: Option<String>,
    line: Option<String>,
}

/// What a series is of.
struct Asked {
    measure: Measure,
    step: TimeStep,
    branch: Branch,
    scope: Scope,
    line: Option<String>,
    buckets: Buckets,
}

/// Visits, entries, exits or people, step by step.
#[utoipa::path(get, path = "/api/v1/series", tag = "figures",
    params(("measure" = Option<Measure>, Query, description = "Default: `visits`. Of entries and exits those over all lines, unless `line` names one"),
        ("step" = Option<TimeStep>, Query, description = "Default: `hour`, of the branch's clock: an hour that comes twice is two, a day has 23 to 25. At most 11000 steps"),
        ("from" = Option<String>, Query, description = "RFC 3339; the step that it lies in counts in full. Default: the start of the current shift"),
        ("to" = Option<String>, Query, description = "RFC 3339; default: now. At most 3660 days after `from`, of occupancy 366"),
        ("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("line" = Option<String>, Query, description = "Only crossings of lines of this name")),
    responses((status = 200, body = Series), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_series(
    state: State,
    caller: Caller,
    query: Answer<SeriesQuery>,
) -> Answer<Json<Series>> {
    super::permit(&caller, Action::View)?;
    let asked = read(&state, &caller, query?).await?;
    let clock = ZoneClock::of(&asked.branch.time_zone);
    let (points, total) = points(&state, &caller, &asked, &clock).await?;
    let Asked { measure, step, branch, scope, line, buckets } = asked;
    Ok(Json(Series {
        measure,
        step,
        branch_id: branch.id.get(),
        sector_id: scope.sector.map(SectorId::get),
        camera: scope.camera.map(|camera| camera.to_string()),
        line,
        from: clock.write(buckets.from()),
        to: clock.write(buckets.to()),
        total,
        points,
    }))
}

async fn read(state: &State, caller: &Caller, query: SeriesQuery) -> Answer<Asked> {
    let SeriesQuery { measure, step, from, to, branch_id, sector_id, camera, line } = query;
    if line.is_some() && !matches!(measure, Measure::Entries | Measure::Exits) {
        return Err(ApiError::invalid("line", "is crossed by entries and exits only"));
    }
    let scope = scope(ScopeQuery { sector_id, camera })?;
    let most = if measure == Measure::Occupancy { MAX_OCCUPANCY_DAYS } else { MAX_DAYS };
    let now = state.clock.now();
    let given = given_range(from, to, now, most)?;
    let branch = shifts::branch(state, caller, branch_id).await?;
    let range = match given {
        Some(range) => range,
        None => (state.store.shift_at(caller.tenant, branch, now).await?.start, now),
    };
    let branch = state.store.branch_or_unnamed(caller.tenant, branch).await?;
    let buckets = Buckets::new(step.into(), &branch.time_zone, range, MAX_STEPS).map_err(|error| {
        ApiError::invalid("step", format!("{} makes {error}; take a longer one", step_name(step)))
    })?;
    Ok(Asked { measure, step, branch, scope, line, buckets })
}

/// Whether what these take the database to answer is bounded by a queue.
fn takes_its_turn(buckets: &Buckets) -> bool {
    buckets.to().since(buckets.from()) > LONGEST_AT_ONCE
}

fn step_name(step: TimeStep) -> &'static str {
    crate::domain::TimeStep::from(step).name()
}

/// The points, and what they come to together.
async fn points(
    state: &State,
    caller: &Caller,
    asked: &Asked,
    clock: &ZoneClock,
) -> Answer<(Vec<SeriesPoint>, Option<u64>)> {
    let Asked { measure, step, branch, scope, line, buckets } = asked;
    let (place, line) = ((caller.tenant, branch.id), line.as_deref());
    let counted = match measure {
        Measure::Visits => Counted::Visits,
        Measure::Entries => Counted::Crossings(Direction::In, line),
        Measure::Exits => Counted::Crossings(Direction::Out, line),
        Measure::Occupancy => {
            // A year of many cameras takes its time, and the database's: one after the other, as heatmaps.
            let waiting = takes_its_turn(buckets).then(|| state.drawings.place(caller.tenant)).transpose()?;
            let _turn = match &waiting {
                Some(waiting) => Some(waiting.turn().await?),
                None => None,
            };
            let people = state.store.people_over_time(place, scope, buckets).await?;
            let points = buckets.starts().zip(people);
            let show = |(start, people)| SeriesPoint::People(PeoplePoint::new(start, people, clock));
            return Ok((points.map(show).collect(), None));
        }
    };
    let counts = state.store.counts_over_time(place, counted, scope, ((*step).into(), buckets)).await?;
    let total = counts.iter().sum();
    let show = |(start, count)| SeriesPoint::Count(CountPoint::new(start, count, clock));
    Ok((buckets.starts().zip(counts).map(show).collect(), Some(total)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::instant_in;

    #[test]
    fn a_day_of_any_length_is_told_at_once_and_more_waits_its_turn() {
        let at = |text| instant_in("at", text).expect("the instant should be one");
        for (from, to, waits) in [
            ("2026-05-04T10:00:00+02:00", "2026-05-04T11:00:00+02:00", false),
            // The day on which clocks are set back.
            ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", false),
            ("2026-05-04T00:00:00+02:00", "2026-05-05T02:00:00+02:00", true),
        ] {
            let hours = crate::domain::TimeStep::Hour;
            let buckets = Buckets::new(hours, "Europe/Madrid", (at(from), at(to)), MAX_STEPS);
            assert_eq!(takes_its_turn(&buckets.expect("the hours should be few")), waits, "{from}");
        }
    }
}

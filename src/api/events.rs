//! Events from systems that speak HTTP: into the gateway, and no further.

use serde_json::{Map, Value};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::reply::{Accepted, respond};
use super::request::{Answer, json_bytes, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{Event, random_name};
use crate::wire::{EventsInput, MAX_EVENT_BYTES, Published, PublishedEvent, event_of};

/// Events of one request.
const MOST: usize = 100;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "events")
        .and(warp::post())
        .and(with(state.clone()))
        .and(caller())
        .and(json_bytes(state.max_body_bytes))
        .then(publish_events)
        .map(respond)
        .boxed()
}

/// Tells the staff and the guests of something: one event, or a list of up to 100 in their order.
///
/// An event is taken when it stands in the answer; one that is sent again with its id within a minute counts once. When
/// too many of the tenant's wait, the rest of a list is refused, and `taken` says how many were not.
#[utoipa::path(post, path = "/api/v1/events", tag = "gateway",
    request_body(content = EventsInput, example = json!({"type": "ROUND_READY", "branch_id": 1, "sector_id": 10, "session_id": 77,
        "id": "round-4711-ready", "entity": {"round_id": 4711, "table": "T-12"}})),
    responses((status = 202, description = "They are on their way", body = Published),
        (status = 429, description = "Too many events of the tenant wait; `taken` says how many of these do, `Retry-After` when to send the rest",
            content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 503, description = "Events cannot be sent on now: try again soon", content_type = "application/problem+json", body = crate::wire::Problem),
        super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn publish_events(
    state: State,
    caller: Caller,
    body: Answer<Vec<u8>>,
) -> Answer<Accepted<Published>> {
    super::permit(&caller, Action::PublishEvents)?;
    let events = read(&body?, &caller)?;
    if !state.gateway.takes_events() {
        return Err(ApiError::Unavailable(
            "events cannot be sent on now: Redis is away; try again soon".into(),
        ));
    }
    let of = events.len();
    let mut items = Vec::with_capacity(of);
    for event in events {
        let id = event.id.as_deref().unwrap_or_default().to_owned();
        if state.gateway.publish(event).is_err() {
            state.gateway.figures().rate_limited.add((of - items.len()) as u64);
            return Err(ApiError::Flood { taken: items.len(), of });
        }
        items.push(PublishedEvent { id });
    }
    Ok(Accepted(Published { items }))
}

/// All events of a body or none: a mistake in the last one is told before the first one is sent.
fn read(body: &[u8], caller: &Caller) -> Answer<Vec<Event>> {
    let unreadable = |detail: String| ApiError::Unreadable { field: None, detail };
    let value: Value = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    match value {
        Value::Object(members) => Ok(vec![event(members, caller, "")?]),
        Value::Array(list) if list.is_empty() => Err(ApiError::Unfit("the list has no event".into())),
        Value::Array(list) if list.len() > MOST => {
            Err(ApiError::Unfit(format!("{} events are more than {MOST}", list.len())))
        }
        Value::Array(list) => {
            let each = list.into_iter().enumerate().map(|(index, value)| match value {
                Value::Object(members) => event(members, caller, &format!("[{index}].")),
                _ => Err(unreadable(format!("[{index}] is not an object"))),
            });
            each.collect()
        }
        _ => Err(unreadable("an event is an object, and several are a list of them".into())),
    }
}

/// An event of the caller's own; `place` is where it stands in the body.
fn event(members: Map<String, Value>, caller: &Caller, place: &str) -> Answer<Event> {
    let wrong = |field: &str, reason: String| ApiError::invalid(format!("{place}{field}"), reason);
    let mut event =
        event_of(members, Some(caller.tenant)).map_err(|error| wrong(error.field, error.reason))?;
    if event.tenant != caller.tenant {
        return Err(wrong("tenant_id", format!("{} is not your tenant", event.tenant)));
    }
    if !caller.branches.contain(event.branch) {
        return Err(wrong("branch_id", format!("{} is not a branch of yours", event.branch)));
    }
    if event.fields.len() > MAX_EVENT_BYTES {
        let detail = format!("{place}: {} bytes are more than {MAX_EVENT_BYTES}", event.fields.len());
        return Err(ApiError::Oversized(detail.trim_start_matches(['.', ':', ' ']).to_owned()));
    }
    event.id.get_or_insert_with(|| random_name().into());
    Ok(event)
}

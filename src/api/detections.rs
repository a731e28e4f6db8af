//! Live metadata of every frame as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::find;
use super::reply::{Endless, respond};
use super::request::{Answer, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::CameraHandle;
use crate::domain;
use crate::wire::{Frame, Missed, ZoneClock};

/// Proxies give up on a connection that is silent for half a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "cameras" / String / "detections")
        .and(warp::get())
        .and(with(state.clone()))
        .and(caller())
        .then(stream_detections)
        .map(respond)
        .boxed()
}

/// Every frame's boxes as they are seen: events `frame`, and `missed` for a listener that was too slow for some.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/detections", tag = "video", params(("id" = String, Path)),
    responses((status = 200, description = "Events `frame` and `missed`", content_type = "text/event-stream", body = Frame),
        super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn stream_detections(id: String, state: State, caller: Caller) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?;
    let stream = events(&camera, state.stop.clone());
    Ok(Endless { kind: "text/event-stream", stream }.into_reply())
}

/// Ends when the camera is removed or the server stops.
fn events(
    camera: &CameraHandle,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let gone = camera.gone();
    let ended = async move {
        tokio::select! {
            () = gone => {}
            () = stop.cancelled() => {}
        }
    };
    let next = |mut frames| async move { Some((Ok(next(&mut frames).await?), frames)) };
    unfold(camera.frames(), next).take_until(ended)
}

async fn next(frames: &mut Receiver<Arc<domain::Frame>>) -> Option<Bytes> {
    match timeout(KEEP_ALIVE, frames.recv()).await {
        Ok(Ok(frame)) => Some(event("frame", &Frame::new(&frame, &ZoneClock::utc()))),
        Ok(Err(RecvError::Lagged(missed))) => Some(event("missed", &Missed { missed })),
        Ok(Err(RecvError::Closed)) => None,
        // A comment: it keeps the connection and is no event.
        Err(_) => Some(Bytes::from_static(b":\n\n")),
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    let json =
        serde_json::to_string(data).expect("frames should be JSON: their keys are text and numbers finite");
    format!("event: {name}\ndata: {json}\n\n").into()
}

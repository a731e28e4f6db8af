//! Live metadata of every frame as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::find;
use super::reply::{Endless, respond};
use super::request::{Answer, query, with};
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
        .and(query())
        .then(stream_detections)
        .map(respond)
        .boxed()
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DetectionsQuery {
    /// With what is said of people, as far as it is known by then; default false
    #[serde(default)]
    attributes: bool,
}

/// Every frame's boxes as they are seen: events `frame`, and `missed` for a listener that was too slow for some.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/detections", tag = "video", params(("id" = String, Path), DetectionsQuery),
    responses((status = 200, description = "Events `frame` and `missed`", content_type = "text/event-stream", body = Frame),
        super::openapi::BadQuery, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn stream_detections(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<DetectionsQuery>,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?;
    let stream = events(&camera, query?.attributes, state.stop.clone());
    Ok(Endless { kind: "text/event-stream", stream }.into_reply())
}

/// Ends when the camera is removed or the server stops.
fn events(
    camera: &CameraHandle,
    attributes: bool,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let gone = camera.gone();
    let ended = async move {
        tokio::select! {
            () = gone => {}
            () = stop.cancelled() => {}
        }
    };
    let next = move |mut frames| async move { Some((Ok(next(&mut frames, attributes).await?), frames)) };
    unfold(camera.frames(), next).take_until(ended)
}

async fn next(frames: &mut Receiver<Arc<domain::Frame>>, attributes: bool) -> Option<Bytes> {
    match timeout(KEEP_ALIVE, frames.recv()).await {
        Ok(Ok(frame)) => Some(event("frame", &Frame::new(&frame, &ZoneClock::utc(), attributes))),
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

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;
    use crate::domain::{CameraId, TenantId, Timestamp};

    fn frame(number: u64) -> Arc<domain::Frame> {
        Arc::new(domain::Frame {
            tenant: TenantId::default(),
            camera: CameraId::new("door").unwrap(),
            number,
            pts_ms: number * 40,
            at: Timestamp::from_millis(0),
            width: 640,
            height: 480,
            fresh: true,
            model: "nanodet".into(),
            detections: Vec::new(),
        })
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_how_many_it_missed() {
        let (sender, mut frames) = broadcast::channel(4);
        for number in 0..10 {
            sender.send(frame(number)).unwrap();
        }
        let mut text = async || String::from_utf8(next(&mut frames, false).await.unwrap().to_vec()).unwrap();
        assert_eq!(text().await, "event: missed\ndata: {\"missed\":6}\n\n");
        let newest = text().await;
        assert!(
            newest.starts_with("event: frame\ndata: {\"camera\":\"door\",\"frame\":6,\"pts_ms\":240,"),
            "{newest}"
        );
        drop(sender);
        for _ in 7..10 {
            assert!(next(&mut frames, false).await.is_some());
        }
        assert_eq!(next(&mut frames, false).await, None);
    }
}

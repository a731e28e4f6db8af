//! MJPEG and snapshots.

use std::pin::pin;
use std::time::Duration;

use atalaya::camera::Overlay;
use atalaya::domain::TenantId;
use atalaya::viewer::{Height, MJPEG_BOUNDARY, MJPEG_CONTENT_TYPE, View, ViewerError};
use bytes::Bytes;
use futures_util::future::{join, join_all, select_all};
use futures_util::{Stream, StreamExt};

use crate::studio::{BarsCamera, Decoder, Seen, Studio, eventually};

/// Reads parts as a browser does: by the boundary, whatever way the bytes come in.
struct Parts<S> {
    stream: S,
    read: Vec<u8>,
}

#[derive(Debug)]
struct Part {
    headers: String,
    body: Vec<u8>,
}

impl<S: Stream<Item = Result<Bytes, std::convert::Infallible>> + Unpin> Parts<S> {
    async fn next(&mut self) -> Option<Part> {
        let boundary = format!("--{MJPEG_BOUNDARY}\r\n").into_bytes();
        let find = |read: &[u8], from: usize| {
            read[from..].windows(boundary.len()).position(|window| window == boundary).map(|at| at + from)
        };
        loop {
            if let Some(begin) = find(&self.read, 0).map(|at| at + boundary.len())
                && let Some(end) = find(&self.read, begin)
            {
                let part =
                    self.read[begin..end].strip_suffix(b"\r\n").expect("a line ends before the boundary");
                let head = part.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end");
                let headers = String::from_utf8(part[..head].to_vec()).expect("headers are text");
                let body = part[head + 4..].to_vec();
                self.read.drain(..end);
                return Some(Part { headers, body });
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.stream.next())
                .await
                .expect("a part should arrive in time")?;
            let Ok(chunk) = chunk;
            self.read.extend(chunk);
        }
    }
}

impl Part {
    fn header(&self, name: &str) -> &str {
        let line = self.headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mjpeg_parts_are_whole_pictures_with_length_and_time() {
    let (studio, mut camera) = (Studio::new(), BarsCamera::running("door"));
    assert!(MJPEG_CONTENT_TYPE.ends_with(&format!("boundary={MJPEG_BOUNDARY}")));
    let stream = pin!(studio.viewers.mjpeg(&camera.handle, Overlay::Plain.into()).unwrap());
    let mut parts = Parts { stream, read: Vec::new() };
    let decoder = Decoder::jpeg();
    let mut before = 0.0;
    for _ in 0..10 {
        let part = parts.next().await.expect("the stream goes on");
        assert_eq!(part.header("Content-Type"), "image/jpeg");
        assert_eq!(part.header("Content-Length").parse(), Ok(part.body.len()));
        let taken: f64 = part.header("X-Timestamp").parse().unwrap();
        assert!(taken > before, "{taken} after {before}");
        before = taken;
        let seen = decoder.see(&part.body).expect("a JPEG decodes at once");
        assert!((seen.width, seen.height) == (640, 480) && seen.is_colourful(), "{seen:?}");
    }
    camera.lose();
    loop {
        let part = parts.next().await.expect("the stream goes on");
        if decoder.see(&part.body).is_some_and(|seen| seen.is_no_signal()) {
            break;
        }
    }
    assert_eq!(studio.viewers.encodes().h264_started, 0);
    studio.viewers.close_all();
    while parts.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mjpeg_viewer_misses_pictures_and_slows_nobody() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let tenant = camera.handle.camera().tenant;
    let watch = || studio.viewers.mjpeg(&camera.handle, Overlay::Plain.into()).unwrap();
    let mut slow = Parts { stream: pin!(watch()), read: Vec::new() };
    let mut quick = Parts { stream: pin!(watch()), read: Vec::new() };
    slow.next().await.unwrap();
    assert_eq!(studio.viewers.encodes().jpeg_started, 1, "one encode for both");
    for _ in 0..15 {
        quick.next().await.unwrap();
    }
    slow.next().await.unwrap();
    let figures = studio.viewers.figures(tenant, &camera.id());
    assert!(figures.frames_skipped >= 10, "{figures:?}");
    assert_eq!(figures.viewers, 2);
    drop((slow, quick));
}

#[tokio::test(flavor = "multi_thread")]
async fn small_pictures_are_made_once_for_all_who_ask_for_the_same() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let small = View { overlay: Overlay::Plain, height: Some(Height::try_from(180).unwrap()) };
    let watch = |view| Parts {
        stream: Box::pin(studio.viewers.mjpeg(&camera.handle, view).unwrap()),
        read: Vec::new(),
    };
    let mut watching = [watch(small), watch(small), watch(Overlay::Plain.into())];
    for (parts, size) in watching.iter_mut().zip([(240, 180), (240, 180), (640, 480)]) {
        let part = parts.next().await.expect("the stream goes on");
        let seen = Decoder::jpeg().see(&part.body).expect("a JPEG decodes at once");
        assert!((seen.width, seen.height) == size && seen.is_colourful(), "{seen:?}");
    }
    assert_eq!(studio.viewers.encodes().jpeg_started, 2, "one encode a size");
    let jpeg = studio.viewers.snapshot(&camera.handle, small).await.unwrap();
    let seen = Decoder::jpeg().see(&jpeg).expect("a JPEG decodes at once");
    assert!((seen.width, seen.height) == (240, 180) && seen.is_colourful(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mjpeg_encode_ends_with_its_last_viewer() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let mut parts = Parts {
        stream: Box::pin(studio.viewers.mjpeg(&camera.handle, Overlay::Drawn.into()).unwrap()),
        read: Vec::new(),
    };
    parts.next().await.unwrap();
    assert_eq!(studio.viewers.encodes().jpeg_running, 1);
    drop(parts);
    assert_eq!(studio.viewers.count(camera.handle.camera().tenant, &camera.id()), 0);
    eventually("the encode to end", || studio.viewers.encodes().jpeg_running == 0).await;
    eventually("the camera to make no pictures", || camera.feed.wanted(Overlay::Drawn) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_is_one_picture_and_leaves_nothing_running() {
    let (studio, mut camera) = (Studio::new(), BarsCamera::running("door"));
    let jpeg = studio.viewers.snapshot(&camera.handle, Overlay::Drawn.into()).await.unwrap();
    let seen: Seen = Decoder::jpeg().see(&jpeg).expect("a JPEG decodes at once");
    assert!((seen.width, seen.height) == (640, 480) && seen.is_colourful(), "{seen:?}");
    assert_eq!(camera.feed.wanted(Overlay::Drawn), 0);
    assert_eq!(studio.viewers.encodes().jpeg_running, 0);

    camera.lose();
    let error = studio.viewers.snapshot(&camera.handle, Overlay::Drawn.into()).await.unwrap_err();
    assert!(matches!(error, ViewerError::NoPicture { .. }));
    assert_eq!(error.to_string(), "camera \"door\" has no picture: it is lost: cable");
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_that_show_nothing_keep_no_other_snapshot_waiting() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let silent = ["one", "two", "three", "four", "five"].map(BarsCamera::new);
    let wait_for = |silent: &BarsCamera| {
        silent.run();
        let (viewers, handle) = (studio.viewers.clone(), silent.handle.clone());
        Box::pin(async move { viewers.snapshot(&handle, Overlay::Plain.into()).await })
    };
    let waiting = select_all(silent.iter().map(wait_for));
    tokio::select! {
        biased;
        (outcome, ..) = waiting => panic!("the silent ones came first: {outcome:?}"),
        shot = studio.viewers.snapshot(&camera.handle, Overlay::Plain.into()) => assert!(!shot.unwrap().is_empty()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_dead_cameras_keeps_no_other_from_taking_snapshots() {
    let other = TenantId::new(2).unwrap();
    let (studio, silent) = (Studio::new(), BarsCamera::new("silent"));
    let (own, mut others) = (BarsCamera::running("door"), BarsCamera::of(other, "door"));
    silent.run();
    others.switch_on(640, 480);
    let waiting = join_all((0..64).map(|_| studio.viewers.snapshot(&silent.handle, Overlay::Plain.into())));
    let asking = async {
        let refused = studio.viewers.snapshot(&own.handle, Overlay::Plain.into()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "64 of your snapshots are being taken already; try again in a moment"
        );
        studio.viewers.snapshot(&others.handle, Overlay::Plain.into()).await
    };
    // The first of both is begun first.
    let (waited, shot) = join(waiting, asking).await;
    assert!(!shot.unwrap().is_empty());
    assert!(waited.iter().all(|taken| matches!(taken, Err(ViewerError::NoPicture { .. }))), "{waited:?}");
}

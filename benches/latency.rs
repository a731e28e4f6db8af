//! How old the picture is that a browser shows, and how soon it shows the first one.
//!
//! A clock is painted into every picture as it leaves its source; a headless Chromium reads it off the screen.
//! The standard detector looks at every one of them. It needs the console's node packages and Chromium (`make test`
//! installs both); run it from the top folder with `cargo bench --bench latency`.

#[allow(dead_code, reason = "the tests ask more of a camera than a measurement does")]
#[path = "../tests/viewer/studio.rs"]
mod studio;

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use atalaya::camera::{CameraHandle, Overlay, Picture, start_gstreamer};
use atalaya::clock::Clock;
use gst::prelude::*;
use serde::Deserialize;
use warp::Filter;

use studio::{BarsCamera, Studio};

/// Bits of the painted clock, and the side of a bit in pixels: see `latency.html`.
const BITS: usize = 24;
const BLOCK: usize = 16;

const LAUNCH: &str = "videotestsrc is-live=true pattern=ball
    ! video/x-raw,format=I420,width=640,height=480,framerate=15/1 ! identity name=source
    ! visiondetect ! visiontrack ! visionoverlay ! appsink name=out sync=false";

/// What the browser saw.
#[derive(Debug, Deserialize)]
struct Seen {
    first: Vec<u32>,
    state: String,
    latencies: Vec<u32>,
}

#[tokio::main]
async fn main() -> Result<()> {
    start_gstreamer()?;
    let studio = Studio::new();
    let camera = BarsCamera::new("clock");
    let pipeline = show_clock(&camera)?;
    studio.viewers.encoder().await?;
    let page = warp::path::end().map(|| warp::reply::html(include_str!("latency.html")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let routes = page.or(whep(&studio, camera.handle.clone()));
    let served = tokio::spawn(warp::serve(routes).incoming(listener).run());
    let seen = watch(url).await;
    served.abort();
    pipeline.set_state(gst::State::Null)?;
    report(&seen?)
}

fn whep(
    studio: &Studio,
    camera: CameraHandle,
) -> impl Filter<Extract = (impl warp::Reply + use<>,), Error = warp::Rejection> + Clone + use<> {
    let viewers = studio.viewers.clone();
    warp::path!("whep").and(warp::post()).and(warp::body::bytes()).then(move |offer: bytes::Bytes| {
        let (viewers, camera) = (viewers.clone(), camera.clone());
        async move {
            let offer = String::from_utf8_lossy(&offer).into_owned();
            match viewers.whep_offer(&camera, Overlay::Drawn.into(), &offer).await {
                Ok(answer) => warp::reply::with_status(answer.sdp, warp::http::StatusCode::CREATED),
                Err(error) => {
                    warp::reply::with_status(error.to_string(), warp::http::StatusCode::BAD_REQUEST)
                }
            }
        }
    })
}

/// Plays a test picture with a clock in it as `camera`.
fn show_clock(camera: &BarsCamera) -> Result<gst::Pipeline> {
    let pipeline = gst::parse::launch(LAUNCH)?.downcast::<gst::Pipeline>().ok().context("a pipeline")?;
    let source =
        pipeline.by_name("source").and_then(|source| source.static_pad("src")).context("a source")?;
    let clock = Clock::system();
    source.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data
            && let Ok(mut bytes) = buffer.make_mut().map_writable()
        {
            paint(&mut bytes, clock.now().as_millis());
        }
        gst::PadProbeReturn::Ok
    });
    let out =
        pipeline.by_name("out").and_then(|out| out.downcast::<gst_app::AppSink>().ok()).context("a sink")?;
    let feed = camera.feed.clone();
    let show = move |sink: &gst_app::AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        feed.show(Overlay::Drawn, Picture { sample, at: Instant::now() });
        Ok(gst::FlowSuccess::Ok)
    };
    out.set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(show).build());
    pipeline.set_state(gst::State::Playing)?;
    camera.run();
    Ok(pipeline)
}

/// Paints the lowest bits of `now_ms` into the first lines of a picture 640 pixels wide.
fn paint(luma: &mut [u8], now_ms: i64) {
    for (x, pixel) in luma.iter_mut().take(640 * BLOCK).enumerate().map(|(at, pixel)| (at % 640, pixel)) {
        if let Some(shift) = (BITS - 1).checked_sub(x / BLOCK) {
            *pixel = if now_ms >> shift & 1 == 1 { 235 } else { 16 };
        }
    }
}

async fn watch(url: String) -> Result<Seen> {
    let output = tokio::process::Command::new("node")
        .args(["benches/latency.mjs", &url, "20", "9"])
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .context("node should run")?;
    serde_json::from_slice(&output.stdout).context("the browser saw nothing")
}

fn report(seen: &Seen) -> Result<()> {
    let rank = |values: &[u32], percent: usize| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "640x480 at 15 pictures a second, detection on")?;
    writeln!(out, "connection {}, {} pictures", seen.state, seen.latencies.len())?;
    writeln!(out, "| figure | measured | target |")?;
    writeln!(out, "| --- | --- | --- |")?;
    let first = &seen.first;
    writeln!(
        out,
        "| first picture in Chromium, p50 of {} | {} ms | ≤ 500 ms |",
        first.len(),
        rank(first, 50)
    )?;
    writeln!(out, "| latency p50 | {} ms | |", rank(&seen.latencies, 50))?;
    writeln!(out, "| latency p95 | {} ms | ≤ 120 ms |", rank(&seen.latencies, 95))?;
    Ok(())
}

//! A camera of coloured bars in the place of a real one, and a decoder to look at what viewers get.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use atalaya::camera::{CameraFeed, CameraHandle, Overlay, Picture};
use atalaya::config::Config;
use atalaya::domain::{BranchId, Camera, CameraId, CameraState, TenantId, Timestamp};
use atalaya::viewer::Viewers;
use gst::prelude::*;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pictures a second of the test camera.
const FPS: i32 = 15;

/// What a test needs: viewers on loopback, and their end when the test ends.
pub(crate) struct Studio {
    pub(crate) viewers: Viewers,
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

impl Studio {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        gst::init().expect("GStreamer should start");
        let mut config = Config::default();
        config.webrtc.listen = "127.0.0.1:0".parse().expect("an address");
        config.viewer.encoders = vec!["x264enc".into()];
        change(&mut config);
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let viewers =
            Viewers::new(&config, tracker.clone(), stop.clone()).expect("a loopback port should be free");
        Self { viewers, stop, tracker }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A camera that shows coloured bars for as long as it is switched on.
pub(crate) struct BarsCamera {
    pub(crate) handle: CameraHandle,
    pub(crate) feed: std::sync::Arc<CameraFeed>,
    pipeline: Option<gst::Pipeline>,
}

impl BarsCamera {
    pub(crate) fn new(id: &str) -> Self {
        let camera = Camera {
            id: CameraId::new(id).expect("a slug"),
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: None,
            name: id.to_owned(),
            pipeline: "test".into(),
            parameters: BTreeMap::new(),
            lines: Vec::new(),
            zones: Vec::new(),
            enabled: true,
        };
        let (handle, feed) = CameraHandle::fed(camera);
        Self { handle, feed: std::sync::Arc::new(feed), pipeline: None }
    }

    pub(crate) fn running(id: &str) -> Self {
        let mut camera = Self::new(id);
        camera.switch_on(640, 480);
        camera
    }

    pub(crate) fn id(&self) -> CameraId {
        self.handle.camera().id.clone()
    }

    /// Starts showing pictures of this size, times beginning at zero.
    pub(crate) fn switch_on(&mut self, width: i32, height: i32) {
        self.show(width, height, "smpte");
    }

    /// The same with another of videotestsrc's patterns.
    pub(crate) fn show(&mut self, width: i32, height: i32, pattern: &str) {
        let pipeline = gst::Pipeline::new();
        let source = gst::ElementFactory::make("videotestsrc")
            .property("is-live", true)
            .property_from_str("pattern", pattern)
            .build()
            .expect("videotestsrc should be installed");
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", width)
            .field("height", height)
            .field("framerate", gst::Fraction::new(FPS, 1))
            .build();
        let feed = self.feed.clone();
        let show = move |sink: &gst_app::AppSink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            for overlay in [Overlay::Plain, Overlay::Drawn] {
                feed.show(overlay, Picture { sample: sample.clone(), at: Instant::now() });
            }
            Ok(gst::FlowSuccess::Ok)
        };
        let sink = gst_app::AppSink::builder().caps(&caps).build();
        sink.set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(show).build());
        pipeline.add_many([&source, sink.upcast_ref()]).expect("two elements fit a pipeline");
        source.link(&sink).expect("bars should be I420");
        pipeline.set_state(gst::State::Playing).expect("bars should play");
        self.run();
        if let Some(before) = self.pipeline.replace(pipeline) {
            before.set_state(gst::State::Null).expect("bars should stop");
        }
    }

    /// From now on it says that it runs.
    pub(crate) fn run(&self) {
        self.feed.set_state(CameraState::Running { since: Timestamp::from_millis(0) });
    }

    /// As when its cable is pulled.
    pub(crate) fn lose(&mut self) {
        self.silence();
        let now = Timestamp::from_millis(0);
        self.feed.set_state(CameraState::Lost { since: now, reason: "cable".into(), next_try: now });
    }

    fn silence(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            pipeline.set_state(gst::State::Null).expect("bars should stop");
        }
    }
}

impl Drop for BarsCamera {
    fn drop(&mut self) {
        self.silence();
    }
}

/// A decoded picture.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Largest distance of any pixel from grey, 0..=128.
    pub(crate) colour: u8,
    /// Brightest pixel of the middle fifth.
    pub(crate) middle: u8,
    /// Sum of all brightness: another one, another picture.
    pub(crate) light: u64,
}

impl Seen {
    pub(crate) fn is_colourful(&self) -> bool {
        self.colour > 40
    }

    /// Greyed, with bright letters in the middle.
    pub(crate) fn is_no_signal(&self) -> bool {
        self.colour < 12 && self.middle > 180
    }
}

/// H.264 or JPEG in, what can be seen out.
pub(crate) struct Decoder {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    sink: gst_app::AppSink,
}

impl Decoder {
    pub(crate) fn h264() -> Self {
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build();
        Self::new(&caps, &["h264parse", "avdec_h264"])
    }

    pub(crate) fn jpeg() -> Self {
        Self::new(&gst::Caps::builder("image/jpeg").build(), &["jpegdec"])
    }

    fn new(caps: &gst::Caps, decode: &[&str]) -> Self {
        gst::init().expect("GStreamer should start");
        let source = gst_app::AppSrc::builder().caps(caps).is_live(true).build();
        let raw = gst::Caps::builder("video/x-raw").field("format", "I420").build();
        let sink = gst_app::AppSink::builder().caps(&raw).sync(false).build();
        let mut chain: Vec<gst::Element> = vec![source.clone().upcast()];
        for factory in decode.iter().chain(&["videoconvert"]) {
            chain.push(gst::ElementFactory::make(factory).build().expect("the decoder should be installed"));
        }
        chain.push(sink.clone().upcast());
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).expect("elements fit a pipeline");
        gst::Element::link_many(&chain).expect("the decoder should link");
        pipeline.set_state(gst::State::Playing).expect("the decoder should start");
        Self { pipeline, source, sink }
    }

    /// Decodes one picture; `None` while the decoder holds it back for those that follow.
    pub(crate) fn see(&self, data: &[u8]) -> Option<Seen> {
        self.source.push_buffer(gst::Buffer::from_slice(data.to_vec())).expect("the decoder should run");
        let sample = self.sink.try_pull_sample(gst::ClockTime::from_mseconds(500))?;
        let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
        let chroma = [1, 2].into_iter().flat_map(|plane| frame.plane_data(plane).ok()).flatten();
        let luma = frame.plane_data(0).ok()?;
        Some(Seen {
            width: info.width(),
            height: info.height(),
            colour: chroma.map(|value| value.abs_diff(128)).max().unwrap_or(0),
            light: luma.iter().map(|&value| u64::from(value)).sum(),
            middle: luma[luma.len() * 2 / 5..luma.len() * 3 / 5].iter().copied().max().unwrap_or(0),
        })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.pipeline.set_state(gst::State::Null).expect("the decoder should stop");
    }
}

/// Waits until `condition` holds, for thirty seconds at most.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let holds = async {
        while !condition() {
            looks.tick().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(30), holds).await;
    assert!(outcome.is_ok(), "in vain waited for: {what}");
}

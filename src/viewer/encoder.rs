//! Which H.264 encoder this machine has, found by trying: hardware that registers may still not work.
//!
//! An encoder counts as working when it took five pictures and ended within three seconds. The order is the
//! owner's (`viewer.encoders`); the outcome is kept for the life of the process.

use std::collections::HashMap;
use std::time::Duration;

use gst::prelude::*;

use crate::config;

use super::ViewerError;

/// A driver that needs longer than this to take five small pictures is broken.
const TEST_RUN: Duration = Duration::from_secs(3);

/// Pictures between key frames nobody asked for: they cost bits, joining viewers ask for their own, and this
/// many heal whatever went wrong unseen.
const KEY_INTERVAL: u32 = 600;

/// How an encoder is told to encode for live viewing in a browser.
#[derive(Debug)]
pub(super) struct Recipe {
    /// Element name.
    pub(super) element: &'static str,
    /// Debian package that has it.
    package: &'static str,
    settings: &'static [(&'static str, Setting)],
    /// Further fields of its output caps.
    level: Option<&'static str>,
}

#[derive(Debug)]
enum Setting {
    Text(&'static str),
    Kbps,
    Bps,
    KeyInterval,
    /// `extra-controls` of the V4L2 encoders.
    V4l2Controls,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        element: "vah264enc",
        package: "gstreamer1.0-plugins-bad",
        settings: &[
            ("rate-control", Setting::Text("cbr")),
            ("bitrate", Setting::Kbps),
            ("b-frames", Setting::Text("0")),
            ("ref-frames", Setting::Text("1")),
            ("key-int-max", Setting::KeyInterval),
        ],
        level: None,
    },
    Recipe {
        element: "vaapih264enc",
        package: "gstreamer1.0-vaapi",
        settings: &[
            ("rate-control", Setting::Text("cbr")),
            ("bitrate", Setting::Kbps),
            ("max-bframes", Setting::Text("0")),
            ("refs", Setting::Text("1")),
            ("keyframe-period", Setting::KeyInterval),
        ],
        level: None,
    },
    Recipe {
        element: "v4l2h264enc",
        package: "gstreamer1.0-plugins-good",
        settings: &[("extra-controls", Setting::V4l2Controls)],
        // Drivers of single-board computers refuse to negotiate without one.
        level: Some("4"),
    },
    Recipe {
        element: "x264enc",
        package: "gstreamer1.0-plugins-ugly",
        settings: &[
            ("speed-preset", Setting::Text("ultrafast")),
            ("tune", Setting::Text("zerolatency")),
            ("bitrate", Setting::Kbps),
            ("bframes", Setting::Text("0")),
            ("key-int-max", Setting::KeyInterval),
            ("aud", Setting::Text("false")),
            ("byte-stream", Setting::Text("true")),
            // One slice a frame and no hand-over between threads: cameras are many, cores are few.
            ("threads", Setting::Text("1")),
        ],
        level: None,
    },
    Recipe {
        element: "openh264enc",
        package: "gstreamer1.0-plugins-bad",
        settings: &[
            ("rate-control", Setting::Text("bitrate")),
            ("bitrate", Setting::Bps),
            ("complexity", Setting::Text("low")),
            ("gop-size", Setting::KeyInterval),
            ("multi-thread", Setting::Text("1")),
        ],
        level: None,
    },
];

impl Recipe {
    fn of(element: &str) -> Option<&'static Self> {
        RECIPES.iter().find(|recipe| recipe.element == element)
    }

    /// The elements from raw pictures to H.264 access units, in order; the encoder is named `encoder`.
    ///
    /// # Errors
    /// Which element is missing.
    pub(super) fn elements(&self, bitrate_kbps: u32) -> Result<Vec<gst::Element>, String> {
        let encoder = gst::ElementFactory::make(self.element).name("encoder").build().map_err(|_| {
            format!("not installed (Debian package {}), or this machine has no hardware for it", self.package)
        })?;
        for (property, setting) in self.settings {
            setting.apply(&encoder, property, bitrate_kbps);
        }
        let profile = gst::Caps::builder("video/x-h264")
            .field("profile", "constrained-baseline")
            .field_if_some("level", self.level);
        let units =
            gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au");
        Ok(vec![
            // Passes I420 through untouched; hardware often takes NV12 only.
            make("videoconvert")?,
            encoder,
            filter(&profile.build())?,
            // Whoever joins at a key frame needs the parameter sets in front of it.
            with(make("h264parse")?, "config-interval", "-1"),
            filter(&units.build())?,
        ])
    }
}

impl Setting {
    fn apply(&self, encoder: &gst::Element, property: &str, bitrate_kbps: u32) {
        let text = match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Kbps => bitrate_kbps.to_string(),
            Self::Bps => (bitrate_kbps * 1000).to_string(),
            Self::KeyInterval => KEY_INTERVAL.to_string(),
            Self::V4l2Controls => format!(
                "controls,video_bitrate_mode=1,video_bitrate={},repeat_sequence_header=1,h264_i_frame_period={KEY_INTERVAL}",
                bitrate_kbps * 1000
            ),
        };
        set(encoder, property, &text);
    }
}

/// Sets what the element has under this name; versions differ in what they offer, and the test run tells
/// whether it works without.
fn set(element: &gst::Element, property: &str, text: &str) {
    let Some(spec) = element.find_property(property) else { return };
    match gst::glib::Value::deserialize_with_pspec(text, &spec) {
        Ok(value) => element.set_property_from_value(property, &value),
        Err(_) => {
            tracing::debug!(element = %element.name(), property, text, "the encoder does not take this value");
        }
    }
}

fn with(element: gst::Element, property: &str, text: &str) -> gst::Element {
    set(&element, property, text);
    element
}

pub(super) fn make(factory: &str) -> Result<gst::Element, String> {
    gst::ElementFactory::make(factory).build().map_err(|_| format!("GStreamer element {factory} is missing"))
}

fn filter(caps: &gst::Caps) -> Result<gst::Element, String> {
    gst::ElementFactory::make("capsfilter")
        .property("caps", caps)
        .build()
        .map_err(|_| "GStreamer element capsfilter is missing".to_owned())
}

/// The H.264 encoder this machine would use, for who wants to know before there are viewers.
///
/// # Errors
/// [`ViewerError::NoEncoder`].
pub async fn working_encoder(config: &config::Viewer) -> Result<&'static str, ViewerError> {
    let encoders = Encoders::new(config.encoders.clone(), config.bitrate_kbps);
    encoders.working(None).await.map(|recipe| recipe.element)
}

/// The encoders of this machine, in the owner's order.
#[derive(Debug)]
pub(super) struct Encoders {
    names: Vec<String>,
    bitrate_kbps: u32,
    /// What test runs showed; a reason where it failed. Held over a test run, so that there is one a name.
    tested: tokio::sync::Mutex<HashMap<String, Result<(), String>>>,
}

impl Encoders {
    pub(super) fn new(names: Vec<String>, bitrate_kbps: u32) -> Self {
        Self { names, bitrate_kbps, tested: tokio::sync::Mutex::default() }
    }

    pub(super) fn bitrate_kbps(&self) -> u32 {
        self.bitrate_kbps
    }

    /// The first that works, or with `failed` the first that works behind it.
    ///
    /// # Errors
    /// [`ViewerError::NoEncoder`] with what was tried and why it did not do.
    pub(super) async fn working(&self, failed: Option<&str>) -> Result<&'static Recipe, ViewerError> {
        let mut tested = self.tested.lock().await;
        let start = failed.and_then(|failed| self.names.iter().position(|name| name == failed));
        for name in self.names.iter().skip(start.map_or(0, |index| index + 1)) {
            let Some(recipe) = Recipe::of(name) else {
                tested.insert(name.clone(), Err("not an encoder this program knows".into()));
                continue;
            };
            if !tested.contains_key(name) {
                let outcome = test(recipe, self.bitrate_kbps).await;
                match &outcome {
                    Ok(()) => tracing::info!(encoder = %name, "H.264 encoder works"),
                    Err(reason) => tracing::info!(encoder = %name, %reason, "H.264 encoder cannot be used"),
                }
                tested.insert(name.clone(), outcome);
            }
            if matches!(tested.get(name), Some(Ok(()))) {
                return Ok(recipe);
            }
        }
        Err(ViewerError::NoEncoder {
            codec: "H.264",
            package: "gstreamer1.0-plugins-ugly",
            tried: self.summary(&tested),
        })
    }

    fn summary(&self, tested: &HashMap<String, Result<(), String>>) -> String {
        let tell = |name: &String| match tested.get(name) {
            Some(Err(reason)) => format!("{name}: {reason}"),
            _ => format!("{name}: failed while running"),
        };
        self.names.iter().map(tell).collect::<Vec<_>>().join("; ")
    }
}

async fn test(recipe: &'static Recipe, bitrate_kbps: u32) -> Result<(), String> {
    within(2 * TEST_RUN, move || test_run(recipe, bitrate_kbps)).await
}

/// The outcome of `run` on a thread of its own. A driver may hang where nothing bounds it, in starting or in being
/// shut down: such a thread is left to itself, and the next encoder is tried.
async fn within(
    patience: Duration,
    run: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Result<(), String> {
    match tokio::time::timeout(patience, tokio::task::spawn_blocking(run)).await {
        Ok(outcome) => outcome.unwrap_or_else(|_| Err("its test run crashed".into())),
        Err(_) => Err(format!("it hung for {} s", patience.as_secs_f32())),
    }
}

/// Five small pictures through the whole chain.
fn test_run(recipe: &Recipe, bitrate_kbps: u32) -> Result<(), String> {
    let encode = recipe.elements(bitrate_kbps)?;
    let source = with(make("videotestsrc")?, "num-buffers", "5");
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", 640)
        .field("height", 360)
        .field("framerate", gst::Fraction::new(15, 1))
        .build();
    let mut chain = vec![source, filter(&caps)?];
    chain.extend(encode);
    chain.push(with(make("fakesink")?, "sync", "false"));
    let pipeline = gst::Pipeline::new();
    let linked = pipeline.add_many(&chain).and_then(|()| gst::Element::link_many(&chain));
    let outcome = linked.map_err(|error| error.to_string()).and_then(|()| run_to_end(&pipeline));
    if pipeline.set_state(gst::State::Null).is_err() {
        return Err("it cannot be shut down".into());
    }
    outcome
}

fn run_to_end(pipeline: &gst::Pipeline) -> Result<(), String> {
    let bus = pipeline.bus().expect("a pipeline should have a bus");
    let started = pipeline.set_state(gst::State::Playing);
    let wait = gst::ClockTime::try_from(TEST_RUN).expect("a few seconds should fit");
    let message = bus.timed_pop_filtered(wait, &[gst::MessageType::Eos, gst::MessageType::Error]);
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
        _ if started.is_err() => Err("it does not start".into()),
        _ => Err(format!("its test run took longer than {} s", TEST_RUN.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoders(names: &[&str]) -> Encoders {
        gst::init().expect("GStreamer should start");
        Encoders::new(names.iter().map(|&name| name.to_owned()).collect(), 1500)
    }

    #[tokio::test]
    async fn first_encoder_that_passes_its_test_run_is_taken() {
        let encoders = encoders(&["nosuchenc", "vah264enc", "x264enc", "openh264enc"]);
        let taken = encoders.working(None).await.expect("x264enc should be installed").element;
        // A machine with a graphics card takes the hardware.
        assert!(["vah264enc", "x264enc"].contains(&taken), "{taken}");
        let next = encoders.working(Some("x264enc")).await.expect("openh264enc should be installed");
        assert_eq!(next.element, "openh264enc");
    }

    #[tokio::test]
    async fn an_encoder_that_hangs_or_crashes_counts_as_broken() {
        let (release, hanging) = std::sync::mpsc::channel::<()>();
        let hang = move || hanging.recv().map_err(|error| error.to_string());
        assert_eq!(within(Duration::from_millis(50), hang).await, Err("it hung for 0.05 s".into()));
        drop(release);
        let crash = || std::panic::resume_unwind(Box::new("a crash"));
        assert_eq!(within(TEST_RUN, crash).await, Err("its test run crashed".into()));
        assert_eq!(within(TEST_RUN, || Ok(())).await, Ok(()));
    }

    #[tokio::test]
    async fn without_an_encoder_the_package_to_install_is_named() {
        let encoders = encoders(&["nosuchenc"]);
        let error = encoders.working(None).await.expect_err("there is no such encoder").to_string();
        assert!(error.contains("gstreamer1.0-plugins-ugly"), "{error}");
        assert!(error.contains("nosuchenc: not an encoder this program knows"), "{error}");
    }
}

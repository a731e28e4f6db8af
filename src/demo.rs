//! A simulated IP camera: footage in an endless loop over real RTSP, for the demo and for tests.
//!
//! To whoever watches it is a camera: one encode for all, a key frame a second, time stamps that go on over
//! the seam of the loop, a password if wanted.

mod feed;

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gst_rtsp_server::gst_rtsp::RTSPAuthMethod;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPAuth, RTSPFilterResult, RTSPMediaFactory, RTSPServer, RTSPToken};
use thiserror::Error;

use feed::Footage;

/// Role of the one user that the camera knows.
const USER_ROLE: &str = "user";
/// How often sessions of viewers that vanished are looked for.
const CLEAN_EVERY: Duration = Duration::from_secs(10);
/// Frames a second of the test pattern.
const PATTERN_FPS: u32 = 15;

/// How to simulate a camera.
#[derive(Clone, clap::Args)]
pub struct Options {
    /// A video to play in a loop; a moving test pattern when absent
    #[arg(long)]
    pub footage: Option<PathBuf>,
    /// Frames a second, whatever the footage says of itself
    #[arg(long)]
    pub fps: Option<u32>,
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// Port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Path of the stream
    #[arg(long, default_value = "cam")]
    pub path: String,
    /// User to ask for, with --password
    #[arg(long, requires = "password")]
    pub user: Option<String>,
    /// Password to ask for, with --user
    #[arg(long, requires = "user")]
    pub password: Option<String>,
    /// How the picture is encoded
    #[arg(long, value_enum, default_value_t)]
    pub codec: Codec,
    /// Sends sound as well
    #[arg(long)]
    pub sound: bool,
}

/// Without user and password.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("footage", &self.footage)
            .field("fps", &self.fps)
            .field("address", &self.address)
            .field("port", &self.port)
            .field("path", &self.path)
            .field("codec", &self.codec)
            .field("sound", &self.sound)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            footage: None,
            fps: None,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            path: "cam".to_owned(),
            user: None,
            password: None,
            codec: Codec::default(),
            sound: false,
        }
    }
}

/// What cameras encode with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Codec {
    #[default]
    H264,
    H265,
    Jpeg,
}

/// Why there is no simulated camera.
#[derive(Debug, Error)]
pub enum DemoError {
    #[error("cannot start GStreamer: {0}")]
    GStreamer(String),
    #[error("footage {path}: {reason}")]
    Footage { path: PathBuf, reason: String },
    #[error("cannot listen on {address}:{port}: {reason}")]
    Listen { address: IpAddr, port: u16, reason: String },
    #[error("cannot print the address: {0}")]
    Print(#[from] std::io::Error),
}

/// A camera that serves until it is dropped.
#[derive(Debug)]
pub struct SimulatedCamera {
    url: String,
    main_loop: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
}

impl SimulatedCamera {
    /// Starts to serve. Blocks for as long as it takes to look at the footage.
    ///
    /// # Errors
    /// When the footage cannot be decoded or the port is taken.
    pub fn start(options: Options) -> Result<Self, DemoError> {
        gst::init().map_err(|error| DemoError::GStreamer(error.to_string()))?;
        let footage = match &options.footage {
            Some(path) => Some(Footage::open(path, options.fps)?),
            None => None,
        };
        let context = glib::MainContext::new();
        let main_loop = glib::MainLoop::new(Some(&context), false);
        let (ready, started) = mpsc::channel();
        let (serving, path) = (main_loop.clone(), options.path.clone());
        let address = options.address;
        let thread = std::thread::Builder::new()
            .name("simulated-camera".to_owned())
            .spawn(move || serve(&options, footage, &serving, &ready))?;
        // The sender lives in the thread: without an answer it has panicked.
        let port = started.recv().map_err(|_| DemoError::GStreamer("the camera's thread ended".into()))??;
        let url = format!("rtsp://{}:{port}/{path}", host(address));
        Ok(Self { url, main_loop, thread: Some(thread) })
    }

    /// Where it can be watched.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for SimulatedCamera {
    fn drop(&mut self) {
        // Within the loop: before it runs there is nothing to quit, and it would then run for ever.
        let main_loop = self.main_loop.clone();
        self.main_loop.context().invoke(move || main_loop.quit());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the simulated camera's thread panicked");
        }
    }
}

/// Serves for ever, with the address on stdout.
///
/// # Errors
/// As [`SimulatedCamera::start`].
pub fn run(options: Options) -> Result<(), DemoError> {
    let camera = SimulatedCamera::start(options)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", camera.url())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

/// The thread of one camera: answers its port, then serves until the loop is quit.
fn serve(
    options: &Options,
    footage: Option<Footage>,
    main_loop: &glib::MainLoop,
    ready: &mpsc::Sender<Result<u16, DemoError>>,
) {
    let context = main_loop.context();
    let server = RTSPServer::new();
    server.set_address(&options.address.to_string());
    server.set_service(&options.port.to_string());
    if let (Some(user), Some(password)) = (&options.user, &options.password) {
        server.set_auth(Some(&digest(user, password)));
    }
    let factory = factory(options, footage);
    if let Some(mounts) = server.mount_points() {
        mounts.add_factory(&format!("/{}", options.path), factory);
    }
    let source = match server.attach(Some(&context)) {
        Ok(source) => source,
        Err(error) => {
            let reason = format!("{}; is the port taken?", error.message);
            let error = DemoError::Listen { address: options.address, port: options.port, reason };
            let _ = ready.send(Err(error));
            return;
        }
    };
    let port = u16::try_from(server.bound_port()).unwrap_or(options.port);
    if ready.send(Ok(port)).is_err() {
        return;
    }
    let sessions = server.session_pool();
    let cleaner = glib::timeout_source_new(CLEAN_EVERY, None, glib::Priority::LOW, move || {
        if let Some(sessions) = &sessions {
            sessions.cleanup();
        }
        glib::ControlFlow::Continue
    });
    cleaner.attach(Some(&context));
    main_loop.run();
    server.client_filter(Some(&mut |_, _| RTSPFilterResult::Remove));
    cleaner.destroy();
    if let Some(source) = context.find_source_by_id(&source) {
        source.destroy();
    }
}

fn digest(user: &str, password: &str) -> RTSPAuth {
    let auth = RTSPAuth::new();
    let token = RTSPToken::builder().field("media.factory.role", USER_ROLE).build();
    auth.set_supported_methods(RTSPAuthMethod::Digest);
    auth.add_digest(user, password, &token);
    auth
}

/// One pipeline for all who watch; it exists while somebody does.
fn factory(options: &Options, footage: Option<Footage>) -> RTSPMediaFactory {
    let fps = footage.as_ref().map_or(options.fps.unwrap_or(PATTERN_FPS), Footage::whole_fps);
    let source = match &footage {
        Some(_) => {
            "appsrc name=frames is-live=true format=time block=true max-buffers=5 ! clocksync".to_owned()
        }
        None => format!(
            "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=480,framerate={fps}/1"
        ),
    };
    let encode = match options.codec {
        Codec::H264 => format!(
            "x264enc tune=zerolatency speed-preset=superfast key-int-max={fps} bitrate=2000 \
             ! rtph264pay name=pay0 pt=96 config-interval=-1"
        ),
        Codec::H265 => format!(
            "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} bitrate=1000 \
             ! rtph265pay name=pay0 pt=96 config-interval=-1"
        ),
        Codec::Jpeg => "jpegenc ! rtpjpegpay name=pay0 pt=26".to_owned(),
    };
    let sound = if options.sound {
        "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8"
    } else {
        ""
    };
    let factory = RTSPMediaFactory::new();
    factory.set_launch(&format!("( {source} ! queue ! {encode} {sound} )"));
    factory.set_shared(true);
    factory.set_latency(0);
    let access = gst::Structure::builder(USER_ROLE)
        .field("media.factory.access", true)
        .field("media.factory.construct", true)
        .build();
    factory.add_role_from_structure(&access);
    if let Some(footage) = footage {
        factory.connect_media_configure(move |_, media| {
            let frames = media.element().downcast::<gst::Bin>().ok().and_then(|bin| bin.by_name("frames"));
            if let Some(frames) = frames.and_then(|frames| frames.downcast::<gst_app::AppSrc>().ok()) {
                footage.feed(frames);
            }
        });
    }
    factory
}

/// An address as URLs want it.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_is_dropped_before_it_serves_ends() {
        let (ended, all_ended) = mpsc::channel();
        std::thread::spawn(move || {
            for _ in 0..100 {
                drop(SimulatedCamera::start(Options::default()).expect("a port should be free"));
            }
            ended.send(()).unwrap_or(());
        });
        let outcome = all_ended.recv_timeout(Duration::from_secs(60));
        assert_eq!(outcome, Ok(()), "one of them hangs");
    }
}

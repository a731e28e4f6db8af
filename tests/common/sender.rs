//! A WebRTC publisher without a browser: offers, connects, and sends a moving ball over and over.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gst::prelude::*;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::sync::watch;

/// Pictures a second.
const FPS: u32 = 15;
/// Pictures that are made, one in [`KEY_EVERY`] of them a key frame.
const PICTURES: usize = 60;
const KEY_EVERY: usize = 30;

/// How the ball is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ball {
    H264,
    Vp8,
    /// H.264, at first of 320 × 240, then of 640 × 480, and so on.
    Growing,
}

impl Ball {
    fn pictures(self) -> Vec<Vec<u8>> {
        let sizes: &[(u32, u32)] = match self {
            Self::Growing => &[(320, 240), (640, 480)],
            _ => &[(320, 240)],
        };
        sizes.iter().flat_map(|size| self.encoded(*size)).collect()
    }

    fn encoded(self, (width, height): (u32, u32)) -> Vec<Vec<u8>> {
        let encoder = match self {
            Self::H264 | Self::Growing => format!(
                "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={KEY_EVERY} \
                 ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au"
            ),
            Self::Vp8 => format!("vp8enc deadline=1 keyframe-max-dist={KEY_EVERY}"),
        };
        let text = format!(
            "videotestsrc num-buffers={PICTURES} pattern=ball \
             ! video/x-raw,format=I420,width={width},height={height},framerate={FPS}/1 ! {encoder} ! appsink name=out sync=false"
        );
        let pipeline = gst::parse::launch(&text).expect("Debian's encoders should be there");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("more than one element is a pipeline");
        let out = pipeline.by_name("out").expect("it is named so").downcast::<gst_app::AppSink>();
        let out = out.expect("it is an appsink");
        pipeline.set_state(gst::State::Playing).expect("it should play");
        let mut pictures = Vec::new();
        while let Ok(sample) = out.pull_sample() {
            let buffer =
                sample.buffer().expect("a sample has a picture").map_readable().expect("it can be read");
            pictures.push(buffer.to_vec());
        }
        pipeline.set_state(gst::State::Null).expect("it should end");
        pictures
    }
}

/// Who wants to publish, and is not answered yet.
pub(crate) struct Publishing {
    rtc: Box<Rtc>,
    socket: UdpSocket,
    address: SocketAddr,
    pending: SdpPendingOffer,
    mid: Mid,
    ball: Ball,
    pub(crate) offer: String,
}

/// Who publishes, in a thread of its own, until it is dropped or sent away.
pub(crate) struct Sender {
    _stop: mpsc::Sender<()>,
    connected: watch::Receiver<bool>,
    gone: watch::Receiver<bool>,
}

impl Sender {
    /// Waits until the server closed the session.
    pub(crate) async fn closed(&mut self) {
        let closed = self.gone.wait_for(|gone| *gone);
        let waited = tokio::time::timeout(Duration::from_secs(15), closed).await;
        drop(waited.expect("the session should end in time"));
    }

    pub(crate) async fn connected(&mut self) {
        let connected = self.connected.wait_for(|connected| *connected);
        let waited = tokio::time::timeout(Duration::from_secs(15), connected).await;
        drop(waited.expect("it should connect in time").expect("it should not be refused"));
    }
}

impl Publishing {
    pub(crate) fn new(ball: Ball) -> Self {
        gst::init().expect("GStreamer should start");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a local port should be free");
        let address = socket.local_addr().expect("a bound socket should have an address");
        let config = RtcConfig::new().clear_codecs();
        let config = match ball {
            Ball::H264 | Ball::Growing => config.enable_h264(true),
            Ball::Vp8 => config.enable_vp8(true),
        };
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a host candidate"));
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        let (offer, pending) = api.apply().expect("media was added");
        Self { rtc: Box::new(rtc), socket, address, pending, mid, ball, offer: offer.to_sdp_string() }
    }

    pub(crate) fn send(mut self, answer: &str) -> Sender {
        let answer = SdpAnswer::from_sdp_string(answer).expect("the answer should be SDP");
        self.rtc.sdp_api().accept_answer(self.pending, answer).expect("the answer should fit the offer");
        let (stop, stopped) = mpsc::channel();
        let (tell_connected, connected) = watch::channel(false);
        let (tell_gone, gone) = watch::channel(false);
        let mut sending = Sending {
            rtc: *self.rtc,
            socket: self.socket,
            address: self.address,
            mid: self.mid,
            next: 0,
            sent: 0,
            connected: tell_connected,
            wants_key: false,
        };
        let pictures = self.ball.pictures();
        std::thread::spawn(move || {
            sending.run(&pictures, &stopped);
            tell_gone.send_replace(true);
        });
        Sender { _stop: stop, connected, gone }
    }
}

struct Sending {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mid: Mid,
    next: usize,
    sent: u32,
    connected: watch::Sender<bool>,
    wants_key: bool,
}

impl Sending {
    fn run(&mut self, pictures: &[Vec<u8>], stopped: &mpsc::Receiver<()>) {
        let began = Instant::now();
        let mut buffer = vec![0; 2000];
        while self.rtc.is_alive() && stopped.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            let Some(due) = self.drain() else { return };
            let picture = began + Duration::from_secs(1) * self.sent / FPS;
            let now = Instant::now();
            if *self.connected.borrow() && now >= picture {
                self.show(pictures, now);
                continue;
            }
            let wait = due.min(picture).saturating_duration_since(now);
            self.socket
                .set_read_timeout(Some(wait.clamp(Duration::from_millis(1), Duration::from_millis(20))))
                .expect("a wait of some milliseconds is valid");
            let received = self.socket.recv_from(&mut buffer);
            let now = Instant::now();
            let handled = match received {
                Ok((length, source)) => {
                    let Ok(contents) = buffer[..length].try_into() else { continue };
                    let receive =
                        Receive { proto: Protocol::Udp, source, destination: self.address, contents };
                    self.rtc.handle_input(Input::Receive(now, receive))
                }
                Err(_) => self.rtc.handle_input(Input::Timeout(now)),
            };
            if handled.is_err() {
                return;
            }
        }
    }

    /// Nobody is asked for more than they want: the next key frame comes when it is wanted, however far it is.
    fn show(&mut self, pictures: &[Vec<u8>], now: Instant) {
        if std::mem::take(&mut self.wants_key) {
            self.next = self.next.next_multiple_of(KEY_EVERY);
        }
        let picture = &pictures[self.next % pictures.len()];
        self.next += 1;
        self.sent += 1;
        let Some(writer) = self.rtc.writer(self.mid) else { return };
        let Some(payload_type) = writer.payload_params().next().map(|params| params.pt()) else { return };
        let time = MediaTime::new(u64::from(self.sent * 90_000 / FPS), Frequency::NINETY_KHZ);
        writer.write(payload_type, now, time, picture.clone()).expect("a picture makes packets");
    }

    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.rtc.poll_output().ok()? {
                Output::Timeout(due) => return Some(due),
                Output::Transmit(transmit) => {
                    // Lost packets are part of the game.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => {
                    self.connected.send_replace(true);
                }
                Output::Event(Event::KeyframeRequest(_)) => self.wants_key = true,
                Output::Event(_) => {}
            }
        }
    }
}

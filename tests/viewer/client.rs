//! A WebRTC viewer without a browser: offers, connects, hands over the pictures it gets.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, KeyframeRequestKind, MediaData, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::sync::mpsc;

/// How long the thread sleeps at most before it looks for something to do.
const NAP: Duration = Duration::from_millis(20);

/// One picture as it arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) data: Vec<u8>,
    /// RTP time, 1/90000 s.
    pub(crate) ticks: u64,
    pub(crate) key: bool,
    pub(crate) at: Instant,
}

#[derive(Debug)]
enum Wish {
    Key,
    Vanish,
}

/// A viewer whose offer is not answered yet.
pub(crate) struct Offering {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    pending: SdpPendingOffer,
    pub(crate) offer: String,
}

/// A viewer that watches in a thread of its own.
pub(crate) struct Client {
    pub(crate) pictures: mpsc::Receiver<Arrived>,
    wishes: std::sync::mpsc::Sender<Wish>,
}

impl Offering {
    pub(crate) fn receiving(kinds: &[MediaKind], configure: impl FnOnce(RtcConfig) -> RtcConfig) -> Self {
        Self::new(kinds, Direction::RecvOnly, configure)
    }

    fn new(
        kinds: &[MediaKind],
        direction: Direction,
        configure: impl FnOnce(RtcConfig) -> RtcConfig,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a local port should be free");
        let address = socket.local_addr().expect("a bound socket should have an address");
        let mut rtc = configure(RtcConfig::new().set_reordering_size_video(200)).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a host candidate"));
        let mut api = rtc.sdp_api();
        for kind in kinds {
            api.add_media(*kind, direction, None, None, None);
        }
        let (offer, pending) = api.apply().expect("media was added");
        Self { rtc, socket, address, pending, offer: offer.to_sdp_string() }
    }

    /// A viewer that wants H.264 video and nothing else.
    pub(crate) fn video() -> Self {
        Self::receiving(&[MediaKind::Video], |config| config.clear_codecs().enable_h264(true))
    }

    /// Somebody who wants to send H.264 video.
    pub(crate) fn sending() -> Self {
        Self::new(&[MediaKind::Video], Direction::SendOnly, |config| config.clear_codecs().enable_h264(true))
    }

    pub(crate) fn watch(mut self, answer: &str) -> Client {
        let answer = SdpAnswer::from_sdp_string(answer).expect("the answer should be SDP");
        self.rtc.sdp_api().accept_answer(self.pending, answer).expect("the answer should fit the offer");
        let (arrived, pictures) = mpsc::channel(1000);
        let (wishes, wished) = std::sync::mpsc::channel();
        let mut watching =
            Watching { rtc: self.rtc, socket: self.socket, address: self.address, mid: None, arrived };
        std::thread::spawn(move || watching.run(&wished));
        Client { pictures, wishes }
    }
}

impl Client {
    /// The next picture, within ten seconds.
    pub(crate) async fn picture(&mut self) -> Arrived {
        tokio::time::timeout(Duration::from_secs(10), self.pictures.recv())
            .await
            .expect("a picture should arrive in time")
            .expect("the session should be open")
    }

    /// Waits until the server closed the session.
    pub(crate) async fn closed(&mut self) {
        let drain = async { while self.pictures.recv().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(10), drain).await.expect("the session should end in time");
    }

    pub(crate) fn request_key(&self) {
        self.wishes.send(Wish::Key).expect("the session should be open");
    }

    /// Stops answering without a word.
    pub(crate) fn vanish(&self) {
        self.wishes.send(Wish::Vanish).expect("the session should be open");
    }
}

struct Watching {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mid: Option<Mid>,
    arrived: mpsc::Sender<Arrived>,
}

impl Watching {
    /// Ends with the session, or when the [`Client`] is dropped.
    fn run(&mut self, wished: &std::sync::mpsc::Receiver<Wish>) {
        let mut buffer = vec![0; 2000];
        while self.rtc.is_alive() {
            let Some(due) = self.drain() else { return };
            match wished.try_recv() {
                Ok(Wish::Key) => {
                    let writer = self.mid.and_then(|mid| self.rtc.writer(mid));
                    let asked =
                        writer.map(|mut writer| writer.request_keyframe(None, KeyframeRequestKind::Pli));
                    asked.expect("video should be negotiated").expect("PLI should be negotiated");
                    continue;
                }
                Ok(Wish::Vanish) | Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                Err(std::sync::mpsc::TryRecvError::Empty) => {}
            }
            let wait = due.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(1), NAP);
            self.socket.set_read_timeout(Some(wait)).expect("a wait of some milliseconds is valid");
            let received = self.socket.recv_from(&mut buffer);
            let now = Instant::now();
            let handled = match received {
                Ok((length, source)) => {
                    let Ok(contents) = buffer[..length].try_into() else { continue };
                    let destination = self.address;
                    let receive = Receive { proto: Protocol::Udp, source, destination, contents };
                    self.rtc.handle_input(Input::Receive(now, receive))
                }
                Err(_) => self.rtc.handle_input(Input::Timeout(now)),
            };
            if handled.is_err() {
                return;
            }
        }
    }

    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.rtc.poll_output().ok()? {
                Output::Timeout(due) => return Some(due),
                Output::Transmit(transmit) => {
                    // Lost packets are part of the game.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::MediaData(media)) => self.hand_over(&media)?,
                Output::Event(_) => {}
            }
        }
    }

    fn hand_over(&mut self, media: &MediaData) -> Option<()> {
        self.mid = Some(media.mid);
        let arrived = Arrived {
            data: media.data.to_vec(),
            ticks: media.time.numer(),
            key: media.is_keyframe(),
            at: Instant::now(),
        };
        // A test that looks away misses pictures; only one that is gone ends the thread.
        match self.arrived.try_send(arrived) {
            Err(mpsc::error::TrySendError::Closed(_)) => None,
            _ => Some(()),
        }
    }
}

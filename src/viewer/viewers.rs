//! The front of the room: what the API calls.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::camera::CameraHandle;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{CameraId, TenantId, random_name};

use super::cameras::{Cameras, Watched};
use super::encoder::Encoders;
use super::figures::{EncodeCount, Seat};
use super::mjpeg::Mjpeg;
use super::product::{Product, find_jpeg_encoder};
use super::renditions::Renditions;
use super::snapshot::Snapshots;
use super::view::View;
use super::webrtc::{
    self, Accepted, Certificate, Command, Directory, Hub, Listed, Listing, Publisher, Purpose, Role, Session,
    Socket, Viewer,
};
use super::{ViewerError, ViewerFigures, lock};

/// Requests of sessions that may wait for the hub.
const COMMANDS: usize = 64;

/// Encoded pictures of all renditions that may wait for the hub.
const UNITS: usize = 64;

/// What a browser gets for its offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Names the session from now on. Cannot be guessed.
    pub id: String,
    pub sdp: String,
}

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCamera {
    pub tenant: TenantId,
    pub camera: CameraId,
    /// Whether it watches or publishes.
    pub purpose: Purpose,
}

/// Encoding pipelines: how many run, and how many were started since the process was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encodes {
    pub h264_running: usize,
    pub h264_started: u64,
    pub jpeg_running: usize,
    pub jpeg_started: u64,
}

/// All viewers of all cameras; cheap to clone.
#[derive(Clone)]
pub struct Viewers {
    inner: Arc<Inner>,
}

struct Inner {
    renditions: Arc<Renditions>,
    encoders: Arc<Encoders>,
    jpeg_quality: u32,
    max_viewers: usize,
    places: Arc<Semaphore>,
    snapshots: Snapshots,
    cameras: Arc<Cameras>,
    directory: Directory,
    next_session: AtomicU64,
    commands: mpsc::Sender<Command>,
    certificate: Certificate,
    bound: SocketAddr,
    public: Vec<IpAddr>,
    links: Vec<String>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Viewers {
    /// Opens the UDP socket and starts the hub. GStreamer must have been started; call it within a runtime.
    ///
    /// # Errors
    /// [`ViewerError::Listen`] when `webrtc.listen` cannot be used.
    pub fn new(config: &Config, tracker: TaskTracker, stop: CancellationToken) -> Result<Self, ViewerError> {
        let address = config.webrtc.listen;
        let socket = Socket::bind(address).map_err(|reason| ViewerError::Listen { address, reason })?;
        let bound = socket.bound();
        tracing::info!(udp = %bound, "WebRTC listens");
        let stop = stop.child_token();
        let (commands, received) = mpsc::channel(COMMANDS);
        let (to_hub, units) = mpsc::channel(UNITS);
        let hub = Hub::new(Arc::new(socket), received, units);
        tracker.spawn(hub.run(stop.clone()));
        let settings = &config.viewer;
        let encoders = Arc::new(Encoders::new(settings.encoders.clone(), settings.bitrate_kbps));
        tracker.spawn(stop.clone().run_until_cancelled_owned(find_encoder(encoders.clone())));
        let inner = Inner {
            renditions: Renditions::new(to_hub, tracker.clone(), stop.clone()),
            encoders,
            jpeg_quality: settings.jpeg_quality,
            max_viewers: settings.max_viewers,
            places: Arc::new(Semaphore::new(settings.max_viewers.min(Semaphore::MAX_PERMITS))),
            snapshots: Snapshots::new(),
            cameras: Arc::default(),
            directory: Directory::default(),
            next_session: AtomicU64::new(0),
            commands,
            certificate: webrtc::certificate(),
            bound,
            public: config.webrtc.public_addresses.clone(),
            links: webrtc::ice_server_links(&config.webrtc),
            tracker,
            stop,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The H.264 encoder that works here. It is looked for from the start, so that no viewer waits for it.
    ///
    /// # Errors
    /// [`ViewerError::NoEncoder`].
    pub async fn encoder(&self) -> Result<&'static str, ViewerError> {
        self.inner.encoders.working(None).await.map(|recipe| recipe.element)
    }

    /// The UDP address of all WebRTC traffic.
    pub fn udp_address(&self) -> SocketAddr {
        self.inner.bound
    }

    /// Values of the `Link` headers for a WHEP answer; see [`super::ice_server_links`].
    pub fn ice_server_links(&self) -> &[String] {
        &self.inner.links
    }

    /// Opens a WebRTC session for a browser's offer.
    ///
    /// # Errors
    /// [`ViewerError::Offer`] and [`ViewerError::NoH264`] are the caller's fault; [`ViewerError::Full`],
    /// [`ViewerError::NoEncoder`], [`ViewerError::Stopping`] and, when the camera is removed meanwhile,
    /// [`ViewerError::NoPicture`] are not.
    pub async fn whep_offer(
        &self,
        camera: &CameraHandle,
        view: View,
        sdp: &str,
    ) -> Result<Answer, ViewerError> {
        let inner = &self.inner;
        let (seat, watched) = self.sit(camera)?;
        inner.encoders.working(None).await?;
        let mut accepted = self.accept(sdp.to_owned(), Purpose::Watch).await?;
        let video = accepted.video.take().ok_or(ViewerError::NoH264)?;
        let product = Product::H264(inner.encoders.clone());
        let (watch, _) = inner.renditions.watch(&watched, view, product);
        self.join(&watched, accepted, Role::Viewer(Viewer::new(video, watch, seat))).await
    }

    /// Opens a session for the offer of somebody who sends pictures to `camera`, whose pipeline has to take them. Once it is
    /// connected, who did so before is sent away: most often it is the same one, whose old connection is dead.
    ///
    /// # Errors
    /// As [`Self::whep_offer`], with [`ViewerError::NoVideo`] for an offer that sends nothing that can be played.
    pub async fn whip_offer(&self, camera: &CameraHandle, sdp: &str) -> Result<Answer, ViewerError> {
        let watched = self.watched(camera)?;
        let publisher = Publisher::new(camera.clone(), self.place()?);
        let accepted = self.accept(sdp.to_owned(), Purpose::Publish).await?;
        self.join(&watched, accepted, Role::Publisher(publisher)).await
    }

    /// Hands a session to the hub.
    async fn join(&self, watched: &Watched, accepted: Accepted, role: Role) -> Result<Answer, ViewerError> {
        let inner = &self.inner;
        let of = watched.handle.camera();
        let number = inner.next_session.fetch_add(1, Ordering::Relaxed);
        let entry = Listed {
            number,
            camera_number: watched.number,
            tenant: of.tenant,
            camera: of.id.clone(),
            remote_user: accepted.remote_user.clone(),
            purpose: role.purpose(),
        };
        let answer = Answer { id: random_name(), sdp: accepted.sdp.clone() };
        let listing = Listing::new(&inner.directory, answer.id.clone(), entry);
        self.command(Command::Join(Box::new(Session::new(accepted, listing, role)))).await?;
        // A camera that went in the meantime told the hub before there was this session to close.
        if watched.gone.is_cancelled() {
            self.command(Command::Close { number }).await?;
            let (camera, reason) = (of.id.to_string(), "it was removed".into());
            return Err(ViewerError::NoPicture { camera, reason });
        }
        Ok(answer)
    }

    async fn accept(&self, sdp: String, purpose: Purpose) -> Result<Accepted, ViewerError> {
        let inner = self.inner.clone();
        // Apart from everything else: it computes a while, and what it reads comes from outside.
        let accept = move || {
            let addresses = webrtc::candidates(inner.bound, &inner.public);
            webrtc::accept(&sdp, &inner.certificate, &addresses, (random_name(), random_name()), purpose)
        };
        tokio::task::spawn_blocking(accept)
            .await
            .unwrap_or_else(|_| Err(ViewerError::Offer("it contradicts itself".into())))
    }

    /// Takes trickled candidates for a session.
    ///
    /// # Errors
    /// [`ViewerError::NoSession`], [`ViewerError::Fragment`] or [`ViewerError::IceRestart`].
    pub async fn trickle(&self, id: &str, fragment: &str) -> Result<(), ViewerError> {
        let listed = self.listed(id)?;
        let fragment = webrtc::parse_fragment(fragment)?;
        if fragment.user.is_some() && fragment.user != listed.remote_user {
            return Err(ViewerError::IceRestart);
        }
        tracing::trace!(session = listed.number, end = fragment.end, "candidates");
        self.command(Command::Trickle { number: listed.number, candidates: fragment.candidates }).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`ViewerError::NoSession`].
    pub async fn end_session(&self, id: &str) -> Result<(), ViewerError> {
        let listed = self.listed(id)?;
        // From here on it does not exist, though its end may take another moment.
        lock(&self.inner.directory).remove(id);
        self.command(Command::Close { number: listed.number }).await
    }

    /// Whose session this is, so that the caller can be asked whether it is his.
    pub fn session_camera(&self, id: &str) -> Option<SessionCamera> {
        let Listed { tenant, camera, purpose, .. } = self.listed(id).ok()?;
        Some(SessionCamera { tenant, camera, purpose })
    }

    /// The body of an MJPEG response; see [`super::MJPEG_CONTENT_TYPE`]. It ends when the camera is removed
    /// or the server stops.
    ///
    /// # Errors
    /// [`ViewerError::Full`], [`ViewerError::NoEncoder`] or [`ViewerError::Stopping`].
    pub fn mjpeg(
        &self,
        camera: &CameraHandle,
        view: View,
    ) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + Send + use<>, ViewerError> {
        let inner = &self.inner;
        find_jpeg_encoder()?;
        let (seat, watched) = self.sit(camera)?;
        let product = Product::Jpeg { quality: inner.jpeg_quality };
        let (watch, mut newest) = inner.renditions.watch(&watched, view, product);
        newest.mark_changed();
        let stops = [inner.stop.clone(), watched.gone];
        Ok(Mjpeg { newest, watch, seat, stops, clock: Clock::system() }.into_stream())
    }

    /// One picture as JPEG, taken now.
    ///
    /// # Errors
    /// [`ViewerError::NoPicture`] when the camera has none within two seconds, [`ViewerError::NoEncoder`], and
    /// [`ViewerError::Busy`] when the tenant has too many under way.
    pub async fn snapshot(&self, camera: &CameraHandle, view: View) -> Result<Bytes, ViewerError> {
        self.inner.snapshots.take(camera, view, self.inner.jpeg_quality).await
    }

    /// Who watches this camera now, by WebRTC or MJPEG.
    pub fn count(&self, tenant: TenantId, camera: &CameraId) -> usize {
        self.figures(tenant, camera).viewers
    }

    pub fn figures(&self, tenant: TenantId, camera: &CameraId) -> ViewerFigures {
        self.inner.cameras.figures(tenant, camera)
    }

    pub fn encodes(&self) -> Encodes {
        let read = |count: &EncodeCount| {
            (count.running.load(Ordering::Relaxed), count.started.load(Ordering::Relaxed))
        };
        let (h264_running, h264_started) = read(&self.inner.renditions.h264);
        let (jpeg_running, jpeg_started) = read(&self.inner.renditions.jpeg);
        Encodes { h264_running, h264_started, jpeg_running, jpeg_started }
    }

    /// Ends every session and stream; there will be no new ones. The tasks end soon after.
    pub fn close_all(&self) {
        self.inner.stop.cancel();
    }

    /// A place among all viewers, if there is one.
    fn sit(&self, camera: &CameraHandle) -> Result<(Seat, Watched), ViewerError> {
        let watched = self.watched(camera)?;
        Ok((Seat::new(watched.tally.clone(), self.place()?), watched))
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, ViewerError> {
        let max = self.inner.max_viewers;
        self.inner.places.clone().try_acquire_owned().map_err(|_| ViewerError::Full { max })
    }

    /// What is kept of `camera`, whose sessions end when it is removed.
    fn watched(&self, camera: &CameraHandle) -> Result<Watched, ViewerError> {
        let inner = &self.inner;
        if inner.stop.is_cancelled() {
            return Err(ViewerError::Stopping);
        }
        Ok(inner.cameras.of(camera, |watched| {
            let end = end_with_camera(inner.cameras.clone(), watched.clone(), inner.commands.clone());
            inner.tracker.spawn(inner.stop.clone().run_until_cancelled_owned(end));
        }))
    }

    fn listed(&self, id: &str) -> Result<Listed, ViewerError> {
        lock(&self.inner.directory).get(id).cloned().ok_or(ViewerError::NoSession)
    }

    async fn command(&self, command: Command) -> Result<(), ViewerError> {
        self.inner.commands.send(command).await.map_err(|_| ViewerError::Stopping)
    }
}

async fn find_encoder(encoders: Arc<Encoders>) {
    if let Err(error) = encoders.working(None).await {
        tracing::warn!(%error, "nobody can watch by WebRTC");
    }
}

/// Ends everything of a camera once it is removed.
async fn end_with_camera(cameras: Arc<Cameras>, watched: Watched, commands: mpsc::Sender<Command>) {
    watched.handle.gone().await;
    cameras.forget(&watched);
    watched.gone.cancel();
    if commands.send(Command::CloseCamera { number: watched.number }).await.is_err() {
        tracing::trace!("all sessions are closed already");
    }
}

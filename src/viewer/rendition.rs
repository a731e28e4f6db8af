//! One encode of one of a camera's pictures, shared by everybody who watches it.
//!
//! It outlives the camera's pipeline: while the camera is away its greyed picture is encoded instead, on the
//! same clock, so that viewers neither reconnect nor see time run backwards.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::feed::{Feed, Shot};
use super::figures::{EncodeCount, Tally};
use super::pipeline::{Pipeline, Pushed, Unit};
use super::product::{Attempt, Product};
use super::view::Height;

/// How long an encode goes on after its last viewer left: a page that is reloaded finds it running.
const GRACE: Duration = Duration::from_secs(3);

/// Key frames are large: however many viewers ask, there is one in this time.
const KEY_EVERY: Duration = Duration::from_millis(250);

/// A slow camera's last picture is encoded once more for whoever joins, instead of letting him wait.
const REPEAT_AFTER: Duration = Duration::from_millis(100);

/// When every encoder failed, they are tried again after this.
const RETRY: Duration = Duration::from_secs(5);

/// Takes what was encoded; called by the encoder's thread, so it must not wait.
pub(super) type Deliver = Arc<dyn Fn(Unit) + Send + Sync>;

/// What viewers and rendition share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Unique in this process.
    pub(super) number: u64,
    watchers: watch::Sender<usize>,
    key: Notify,
    tally: Arc<Tally>,
}

impl Shared {
    pub(super) fn new(number: u64, tally: Arc<Tally>) -> Arc<Self> {
        Arc::new(Self { number, watchers: watch::Sender::new(0), key: Notify::new(), tally })
    }

    pub(super) fn is_watched(&self) -> bool {
        *self.watchers.borrow() > 0
    }
}

/// Keeps a rendition going for as long as it lives.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.watchers.send_modify(|watchers| *watchers += 1);
        Self { shared }
    }

    pub(super) fn rendition(&self) -> u64 {
        self.shared.number
    }

    /// Asks for a picture that decoding can start at.
    pub(super) fn request_key(&self) {
        self.shared.key.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.watchers.send_modify(|watchers| *watchers -= 1);
    }
}

/// A pipeline and what it was built for.
struct Running {
    pipeline: Pipeline,
    caps: gst::Caps,
    attempt: Attempt,
    failures: mpsc::Receiver<String>,
    count: Arc<EncodeCount>,
}

impl Running {
    async fn stop(self) -> Attempt {
        self.pipeline.stop().await;
        self.count.running.fetch_sub(1, Ordering::Relaxed);
        self.attempt
    }
}

/// The task behind [`Shared`].
pub(super) struct Rendition {
    /// For logs: camera and view.
    name: String,
    shared: Arc<Shared>,
    product: Product,
    height: Option<Height>,
    deliver: Deliver,
    count: Arc<EncodeCount>,
    feed: Feed,
    running: Option<Running>,
    /// Zero of the rendition's clock.
    began: Instant,
    /// Time of the newest picture.
    time: Duration,
    last: Option<Shot>,
    /// The running pipeline was given a picture; before that its next one is a key frame anyway.
    begun: bool,
    key_wanted: bool,
    key_made: Instant,
    retry_at: Instant,
}

impl Rendition {
    pub(super) fn new(
        name: String,
        shared: Arc<Shared>,
        (product, height, deliver): (Product, Option<Height>, Deliver),
        feed: Feed,
        count: Arc<EncodeCount>,
    ) -> Self {
        let began = Instant::now();
        Self {
            name,
            shared,
            product,
            height,
            deliver,
            count,
            feed,
            running: None,
            began,
            time: Duration::ZERO,
            last: None,
            begun: false,
            key_wanted: false,
            key_made: began,
            retry_at: began,
        }
    }

    /// Encodes until `stop`, or until nobody watched for a while and `may_end` agrees.
    pub(super) async fn run(mut self, stop: CancellationToken, may_end: impl Fn() -> bool) {
        let shared = self.shared.clone();
        let mut idle = pin!(unwatched(shared.watchers.subscribe()));
        loop {
            let key_due = (self.key_made + KEY_EVERY).into();
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut idle => {
                    if may_end() {
                        break;
                    }
                    idle.set(unwatched(shared.watchers.subscribe()));
                }
                Some(reason) = failure(&mut self.running) => self.fail(&reason).await,
                () = shared.key.notified() => self.key_wanted = self.begun,
                () = tokio::time::sleep_until(key_due), if self.key_wanted => self.make_key(),
                shot = self.feed.next() => self.show(shot).await,
            }
        }
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        tracing::debug!(rendition = %self.name, "stopped encoding");
    }

    async fn show(&mut self, shot: Shot) {
        let Some(caps) = shot.sample.caps_owned() else { return };
        if self.running.as_ref().is_none_or(|running| running.caps != caps) {
            let attempt = match self.running.take() {
                Some(running) => Some(running.stop().await),
                None => None,
            };
            self.start(&caps, attempt, None).await;
        }
        let at = shot.at;
        self.last = Some(shot);
        self.push(at).await;
    }

    /// Encodes the last picture as of `at`.
    async fn push(&mut self, at: Instant) {
        let (Some(running), Some(shot)) = (&self.running, &self.last) else { return };
        let Some(buffer) = shot.sample.buffer() else { return };
        // Own time, not the camera's: a camera that restarts begins at zero again.
        let time = at.saturating_duration_since(self.began).max(self.time + Duration::from_millis(1));
        match running.pipeline.push(buffer, time) {
            Pushed::Taken => {
                self.time = time;
                self.begun = true;
            }
            Pushed::Skipped => self.shared.tally.skip(1),
            Pushed::Stalled => self.fail("it hangs").await,
        }
    }

    /// Starts `attempt`, or the first one behind `failed` that starts.
    async fn start(&mut self, caps: &gst::Caps, attempt: Option<Attempt>, mut failed: Option<Attempt>) {
        if Instant::now() < self.retry_at {
            return;
        }
        let mut next = attempt;
        loop {
            let attempt = match next.take() {
                Some(attempt) => attempt,
                None => match self.product.attempt(failed.as_ref()).await {
                    Ok(attempt) => attempt,
                    Err(error) => {
                        tracing::error!(rendition = %self.name, %error, "cannot encode; trying again soon");
                        self.retry_at = Instant::now() + RETRY;
                        return;
                    }
                },
            };
            match self.build(caps.clone(), &attempt).await {
                Ok((pipeline, failures)) => return self.started(caps.clone(), attempt, pipeline, failures),
                Err(reason) => {
                    tracing::warn!(rendition = %self.name, encoder = attempt.name(), %reason, "encoder failed");
                    failed = Some(attempt);
                }
            }
        }
    }

    async fn build(
        &self,
        caps: gst::Caps,
        attempt: &Attempt,
    ) -> Result<(Pipeline, mpsc::Receiver<String>), String> {
        let chain = attempt.elements(&caps, self.height)?;
        let (failures, received) = mpsc::channel(1);
        let deliver = self.deliver.clone();
        let epoch = self.began;
        let start = move || Pipeline::start(&caps, chain, epoch, failures, move |unit| deliver(unit));
        let started = tokio::task::spawn_blocking(start).await;
        Ok((started.unwrap_or_else(|_| Err("it crashed".into()))?, received))
    }

    fn started(
        &mut self,
        caps: gst::Caps,
        attempt: Attempt,
        pipeline: Pipeline,
        failures: mpsc::Receiver<String>,
    ) {
        tracing::debug!(rendition = %self.name, encoder = attempt.name(), %caps, "encoding");
        self.count.running.fetch_add(1, Ordering::Relaxed);
        self.count.started.fetch_add(1, Ordering::Relaxed);
        (self.begun, self.key_wanted) = (false, false);
        self.running = Some(Running { pipeline, caps, attempt, failures, count: self.count.clone() });
    }

    /// Goes on with the next encoder.
    async fn fail(&mut self, reason: &str) {
        let Some(running) = self.running.take() else { return };
        let caps = running.caps.clone();
        let failed = running.stop().await;
        tracing::warn!(rendition = %self.name, encoder = failed.name(), reason, "encoder failed");
        self.start(&caps, None, Some(failed)).await;
    }

    fn make_key(&mut self) {
        self.key_wanted = false;
        let Some(running) = &self.running else { return };
        self.key_made = Instant::now();
        running.pipeline.force_key();
        let (Some(shot), at) = (&self.last, Instant::now()) else { return };
        let time = at.saturating_duration_since(self.began);
        if time < self.time + REPEAT_AFTER {
            return;
        }
        if let Some(buffer) = shot.sample.buffer()
            && running.pipeline.push(buffer, time) == Pushed::Taken
        {
            self.time = time;
        }
    }
}

async fn failure(running: &mut Option<Running>) -> Option<String> {
    match running {
        Some(running) => running.failures.recv().await,
        None => std::future::pending().await,
    }
}

/// Returns when nobody watched for [`GRACE`].
async fn unwatched(mut watchers: watch::Receiver<usize>) {
    loop {
        if watchers.wait_for(|&watchers| watchers == 0).await.is_err() {
            return;
        }
        let returned = tokio::time::timeout(GRACE, watchers.wait_for(|&watchers| watchers > 0)).await;
        if returned.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{CameraHandle, Overlay};
    use crate::viewer::encoder::Encoders;
    use crate::viewer::still;

    fn rendition(encoders: &[&str]) -> (Rendition, mpsc::UnboundedReceiver<Unit>) {
        gst::init().expect("GStreamer should start");
        let (handle, _feed) = CameraHandle::door();
        let feed = Feed::new(&handle, Overlay::Plain);
        let names = encoders.iter().map(|&name| name.to_owned()).collect();
        let product = Product::H264(Arc::new(Encoders::new(names, 500)));
        let (encoded, units) = mpsc::unbounded_channel();
        let deliver: Deliver = Arc::new(move |unit| encoded.send(unit).unwrap_or(()));
        let shared = Shared::new(0, Arc::default());
        (Rendition::new("door".into(), shared, (product, None, deliver), feed, Arc::default()), units)
    }

    fn shot() -> Shot {
        Shot { sample: still::no_signal(None), at: Instant::now() }
    }

    async fn next(units: &mut mpsc::UnboundedReceiver<Unit>) -> Unit {
        let unit = tokio::time::timeout(Duration::from_secs(10), units.recv()).await;
        unit.expect("a picture should be encoded in time").expect("the encoder should run")
    }

    #[tokio::test]
    async fn encoder_that_fails_is_replaced_by_the_next_on_the_same_clock() {
        let (mut rendition, mut units) = rendition(&["x264enc", "openh264enc"]);
        rendition.show(shot()).await;
        let before = next(&mut units).await;
        let running = rendition.running.as_ref().expect("it encodes");
        assert_eq!(running.attempt.name(), "x264enc");
        running.pipeline.break_down("the device is gone");

        let reason = failure(&mut rendition.running).await.expect("the breakdown is told");
        assert!(reason.contains("the device is gone"), "{reason}");
        rendition.fail(&reason).await;
        rendition.show(shot()).await;
        let after = next(&mut units).await;
        assert_eq!(rendition.running.as_ref().map(|running| running.attempt.name()), Some("openh264enc"));
        assert!(after.key && after.time > before.time, "{:?} {:?}", before.time, after.time);

        rendition.running.as_ref().expect("it encodes").pipeline.break_down("this one too");
        let reason = failure(&mut rendition.running).await.expect("the breakdown is told");
        rendition.fail(&reason).await;
        assert!(rendition.running.is_none(), "there is no third");
        assert!(rendition.retry_at > Instant::now(), "all are tried again, but not at once");
        assert_eq!(rendition.count.running.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn pictures_older_than_those_shown_do_not_turn_time_back() {
        let (mut rendition, mut units) = rendition(&["x264enc"]);
        rendition.show(shot()).await;
        let first = next(&mut units).await;
        rendition.show(Shot { at: rendition.began, ..shot() }).await;
        let second = next(&mut units).await;
        assert!(second.time > first.time, "{:?} {:?}", first.time, second.time);
    }
}

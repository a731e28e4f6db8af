//! Keeps one camera's pipeline running: starts it, watches it, ends it, and tries again.
//!
//! Building, starting and stopping a pipeline may block for seconds, so they happen on blocking threads; this
//! task only waits for messages and timers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::backoff::Backoff;
use super::cameras::CameraContext;
use super::description::{Description, Kind};
use super::figures::Figures;
use super::handle::{Inner, Order, Overlay};
use super::reach::trouble_reaching;
use super::reason::{BROKEN_FILE, MissingPlugin, Trouble, explain};
use super::redact::redact;
use super::run::{Plan, Run, Signal, StartError};
use crate::domain::{CameraState, ParamValue};

/// A live camera without any sign of life for so long is lost.
const PATIENCE: Duration = Duration::from_secs(3);
/// A camera that sends, but no picture can be made of it: long enough for a key frame every ten seconds.
const KEY_FRAME_PATIENCE: Duration = Duration::from_secs(15);
/// A file may be on a slow disk and its detector on a slow machine.
const FILE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a pipeline may take to be built, before the camera counts as lost.
const START_PATIENCE: Duration = Duration::from_secs(15);
/// How long the end of a pipeline is waited for before the next one starts without it.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// With so many pipelines of one camera that do not end, no further one is started: each holds memory.
const MOST_ALIVE: usize = 4;
/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(100);
/// Every how manieth tick the figures are published.
const FIGURES_EVERY: u32 = 5;
/// Signals of a dying pipeline that are kept for the explanation.
const SIGNALS: usize = 64;

/// Runs `inner`'s camera until it is gone.
pub(super) async fn keep(context: Arc<CameraContext>, inner: Arc<Inner>) {
    let mut orders = inner.order.subscribe();
    let figures = Figures::new(inner.clone());
    let mut keeper =
        Keeper { context, inner: inner.clone(), figures, alive: Arc::default(), seen: Instant::now() };
    while !inner.gone.is_cancelled() {
        let order = *orders.borrow_and_update();
        let state = if order.run { keeper.run(&mut orders).await } else { Some(CameraState::Stopped) };
        keeper.figures.idle();
        // Without a state to rest in, another order waits.
        let Some(state) = state else { continue };
        inner.state.send_replace(state);
        tokio::select! {
            () = inner.gone.cancelled() => {}
            _ = orders.changed() => {}
        }
    }
    inner.state.send_replace(CameraState::Stopped);
}

/// How a run ended.
enum End {
    /// The owner wants something else now.
    Asked,
    /// A file came to its end.
    Finished,
    Trouble(Trouble),
}

struct Keeper {
    context: Arc<CameraContext>,
    inner: Arc<Inner>,
    figures: Figures,
    /// Pipelines of this camera that have not ended yet.
    alive: Arc<AtomicUsize>,
    /// When the camera was last seen, or first asked for.
    seen: Instant,
}

impl Keeper {
    /// Runs and restarts until retrying cannot help, and answers the state that this leaves the camera in; `None`
    /// when the order changed or the camera is gone.
    async fn run(&mut self, orders: &mut watch::Receiver<Order>) -> Option<CameraState> {
        let mut since = self.context.clock.now();
        self.inner.state.send_replace(CameraState::Connecting { since });
        self.seen = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            let before = self.seen;
            let end = self.run_once(orders).await;
            if self.seen > before {
                backoff.reset();
                since = self.context.clock.now();
            }
            let reason = match end {
                End::Asked => return None,
                End::Finished if self.loops() => continue,
                End::Finished => return Some(CameraState::Stopped),
                End::Trouble(Trouble::Failed(reason)) => return Some(self.fail(reason)),
                End::Trouble(Trouble::Lost(reason)) => reason,
                End::Trouble(Trouble::Unreachable(reason)) => self.unreachable(reason).await,
            };
            let wait = backoff.next(self.seen.elapsed(), rand::random());
            self.lose(since, reason, wait);
            tokio::select! {
                () = self.inner.gone.cancelled() => return None,
                _ = orders.changed() => return None,
                () = sleep(wait) => {}
            }
        }
    }

    fn loops(&self) -> bool {
        self.inner.camera.borrow().parameters.get("loop") == Some(&ParamValue::Bool(true))
    }

    fn fail(&self, reason: String) -> CameraState {
        tracing::error!(camera = %self.inner.camera.borrow().id, reason, "camera failed");
        self.figures.error(&reason);
        CameraState::Failed { since: self.context.clock.now(), reason }
    }

    fn lose(&self, since: crate::domain::Timestamp, reason: String, wait: Duration) {
        let next_try = self.context.clock.now() + wait;
        let news = !matches!(&*self.inner.state.borrow(), CameraState::Lost { reason: known, .. } if *known == reason);
        if news {
            tracing::warn!(camera = %self.inner.camera.borrow().id, reason, "camera lost");
        }
        self.figures.error(&reason);
        self.figures.idle();
        self.inner.state.send_replace(CameraState::Lost { since, reason, next_try });
    }

    /// One life of the pipeline, from building it to having ended it.
    async fn run_once(&mut self, orders: &mut watch::Receiver<Order>) -> End {
        if self.alive.load(Ordering::Acquire) >= MOST_ALIVE {
            let reason = format!("{MOST_ALIVE} earlier pipelines of this camera have not ended yet");
            return End::Trouble(Trouble::Lost(reason));
        }
        let camera = self.inner.camera.borrow().clone();
        let description = match self.context.catalog.get(&camera.pipeline) {
            Ok(description) => description,
            Err(error) => return End::Trouble(Trouble::Failed(error.to_string())),
        };
        let secrets = description.secrets(&camera.parameters);
        let (signals, mut inbox) = mpsc::channel(SIGNALS);
        let plan = Plan {
            context: self.context.clone(),
            inner: self.inner.clone(),
            camera,
            description: description.clone(),
            signals,
            alive: self.alive.clone(),
        };
        let mut starting = spawn_blocking(move || Run::start(&plan));
        let started = tokio::select! {
            () = self.inner.gone.cancelled() => None,
            _ = orders.changed() => None,
            started = timeout(START_PATIENCE, &mut starting) => Some(started),
        };
        let end = match started {
            None => {
                self.end_later(starting);
                End::Asked
            }
            Some(Err(_)) => {
                self.end_later(starting);
                End::Trouble(Trouble::Lost(format!(
                    "the pipeline did not start for {} s",
                    START_PATIENCE.as_secs()
                )))
            }
            Some(Ok(Ok(Ok(run)))) => {
                let mut watch =
                    Watch { run: &run, description: &description, missing: Vec::new(), running: false };
                let end = self.watch(&mut watch, &mut inbox, orders).await;
                self.end(run).await;
                end
            }
            Some(Ok(Ok(Err(error)))) => End::Trouble(not_started(error, &mut inbox)),
            Some(Ok(Err(error))) => End::Trouble(broken(&error)),
        };
        match end {
            End::Trouble(trouble) => End::Trouble(trouble.map(|reason| redact(&reason, &secrets))),
            end => end,
        }
    }

    /// Why no connection can be made, as the network tells; else what is known.
    async fn unreachable(&self, reason: String) -> String {
        let camera = self.inner.camera.borrow().clone();
        let Ok(description) = self.context.catalog.get(&camera.pipeline) else { return reason };
        match description.url(&camera.parameters) {
            Some(url) => trouble_reaching(url).await.unwrap_or(reason),
            None => reason,
        }
    }

    /// Watches a started pipeline until something ends it.
    async fn watch(
        &mut self,
        watch: &mut Watch<'_>,
        inbox: &mut mpsc::Receiver<Signal>,
        orders: &mut watch::Receiver<Order>,
    ) -> End {
        let inner = self.inner.clone();
        let (mut plain, mut drawn) = (inner.plain.wanted(), inner.drawn.wanted());
        // What was wanted when the pipeline was built may have changed since.
        plain.mark_changed();
        drawn.mark_changed();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ticks = 0;
        let mut gone = pin!(inner.gone.cancelled());
        loop {
            tokio::select! {
                () = &mut gone => return End::Asked,
                _ = orders.changed() => return End::Asked,
                Some(signal) = inbox.recv() => if let Some(end) = watch.hear(&signal) { return end },
                () = watch.run.meter.first_picture.notified(), if !watch.running => {
                    watch.running = true;
                    self.seen();
                }
                _ = plain.changed() => watch.run.set_wanted(Overlay::Plain, *plain.borrow_and_update()),
                _ = drawn.changed() => watch.run.set_wanted(Overlay::Drawn, *drawn.borrow_and_update()),
                _ = tick.tick() => {
                    ticks += 1;
                    if watch.running {
                        self.seen = Instant::now() - watch.run.meter.darkness();
                    }
                    if ticks % FIGURES_EVERY == 0 {
                        self.figures.publish(watch.run);
                    }
                    if let Some(trouble) = watch.overdue() {
                        return End::Trouble(trouble);
                    }
                }
            }
        }
    }

    /// The first picture of a run is here.
    fn seen(&mut self) {
        self.seen = Instant::now();
        let again = matches!(*self.inner.state.borrow(), CameraState::Lost { .. });
        if again {
            self.figures.reconnected();
        }
        tracing::info!(camera = %self.inner.camera.borrow().id, again, "camera running");
        self.inner.state.send_replace(CameraState::Running { since: self.context.clock.now() });
    }

    /// Ends `run` on a blocking thread. One that hangs is left to itself after a while.
    async fn end(&mut self, run: Run) {
        self.figures.close(&run);
        let ended = spawn_blocking(move || drop(run));
        if timeout(END_PATIENCE, ended).await.is_err() {
            tracing::warn!(camera = %self.inner.camera.borrow().id, "a pipeline does not end; going on without it");
        }
    }

    /// Sees to it that a pipeline nobody waits for any more is ended, and not on this thread.
    fn end_later(&self, starting: JoinHandle<Result<Run, StartError>>) {
        self.context.tasks.spawn(async move {
            if let Ok(Ok(run)) = starting.await {
                let _ = spawn_blocking(move || drop(run)).await;
            }
        });
    }
}

/// What is known of a pipeline while it is watched.
struct Watch<'a> {
    run: &'a Run,
    description: &'a Description,
    missing: Vec<MissingPlugin>,
    /// True from the first picture on.
    running: bool,
}

impl Watch<'_> {
    fn hear(&mut self, signal: &Signal) -> Option<End> {
        let Signal::Message(message) = signal else { return Some(self.end_of_stream()) };
        match message.view() {
            gst::MessageView::Error(error) => {
                let trouble = explain(error, &self.missing);
                Some(End::Trouble(match (self.description.kind, trouble) {
                    // The same file gives the same error.
                    (Kind::File, Trouble::Lost(reason) | Trouble::Unreachable(reason)) => {
                        Trouble::Failed(reason)
                    }
                    (_, trouble) => trouble,
                }))
            }
            gst::MessageView::Element(element) => {
                self.missing.extend(MissingPlugin::from_message(element));
                None
            }
            _ => None,
        }
    }

    fn end_of_stream(&self) -> End {
        match (self.description.kind, self.running || self.run.meter.frames_out.load(Ordering::Relaxed) > 0) {
            (Kind::File, true) => End::Finished,
            (Kind::File, false) => End::Trouble(Trouble::Failed("there is no picture in this file".into())),
            (Kind::Live, _) => End::Trouble(Trouble::Lost("the camera ended the stream".into())),
        }
    }

    /// Says so when the pipeline has been silent for too long.
    fn overdue(&self) -> Option<Trouble> {
        let (dark, silent) = (self.run.meter.darkness(), self.run.meter.silence());
        if self.description.kind == Kind::File {
            if !self.running && self.run.is_broken_file() {
                return Some(Trouble::Failed(BROKEN_FILE.to_owned()));
            }
            return (dark >= FILE_PATIENCE)
                .then(|| Trouble::Failed(format!("no picture for {} s", FILE_PATIENCE.as_secs())));
        }
        if self.running && dark >= PATIENCE {
            return Some(Trouble::Lost(format!("no picture for {} s", PATIENCE.as_secs())));
        }
        if !self.running && silent >= PATIENCE {
            return Some(Trouble::Lost(format!("no answer from the camera for {} s", PATIENCE.as_secs())));
        }
        (!self.running && dark >= KEY_FRAME_PATIENCE)
            .then(|| Trouble::Lost(format!("data but no picture for {} s", KEY_FRAME_PATIENCE.as_secs())))
    }
}

/// Explains why a pipeline did not start; what an element said on the bus is better than nothing.
fn not_started(error: StartError, inbox: &mut mpsc::Receiver<Signal>) -> Trouble {
    if let StartError::Pipeline(error) = error {
        return Trouble::Failed(error.to_string());
    }
    while let Ok(signal) = inbox.try_recv() {
        if let Signal::Message(message) = &signal
            && let gst::MessageView::Error(error) = message.view()
        {
            return explain(error, &[]);
        }
    }
    Trouble::Lost("an element of the pipeline refused to start".to_owned())
}

fn broken(error: &JoinError) -> Trouble {
    Trouble::Failed(format!("building the pipeline broke: {error}"))
}

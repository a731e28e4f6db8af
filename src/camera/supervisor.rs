//! Keeps one camera's pipeline running: starts it, watches it, ends it, and tries again.
//!
//! Building, starting and stopping a pipeline may block for seconds, so they happen on blocking threads; this
//! task only waits for messages and timers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::backoff::Backoff;
use super::cameras::CameraContext;
use super::figures::Figures;
use super::handle::{Inner, Order, Overlay};
use super::reach::trouble_reaching;
use super::reason::{Trouble, explain};
use super::redact::redact;
use super::run::{Plan, Run, Signal, StartError};
use super::tuning::Tuning;
use super::watchdog::{End, Watchdog};
use crate::domain::{CameraState, ParamValue, Timestamp};

/// How long a pipeline may take to be built, before the camera counts as lost.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(15);
/// How long the end of a pipeline is waited for before the next one starts without it.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// With so many pipelines of one camera that do not end, no further one is started: each holds memory.
const MOST_ALIVE: usize = 4;
/// A pipeline that gave pictures for so long was up: a loss after it is a new one, tried again at once. One that
/// dies with its first picture is the old trouble still.
const STEADY: Duration = Duration::from_secs(3);
/// A file that plays over and over starts again no sooner than this after its last start: each costs a pipeline.
const SHORTEST_LOOP: Duration = Duration::from_secs(1);
/// Why a camera shows nothing that waits for somebody to publish to it.
const NOBODY_PUBLISHES: &str = "nobody sends it pictures";
/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(100);
/// Ticks from one publishing of the figures to the next.
const FIGURES_EVERY: u32 = 5;
/// Signals of a dying pipeline that are kept for the explanation.
const SIGNALS: usize = 64;

/// Runs `inner`'s camera until it is gone.
pub(super) async fn keep(context: Arc<CameraContext>, inner: Arc<Inner>) {
    let mut orders = inner.order.subscribe();
    let figures = Figures::new(inner.clone());
    let mut keeper = Keeper {
        away: context.clock.now(),
        order: *orders.borrow(),
        context,
        inner: inner.clone(),
        figures,
        alive: Arc::default(),
        backoff: Backoff::default(),
        up: Instant::now(),
    };
    while !inner.gone.is_cancelled() {
        let order = *orders.borrow_and_update();
        keeper.order = order;
        let state = if order.run { keeper.run(&mut orders).await } else { Some(CameraState::Stopped) };
        keeper.figures.idle();
        // Without a state to rest in, another order waits.
        let Some(state) = state else { continue };
        inner.tell(state);
        tokio::select! {
            () = inner.gone.cancelled() => {}
            _ = orders.changed() => {}
        }
    }
    inner.tell(CameraState::Stopped);
}

struct Keeper {
    context: Arc<CameraContext>,
    inner: Arc<Inner>,
    /// What is being carried out.
    order: Order,
    figures: Figures,
    /// Pipelines of this camera that have not ended yet.
    alive: Arc<AtomicUsize>,
    backoff: Backoff,
    /// When the camera was last seen, or first asked for.
    up: Instant,
    /// Since when it has been away.
    away: Timestamp,
}

/// What follows a life of the pipeline.
enum Next {
    /// Nothing, in this state; without one, what was asked for.
    Rest(Option<CameraState>),
    /// Another one at this time; the trouble that ended the last.
    Again(Option<Trouble>, Instant),
}

impl Keeper {
    /// Runs and restarts until retrying cannot help, and answers the state that this leaves the camera in; `None`
    /// when the order changed or the camera is gone.
    async fn run(&mut self, orders: &mut watch::Receiver<Order>) -> Option<CameraState> {
        self.away = self.context.clock.now();
        self.inner.tell(CameraState::Connecting { since: self.away });
        self.backoff = Backoff::default();
        self.up = Instant::now();
        loop {
            let began = Instant::now();
            let (end, run) = self.run_once(orders).await;
            if let Some(run) = &run {
                self.figures.close(run);
            }
            let next = self.settle(end, began);
            self.end(run).await;
            let (trouble, due) = match next {
                Next::Rest(state) => return state,
                Next::Again(trouble, due) => (trouble, due),
            };
            let again = async {
                if let Some(Trouble::Unreachable(reason)) = trouble {
                    self.lose(self.unreachable(reason).await, due);
                }
                sleep_until(due).await;
            };
            tokio::select! {
                () = self.inner.gone.cancelled() => return None,
                _ = orders.changed() => return None,
                () = again => {}
            }
        }
    }

    /// What follows the `end` of a life that began at `began`. Whoever watches is told here, before the pipeline is
    /// ended, which may take a while.
    fn settle(&mut self, end: End, began: Instant) -> Next {
        let ran = matches!(*self.inner.state.borrow(), CameraState::Running { .. });
        if ran {
            self.away = self.context.clock.now();
        }
        match end {
            End::Asked => Next::Rest(None),
            End::Finished if self.loops() => Next::Again(None, began + SHORTEST_LOOP),
            End::Finished => Next::Rest(Some(CameraState::Stopped)),
            End::Trouble(Trouble::Failed(reason)) => {
                let state = self.fail(reason);
                self.inner.tell(state.clone());
                Next::Rest(Some(state))
            }
            End::Trouble(trouble) => {
                let due = Instant::now() + self.wait_after(&trouble);
                // The network is asked for a better reason first, unless a camera would be called running meanwhile.
                if ran || !matches!(trouble, Trouble::Unreachable(_)) {
                    self.lose(trouble.clone().reason(), due);
                }
                Next::Again(Some(trouble), due)
            }
        }
    }

    /// How long to wait after `trouble` before the next try.
    fn wait_after(&mut self, trouble: &Trouble) -> Duration {
        match trouble {
            Trouble::Refused(_) => self.backoff.next_refused(),
            _ => self.backoff.next(self.up.elapsed(), rand::random()),
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

    fn lose(&self, reason: String, due: Instant) {
        let next_try = self.context.clock.now() + due.saturating_duration_since(Instant::now());
        let news = !matches!(&*self.inner.state.borrow(), CameraState::Lost { reason: known, .. } if *known == reason);
        if news {
            tracing::warn!(camera = %self.inner.camera.borrow().id, reason, "camera lost");
        }
        self.figures.error(&reason);
        self.figures.idle();
        self.inner.tell(CameraState::Lost { since: self.away, reason, next_try });
    }

    /// One life of the pipeline, from building it to the end of its use; it is still to be ended.
    async fn run_once(&mut self, orders: &mut watch::Receiver<Order>) -> (End, Option<Run>) {
        if self.alive.load(Ordering::Acquire) >= MOST_ALIVE {
            let reason = format!("{MOST_ALIVE} earlier pipelines of this camera have not ended yet");
            return (End::Trouble(Trouble::Lost(reason)), None);
        }
        let camera = self.inner.camera.borrow().clone();
        let description = match self.context.catalog.get(&camera.pipeline) {
            Ok(description) => description,
            Err(error) => return (End::Trouble(Trouble::Failed(error.to_string())), None),
        };
        if description.is_published() && !self.publisher(orders).await {
            return (End::Asked, None);
        }
        let mut secrets = description.secrets(&camera.parameters);
        let (signals, mut inbox) = mpsc::channel(SIGNALS);
        let plan = Plan {
            context: self.context.clone(),
            inner: self.inner.clone(),
            camera: camera.clone(),
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
        let (end, run) = match started {
            None => {
                self.end_later(starting);
                (End::Asked, None)
            }
            Some(Err(_)) => {
                self.end_later(starting);
                let reason = format!("the pipeline did not start for {} s", START_PATIENCE.as_secs());
                (End::Trouble(Trouble::Lost(reason)), None)
            }
            Some(Ok(Ok(Ok(run)))) => {
                let mut tuning = Tuning::new(description.clone(), camera);
                let mut watch = Watchdog::new(&run, description.kind);
                let end = self.watch(&mut watch, &mut tuning, (&mut inbox, orders)).await;
                secrets.extend(description.secrets(tuning.parameters()));
                (end, Some(run))
            }
            Some(Ok(Ok(Err(error)))) => (End::Trouble(not_started(error, &mut inbox)), None),
            Some(Ok(Err(error))) => (End::Trouble(broken(&error)), None),
        };
        match end {
            End::Trouble(trouble) => (End::Trouble(trouble.map(|reason| redact(&reason, &secrets))), run),
            end => (end, run),
        }
    }

    /// Waits until somebody publishes to the camera; false when something else is wanted meanwhile.
    async fn publisher(&mut self, orders: &mut watch::Receiver<Order>) -> bool {
        let inner = self.inner.clone();
        let mut publisher = pin!(inner.way_in.publisher());
        if (&mut publisher).now_or_never().is_some() {
            return true;
        }
        if matches!(*inner.state.borrow(), CameraState::Lost { .. }) {
            self.lose(NOBODY_PUBLISHES.to_owned(), Instant::now());
        }
        let came = tokio::select! {
            () = inner.gone.cancelled() => false,
            _ = orders.changed() => false,
            () = publisher => true,
        };
        self.backoff.reset();
        self.up = Instant::now();
        came
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
        watch: &mut Watchdog<'_>,
        tuning: &mut Tuning,
        (inbox, orders): (&mut mpsc::Receiver<Signal>, &mut watch::Receiver<Order>),
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
                _ = orders.changed() => {
                    let order = *orders.borrow_and_update();
                    let is_tuned_only = Order { tune: order.tune, ..self.order } == order;
                    let follow = async { is_tuned_only && tuning.follow(&self.inner, watch.run).await };
                    let follows = tokio::select! {
                        () = &mut gone => false,
                        follows = follow => follows,
                    };
                    if !follows {
                        return End::Asked;
                    }
                    self.order = order;
                }
                Some(signal) = inbox.recv() => if let Some(end) = watch.hear(&signal) { return end },
                () = watch.run.meter.first_picture.notified(), if watch.running.is_none() => {
                    watch.running = Some(Instant::now());
                    self.seen();
                }
                _ = plain.changed() => watch.run.set_wanted(Overlay::Plain, *plain.borrow_and_update()),
                _ = drawn.changed() => watch.run.set_wanted(Overlay::Drawn, *drawn.borrow_and_update()),
                _ = tick.tick() => {
                    ticks += 1;
                    let dark = watch.run.meter.darkness();
                    // Up to its last picture: the silence after one says nothing for it.
                    if watch.running.is_some_and(|since| since.elapsed() >= STEADY + dark) {
                        self.up = Instant::now() - dark;
                        self.backoff.reset();
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
        self.up = Instant::now();
        let again = matches!(*self.inner.state.borrow(), CameraState::Lost { .. });
        if again {
            self.figures.reconnected();
        }
        tracing::info!(camera = %self.inner.camera.borrow().id, again, "camera running");
        self.inner.tell(CameraState::Running { since: self.context.clock.now() });
    }

    /// Ends `run` on a blocking thread. One that hangs is left to itself after a while.
    async fn end(&self, run: Option<Run>) {
        let Some(run) = run else { return };
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

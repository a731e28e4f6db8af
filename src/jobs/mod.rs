//! Scheduled work: what is due is done once, by one of the nodes that share a database.
//!
//! The scheduler only wakes us at each full minute. What is due then follows from the clock and from when each job ran
//! last, which the database knows: so what was missed while no server ran, or while the database was away, is made up for.

mod every;
mod news;
mod work;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job as CronJob, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

pub use every::{Daily, Every};
pub use work::{BackupPlan, Outcome, Retention, back_up, backup_name, clean_up, settle_shifts};

use crate::clock::Clock;
use crate::domain::{BranchId, CameraId, JobRun, JobStatus, Node, Publisher, TenantId, Timestamp};
use crate::store::{JobLock, Store, StoreError};
use work::start_shifts;

/// Second, minute, hour, day, month, day of the week: at each full minute.
const EACH_MINUTE: &str = "0 * * * * *";

/// A node that was not seen for so long, three of its beats, is gone.
const STALE: Duration = Duration::from_secs(180);

/// The process ends whether the database answers or not.
const GOODBYE: Duration = Duration::from_millis(500);

/// Where there are branches and cameras: tenant, branch and id of each camera, and whether it is switched on.
pub type FindCameras = Arc<dyn Fn() -> Vec<(TenantId, BranchId, CameraId, bool)> + Send + Sync>;

/// What the jobs need of the house.
#[derive(Clone)]
pub struct JobsContext {
    pub store: Store,
    pub clock: Clock,
    pub cameras: FindCameras,
    pub retention: Retention,
    /// Absent on Postgres, and when none are wanted.
    pub backup: Option<(BackupPlan, Daily)>,
    /// Whether this node does jobs; others may, and this one still shows them.
    pub enabled: bool,
    /// Name of this machine.
    pub host: String,
    /// Told of shifts and summaries, by the node that does the work.
    pub publisher: Publisher,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Shifts,
    Aggregation,
    CleanUp,
    Backup,
}

/// Why a job was not started by hand.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("no job {0:?}")]
    Unknown(String),
    #[error("job {0:?} is running")]
    Running(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The jobs of this node; cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    context: JobsContext,
    work: Vec<(Work, Every)>,
    /// This node; `seen` and `cameras` are of its start.
    node: Node,
    /// What this node is doing.
    busy: Mutex<BTreeSet<Work>>,
    /// As of the last look.
    known: Mutex<Vec<JobStatus>>,
    /// Held from asking until it is known, so that an older answer does not come last.
    asking: tokio::sync::Mutex<()>,
}

/// That a job is not begun twice by this node.
struct Turn {
    jobs: Jobs,
    work: Work,
}

impl Drop for Turn {
    fn drop(&mut self) {
        locked(&self.jobs.0.busy).remove(&self.work);
    }
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Shifts => "shifts",
            Self::Aggregation => "aggregation",
            Self::CleanUp => "clean_up",
            Self::Backup => "backup",
        }
    }
}

impl Jobs {
    pub fn new(context: JobsContext) -> Self {
        let mut work = vec![
            (Work::Shifts, Every::Minute),
            (Work::Aggregation, Every::Hours(1)),
            (Work::CleanUp, Every::Hours(6)),
        ];
        if let Some((_, daily)) = &context.backup {
            work.push((Work::Backup, Every::Day(daily.clone())));
        }
        let now = context.clock.now();
        let node = Node {
            id: format!("{:08x}", rand::random::<u32>()),
            host: context.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: now,
            seen: now,
            cameras: Vec::new(),
        };
        let (busy, known, asking) = Default::default();
        Self(Arc::new(Inner { context, work, node, busy, known, asking }))
    }

    /// Starts the scheduler and makes up for what was missed, on the context's tasks.
    ///
    /// # Errors
    /// When the scheduler does not start.
    pub async fn start(&self) -> Result<(), JobSchedulerError> {
        let (wake, mut scheduler) = (Arc::new(Notify::new()), JobScheduler::new().await?);
        let waker = wake.clone();
        scheduler
            .add(CronJob::new_async(EACH_MINUTE, move |_, _| {
                waker.notify_one();
                Box::pin(std::future::ready(()))
            })?)
            .await?;
        scheduler.start().await?;
        let jobs = self.clone();
        let stop = self.0.context.stop.clone();
        self.0.context.tasks.spawn(async move {
            let attend = async {
                jobs.look(Look::AtStart).await;
                loop {
                    wake.notified().await;
                    jobs.look(Look::AtMinute).await;
                }
            };
            stop.run_until_cancelled(attend).await;
            if let Err(error) = scheduler.shutdown().await {
                warn!(%error, "the scheduler did not stop in order");
            }
            // Others see it at once; should the database be away, they see it soon.
            let _ = tokio::time::timeout(GOODBYE, jobs.0.context.store.forget_node(&jobs.0.node.id)).await;
        });
        Ok(())
    }

    /// This node's id.
    pub fn node(&self) -> &str {
        &self.0.node.id
    }

    /// Says that this node lives and starts whatever is due; the work goes on when this returns.
    pub async fn look(&self, look: Look) {
        let now = self.0.context.clock.now();
        if let Err(error) = self.beat(now).await.and(self.start_due(look, now).await) {
            warn!(%error, "scheduled work waits for the database");
        }
        self.refresh().await;
    }

    /// Looks up what [`Jobs::known`] tells.
    async fn refresh(&self) {
        let _asking = self.0.asking.lock().await;
        match self.list().await {
            Ok(known) => *locked(&self.0.known) = known,
            Err(error) => tracing::debug!(%error, "the state of scheduled work is not known"),
        }
    }

    /// All jobs and where they stand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<JobStatus>, StoreError> {
        let now = self.0.context.clock.now();
        let runs = self.0.context.store.job_runs().await?;
        let nodes = self.nodes().await?;
        let status = |(work, every): &(Work, Every)| {
            let last = runs.iter().find(|run| run.name == work.name()).cloned();
            // What a node left unfinished that is gone does not run.
            let runs = |run: &JobRun| run.ended.is_none() && nodes.iter().any(|node| node.id == run.node);
            JobStatus {
                name: work.name(),
                every: every.to_string(),
                running: last.as_ref().is_some_and(runs),
                last,
                next: every.next(now),
            }
        };
        Ok(self.0.work.iter().map(status).collect())
    }

    /// As [`Jobs::list`], as of the last full minute or end of a job, and without the database.
    pub fn known(&self) -> Vec<JobStatus> {
        locked(&self.0.known).clone()
    }

    /// The nodes that share the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        self.0.context.store.nodes(self.0.context.clock.now() - STALE).await
    }

    /// Starts a job now, whether it is due or not; it goes on when this returns.
    ///
    /// # Errors
    /// When there is none of this name, it runs already, or the database fails.
    pub async fn run_now(&self, name: &str) -> Result<(), RunError> {
        let Some((work, every)) = self.0.work.iter().find(|(work, _)| work.name() == name) else {
            return Err(RunError::Unknown(name.to_owned()));
        };
        let turn = self.turn(*work).ok_or(RunError::Running(work.name()))?;
        let lock = self.0.context.store.lock_job(work.name()).await?;
        let lock = lock.ok_or(RunError::Running(work.name()))?;
        let due = every.last(self.0.context.clock.now());
        self.begin(*work, due).await?;
        self.spawn(turn, lock);
        Ok(())
    }

    /// Says that this node lives, and which cameras it runs.
    async fn beat(&self, now: Timestamp) -> Result<(), StoreError> {
        let cameras = (self.0.context.cameras)();
        let on = cameras.into_iter().filter(|(.., is_on)| *is_on);
        let cameras = on.map(|(tenant, _, id, _)| (tenant.get(), id.to_string())).collect();
        let node = Node { seen: now, cameras, ..self.0.node.clone() };
        self.0.context.store.beat(&node, now - STALE).await
    }

    async fn start_due(&self, look: Look, now: Timestamp) -> Result<(), StoreError> {
        if !self.0.context.enabled {
            return Ok(());
        }
        let runs = self.0.context.store.job_runs().await?;
        for (work, every) in &self.0.work {
            let due = every.last(now);
            if look.wants(find(&runs, *work), due, now) {
                self.start_one(*work, due, look).await?;
            }
        }
        Ok(())
    }

    /// Starts `work` unless somebody does it or has done it meanwhile.
    async fn start_one(&self, work: Work, due: Timestamp, look: Look) -> Result<(), StoreError> {
        let Some(turn) = self.turn(work) else { return Ok(()) };
        let Some(lock) = self.0.context.store.lock_job(work.name()).await? else { return Ok(()) };
        let runs = self.0.context.store.job_runs().await?;
        if !look.wants(find(&runs, work), due, self.0.context.clock.now()) {
            lock.release().await;
            return Ok(());
        }
        self.begin(work, due).await?;
        self.spawn(turn, lock);
        Ok(())
    }

    /// `None` when this node is doing it.
    fn turn(&self, work: Work) -> Option<Turn> {
        let is_new = locked(&self.0.busy).insert(work);
        is_new.then(|| Turn { jobs: self.clone(), work })
    }

    async fn begin(&self, work: Work, due: Timestamp) -> Result<(), StoreError> {
        let Inner { context, node, .. } = &*self.0;
        context.store.begin_job(work.name(), &node.id, due, context.clock.now()).await
    }

    fn spawn(&self, turn: Turn, lock: JobLock) {
        let jobs = self.clone();
        let stop = self.0.context.stop.clone();
        self.0.context.tasks.spawn(async move {
            // Broken off at the end of the process: what is not noted as ended is done again at the next start.
            stop.run_until_cancelled(jobs.run(turn.work)).await;
            // It is released with its connection in any case.
            let _ = tokio::time::timeout(GOODBYE, lock.release()).await;
            drop(turn);
        });
    }

    async fn run(&self, work: Work) {
        let context = &self.0.context;
        let name = work.name();
        let outcome = self.work(work, context.clock.now()).await;
        match &outcome {
            Ok(detail) if work == Work::Shifts => tracing::debug!(job = name, detail, "done"),
            Ok(detail) => info!(job = name, detail, "scheduled work is done"),
            Err(error) => warn!(job = name, %error, "scheduled work failed"),
        }
        let outcome = outcome.map_err(|error| error.to_string());
        if let Err(error) = context.store.end_job(name, &outcome, context.clock.now()).await {
            warn!(job = name, %error, "the end of scheduled work could not be noted");
        }
        self.refresh().await;
    }

    async fn work(&self, work: Work, now: Timestamp) -> Outcome {
        let context = &self.0.context;
        match work {
            Work::Shifts => {
                start_shifts(&context.store, &context.publisher, &self.branches().await?, now).await
            }
            Work::Aggregation => {
                settle_shifts(&context.store, &context.publisher, &self.branches().await?, now).await
            }
            Work::CleanUp => clean_up(&context.store, &context.retention, now).await,
            Work::Backup => match &context.backup {
                Some((plan, _)) => back_up(&context.store, plan, now).await,
                None => Ok("no backups are wanted".to_owned()),
            },
        }
    }

    /// Those that are described and those that cameras are in, of all tenants.
    async fn branches(&self) -> Result<BTreeSet<(TenantId, BranchId)>, StoreError> {
        let described = self.0.context.store.all_branches().await?;
        let in_use = (self.0.context.cameras)();
        let described = described.into_iter().map(|branch| (branch.tenant, branch.id));
        Ok(described.chain(in_use.into_iter().map(|(tenant, branch, ..)| (tenant, branch))).collect())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(runs: &[JobRun], work: Work) -> Option<&JobRun> {
    runs.iter().find(|run| run.name == work.name())
}

/// When it is looked for work that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What was broken off or went wrong is tried again, too.
    AtStart,
    AtMinute,
}

impl Look {
    /// Whether a job that is `due` is to run `now`, as its last run was `last`. One of times to come was run by a clock
    /// that was wrong, and says nothing.
    fn wants(self, last: Option<&JobRun>, due: Timestamp, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        last.due < due || last.due > now || self == Self::AtStart && !matches!(last.outcome, Some(Ok(_)))
    }
}

//! Turns for those who have work: a few at a time, on threads that may block, and one after the other, so that however much
//! work one of them has the others wait for one turn of it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Does one piece of somebody's work.
type Work<T> = dyn Fn(&Arc<T>) + Send + Sync;

/// Gives out turns; cheap to clone.
pub(super) struct Lane<T>(Arc<Inner<T>>);

struct Inner<T> {
    /// Turns at the same time.
    most: usize,
    /// Whether somebody has something to be done now.
    has_work: fn(&T) -> bool,
    work: Box<Work<T>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    queue: Mutex<Queue<T>>,
}

struct Queue<T> {
    ready: VecDeque<Arc<T>>,
    /// Addresses of those who wait for their turn or have it.
    known: HashSet<usize>,
    busy: usize,
}

/// Somebody's turn; it ends when this is dropped, also when the work panics.
struct Turn<T: Send + Sync + 'static> {
    lane: Lane<T>,
    of: Arc<T>,
    /// Whether it has begun. One that is dropped before is dropped by a runtime that ends, as the next would be.
    has_begun: bool,
}

impl<T> Clone for Lane<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> Lane<T> {
    /// At most `most` turns at the same time, on `tasks` until `stop`.
    pub(super) fn new(
        most: usize,
        has_work: fn(&T) -> bool,
        work: impl Fn(&Arc<T>) + Send + Sync + 'static,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Self {
        let queue = Mutex::new(Queue { ready: VecDeque::new(), known: HashSet::new(), busy: 0 });
        let (tasks, stop) = (tasks.clone(), stop.clone());
        Self(Arc::new(Inner { most, has_work, work: Box::new(work), tasks, stop, queue }))
    }

    /// `one` has work: it gets a turn, unless it waits for one already.
    pub(super) fn offer(&self, one: &Arc<T>) {
        let mut queue = self.queue();
        if queue.known.insert(address(one)) {
            queue.ready.push_back(one.clone());
        }
        drop(queue);
        self.start();
    }

    fn start(&self) {
        while let Some(of) = self.next() {
            let mut turn = Turn { lane: self.clone(), of, has_begun: false };
            self.0.tasks.spawn_blocking(move || turn.have());
        }
    }

    fn next(&self) -> Option<Arc<T>> {
        let mut queue = self.queue();
        if queue.busy >= self.0.most || self.0.stop.is_cancelled() {
            return None;
        }
        let next = queue.ready.pop_front()?;
        queue.busy += 1;
        Some(next)
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync + 'static> Turn<T> {
    fn have(&mut self) {
        self.has_begun = true;
        (self.lane.0.work)(&self.of);
    }
}

impl<T: Send + Sync + 'static> Drop for Turn<T> {
    fn drop(&mut self) {
        if !self.has_begun {
            return;
        }
        let mut queue = self.lane.queue();
        queue.busy -= 1;
        // Asked under the lock: whoever puts work there offers it afterwards.
        if (self.lane.0.has_work)(&self.of) {
            queue.ready.push_back(self.of.clone());
        } else {
            queue.known.remove(&address(&self.of));
        }
        drop(queue);
        self.lane.start();
    }
}

fn address<T>(one: &Arc<T>) -> usize {
    Arc::as_ptr(one).addr()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    struct Client {
        name: char,
        work: AtomicUsize,
    }

    #[tokio::test]
    async fn clients_with_much_work_and_with_little_take_turns() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (go, gate) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let (gate, tell) = (Mutex::new(gate), Mutex::new(tell));
        let lane = Lane::new(
            1,
            |client: &Client| client.work.load(Ordering::SeqCst) > 0,
            move |client| {
                gate.lock().unwrap().recv().unwrap();
                client.work.fetch_sub(1, Ordering::SeqCst);
                tell.lock().unwrap().send(client.name).unwrap();
            },
            (&tasks, &stop),
        );
        let client = |name, work| Arc::new(Client { name, work: AtomicUsize::new(work) });
        for client in [client('a', 3), client('b', 1), client('c', 2)] {
            lane.offer(&client);
            lane.offer(&client);
        }
        (0..6).for_each(|_| go.send(()).unwrap());
        tasks.close();
        tasks.wait().await;
        assert_eq!(told.try_iter().collect::<String>(), "abcaca");
    }

    #[tokio::test]
    async fn work_that_panics_takes_nobodys_turn() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        let lane = Lane::new(
            1,
            |client: &Client| client.work.load(Ordering::SeqCst) > 0,
            move |client| {
                assert!(client.work.fetch_sub(1, Ordering::SeqCst) != 2, "as the test wants");
                counted.fetch_add(1, Ordering::SeqCst);
            },
            (&tasks, &stop),
        );
        lane.offer(&Arc::new(Client { name: 'a', work: AtomicUsize::new(3) }));
        while done.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn work_that_is_left_when_the_runtime_ends_ends_with_it() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let (begun, has_begun) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let (begun, gate) = (Mutex::new(begun), Mutex::new(gate));
        let work = move |_: &Arc<()>| {
            begun.lock().unwrap().send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
        };
        let lane = Lane::new(1, |()| true, work, (&TaskTracker::new(), &CancellationToken::new()));
        runtime.block_on(async { lane.offer(&Arc::new(())) });
        drop(lane);
        has_begun.recv().unwrap();
        runtime.shutdown_background();
        drop(go);
        // The work is gone once nobody can tell of it any more.
        assert!(has_begun.recv().is_err());
    }
}

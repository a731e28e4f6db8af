//! A pool of equal things of which each has one user at a time: first come, first served.
//!
//! It starts with one, and makes one more when its users have had to wait for long and the limit is not reached.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex};

use crate::sync::{lock, wait};

/// Leases in a row that had to wait before the pool grows. Chance makes users of a thing that rests half of the
/// time collide now and then, but not this often.
const GROW_AFTER: u32 = 16;

/// Makes one more; `None` when that cannot be.
type Make<T> = Box<dyn Fn() -> Option<T> + Send + Sync>;

/// The things, on loan or not.
pub(super) struct Pool<T> {
    make: Make<T>,
    queue: Mutex<Queue<T>>,
    freed: Condvar,
}

struct Queue<T> {
    idle: Vec<T>,
    /// Things that exist or are being made; at least one.
    made: usize,
    limit: usize,
    /// Leases in a row that had to wait.
    waited: u32,
    next_ticket: u64,
    /// The ticket whose turn it is.
    serving: u64,
}

/// A thing on loan; it goes back when dropped.
pub(super) struct Lease<'a, T> {
    pool: &'a Pool<T>,
    /// `None` only while it is being given back.
    thing: Option<T>,
}

impl<T> Pool<T> {
    /// A pool of `first`, which grows by `make` to `limit` things.
    pub(super) fn new(first: T, limit: usize, make: impl Fn() -> Option<T> + Send + Sync + 'static) -> Self {
        let queue = Queue { idle: vec![first], made: 1, limit, waited: 0, next_ticket: 0, serving: 0 };
        Self { make: Box::new(make), queue: Mutex::new(queue), freed: Condvar::new() }
    }

    /// Waits for a thing; first come, first served.
    pub(super) fn lease(&self) -> Lease<'_, T> {
        let mut queue = lock(&self.queue);
        let mut ticket = queue.draw_ticket();
        // What lies idle may already be meant for somebody ahead who has yet to wake up.
        let is_served_at_once = queue.serving == ticket && !queue.idle.is_empty();
        queue.waited = if is_served_at_once { 0 } else { queue.waited + 1 };
        loop {
            if queue.serving == ticket {
                let idle = queue.idle.pop();
                if idle.is_some() || queue.is_short() {
                    // Whoever is next is served from now on, also while this one waits for what is being made.
                    queue.serving += 1;
                    self.freed.notify_all();
                    if idle.is_some() {
                        return Lease { pool: self, thing: idle };
                    }
                    queue.waited = 0;
                    queue.made += 1;
                    drop(queue);
                    let made = (self.make)();
                    if made.is_some() {
                        return Lease { pool: self, thing: made };
                    }
                    queue = lock(&self.queue);
                    // What cannot be made now will not be asked for again; there is at least one to wait for.
                    queue.made -= 1;
                    queue.limit = queue.made;
                    ticket = queue.draw_ticket();
                    continue;
                }
            }
            queue = wait(&self.freed, queue);
        }
    }

    /// A thing that is idle and that nobody waits for; waits for nothing and makes none.
    pub(super) fn try_lease(&self) -> Option<Lease<'_, T>> {
        let mut queue = lock(&self.queue);
        let is_waited_for = queue.serving < queue.next_ticket;
        let thing = queue.idle.pop_if(|_| !is_waited_for)?;
        Some(Lease { pool: self, thing: Some(thing) })
    }

    /// How many things there are.
    pub(super) fn size(&self) -> usize {
        lock(&self.queue).made
    }
}

impl<T> Queue<T> {
    fn draw_ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket - 1
    }

    /// True when its users wait for one another and there may be more.
    fn is_short(&self) -> bool {
        self.waited >= GROW_AFTER && self.made < self.limit
    }
}

impl<T> Deref for Lease<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("a lease should hold its thing until it is dropped")
    }
}

impl<T> DerefMut for Lease<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("a lease should hold its thing until it is dropped")
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        let mut queue = lock(&self.pool.queue);
        queue.idle.extend(self.thing.take());
        self.pool.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Long enough for any machine, short enough for a test that fails.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn users_are_served_while_one_more_is_being_made() {
        let (started, has_started) = mpsc::channel();
        let (finish, may_finish) = mpsc::channel();
        let may_finish = Mutex::new(may_finish);
        let pool = Pool::new("first", 2, move || {
            started.send(()).unwrap();
            lock(&may_finish).recv().unwrap();
            Some("second")
        });
        let first = pool.lease();
        lock(&pool.queue).waited = GROW_AFTER;
        std::thread::scope(|scope| {
            let grower = scope.spawn(|| *pool.lease());
            has_started.recv_timeout(PATIENCE).unwrap();
            let (served, is_served) = mpsc::channel();
            let pool = &pool;
            scope.spawn(move || served.send(*pool.lease()).unwrap());
            drop(first);
            let next = is_served.recv_timeout(PATIENCE);
            finish.send(()).unwrap();
            assert_eq!(next, Ok("first"), "the next user gets what came free");
            assert_eq!(grower.join().unwrap(), "second");
        });
        assert_eq!(pool.size(), 2);
    }

    #[test]
    fn who_will_not_wait_gets_what_is_idle_and_meant_for_nobody() {
        let pool = Pool::new("first", 2, || panic!("nobody waits long enough for another one"));
        let first = pool.try_lease();
        assert_eq!(first.as_deref(), Some(&"first"));
        assert!((0..=GROW_AFTER).all(|_| pool.try_lease().is_none()), "it is on loan");
        drop(first);
        assert_eq!(pool.lease().thing, Some("first"), "nobody was put into the queue");
        let ticket = lock(&pool.queue).draw_ticket();
        assert!(pool.try_lease().is_none(), "somebody ahead has yet to wake up");
        assert_eq!((ticket, pool.size()), (1, 1));
    }

    #[test]
    fn who_could_not_have_a_new_one_waits_for_one_there_is() {
        let (failed, has_failed) = mpsc::channel();
        let pool = Pool::new("first", 2, move || {
            failed.send(()).unwrap();
            None
        });
        let first = pool.lease();
        lock(&pool.queue).waited = GROW_AFTER;
        std::thread::scope(|scope| {
            let grower = scope.spawn(|| *pool.lease());
            has_failed.recv_timeout(PATIENCE).unwrap();
            drop(first);
            assert_eq!(grower.join().unwrap(), "first");
        });
        assert_eq!(pool.size(), 1);
        let held = pool.lease();
        lock(&pool.queue).waited = GROW_AFTER;
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| *pool.lease());
            drop(held);
            assert_eq!(waiting.join().unwrap(), "first");
        });
        assert!(has_failed.try_recv().is_err(), "it is not tried again");
    }
}

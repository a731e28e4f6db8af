//! The gateway's index under all orders in which its threads may run, or very many of them (shuttle).
//!
//! `cargo test --lib --features interleavings gateway::interleavings`

use std::sync::Arc;

use bytes::Bytes;
use shuttle::sync::Mutex;
use shuttle::{check_random, thread};

use super::{Guest, Hub, Joined, Limits, Listens, Member, Most, Position, Sectors, Settings, Stamped, Start};
use crate::auth::Cleared;
use crate::clock::Clock;
use crate::domain::{BranchId, Endpoint, Event, EventType, TenantId};

const RUNS: usize = 2000;

#[derive(Clone)]
struct Ear(u64, Arc<Mutex<Vec<Bytes>>>);

impl Member for Ear {
    fn id(&self) -> u64 {
        self.0
    }

    fn send(&self, stamped: &Arc<Stamped>) -> bool {
        self.1.lock().unwrap().push(stamped.frame.clone());
        true
    }

    fn catch_up(&self, joined: &Joined, _: &Start) {
        self.1.lock().unwrap().extend(joined.missed.iter().map(|stamped| stamped.frame.clone()));
    }

    fn tell_of(&self, _: BranchId, _: &Position) {}

    fn tell_gap(&self, _: BranchId, _: &Position) {}

    fn end_session(&self) {}
}

fn kitchen() -> Listens {
    Listens {
        endpoint: Endpoint::Kitchen,
        branches: [BranchId::default()].into_iter().collect(),
        sectors: Sectors::All,
        session: None,
    }
}

fn round(number: usize) -> Event {
    Event {
        kind: EventType::new("ROUND_READY").unwrap(),
        tenant: TenantId::default(),
        branch: BranchId::default(),
        sector: None,
        session: None,
        id: Some(format!("n{number}").into()),
        fields: "".into(),
    }
}

/// Somebody joins, and somebody goes, while events are sent and what is idle is forgotten.
#[test]
fn who_joins_in_the_middle_misses_nothing_and_gets_nothing_twice() {
    check_random(
        || {
            let settings = Settings::default();
            let hub: Hub<Ear> =
                Hub::new(settings.keep, settings.queue, Clock::system(), Arc::default(), Cleared::default());
            let sender = hub.clone();
            let sending = thread::spawn(move || {
                for number in 0..3 {
                    sender.publish(round(number)).unwrap();
                    while sender.turn() {}
                }
            });
            let tidier = hub.clone();
            let tidying = thread::spawn(move || tidier.tidy());
            let joiners: Vec<_> = (0..2)
                .map(|id| {
                    let hub = hub.clone();
                    thread::spawn(move || {
                        let ear = Ear(id, Arc::default());
                        let now = hub.positions(TenantId::default(), &kitchen());
                        hub.join(TenantId::default(), &ear, kitchen(), &Start::At(now.clone())).unwrap();
                        if id == 1 {
                            hub.leave(TenantId::default(), id);
                        }
                        (ear, now.values().next().unwrap().offset)
                    })
                })
                .collect();
            let ears: Vec<_> = joiners.into_iter().map(|joiner| joiner.join().unwrap()).collect();
            sending.join().unwrap();
            tidying.join().unwrap();
            let (stayed, from) = &ears[0];
            let heard = stayed.1.lock().unwrap().len();
            assert_eq!(heard as u64, 3 - from, "it came when {from} were sent");
        },
        RUNS,
    );
}

/// Five want three places.
#[test]
fn no_order_gives_out_a_place_too_many() {
    check_random(
        || {
            let most = Most { total: 4, per_user: 3, per_session: 0, per_tenant: 0, per_ip: 0 };
            let limits = Limits::new(most);
            let comers: Vec<_> = (0..5)
                .map(|_| {
                    let limits = limits.clone();
                    thread::spawn(move || {
                        let guest = Guest {
                            tenant: TenantId::default(),
                            user: Some("ana".into()),
                            session: None,
                            ip: None,
                        };
                        limits.take(guest)
                    })
                })
                .collect();
            let places: Vec<_> = comers.into_iter().map(|comer| comer.join().unwrap()).collect();
            assert_eq!(places.iter().filter(|place| place.is_ok()).count(), 3);
            drop(places);
            assert_eq!(limits.taken(), 0);
        },
        RUNS,
    );
}

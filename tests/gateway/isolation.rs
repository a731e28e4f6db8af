//! Whatever happens in whatever order: nobody hears of another tenant, and everybody hears all that is theirs, once, in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use atalaya::auth::Cleared;
use atalaya::clock::Clock;
use atalaya::domain::{BranchId, Endpoint, Event, EventType, SectorId, SessionId, TenantId};
use atalaya::gateway::{
    Hub, Joined, Listens, Member, Position, Positions, Sectors, Settings, Stamped, Start,
};
use bytes::Bytes;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

/// A listener that keeps what it is sent.
#[derive(Clone)]
struct Ear(Arc<Inner>);

struct Inner {
    id: u64,
    tenant: TenantId,
    listens: Listens,
    heard: Mutex<Vec<Bytes>>,
}

impl Member for Ear {
    fn id(&self) -> u64 {
        self.0.id
    }

    fn send(&self, stamped: &Arc<Stamped>) -> bool {
        assert_eq!(stamped.event.tenant, self.0.tenant, "an event of another tenant");
        self.0.heard.lock().unwrap().push(stamped.frame.clone());
        true
    }

    fn catch_up(&self, joined: &Joined, _: &Start) {
        self.0.heard.lock().unwrap().extend(joined.missed.iter().map(|stamped| stamped.frame.clone()));
    }

    fn tell_of(&self, _: BranchId, _: &Position) {}

    fn tell_gap(&self, _: BranchId, _: &Position) {}

    fn end_session(&self) {}
}

/// What is done to the hub.
#[derive(Debug, Clone)]
enum Step {
    Join(usize),
    Leave(usize),
    Publish(Event),
}

const LISTENERS: usize = 12;

fn listens() -> impl Strategy<Value = (i64, Listens)> {
    let sectors = prop_oneof![
        Just(Sectors::All),
        prop::collection::btree_set((1i64..4).prop_map(|id| SectorId::new(id).unwrap()), 0..3)
            .prop_map(Sectors::These),
    ];
    let branches = prop::collection::vec((1i64..4).prop_map(|id| BranchId::new(id).unwrap()), 0..3);
    (1i64..4, 0usize..4, branches, sectors, 1u32..4).prop_map(
        |(tenant, endpoint, branches, sectors, session)| {
            let endpoint = Endpoint::ALL[endpoint];
            let session =
                (endpoint == Endpoint::Diner).then(|| SessionId::new(&session.to_string()).unwrap());
            (tenant, Listens { endpoint, branches: branches.into_iter().collect(), sectors, session })
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    // A cleared table ends its guests' session, which has tests of its own.
    let kinds: Vec<_> =
        EventType::known().chain(["STOCK_LOW"]).filter(|kind| *kind != EventType::TABLE_CLEARED).collect();
    let (sector, session) = (prop::option::of(1i64..4), prop::option::of(1u32..4));
    (prop::sample::select(kinds), 1i64..4, 1i64..4, sector, session).prop_map(
        |(kind, tenant, branch, sector, session)| Event {
            kind: EventType::new(kind).unwrap(),
            tenant: TenantId::new(tenant).unwrap(),
            branch: BranchId::new(branch).unwrap(),
            sector: sector.map(|id| SectorId::new(id).unwrap()),
            session: session.map(|id| SessionId::new(&id.to_string()).unwrap()),
            id: None,
            fields: "".into(),
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..LISTENERS).prop_map(Step::Join),
        1 => (0..LISTENERS).prop_map(Step::Leave),
        6 => event().prop_map(Step::Publish),
    ];
    prop::collection::vec(step, 1..150)
}

/// The number in the `id` that the test gave an event.
fn number(frame: &Bytes) -> usize {
    after(frame, r#""id":"n"#, '"').parse().unwrap()
}

/// What stands between `before` and `end` in a frame.
fn after(frame: &Bytes, before: &str, end: char) -> String {
    let text = String::from_utf8_lossy(frame);
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(end).unwrap().0.to_owned()
}

/// Each stream's offsets rise from one frame to the next.
fn is_in_order(frames: &[Bytes]) -> bool {
    let mut newest = BTreeMap::new();
    frames.iter().all(|frame| {
        let offset: u64 = after(frame, r#""offset":"#, ',').parse().unwrap();
        let before = newest.insert(after(frame, r#""stream":""#, '"'), offset);
        before.is_none_or(|before| before < offset)
    })
}

/// Lets the hub send all that waits.
async fn settle(hub: &Hub<Ear>) {
    while hub.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    // The last one is taken and not sent yet.
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn run(people: Vec<(i64, Listens)>, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let settings = Settings::default();
    let hub: Hub<Ear> =
        Hub::new(settings.keep, settings.queue, Clock::system(), Arc::default(), Cleared::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn(hub.clone().run(stop.clone()));
    let ears: Vec<_> = people
        .into_iter()
        .enumerate()
        .map(|(id, (tenant, listens))| {
            let tenant = TenantId::new(tenant).unwrap();
            Ear(Arc::new(Inner { id: id as u64, tenant, listens, heard: Mutex::default() }))
        })
        .collect();
    // By listener: what it has to hear from its first coming on, and where it was when it left.
    let mut wanted: Vec<Option<Vec<usize>>> = vec![None; ears.len()];
    let mut left: BTreeMap<usize, Positions> = BTreeMap::new();
    let mut inside = vec![false; ears.len()];
    for (count, step) in steps.into_iter().enumerate() {
        settle(&hub).await;
        match step {
            Step::Join(who) => {
                let ear = &ears[who];
                let listens = ear.0.listens.clone();
                let now = hub.positions(ear.0.tenant, &listens);
                let start = left.remove(&who).map_or(Start::At(now), Start::Resume);
                if !inside[who] {
                    hub.join(ear.0.tenant, ear, listens, &start).unwrap();
                    inside[who] = true;
                    wanted[who].get_or_insert_default();
                }
            }
            Step::Leave(who) if inside[who] => {
                let Inner { tenant, listens, id, .. } = &*ears[who].0;
                left.insert(who, hub.positions(*tenant, listens));
                hub.leave(*tenant, *id);
                inside[who] = false;
            }
            Step::Leave(_) => {}
            Step::Publish(event) => {
                for (ear, wanted) in ears.iter().zip(&mut wanted) {
                    // Also those who are away: they come back for it, or never and then nothing is asked of them.
                    if let Some(wanted) = wanted
                        && ear.0.tenant == event.tenant
                        && ear.0.listens.hears(&event)
                    {
                        wanted.push(count);
                    }
                }
                hub.publish(Event { id: Some(format!("n{count}").into()), ..event }).unwrap();
            }
        }
    }
    settle(&hub).await;
    stop.cancel();
    running.await.unwrap();
    check(&ears, wanted, &inside)
}

/// Everybody has heard what it had to.
fn check(ears: &[Ear], wanted: Vec<Option<Vec<usize>>>, inside: &[bool]) -> Result<(), TestCaseError> {
    for (who, (ear, wanted)) in ears.iter().zip(wanted).enumerate() {
        prop_assert!(is_in_order(&ear.0.heard.lock().unwrap()));
        let heard: Vec<_> = ear.0.heard.lock().unwrap().iter().map(number).collect();
        let wanted = wanted.unwrap_or_default();
        match inside[who] {
            true => prop_assert_eq!(sorted(&heard), wanted, "{:?}", ear.0.listens),
            // Whoever went for good heard the first part of it.
            false => prop_assert!(wanted.starts_with(&sorted(&heard)), "{:?} {:?}", wanted, heard),
        }
    }
    Ok(())
}

/// In the order in which they were published: streams have an order, and one of them none beside another after a resume.
fn sorted(heard: &[usize]) -> Vec<usize> {
    let mut heard = heard.to_vec();
    heard.sort_unstable();
    heard
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_what_is_theirs_and_nothing_else(
        people in prop::collection::vec(listens(), LISTENERS),
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(people, steps))?;
    }
}

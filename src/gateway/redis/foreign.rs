//! What other systems publish on plain channels: checked, and named such that all servers that hear it take it once.
//!
//! The same event comes on several channels, and several servers hear each. One that has an `id` is known by it. One that
//! has none is known by all that it says and by how often just that came on the same channel within a minute: Redis tells
//! all servers of a channel in one order, so they count alike.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::keys::{Foreign, read_foreign};
use super::publisher::Outgoing;
use super::script::SEEN_MS;
use crate::domain::TenantId;
use crate::wire::{MAX_EVENT_BYTES, event_of};

/// Events of a tenant without an id that are remembered: a thousand a second for a minute and more.
const MOST: usize = 100_000;

/// Of all tenants together, some 20 MB of a few and 90 MB where each has one: on a plain channel anybody may name any tenant,
/// and who names more than there can be makes all be forgotten.
const MOST_OF_ALL: usize = 2 * MOST;

type Print = [u8; 16];

/// What came on plain channels. Each tenant's is counted by itself, so that one with many events takes no other's place.
#[derive(Debug, Default)]
pub(super) struct Hearsay {
    counters: HashMap<TenantId, Counter>,
    /// What all of them remember.
    remembered: usize,
}

/// How often a tenant's events without an id came.
#[derive(Debug, Default)]
struct Counter {
    /// By channel and event, in one.
    seen: HashMap<Print, (u32, Instant)>,
    order: VecDeque<(Print, Instant)>,
}

impl Counter {
    /// The how many-th it is within a minute of each other.
    fn count(&mut self, print: Print, now: Instant) -> u32 {
        self.forget(now, MOST - 1);
        let (count, last) = self.seen.entry(print).or_insert((0, now));
        *count += 1;
        *last = now;
        self.order.push_back((print, now));
        *count
    }

    /// Forgets what is older than a minute, and the oldest beyond `most`.
    fn forget(&mut self, now: Instant, most: usize) {
        let window = Duration::from_millis(SEEN_MS);
        let is_old = |at: Instant| now.saturating_duration_since(at) >= window;
        while let Some((oldest, at)) = self.order.front().copied() {
            if !is_old(at) && self.order.len() <= most {
                break;
            }
            self.order.pop_front();
            // It may have come again since.
            if self.seen.get(&oldest).is_some_and(|(_, last)| *last == at) {
                self.seen.remove(&oldest);
            }
        }
        if self.order.capacity() > 4 * self.order.len() {
            self.order.shrink_to(2 * self.order.len());
            self.seen.shrink_to(2 * self.seen.len());
        }
    }
}

impl Hearsay {
    /// Forgets what is older than a minute.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.forget(now, MOST);
    }

    /// Forgets what is older than a minute, and of each tenant the oldest beyond `most`.
    fn forget(&mut self, now: Instant, most: usize) {
        self.counters.retain(|_, counter| {
            counter.forget(now, most);
            !counter.order.is_empty()
        });
        self.remembered = self.counters.values().map(|counter| counter.order.len()).sum();
    }

    /// The how many-th of its tenant it is within a minute of each other.
    fn count(&mut self, tenant: TenantId, print: Print, now: Instant) -> u32 {
        if self.remembered >= MOST_OF_ALL {
            // Of those who have most, and a good part at once: all tenants are looked at.
            let mut most = self.counters.values().map(|counter| counter.order.len()).max().unwrap_or(0);
            while self.remembered > MOST_OF_ALL / 4 * 3 {
                most /= 2;
                self.forget(now, most);
            }
        }
        let counter = self.counters.entry(tenant).or_default();
        let before = counter.order.len();
        let count = counter.count(print, now);
        self.remembered = self.remembered + counter.order.len() - before;
        count
    }

    /// Reads what came on a channel.
    ///
    /// # Errors
    /// When it is no event, or one of other ids than the channel's; why.
    pub(super) fn read(&mut self, channel: &str, payload: &[u8], now: Instant) -> Result<Outgoing, String> {
        let foreign = read_foreign(channel).ok_or("not a channel that is known")?;
        if payload.len() > MAX_EVENT_BYTES {
            return Err(format!("{} bytes are more than {MAX_EVENT_BYTES}", payload.len()));
        }
        let mut members: Map<String, Value> =
            serde_json::from_slice(payload).map_err(|error| format!("not a JSON object: {error}"))?;
        fill_in(&mut members, &foreign);
        let event = event_of(members, None).map_err(|error| error.to_string())?;
        let Foreign { tenant, branch, sector, session } = foreign;
        let differs = [
            ("tenant_id", tenant.is_some_and(|id| id != event.tenant)),
            ("branch_id", branch.is_some_and(|id| id != event.branch)),
            ("sector_id", sector.is_some() && sector != event.sector),
            ("session_id", session.is_some() && session != event.session),
        ];
        if let Some((field, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(format!("{field}: is not the channel's"));
        }
        if event.id.is_some() {
            return Ok(Outgoing::new(event));
        }
        // With what the channel added: the same for a sector and for all of a branch are two.
        let ids = (event.tenant, event.branch, event.sector, &event.session);
        let said = print(&[payload, format!("{ids:?}").as_bytes()]);
        let count = self.count(event.tenant, print(&[channel.as_bytes(), b"\0", &said]), now);
        let hex: String = said.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Outgoing::known_by(format!("h:{hex}:{count}"), event))
    }
}

fn print(parts: &[&[u8]]) -> Print {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let hash = hash.finalize();
    std::array::from_fn(|at| hash[at])
}

/// What the channel's name says and the event does not.
fn fill_in(members: &mut Map<String, Value>, foreign: &Foreign) {
    let ids = [
        ("tenant_id", foreign.tenant.map(|id| Value::from(id.get()))),
        ("branch_id", foreign.branch.map(|id| Value::from(id.get()))),
        ("sector_id", foreign.sector.map(|id| Value::from(id.get()))),
        ("session_id", foreign.session.as_ref().map(|id| Value::from(id.as_str()))),
    ];
    for (name, id) in ids {
        if let Some(id) = id.filter(|_| members.get(name).is_none_or(Value::is_null)) {
            members.insert(name.to_owned(), id);
        }
    }
}

/// Whether this is the road by which messages of `channel` are taken, of two on which the same come: the pattern of all
/// branches when there is one, and the channel's own subscription when not.
pub(super) fn is_own_road(
    patterns: &std::collections::HashSet<Arc<str>>,
    channel: &str,
    pattern: Option<&str>,
) -> bool {
    let all = super::keys::covering(channel).filter(|all| patterns.contains(all.as_str()));
    match all {
        Some(all) => pattern == Some(all.as_str()),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::read_event;

    fn read(counter: &mut Hearsay, channel: &str, payload: &Value) -> Result<Outgoing, String> {
        counter.read(channel, payload.to_string().as_bytes(), Instant::now())
    }

    #[test]
    fn the_same_on_three_channels_is_one_and_twice_on_one_channel_is_two() {
        let event = json!({"type": "ROUND_READY", "tenant_id": 1, "branch_id": 5, "session_id": 7});
        let channels = ["channel:branch:5:waiters", "channel:branch:5:kitchen", "channel:session:7"];
        let (mut one, mut other) = (Hearsay::default(), Hearsay::default());
        let token = |counter: &mut Hearsay, channel| read(counter, channel, &event).unwrap().token;
        let first = token(&mut one, channels[0]);
        assert_eq!(
            [token(&mut one, channels[1]), token(&mut one, channels[2])],
            [first.clone(), first.clone()]
        );
        let second = token(&mut one, channels[0]);
        assert_ne!(first, second);
        assert_eq!(token(&mut other, channels[1]), first, "another server counts alike");
        assert_eq!(token(&mut other, channels[1]), second);
    }

    #[test]
    fn one_with_an_id_is_known_by_it_whatever_else_it_says() {
        let mut counter = Hearsay::default();
        let event =
            |note: &str| json!({"type": "A", "tenant_id": 1, "branch_id": 5, "id": "a", "note": note});
        let one = read(&mut counter, "channel:branch:5:admin", &event("x")).unwrap();
        let other = read(&mut counter, "channel:branch:5:admin", &event("y")).unwrap();
        assert_eq!(one.token, other.token);
    }

    #[test]
    fn ids_that_are_absent_are_the_channels_and_others_are_refused() {
        let mut counter = Hearsay::default();
        let bare = json!({"type": "A"});
        let taken = read(&mut counter, "t:3:channel:sector:5:10:waiters", &bare).unwrap();
        let event = read_event(taken.text.as_bytes(), None).unwrap();
        assert_eq!(
            (event.tenant.get(), event.branch.get(), event.sector.map(|id| id.get())),
            (3, 5, Some(10))
        );
        let refused = |counter: &mut Hearsay, channel, event| read(counter, channel, &event).unwrap_err();
        let whole = json!({"type": "A", "tenant_id": 1, "branch_id": 5, "sector_id": 10, "session_id": "7"});
        for (channel, field) in [
            ("t:2:channel:branch:5:admin", "tenant_id"),
            ("channel:branch:6:admin", "branch_id"),
            ("channel:sector:5:11:waiters", "sector_id"),
            ("channel:session:8", "session_id"),
        ] {
            let why = refused(&mut counter, channel, whole.clone());
            assert!(why.starts_with(field), "{why}");
        }
        assert!(refused(&mut counter, "channel:branch:5:admin", bare).starts_with("tenant_id"));
        assert!(refused(&mut counter, "channel:session:7", json!([])).starts_with("not a JSON object"));
    }

    #[test]
    fn counting_begins_anew_after_a_minute_and_is_bounded() {
        let mut counter = Counter::default();
        let now = Instant::now();
        assert_eq!([counter.count([1; 16], now), counter.count([1; 16], now)], [1, 2]);
        let later = now + Duration::from_millis(SEEN_MS - 1);
        assert_eq!(counter.count([1; 16], later), 3, "it was there less than a minute ago");
        assert_eq!(counter.count([1; 16], later + Duration::from_millis(SEEN_MS)), 1);
        for number in 0..2 * MOST as u128 {
            counter.count(number.to_le_bytes(), later + Duration::from_secs(600));
        }
        assert_eq!((counter.seen.len(), counter.order.len()), (MOST, MOST));
        counter.count([1; 16], later + Duration::from_secs(900));
        let places = (counter.seen.capacity(), counter.order.capacity());
        assert!(places.0 < 100 && places.1 < 100, "what is forgotten takes no memory: {places:?}");
    }

    #[test]
    fn a_tenant_with_many_events_takes_no_place_of_anothers() {
        let (mut heard, now) = (Hearsay::default(), Instant::now());
        let token = |heard: &mut Hearsay, tenant: i64, number: usize| {
            let event =
                json!({"type": "A", "tenant_id": tenant, "branch_id": 5, "number": number}).to_string();
            heard.read("channel:branch:5:admin", event.as_bytes(), now).unwrap().token
        };
        let first = token(&mut heard, 1, 0);
        for number in 0..=MOST {
            token(&mut heard, 2, number);
        }
        assert_ne!(token(&mut heard, 1, 0), first, "it came before");
        heard.sweep(now);
        assert_eq!(heard.counters.len(), 2);
        heard.sweep(now + Duration::from_millis(SEEN_MS));
        assert!(heard.counters.is_empty(), "who says nothing takes no memory");
    }

    #[test]
    fn of_all_tenants_a_bounded_number_is_remembered_and_who_said_most_is_forgotten_first() {
        let (mut heard, now) = (Hearsay::default(), Instant::now());
        let tenant = |id: usize| TenantId::new(i64::try_from(id).unwrap()).unwrap();
        let print = |number: usize| (number as u128).to_le_bytes();
        heard.count(tenant(1), print(0), now);
        for number in 0..5 * MOST {
            heard.count(tenant(2 + number % 5), print(number), now);
            assert!(heard.remembered <= MOST_OF_ALL);
        }
        let is_so: usize = heard.counters.values().map(|counter| counter.order.len()).sum();
        assert_eq!(heard.remembered, is_so);
        assert_eq!(heard.count(tenant(1), print(0), now), 2, "it said little");
        for number in 10..MOST_OF_ALL + 100 {
            heard.count(tenant(number), print(number), now);
            assert!(heard.remembered <= MOST_OF_ALL, "so many tenants");
        }
    }

    #[test]
    fn of_two_roads_one_is_taken() {
        let none = std::collections::HashSet::new();
        let all = std::collections::HashSet::from([Arc::from("channel:branch:*")]);
        let channel = "channel:branch:5:admin";
        assert!(is_own_road(&none, channel, None));
        assert!(!is_own_road(&all, channel, None));
        assert!(is_own_road(&all, channel, Some("channel:branch:*")));
        assert!(is_own_road(&all, "channel:sector:5:1:waiters", Some("channel:sector:5:*:waiters")));
        assert!(is_own_road(&all, "channel:session:5", None));
    }
}

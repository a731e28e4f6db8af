//! Publishers' own names for events, for as long as two with the same are one.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;

/// Within so long.
const FOR: Duration = Duration::from_secs(60);

/// Names that are remembered of one stream, some MiB at most: a hundred events a second for a minute and more.
const MOST: usize = 10_000;

/// The names of a stream's newest events.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<Arc<str>>,
    order: VecDeque<(Timestamp, Arc<str>)>,
}

impl Recent {
    /// Remembers a name; whether it is new.
    pub(super) fn note(&mut self, id: &Arc<str>, at: Timestamp) -> bool {
        while let Some((since, oldest)) = self.order.front() {
            if at.since(*since) < FOR && self.order.len() < MOST {
                break;
            }
            self.known.remove(oldest);
            self.order.pop_front();
        }
        let is_new = self.known.insert(id.clone());
        if is_new {
            self.order.push_back((at, id.clone()));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_name_is_known_for_a_minute() {
        let mut recent = Recent::default();
        let id = Arc::from("payment-1");
        assert!(recent.note(&id, at(0)));
        assert!(!recent.note(&id, at(59)));
        assert!(recent.note(&id, at(60)), "the minute counts from the first");
        assert!(!recent.note(&id, at(61)));
    }

    #[test]
    fn memory_is_bounded_whoever_makes_up_names() {
        let mut recent = Recent::default();
        for number in 0..3 * MOST {
            assert!(recent.note(&Arc::from(number.to_string()), at(0)));
        }
        assert_eq!((recent.known.len(), recent.order.len()), (MOST, MOST));
    }
}

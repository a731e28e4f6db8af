//! A lane for each tenant, served in turn, so that one who floods delays nobody but itself.
//!
//! A turn is a piece of work of bounded size, so this is round robin by work and not by events: deficit round robin
//! (Shreedhar and Varghese, 1995) with pieces that never exceed the quantum.

use std::collections::{HashMap, VecDeque};

use crate::domain::TenantId;

/// What goes ahead in its own lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Urgent,
    Normal,
}

/// A piece of work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<W, R> {
    /// To be begun.
    New(W),
    /// What was begun and is not done.
    Rest(R),
}

/// There is no room in the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneFull;

#[derive(Debug)]
struct Lane<W, R> {
    rest: Option<R>,
    urgent: VecDeque<W>,
    normal: VecDeque<W>,
}

impl<W, R> Lane<W, R> {
    fn take(&mut self) -> Option<Turn<W, R>> {
        let mut next = || self.urgent.pop_front().or_else(|| self.normal.pop_front());
        self.rest.take().map(Turn::Rest).or_else(|| next().map(Turn::New))
    }

    fn is_empty(&self) -> bool {
        self.rest.is_none() && self.urgent.is_empty() && self.normal.is_empty()
    }
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes<W, R> {
    lanes: HashMap<TenantId, Lane<W, R>>,
    turns: VecDeque<TenantId>,
    /// Most that waits in one lane.
    room: usize,
    waiting: usize,
}

impl<W, R> Lanes<W, R> {
    pub(super) fn new(room: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), room, waiting: 0 }
    }

    /// How much waits.
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// # Errors
    /// When as much waits in the tenant's lane as may.
    pub(super) fn push(&mut self, tenant: TenantId, class: Class, work: W) -> Result<(), LaneFull> {
        let lane = self.lanes.entry(tenant).or_insert_with(|| {
            self.turns.push_back(tenant);
            Lane { rest: None, urgent: VecDeque::new(), normal: VecDeque::new() }
        });
        if lane.urgent.len() + lane.normal.len() >= self.room {
            return Err(LaneFull);
        }
        match class {
            Class::Urgent => lane.urgent.push_back(work),
            Class::Normal => lane.normal.push_back(work),
        }
        self.waiting += 1;
        Ok(())
    }

    /// The next piece of work. The tenant has no other turn until [`Lanes::done`].
    pub(super) fn next(&mut self) -> Option<(TenantId, Turn<W, R>)> {
        let tenant = self.turns.pop_front()?;
        let turn = self.lanes.get_mut(&tenant).and_then(Lane::take);
        let turn = turn.expect("a lane with a turn should have work");
        self.waiting -= usize::from(matches!(turn, Turn::New(_)));
        Some((tenant, turn))
    }

    /// Ends a tenant's turn; `rest` is what is left of its work.
    pub(super) fn done(&mut self, tenant: TenantId, rest: Option<R>) {
        let Some(lane) = self.lanes.get_mut(&tenant) else { return };
        lane.rest = rest;
        if lane.is_empty() {
            self.lanes.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: i64) -> TenantId {
        TenantId::new(id).unwrap()
    }

    #[test]
    fn a_flood_of_one_tenant_delays_another_by_one_piece() {
        let mut lanes: Lanes<u32, u32> = Lanes::new(1000);
        (0..100).for_each(|work| lanes.push(tenant(1), Class::Normal, work).unwrap());
        assert_eq!(lanes.next(), Some((tenant(1), Turn::New(0))));
        lanes.push(tenant(2), Class::Normal, 7).unwrap();
        lanes.done(tenant(1), Some(40));
        assert_eq!(lanes.next(), Some((tenant(2), Turn::New(7))));
        lanes.done(tenant(2), None);
        assert_eq!(lanes.next(), Some((tenant(1), Turn::Rest(40))), "what was begun is ended first");
        lanes.done(tenant(1), None);
        assert_eq!(lanes.next(), Some((tenant(1), Turn::New(1))));
    }

    #[test]
    fn urgent_work_goes_ahead_in_its_own_lane() {
        let mut lanes: Lanes<u32, u32> = Lanes::new(3);
        lanes.push(tenant(1), Class::Normal, 1).unwrap();
        lanes.push(tenant(1), Class::Urgent, 2).unwrap();
        lanes.push(tenant(1), Class::Urgent, 3).unwrap();
        assert_eq!(lanes.push(tenant(1), Class::Normal, 4), Err(LaneFull));
        let mut order = Vec::new();
        while let Some((id, Turn::New(work))) = lanes.next() {
            order.push(work);
            lanes.done(id, None);
        }
        assert_eq!(order, [2, 3, 1]);
        assert_eq!((lanes.len(), lanes.lanes.len()), (0, 0));
    }

    #[test]
    fn a_tenant_at_work_has_no_second_turn() {
        let mut lanes: Lanes<u32, u32> = Lanes::new(9);
        lanes.push(tenant(1), Class::Normal, 1).unwrap();
        lanes.next();
        lanes.push(tenant(1), Class::Normal, 2).unwrap();
        assert_eq!(lanes.next(), None);
        lanes.done(tenant(1), None);
        assert_eq!(lanes.next(), Some((tenant(1), Turn::New(2))));
    }
}

//! Who gets an event: its type says which kinds of people, its ids which of them.
//!
//! A listener is in the groups of its branch; an event goes to groups. That is all there is to routing, so what somebody
//! may hear is decided here for what is sent as it happens and for what is sent again.

use std::collections::BTreeSet;

use crate::auth::{Branches, roles};
use crate::domain::{BranchId, Endpoint, Event, EventType, SectorId, SessionId};

/// Which sectors of its branches a waiter serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sectors {
    /// It is not known which: all of its own branches, never more.
    All,
    These(BTreeSet<SectorId>),
}

/// What somebody who is connected listens to, within one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listens {
    pub endpoint: Endpoint,
    pub branches: Branches,
    /// Of waiters.
    pub sectors: Sectors,
    /// Of diners.
    pub session: Option<SessionId>,
}

/// Listeners of one branch who hear the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Group {
    Admins,
    Kitchen,
    /// All of them, for what is about no sector.
    Waiters,
    /// Those who serve a sector.
    Sector(SectorId),
    /// Those who get what is about any sector.
    AllSectors,
    /// The guests of one table.
    Session(SessionId),
}

impl Listens {
    /// The groups in each branch of its own.
    pub fn groups(&self) -> Vec<Group> {
        match self.endpoint {
            Endpoint::Admin => vec![Group::Admins],
            Endpoint::Kitchen => vec![Group::Kitchen],
            Endpoint::Diner => self.session.iter().cloned().map(Group::Session).collect(),
            Endpoint::Waiter => {
                let sectors: Vec<_> = match &self.sectors {
                    Sectors::All => vec![Group::AllSectors],
                    Sectors::These(these) => these.iter().copied().map(Group::Sector).collect(),
                };
                [Group::Waiters].into_iter().chain(sectors).collect()
            }
        }
    }

    pub fn is_in(&self, branch: BranchId) -> bool {
        self.branches.contain(branch)
    }

    /// Whether an event of the same tenant is for this listener.
    pub fn hears(&self, event: &Event) -> bool {
        self.is_in(event.branch) && is_for(event, &self.groups())
    }
}

/// Whether an event is for somebody in one of these groups of its branch.
pub(super) fn is_for(event: &Event, groups: &[Group]) -> bool {
    audience(event).iter().any(|group| groups.contains(group))
}

/// The groups of its branch that an event is for; no listener is in two of them.
pub fn audience(event: &Event) -> Vec<Group> {
    let is_cleared = event.kind.as_str() == EventType::TABLE_CLEARED;
    let hears = |endpoint| roles::hears(endpoint, event.kind.topic(), is_cleared);
    let mut groups = Vec::with_capacity(5);
    if hears(Endpoint::Admin) {
        groups.push(Group::Admins);
    }
    if hears(Endpoint::Kitchen) {
        groups.push(Group::Kitchen);
    }
    if hears(Endpoint::Waiter) {
        match event.sector {
            Some(sector) => groups.extend([Group::Sector(sector), Group::AllSectors]),
            None => groups.push(Group::Waiters),
        }
    }
    if let Some(session) = event.session.clone().filter(|_| hears(Endpoint::Diner)) {
        groups.push(Group::Session(session));
    }
    groups
}

//! What the gateway delivers: something happened in a branch, and certain people there want to know.

use std::fmt;
use std::sync::Arc;

use super::{BranchId, IdError, SectorId, TenantId};

/// The types that are known, by what they are about; the seed's fifteen first, then those of the cameras and shifts.
const KNOWN: [(Topic, &[&str]); 12] = [
    (Topic::Round, &["ROUND_SUBMITTED", "ROUND_IN_KITCHEN", "ROUND_READY", "ROUND_SERVED"]),
    (Topic::ServiceCall, &["SERVICE_CALL_CREATED", "SERVICE_CALL_ACKED", "SERVICE_CALL_CLOSED"]),
    (Topic::Payment, &["PAYMENT_APPROVED", "PAYMENT_REJECTED", "PAYMENT_FAILED"]),
    (Topic::Table, &[EventType::TABLE_SESSION_STARTED, EventType::TABLE_CLEARED]),
    (Topic::Entity, &["ENTITY_CREATED", "ENTITY_UPDATED", "ENTITY_DELETED"]),
    (Topic::Visit, &["VISIT_STARTED", "VISIT_ENDED"]),
    (Topic::Zone, &["ZONE_ENTERED", "ZONE_LEFT", "ZONE_DWELL"]),
    (Topic::Line, &["LINE_CROSSED"]),
    (Topic::Occupancy, &["OCCUPANCY_HIGH", "OCCUPANCY_NORMAL"]),
    (Topic::Camera, &["CAMERA_ONLINE", "CAMERA_OFFLINE"]),
    (Topic::Shift, &["SHIFT_STARTED", "SHIFT_ENDED"]),
    (Topic::Summary, &["SUMMARY_UPDATED"]),
];

/// What an event is about: decides who hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Round,
    ServiceCall,
    Payment,
    Table,
    Entity,
    Visit,
    Zone,
    Line,
    Occupancy,
    Camera,
    Shift,
    Summary,
    /// Nothing that is known: routed by its ids alone.
    Other,
}

impl Topic {
    /// What the names of its types begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Round => "ROUND_",
            Self::ServiceCall => "SERVICE_CALL_",
            Self::Payment => "PAYMENT_",
            Self::Table => "TABLE_",
            Self::Entity => "ENTITY_",
            Self::Visit => "VISIT_",
            Self::Zone => "ZONE_",
            Self::Line => "LINE_",
            Self::Occupancy => "OCCUPANCY_",
            Self::Camera => "CAMERA_",
            Self::Shift => "SHIFT_",
            Self::Summary => "SUMMARY_",
            Self::Other => "",
        }
    }

    /// Whether it goes ahead of what else waits: somebody stands and waits for it.
    pub fn is_urgent(self) -> bool {
        matches!(self, Self::Payment | Self::ServiceCall)
    }
}

/// The name of what happened, such as `ROUND_READY`: 1 to 64 of letters, digits and `_.:-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventType {
    name: Arc<str>,
    topic: Topic,
}

/// What servers say besides events: clients tell one from the other by its type.
const RESERVED: [&str; 10] = [
    "pong",
    "welcome",
    "resumed",
    "streams",
    "gap",
    "sectors_refreshed",
    "token_expiring",
    "auth_refreshed",
    "error",
    "close",
];

impl EventType {
    pub const TABLE_SESSION_STARTED: &'static str = "TABLE_SESSION_STARTED";
    pub const TABLE_CLEARED: &'static str = "TABLE_CLEARED";

    /// # Errors
    /// When `name` is empty, too long, has any other character, or is that of a message of the server's own.
    pub fn new(name: &str) -> Result<Self, IdError> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
        if RESERVED.contains(&name) {
            return Err(IdError::new(format!("event type {name:?} is a message of the server's own")));
        }
        if !fits {
            return Err(IdError::new(format!(
                "event type {name:?} must be 1 to 64 of A-Z, a-z, 0-9 and _.:-"
            )));
        }
        // A type that is new among its kin goes where they go.
        let topic = KNOWN.iter().map(|(topic, _)| *topic).find(|topic| name.starts_with(topic.prefix()));
        Ok(Self { name: name.into(), topic: topic.unwrap_or(Topic::Other) })
    }

    /// The names of all types that are known.
    pub fn known() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().flat_map(|(_, names)| names.iter().copied())
    }

    pub fn is_known(&self) -> bool {
        Self::known().any(|known| known == self.as_str())
    }

    pub fn topic(&self) -> Topic {
        self.topic
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A party's time at a table, as the system that takes the orders names it: 1 to 64 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// # Errors
    /// When `id` is empty, too long, or has characters that do not print.
    pub fn new(id: &str) -> Result<Self, IdError> {
        let fits = (1..=64).contains(&id.len()) && !id.chars().any(char::is_control);
        match fits {
            true => Ok(Self(id.into())),
            false => Err(IdError::new(format!("session {id:?} must be 1 to 64 printable characters"))),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: EventType,
    pub tenant: TenantId,
    pub branch: BranchId,
    /// The area it is about; its waiters alone are told then, and not all of the branch.
    pub sector: Option<SectorId>,
    /// The party it is about; its diners are told.
    pub session: Option<SessionId>,
    /// The publisher's own name for it: two with the same are one.
    pub id: Option<Arc<str>>,
    /// What else the publisher says: members of a JSON object, without its braces.
    pub fields: Arc<str>,
}

/// Where somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    Waiter,
    Kitchen,
    Admin,
    Diner,
}

impl Endpoint {
    pub const ALL: [Self; 4] = [Self::Waiter, Self::Kitchen, Self::Admin, Self::Diner];

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiter => "waiter",
            Self::Kitchen => "kitchen",
            Self::Admin => "admin",
            Self::Diner => "diner",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_name_and_routed_by_their_kin() {
        assert_eq!(EventType::known().count(), 28);
        for name in EventType::known() {
            let kind = EventType::new(name).unwrap();
            assert!(kind.is_known() && kind.topic() != Topic::Other, "{name}");
        }
        let cousin = EventType::new("ROUND_CANCELLED").unwrap();
        assert!(!cousin.is_known());
        assert_eq!(cousin.topic(), Topic::Round);
        assert_eq!(EventType::new("stock.low").unwrap().topic(), Topic::Other);
        for bad in ["", "a b", "é", "\"", &"A".repeat(65)] {
            assert!(EventType::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn payments_and_calls_go_ahead() {
        let urgent: Vec<_> =
            EventType::known().filter(|name| EventType::new(name).unwrap().topic().is_urgent()).collect();
        assert_eq!(urgent.len(), 6, "{urgent:?}");
    }
}

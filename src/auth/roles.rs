//! The one permission table: which role may do what.
//!
//! It says nothing of *where*: a caller is besides confined to a tenant and, when the token says so, to some of
//! its branches (see [`super::Caller`]).

use crate::domain::{Endpoint, Role, Topic};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See cameras, their video and figures, shifts, branches, pipelines and models.
    View,
    /// Read `/metrics`.
    ReadMetrics,
    /// Have pictures and sound of one's own analysed.
    Analyse,
    /// Start, stop and restart cameras.
    OperateCameras,
    /// Create, change and delete cameras, look for new ones, and try out pipeline descriptions.
    ConfigureCameras,
    /// Create, change and delete branches, their schedules and sectors.
    ConfigurePlaces,
    /// List, issue and revoke tokens.
    ManageTokens,
    /// Read who changed what.
    ReadAudit,
    /// See the server's nodes and scheduled work, and run it.
    OperateServer,
    /// Tell the staff and the guests of something, through the gateway.
    PublishEvents,
    /// Issue tokens by which the guests of a table follow their own orders.
    SeatGuests,
}

impl Action {
    pub const ALL: [Self; 11] = [
        Self::View,
        Self::ReadMetrics,
        Self::Analyse,
        Self::OperateCameras,
        Self::ConfigureCameras,
        Self::ConfigurePlaces,
        Self::ManageTokens,
        Self::ReadAudit,
        Self::OperateServer,
        Self::PublishEvents,
        Self::SeatGuests,
    ];

    /// What a refusal calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::ReadMetrics => "read metrics",
            Self::Analyse => "have pictures or sound analysed",
            Self::OperateCameras => "operate cameras",
            Self::ConfigureCameras => "configure cameras",
            Self::ConfigurePlaces => "configure places",
            Self::ManageTokens => "manage tokens",
            Self::ReadAudit => "read the change log",
            Self::OperateServer => "operate the server",
            Self::PublishEvents => "publish events",
            Self::SeatGuests => "seat guests",
        }
    }
}

/// Whether `role` may do `action`.
pub fn allows(role: Role, action: Action) -> bool {
    match action {
        Action::View => true,
        Action::ReadMetrics | Action::Analyse => matches!(role, Role::Admin | Role::Viewer),
        // Waiters show people to their tables.
        Action::SeatGuests => matches!(role, Role::Admin | Role::Waiter),
        Action::OperateCameras
        | Action::ConfigureCameras
        | Action::ConfigurePlaces
        | Action::ManageTokens
        | Action::ReadAudit
        | Action::OperateServer
        | Action::PublishEvents => role == Role::Admin,
    }
}

/// Whether a token's `role` opens `endpoint` of the gateway; diners have table tokens and no role.
pub fn opens(role: Role, endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::Waiter => matches!(role, Role::Waiter | Role::Admin),
        Endpoint::Kitchen => matches!(role, Role::Kitchen | Role::Admin),
        Endpoint::Admin => role == Role::Admin,
        Endpoint::Diner => false,
    }
}

/// Who in a branch hears of events of a topic: `true` for a whole endpoint. Waiters and diners are further narrowed by the
/// event's sector and session.
pub fn hears(endpoint: Endpoint, topic: Topic, is_cleared: bool) -> bool {
    match (endpoint, topic) {
        (Endpoint::Admin, _) => true,
        (Endpoint::Waiter, Topic::Entity | Topic::Camera | Topic::Shift | Topic::Summary) => false,
        (Endpoint::Waiter, _) => true,
        (Endpoint::Kitchen, Topic::Round) => true,
        // Of tables, the kitchen is told only that they are cleared.
        (Endpoint::Kitchen, topic) => topic == Topic::Table && is_cleared,
        (Endpoint::Diner, topic) => {
            matches!(topic, Topic::Round | Topic::ServiceCall | Topic::Payment | Topic::Table | Topic::Other)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_the_docs_say() {
        let table = Role::ALL.map(|role| {
            let may = Action::ALL.map(|action| if allows(role, action) { 'x' } else { '-' });
            format!("{} {}", role.name(), may.iter().collect::<String>())
        });
        assert_eq!(
            table,
            ["admin xxxxxxxxxxx", "kitchen x----------", "waiter x---------x", "viewer xxx--------"]
        );
    }

    #[test]
    fn who_hears_of_what_is_what_the_docs_say() {
        let topics = [
            Topic::Round,
            Topic::ServiceCall,
            Topic::Payment,
            Topic::Table,
            Topic::Entity,
            Topic::Visit,
            Topic::Zone,
            Topic::Line,
            Topic::Occupancy,
            Topic::Camera,
            Topic::Shift,
            Topic::Summary,
            Topic::Other,
        ];
        let table = Endpoint::ALL.map(|endpoint| {
            let hears = topics.map(|topic| if hears(endpoint, topic, false) { 'x' } else { '-' });
            format!("{} {}", endpoint.name(), hears.iter().collect::<String>())
        });
        assert_eq!(
            table,
            ["waiter xxxx-xxxx---x", "kitchen x------------", "admin xxxxxxxxxxxxx", "diner xxxx--------x"]
        );
        assert!(hears(Endpoint::Kitchen, Topic::Table, true));
    }
}

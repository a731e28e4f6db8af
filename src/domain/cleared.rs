//! Tables whose party has gone.

use super::{BranchId, Event, EventType, SessionId, TenantId};

/// A session of a table that was cleared once, and whether it is over or another party has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearedTable {
    pub tenant: TenantId,
    pub branch: BranchId,
    pub session: SessionId,
    pub is_over: bool,
}

impl ClearedTable {
    /// What an event says of a table; `None` of one that neither clears one nor seats a party there.
    pub fn told_by(event: &Event) -> Option<Self> {
        let is_over = match event.kind.as_str() {
            EventType::TABLE_CLEARED => true,
            EventType::TABLE_SESSION_STARTED => false,
            _ => return None,
        };
        let session = event.session.clone()?;
        Some(Self { tenant: event.tenant, branch: event.branch, session, is_over })
    }
}

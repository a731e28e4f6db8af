//! Clients of old, who have no token.

use std::net::IpAddr;

use crate::config::Network;
use crate::domain::TenantId;

/// Who is let in without a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anonymous {
    /// Of this tenant; `None` lets nobody in.
    pub tenant: Option<TenantId>,
    /// From these networks.
    pub networks: Vec<Network>,
}

impl Anonymous {
    /// The tenant of somebody at `ip` who has no token.
    pub(super) fn tenant_at(&self, ip: IpAddr) -> Option<TenantId> {
        self.tenant.filter(|_| self.networks.iter().any(|network| network.contains(ip)))
    }
}

//! Who connects, by what they bring: a signed token of the staff, or a table's token of its guests.

use std::collections::BTreeSet;
use std::sync::Arc;

use thiserror::Error;

use super::close::Close;
use super::figures::Rejected;
use crate::auth::{Bearer, Branches, Keys, Revocations, Table, TableKeys, TokenError, roles};
use crate::domain::{Endpoint, SectorId, SessionId, TenantId, Timestamp};

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("none of the token's roles opens /ws/{}", .0.name())]
    Role(Endpoint),
}

impl Refusal {
    /// How a connection is closed for it.
    pub fn close(&self) -> Close {
        match self {
            Self::Token(TokenError::Expired) => Close::TokenExpired,
            Self::Token(TokenError::Unsure) => Close::TryLater,
            Self::Token(_) => Close::Unauthorized,
            Self::Role(_) => Close::Forbidden,
        }
    }

    /// As what it is counted; `None` when nothing is wrong as far as is known.
    pub fn rejected(&self) -> Option<Rejected> {
        match self {
            Self::Token(TokenError::Unsure) => None,
            Self::Token(_) | Self::Role(_) => Some(Rejected::Auth),
        }
    }
}

/// Somebody whose token is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub tenant: TenantId,
    /// `sub` of the token; `None` when it says nothing, and of guests.
    pub user: Option<Arc<str>>,
    pub branches: Branches,
    /// Sectors that the token names; empty: they are looked up.
    pub sectors: BTreeSet<SectorId>,
    /// Of guests.
    pub session: Option<SessionId>,
    pub expires: Timestamp,
    /// The token's own name, by which it may be revoked.
    pub token: Option<Arc<str>>,
}

impl From<Bearer> for Identity {
    fn from(bearer: Bearer) -> Self {
        let Bearer { caller, token, expires } = bearer;
        let user = Some(Arc::from(caller.subject)).filter(|user: &Arc<str>| !user.is_empty());
        let (tenant, branches, sectors) = (caller.tenant, caller.branches, caller.sectors);
        Self { tenant, user, branches, sectors, session: None, expires, token: token.map(Arc::from) }
    }
}

impl From<Table> for Identity {
    fn from(table: Table) -> Self {
        Self {
            tenant: table.tenant,
            user: None,
            branches: [table.branch].into_iter().collect(),
            sectors: BTreeSet::new(),
            session: Some(table.session),
            expires: table.expires,
            token: None,
        }
    }
}

impl Identity {
    /// Whether sectors have to be looked up for it.
    pub(super) fn looks_up_sectors(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Waiter && self.sectors.is_empty()
    }
}

/// Checks tokens.
#[derive(Debug, Clone)]
pub struct Doorman {
    pub keys: Keys,
    pub tables: TableKeys,
    pub revocations: Revocations,
}

impl Doorman {
    /// Who holds `token`, if it opens `endpoint`.
    ///
    /// # Errors
    /// When it is not valid, or is for something else.
    pub fn identify(&self, endpoint: Endpoint, token: &str) -> Result<Identity, Refusal> {
        if endpoint == Endpoint::Diner {
            return Ok(self.tables.check(token)?.into());
        }
        let bearer = self.bearer(token)?;
        if !bearer.caller.roles.iter().any(|role| roles::opens(*role, endpoint)) {
            return Err(Refusal::Role(endpoint));
        }
        Ok(bearer.into())
    }

    /// Who of the staff holds `token`, whatever it opens.
    ///
    /// # Errors
    /// When it is not valid.
    pub fn bearer(&self, token: &str) -> Result<Bearer, TokenError> {
        let bearer = self.keys.identify(token)?;
        self.revocations.check(bearer.caller.tenant, bearer.token.as_deref())?;
        Ok(bearer)
    }

    /// Whether the token of this name is good no more, before its end.
    pub fn is_revoked(&self, tenant: TenantId, token: Option<&str>) -> bool {
        token.is_some_and(|token| self.revocations.contains(tenant, token))
    }
}

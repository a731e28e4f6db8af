//! Who is asking, once the token has been checked.

use std::collections::BTreeSet;

use super::roles::{self, Action};
use crate::domain::{BranchId, Role, SectorId, TenantId};

/// Which branches of the tenant somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branches {
    All,
    /// Never empty.
    Some(BTreeSet<BranchId>),
}

impl Branches {
    pub fn contain(&self, branch: BranchId) -> bool {
        match self {
            Self::All => true,
            Self::Some(some) => some.contains(&branch),
        }
    }
}

impl FromIterator<BranchId> for Branches {
    /// No branch at all means all of them, as in a token.
    fn from_iter<I: IntoIterator<Item = BranchId>>(ids: I) -> Self {
        let some: BTreeSet<_> = ids.into_iter().collect();
        if some.is_empty() { Self::All } else { Self::Some(some) }
    }
}

/// Somebody with a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `sub` of the token: who it was issued to.
    pub subject: String,
    pub tenant: TenantId,
    pub branches: Branches,
    /// Sectors the holder serves; empty means no sector of its own.
    pub sectors: BTreeSet<SectorId>,
    pub roles: BTreeSet<Role>,
}

impl Caller {
    pub fn may(&self, action: Action) -> bool {
        self.roles.iter().any(|role| roles::allows(*role, action))
    }

    /// Whether they stand for the server itself and not for one of those that use it: admins of the first tenant, whose the
    /// login links of `serve` and `demo` are, with all its branches.
    pub fn is_operator(&self) -> bool {
        self.may(Action::OperateServer)
            && self.tenant == TenantId::default()
            && self.branches == Branches::All
    }

    /// Whether something of this tenant and branch exists as far as the caller can tell.
    pub fn sees(&self, tenant: TenantId, branch: BranchId) -> bool {
        self.tenant == tenant && self.branches.contain(branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(branches: &[i64], roles: &[Role]) -> Caller {
        Caller {
            subject: "test".into(),
            tenant: TenantId::default(),
            branches: branches.iter().map(|id| BranchId::new(*id).unwrap()).collect(),
            sectors: BTreeSet::new(),
            roles: roles.iter().copied().collect(),
        }
    }

    #[test]
    fn a_caller_sees_only_branches_of_the_token_and_of_the_tenant() {
        let (one, two) = (BranchId::new(1).unwrap(), BranchId::new(2).unwrap());
        let (own, other) = (TenantId::default(), TenantId::new(2).unwrap());
        assert!(caller(&[], &[]).sees(own, two));
        assert!(!caller(&[], &[]).sees(other, one));
        assert!(caller(&[2], &[]).sees(own, two));
        assert!(!caller(&[2], &[]).sees(own, one));
    }

    #[test]
    fn any_one_role_is_enough_and_none_is_not() {
        assert!(caller(&[], &[Role::Waiter, Role::Admin]).may(Action::ConfigureCameras));
        assert!(!caller(&[], &[Role::Waiter]).may(Action::ConfigureCameras));
        assert!(!caller(&[], &[]).may(Action::View));
    }
}

//! What one caller may hand on to another: never more than it has itself.

use std::collections::BTreeSet;

use thiserror::Error;

use super::roles::{self, Action};
use super::{Branches, Caller};
use crate::domain::{BranchId, Role, SectorId};

/// What somebody wants a new token to be good for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub subject: String,
    pub roles: BTreeSet<Role>,
    /// Empty: all that the asker has.
    pub branches: BTreeSet<BranchId>,
    /// Empty: those of the asker.
    pub sectors: BTreeSet<SectorId>,
}

/// More was wanted than the asker has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantError {
    #[error("the role {} may do what you may not", .0.name())]
    Role(Role),
    #[error("{0} is not a branch of yours")]
    Branch(BranchId),
    #[error("{0} is not a sector of yours")]
    Sector(SectorId),
}

/// The caller that `asker` may make of `wish`.
///
/// # Errors
/// When it would be more than `asker` is.
pub fn grant(asker: &Caller, wish: Wish) -> Result<Caller, GrantError> {
    let too_much = |role: &&Role| Action::ALL.iter().any(|a| roles::allows(**role, *a) && !asker.may(*a));
    if let Some(role) = wish.roles.iter().find(too_much) {
        return Err(GrantError::Role(*role));
    }
    if let Some(branch) = wish.branches.iter().find(|branch| !asker.branches.contain(**branch)) {
        return Err(GrantError::Branch(*branch));
    }
    // Who serves no sector in particular stands above them.
    let is_theirs = |sector: &SectorId| asker.sectors.is_empty() || asker.sectors.contains(sector);
    if let Some(sector) = wish.sectors.iter().find(|sector| !is_theirs(sector)) {
        return Err(GrantError::Sector(*sector));
    }
    let branches =
        if wish.branches.is_empty() { asker.branches.clone() } else { Branches::Some(wish.branches) };
    let sectors = if wish.sectors.is_empty() { asker.sectors.clone() } else { wish.sectors };
    Ok(Caller { subject: wish.subject, tenant: asker.tenant, branches, sectors, roles: wish.roles })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;

    fn branch(id: i64) -> BranchId {
        BranchId::new(id).unwrap()
    }

    fn asker(roles: &[Role], branches: &[i64], sectors: &[i64]) -> Caller {
        Caller {
            subject: "asker".into(),
            tenant: TenantId::default(),
            branches: branches.iter().map(|id| branch(*id)).collect(),
            sectors: sectors.iter().map(|id| SectorId::new(*id).unwrap()).collect(),
            roles: roles.iter().copied().collect(),
        }
    }

    fn wish(role: Role, branches: &[i64], sectors: &[i64]) -> Wish {
        Wish {
            subject: "new".into(),
            roles: [role].into(),
            branches: branches.iter().map(|id| branch(*id)).collect(),
            sectors: sectors.iter().map(|id| SectorId::new(*id).unwrap()).collect(),
        }
    }

    #[test]
    fn nobody_hands_on_more_than_they_have() {
        let admin = asker(&[Role::Admin], &[], &[]);
        for role in Role::ALL {
            assert!(grant(&admin, wish(role, &[2], &[3])).is_ok(), "{role:?}");
        }
        let viewer = asker(&[Role::Viewer], &[], &[]);
        assert_eq!(grant(&viewer, wish(Role::Admin, &[], &[])), Err(GrantError::Role(Role::Admin)));
        assert!(grant(&viewer, wish(Role::Kitchen, &[], &[])).is_ok());
        assert_eq!(grant(&viewer, wish(Role::Waiter, &[], &[])), Err(GrantError::Role(Role::Waiter)));
        let local = asker(&[Role::Admin], &[2], &[4]);
        assert_eq!(grant(&local, wish(Role::Viewer, &[1, 2], &[])), Err(GrantError::Branch(branch(1))));
        let sector = SectorId::new(5).unwrap();
        assert_eq!(grant(&local, wish(Role::Viewer, &[2], &[5])), Err(GrantError::Sector(sector)));
    }

    #[test]
    fn what_is_not_wished_for_is_what_the_asker_has_and_no_more() {
        let local = asker(&[Role::Admin], &[2], &[4]);
        let granted = grant(&local, wish(Role::Viewer, &[], &[])).unwrap();
        assert_eq!((granted.branches, granted.sectors), (local.branches, local.sectors));
    }
}

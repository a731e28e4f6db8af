//! Names in Redis: our keys and channels, and the channels on which other systems publish.
//!
//! Ours begin with `atalaya:` and have tenant and branch in braces: a cluster keeps what belongs together on one node, and
//! an access list can be bound to a tenant. Those of others have no tenant in them, but for the variants with `t:{tenant}:`.

use crate::domain::{BranchId, SectorId, SessionId, TenantId};

/// Begins the names that are ours.
pub(super) const OURS: &str = "atalaya:";

/// A branch's stream.
pub(super) type Place = (TenantId, BranchId);

fn own((tenant, branch): Place, what: &str) -> String {
    format!("{OURS}{{t{tenant}:b{branch}}}:{what}")
}

/// A hash: `epoch`, `offset` of the newest event, and `run`, the process of Redis that gave it.
pub(super) fn meta(place: Place) -> String {
    own(place, "meta")
}

/// The newest events, a Redis stream whose ids are `OFFSET-0`.
pub(super) fn log(place: Place) -> String {
    own(place, "log")
}

/// The channel on which each event is told once it has its place.
pub(super) fn live(place: Place) -> String {
    own(place, "live")
}

/// Is there while an event that is known by `token` must not be taken again.
pub(super) fn seen(place: Place, token: &str) -> String {
    own(place, &format!("seen:{token}"))
}

/// The live channels of all branches of a tenant.
pub(super) fn live_pattern(tenant: TenantId) -> String {
    format!("{OURS}{{t{tenant}:b*}}:live")
}

/// A set of the numbers of a tenant's branches that have a stream.
pub(super) fn branches(tenant: TenantId) -> String {
    format!("{OURS}{{t{tenant}}}:branches")
}

/// Whose live channel this is.
pub(super) fn read_live(channel: &str) -> Option<Place> {
    let inside = channel.strip_prefix(OURS)?.strip_prefix("{t")?.strip_suffix("}:live")?;
    let (tenant, branch) = inside.split_once(":b")?;
    Some((tenant.parse().ok()?, branch.parse().ok()?))
}

/// Who hears of a branch by the names of its channels.
const AUDIENCES: [&str; 3] = ["waiters", "kitchen", "admin"];

/// A channel of other systems, and what its name says of the events on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Only in the variants with `t:{tenant}:`.
    pub(super) tenant: Option<TenantId>,
    pub(super) branch: Option<BranchId>,
    pub(super) sector: Option<SectorId>,
    pub(super) session: Option<SessionId>,
}

/// What a foreign channel's name says; `None` when it is none.
pub(super) fn read_foreign(name: &str) -> Option<Foreign> {
    let (tenant, rest) = match name.strip_prefix("t:") {
        Some(rest) => {
            let (tenant, rest) = rest.split_once(':')?;
            (Some(tenant.parse().ok()?), rest)
        }
        None => (None, name),
    };
    let none = Foreign { tenant, branch: None, sector: None, session: None };
    let rest = rest.strip_prefix("channel:")?;
    if let Some(session) = rest.strip_prefix("session:") {
        return Some(Foreign { session: Some(SessionId::new(session).ok()?), ..none });
    }
    let parts: Vec<_> = rest.split(':').collect();
    match parts[..] {
        ["branch", branch, audience] if AUDIENCES.contains(&audience) => {
            Some(Foreign { branch: Some(branch.parse().ok()?), ..none })
        }
        ["sector", branch, sector, "waiters"] => {
            Some(Foreign { branch: Some(branch.parse().ok()?), sector: Some(sector.parse().ok()?), ..none })
        }
        _ => None,
    }
}

fn prefix(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(String::new, |tenant| format!("t:{tenant}:"))
}

/// The channels of a branch, and the pattern of those of its sectors.
pub(super) fn foreign_branch(tenant: Option<TenantId>, branch: BranchId) -> ([String; 3], String) {
    let prefix = prefix(tenant);
    let named = AUDIENCES.map(|audience| format!("{prefix}channel:branch:{branch}:{audience}"));
    (named, format!("{prefix}channel:sector:{branch}:*:waiters"))
}

/// The patterns of the channels of all branches, and of all sectors.
pub(super) fn foreign_branches(tenant: Option<TenantId>) -> [String; 2] {
    let prefix = prefix(tenant);
    [format!("{prefix}channel:branch:*"), format!("{prefix}channel:sector:*:waiters")]
}

pub(super) fn foreign_session(tenant: Option<TenantId>, session: &SessionId) -> String {
    format!("{}channel:session:{}", prefix(tenant), session.as_str())
}

/// The pattern of [`foreign_branches`] that a channel matches, if it is one of a branch or a sector.
pub(super) fn covering(name: &str) -> Option<String> {
    let foreign = read_foreign(name)?;
    foreign.branch?;
    let [branches, sectors] = foreign_branches(foreign.tenant);
    Some(if foreign.sector.is_some() { sectors } else { branches })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        (TenantId::new(3).unwrap(), BranchId::new(5).unwrap())
    }

    #[test]
    fn what_belongs_together_is_on_one_node_of_a_cluster() {
        let keys = [meta(place()), log(place()), live(place()), seen(place(), "i:1")];
        assert!(keys.iter().all(|key| key.starts_with("atalaya:{t3:b5}:")), "{keys:?}");
        assert_eq!(read_live(&live(place())), Some(place()));
        for other in ["atalaya:{t3:b5}:log", "atalaya:{t0:b5}:live", "atalaya:{t3:b*}:live", "live"] {
            assert_eq!(read_live(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_foreign_channels_are_read_as_they_are_made() {
        let (tenant, branch) = place();
        let session = SessionId::new("mesa:7").unwrap();
        for of in [None, Some(tenant)] {
            let (named, _) = foreign_branch(of, branch);
            for name in named {
                let read = read_foreign(&name).unwrap();
                assert_eq!((read.tenant, read.branch, read.sector), (of, Some(branch), None));
                assert_eq!(covering(&name), Some(foreign_branches(of)[0].clone()));
            }
            let read = read_foreign(&foreign_session(of, &session)).unwrap();
            assert_eq!((read.tenant, read.branch, read.session), (of, None, Some(session.clone())));
        }
        let sector = read_foreign("channel:sector:5:10:waiters").unwrap();
        assert_eq!((sector.branch, sector.sector), (Some(branch), SectorId::new(10).ok()));
        assert_eq!(covering("t:3:channel:sector:5:10:waiters").unwrap(), "t:3:channel:sector:*:waiters");
        assert_eq!(covering("channel:session:5"), None);
    }

    #[test]
    fn other_names_are_nobodys() {
        for name in [
            "branch:5:waiters",
            "channel:branch:5:diners",
            "channel:branch:x:admin",
            "channel:branch:5:6:admin",
            "channel:sector:5:waiters",
            "channel:session:",
            "t:x:channel:branch:5:admin",
            "t:3:branch:5:admin",
        ] {
            assert_eq!(read_foreign(name), None, "{name}");
        }
    }
}

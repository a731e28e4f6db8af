//! How many may be connected: in all, of a user, of a session, of a tenant, of an address.
//!
//! A place is taken in one step before a connection is accepted, so that a hundred who come at once get as many places
//! as there are and not one more.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use super::close::Close;
use super::sync::Mutex;
use crate::domain::{SessionId, TenantId};

/// How many; 0 is any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    pub total: usize,
    pub per_user: usize,
    pub per_session: usize,
    pub per_tenant: usize,
    pub per_ip: usize,
}

/// Who wants a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    pub tenant: TenantId,
    /// `None` when the token does not say: they are not counted as one.
    pub user: Option<Arc<str>>,
    pub session: Option<SessionId>,
    /// `None` on this very machine: it may be a proxy with all of its clients.
    pub ip: Option<IpAddr>,
}

/// Which limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Full {
    Total,
    User,
    Session,
    Tenant,
    Ip,
}

impl Full {
    /// How a connection is closed for it.
    pub fn close(self) -> Close {
        match self {
            Self::User | Self::Session => Close::TooManyOfUser,
            Self::Total | Self::Tenant => Close::Full,
            Self::Ip => Close::TooFast,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    users: HashMap<(TenantId, Arc<str>), usize>,
    sessions: HashMap<(TenantId, SessionId), usize>,
    tenants: HashMap<TenantId, usize>,
    ips: HashMap<IpAddr, usize>,
}

/// All places.
#[derive(Debug, Clone)]
pub struct Limits {
    most: Most,
    counts: Arc<Mutex<Counts>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    guest: Guest,
    counts: Arc<Mutex<Counts>>,
}

impl Limits {
    pub fn new(most: Most) -> Self {
        Self { most, counts: Arc::default() }
    }

    /// Places taken.
    pub fn taken(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// # Errors
    /// When a limit is reached: nothing is taken then.
    pub fn take(&self, guest: Guest) -> Result<Place, Full> {
        let most = &self.most;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { total, users, sessions, tenants, ips } = &mut *counts;
        let user = guest.user.clone().map(|user| (guest.tenant, user));
        let session = guest.session.clone().map(|session| (guest.tenant, session));
        let reached = [
            (Full::User, user.as_ref().is_some_and(|user| is_full(users, user, most.per_user))),
            (
                Full::Session,
                session.as_ref().is_some_and(|session| is_full(sessions, session, most.per_session)),
            ),
            (Full::Tenant, is_full(tenants, &guest.tenant, most.per_tenant)),
            (Full::Ip, guest.ip.as_ref().is_some_and(|ip| is_full(ips, ip, most.per_ip))),
            (Full::Total, most.total > 0 && *total >= most.total),
        ];
        if let Some((full, _)) = reached.into_iter().find(|(_, reached)| *reached) {
            return Err(full);
        }
        *total += 1;
        user.into_iter().for_each(|user| *users.entry(user).or_default() += 1);
        session.into_iter().for_each(|session| *sessions.entry(session).or_default() += 1);
        *tenants.entry(guest.tenant).or_default() += 1;
        guest.ip.into_iter().for_each(|ip| *ips.entry(ip).or_default() += 1);
        drop(counts);
        Ok(Place { guest, counts: self.counts.clone() })
    }
}

fn is_full<K: Eq + Hash>(counts: &HashMap<K, usize>, key: &K, most: usize) -> bool {
    most > 0 && counts.get(key).is_some_and(|count| *count >= most)
}

fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Guest { tenant, user, session, ip } = &self.guest;
        counts.total -= 1;
        if let Some(user) = user {
            give_back(&mut counts.users, &(*tenant, user.clone()));
        }
        if let Some(session) = session {
            give_back(&mut counts.sessions, &(*tenant, session.clone()));
        }
        give_back(&mut counts.tenants, tenant);
        if let Some(ip) = ip {
            give_back(&mut counts.ips, ip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { total: 5, per_user: 3, per_session: 2, per_tenant: 0, per_ip: 4 };

    fn user(tenant: i64, name: &str) -> Guest {
        let tenant = TenantId::new(tenant).unwrap();
        Guest { tenant, user: Some(name.into()), session: None, ip: None }
    }

    #[test]
    fn a_hundred_who_come_at_once_get_three_places() {
        let limits = Limits::new(Most { total: 0, ..MOST });
        let places: Vec<_> = std::thread::scope(|scope| {
            let comers: Vec<_> = (0..100).map(|_| scope.spawn(|| limits.take(user(1, "ana")))).collect();
            comers.into_iter().map(|comer| comer.join().unwrap()).collect()
        });
        assert_eq!(places.iter().filter(|place| place.is_ok()).count(), 3);
        assert!(limits.take(user(2, "ana")).is_ok(), "another tenant's has her own");
        drop(places);
        assert_eq!(limits.taken(), 0);
        assert!(limits.counts.lock().unwrap().users.is_empty());
    }

    #[test]
    fn what_is_refused_takes_no_place() {
        let limits = Limits::new(MOST);
        let ip: IpAddr = "192.0.2.7".parse().unwrap();
        let guest = |session: &str| Guest {
            session: SessionId::new(session).ok(),
            user: None,
            ip: Some(ip),
            ..user(1, "")
        };
        let mut places = vec![limits.take(guest("a")).unwrap(), limits.take(guest("a")).unwrap()];
        assert_eq!(limits.take(guest("a")).unwrap_err(), Full::Session);
        places.extend([limits.take(guest("b")).unwrap(), limits.take(guest("c")).unwrap()]);
        assert_eq!(limits.take(guest("d")).unwrap_err(), Full::Ip);
        places.push(limits.take(user(1, "ana")).unwrap());
        assert_eq!(limits.take(user(1, "eva")).unwrap_err(), Full::Total);
        places.pop();
        assert!(limits.take(user(1, "eva")).is_ok());
    }
}

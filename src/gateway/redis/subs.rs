//! Which channels of Redis are subscribed, for which wants.

use std::collections::HashMap;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;

use super::keys;
use super::server::is_refusal;
use super::wants::Want;

/// Names that one command has.
const CHUNK: usize = 256;

/// Whose channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Whose {
    Ours,
    /// Of other systems, without a tenant.
    Plain,
    /// Of other systems, within `t:{tenant}:`.
    Walled,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Sub {
    whose: Whose,
    is_pattern: bool,
    name: String,
}

fn exact(whose: Whose, name: String) -> Sub {
    Sub { whose, is_pattern: false, name }
}

fn pattern(whose: Whose, name: String) -> Sub {
    Sub { whose, is_pattern: true, name }
}

/// What a want takes.
fn subs_of(want: &Want) -> Vec<Sub> {
    let mut subs = Vec::new();
    match want {
        Want::Branch(tenant, branch) => {
            subs.push(exact(Whose::Ours, keys::live((*tenant, *branch))));
            for (whose, of) in [(Whose::Plain, None), (Whose::Walled, Some(*tenant))] {
                let (named, sectors) = keys::foreign_branch(of, *branch);
                subs.extend(named.map(|name| exact(whose, name)));
                subs.push(pattern(whose, sectors));
            }
        }
        Want::Tenant(tenant) => {
            subs.push(pattern(Whose::Ours, keys::live_pattern(*tenant)));
            for (whose, of) in [(Whose::Plain, None), (Whose::Walled, Some(*tenant))] {
                subs.extend(keys::foreign_branches(of).map(|name| pattern(whose, name)));
            }
        }
        Want::Session(tenant, session) => {
            subs.push(exact(Whose::Plain, keys::foreign_session(None, session)));
            subs.push(exact(Whose::Walled, keys::foreign_session(Some(*tenant), session)));
        }
    }
    subs
}

/// Subscriptions by how many wants take them.
#[derive(Debug, Default)]
pub(super) struct Subs {
    counts: HashMap<Sub, usize>,
}

impl Subs {
    /// Takes what a want takes; what is new of it.
    pub(super) fn add(&mut self, want: &Want) -> Vec<Sub> {
        let mut new = Vec::new();
        for sub in subs_of(want) {
            let count = self.counts.entry(sub.clone()).or_default();
            *count += 1;
            if *count == 1 {
                new.push(sub);
            }
        }
        new
    }

    /// Gives back what a want took; what nobody takes any more.
    pub(super) fn remove(&mut self, want: &Want) -> Vec<Sub> {
        let mut gone = Vec::new();
        for sub in subs_of(want) {
            let Some(count) = self.counts.get_mut(&sub) else { continue };
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&sub);
                gone.push(sub);
            }
        }
        gone
    }

    pub(super) fn all(&self) -> Vec<Sub> {
        self.counts.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }
}

/// Subscribes, and returns when Redis has confirmed it.
pub(super) async fn subscribe(connection: &mut MultiplexedConnection, subs: Vec<Sub>) -> RedisResult<()> {
    for (whose, is_pattern, names) in commands(subs) {
        let done = match is_pattern {
            true => connection.psubscribe(names.as_slice()).await,
            false => connection.subscribe(names.as_slice()).await,
        };
        match done {
            // An access list may close the channels of others to us; ours we cannot do without.
            Err(error) if whose != Whose::Ours && is_refusal(&error) => {
                tracing::warn!(%error, first = names[0], "Redis does not let us hear these channels");
            }
            other => other?,
        }
    }
    Ok(())
}

/// Ends subscriptions.
pub(super) async fn unsubscribe(connection: &mut MultiplexedConnection, subs: Vec<Sub>) -> RedisResult<()> {
    for (_, is_pattern, names) in commands(subs) {
        match is_pattern {
            true => connection.punsubscribe(names.as_slice()).await?,
            false => connection.unsubscribe(names.as_slice()).await?,
        }
    }
    Ok(())
}

/// Ours first, and never with those of others in one command.
fn commands(mut subs: Vec<Sub>) -> Vec<(Whose, bool, Vec<String>)> {
    subs.sort();
    let alike = subs.chunk_by(|one, other| (one.whose, one.is_pattern) == (other.whose, other.is_pattern));
    let chunks = alike.flat_map(|alike| alike.chunks(CHUNK));
    let names = |chunk: &[Sub]| chunk.iter().map(|sub| sub.name.clone()).collect();
    chunks.map(|chunk| (chunk[0].whose, chunk[0].is_pattern, names(chunk))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchId, TenantId};

    #[test]
    fn a_channel_of_a_number_that_two_tenants_have_is_taken_once() {
        let branch = BranchId::new(5).unwrap();
        let want = |tenant| Want::Branch(TenantId::new(tenant).unwrap(), branch);
        let mut subs = Subs::default();
        assert_eq!(subs.add(&want(1)).len(), 9);
        assert_eq!(subs.add(&want(2)).len(), 5, "the plain channels are there");
        assert_eq!(subs.remove(&want(1)).len(), 5);
        assert_eq!(subs.remove(&want(2)).len(), 9);
        assert_eq!(subs.len(), 0);
    }

    #[test]
    fn commands_have_one_kind_of_names_and_ours_come_first() {
        let tenant = TenantId::default();
        let branches = (1..=300).map(|id| Want::Branch(tenant, BranchId::new(id).unwrap()));
        let mut subs = Subs::default();
        let commands = commands(branches.flat_map(|want| subs.add(&want)).collect());
        assert_eq!(commands[0].0, Whose::Ours);
        assert!(commands.iter().all(|(_, _, names)| names.len() <= CHUNK));
        assert_eq!(commands.iter().map(|(_, _, names)| names.len()).sum::<usize>(), 2700);
    }
}

//! Which channels of Redis are subscribed, for which wants.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use redis::aio::MultiplexedConnection;
use redis::{RedisError, RedisResult};

use super::keys;
use super::server::is_refusal;
use super::wants::Want;

/// Names that one command has.
const CHUNK: usize = 256;

/// Commands that are under way at once: Redis takes them in their order, and each alone would take a whole way there and
/// back, during which nothing is read from the logs.
const AT_ONCE: usize = 256;

/// Of those that are refused so many are asked for again at a time: whoever waits for the others hears meanwhile.
const PROBES: usize = 8;

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

/// That of ours that a want takes.
fn ours(want: &Want) -> Option<Sub> {
    match want {
        Want::Branch(tenant, branch) => Some(exact(Whose::Ours, keys::live((*tenant, *branch)))),
        Want::Tenant(tenant) => Some(pattern(Whose::Ours, keys::live_pattern(*tenant))),
        Want::Session(..) => None,
    }
}

/// What a want takes.
fn subs_of(want: &Want) -> Vec<Sub> {
    let mut subs: Vec<_> = ours(want).into_iter().collect();
    match want {
        Want::Branch(tenant, branch) => {
            for (whose, of) in [(Whose::Plain, None), (Whose::Walled, Some(*tenant))] {
                let (named, sectors) = keys::foreign_branch(of, *branch);
                subs.extend(named.map(|name| exact(whose, name)));
                subs.push(pattern(whose, sectors));
            }
        }
        Want::Tenant(tenant) => {
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
    /// Those of ours that Redis does not let us hear.
    refused: HashSet<Sub>,
    /// Of whose else it was said that some are refused, since the last connection was made.
    told: HashSet<Whose>,
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
                self.refused.remove(&sub);
                gone.push(sub);
            }
        }
        gone
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether Redis lets us hear that of ours that a want takes.
    pub(super) fn are_heard(&self, want: &Want) -> bool {
        self.are_all_heard() || ours(want).is_none_or(|sub| !self.refused.contains(&sub))
    }

    pub(super) fn are_all_heard(&self) -> bool {
        self.refused.is_empty()
    }

    /// As [`Subs::subscribe`], everything by a new connection.
    pub(super) async fn subscribe_all(
        &mut self,
        connection: &MultiplexedConnection,
    ) -> RedisResult<Option<RedisError>> {
        // Somebody may have changed since what is allowed.
        self.told.clear();
        self.subscribe(connection, self.counts.keys().cloned().collect()).await
    }

    /// Subscribes, ours first, and returns when Redis has answered; why it refuses some of ours, if it does.
    pub(super) async fn subscribe(
        &mut self,
        connection: &MultiplexedConnection,
        subs: Vec<Sub>,
    ) -> RedisResult<Option<RedisError>> {
        let (ours, others) = subs.into_iter().partition(|sub| sub.whose == Whose::Ours);
        let refusal = self.ask_for(connection, ours).await?;
        self.ask_for(connection, others).await?;
        Ok(refusal)
    }

    /// Why some of them are refused, if they are.
    async fn ask_for(
        &mut self,
        connection: &MultiplexedConnection,
        subs: Vec<Sub>,
    ) -> RedisResult<Option<RedisError>> {
        let (mut commands, mut refusal) = (commands(subs), None);
        while !commands.is_empty() {
            let asked = stream::iter(commands).map(|subs| ask(connection.clone(), subs));
            let answers: Vec<_> = asked.buffered(AT_ONCE).try_collect().await?;
            commands = Vec::new();
            for (subs, refused) in answers {
                match refused {
                    None => self.refused.retain(|known| !subs.contains(known)),
                    // It refuses all for the sake of one: then each is asked for by itself.
                    Some(_) if subs.len() > 1 => commands.extend(subs.into_iter().map(|sub| vec![sub])),
                    Some(error) => {
                        subs.iter().for_each(|sub| self.refuse(sub, &error));
                        refusal = Some(error);
                    }
                }
            }
        }
        Ok(refusal)
    }

    /// An access list may close channels to us: of others we do without, of ours their listeners have to wait.
    fn refuse(&mut self, sub: &Sub, error: &RedisError) {
        if self.is_news(sub) {
            let (whose, name) = (sub.whose, sub.name.as_str());
            tracing::warn!(%error, ?whose, name, "Redis does not let us hear this channel");
        }
    }

    /// Remembers that it is refused; whether nobody was told so yet.
    fn is_news(&mut self, sub: &Sub) -> bool {
        match sub.whose {
            Whose::Ours => self.refused.insert(sub.clone()),
            // Each branch and each table has some: one is named for all.
            Whose::Plain | Whose::Walled => self.told.insert(sub.whose),
        }
    }

    /// Asks again for some of what was refused, others each time, and for all once one of them is heard: somebody has
    /// changed what is allowed. Whether something is heard now.
    pub(super) async fn retry(&mut self, connection: &MultiplexedConnection) -> RedisResult<bool> {
        let before = self.refused.len();
        if before == 0 {
            return Ok(false);
        }
        let from = rand::random_range(0..before);
        let some = self.refused.iter().cycle().skip(from).take(PROBES.min(before));
        self.subscribe(connection, some.cloned().collect()).await?;
        let is_heard = self.refused.len() < before;
        if is_heard {
            self.subscribe(connection, self.refused.iter().cloned().collect()).await?;
        }
        Ok(is_heard)
    }
}

/// Gives one command; why it is refused, if it is.
async fn ask(
    mut connection: MultiplexedConnection,
    subs: Vec<Sub>,
) -> RedisResult<(Vec<Sub>, Option<RedisError>)> {
    let names: Vec<_> = subs.iter().map(|sub| sub.name.as_str()).collect();
    let asked = match subs[0].is_pattern {
        true => connection.psubscribe(names).await,
        false => connection.subscribe(names).await,
    };
    match asked {
        Err(error) if is_refusal(&error) => Ok((subs, Some(error))),
        asked => asked.map(|()| (subs, None)),
    }
}

/// Ends subscriptions.
pub(super) async fn unsubscribe(connection: &mut MultiplexedConnection, subs: Vec<Sub>) -> RedisResult<()> {
    for subs in commands(subs) {
        let names: Vec<_> = subs.iter().map(|sub| sub.name.as_str()).collect();
        match subs[0].is_pattern {
            true => connection.punsubscribe(names).await?,
            false => connection.unsubscribe(names).await?,
        }
    }
    Ok(())
}

/// Each with names of one kind, so that what is refused of others keeps none of ours back.
fn commands(mut subs: Vec<Sub>) -> Vec<Vec<Sub>> {
    subs.sort();
    let alike = subs.chunk_by(|one, other| (one.whose, one.is_pattern) == (other.whose, other.is_pattern));
    alike.flat_map(|alike| alike.chunks(CHUNK)).map(<[Sub]>::to_vec).collect()
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
        assert_eq!(commands[0][0].whose, Whose::Ours);
        assert!(commands.iter().all(|subs| subs.len() <= CHUNK));
        assert!(commands.iter().flat_map(|subs| subs.windows(2)).all(|two| two[0].whose == two[1].whose));
        assert_eq!(commands.concat().len(), 2700);
    }

    #[test]
    fn of_channels_of_others_that_are_refused_one_is_named_and_of_ours_each() {
        let branches = (1..=3).map(|id| Want::Branch(TenantId::default(), BranchId::new(id).unwrap()));
        let (mut subs, all) = (Subs::default(), branches.flat_map(|want| subs_of(&want)).collect::<Vec<_>>());
        let count =
            |subs: &mut Subs, whose| all.iter().filter(|sub| sub.whose == whose && subs.is_news(sub)).count();
        for (whose, named) in [(Whose::Ours, 3), (Whose::Plain, 1), (Whose::Walled, 1), (Whose::Plain, 0)] {
            assert_eq!(count(&mut subs, whose), named, "{whose:?}");
        }
    }
}

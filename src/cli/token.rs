//! `atalaya token`: tokens for the API and links for the browser.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::args::{IssueArgs, LinkArgs, TokenCommand};
use super::out;
use crate::auth::{Branches, Caller, Keys, Ttl, login_link, signing_secret};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{BranchId, Role, SectorId, TenantId};

/// # Errors
/// When an argument does not fit or there is no signing secret and none can be made.
pub(super) fn run(command: TokenCommand, config: &Config) -> Result<()> {
    let keys = Keys::new(&signing_secret(config)?, Clock::system());
    match command {
        TokenCommand::Issue(args) => {
            let ttl: Ttl = args.ttl.parse().context("--ttl")?;
            out::line(keys.issue(&issued_to(args)?, ttl))
        }
        TokenCommand::Link(args) => out::line(login_link(&keys, &linked_to(args)?, config.server.listen)),
    }
}

fn issued_to(args: IssueArgs) -> Result<Caller> {
    let sectors =
        args.sectors.into_iter().map(SectorId::new).collect::<Result<_, _>>().context("--sector")?;
    Ok(Caller {
        subject: args.subject,
        tenant: TenantId::new(args.tenant).context("--tenant")?,
        branches: branches(&args.branches)?,
        roles: roles(&args.roles)?,
        sectors,
    })
}

fn linked_to(args: LinkArgs) -> Result<Caller> {
    Ok(Caller {
        subject: "link".to_owned(),
        tenant: TenantId::new(args.tenant).context("--tenant")?,
        branches: branches(&args.branches)?,
        roles: roles(&args.roles)?,
        sectors: BTreeSet::new(),
    })
}

fn branches(ids: &[i64]) -> Result<Branches> {
    let ids: Result<BTreeSet<_>, _> = ids.iter().map(|id| BranchId::new(*id)).collect();
    let ids = ids.context("--branch")?;
    Ok(if ids.is_empty() { Branches::All } else { Branches::Some(ids) })
}

fn roles(names: &[String]) -> Result<BTreeSet<Role>> {
    names.iter().map(|name| role(name)).collect()
}

fn role(name: &str) -> Result<Role> {
    let Some(role) = Role::from_name(name) else {
        bail!("--role {name:?}: choose from {}", Role::ALL.map(Role::name).join(", "));
    };
    Ok(role)
}

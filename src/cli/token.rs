//! `atalaya token`: tokens for the API and links for the browser.

use std::collections::BTreeSet;

use anyhow::Result;

use super::args::{IssueArgs, LinkArgs, TokenCommand};
use super::out;
use crate::auth::{Branches, Caller, Keys, has_signing_secret, login_link, signing_secret};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::BranchId;

/// # Errors
/// When there is no signing secret and none can be made.
pub(super) fn run(command: TokenCommand, config: &Config) -> Result<()> {
    let is_new = !has_signing_secret(config);
    let keys = Keys::new(&signing_secret(config)?, Clock::system());
    if is_new {
        let folder = config.data_dir.display();
        tracing::warn!(
            "made a new signing secret in {folder}: only a server with this --data-dir takes what it signs"
        );
    }
    match command {
        TokenCommand::Issue(args) => out::line(keys.issue(&issued_to(&args), args.ttl)),
        TokenCommand::Link(args) => out::line(login_link(&keys, &linked_to(args), config.server.listen)),
    }
}

fn issued_to(args: &IssueArgs) -> Caller {
    Caller {
        subject: args.subject.clone(),
        tenant: args.tenant,
        branches: branches(&args.branches),
        roles: args.roles.iter().copied().collect(),
        sectors: args.sectors.iter().copied().collect(),
    }
}

fn linked_to(args: LinkArgs) -> Caller {
    Caller {
        subject: "link".to_owned(),
        tenant: args.tenant,
        branches: branches(&args.branches),
        roles: args.roles.into_iter().collect(),
        sectors: BTreeSet::new(),
    }
}

fn branches(ids: &[BranchId]) -> Branches {
    if ids.is_empty() { Branches::All } else { Branches::Some(ids.iter().copied().collect()) }
}

//! `atalaya token`: tokens for the API and links for the browser.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::args::{IssueArgs, LinkArgs, TokenCommand};
use super::out;
use super::serve::DEMO_FOLDER;
use crate::auth::{
    Branches, Caller, Keys, TABLE_TTL, Table, TableKeys, Ttl, has_signing_secret, login_link, signing_secret,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{BranchId, SessionId, random_name};

/// How long a token holds unless it is said.
const STAFF_TTL: Ttl = Ttl::from_secs(30 * 24 * 3600);

/// # Errors
/// When there is no signing secret and none can be made.
pub(super) fn run(command: TokenCommand, config: &Config) -> Result<()> {
    let is_new = !has_signing_secret(config);
    let keys = Keys::new(&signing_secret(config)?, Clock::system());
    if is_new {
        let folder = config.data_dir.display();
        tracing::warn!(
            "made a new signing secret in {folder}: only a server with this --data-dir takes what it signs{}",
            of_demo(config)
        );
    }
    match command {
        TokenCommand::Issue(args) => match args.session.clone() {
            Some(session) => out::line(table_token(config, &args, session)?),
            None => out::line(keys.issue(&issued_to(&args), args.ttl.unwrap_or(STAFF_TTL))),
        },
        TokenCommand::Link(args) => {
            let server = (config.server.scheme(), config.server.listen);
            out::line(login_link(&keys, &linked_to(args), server))
        }
    }
}

/// Where the demo's secret is, for whoever has just made another one beside it.
fn of_demo(config: &Config) -> String {
    match config.data_dir == Config::default().data_dir {
        true => {
            let folder = config.data_dir.join(DEMO_FOLDER);
            format!("; the demo's, unless it was given another, is {}", folder.display())
        }
        false => String::new(),
    }
}

fn table_token(config: &Config, args: &IssueArgs, session: SessionId) -> Result<String> {
    let [branch] = args.branches[..] else { bail!("a table stands in one branch: give --branch once") };
    let clock = Clock::system();
    let expires = clock.now() + args.ttl.unwrap_or(TABLE_TTL).get();
    let tables = TableKeys::new(config.auth.table_keys.clone(), signing_secret(config)?, clock);
    Ok(tables.issue(&Table { tenant: args.tenant, branch, session, table: args.table.clone(), expires }))
}

fn issued_to(args: &IssueArgs) -> Caller {
    Caller {
        subject: args.subject.clone().unwrap_or_else(|| name("cli")),
        tenant: args.tenant,
        branches: branches(&args.branches),
        roles: args.roles.iter().copied().collect(),
        sectors: args.sectors.iter().copied().collect(),
    }
}

fn linked_to(args: LinkArgs) -> Caller {
    Caller {
        subject: args.subject.unwrap_or_else(|| name("link")),
        tenant: args.tenant,
        branches: branches(&args.branches),
        roles: args.roles.into_iter().collect(),
        sectors: BTreeSet::new(),
    }
}

/// For somebody who was given none. Each has one of their own: the gateway bounds the connections of a user.
fn name(kind: &str) -> String {
    format!("{kind}-{}", &random_name()[..8])
}

fn branches(ids: &[BranchId]) -> Branches {
    if ids.is_empty() { Branches::All } else { Branches::Some(ids.iter().copied().collect()) }
}

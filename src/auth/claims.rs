//! What a token says, and when that is believed.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::Caller;
use crate::domain::{BranchId, Role, SectorId, TenantId, Timestamp};

/// How far two machines' clocks may be apart: enough for a machine without NTP discipline for a day, too little to
/// matter.
const LEEWAY: Duration = Duration::from_secs(5);

/// Why a token is not believed. Never says what was expected, only what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    #[error("a token is needed")]
    Missing,
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    Early,
    /// Of a login link.
    #[error("the token was used before")]
    Used,
    #[error("the token was revoked")]
    Revoked,
    /// Nothing is wrong with it as far as is known.
    #[error("whether the token was revoked is not known before the database answers; try again")]
    Unsure,
    #[error("the token's claim `{claim}` is not valid: {reason}")]
    Claim { claim: &'static str, reason: String },
}

/// The claims of a token, as they are signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it was issued to.
    #[serde(default, deserialize_with = "text_or_number")]
    pub sub: String,
    pub tenant_id: i64,
    /// Absent, null or empty: the whole tenant.
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub branch_ids: Vec<i64>,
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sector_ids: Vec<i64>,
    /// Names of [`Role`]s; an unknown one grants nothing.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub roles: Vec<String>,
    /// End of its life, seconds since 1970.
    #[serde(serialize_with = "whole_seconds")]
    pub exp: f64,
    /// Issued at, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_whole_seconds")]
    pub iat: Option<f64>,
    /// Not valid before, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "some_whole_seconds")]
    pub nbf: Option<f64>,
    /// The token's own name, unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// What the token is good for when it is not for the API: `login` for a login link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

impl Claims {
    /// The claims of `caller`, without times.
    pub fn of(caller: &Caller) -> Self {
        let branch_ids = match &caller.branches {
            super::Branches::All => Vec::new(),
            super::Branches::Some(some) => some.iter().map(|id| id.get()).collect(),
        };
        Self {
            sub: caller.subject.clone(),
            tenant_id: caller.tenant.get(),
            branch_ids,
            sector_ids: caller.sectors.iter().map(|id| id.get()).collect(),
            roles: caller.roles.iter().map(|role| role.name().to_owned()).collect(),
            exp: 0.0,
            iat: None,
            nbf: None,
            jti: None,
            purpose: None,
        }
    }

    /// # Errors
    /// When the token's life is over or has not begun.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), TokenError> {
        let now_s = seconds(now);
        let leeway_s = LEEWAY.as_secs_f64();
        if !self.exp.is_finite() || self.exp + leeway_s <= now_s {
            return Err(TokenError::Expired);
        }
        match self.nbf {
            Some(nbf) if nbf.is_nan() || nbf - leeway_s > now_s => Err(TokenError::Early),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When an id is not a positive integer.
    pub fn caller(&self) -> Result<Caller, TokenError> {
        let branches: Vec<_> = self
            .branch_ids
            .iter()
            .map(|id| BranchId::new(*id))
            .collect::<Result<_, _>>()
            .map_err(claim("branch_ids"))?;
        let sectors = self
            .sector_ids
            .iter()
            .map(|id| SectorId::new(*id))
            .collect::<Result<_, _>>()
            .map_err(claim("sector_ids"))?;
        let roles: BTreeSet<_> =
            self.roles.iter().filter_map(|name| Role::from_name(&name.to_ascii_lowercase())).collect();
        Ok(Caller {
            subject: self.sub.clone(),
            tenant: TenantId::new(self.tenant_id).map_err(claim("tenant_id"))?,
            branches: branches.into_iter().collect(),
            sectors,
            roles,
        })
    }
}

pub(super) fn seconds(at: Timestamp) -> f64 {
    // Milliseconds of the next hundred thousand years fit a double exactly.
    at.as_millis() as f64 / 1000.0
}

pub(super) fn claim<E: fmt::Display>(claim: &'static str) -> impl Fn(E) -> TokenError {
    move |reason| TokenError::Claim { claim, reason: reason.to_string() }
}

/// `sub` is a text by the standard, and a number in many a system's tokens.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(i64),
    }
    Ok(match Option::deserialize(from)? {
        Some(Either::Text(text)) => text,
        Some(Either::Number(number)) => number.to_string(),
        None => String::new(),
    })
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn whole_seconds<S: serde::Serializer>(seconds: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(*seconds as i64)
}

fn some_whole_seconds<S: serde::Serializer>(seconds: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    match seconds {
        Some(seconds) => whole_seconds(seconds, to),
        None => to.serialize_none(),
    }
}

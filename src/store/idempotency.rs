//! Answers that are kept for a while, so that a request which is sent again does nothing twice.

use std::time::Duration;

use sqlx::types::Json;

use super::columns::Time;
use super::{Store, StoreError, with_pool};
use crate::domain::{TenantId, Timestamp};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Who has been at work for longer than this is dead: requests are cut off long before.
const LEASE: Duration = Duration::from_secs(60);

/// Keys of one tenant within [`KEPT`]: seven a minute. Beyond it new ones are refused, so that the table is bounded.
const MAX_KEYS: i64 = 10_000;

const FORGET: &str = "delete from idempotency where tenant = $1 and began_at < $2";
const FORGET_ALL: &str = "delete from idempotency where began_at < $1";
const COUNT: &str = "select count(*) from idempotency where tenant = $1";
const INSERT: &str = "insert into idempotency (tenant, route, key, fingerprint, attempt, began_at)
    values ($1, $2, $3, $4, $5, $6) on conflict (tenant, route, key) do nothing";
const SELECT: &str = "select fingerprint, attempt, began_at, status, headers, body from idempotency
    where tenant = $1 and route = $2 and key = $3";
const TAKE_OVER: &str = "update idempotency set attempt = $5, began_at = $6
    where tenant = $1 and route = $2 and key = $3 and attempt = $4 and status is null";
const FINISH: &str = "update idempotency set status = $5, headers = $6, body = $7
    where tenant = $1 and route = $2 and key = $3 and attempt = $4";
const RELEASE: &str = "delete from idempotency
    where tenant = $1 and route = $2 and key = $3 and attempt = $4 and status is null";

/// A request that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Method and template of the route.
    pub route: String,
    /// What the client calls the request.
    pub key: String,
    /// What was asked, by whom: the same key with another fingerprint is a mistake.
    pub fingerprint: String,
    /// This try, a random number.
    pub attempt: i64,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// `None`: it was not to be kept, as it held a secret.
    pub body: Option<String>,
}

/// What is known of a request that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: it is the caller's to do now.
    New,
    /// It was done.
    Done(SavedAnswer),
    /// Somebody is at it.
    Running,
    /// The key stands for another request.
    Other,
    /// The tenant has too many keys.
    Full,
}

#[derive(sqlx::FromRow)]
struct OnceRow {
    fingerprint: String,
    attempt: i64,
    began_at: Time,
    status: Option<i64>,
    headers: Option<Json<Vec<(String, String)>>>,
    body: Option<String>,
}

impl Store {
    /// Forgets the answers of all tenants that were kept for long enough.
    pub(super) async fn forget_answers(&self, now: Timestamp) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(FORGET_ALL).bind(Time(now - KEPT)).execute(pool).await.map(drop)
        })
    }

    /// Takes `once` to be done now, or says what became of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(&self, tenant: TenantId, once: &Once, now: Timestamp) -> Result<Claim, StoreError> {
        if self.count_keys(tenant, now).await? >= MAX_KEYS && self.once(tenant, once).await?.is_none() {
            return Ok(Claim::Full);
        }
        // Two tries, as another request may give the key up in between.
        for _ in 0..2 {
            let rows = with_pool!(self.write, pool => {
                sqlx::query(INSERT)
                    .bind(tenant.get())
                    .bind(&once.route)
                    .bind(&once.key)
                    .bind(&once.fingerprint)
                    .bind(once.attempt)
                    .bind(Time(now))
                    .execute(pool)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            if rows > 0 {
                return Ok(Claim::New);
            }
            let Some(row) = self.once(tenant, once).await? else { continue };
            return self.judge(tenant, once, row, now).await;
        }
        Ok(Claim::Running)
    }

    async fn judge(
        &self,
        tenant: TenantId,
        once: &Once,
        row: OnceRow,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        if row.fingerprint != once.fingerprint {
            return Ok(Claim::Other);
        }
        if let Some(status) = row.status {
            let headers = row.headers.map(|headers| headers.0).unwrap_or_default();
            let status = u16::try_from(status).unwrap_or(200);
            return Ok(Claim::Done(SavedAnswer { status, headers, body: row.body }));
        }
        if now.since(row.began_at.0) < LEASE {
            return Ok(Claim::Running);
        }
        let rows = with_pool!(self.write, pool => {
            sqlx::query(TAKE_OVER)
                .bind(tenant.get())
                .bind(&once.route)
                .bind(&once.key)
                .bind(row.attempt)
                .bind(once.attempt)
                .bind(Time(now))
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(if rows > 0 { Claim::New } else { Claim::Running })
    }

    /// Keeps the answer to a request that was claimed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(
        &self,
        tenant: TenantId,
        once: &Once,
        answer: &SavedAnswer,
    ) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(FINISH)
                .bind(tenant.get())
                .bind(&once.route)
                .bind(&once.key)
                .bind(once.attempt)
                .bind(i64::from(answer.status))
                .bind(Json(&answer.headers))
                .bind(&answer.body)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Gives a request up that was claimed and came to nothing, so that it may be tried again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, tenant: TenantId, once: &Once) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(RELEASE)
                .bind(tenant.get())
                .bind(&once.route)
                .bind(&once.key)
                .bind(once.attempt)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Keys of a tenant, once those that are too old are gone.
    async fn count_keys(&self, tenant: TenantId, now: Timestamp) -> Result<i64, StoreError> {
        let (count,): (i64,) = with_pool!(self.write, pool => {
            sqlx::query(FORGET).bind(tenant.get()).bind(Time(now - KEPT)).execute(pool).await?;
            sqlx::query_as(COUNT).bind(tenant.get()).fetch_one(pool).await
        })?;
        Ok(count)
    }

    async fn once(&self, tenant: TenantId, once: &Once) -> Result<Option<OnceRow>, StoreError> {
        // By the connection that writes: what another one has just written must be seen.
        with_pool!(self.write, pool => {
            sqlx::query_as(SELECT)
                .bind(tenant.get())
                .bind(&once.route)
                .bind(&once.key)
                .fetch_optional(pool)
                .await
        })
    }
}

//! Tokens that were issued over the API or revoked: what they were good for, never the tokens themselves.

use sqlx::types::Json;

use super::columns::Time;
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, IssuedToken, Role, SectorId, TenantId, Timestamp};

const INSERT: &str = "insert into token
        (tenant, id, subject, roles, branches, sectors, issued_by, issued_at, expires_at, revoked_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (tenant, id) do nothing";
const REVOKE: &str = "update token set revoked_at = $3 where tenant = $1 and id = $2 and revoked_at is null";
const SELECT: &str = "select * from token where tenant = $1 and id = $2";
const SELECT_TENANT: &str = "select * from token where tenant = $1";
const SELECT_REVOKED: &str = "select tenant, id, revoked_at, expires_at from token
    where revoked_at is not null and revoked_at >= $1 and (expires_at is null or expires_at > $2)";
const COUNT: &str =
    "select cast(count(issued_at) as bigint), cast(count(*) - count(issued_at) as bigint) from token
    where tenant = $1 and (expires_at is null or expires_at > $2)";
const FORGET: &str = "delete from token where expires_at < $1";

#[derive(sqlx::FromRow)]
struct TokenRow {
    tenant: i64,
    id: String,
    subject: String,
    roles: Json<Vec<String>>,
    branches: Json<Vec<i64>>,
    sectors: Json<Vec<i64>>,
    issued_by: String,
    issued_at: Option<Time>,
    expires_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl TokenRow {
    fn load(self) -> Result<IssuedToken, StoreError> {
        let branches = self.branches.0.into_iter().map(|branch| id(branch, BranchId::new));
        let sectors = self.sectors.0.into_iter().map(|sector| id(sector, SectorId::new));
        Ok(IssuedToken {
            tenant: id(self.tenant, TenantId::new)?,
            id: self.id,
            subject: self.subject,
            roles: self.roles.0.iter().filter_map(|name| Role::from_name(name)).collect(),
            branches: branches.collect::<Result<_, _>>()?,
            sectors: sectors.collect::<Result<_, _>>()?,
            issued_by: self.issued_by,
            issued: self.issued_at.map(|at| at.0),
            expires: self.expires_at.map(|at| at.0),
            revoked: self.revoked_at.map(|at| at.0),
        })
    }
}

#[derive(sqlx::FromRow)]
struct RevokedRow {
    tenant: i64,
    id: String,
    expires_at: Option<Time>,
}

/// A token that is good no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub tenant: TenantId,
    pub id: String,
    /// When it would have ended anyway, if that is known.
    pub expires: Option<Timestamp>,
}

impl Store {
    /// Notes a token that was issued, or one of elsewhere that was revoked. Answers false when its name is known.
    ///
    /// # Errors
    /// When the database fails, or the token is another tenant's.
    pub async fn add_token(&self, tenant: TenantId, token: &IssuedToken) -> Result<bool, StoreError> {
        if token.tenant != tenant {
            return Err(StoreError::Tenant { row: token.tenant, caller: tenant });
        }
        let roles: Vec<_> = token.roles.iter().map(|role| role.name()).collect();
        let branches: Vec<_> = token.branches.iter().map(|id| id.get()).collect();
        let sectors: Vec<_> = token.sectors.iter().map(|id| id.get()).collect();
        let rows = with_pool!(self.write, pool => {
            sqlx::query(INSERT)
                .bind(tenant.get())
                .bind(&token.id)
                .bind(&token.subject)
                .bind(Json(&roles))
                .bind(Json(&branches))
                .bind(Json(&sectors))
                .bind(&token.issued_by)
                .bind(token.issued.map(Time))
                .bind(token.expires.map(Time))
                .bind(token.revoked.map(Time))
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }

    /// Takes a token back. Answers false when it is unknown or was taken back before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_token(&self, tenant: TenantId, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let rows = with_pool!(self.write, pool => {
            sqlx::query(REVOKE).bind(tenant.get()).bind(id).bind(Time(at)).execute(pool).await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }

    /// # Errors
    /// When the database fails.
    pub async fn token(&self, tenant: TenantId, id: &str) -> Result<Option<IssuedToken>, StoreError> {
        let row: Option<TokenRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(id).fetch_optional(pool).await
        })?;
        row.map(TokenRow::load).transpose()
    }

    /// All known tokens of a tenant, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self, tenant: TenantId) -> Result<Vec<IssuedToken>, StoreError> {
        let rows: Vec<TokenRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_TENANT).bind(tenant.get()).fetch_all(pool).await
        })?;
        let mut tokens = rows.into_iter().map(TokenRow::load).collect::<Result<Vec<_>, _>>()?;
        tokens.sort_by(|a, b| (b.issued.or(b.revoked), &b.id).cmp(&(a.issued.or(a.revoked), &a.id)));
        Ok(tokens)
    }

    /// The tokens of all tenants that were revoked at `since` or later and would still be good at `now`; for the app's
    /// own door, never for an answer to a caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoked_tokens(&self, since: Timestamp, now: Timestamp) -> Result<Vec<Revoked>, StoreError> {
        let rows: Vec<RevokedRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_REVOKED).bind(Time(since)).bind(Time(now)).fetch_all(pool).await
        })?;
        let load = |row: RevokedRow| {
            let expires = row.expires_at.map(|at| at.0);
            Ok(Revoked { tenant: id(row.tenant, TenantId::new)?, id: row.id, expires })
        };
        rows.into_iter().map(load).collect()
    }

    /// How many tokens of a tenant are still good at `now` for all that is known: those that were issued here, and those of
    /// elsewhere.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_tokens(&self, tenant: TenantId, now: Timestamp) -> Result<(i64, i64), StoreError> {
        with_pool!(self.read, pool => {
            sqlx::query_as(COUNT).bind(tenant.get()).bind(Time(now)).fetch_one(pool).await
        })
    }

    /// Forgets what has come to its end by `now`, of all tenants: tokens, tables that were cleared, and answers that are kept
    /// for a while. For the app's own work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_ended(&self, now: Timestamp) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(FORGET).bind(Time(now)).execute(pool).await.map(drop)
        })?;
        self.forget_cleared_tables(now).await?;
        self.forget_answers(now).await
    }
}

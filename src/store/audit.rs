//! The change log: who changed what. Rows are added and read, never changed.

use sqlx::types::Json;

use super::columns::Time;
use super::page::{LATEST, Page, rows_to_read};
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, Change, Role, TenantId, Timestamp};

const INSERT: &str = "insert into audit
        (tenant, branch, at, subject, roles, token, method, route, resource, fields, status, request)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// A resource's own changes and those of all below it: `cameras/hall` has `cameras/hall/start`.
const SELECT: &str = "select * from audit
    where tenant = $1 and id < $2 and at >= $3 and at < $4
        and ($5 = '' or subject = $5)
        and ($6 = '' or resource = $6 or substr(resource, 1, length($6) + 1) = $6 || '/')
    order by id desc limit $7";

/// Rows read at a time when some of them may not be shown.
const STEP: u32 = super::page::MAX_PAGE;

#[derive(sqlx::FromRow)]
struct ChangeRow {
    id: i64,
    tenant: i64,
    branch: Option<i64>,
    at: Time,
    subject: String,
    roles: Json<Vec<String>>,
    token: Option<String>,
    method: String,
    route: String,
    resource: String,
    fields: Json<Vec<String>>,
    status: i64,
    request: String,
}

impl ChangeRow {
    fn load(self) -> Result<(i64, Change), StoreError> {
        let change = Change {
            tenant: id(self.tenant, TenantId::new)?,
            branch: self.branch.map(|branch| id(branch, BranchId::new)).transpose()?,
            at: self.at.0,
            subject: self.subject,
            roles: self.roles.0.iter().filter_map(|name| Role::from_name(name)).collect(),
            token: self.token,
            method: self.method,
            route: self.route,
            resource: self.resource,
            fields: self.fields.0,
            status: u16::try_from(self.status).unwrap_or_default(),
            request: self.request,
        };
        Ok((self.id, change))
    }
}

/// Which changes are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    pub subject: Option<String>,
    /// A resource with all below it.
    pub resource: Option<String>,
}

impl Store {
    /// Notes a change.
    ///
    /// # Errors
    /// When the database fails, or the change is another tenant's.
    pub async fn add_change(&self, tenant: TenantId, change: &Change) -> Result<(), StoreError> {
        if change.tenant != tenant {
            return Err(StoreError::Tenant { row: change.tenant, caller: tenant });
        }
        let roles: Vec<_> = change.roles.iter().map(|role| role.name()).collect();
        with_pool!(self.write, pool => {
            sqlx::query(INSERT)
                .bind(tenant.get())
                .bind(change.branch.map(BranchId::get))
                .bind(Time(change.at))
                .bind(&change.subject)
                .bind(Json(&roles))
                .bind(&change.token)
                .bind(&change.method)
                .bind(&change.route)
                .bind(&change.resource)
                .bind(Json(&change.fields))
                .bind(i64::from(change.status))
                .bind(&change.request)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// A page of the changes that fit `filter` and that `may_see` lets through, newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] when `cursor` is not from an earlier page.
    pub async fn changes(
        &self,
        tenant: TenantId,
        filter: &ChangeFilter,
        may_see: impl Fn(&Change) -> bool,
        (cursor, limit): (Option<&str>, u32),
    ) -> Result<Page<Change>, StoreError> {
        let mut before = match cursor {
            None => i64::MAX,
            Some(text) => number(text).ok_or_else(|| StoreError::Cursor(text.to_owned()))?,
        };
        let wanted = rows_to_read(limit) as usize;
        let mut seen: Vec<(i64, Change)> = Vec::new();
        loop {
            let rows = self.changes_before(tenant, filter, before).await?;
            let is_last = rows.len() < STEP as usize;
            before = rows.last().map_or(before, |row| row.id);
            for row in rows {
                let (id, change) = row.load()?;
                if may_see(&change) {
                    seen.push((id, change));
                }
            }
            if is_last || seen.len() >= wanted {
                break;
            }
        }
        let page = Page::cut(seen, limit, |(id, _)| format!("{id:x}"));
        let items = page.items.into_iter().map(|(_, change)| change).collect();
        Ok(Page { items, next_cursor: page.next_cursor })
    }

    async fn changes_before(
        &self,
        tenant: TenantId,
        filter: &ChangeFilter,
        before: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        with_pool!(self.read, pool => {
            sqlx::query_as(SELECT)
                .bind(tenant.get())
                .bind(before)
                .bind(Time(filter.from.unwrap_or(Timestamp::from_millis(0))))
                .bind(Time(filter.to.unwrap_or(LATEST)))
                .bind(filter.subject.as_deref().unwrap_or_default())
                .bind(filter.resource.as_deref().unwrap_or_default())
                .bind(i64::from(STEP))
                .fetch_all(pool)
                .await
        })
    }
}

fn number(hexadecimal: &str) -> Option<i64> {
    i64::from_str_radix(hexadecimal, 16).ok().filter(|id| *id > 0)
}

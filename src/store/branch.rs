//! Branches: the venues of a tenant, and the schedules that their shifts follow.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::assignment::DELETE_BRANCH;
use super::columns::Time;
use super::schedule::{
    DELETE_VERSIONS, INSERT_VERSION, SELECT_VERSIONS, VersionRow, calendar, columns, in_turn, plan,
};
use super::{Put, Store, StoreError, id, with_pool};
use crate::domain::{Branch, BranchId, Schedule, TenantId, Timestamp};
use crate::shift::{Plan, Version};

const UTC: &str = "UTC";

const SELECT: &str = "select tenant, id, name, time_zone from branch where tenant = $1 and id = $2";
const SELECT_ALL: &str = "select tenant, id, name, time_zone from branch where tenant = $1 order by id";
const SELECT_EVERY: &str = "select tenant, id, name, time_zone from branch order by tenant, id";
const UPSERT: &str = "insert into branch (tenant, id, name, time_zone) values ($1, $2, $3, $4)
    on conflict (tenant, id) do update set name = excluded.name, time_zone = excluded.time_zone";
/// Numbers that were given out once are not given out again: shifts, and tokens, would go over to another branch. The
/// largest there is has none after it.
const SELECT_NEXT: &str = "select coalesce(max(id), 0) + 1 from (
    select max(id) as id from branch where tenant = $1 and id < 9223372036854775807
    union all select max(branch) from camera where tenant = $1 and branch < 9223372036854775807
    union all select max(branch) from schedule where tenant = $1 and branch < 9223372036854775807
    union all select max(branch) from shift where tenant = $1 and branch < 9223372036854775807) as known";
const SELECT_KNOWN: &str = "select id from branch where tenant = $1
    union select branch from camera where tenant = $1 union select branch from shift where tenant = $1";
const DELETE: &str = "delete from branch where tenant = $1 and id = $2";
pub(super) const SELECT_NEWEST_SHIFT: &str = "select id, start_at, end_at from shift
    where tenant = $1 and branch = $2 order by start_at desc limit 1";
const UPDATE_SHIFT_END: &str = "update shift set end_at = $3 where tenant = $1 and id = $2";

#[derive(sqlx::FromRow)]
struct BranchRow {
    tenant: i64,
    id: i64,
    name: String,
    time_zone: String,
}

impl BranchRow {
    fn load(self) -> Result<Branch, StoreError> {
        Ok(Branch {
            id: id(self.id, BranchId::new)?,
            tenant: id(self.tenant, TenantId::new)?,
            name: self.name,
            time_zone: self.time_zone,
        })
    }
}

/// What is to become of a branch; what is absent stays.
#[derive(Clone, Copy)]
struct Change<'a> {
    branch: Option<&'a Branch>,
    schedule: Option<&'a Schedule>,
    if_known: IfKnown,
}

#[derive(Clone, Copy, PartialEq)]
enum IfKnown {
    Refuse,
    Replace,
}

impl Store {
    /// # Errors
    /// When the database fails.
    pub async fn branch(&self, tenant: TenantId, branch: BranchId) -> Result<Option<Branch>, StoreError> {
        let row: Option<BranchRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(branch.get()).fetch_optional(pool).await
        })?;
        row.map(BranchRow::load).transpose()
    }

    /// The branch as it is described, else as it is taken to be: see [`unnamed_branch`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branch_or_unnamed(&self, tenant: TenantId, branch: BranchId) -> Result<Branch, StoreError> {
        Ok(self.branch(tenant, branch).await?.unwrap_or_else(|| unnamed_branch(tenant, branch)))
    }

    /// All branches of a tenant, by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branches(&self, tenant: TenantId) -> Result<Vec<Branch>, StoreError> {
        let rows: Vec<BranchRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_ALL).bind(tenant.get()).fetch_all(pool).await
        })?;
        rows.into_iter().map(BranchRow::load).collect()
    }

    /// The numbers of all branches of which anything is known: described, with a camera, or with shifts that stayed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_branches(&self, tenant: TenantId) -> Result<BTreeSet<BranchId>, StoreError> {
        let rows: Vec<(i64,)> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_KNOWN).bind(tenant.get()).fetch_all(pool).await
        })?;
        rows.into_iter().map(|(branch,)| id(branch, BranchId::new)).collect()
    }

    /// All branches of all tenants, for the app's own work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_branches(&self) -> Result<Vec<Branch>, StoreError> {
        let rows: Vec<BranchRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_EVERY).fetch_all(pool).await
        })?;
        rows.into_iter().map(BranchRow::load).collect()
    }

    /// How the schedules of a branch follow each other.
    ///
    /// # Errors
    /// When the database fails, or a time zone is no longer known.
    pub async fn plan(&self, tenant: TenantId, branch: BranchId) -> Result<Plan, StoreError> {
        let described = self.branch_or_unnamed(tenant, branch).await?;
        let rows: Vec<VersionRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_VERSIONS).bind(tenant.get()).bind(branch.get()).fetch_all(pool).await
        })?;
        plan(&described, rows)
    }

    /// Adds a branch with the default schedule, unless `schedule` is another.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its id is taken, [`StoreError::Branch`] when its time zone is unknown or its
    /// schedule none.
    pub async fn create_branch(
        &self,
        tenant: TenantId,
        branch: &Branch,
        schedule: Option<&Schedule>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change { branch: Some(branch), schedule, if_known: IfKnown::Refuse };
        self.change_branch(tenant, branch.id, change, now).await.map(drop)
    }

    /// A number that no branch of the tenant has or has had, as far as anything is known of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_branch(&self, tenant: TenantId) -> Result<BranchId, StoreError> {
        let (next,): (i64,) = with_pool!(self.write, pool => {
            sqlx::query_as(SELECT_NEXT).bind(tenant.get()).fetch_one(pool).await
        })?;
        id(next, BranchId::new)
    }

    /// Adds a branch, or replaces the one of its id; without `schedule` that stays as it is. A changed time zone is a
    /// changed schedule: see [`Store::put_schedule`].
    ///
    /// # Errors
    /// As [`Store::create_branch`], but for the conflict.
    pub async fn put_branch(
        &self,
        tenant: TenantId,
        branch: &Branch,
        schedule: Option<&Schedule>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let change = Change { branch: Some(branch), schedule, if_known: IfKnown::Replace };
        self.change_branch(tenant, branch.id, change, now).await
    }

    /// Puts another schedule in place of the branch's. What has begun keeps its begin; the running shift lasts until
    /// the first start of the new schedule: see [`Plan::changed`].
    ///
    /// # Errors
    /// [`StoreError::Branch`] when it is none.
    pub async fn put_schedule(
        &self,
        tenant: TenantId,
        branch: BranchId,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Change { branch: None, schedule: Some(schedule), if_known: IfKnown::Replace };
        self.change_branch(tenant, branch, change, now).await.map(drop)
    }

    /// Forgets a branch's description, and who serves its sectors. Its shifts and visits stay, and so do its hours, should
    /// something be recorded there yet. Answers whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_branch(&self, tenant: TenantId, branch: BranchId) -> Result<bool, StoreError> {
        in_turn!(self, tenant, branch, transaction => {
            let row: Option<BranchRow> = sqlx::query_as(SELECT)
                .bind(tenant.get()).bind(branch.get()).fetch_optional(&mut *transaction).await?;
            let known = row.is_some();
            if let Some(row) = row {
                let rows: Vec<VersionRow> = sqlx::query_as(SELECT_VERSIONS)
                    .bind(tenant.get()).bind(branch.get()).fetch_all(&mut *transaction).await?;
                if rows.is_empty() {
                    for version in plan(&row.load()?, rows)?.versions() {
                        let (from, decided, zone, shifts) = columns(version);
                        sqlx::query(INSERT_VERSION).bind(tenant.get()).bind(branch.get())
                            .bind(from).bind(decided).bind(zone).bind(shifts)
                            .execute(&mut *transaction).await?;
                    }
                }
                sqlx::query(DELETE_BRANCH).bind(tenant.get()).bind(branch.get())
                    .execute(&mut *transaction).await?;
                sqlx::query(DELETE).bind(tenant.get()).bind(branch.get()).execute(&mut *transaction).await?;
            }
            known
        })
    }

    async fn change_branch(
        &self,
        tenant: TenantId,
        branch: BranchId,
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        if let Some(foreign) = change.branch.filter(|branch| branch.tenant != tenant) {
            return Err(StoreError::Tenant { row: foreign.tenant, caller: tenant });
        }
        in_turn!(self, tenant, branch, transaction => {
            let row: Option<BranchRow> = sqlx::query_as(SELECT)
                .bind(tenant.get()).bind(branch.get()).fetch_optional(&mut *transaction).await?;
            let put = if row.is_some() { Put::Replaced } else { Put::Created };
            let before = match row {
                Some(_) if change.if_known == IfKnown::Refuse => {
                    return Err(StoreError::Conflict(format!("branch {branch}")));
                }
                Some(row) => row.load()?,
                None => unnamed_branch(tenant, branch),
            };
            let rows: Vec<VersionRow> = sqlx::query_as(SELECT_VERSIONS)
                .bind(tenant.get()).bind(branch.get()).fetch_all(&mut *transaction).await?;
            let newest: Option<(i64, Time, Time)> = sqlx::query_as(SELECT_NEWEST_SHIFT)
                .bind(tenant.get()).bind(branch.get()).fetch_optional(&mut *transaction).await?;
            let old = plan(&before, rows)?;
            let after = change.branch.unwrap_or(&before);
            let Changed { versions, shift_end } = changed(&old, after, change.schedule, newest, now)?;
            sqlx::query(UPSERT).bind(tenant.get()).bind(branch.get())
                .bind(&after.name).bind(&after.time_zone).execute(&mut *transaction).await?;
            if versions != old.versions() {
                sqlx::query(DELETE_VERSIONS).bind(tenant.get()).bind(branch.get())
                    .execute(&mut *transaction).await?;
                for version in &versions {
                    let (from, decided, zone, shifts) = columns(version);
                    sqlx::query(INSERT_VERSION).bind(tenant.get()).bind(branch.get())
                        .bind(from).bind(decided).bind(zone).bind(shifts)
                        .execute(&mut *transaction).await?;
                }
            }
            if let Some((shift, end)) = shift_end {
                sqlx::query(UPDATE_SHIFT_END).bind(tenant.get()).bind(shift).bind(end).execute(&mut *transaction).await?;
            }
            put
        })
    }
}

/// What a change comes to.
struct Changed {
    versions: Vec<Version>,
    /// The shift that runs, and its new end.
    shift_end: Option<(i64, Time)>,
}

/// `newest` is the branch's last shift so far.
fn changed(
    old: &Plan,
    branch: &Branch,
    schedule: Option<&Schedule>,
    newest: Option<(i64, Time, Time)>,
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let schedule = schedule.unwrap_or_else(|| old.latest().calendar.schedule());
    let calendar = calendar(branch, schedule.clone())?;
    let Some((shift, start, end)) = newest else {
        // Nothing has begun that would have to keep its hours.
        return Ok(Changed { versions: Plan::always(calendar).versions().to_vec(), shift_end: None });
    };
    // The clock of another node may be ahead of this one's: what it has begun has begun.
    let now = now.max(start.0);
    let plan = old.changed(calendar, now);
    let runs = end.0 > now && plan != *old;
    let shift_end = runs.then(|| (shift, Time(plan.period_at(now).end)));
    Ok(Changed { versions: plan.versions().to_vec(), shift_end })
}

/// A branch that nobody has described. The first one is where this machine stands, as most installations are one
/// venue with its machine in it; where any other may be, nobody knows, so its clock is UTC.
pub fn unnamed_branch(tenant: TenantId, id: BranchId) -> Branch {
    let time_zone = if id == BranchId::default() { machine_zone() } else { UTC.to_owned() };
    Branch { id, tenant, name: format!("Branch {id}"), time_zone }
}

/// The IANA name of the zone this machine is set to; UTC when it has none, or one that no table knows.
pub fn machine_zone() -> String {
    let zone = TimeZone::try_system().ok();
    let name = zone.as_ref().and_then(TimeZone::iana_name).filter(|name| TimeZone::get(name).is_ok());
    name.unwrap_or(UTC).to_owned()
}

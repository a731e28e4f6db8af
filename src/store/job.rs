//! When scheduled work was done last, who is there to do it, and the lock that gives it to one of them.
//!
//! None of this belongs to a tenant: it is the app's own.

use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use super::columns::Time;
use super::{Pools, Store, StoreError, in_time, with_pool};
use crate::domain::{JobRun, Node, Timestamp};

const TRY_LOCK: &str = "select pg_try_advisory_lock(hashtextextended('atalaya job ' || $1, 0))";

const UNLOCK: &str = "select pg_advisory_unlock_all()";

const SELECT: &str = "select name, due_at, node, started_at, ended_at, outcome, detail, done_at from job
    order by name";
const BEGIN: &str = "insert into job (name, due_at, node, started_at) values ($1, $2, $3, $4)
    on conflict (name) do update set due_at = excluded.due_at, node = excluded.node,
        started_at = excluded.started_at, ended_at = null, outcome = null, detail = null";
const END_DONE: &str = "update job set ended_at = $2, outcome = 'done', detail = $3, done_at = $2
    where name = $1";
const END_FAILED: &str = "update job set ended_at = $2, outcome = 'failed', detail = $3 where name = $1";

const BEAT: &str = "insert into node (id, host, version, started_at, seen_at, cameras)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (id) do update set seen_at = excluded.seen_at, cameras = excluded.cameras";
const SELECT_NODES: &str = "select id, host, version, started_at, seen_at, cameras from node
    where seen_at >= $1 order by started_at, id";
const FORGET_NODE: &str = "delete from node where id = $1";
const FORGET_STALE: &str = "delete from node where seen_at < $1";

/// The right to do a job, until it is given back or the process ends.
#[derive(Debug)]
pub struct JobLock {
    /// None on SQLite, whose file is one process's.
    connection: Option<PgConnection>,
}

impl JobLock {
    pub async fn release(self) {
        if let Some(mut connection) = self.connection {
            // Whether it says goodbye or not, it is gone, and the lock with it; but only so at once.
            let _ = sqlx::query(UNLOCK).execute(&mut connection).await;
            let _ = connection.close().await;
        }
    }
}

#[derive(sqlx::FromRow)]
struct JobRow {
    name: String,
    due_at: Time,
    node: String,
    started_at: Time,
    ended_at: Option<Time>,
    outcome: Option<String>,
    detail: Option<String>,
    done_at: Option<Time>,
}

impl From<JobRow> for JobRun {
    fn from(row: JobRow) -> Self {
        let detail = row.detail.unwrap_or_default();
        let outcome = row.outcome.map(|outcome| if outcome == "done" { Ok(detail) } else { Err(detail) });
        Self {
            name: row.name,
            due: row.due_at.0,
            node: row.node,
            started: row.started_at.0,
            ended: row.ended_at.map(|at| at.0),
            outcome,
            done: row.done_at.map(|at| at.0),
        }
    }
}

#[derive(sqlx::FromRow)]
struct NodeRow {
    id: String,
    host: String,
    version: String,
    started_at: Time,
    seen_at: Time,
    cameras: Json<Vec<(i64, String)>>,
}

impl Store {
    /// The right to do `job`; `None` when another node is doing it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_job(&self, job: &str) -> Result<Option<JobLock>, StoreError> {
        let Pools::Postgres(pool) = &self.write else { return Ok(Some(JobLock { connection: None })) };
        in_time(async {
            // A connection of its own: the lock lives as long as it does, so a node that dies gives it back.
            let mut connection = pool.acquire().await?.detach();
            let (is_ours,): (bool,) = sqlx::query_as(TRY_LOCK).bind(job).fetch_one(&mut connection).await?;
            if is_ours {
                return Ok(Some(JobLock { connection: Some(connection) }));
            }
            connection.close().await?;
            Ok(None)
        })
        .await
    }

    /// When each job ran last, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn job_runs(&self) -> Result<Vec<JobRun>, StoreError> {
        let rows: Vec<JobRow> = with_pool!(self.read, pool => sqlx::query_as(SELECT).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Notes that `node` begins with `job`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_job(
        &self,
        job: &str,
        node: &str,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(BEGIN).bind(job).bind(Time(due)).bind(node).bind(Time(now))
                .execute(pool).await.map(drop)
        })
    }

    /// Notes how `job` has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_job(
        &self,
        job: &str,
        outcome: &Result<String, String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (sql, detail) = match outcome {
            Ok(detail) => (END_DONE, detail),
            Err(detail) => (END_FAILED, detail),
        };
        with_pool!(self.write, pool => {
            sqlx::query(sql).bind(job).bind(Time(now)).bind(detail).execute(pool).await.map(drop)
        })
    }

    /// Notes that a node lives, and forgets those that were not seen since `stale`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beat(&self, node: &Node, stale: Timestamp) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(BEAT).bind(&node.id).bind(&node.host).bind(&node.version)
                .bind(Time(node.started)).bind(Time(node.seen)).bind(Json(&node.cameras))
                .execute(pool).await?;
            sqlx::query(FORGET_STALE).bind(Time(stale)).execute(pool).await.map(drop)
        })
    }

    /// The nodes that were seen since `since`, in the order of their starts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nodes(&self, since: Timestamp) -> Result<Vec<Node>, StoreError> {
        let rows: Vec<NodeRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_NODES).bind(Time(since)).fetch_all(pool).await
        })?;
        let load = |row: NodeRow| Node {
            id: row.id,
            host: row.host,
            version: row.version,
            started: row.started_at.0,
            seen: row.seen_at.0,
            cameras: row.cameras.0,
        };
        Ok(rows.into_iter().map(load).collect())
    }

    /// Notes that a node has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_node(&self, id: &str) -> Result<(), StoreError> {
        with_pool!(self.write, pool => sqlx::query(FORGET_NODE).bind(id).execute(pool).await.map(drop))
    }
}

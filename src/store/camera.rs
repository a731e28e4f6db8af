//! Cameras as their owners described them.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::columns::{StoredShape, StoredValue, load_parameters, store_parameters};
use super::{Pools, Put, Store, StoreError, Swap, id, with_pool};
use crate::domain::{BranchId, Camera, CameraId, SectorId, TenantId};

const SELECT: &str = "select * from camera where tenant = $1 and id = $2";
/// The row stays as it is until the transaction ends. SQLite has one connection that writes, and so does without.
const SELECT_LOCKED: &str = "select * from camera where tenant = $1 and id = $2 for update";
const SELECT_TENANT: &str = "select * from camera where tenant = $1";
const SELECT_ALL: &str = "select * from camera";
const DELETE: &str = "delete from camera where tenant = $1 and id = $2";
const INSERT: &str = "insert into camera
        (tenant, id, branch, sector, name, pipeline, parameters, lines, zones, enabled)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (tenant, id) do nothing";
const UPDATE: &str = "update camera set branch = $3, sector = $4, name = $5, pipeline = $6,
        parameters = $7, lines = $8, zones = $9, enabled = $10
    where tenant = $1 and id = $2";

#[derive(sqlx::FromRow)]
struct CameraRow {
    tenant: i64,
    id: String,
    branch: i64,
    sector: Option<i64>,
    name: String,
    pipeline: String,
    parameters: Json<BTreeMap<String, StoredValue>>,
    lines: Json<Vec<StoredShape>>,
    zones: Json<Vec<StoredShape>>,
    enabled: bool,
}

impl CameraRow {
    fn load(self) -> Result<Camera, StoreError> {
        let lines: Option<Vec<_>> = self.lines.0.into_iter().map(StoredShape::into_line).collect();
        let lines = lines.ok_or_else(|| StoreError::Row {
            what: format!("camera {:?}", self.id),
            reason: "a line has not two points".to_owned(),
        })?;
        Ok(Camera {
            id: id(self.id.as_str(), CameraId::new)?,
            tenant: id(self.tenant, TenantId::new)?,
            branch: id(self.branch, BranchId::new)?,
            sector: self.sector.map(|sector| id(sector, SectorId::new)).transpose()?,
            name: self.name,
            pipeline: self.pipeline,
            parameters: load_parameters(self.parameters.0),
            lines,
            zones: self.zones.0.into_iter().map(StoredShape::into_zone).collect(),
            enabled: self.enabled,
        })
    }
}

/// Binds all columns in their order.
macro_rules! bind_camera {
    ($query:expr, $camera:expr) => {{
        let camera: &Camera = $camera;
        let lines: Vec<_> = camera.lines.iter().map(StoredShape::of_line).collect();
        let zones: Vec<_> = camera.zones.iter().map(StoredShape::of_zone).collect();
        $query
            .bind(camera.tenant.get())
            .bind(camera.id.as_str())
            .bind(camera.branch.get())
            .bind(camera.sector.map(SectorId::get))
            .bind(&camera.name)
            .bind(&camera.pipeline)
            .bind(Json(store_parameters(&camera.parameters)))
            .bind(Json(lines))
            .bind(Json(zones))
            .bind(camera.enabled)
    }};
}

impl Store {
    /// # Errors
    /// When the database fails.
    pub async fn camera(&self, tenant: TenantId, camera: &CameraId) -> Result<Option<Camera>, StoreError> {
        let row: Option<CameraRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(camera.as_str()).fetch_optional(pool).await
        })?;
        row.map(CameraRow::load).transpose()
    }

    /// All cameras of a tenant, by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cameras(&self, tenant: TenantId) -> Result<Vec<Camera>, StoreError> {
        let rows: Vec<CameraRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_TENANT).bind(tenant.get()).fetch_all(pool).await
        })?;
        load_in_order(rows)
    }

    /// The cameras of all tenants, for the app to start them; never for an answer to a caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_cameras(&self) -> Result<Vec<Camera>, StoreError> {
        let rows: Vec<CameraRow> =
            with_pool!(self.read, pool => sqlx::query_as(SELECT_ALL).fetch_all(pool).await)?;
        load_in_order(rows)
    }

    /// Adds a camera.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant has one of this id.
    pub async fn create_camera(&self, tenant: TenantId, camera: &Camera) -> Result<(), StoreError> {
        if self.write_camera(tenant, camera, INSERT).await? {
            return Ok(());
        }
        Err(StoreError::Conflict(format!("camera {:?}", camera.id.as_str())))
    }

    /// Adds a camera, or replaces the one of its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_camera(&self, tenant: TenantId, camera: &Camera) -> Result<Put, StoreError> {
        // Two tries, as another process may add or delete it in between.
        for _ in 0..2 {
            if self.write_camera(tenant, camera, UPDATE).await? {
                return Ok(Put::Replaced);
            }
            if self.write_camera(tenant, camera, INSERT).await? {
                return Ok(Put::Created);
            }
        }
        Err(StoreError::Conflict(format!("camera {:?}", camera.id.as_str())))
    }

    /// Forgets a camera; its visits stay. Answers whether it was there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_camera(&self, tenant: TenantId, camera: &CameraId) -> Result<bool, StoreError> {
        let rows = with_pool!(self.write, pool => {
            sqlx::query(DELETE).bind(tenant.get()).bind(camera.as_str()).execute(pool).await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }

    /// Puts `after` in the place of `before`, or nothing when there is none, if the store still has it as it was.
    ///
    /// # Errors
    /// When the database fails, or a camera is another tenant's.
    pub async fn swap_camera(
        &self,
        tenant: TenantId,
        before: &Camera,
        after: Option<&Camera>,
    ) -> Result<Swap, StoreError> {
        for camera in [Some(before), after].into_iter().flatten() {
            if camera.tenant != tenant {
                return Err(StoreError::Tenant { row: camera.tenant, caller: tenant });
            }
        }
        let select = match &self.write {
            Pools::Sqlite(_) => SELECT,
            Pools::Postgres(_) => SELECT_LOCKED,
        };
        with_pool!(self.write, pool => {
            let mut transaction = pool.begin().await?;
            let found: Option<CameraRow> = sqlx::query_as(select)
                .bind(tenant.get())
                .bind(before.id.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
            if found.and_then(|row| row.load().ok()).as_ref() != Some(before) {
                return Ok(Swap::Changed);
            }
            match after {
                Some(after) => bind_camera!(sqlx::query(UPDATE), after).execute(&mut *transaction).await?,
                None => {
                    let delete = sqlx::query(DELETE).bind(tenant.get()).bind(before.id.as_str());
                    delete.execute(&mut *transaction).await?
                }
            };
            transaction.commit().await?;
            Ok(Swap::Done)
        })
    }

    /// Answers whether a row was written.
    async fn write_camera(
        &self,
        tenant: TenantId,
        camera: &Camera,
        sql: &'static str,
    ) -> Result<bool, StoreError> {
        if camera.tenant != tenant {
            return Err(StoreError::Tenant { row: camera.tenant, caller: tenant });
        }
        let rows = with_pool!(self.write, pool => {
            bind_camera!(sqlx::query(sql), camera).execute(pool).await.map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }
}

/// By tenant and id. Sorted here, as Postgres would sort texts by the language of the database.
fn load_in_order(rows: Vec<CameraRow>) -> Result<Vec<Camera>, StoreError> {
    let mut cameras = rows.into_iter().map(CameraRow::load).collect::<Result<Vec<_>, _>>()?;
    cameras.sort_by(|a, b| (a.tenant, &a.id).cmp(&(b.tenant, &b.id)));
    Ok(cameras)
}

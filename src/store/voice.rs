//! Voice activity: one row a sound, numbers only.

use super::columns::Time;
use super::page::MAX_PAGE;
use super::visit::place;
use super::{Store, StoreError, with_pool};
use crate::domain::{BranchId, SectorId, TenantId, Timestamp, VoiceActivity};

const INSERT: &str = "insert into voice_activity (tenant, branch, sector, camera, begin_at, duration_ms,
    speech_ms, speech_ratio, loudness_db) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (tenant, branch, begin_at, camera) do nothing";

const SELECT: &str = "select tenant, branch, sector, camera, begin_at, duration_ms, speech_ms, speech_ratio,
        loudness_db from voice_activity
    where tenant = $1 and branch = $2 and begin_at >= $3 and begin_at < $4 order by begin_at, camera limit $5";

#[derive(sqlx::FromRow)]
pub(super) struct VoiceRow {
    tenant: i64,
    branch: i64,
    sector: Option<i64>,
    camera: String,
    begin_at: Time,
    duration_ms: i64,
    speech_ms: i64,
    speech_ratio: f32,
    loudness_db: f32,
}

impl VoiceRow {
    /// What names it among those of its branch, in the order in which they begin.
    pub(super) fn key(&self) -> (Timestamp, &str) {
        (self.begin_at.0, &self.camera)
    }

    pub(super) fn load(self) -> Result<VoiceActivity, StoreError> {
        Ok(VoiceActivity {
            place: place((self.tenant, self.branch, self.sector), &self.camera)?,
            begin: self.begin_at.0,
            duration_ms: self.duration_ms.cast_unsigned(),
            speech_ms: self.speech_ms.cast_unsigned(),
            speech_ratio: self.speech_ratio,
            loudness_db: self.loudness_db,
        })
    }
}

impl Store {
    /// Adds what was heard in one sound; of those that one microphone heard at the same instant, the first stays.
    ///
    /// # Errors
    /// When the database fails, or the place is another tenant's.
    pub async fn add_voice_activity(
        &self,
        tenant: TenantId,
        heard: &VoiceActivity,
    ) -> Result<(), StoreError> {
        if heard.place.tenant != tenant {
            return Err(StoreError::Tenant { row: heard.place.tenant, caller: tenant });
        }
        with_pool!(self.write, pool => {
            sqlx::query(INSERT)
                .bind(tenant.get())
                .bind(heard.place.branch.get())
                .bind(heard.place.sector.map(SectorId::get))
                .bind(heard.place.camera.as_str())
                .bind(Time(heard.begin))
                .bind(heard.duration_ms.cast_signed())
                .bind(heard.speech_ms.cast_signed())
                .bind(heard.speech_ratio)
                .bind(heard.loudness_db)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// What was heard in a branch from `from` until before `to`, oldest first, [`MAX_PAGE`] at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn voice_activity(
        &self,
        tenant: TenantId,
        branch: BranchId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VoiceActivity>, StoreError> {
        let rows: Vec<VoiceRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(Time(from))
                .bind(Time(to))
                .bind(i64::from(MAX_PAGE))
                .fetch_all(pool)
                .await
        })?;
        rows.into_iter().map(VoiceRow::load).collect()
    }
}

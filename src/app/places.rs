//! Cameras and branches of the settings file beside those of the store.
//!
//! The file comes first: what it names, the API shows and does not change. A stored camera of the same name rests
//! meanwhile and is there again when the file names it no more; a branch stays as the file last described it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::api::Fixed;
use crate::camera::Cameras;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::{Branch, BranchId, Camera, CameraId, Sector, SectorId, TenantId, Timestamp};
use crate::store::Store;

/// What runs, and what the file says of it.
pub(super) struct Places {
    store: Store,
    running: Cameras,
    clock: Clock,
    config: Config,
    fixed: watch::Sender<Arc<Fixed>>,
    turn: Arc<Mutex<()>>,
}

/// The cameras of the store.
pub(super) struct Stored {
    store: Store,
    running: Cameras,
    fixed: watch::Receiver<Arc<Fixed>>,
    turn: Arc<Mutex<()>>,
}

impl Stored {
    /// Starts all but those that the file names, too; `more` among them, which are kept first.
    pub(super) async fn start(&self, more: &[Camera]) -> Result<()> {
        for camera in more {
            self.keep(camera).await?;
        }
        let turn = self.turn.lock().await;
        let fixed = self.fixed.borrow().clone();
        let named: Vec<_> = self.running.list_all().iter().map(|handle| handle.camera()).collect();
        for camera in self.store.all_cameras().await? {
            if fixed.cameras.contains(&(camera.tenant, camera.id.clone())) {
                warn!(camera = %camera.id, "the camera of the config file takes the place of the stored one");
            } else {
                self.running.put(camera);
            }
        }
        drop(turn);
        tell_strays(&self.store, named.iter().map(AsRef::as_ref)).await;
        Ok(())
    }

    /// What the store has of it holds, but for the parameters that are given.
    async fn keep(&self, camera: &Camera) -> Result<()> {
        let known = self.store.camera(camera.tenant, &camera.id).await?;
        let mut kept = known.unwrap_or_else(|| camera.clone());
        kept.pipeline.clone_from(&camera.pipeline);
        kept.parameters.extend(camera.parameters.clone());
        self.store.put_camera(kept.tenant, &kept).await?;
        Ok(())
    }
}

impl Places {
    /// Starts the file's cameras.
    pub(super) fn start(
        config: &Config,
        (store, running, clock): (&Store, &Cameras, &Clock),
    ) -> Result<Self> {
        let fixed = fixed(config)?;
        for camera in cameras_of(config)? {
            running.put(camera);
        }
        Ok(Self {
            store: store.clone(),
            running: running.clone(),
            clock: clock.clone(),
            fixed: watch::Sender::new(Arc::new(fixed)),
            config: config.clone(),
            turn: Arc::default(),
        })
    }

    /// The others.
    pub(super) fn stored(&self) -> Stored {
        let (store, running) = (self.store.clone(), self.running.clone());
        Stored { store, running, fixed: self.fixed(), turn: self.turn() }
    }

    /// What the API may not change.
    pub(super) fn fixed(&self) -> watch::Receiver<Arc<Fixed>> {
        self.fixed.subscribe()
    }

    /// Held while something of them is changed, here or over the API.
    pub(super) fn turn(&self) -> Arc<Mutex<()>> {
        self.turn.clone()
    }

    /// Whether the cameras of `config` fit their pipelines; files and devices that are not there are no mistake.
    ///
    /// # Errors
    /// Names the first camera that does not, and why.
    pub(super) fn check(&self, config: &Config) -> Result<()> {
        for camera in cameras_of(config)? {
            let pipeline = self.running.catalog().get(&camera.pipeline);
            let fits = pipeline.and_then(|pipeline| pipeline.check_form(&camera.parameters));
            fits.with_context(|| format!("camera \"{}\"", camera.id))?;
        }
        Ok(())
    }

    /// Brings the cameras and branches of `config` into the running server; the rest of it waits for a restart.
    pub(super) async fn follow(&mut self, config: Config) -> Result<()> {
        let (before, after) = (cameras_of(&self.config)?, cameras_of(&config)?);
        let fixed = fixed(&config)?;
        let turn = self.turn.clone().lock_owned().await;
        if config.branches != self.config.branches {
            describe(&config, &self.store, self.clock.now()).await?;
        }
        let mut stored = Vec::new();
        for gone in before.iter().filter(|camera| !after.iter().any(|other| other.is(camera))) {
            stored.push((gone, self.store.camera(gone.tenant, &gone.id).await?));
        }
        // Before the cameras themselves: nobody changes one over the API that is about to be the file's.
        self.fixed.send_replace(Arc::new(fixed));
        for (gone, stored) in stored {
            info!(camera = %gone.id, "the settings name this camera no more");
            match stored {
                Some(camera) => drop(self.running.put(camera)),
                None => drop(self.running.remove(gone.tenant, &gone.id)),
            }
        }
        let changed: Vec<_> = after.iter().filter(|camera| !before.contains(camera)).collect();
        for camera in &changed {
            info!(camera = %camera.id, "the settings of this camera changed");
            self.running.put(Camera::clone(camera));
        }
        drop(turn);
        let waiting = self.config.differences(&config);
        if waiting.is_empty() {
            info!("the settings were read again");
        } else {
            let sections = waiting.join(", ");
            warn!(sections, "the settings were read again; what changed in these holds after a restart");
        }
        // What waits is told again as long as it does.
        self.config.branches = config.branches;
        self.config.cameras = config.cameras;
        tell_strays(&self.store, changed).await;
        Ok(())
    }
}

/// The file names sectors that the API makes: nobody else tells that one is not there. Not for somebody who holds the
/// turn: a database that is away takes seconds to say so.
async fn tell_strays(store: &Store, cameras: impl IntoIterator<Item = &Camera>) {
    for camera in cameras {
        let Some(sector) = camera.sector else { continue };
        // A database that is away has other news, and is so for all of them.
        let Ok(known) = store.sector(camera.tenant, sector).await else { return };
        tell_stray(camera, sector, known);
    }
}

fn tell_stray(camera: &Camera, sector: SectorId, known: Option<Sector>) {
    let (camera, branch) = (&camera.id, camera.branch);
    match known {
        Some(known) if known.branch == branch => {}
        Some(known) => warn!(
            %camera, %sector, %branch, sector_is_of = %known.branch,
            "the settings put this camera into a sector of another branch"
        ),
        None => warn!(
            %camera, %sector, %branch,
            "the settings put this camera into a sector that nobody has made yet: POST /api/v1/sectors, with its id"
        ),
    }
}

/// Writes the branches of `config` down.
pub(super) async fn describe(config: &Config, store: &Store, now: Timestamp) -> Result<()> {
    for branch in &config.branches {
        let tenant = TenantId::new(branch.tenant)?;
        let described = Branch {
            id: BranchId::new(branch.id)?,
            tenant,
            name: branch.name.clone(),
            time_zone: branch.time_zone.clone(),
        };
        store.put_branch(tenant, &described, Some(&branch.schedule()?), now).await?;
    }
    Ok(())
}

fn fixed(config: &Config) -> Result<Fixed> {
    let branch = |branch: &config::Branch| Ok((TenantId::new(branch.tenant)?, BranchId::new(branch.id)?));
    let camera = |camera: &config::Camera| Ok((TenantId::new(camera.tenant)?, CameraId::new(&camera.id)?));
    Ok(Fixed {
        cameras: config.cameras.iter().map(camera).collect::<Result<BTreeSet<_>>>()?,
        branches: config.branches.iter().map(branch).collect::<Result<BTreeSet<_>>>()?,
    })
}

fn cameras_of(config: &Config) -> Result<Vec<Camera>> {
    config.cameras.iter().map(camera_of).collect()
}

fn camera_of(camera: &config::Camera) -> Result<Camera> {
    let (lines, zones) = camera.shapes();
    Ok(Camera {
        id: CameraId::new(&camera.id)?,
        tenant: TenantId::new(camera.tenant)?,
        branch: BranchId::new(camera.branch)?,
        sector: camera.sector.map(SectorId::new).transpose()?,
        name: camera.name.clone().unwrap_or_else(|| camera.id.clone()),
        pipeline: camera.pipeline.clone(),
        parameters: camera.parameters.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
        lines,
        zones,
        enabled: camera.enabled,
    })
}

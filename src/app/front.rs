//! Where the server listens, and the data folder that is its own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tracing::info;

use crate::api::{Api, Tls};
use crate::config::{self, Config, FolderError, FolderLock};

/// So long a server may take to stop before the next one, which waits for it, gives up.
const HAND_OVER: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where it listens, and how.
pub(super) struct Front {
    pub(super) scheme: &'static str,
    pub(super) address: SocketAddr,
    pub(super) tls: Option<Tls>,
}

pub(super) async fn listen(server: &config::Server) -> Result<(TcpListener, Front)> {
    let listener = match server.reuse_port {
        true => Api::bind_beside(server.listen)?,
        false => Api::bind(server.listen).await?,
    };
    let address = listener.local_addr().context("the address of the HTTP port")?;
    let tls = server.tls.as_ref().map(Tls::read).transpose()?;
    Ok((listener, Front { scheme: server.scheme(), address, tls }))
}

/// Takes the data folder. Where another server may be about to end, it is waited for: who connects meanwhile waits, too.
pub(super) async fn take_folder(config: &Config) -> Result<FolderLock, FolderError> {
    let until = tokio::time::Instant::now() + HAND_OVER;
    let mut is_told = false;
    loop {
        match FolderLock::take(&config.data_dir) {
            Err(error @ FolderError::Taken { .. })
                if config.server.reuse_port && tokio::time::Instant::now() < until =>
            {
                if !std::mem::replace(&mut is_told, true) {
                    info!(%error, "waiting for the other one to stop");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            taken => return taken,
        }
    }
}

//! A client's first moments: who it is, and whether there is a place for it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::audience::{Listens, Sectors};
use super::close::Close;
use super::conn::{Connection, retry_ms};
use super::figures::Rejected;
use super::identity::Identity;
use super::limits::Place;
use super::line::Line;
use super::redis::Need;
use super::session::Session;
use super::socket::{Deaf, Heard, Reader, Socket};
use super::tenant::Positions;
use super::{Freshness, Gateway};
use crate::domain::Endpoint;
use crate::wire::{ClientMessage, StreamPositions};

/// A client has so long to take the last frames and to say goodbye.
pub const GOODBYE: Duration = Duration::from_secs(5);

/// A client whose handshake is done.
#[derive(Debug)]
pub struct Arrival {
    pub line: Line,
    /// What it said already.
    pub begun: Vec<u8>,
    pub endpoint: Endpoint,
    /// Whether it speaks `atalaya.v1`.
    pub is_v1: bool,
    /// `None` when its token is to come as its first message.
    pub admitted: Option<Admitted>,
    /// Why it is not let in, when it is to be told by a close.
    pub refused: Option<Close>,
    /// `None` on this very machine.
    pub ip: Option<IpAddr>,
    /// Where it was, if it was here before.
    pub resume: Option<StreamPositions>,
}

/// Somebody who is let in, and from where on it is told what happens: from before it can know that it is.
#[derive(Debug)]
pub struct Admitted {
    pub(super) identity: Identity,
    pub(super) listens: Listens,
    pub(super) positions: Positions,
    /// How often sectors had changed before they were looked up.
    pub(super) reassigned: u64,
    _place: Place,
    /// As long as events are to come.
    _need: Option<Need>,
}

impl Gateway {
    /// Lets somebody in who has a place.
    ///
    /// # Errors
    /// When its streams are not there now.
    pub async fn admit(
        &self,
        endpoint: Endpoint,
        (identity, place): (Identity, Place),
    ) -> Result<Admitted, Close> {
        let reassigned = self.inner.reassigned.load(Ordering::SeqCst);
        let listens = listens(self, endpoint, &identity).await;
        let need = self.need(identity.tenant, &listens).await?;
        let positions = self.inner.hub.positions(identity.tenant, &listens);
        Ok(Admitted { identity, listens, positions, reassigned, _place: place, _need: need })
    }
}

/// Serves a client until it goes, or has to.
pub(super) async fn serve(gateway: Gateway, arrival: Arrival) {
    let settings = &gateway.inner.settings;
    let Arrival { line, begun, endpoint, is_v1, admitted, refused, ip, resume } = arrival;
    let socket = Socket::new(line, settings.room);
    let mut reader = Reader::new(begun, settings.max_message_bytes);
    let admitted = match (refused, admitted) {
        (Some(close), _) => Err(close),
        (None, Some(admitted)) => Ok(admitted),
        (None, None) => introduce(&gateway, &socket, &mut reader, (endpoint, ip)).await,
    };
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(close) => {
            gateway.inner.figures.close(close);
            socket.close(close, retry_ms());
            return part(&socket, &mut reader).await;
        }
    };
    let figures = gateway.inner.figures.clone();
    figures.connect(endpoint);
    let (id, tenant) = (gateway.next_id(), admitted.identity.tenant);
    let connection = Arc::new(Connection {
        id,
        tenant,
        endpoint,
        user: admitted.identity.user.clone(),
        look_again: Notify::new(),
        is_v1,
        socket,
        figures,
    });
    tracing::debug!(%tenant, endpoint = endpoint.name(), id, "a client is connected");
    let mut session = Session::new(gateway.clone(), connection.clone(), admitted, reader);
    session.begin(resume);
    session.run().await;
    gateway.inner.hub.leave(tenant, id);
    connection.socket.leave();
    // With it goes its place: who is counted as gone has given it back.
    drop(session);
    gateway.inner.figures.disconnect(endpoint);
    tracing::debug!(%tenant, endpoint = endpoint.name(), id, "a client is gone");
}

pub(super) async fn listens(gateway: &Gateway, endpoint: Endpoint, identity: &Identity) -> Listens {
    let sectors = match endpoint {
        Endpoint::Waiter if identity.sectors.is_empty() => {
            (gateway.inner.find_sectors)(identity.clone(), Freshness::Known).await
        }
        _ => Sectors::These(identity.sectors.clone()),
    };
    let (branches, session) = (identity.branches.clone(), identity.session.clone());
    Listens { endpoint, branches, sectors, session }
}

/// Waits for the message that brings the token.
async fn introduce(
    gateway: &Gateway,
    socket: &Socket,
    reader: &mut Reader,
    (endpoint, ip): (Endpoint, Option<IpAddr>),
) -> Result<Admitted, Close> {
    let within = gateway.inner.settings.auth_within;
    let token = timeout(within, first_token(socket, reader)).await.unwrap_or(Err(Close::HeartbeatLost));
    let figures = &gateway.inner.figures;
    let identity =
        token.and_then(|token| gateway.identify(endpoint, &token).map_err(|refusal| refusal.close()));
    let identity = identity.inspect_err(|_| figures.reject(Rejected::Auth))?;
    let place = gateway.take_place(&identity, ip).map_err(|full| {
        figures.reject(full.into());
        full.close()
    })?;
    gateway.admit(endpoint, (identity, place)).await
}

/// The token that a client's first message brings.
///
/// # Errors
/// How the connection ends when that brings none.
pub async fn first_token(socket: &Socket, reader: &mut Reader) -> Result<String, Close> {
    loop {
        match reader.read(socket) {
            Ok(Heard::Text(text)) => {
                return match serde_json::from_str(&text) {
                    Ok(ClientMessage::Auth { token }) => Ok(token),
                    _ => Err(Close::Unauthorized),
                };
            }
            // Others have their turn, whatever it sends.
            Ok(Heard::Sign | Heard::Pong) => tokio::task::yield_now().await,
            Ok(Heard::Binary(_)) => return Err(Close::Unauthorized),
            Ok(Heard::Closing) | Err(Deaf::Over) => return Err(Close::Normal),
            Err(Deaf::Wrong(close)) => return Err(close),
            Err(Deaf::NothingYet) => socket.ready().await.map_err(|_| Close::Normal)?,
        }
    }
}

/// Lets the last frames out and waits for the client's goodbye, for a while.
pub async fn part(socket: &Socket, reader: &mut Reader) {
    let goodbye = async {
        loop {
            match reader.read(socket) {
                Ok(Heard::Closing) | Err(Deaf::Over | Deaf::Wrong(_)) => return,
                Ok(_) => tokio::task::yield_now().await,
                Err(Deaf::NothingYet) => {
                    if socket.ready().await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

//! A client's first moments: who it is, and whether there is a place for it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::timeout;

use super::audience::{Listens, Sectors};
use super::close::Close;
use super::conn::Connection;
use super::figures::Rejected;
use super::identity::Identity;
use super::limits::Place;
use super::line::Line;
use super::pulse::GOODBYE;
use super::redis::Need;
use super::session::Session;
use super::socket::{Deaf, Heard, Reader, Socket};
use super::tenant::Positions;
use super::{Freshness, Gateway};
use crate::domain::Endpoint;
use crate::wire::{ClientMessage, StreamPositions};

/// A client whose handshake is done.
#[derive(Debug)]
pub struct Arrival {
    pub line: Line,
    /// What it said already.
    pub begun: Vec<u8>,
    pub endpoint: Endpoint,
    /// Whether it speaks `atalaya.v1`.
    pub is_v1: bool,
    /// `Ok(None)` when its token is to come as its first message, an error when it is to be told by a close that it is not
    /// let in.
    pub admitted: Result<Option<Admitted>, Close>,
    /// Of whom it is not known who they are.
    pub stranger: Option<OwnedSemaphorePermit>,
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

    /// Lets in who is `admitted`, or who is by `admit` once its first message has brought its token. Whoever is not is told
    /// why and parted from.
    pub async fn let_in<T, F: Future<Output = Result<T, Close>>>(
        &self,
        (socket, reader): (&Socket, &mut Reader),
        admitted: Result<Option<T>, Close>,
        admit: impl FnOnce(String) -> F,
    ) -> Option<T> {
        let admitted = match admitted {
            Ok(Some(admitted)) => Ok(admitted),
            Ok(None) => match self.token(socket, reader).await {
                Ok(token) => admit(token).await,
                Err(close) => Err(close),
            },
            Err(close) => Err(close),
        };
        match admitted {
            Ok(admitted) => Some(admitted),
            Err(close) => {
                socket.close(close);
                part(socket, reader).await;
                None
            }
        }
    }

    /// The token that a client's first message brings in time.
    async fn token(&self, socket: &Socket, reader: &mut Reader) -> Result<String, Close> {
        let token = timeout(self.inner.settings.auth_within, first_token(socket, reader)).await;
        let token = token.unwrap_or(Err(Close::Unauthorized));
        // Whoever goes before it has said a word was not sent away.
        token.inspect_err(|close| match close {
            Close::Normal => {}
            _ => self.inner.figures.reject(Rejected::Auth),
        })
    }
}

/// Serves a client until it goes, or has to.
pub(super) async fn serve(gateway: Gateway, arrival: Arrival) {
    let settings = &gateway.inner.settings;
    let figures = &gateway.inner.figures;
    let Arrival { line, begun, endpoint, is_v1, admitted, stranger, ip, resume } = arrival;
    let socket = Socket::new(line, settings.room, figures.clone());
    let mut reader = Reader::new(begun, settings.max_message_bytes);
    let admit = async |token: String| introduce(&gateway, endpoint, (&token, ip)).await;
    // Apart: what it takes to come in would else be a part of each client for as long as it stays.
    let admitted = Box::pin(gateway.let_in((&socket, &mut reader), admitted, admit)).await;
    drop(stranger);
    let Some(admitted) = admitted else { return };
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
    });
    tracing::debug!(%tenant, endpoint = endpoint.name(), id, "a client is connected");
    let mut session = Session::new(gateway.clone(), connection.clone(), admitted, reader);
    session.begin(resume);
    session.run().await;
    gateway.inner.hub.leave(tenant, id);
    connection.socket.leave();
    // With it goes its place: who is counted as gone has given it back.
    drop(session);
    figures.disconnect(endpoint);
    tracing::debug!(%tenant, endpoint = endpoint.name(), id, "a client is gone");
}

async fn listens(gateway: &Gateway, endpoint: Endpoint, identity: &Identity) -> Listens {
    let sectors = match identity.looks_up_sectors(endpoint) {
        true => (gateway.inner.find_sectors)(identity.clone(), Freshness::Known).await,
        false => Sectors::These(identity.sectors.clone()),
    };
    let (branches, session) = (identity.branches.clone(), identity.session.clone());
    Listens { endpoint, branches, sectors, session }
}

/// Who holds the token that came as the first message, let in.
async fn introduce(
    gateway: &Gateway,
    endpoint: Endpoint,
    (token, ip): (&str, Option<IpAddr>),
) -> Result<Admitted, Close> {
    let figures = &gateway.inner.figures;
    let identity = gateway.identify(endpoint, token).map_err(|refusal| {
        refusal.rejected().into_iter().for_each(|why| figures.reject(why));
        refusal.close()
    })?;
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
async fn first_token(socket: &Socket, reader: &mut Reader) -> Result<String, Close> {
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
async fn part(socket: &Socket, reader: &mut Reader) {
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

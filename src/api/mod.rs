//! REST and the console's files, on one port.
//!
//! `gate` is what every request passes; behind it one file a resource, with its routes first. A handler checks the
//! permission, makes one call, and answers `Result<_, ApiError>`, never a rejection: that would mean "not my route".

mod access;
mod analyses;
mod assignments;
mod asyncapi;
mod asyncapi_totem;
mod audit;
mod branches;
mod cameras;
mod change;
mod compress;
mod conditions;
mod console;
mod control;
mod cors;
mod cv;
mod derived;
mod detections;
mod discover;
mod docs;
mod download;
mod edit;
mod error;
mod event_stream;
mod events;
mod export;
mod gate;
mod gateway;
mod gateway_metrics;
mod gateway_pages;
mod handshake;
mod health;
mod job_metrics;
mod jobs;
mod journal;
mod list;
mod media;
mod metrics;
mod models;
mod occupancy;
mod openapi;
mod page;
mod parameters;
mod patient;
mod pipelines;
mod process;
mod rate;
mod reply;
mod request;
mod schedules;
mod sectors;
mod series;
mod serve;
mod session;
mod shifts;
mod slots;
mod state;
mod summaries;
mod table;
mod table_tokens;
mod tls;
mod tokens;
mod totem;
mod totem_metrics;
mod tracking;
mod upload;
mod voice;
mod webrtc;
mod whep;
mod whip;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

pub use error::ApiError;
pub use rate::Rate;
pub use serve::{BindError, Limits};
pub use state::{Fixed, Live, Reassigned, Services, TellVisit};
pub use tls::{Tls, TlsError};

use crate::auth::{Action, Caller, Revocations};
use change::Changes;
use gate::Gate;
use journal::Journal;
use state::State;

/// The HTTP server, ready to listen.
pub struct Api {
    gate: Gate,
    routes: BoxedFilter<(Response,)>,
    stop: CancellationToken,
    changes: Changes,
    /// Changes that go on when their client has hung up.
    tasks: TaskTracker,
    revocations: Revocations,
    limits: Limits,
    tls: Option<Tls>,
}

impl Api {
    /// The server of `services`; it stops when `services.stop` is cancelled.
    pub fn new(services: Services) -> Self {
        let document = openapi::document();
        let rates = rate::Rates::new(services.rate);
        let origins = cors::Origins(services.cors_origins.clone());
        let stop = services.stop.clone();
        let state = State::new(services);
        let (tasks, revocations) = (state.tasks.clone(), state.revocations.clone());
        let gate = Gate {
            table: table::Table::new(&document),
            keys: state.keys.clone(),
            revocations: revocations.clone(),
            rates,
            origins,
            max_body_bytes: state.max_body_bytes,
        };
        let changes = Changes {
            store: state.store.clone(),
            journal: Journal::new(state.store.clone(), tasks.clone(), stop.clone()),
            clock: state.clock.clone(),
        };
        let routes = routes(&state, docs::routes(&document)).or_else(not_routed).boxed();
        Self { gate, routes, stop, changes, tasks, revocations, limits: Limits::default(), tls: None }
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// By HTTPS, when something is given to show.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Takes the address, so that a port that is in use is known before anything else starts.
    ///
    /// # Errors
    /// When the address is taken, not ours, or not allowed.
    pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
        serve::bind(address).await
    }

    /// As [`Api::bind`], also where another server listens that allows it, too.
    ///
    /// # Errors
    /// As [`Api::bind`].
    pub fn bind_beside(address: SocketAddr) -> Result<TcpListener, BindError> {
        serve::bind_beside(address)
    }

    /// Answers until the server is to stop; then streams end at once and other requests within two seconds.
    pub async fn serve(self, listener: TcpListener) {
        serve::serve(listener, self).await;
    }
}

/// Shifts, and what is told of them and of any other time.
fn figures(state: &State) -> BoxedFilter<(Response,)> {
    let of_shifts = shifts::routes(state).or(summaries::routes(state)).unify();
    let of_time = occupancy::routes(state).or(series::routes(state)).unify();
    of_shifts.or(of_time).unify().or(export::routes(state)).unify().boxed()
}

/// All routes; `docs` are those of the document itself.
fn routes(state: &State, docs: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    // Before the sectors, for one of which its path could be taken.
    let places = assignments::routes(state).or(sectors::routes(state)).unify();
    let places = places.or(branches::routes(state)).unify().or(schedules::routes(state)).unify();
    let managing = audit::routes(state).or(tokens::routes(state)).unify();
    let managing = managing.or(table_tokens::routes(state)).unify();
    let watching = media::routes(state)
        .or(whep::routes(state))
        .unify()
        .or(whip::routes(state))
        .unify()
        .or(detections::routes(state))
        .unify();
    let choosing = pipelines::routes(state).or(models::routes(state)).unify();
    let running = health::routes(state).or(metrics::routes(state)).unify().or(docs).unify();
    let telling = gateway::routes(state)
        .or(gateway_pages::routes(state))
        .unify()
        .or(event_stream::routes(state))
        .unify()
        .or(events::routes(state))
        .unify()
        .or(asyncapi::routes())
        .unify();
    cameras::routes(state)
        .or(control::routes(state))
        .unify()
        .or(watching)
        .unify()
        .or(places)
        .unify()
        .or(figures(state))
        .unify()
        .or(session::routes(state))
        .unify()
        .or(choosing)
        .unify()
        .or(jobs::routes(state))
        .unify()
        .or(cv::routes(state))
        .unify()
        .or(voice::routes(state))
        .unify()
        .or(totem::routes(state).or(tracking::routes(state)).unify())
        .unify()
        .or(managing)
        .unify()
        .or(discover::routes(state))
        .unify()
        .or(telling)
        .unify()
        .or(running)
        .unify()
        .boxed()
}

/// The caller that the gate has let in.
fn caller() -> impl Filter<Extract = (Caller,), Error = Rejection> + Copy {
    warp::ext::get::<Caller>()
}

/// # Errors
/// When none of the caller's roles allows `action`.
fn permit(caller: &Caller, action: Action) -> Result<(), ApiError> {
    if caller.may(action) { Ok(()) } else { Err(ApiError::may_not(action)) }
}

/// # Errors
/// When the caller is an admin of a tenant, and not of the server.
fn permit_operator(caller: &Caller) -> Result<(), ApiError> {
    permit(caller, Action::OperateServer)?;
    match caller.is_operator() {
        true => Ok(()),
        false => Err(ApiError::Forbidden(
            "the server is operated by admins of tenant 1 whose token is of all branches".into(),
        )),
    }
}

/// The document promises a route that nobody answers: a mistake of ours.
async fn not_routed(_: Rejection) -> Result<(Response,), std::convert::Infallible> {
    Ok((ApiError::internal("the route is documented but not there").into_response(),))
}

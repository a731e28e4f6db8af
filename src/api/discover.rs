//! Cameras on the local networks: looked for, and shown so that they can be created at once.
//!
//! The server speaks to addresses that a client names, so it is closed to all but those who may configure cameras; only
//! local addresses are asked, by one search at a time. A password that was given is not shown in the answer: what is
//! created within ten minutes may say `***` for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::visible;
use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, json, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::Description;
use crate::clock::Clock;
use crate::discover::{self, Credentials, Found, MAX_PORTS, MAX_TIMEOUT, Search, Targets};
use crate::domain::{ParamValue, TenantId, Timestamp};
use crate::wire::{CameraInput, DiscoverInput, DiscoveredCamera, Discovery, ParameterValue, Problem};

/// How long a mask stands for the password that it hides.
const REMEMBERED: Duration = Duration::from_secs(600);
/// As many entries as two searches can find.
const MAX_REMEMBERED: usize = 512;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "discover")
        .and(warp::post())
        .and(with(state.clone()))
        .and(caller())
        .and(json(state.max_body_bytes))
        .then(discover_cameras)
        .map(respond)
        .boxed()
}

/// Looks for cameras on the local networks; takes as long as `timeout_s` says at most.
#[utoipa::path(post, path = "/api/v1/discover", tag = "cameras",
    request_body(content = DiscoverInput, example = json!({"hosts": ["127.0.0.1"], "rtsp_ports": [8554], "onvif_ports": [8000], "timeout_s": 1})),
    responses((status = 200, body = Discovery),
        (status = 409, description = "Another search is under way", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn discover_cameras(
    state: State,
    caller: Caller,
    body: Answer<DiscoverInput>,
) -> Answer<Json<Discovery>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    let body = body?;
    let _turn = state.searches.turn()?;
    let search = search_of(&state, body).await?;
    if let Some(address) = search.targets.intimate()
        && !caller.is_operator()
    {
        return Err(ApiError::invalid(
            "hosts",
            format!("{address} is asked for operators of the server only"),
        ));
    }
    tracing::info!(subject = caller.subject, addresses = search.targets.len(), "looks for cameras");
    let mut all = Vec::new();
    let complete = discover::search(&search, |found| all.push(found)).await;
    all.sort_by_key(|found| found.address);
    let mut taken: BTreeSet<_> =
        state.cameras.list(caller.tenant).iter().map(|handle| handle.camera().id.to_string()).collect();
    let cameras =
        all.iter().map(|found| show(&state, &caller, &search, found, &mut taken)).collect::<Answer<_>>()?;
    Ok(Json(Discovery { cameras, complete }))
}

async fn search_of(state: &State, body: DiscoverInput) -> Answer<Search> {
    let credentials = match (body.user, body.password) {
        (Some(user), Some(password)) => Some(Credentials::new(&user, &password).ok_or_else(|| {
            ApiError::invalid("user", "is empty, or has a colon or a control character in it")
        })?),
        (None, None) => None,
        (None, Some(_)) => return Err(ApiError::invalid("user", "is needed with a password")),
        (Some(_), None) => return Err(ApiError::invalid("password", "is needed with a user")),
    };
    let most = MAX_TIMEOUT.as_secs();
    let timeout = body.timeout_s.map(|seconds| match seconds {
        seconds if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        seconds => Err(ApiError::invalid("timeout_s", format!("{seconds} is not within 1..={most}"))),
    });
    let timeout = timeout.transpose()?;
    let rtsp_ports = ports("rtsp_ports", body.rtsp_ports)?;
    let onvif_ports = ports("onvif_ports", body.onvif_ports)?;
    let hosts: Vec<_> = body.hosts.into_iter().chain(body.cidr).collect();
    let targets = Targets::resolve(&hosts).await.map_err(|error| ApiError::invalid("hosts", error))?;
    let usual = Search::new(targets, credentials, state.clock.clone());
    Ok(Search {
        timeout: timeout.unwrap_or(usual.timeout),
        rtsp_ports: rtsp_ports.unwrap_or_else(|| usual.rtsp_ports.clone()),
        onvif_ports: onvif_ports.unwrap_or_else(|| usual.onvif_ports.clone()),
        ..usual
    })
}

fn ports(field: &str, given: Option<Vec<u16>>) -> Answer<Option<Vec<u16>>> {
    if given.as_ref().is_some_and(|ports| ports.len() > MAX_PORTS || ports.contains(&0)) {
        return Err(ApiError::invalid(field, format!("takes at most {MAX_PORTS} ports from 1 to 65535")));
    }
    Ok(given)
}

fn show(
    state: &State,
    caller: &Caller,
    search: &Search,
    found: &Found,
    taken: &mut BTreeSet<String>,
) -> Answer<DiscoveredCamera> {
    let credentials = search.credentials.as_ref();
    let entry = discover::propose(found, credentials, taken);
    let shown = match &entry {
        Some(entry) => {
            let description = state.cameras.catalog().get(entry.pipeline).map_err(ApiError::internal)?;
            Some(state.searches.remember(caller.tenant, &description, &entry.parameters))
        }
        None => None,
    };
    let known_as = known_as(state, caller, found);
    Ok(DiscoveredCamera::new(found, entry.as_ref().zip(shown.as_ref()), credentials, known_as))
}

/// A camera that the caller sees and that is the one that was found.
fn known_as(state: &State, caller: &Caller, found: &Found) -> Option<String> {
    let cameras = visible(state, caller).into_iter().map(|handle| handle.camera());
    let mut there = cameras.filter(|camera| discover::is_at(&camera.parameters, found));
    there.next().map(|camera| camera.id.to_string())
}

type Values = BTreeMap<String, ParamValue>;

/// The search that is under way, and what earlier ones were not to show.
pub(super) struct Searches {
    turn: Arc<Semaphore>,
    hidden: Mutex<VecDeque<Hidden>>,
    clock: Clock,
}

/// An entry that was shown with masks in it.
struct Hidden {
    tenant: TenantId,
    until: Timestamp,
    pipeline: String,
    shown: Values,
    real: Values,
}

impl Searches {
    pub(super) fn new(clock: Clock) -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), hidden: Mutex::default(), clock }
    }

    fn turn(&self) -> Answer<OwnedSemaphorePermit> {
        let turn = self.turn.clone().try_acquire_owned();
        turn.map_err(|_| {
            ApiError::Conflict("another search for cameras is under way; try again after it".into())
        })
    }

    /// `real` as anybody may see it; what is masked in it is kept for a while.
    fn remember(&self, tenant: TenantId, description: &Description, real: &Values) -> Values {
        let shown = description.shown(real);
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        hidden.retain(|one| one.until > now && !(one.tenant == tenant && one.shown == shown));
        if shown != *real {
            hidden.truncate(MAX_REMEMBERED - 1);
            hidden.push_front(Hidden {
                tenant,
                until: now + REMEMBERED,
                pipeline: description.name.clone(),
                shown: shown.clone(),
                real: real.clone(),
            });
        }
        shown
    }

    /// Puts what an earlier answer hid in the place of its masks: only for the same stream and user, as a password must
    /// not be sent to another machine, and only with the same pipeline, as another one may show what this one hides.
    pub(super) fn fill(&self, caller: &Caller, input: &mut CameraInput) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        hidden.retain(|one| one.until > now);
        let is_shown = |one: &&Hidden| {
            let same = |(key, value): (&String, &ParamValue)| {
                input.parameters.get(key).is_some_and(|given| *given == ParameterValue::from(value))
            };
            one.tenant == caller.tenant && one.pipeline == input.pipeline && one.shown.iter().all(same)
        };
        if let Some(one) = hidden.iter().find(is_shown) {
            let real = one.real.iter().map(|(key, value)| (key.clone(), value.into()));
            input.parameters.extend(real);
        }
    }
}

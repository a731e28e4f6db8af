//! What every request passes that changes something: it is read whole, done to its end even if its client hangs up,
//! done once when it has a key, and noted.
//!
//! Keys follow the IETF's draft of the `Idempotency-Key` header: the same key with the same request is answered as the
//! first time, with another one 422, while the first is under way 409.

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyDataStream, BodyExt, Full};
use hyper::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use rand::Rng;
use tracing::Instrument;
use warp::filters::BoxedFilter;
use warp::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use warp::http::request::Parts;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::Api;
use super::error::ApiError;
use super::journal::{Journal, Note, fields_of};
use super::reply::Unkept;
use super::request::{Answer, collect};
use super::table::Route;
use crate::auth::{Bearer, Branches, Keys};
use crate::clock::Clock;
use crate::domain::Change;
use crate::store::{Claim, Once, SavedAnswer, Store};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Where everything of the API lies, below which resources are named.
const ROOT: &str = "/api/v1/";

/// Longest key, and longest name of a resource in a note.
const MAX_KEY_CHARS: usize = 255;

/// What is kept of an answer beside its body.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// What changes need; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    pub(super) store: Store,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
}

/// Who asks for a change of what.
#[derive(Debug, Clone)]
struct Asked {
    bearer: Bearer,
    method: Method,
    route: Route,
    path: String,
    request: String,
    fields: Vec<String>,
}

impl Api {
    /// Does what a request to `route` asks for.
    ///
    /// # Errors
    /// When its body cannot be read, or its key cannot be used.
    pub(super) async fn change<B>(&self, request: Request<B>, route: Route, id: &str) -> Answer<Response>
    where
        B: hyper::body::Body + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let Some(bearer) = parts.extensions.get::<Bearer>().cloned() else {
            return Err(ApiError::internal("a change without a caller"));
        };
        let chunks = BodyDataStream::new(body).map_err(Into::into);
        let body = Bytes::from(collect(chunks, self.gate.max_body_bytes).await?);
        let asked = Asked {
            bearer,
            method: parts.method.clone(),
            route,
            path: parts.uri.path().to_owned(),
            request: id.to_owned(),
            fields: fields_of(&body),
        };
        let once = once(&asked, &parts, &body, &self.gate.keys)?;
        let request = Request::from_parts(parts, Full::new(body));
        let (changes, routes) = (self.changes.clone(), self.routes.clone());
        let work = async move {
            match once {
                None => changes.noted(asked, request, routes).await,
                Some(once) => {
                    let done = changes.once(once, asked, request, routes).await;
                    done.unwrap_or_else(Reply::into_response)
                }
            }
        };
        self.tasks.spawn(work.in_current_span()).await.map_err(ApiError::internal)
    }
}

impl Changes {
    /// Does it and notes it.
    async fn noted(
        &self,
        asked: Asked,
        request: Request<Full<Bytes>>,
        routes: BoxedFilter<(Response,)>,
    ) -> Response {
        let service = TowerToHyperService::new(warp::service(routes));
        let mut response = service.call(request).await.unwrap_or_else(|never| match never {});
        let note = response.extensions_mut().remove::<Note>().unwrap_or_default();
        if response.status().is_success() {
            self.journal.note(asked.change(&response, note, &self.clock)).await;
        }
        response
    }

    /// Does it unless it was done before.
    async fn once(
        &self,
        once: Once,
        asked: Asked,
        request: Request<Full<Bytes>>,
        routes: BoxedFilter<(Response,)>,
    ) -> Answer<Response> {
        let tenant = asked.bearer.caller.tenant;
        match self.store.claim(tenant, &once, self.clock.now()).await? {
            Claim::New => {}
            Claim::Done(answer) => return replay(answer),
            Claim::Running => {
                let detail = "the request of this Idempotency-Key is still under way; try again soon";
                return Err(ApiError::Conflict(detail.into()));
            }
            Claim::Other => {
                return Err(ApiError::invalid("Idempotency-Key", "it was used for another request"));
            }
            Claim::Full => return Err(ApiError::Busy(60)),
        }
        let response = self.noted(asked, request, routes).await;
        let (response, saved) = save(response).await?;
        let kept = match saved {
            Some(saved) => self.store.finish(tenant, &once, &saved).await,
            // Nothing came of it: it may be tried again.
            None => self.store.release(tenant, &once).await,
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "an answer could not be kept for its Idempotency-Key");
        }
        Ok(response)
    }
}

impl Asked {
    fn change(self, response: &Response, note: Note, clock: &Clock) -> Change {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let resource = location.unwrap_or(&self.path);
        let resource = resource.strip_prefix(ROOT).unwrap_or(resource);
        let Bearer { caller, token, .. } = self.bearer;
        Change {
            tenant: caller.tenant,
            branch: note.branch,
            at: clock.now(),
            subject: caller.subject,
            roles: caller.roles.into_iter().collect(),
            token,
            method: self.method.to_string(),
            route: self.route.template.to_string(),
            resource: resource.chars().take(MAX_KEY_CHARS).collect(),
            fields: note.fields.unwrap_or(self.fields),
            status: response.status().as_u16(),
            request: self.request,
        }
    }
}

/// The key of a request to a route that creates something.
fn once(asked: &Asked, parts: &Parts, body: &[u8], keys: &Keys) -> Answer<Option<Once>> {
    if !asked.route.creates {
        return Ok(None);
    }
    let Some(key) = key(&parts.headers)? else { return Ok(None) };
    let caller = &asked.bearer.caller;
    let branches = match &caller.branches {
        Branches::All => "all".to_owned(),
        Branches::Some(some) => format!("{some:?}"),
    };
    // Who may see less must not be answered what another was.
    let who = format!("{:?} {:?} {branches} {:?}", caller.subject, caller.roles, caller.sectors);
    let what = format!("{} {:?}", asked.path, parts.uri.query());
    let fingerprint = keys.fingerprint(&[who.as_bytes(), what.as_bytes(), body].join(&0));
    let route = format!("{} {}", asked.method, asked.route.template);
    Ok(Some(Once { route, key, fingerprint, attempt: rand::rng().next_u64().cast_signed() }))
}

/// A structured header's string, or what stands there without its quotes, as most clients write it.
fn key(headers: &HeaderMap) -> Answer<Option<String>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=MAX_KEY_CHARS).contains(&inner.len())
        && inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
    if fits && values.next().is_none() {
        return Ok(Some(inner.to_owned()));
    }
    Err(ApiError::Unreadable {
        field: Some("Idempotency-Key".into()),
        detail: format!(
            "Idempotency-Key has to be one text of 1 to {MAX_KEY_CHARS} visible ASCII characters"
        ),
    })
}

/// An answer and what is to be kept of it, which is nothing of one that created nothing.
async fn save(response: Response) -> Answer<(Response, Option<SavedAnswer>)> {
    if !response.status().is_success() {
        return Ok((response, None));
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(ApiError::internal)?.to_bytes();
    let text = |name: &HeaderName| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    };
    let is_secret = parts.extensions.get::<Unkept>().is_some();
    let saved = SavedAnswer {
        status: parts.status.as_u16(),
        headers: KEPT_HEADERS.iter().filter_map(text).collect(),
        body: (!is_secret).then(|| String::from_utf8_lossy(&bytes).into_owned()),
    };
    Ok((Response::from_parts(parts, bytes.into()), Some(saved)))
}

/// The answer as it was given.
fn replay(answer: SavedAnswer) -> Answer<Response> {
    let Some(body) = answer.body else {
        let made = answer.headers.iter().find(|(name, _)| *name == LOCATION.as_str());
        let made = made.map_or("something", |(_, location)| location.as_str());
        return Err(ApiError::Conflict(format!(
            "the request of this Idempotency-Key was done and made {made}; its answer held a secret and is not kept"
        )));
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_and_without_their_quotes() {
        let read = |text: &'static str| {
            let headers = [(IDEMPOTENCY_KEY, HeaderValue::from_static(text))].into_iter().collect();
            key(&headers)
        };
        for text in ["8e03978e-40d5", "\"8e03978e-40d5\""] {
            assert_eq!(read(text).unwrap().as_deref(), Some("8e03978e-40d5"));
        }
        for text in ["", "\"\"", "a b", "a\"b"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }
}

//! Every way a request can fail, and the one place that turns it into a status.

use std::error::Error;
use std::fmt;

use thiserror::Error as ThisError;
use warp::http::header::{ALLOW, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE};
use warp::http::{Response, StatusCode};
use warp::reply::{Reply, Response as WarpResponse};

use crate::auth::{Action, TokenError};

/// Why a request was not answered as asked.
#[derive(Debug, ThisError)]
pub enum ApiError {
    /// The body or query cannot be read.
    #[error("{detail}")]
    Unreadable { field: Option<String>, detail: String },
    #[error("{0}")]
    NoToken(#[from] TokenError),
    #[error("{0}")]
    Forbidden(String),
    /// Also what the caller may not know of.
    #[error("{0}")]
    NotFound(String),
    #[error("{method} is not possible here, only {allow}")]
    WrongMethod { method: String, allow: String },
    #[error("the request did not arrive within {0} s")]
    Slow(u64),
    #[error("{0}")]
    Conflict(String),
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// What a small body unpacks to.
    #[error("{0}")]
    Oversized(String),
    #[error("the body must be {wanted}, not {got}")]
    WrongType { wanted: &'static str, got: String },
    /// Of the type it says, but what is in it is of none that is taken.
    #[error("{0}")]
    Unsupported(String),
    /// Readable, but a value does not fit.
    #[error("{field}: {detail}")]
    Invalid { field: String, detail: String },
    /// As [`Self::Invalid`], of a body that has no fields.
    #[error("{0}")]
    Unfit(String),
    /// `If-Match` names a description that is not the one there is.
    #[error("it has changed meanwhile: read it again, and send its `ETag` as `If-Match`")]
    Precondition,
    #[error("too many requests; try again in {0} s")]
    TooFast(u64),
    /// As many are open as may be.
    #[error("{0}")]
    TooMany(String),
    /// More events than may wait; those before are on their way.
    #[error("{taken} of {of} were taken; too many events of yours wait, send the rest again in 1 s")]
    Flood { taken: usize, of: usize },
    /// The route speaks WebSocket only.
    #[error("{0}")]
    Upgrade(String),
    /// There is too much to do; soon there will be less.
    #[error("too much waits here already; try again in {0} s")]
    Busy(u64),
    /// Something this needs is away for now.
    #[error("{0}")]
    Unavailable(String),
    /// Our fault; the cause is logged, not sent.
    #[error("something went wrong here; the server's log has it under this request's id")]
    Internal(#[source] Cause),
}

/// What lies behind an internal error.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

impl ApiError {
    pub fn no(what: &str, name: impl fmt::Display) -> Self {
        Self::NotFound(format!("no {what} \"{name}\""))
    }

    pub fn invalid(field: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::Invalid { field: field.into(), detail: detail.to_string() }
    }

    pub fn may_not(action: Action) -> Self {
        Self::Forbidden(format!("your roles do not allow to {}", action.name()))
    }

    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable { .. } => StatusCode::BAD_REQUEST,
            Self::NoToken(TokenError::Unsure) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoToken(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) | Self::Oversized(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongType { .. } | Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid { .. } | Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::TooFast(_) | Self::TooMany(_) | Self::Flood { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Upgrade(_) => StatusCode::UPGRADE_REQUIRED,
            Self::Unavailable(_) | Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Unreadable { field, .. } => field.clone(),
            Self::Invalid { field, .. } => Some(field.clone()),
            _ => None,
        }
    }

    fn taken(&self) -> Option<usize> {
        match self {
            Self::Flood { taken, .. } => Some(*taken),
            _ => None,
        }
    }

    fn headers(&self) -> Vec<(warp::http::HeaderName, String)> {
        let one = match self {
            // Says no more than that a token is wanted; why one was refused stands in the problem.
            Self::NoToken(TokenError::Missing) => Some((WWW_AUTHENTICATE, "Bearer".into())),
            Self::NoToken(TokenError::Unsure) => None,
            Self::NoToken(_) => Some((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"".into())),
            Self::WrongMethod { allow, .. } => Some((ALLOW, allow.clone())),
            Self::TooFast(seconds) | Self::Busy(seconds) => Some((RETRY_AFTER, seconds.to_string())),
            Self::Flood { .. } => Some((RETRY_AFTER, "1".into())),
            // RFC 6455, section 4.4.
            Self::Upgrade(_) => {
                return vec![(UPGRADE, "websocket".into()), (SEC_WEBSOCKET_VERSION, "13".into())];
            }
            _ => None,
        };
        one.into_iter().collect()
    }
}

/// A problem on its way out; the gate adds what it knows of the request and writes the body.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) detail: String,
    pub(super) field: Option<String>,
    pub(super) taken: Option<usize>,
}

impl Reply for ApiError {
    fn into_response(self) -> WarpResponse {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = %chain(cause.as_ref()), "a request failed");
        }
        let mut response = Response::new("".into());
        *response.status_mut() = self.status();
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response.extensions_mut().insert(Pending {
            detail: self.to_string(),
            field: self.field(),
            taken: self.taken(),
        });
        response
    }
}

/// An error with all that caused it, in one line, without credentials.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    crate::camera::redact::<&str>(&text, &[])
}

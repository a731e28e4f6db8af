//! Where a token may come from, and when a cookie's word counts.

use warp::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN};
use warp::http::{HeaderName, Method};

use super::error::ApiError;
use crate::auth::{Bearer, Keys, Revocations, TokenError};

/// The session's cookie; HttpOnly, so scripts never see it.
pub(super) const SESSION_COOKIE: &str = "atalaya_session";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who sent a request with these headers.
///
/// # Errors
/// Without a valid token, when it is not known whether it was revoked, and when a page of another origin uses the session's
/// cookie to change something.
pub(super) fn bearer(
    keys: &Keys,
    revocations: &Revocations,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Bearer, ApiError> {
    let is_cookie = !headers.contains_key(AUTHORIZATION);
    let token = match is_cookie {
        // A header that is there but wrong is not made good by a cookie.
        false => bearer_token(headers).ok_or(TokenError::Invalid)?,
        true => session_token(headers).ok_or(TokenError::Missing)?,
    };
    let bearer = keys.identify(token)?;
    revocations.check(bearer.caller.tenant, bearer.token.as_deref())?;
    if is_cookie {
        check_origin(method, headers)?;
    }
    Ok(bearer)
}

/// Browsers send cookies along whoever asks; only our own pages may change things with them.
///
/// # Errors
/// When the method is not a reading one and the request does not come from a page of this very host.
pub(super) fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if method.is_safe() || session_token(headers).is_none() || same_origin(headers) {
        return Ok(());
    }
    Err(ApiError::Forbidden("a session's cookie may change things only from the server's own pages".into()))
}

pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // Set by the browser itself, out of any page's reach. Absent over plain HTTP from other machines.
    if let Some(site) = text(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    // Host and port; the scheme is the proxy's business when there is one.
    origin.split_once("://").is_some_and(|(scheme, own)| {
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        own.trim_end_matches(default_port) == host.trim_end_matches(default_port)
    })
}

pub(super) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE && !value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn only_pages_of_this_very_host_may_change_things_by_cookie() {
        let cookie = ("cookie", "theme=dark; atalaya_session=t");
        for (pairs, passes) in [
            (&[("origin", "http://cams:8001"), ("host", "cams:8001")][..], true),
            (&[("origin", "https://cams"), ("host", "cams:443")], true),
            (
                &[("sec-fetch-site", "same-origin"), ("origin", "https://cams"), ("host", "10.0.0.1:8001")],
                true,
            ),
            (&[("origin", "http://cams:8002"), ("host", "cams:8001")], false),
            (&[("origin", "http://cams:80010"), ("host", "cams:8001")], false),
            (&[("origin", "null"), ("host", "cams:8001")], false),
            (&[("host", "cams:8001")], false),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://cams"), ("host", "cams")], false),
            (&[("sec-fetch-site", "cross-site"), ("host", "cams")], false),
        ] {
            let mut headers = headers(pairs);
            headers.insert("cookie", HeaderValue::from_static(cookie.1));
            assert_eq!(check_origin(&Method::POST, &headers).is_ok(), passes, "{pairs:?}");
            assert!(check_origin(&Method::GET, &headers).is_ok(), "{pairs:?}");
        }
        assert!(
            check_origin(&Method::POST, &headers(&[("origin", "http://evil")])).is_ok(),
            "no cookie, no harm"
        );
    }
}

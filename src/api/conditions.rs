//! Entity tags: "has it changed?" when reading, "only if it has not" when writing (RFC 9110, section 13).
//!
//! A tag stands for a description, such as a camera's, and not for the state that is shown with it: a camera's tag stays
//! while its frame rate changes. It is made with the signing secret, as descriptions may hold passwords.

use std::convert::Infallible;

use serde::Serialize;
use warp::Filter;
use warp::http::StatusCode;
use warp::http::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use warp::reply::{Reply, Response};

use super::error::ApiError;
use super::reply::Json;
use super::request::Answer;
use crate::auth::Keys;

/// The tag of a description: strong, so that it can be compared before writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(String);

impl Tag {
    /// The tag of whatever is written as `description`, which may hold secrets.
    pub(super) fn of(keys: &Keys, description: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(description).unwrap_or_default();
        Self(format!("\"{}\"", keys.fingerprint(&bytes)))
    }

    /// Of a file, by its hash: weak, as the file may be sent packed.
    pub(super) fn of_hash(hash: &[u8]) -> Self {
        let hexadecimal: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("W/\"{hexadecimal}\""))
    }

    /// Without its weakness.
    fn text(&self) -> &str {
        self.0.trim_start_matches("W/")
    }

    /// Puts it on an answer.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(&self.0) {
            headers.insert(ETAG, value);
        }
    }
}

/// What a request says of tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    /// Whether each is weak, and its text with quotes.
    Some(Vec<(bool, String)>),
}

/// Hands the conditions of a request to a handler.
pub(super) fn conditions() -> impl Filter<Extract = (Conditions,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| Conditions::of(&headers))
}

impl Conditions {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let tags = |name| {
            let mut lines = headers.get_all(name).iter().peekable();
            lines.peek()?;
            let text: Vec<_> = lines.map(|line| line.to_str().unwrap_or_default()).collect();
            Some(Tags::read(&text.join(",")))
        };
        Self { if_match: tags(IF_MATCH), if_none_match: tags(IF_NONE_MATCH) }
    }

    /// Whether anything is asked for at all before something is changed.
    pub(super) fn bind(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// # Errors
    /// [`ApiError::Precondition`] when something is to be changed only if it is not as `tag` says.
    pub(super) fn allow(&self, tag: &Tag) -> Answer<()> {
        let matches = self.if_match.as_ref().is_none_or(|tags| tags.hold_strong(tag));
        let is_other = !self.if_none_match.as_ref().is_some_and(|tags| tags.hold_weak(tag));
        if matches && is_other { Ok(()) } else { Err(ApiError::Precondition) }
    }

    /// Whether the client has what `tag` stands for.
    pub(super) fn has(&self, tag: &Tag) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.hold_weak(tag))
    }

    /// `value` with its tag, or `304` when the client has it.
    ///
    /// # Errors
    /// [`ApiError::Precondition`] when the client wants none but another one.
    pub(super) fn answer<T: Serialize + Send>(&self, tag: &Tag, value: T) -> Answer<Response> {
        if !self.if_match.as_ref().is_none_or(|tags| tags.hold_strong(tag)) {
            return Err(ApiError::Precondition);
        }
        let mut response = if self.has(tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(value).into_response()
        };
        tag.put(response.headers_mut());
        Ok(response)
    }
}

impl Tags {
    /// Of a list that is not written as it should be, what can be read counts.
    fn read(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find('"') {
            let is_weak = rest[..begin].ends_with("W/");
            let Some(length) = rest[begin + 1..].find('"') else { break };
            let end = begin + length + 2;
            tags.push((is_weak, rest[begin..end].to_owned()));
            rest = &rest[end..];
        }
        Self::Some(tags)
    }

    fn hold_strong(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::Some(tags) => tags.iter().any(|(is_weak, text)| !is_weak && *text == tag.0),
        }
    }

    fn hold_weak(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::Some(tags) => tags.iter().any(|(_, text)| text == tag.text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(pairs: &[(&'static str, &'static str)]) -> Conditions {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        Conditions::of(&headers)
    }

    #[test]
    fn tags_are_compared_as_the_standard_says() {
        let tag = Tag("\"a,b\"".into());
        for (given, allowed) in [
            (&[][..], true),
            (&[("if-match", "*")], true),
            (&[("if-match", "\"a,b\"")], true),
            (&[("if-match", "\"x\" , \"a,b\"")], true),
            (&[("if-match", "\"x\""), ("if-match", "\"a,b\"")], true),
            (&[("if-match", "W/\"a,b\"")], false),
            (&[("if-match", "a,b")], false),
            (&[("if-match", "")], false),
            (&[("if-match", "\"a,b")], false),
            (&[("if-none-match", "*")], false),
            (&[("if-none-match", "W/\"a,b\"")], false),
            (&[("if-none-match", "\"x\"")], true),
        ] {
            assert_eq!(conditions(given).allow(&tag).is_ok(), allowed, "{given:?}");
        }
        assert!(conditions(&[("if-none-match", "W/\"a,b\"")]).has(&tag));
        assert!(!conditions(&[("if-match", "\"a,b\"")]).has(&tag));
    }
}

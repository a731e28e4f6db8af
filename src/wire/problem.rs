//! Errors by RFC 9457.

use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// The kind of problem; always the same text for the same kind.
    #[serde(rename = "type")]
    #[schema(examples("urn:atalaya:problem:not-found"))]
    pub kind: String,
    /// The kind in words.
    #[schema(examples("Not found"))]
    pub title: String,
    /// The HTTP status.
    #[schema(examples(404))]
    pub status: u16,
    /// This very case, with the names and values in it.
    #[schema(examples("no camera \"dock-2\""))]
    pub detail: String,
    /// The path that was asked for.
    #[schema(examples("/api/v1/cameras/dock-2"))]
    pub instance: String,
    /// The field of the request that does not fit, as a path such as `parameters.location`; only with 400 and 422.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How many of a list were taken before it was too much; only with 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<usize>,
}

//! What follows from a route's shape and need not be written at each: tags, keys and limits.
//!
//! - A resource whose GET answers an `ETag` takes `If-None-Match` there and `If-Match` where it is changed.
//! - A POST that makes something of a JSON body takes an `Idempotency-Key`.
//! - Every route may be asked too often, and each that takes a token may be asked too early.
//! - `x-audited` says whether a successful request stands in the change log: all that change something do, but those of
//!   [`UNNOTED`].

use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

/// Routes that are not GET and change nothing that anybody would look up later, with the reason.
const UNNOTED: [(&str, &str); 15] = [
    // They look at something and forget it.
    ("POST", "/api/v1/pipelines/check"),
    ("POST", "/api/v1/discover"),
    ("POST", "/api/v1/cv/detect"),
    ("POST", "/api/v1/cv/analyze"),
    // A totem's records, not somebody's changes; they have tables of their own.
    ("POST", "/api/v1/tracking/voice"),
    ("POST", "/api/v1/tracking/camera"),
    // What happened, and not who changed what.
    ("POST", "/api/v1/events"),
    // Watching.
    ("POST", "/api/v1/cameras/{id}/whep"),
    ("PATCH", "/api/v1/cameras/{id}/whep/{session}"),
    ("DELETE", "/api/v1/cameras/{id}/whep/{session}"),
    // A totem that comes and goes; its camera's state is told as of any other.
    ("POST", "/api/v1/cameras/{id}/whip"),
    ("PATCH", "/api/v1/cameras/{id}/whip/{session}"),
    ("DELETE", "/api/v1/cameras/{id}/whip/{session}"),
    // The browser's own cookie.
    ("POST", "/logout"),
    ("DELETE", "/api/v1/session"),
];

const PROBLEM: &str = "application/problem+json";

/// Writes into `document` what follows from it.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let is_tagged = item.get.as_ref().is_some_and(answers_tag);
        for (method, operation) in operations(item) {
            operation.parameters.iter_mut().flatten().for_each(bound);
            let is_change = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
            if is_tagged && method == "GET" {
                add_header(
                    operation,
                    "If-None-Match",
                    "Answers 304 when the description is still this one's",
                );
                add_response(operation, "304", unmodified());
            } else if is_tagged && is_change {
                add_header(operation, "If-Match", "Changes it only if its `ETag` is still this one");
                add_response(operation, "412", problem("It has changed meanwhile, see `If-Match`"));
            }
            if method == "POST" && makes_something(operation) {
                let text = "Done once: the same key with the same request gives the same answer for a day";
                add_header(operation, "Idempotency-Key", text);
                let text = "The request of this `Idempotency-Key` is still under way";
                add_response(operation, "409", problem(text));
                add_response(operation, "503", problem("There are too many keys, or the database is away"));
            }
            if operation.responses.responses.contains_key("401") {
                let text = "The database has not answered since the start: whether the token was revoked is not known";
                add_response(operation, "503", problem(text));
            }
            add_response(operation, "429", problem("Too many requests; `Retry-After` says how long to wait"));
            if is_change {
                let is_noted = !UNNOTED.contains(&(method, path.as_str()));
                let extension = ExtensionsBuilder::new().add("x-audited", json!(is_noted)).build();
                operation.extensions.get_or_insert_default().merge(extension);
            }
        }
    }
}

/// Whether a successful request to this operation is noted, as the document says.
pub(super) fn is_noted(operation: &Operation) -> bool {
    let extensions = operation.extensions.as_ref();
    extensions.and_then(|all| all.get("x-audited")).is_some_and(|noted| *noted == json!(true))
}

/// Whether it makes something new of a JSON body.
pub(super) fn makes_something(operation: &Operation) -> bool {
    let body = match &operation.request_body {
        Some(RefOr::T(body)) => body.content.contains_key("application/json"),
        _ => false,
    };
    let made = operation.responses.responses.get("201");
    body && made
        .is_some_and(|made| matches!(made, RefOr::T(made) if made.content.contains_key("application/json")))
}

fn answers_tag(operation: &Operation) -> bool {
    let done = operation.responses.responses.get("200");
    done.is_some_and(|done| matches!(done, RefOr::T(done) if done.headers.contains_key("ETag")))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
        ("OPTIONS", &mut item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Bounds that hold for every parameter of its name.
fn bound(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { return };
    match (parameter.name.as_str(), &schema.schema_type) {
        ("limit", _) => (schema.minimum, schema.maximum) = (Some(1.into()), Some(500.into())),
        ("id" | "branch_id" | "sector_id", SchemaType::Type(Type::Integer)) => {
            schema.minimum = Some(1.into());
        }
        ("from" | "to" | "at", _) => schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)),
        _ => {}
    }
}

fn add_header(operation: &mut Operation, name: &str, description: &str) {
    let text = ObjectBuilder::new().schema_type(Type::String);
    // Tags may be anything, and then are none; a key is what the server remembers.
    let text = if name == "Idempotency-Key" { text.pattern(Some("^[!#-~]{1,255}$")) } else { text };
    let header: Parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(header));
}

/// What a route says itself stands.
fn add_response(operation: &mut Operation, status: &str, response: Response) {
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
}

fn problem(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content(PROBLEM, content).build()
}

fn unmodified() -> Response {
    ResponseBuilder::new().description("It is still the one that `If-None-Match` names").build()
}

//! The OpenAPI document, and a page that shows it without a script and without a network.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr, Required};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response as WarpResponse;

use super::page::{escape, page};
use super::reply::{Content, respond};
use super::request::with;

pub(super) fn routes(document: &OpenApi) -> BoxedFilter<(WarpResponse,)> {
    let json = document.to_json().expect("the OpenAPI document should be JSON");
    let html = Arc::new(body(document));
    let document = warp::path!("api" / "v1" / "openapi.json")
        .and(warp::get())
        .and(with(Bytes::from(json)))
        .map(|bytes| respond(Ok(get_openapi(bytes))));
    let docs = warp::path!("docs").and(warp::get()).and(with(html)).map(|html: Arc<String>| get_docs(&html));
    document.or(docs).unify().boxed()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "contract",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object), super::openapi::Refusals))]
pub(super) fn get_openapi(bytes: Bytes) -> Content {
    Content { kind: "application/json", bytes }
}

/// This document as a page.
#[utoipa::path(get, path = "/docs", tag = "contract",
    responses((status = 200, content_type = "text/html", body = String), super::openapi::Refusals))]
pub(super) fn get_docs(html: &str) -> WarpResponse {
    page(StatusCode::OK, "HTTP API", html)
}

fn body(document: &OpenApi) -> String {
    let mut out = String::from(
        "<p>The contract for programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>. In the examples, <code>$TOKEN</code> \
         is what <code>atalaya token issue</code> prints, and <code>$SERVER</code> where this page is.</p>",
    );
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
    for tag in document.tags.iter().flatten() {
        let _ = write!(out, "<h2 id=\"{0}\">{0}</h2><p>{1}</p>", escape(&tag.name), text(&tag.description));
        let tag = tag.name.as_str();
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                if operation.tags.iter().flatten().any(|own| own == tag) {
                    write_operation(&mut out, method, path, operation);
                }
            }
        }
    }
    out
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn write_operation(out: &mut String, method: &str, path: &str, operation: &Operation) {
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
    let _ = write!(
        out,
        "<details><summary><span class=m>{method}</span> <code>{}</code> {}</summary><p>{}</p><table>",
        escape(path),
        text(&operation.summary),
        text(&operation.description)
    );
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let place = as_json(&parameter.parameter_in);
        let needed = if parameter.required == Required::True { ", needed" } else { "" };
        let _ = write!(
            out,
            "<tr><td><code>{}</code><td>{}{needed}<td>{} {}</tr>",
            escape(&parameter.name),
            escape(place.as_str().unwrap_or_default()),
            escape(&kind_of(&as_json(&parameter.schema))),
            text(&parameter.description)
        );
    }
    out.push_str("</table>");
    write_body(out, method, path, operation);
    out.push_str("<table>");
    for (status, response) in &operation.responses.responses {
        let description = match response {
            RefOr::T(response) => response.description.as_str(),
            RefOr::Ref(_) => "",
        };
        let _ = write!(out, "<tr><td>{}<td>{}</tr>", escape(status), escape(description));
    }
    out.push_str("</table></details>");
}

/// The types of a body, an example of it, and how to send that from a terminal.
fn write_body(out: &mut String, method: &str, path: &str, operation: &Operation) {
    let Some(RefOr::T(body)) = &operation.request_body else {
        if operation.security.is_none() {
            let _ = write!(
                out,
                "<pre>curl -X {method} -H \"Authorization: Bearer $TOKEN\" $SERVER{}</pre>",
                escape(path)
            );
        }
        return;
    };
    let kinds: Vec<_> = body.content.keys().map(String::as_str).collect();
    let _ = write!(out, "<p>Body: <code>{}</code></p>", escape(&kinds.join(", ")));
    let example = body.content.values().find_map(|content| match content {
        RefOr::T(content) => content.example.as_ref(),
        RefOr::Ref(_) => None,
    });
    let Some(example) = example else { return };
    let example = serde_json::to_string_pretty(example).unwrap_or_default();
    let _ = write!(
        out,
        "<pre>curl -X {method} -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  \
         $SERVER{} -d '{}'</pre>",
        escape(path),
        escape(&example)
    );
}

/// A part of the document as it is written, which is how everybody else reads it.
fn as_json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// A parameter's type with its bounds, in a few words.
fn kind_of(schema: &Value) -> String {
    let mut words = Vec::new();
    match &schema["type"] {
        Value::String(kind) => words.push(kind.clone()),
        Value::Array(kinds) => words.extend(kinds.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {
            words.extend(schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned))
        }
    }
    for (key, name) in [("format", ""), ("minimum", "from "), ("maximum", "to "), ("pattern", "like ")] {
        match &schema[key] {
            Value::Null => {}
            Value::String(value) => words.push(format!("{name}{value}")),
            value => words.push(format!("{name}{value}")),
        }
    }
    if words.is_empty() { String::new() } else { format!("({})", words.join(" ")) }
}

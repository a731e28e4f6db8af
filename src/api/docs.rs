//! The OpenAPI document, and a page that shows it without a script and without a network.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};
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
    let mut out =
        String::from("<p>The contract for programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>.</p>");
    let mut tags: Vec<&str> = document.tags.iter().flatten().map(|tag| tag.name.as_str()).collect();
    tags.dedup();
    for tag in tags {
        let _ = write!(out, "<h2>{}</h2>", escape(tag));
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
        let _ = write!(
            out,
            "<tr><td><code>{}</code><td>{}</tr>",
            escape(&parameter.name),
            text(&parameter.description)
        );
    }
    for (status, response) in &operation.responses.responses {
        let description = match response {
            RefOr::T(response) => response.description.as_str(),
            RefOr::Ref(_) => "",
        };
        let _ = write!(out, "<tr><td>{}<td>{}</tr>", escape(status), escape(description));
    }
    out.push_str("</table></details>");
}

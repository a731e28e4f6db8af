//! The console's files, built into the binary.
//!
//! They hold no data and need no token: a page that nobody is logged in on says how to log in.

use rust_embed::{EmbeddedFile, RustEmbed};
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use warp::http::{Response, StatusCode};
use warp::reply::{Reply, Response as WarpResponse};

use super::conditions::{Conditions, Tag};
use super::error::ApiError;
use super::page;

#[derive(RustEmbed)]
#[folder = "console/dist"]
#[allow_missing = true]
struct Dist;

/// The bundler puts a hash of the content into the names of all files below this.
const HASHED: &str = "assets/";

/// The file at `path`, as a browser should keep it.
pub(super) fn file(path: &str, headers: &HeaderMap) -> WarpResponse {
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    // `/totem` is the page `totem.html`.
    let page = format!("{name}.html");
    match Dist::get(name).map(|file| (name, file)).or_else(|| Dist::get(&page).map(|file| (&*page, file))) {
        Some((name, file)) => answer(name, file, headers),
        None if name == "index.html" => page::console_missing(),
        None => ApiError::no("page", path).into_response(),
    }
}

fn answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> WarpResponse {
    let tag = Tag::of_hash(&file.metadata.sha256_hash());
    let mut response = if Conditions::of(headers).has(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(match file.data {
            std::borrow::Cow::Borrowed(bytes) => bytes.into(),
            std::borrow::Cow::Owned(bytes) => bytes.into(),
        });
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
        response
    };
    let keep = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    tag.put(response.headers_mut());
    response
}

/// The types that a bundler makes; all else is for saving.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

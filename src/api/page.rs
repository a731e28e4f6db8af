//! The few pages that the server writes itself: plain HTML without a script, for when the console cannot help.

use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::http::{Response, StatusCode};
use warp::reply::Response as WarpResponse;

/// No script at all, and no style but the one below.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const STYLE: &str = ":root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}\
    body{max-width:60rem;margin:0 auto;padding:24px 16px}\
    code,pre{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}\
    h1{font-size:20px}h2{font-size:16px;margin-top:32px}\
    details{border-top:1px solid #8884;padding:8px 0}summary{cursor:pointer}\
    .m{display:inline-block;min-width:4.5em;font-weight:600}\
    table{border-collapse:collapse}td{padding:2px 16px 2px 0;vertical-align:top}";

/// A page; `title` and `body` are HTML already.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> WarpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} · Atalaya</title><style>{STYLE}</style>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    let mut response = Response::new(html.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("content-security-policy", HeaderValue::from_static(POLICY));
    response
}

/// A login link that is no good, and how to get a good one.
pub(super) fn login_refused(status: StatusCode, reason: &str) -> WarpResponse {
    let body = format!(
        "<p>{}</p><p>A login link works once, within ten minutes of being made, and only until the server is \
         started anew. For a fresh one, run this on the machine of the server and open what it prints, with the server's own \
         <code>--config</code>, <code>--data-dir</code> and <code>--listen</code>, if it has any (it printed the whole \
         command below its first link):</p>\
         <pre>atalaya token link</pre>",
        escape(reason)
    );
    page(status, "This login link cannot be used", &body)
}

/// The server was built without its console.
pub(super) fn console_missing() -> WarpResponse {
    let body = "<p>This server was built without its web console. Run <code>make console</code> and build again. \
                The API works: see <a href=\"/docs\">/docs</a>.</p>";
    page(StatusCode::OK, "Console not built", body)
}

/// `text` as HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

//! Takes credentials out of texts that people will read: states, logs, error messages.

use std::ops::Range;

use url::Url;

/// Stands where a credential stood.
const MASK: &str = "***";

/// Names of query parameters that cameras take credentials in.
const SECRET_QUERIES: [&str; 9] =
    ["password", "passwd", "pwd", "pass", "psw", "token", "auth", "key", "secret"];

/// `text` without `secrets`, without the password of any URL and without the values of query parameters that
/// carry credentials. The user name and the host stay, so that the reader can tell which camera is meant.
///
/// Where a URL ends within a text is a guess; what is known to be one goes through `redact_url`.
pub fn redact<S: AsRef<str>>(text: &str, secrets: &[S]) -> String {
    let mut clean = text.to_owned();
    // Before the URLs: one that is cut off at a space within its password would leave the rest of it.
    for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()) {
        clean = replace_secret(&clean, secret);
    }
    redact_queries(&redact_passwords(&clean), ends_word)
}

/// `url` as a whole, whatever characters it holds, without its password and the credentials of its query.
pub(super) fn redact_url(url: &str) -> String {
    let mut clean = url.to_owned();
    if let Some(password) = password_in(url) {
        clean.replace_range(password, MASK);
    }
    redact_queries(&clean, ends_value)
}

/// The credentials within `url`: as written there, and as others may write them.
pub(super) fn url_secrets(url: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    if let Some(password) = password_in(url) {
        secrets.push(url[password].to_owned());
    }
    if let Ok(parsed) = Url::parse(url) {
        secrets.extend(parsed.password().map(str::to_owned));
        let hidden = parsed.query_pairs().filter(|(key, _)| is_secret(key));
        secrets.extend(hidden.map(|(_, value)| value.into_owned()));
    }
    let decoded = secrets.first().and_then(|written| decoded(written));
    secrets.extend(decoded);
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// `text` without percent encoding; `None` when that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// Where the password stands in `url`, which is nothing but a URL, or was meant to be one.
fn password_in(url: &str) -> Option<Range<usize>> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = authority_of(&url[start..], |_| false);
    let (user_info, _) = authority.rsplit_once('@')?;
    let colon = user_info.find(':')?;
    Some(start + colon + 1..start + user_info.len())
}

/// Everything up to the path, where an `@` in a password may not hide the host.
fn authority_of(rest: &str, ends: fn(char) -> bool) -> &str {
    let rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A password may hold a slash that was not escaped: then the host comes after a later `@`.
    match path.rfind('@') {
        Some(at) if !authority.contains('@') && authority.contains(':') && !is_port(authority) => {
            &rest[..authority.len() + at + 1]
        }
        _ => authority,
    }
}

fn is_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Ends a URL within a text.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ')')
}

/// Ends a value within the query of a URL that stands alone.
fn ends_value(c: char) -> bool {
    c == '#'
}

fn is_secret(key: &str) -> bool {
    SECRET_QUERIES.contains(&key.to_ascii_lowercase().as_str())
}

fn redact_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let authority = authority_of(after, ends_word);
        match authority.rsplit_once('@') {
            Some((user_info, host)) => {
                match user_info.split_once(':') {
                    Some((user, _)) => clean.extend([user, ":", MASK]),
                    None => clean.push_str(user_info),
                }
                clean.extend(["@", host]);
            }
            None => clean.push_str(authority),
        }
        rest = &after[authority.len()..];
    }
    clean.push_str(rest);
    clean
}

fn redact_queries(text: &str, ends: fn(char) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, after) = rest.split_at(at + 1);
        clean.push_str(before);
        rest = after;
        let Some((key, value)) = after.split_once('=') else { continue };
        if is_secret(key) {
            let end = value.find(|c: char| c == '&' || ends(c)).unwrap_or(value.len());
            clean.extend([key, "=", MASK]);
            rest = &value[end..];
        }
    }
    clean.push_str(rest);
    clean
}

/// A secret of a letter or two would tear holes into every word: it goes only where it stands alone.
fn replace_secret(text: &str, secret: &str) -> String {
    const LONG: usize = 4;
    if secret.len() >= LONG {
        return text.replace(secret, MASK);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
        clean.push_str(before);
        let alone = !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        clean.push_str(if alone { MASK } else { secret });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_leave_urls_and_all_else_stays() {
        let none: [&str; 0] = [];
        for (text, clean) in [
            ("rtsp://ana:s3cret@10.0.0.9:554/h264", "rtsp://ana:***@10.0.0.9:554/h264"),
            ("rtsp://ana@10.0.0.9/h264", "rtsp://ana@10.0.0.9/h264"),
            ("rtsp://10.0.0.9:554/h264", "rtsp://10.0.0.9:554/h264"),
            ("rtsp://ana:p@ss@cam/x", "rtsp://ana:***@cam/x"),
            ("rtsp://ana:p/w?d@cam/x", "rtsp://ana:***@cam/x"),
            ("rtsp://cam:554/user@home", "rtsp://cam:554/user@home"),
            ("two: rtsp://a:b@c/d and http://e:f@g.", "two: rtsp://a:***@c/d and http://e:***@g."),
            ("http://cam/v?user=ana&password=s3cret&ch=1", "http://cam/v?user=ana&password=***&ch=1"),
            ("http://cam/v?Token=abc", "http://cam/v?Token=***"),
            ("what? no=thing", "what? no=thing"),
            ("", ""),
        ] {
            assert_eq!(redact(text, &none), clean);
        }
    }

    #[test]
    fn known_secrets_leave_any_text() {
        assert_eq!(redact("digest hunter2 failed", &["hunter2"]), "digest *** failed");
        assert_eq!(redact("a cat sat at a", &["a"]), "*** cat sat at ***");
        assert_eq!(redact("nothing", &[""]), "nothing");
    }

    #[test]
    fn a_url_that_stands_alone_is_clean_whatever_its_password_holds() {
        for (url, clean) in [
            ("rtsp://ana:pa ss@cam/x", "rtsp://ana:***@cam/x"),
            ("rtsp://ana:it's@cam/x", "rtsp://ana:***@cam/x"),
            ("rtsp://ana:a\"b)c@cam:554/x", "rtsp://ana:***@cam:554/x"),
            ("rtsp://ana:a\tb@c d@cam/x?y=@", "rtsp://ana:***@cam/x?y=@"),
            ("rtsp://ana:p/w?d e@cam/x", "rtsp://ana:***@cam/x"),
            ("rtsp://ana@cam/a:b@c", "rtsp://ana@cam/a:b@c"),
            ("rtsp://cam:554/x", "rtsp://cam:554/x"),
            ("http://cam/v?user=ana&pwd=a b'c&ch=1#top", "http://cam/v?user=ana&pwd=***&ch=1#top"),
            ("ana:pass@cam", "ana:***@cam"),
            ("", ""),
        ] {
            assert_eq!(redact_url(url), clean);
        }
    }

    #[test]
    fn the_credentials_of_a_url_are_known_however_they_are_written() {
        for (url, secrets) in [
            ("rtsp://ana:s3cret@cam/x", vec!["s3cret"]),
            ("rtsp://ana:pa ss@cam/x", vec!["pa%20ss", "pa ss"]),
            ("rtsp://ana:pa%20s+@cam/x", vec!["pa%20s+", "pa s+"]),
            ("http://cam/v?pwd=a%20b", vec!["a b"]),
            ("rtsp://cam:554/x", vec![]),
            ("cam", vec![]),
        ] {
            assert_eq!(url_secrets(url), secrets, "{url}");
        }
    }

    #[test]
    fn a_text_that_quotes_a_url_with_a_space_in_its_password_is_clean() {
        let url = "rtsp://ana:s3@x y@cam/x";
        let said = format!("cannot open {url}: timeout");
        assert_eq!(redact(&said, &url_secrets(url)), "cannot open rtsp://ana:***@cam/x: timeout");
    }
}

//! Takes credentials out of texts that people will read: states, logs, error messages.

/// Stands where a credential stood.
const MASK: &str = "***";

/// Names of query parameters that cameras take credentials in.
const SECRET_QUERIES: [&str; 9] =
    ["password", "passwd", "pwd", "pass", "psw", "token", "auth", "key", "secret"];

/// `text` without `secrets`, without the password of any URL and without the values of query parameters that
/// carry credentials. The user name and the host stay, so that the reader can tell which camera is meant.
pub fn redact<S: AsRef<str>>(text: &str, secrets: &[S]) -> String {
    let mut clean = redact_urls(text);
    for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()) {
        clean = replace_secret(&clean, secret);
    }
    clean
}

/// The password within `url`, as written there.
pub(super) fn url_password(url: &str) -> Option<&str> {
    let authority = authority_of(url.split_once("://")?.1);
    let (user_info, _) = authority.rsplit_once('@')?;
    user_info.split_once(':').map(|(_, password)| password)
}

/// Everything up to the path, where an `@` in a password may not hide the host.
fn authority_of(rest: &str) -> &str {
    let end = rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace());
    let (authority, tail) = rest.split_at(end.unwrap_or(rest.len()));
    // A password may hold a slash that was not escaped: then the host comes after a later `@`.
    let word_end = tail.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(tail.len());
    match tail[..word_end].find('@') {
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

fn redact_urls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let authority = authority_of(after);
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
    redact_queries(&clean)
}

fn redact_queries(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, after) = rest.split_at(at + 1);
        clean.push_str(before);
        rest = after;
        let Some((key, value)) = after.split_once('=') else { continue };
        if SECRET_QUERIES.contains(&key.to_ascii_lowercase().as_str()) {
            let end = value.find(|c: char| c.is_whitespace() || matches!(c, '&' | '#' | '"' | '\'' | ')'));
            clean.extend([key, "=", MASK]);
            rest = &value[end.unwrap_or(value.len())..];
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
    fn the_password_of_a_url_is_known() {
        assert_eq!(url_password("rtsp://ana:s3cret@cam/x"), Some("s3cret"));
        assert_eq!(url_password("rtsp://cam:554/x"), None);
        assert_eq!(url_password("cam"), None);
    }
}

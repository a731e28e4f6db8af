//! Credentials out of sight: passwords in addresses are shown as `***`.
//!
//! People type addresses that no standard allows (`rtsp://admin:p@ss/word#1@10.0.0.7/`), so this does not parse them:
//! it looks for where credentials may end, and hides too much rather than too little.

/// Stands where a secret is.
pub const MASK: &str = "***";

/// Query keys that cameras take credentials in.
const SECRET_KEYS: [&str; 10] =
    ["password", "passwd", "pass", "pwd", "token", "access_token", "key", "apikey", "secret", "auth"];

/// `text` with every credential of the addresses in it hidden.
pub fn redact_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find([' ', '"', '\'', '\n', '<', '>']).unwrap_or(after.len());
        out.push_str(&redact_address(&after[..end]));
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

/// Whether something in `text` was hidden by [`redact_text`] and has not been typed again.
pub fn holds_mask(text: &str) -> bool {
    text == MASK || text.contains(":***@") || text.contains("://***@") || text.contains("=***")
}

/// What follows `://`.
fn redact_address(address: &str) -> String {
    let (address, query) = address.split_once('?').map_or((address, None), |(a, q)| (a, Some(q)));
    // A `?` in a password: what was taken for the query holds the host.
    if let Some(query) = query
        && !authority(address).contains('@')
        && let Some(at) = query.rfind('@')
        && !looks_like_host(authority(address))
    {
        return format!("{}@{}", hide_password(address), &query[at + 1..]);
    }
    let mut out = match user_info_end(address) {
        Some(end) => format!("{}{}", hide_password(&address[..end]), &address[end..]),
        None => address.to_owned(),
    };
    if let Some(query) = query {
        out.push('?');
        let pairs: Vec<_> = query.split('&').map(redact_pair).collect();
        out.push_str(&pairs.join("&"));
    }
    out
}

/// Where the user's name and password end, at the `@`.
fn user_info_end(address: &str) -> Option<usize> {
    let authority = authority(address);
    match authority.rfind('@') {
        Some(end) => Some(end),
        // A slash in a password cuts the authority short; a port has digits only.
        None if !looks_like_host(authority) => address.rfind('@'),
        None => None,
    }
}

fn authority(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

/// `host`, `host:port` or `[v6]:port`, rather than `user:password`.
fn looks_like_host(authority: &str) -> bool {
    authority.starts_with('[')
        || authority.split_once(':').is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

/// `user:password` → `user:***`; a lone user name may be a token.
fn hide_password(user_info: &str) -> String {
    match user_info.split_once(':') {
        Some((user, _)) => format!("{user}:{MASK}"),
        None => MASK.to_owned(),
    }
}

fn redact_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, _)) if SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()) => format!("{key}={MASK}"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        for (text, shown) in [
            ("rtsp://10.0.0.7:554/live", "rtsp://10.0.0.7:554/live"),
            ("rtsp://[fe80::1]:554/a@b", "rtsp://[fe80::1]:554/a@b"),
            ("rtsp://cam/stream@1", "rtsp://cam/stream@1"),
            ("rtsp://admin:secret@10.0.0.7/live", "rtsp://admin:***@10.0.0.7/live"),
            ("rtsp://admin:p@ss@10.0.0.7/live", "rtsp://admin:***@10.0.0.7/live"),
            ("rtsp://admin:pa/ss#1@10.0.0.7/live", "rtsp://admin:***@10.0.0.7/live"),
            ("rtsp://admin:pa?ss@10.0.0.7/live", "rtsp://admin:***@10.0.0.7/live"),
            ("rtsp://tok3n@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
            ("http://cam/mjpg?user=a&pwd=b&fps=5", "http://cam/mjpg?user=a&pwd=***&fps=5"),
            (
                "could not open \"rtsp://u:p@h/\": 401, then rtsp://u:q@h",
                "could not open \"rtsp://u:***@h/\": 401, then rtsp://u:***@h",
            ),
            ("/dev/video0", "/dev/video0"),
            ("a: b@c", "a: b@c"),
        ] {
            assert_eq!(redact_text(text), shown);
            assert_eq!(redact_text(shown), shown, "twice is once");
            assert_eq!(holds_mask(shown), text != shown && shown.contains("***"), "{shown}");
        }
    }
}

//! ICE servers as WHEP tells browsers of them: one `Link` header each.

use crate::config::WebRtc;

/// The values of the `Link` headers of an answer, one a server. They hold TURN credentials, so they belong in
/// answers to callers who may watch, and in no log.
pub fn ice_server_links(config: &WebRtc) -> Vec<String> {
    config
        .ice_servers
        .iter()
        .map(|server| {
            let mut link = format!("<{}>; rel=\"ice-server\"", server.url.replace(['<', '>'], ""));
            if let Some(username) = &server.username {
                link.push_str(&format!("; username={}", quoted(username)));
            }
            if let Some(credential) = &server.credential {
                let credential = quoted(credential.reveal());
                link.push_str(&format!("; credential={credential}; credential-type=\"password\""));
            }
            link
        })
        .collect()
}

/// A quoted string of HTTP. What has no place in a header is left out.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{IceServer, Secret};

    #[test]
    fn ice_servers_become_link_headers() {
        let config = WebRtc {
            ice_servers: vec![
                IceServer { url: "stun:stun.example.net".into(), username: None, credential: None },
                IceServer {
                    url: "turn:turn.example.net?transport=udp".into(),
                    username: Some("ana".into()),
                    credential: Some(Secret::new("a\"b\\c\r\nX: y".into())),
                },
            ],
            ..WebRtc::default()
        };
        assert_eq!(
            ice_server_links(&config),
            [
                r#"<stun:stun.example.net>; rel="ice-server""#,
                r#"<turn:turn.example.net?transport=udp>; rel="ice-server"; username="ana"; credential="a\"b\\cX: y"; credential-type="password""#,
            ]
        );
    }
}

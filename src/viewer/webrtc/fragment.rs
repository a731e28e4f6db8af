//! Trickled ICE candidates: `application/trickle-ice-sdpfrag`, RFC 8840.

use str0m::Candidate;

use crate::viewer::ViewerError;

/// Nobody has more addresses; who sends more wants something else.
const MOST_CANDIDATES: usize = 32;

/// What a fragment says.
#[derive(Debug, Default)]
pub(in crate::viewer) struct Fragment {
    /// The sender's ICE user name; another one than in its offer means an ICE restart.
    pub(in crate::viewer) user: Option<String>,
    pub(in crate::viewer) candidates: Vec<Candidate>,
    /// The sender has no more.
    pub(in crate::viewer) end: bool,
}

/// Reads a fragment. Candidates that cannot be used here (host names of mDNS, TCP) are passed over.
///
/// # Errors
/// [`ViewerError::Fragment`] when it is not one.
pub(in crate::viewer) fn parse(text: &str) -> Result<Fragment, ViewerError> {
    let refuse = |reason: String| Err(ViewerError::Fragment(reason));
    let mut fragment = Fragment::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let Some((kind @ ("a" | "m"), value)) = line.split_once('=') else {
            return refuse(format!("line {} is neither a=… nor m=…", number + 1));
        };
        if kind == "m" {
            continue;
        }
        match value.split_once(':').unwrap_or((value, "")) {
            ("ice-ufrag", user) => fragment.user = Some(user.trim().to_owned()),
            ("candidate", _) => {
                fragment.candidates.extend(Candidate::from_sdp_string(value.trim()).ok());
                if fragment.candidates.len() > MOST_CANDIDATES {
                    return refuse(format!("it has more than {MOST_CANDIDATES} candidates"));
                }
            }
            ("end-of-candidates", _) => fragment.end = true,
            _ => {}
        }
    }
    if fragment.user.is_none() && fragment.candidates.is_empty() && !fragment.end {
        return refuse("it has neither a candidate nor a=end-of-candidates".into());
    }
    Ok(fragment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_and_their_end_are_read() {
        let text = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
            a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n\
            a=candidate:1 1 udp 2122260223 0b7f.local 61764 typ host\r\n\
            a=end-of-candidates\r\n";
        let fragment = parse(text).unwrap();
        assert_eq!(fragment.user.as_deref(), Some("EsAw"));
        assert_eq!(fragment.candidates.len(), 1);
        assert_eq!(fragment.candidates[0].addr().to_string(), "192.0.2.1:61764");
        assert!(fragment.end);
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        for text in ["", "hello", "a=mid:0", "{\"candidate\":1}", "v=0\r\na=end-of-candidates"] {
            assert!(matches!(parse(text), Err(ViewerError::Fragment(_))), "{text:?}");
        }
        let many = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n".repeat(MOST_CANDIDATES + 1);
        assert!(matches!(parse(&many), Err(ViewerError::Fragment(_))));
    }
}

//! RTSP's answers, read; and the paths that cameras of well-known vendors keep their streams under.

/// The longest head of an answer, and the longest body.
pub(super) const MAX_HEAD: usize = 16 << 10;
pub(super) const MAX_BODY: usize = 64 << 10;

/// Main and second stream; a camera that has the first usually has the other.
pub(super) const PATHS: [(&str, Option<&str>); 14] = [
    // Hikvision and its many brands.
    ("Streaming/Channels/101", Some("Streaming/Channels/102")),
    // Dahua, Amcrest, Lorex.
    ("cam/realmonitor?channel=1&subtype=0", Some("cam/realmonitor?channel=1&subtype=1")),
    // Axis.
    ("axis-media/media.amp", None),
    // Reolink.
    ("Preview_01_main", Some("Preview_01_sub")),
    ("h264Preview_01_main", Some("h264Preview_01_sub")),
    // TP-Link, Uniview.
    ("stream1", Some("stream2")),
    ("media/video1", Some("media/video2")),
    // Ubiquiti without its recorder.
    ("s0", Some("s1")),
    // Hanwha.
    ("profile1/media.smp", Some("profile2/media.smp")),
    // Whoever copies from each other.
    ("live/ch0", Some("live/ch1")),
    ("onvif1", Some("onvif2")),
    ("live", None),
    ("cam", None),
    ("", None),
];

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Bytes of the answer before its body.
    pub length: usize,
}

impl Head {
    /// The values of the header `name`, which is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Bytes of the body; `None` when it is longer than any honest one.
    pub fn body(&self) -> Option<usize> {
        let Some(length) = self.all("content-length").next() else { return Some(0) };
        length.parse().ok().filter(|length| *length <= MAX_BODY)
    }
}

/// The head at the beginning of `bytes`: `Ok(None)` while it is not whole.
///
/// # Errors
/// When this can never become an answer of RTSP.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, NotRtsp> {
    const MARK: &[u8] = b"RTSP/1.0 ";
    let common = bytes.len().min(MARK.len());
    if bytes[..common] != MARK[..common] || bytes.contains(&0) && find_end(bytes).is_none() {
        return Err(NotRtsp);
    }
    let Some(length) = find_end(bytes) else {
        return if bytes.len() > MAX_HEAD { Err(NotRtsp) } else { Ok(None) };
    };
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| NotRtsp)?;
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or(NotRtsp)?;
    let split = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Ok(Some(Head { status, headers: lines.filter_map(split).collect(), length }))
}

/// Something else answers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRtsp;

fn find_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).take(MAX_HEAD).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let answer = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest a\r\n\
                       www-authenticate: Basic b\r\nContent-Length: 3\r\n\r\nabc";
        for end in 0..answer.len() - 3 {
            assert_eq!(head(&answer[..end]), Ok(None), "{end}");
        }
        let read = head(answer).unwrap().unwrap();
        assert_eq!((read.status, read.length, read.body()), (401, answer.len() - 3, Some(3)));
        assert_eq!(read.all("www-authenticate").collect::<Vec<_>>(), ["Digest a", "Basic b"]);
    }

    #[test]
    fn what_is_no_rtsp_is_known_at_once() {
        for bytes in [b"HTTP/1.1 400".as_slice(), b"SSH-2.0", b"RTSP/2", b"RTSP/1.0 x\r\n\r\n", b"\0"] {
            assert_eq!(head(bytes), Err(NotRtsp), "{bytes:?}");
        }
        assert_eq!(head(&[b"RTSP/1.0 200 ".as_slice(), &[b'x'; MAX_HEAD]].concat()), Err(NotRtsp));
        let long = head(b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n").unwrap().unwrap();
        assert_eq!(long.body(), None);
    }
}

//! What a stream holds, by the description that RTSP gives of it.

/// Names of codecs that need no `rtpmap`, by their payload type.
const FIXED: [(&str, &str); 4] = [("26", "JPEG"), ("31", "H261"), ("32", "MPV"), ("34", "H263")];

/// The codec of the first video in `sdp`, as RTP names it; `None` when there is no video.
pub fn video_codec(sdp: &str) -> Option<String> {
    let mut lines = sdp.lines().map(str::trim).skip_while(|line| !line.starts_with("m=video "));
    // m=video PORT PROTOCOL TYPE…
    let payload = lines.next()?.split_whitespace().nth(3).unwrap_or_default().to_owned();
    let own = lines.take_while(|line| !line.starts_with("m="));
    let mapped =
        own.filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' ')).find_map(|(of, name)| {
            let name = name.split('/').next()?.trim();
            let is_name = (1..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic());
            (of == payload && is_name).then(|| name.to_ascii_uppercase())
        });
    let fixed = || FIXED.iter().find(|(of, _)| *of == payload).map(|(_, name)| (*name).to_owned());
    Some(mapped.or_else(fixed).unwrap_or_else(|| "unknown".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codec_of_the_first_video_is_read() {
        let sound = "v=0\r\nm=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
        assert_eq!(video_codec(sound), None);
        for (video, codec) in [
            ("m=video 0 RTP/AVP 96\r\na=control:x\r\na=rtpmap:96 H264/90000\r\n", "H264"),
            ("m=video 0 RTP/AVP 97\na=rtpmap:96 H264/90000\na=rtpmap:97 h265/90000\n", "H265"),
            ("m=video 0 RTP/AVP 26\r\n", "JPEG"),
            ("m=video 0 RTP/AVP 96\r\nm=video 0 RTP/AVP 97\r\na=rtpmap:96 H264/90000\r\n", "unknown"),
        ] {
            assert_eq!(video_codec(&format!("{sound}{video}")).as_deref(), Some(codec), "{video}");
        }
        assert_eq!(video_codec("garbage"), None);
    }
}

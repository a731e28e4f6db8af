//! What a device on the network answers: WS-Discovery, SOAP, RTSP and SDP, or nothing of the kind.
#![no_main]

use atalaya::discover::{
    date_time, device_information, head, matches, media_service, profiles, snapshot_uri, stream_uri, video_codec,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(head)) = head(bytes) {
        assert!(head.length <= bytes.len());
        head.body();
    }
    let text = String::from_utf8_lossy(bytes);
    for found in matches(&text) {
        let shown = [&found.name, &found.hardware, &found.location];
        assert!(shown.into_iter().flatten().all(|text| !text.is_empty() && !text.contains('\n')));
    }
    for (_, profile) in profiles(&text) {
        assert!(!profile.name.is_empty() && profile.width != Some(0) && profile.height != Some(0));
    }
    for url in [stream_uri(&text), snapshot_uri(&text), media_service(&text).map(|(_, url)| url)] {
        assert!(url.is_none_or(|url| url.contains("://")));
    }
    date_time(&text);
    device_information(&text);
    assert!(video_codec(&text).is_none_or(|codec| !codec.is_empty()));
});

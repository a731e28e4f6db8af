//! A picture that somebody sends: JPEG, PNG, WebP, or nothing of the kind.
#![no_main]

use atalaya::still::Picture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(picture) = Picture::decode(bytes) {
        let frame = picture.i420();
        assert!(frame.width > 0 && frame.height > 0);
        assert!(frame.planes[0].bytes.len() >= (frame.height - 1) * frame.planes[0].stride + frame.width);
    }
});

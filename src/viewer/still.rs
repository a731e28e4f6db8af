//! The picture of a camera that has no signal: its last one greyed, or a dark one when there never was any.

use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};
use gstvision::draw::{self, I420Frame};

/// Size of the dark picture, pixels.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;

/// Luma of the dark picture before it is greyed: not quite black, so that it is seen to be a picture.
const DARK: u8 = 64;

/// `last` greyed and lettered, or a dark picture.
pub(super) fn no_signal(last: Option<&gst::Sample>) -> gst::Sample {
    last.and_then(greyed).unwrap_or_else(dark)
}

fn greyed(last: &gst::Sample) -> Option<gst::Sample> {
    let caps = last.caps_owned()?;
    let info = VideoInfo::from_caps(&caps).ok()?;
    // The camera's own picture may still be on its way to an encoder: this one must be apart from it.
    let mut buffer = last.buffer()?.copy_deep().ok()?;
    paint(buffer.get_mut()?, &info)?;
    Some(gst::Sample::builder().buffer(&buffer).caps(&caps).build())
}

fn dark() -> gst::Sample {
    let info = VideoInfo::builder(VideoFormat::I420, WIDTH, HEIGHT)
        .fps(gst::Fraction::new(15, 1))
        .build()
        .expect("a small I420 picture should be describable");
    let mut buffer = gst::Buffer::with_size(info.size()).expect("memory for a small picture should be there");
    let writable = buffer.get_mut().expect("a new buffer should be writable");
    if let Ok(mut frame) = VideoFrameRef::from_buffer_ref_writable(&mut *writable, &info) {
        for (plane, value) in [(0, DARK), (1, 128), (2, 128)] {
            if let Ok(data) = frame.plane_data_mut(plane) {
                data.fill(value);
            }
        }
    }
    paint(writable, &info);
    let caps = info.to_caps().expect("a small I420 picture should be describable");
    gst::Sample::builder().buffer(&buffer).caps(&caps).build()
}

fn paint(buffer: &mut gst::BufferRef, info: &VideoInfo) -> Option<()> {
    let mut frame = VideoFrameRef::from_buffer_ref_writable(buffer, info).ok()?;
    let mut picture = I420Frame::from_video_frame(&mut frame).ok()?;
    draw::no_signal(&mut picture, "no signal");
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_picture_keeps_its_size_and_loses_its_colour() {
        gst::init().expect("GStreamer should start");
        let info = VideoInfo::builder(VideoFormat::I420, 64, 48).build().unwrap();
        let mut buffer = gst::Buffer::with_size(info.size()).unwrap();
        buffer.get_mut().unwrap().map_writable().unwrap().fill(200);
        let last = gst::Sample::builder().buffer(&buffer).caps(&info.to_caps().unwrap()).build();
        let still = no_signal(Some(&last));
        assert_eq!(still.caps(), last.caps());
        let frame = VideoFrameRef::from_buffer_ref_readable(still.buffer().unwrap(), &info).unwrap();
        assert!(frame.plane_data(1).unwrap().iter().all(|&value| value.abs_diff(128) <= 1));
        let untouched = last.buffer().unwrap().map_readable().unwrap();
        assert!(untouched.iter().all(|&value| value == 200));
    }

    #[test]
    fn without_any_picture_there_is_a_dark_one() {
        gst::init().expect("GStreamer should start");
        let still = no_signal(None);
        let info = VideoInfo::from_caps(still.caps().unwrap()).unwrap();
        assert_eq!((info.width(), info.height()), (WIDTH, HEIGHT));
        assert!(still.buffer().unwrap().map_readable().unwrap().iter().any(|&value| value != 0));
    }
}

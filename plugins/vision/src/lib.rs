//! GStreamer elements that find, follow and draw people and things.

pub mod draw;
pub mod meta;
pub mod track;

use gst::glib;

#[expect(clippy::unnecessary_wraps, reason = "the signature is GStreamer's")]
fn plugin_init(_plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    meta::register();
    Ok(())
}

gst::plugin_define!(
    vision,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MIT/X11",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    "https://github.com/atalaya-video/atalaya",
    env!("BUILD_REL_DATE")
);

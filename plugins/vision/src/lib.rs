//! GStreamer elements that find, follow, draw and hide people and things.

pub mod attributes;
pub mod blur;
pub mod detect;
pub mod draw;
pub mod engine;
mod keep;
pub mod mask;
pub mod meta;
mod niceness;
pub mod overlay;
pub mod person;
mod sync;
pub mod track;
pub mod tracking;

use gst::glib;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    meta::register();
    detect::register(plugin)?;
    tracking::register(plugin)?;
    attributes::register(plugin)?;
    overlay::register(plugin)?;
    blur::register(plugin)?;
    mask::register(plugin)
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

//! Tells GStreamer the version and commit of the plugin.

fn main() {
    gst_plugin_version_helper::info();
}

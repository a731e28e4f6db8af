//! What GStreamer reports → what people are told, and whether trying again can help.

use gst::prelude::*;

use super::description::decoder_package;

/// A container in which no stream can be found.
pub(super) const BROKEN_FILE: &str = "the file is cut off or broken: no picture can be found in it";

/// Why a run of a pipeline ended without being asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may be different next time.
    Lost(String),
    /// No connection could be made; the network may know more about why.
    Unreachable(String),
    /// Somebody has to change something.
    Failed(String),
}

impl Trouble {
    pub(super) fn reason(self) -> String {
        let (Self::Lost(reason) | Self::Unreachable(reason) | Self::Failed(reason)) = self;
        reason
    }

    /// The same trouble in other words.
    pub(super) fn map(self, reword: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Lost(reason) => Self::Lost(reword(reason)),
            Self::Unreachable(reason) => Self::Unreachable(reword(reason)),
            Self::Failed(reason) => Self::Failed(reword(reason)),
        }
    }
}

/// What a pipeline said about a missing decoder: media type and GStreamer's name for what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingPlugin {
    pub(super) media_type: String,
}

impl MissingPlugin {
    /// Reads the message that elements post before they give up.
    pub(super) fn from_message(message: &gst::message::Element) -> Option<Self> {
        let structure = message.structure().filter(|structure| structure.name() == "missing-plugin")?;
        let media_type = match structure.get::<gst::Caps>("detail") {
            Ok(caps) => caps.structure(0)?.name().to_string(),
            Err(_) => structure.get::<String>("detail").ok()?,
        };
        Some(Self { media_type })
    }

    fn reason(&self) -> String {
        let package = decoder_package(&self.media_type);
        format!("no decoder for {}: install {package}", self.media_type)
    }
}

/// Explains `error`, knowing which decoders were found `missing` before it.
pub(super) fn explain(error: &gst::message::Error, missing: &[MissingPlugin]) -> Trouble {
    let cause = error.error();
    let detail = error.debug().as_deref().map(last_line).unwrap_or_default().to_owned();
    let source = error.src().and_then(|source| source.downcast_ref::<gst::Element>());
    let factory =
        source.and_then(gst::prelude::ElementExt::factory).map(|factory| factory.name().to_string());
    if factory.as_deref().is_some_and(|factory| factory.starts_with("vision")) {
        return Trouble::Failed(cause.message().to_owned());
    }
    let no_decoder =
        cause.matches(gst::CoreError::MissingPlugin) || cause.matches(gst::StreamError::CodecNotFound);
    if no_decoder || (!missing.is_empty() && cause.matches(gst::StreamError::Failed)) {
        let video = missing.iter().find(|missing| !missing.media_type.starts_with("audio/"));
        return Trouble::Failed(match video.or(missing.first()) {
            Some(missing) => missing.reason(),
            None => format!("{} {detail}", cause.message()).trim_end().to_owned(),
        });
    }
    if factory.as_deref() == Some("filesrc") {
        return Trouble::Failed(sentence(cause.message(), &detail));
    }
    if cause.matches(gst::StreamError::TypeNotFound) || cause.matches(gst::StreamError::WrongType) {
        return Trouble::Failed("this is not a video that GStreamer knows".to_owned());
    }
    if cause.matches(gst::StreamError::Demux) {
        return Trouble::Failed(BROKEN_FILE.to_owned());
    }
    if detail.contains("Failed to connect") {
        return Trouble::Unreachable("no connection to the camera".to_owned());
    }
    Trouble::Lost(network_reason(&cause, &detail).unwrap_or_else(|| sentence(cause.message(), &detail)))
}

/// The usual troubles of network cameras in plain words.
fn network_reason(cause: &gst::glib::Error, detail: &str) -> Option<String> {
    let said =
        |words: &[&str]| words.iter().any(|word| detail.contains(word) || cause.message().contains(word));
    let reason =
        if cause.matches(gst::ResourceError::NotAuthorized) || said(&["(401)", ": 401", "Unauthorized"]) {
            "camera refused user name or password (401)"
        } else if said(&["(403)", ": 403", "Forbidden"]) {
            "camera forbids this stream to this user (403)"
        } else if said(&["(404)", ": 404"]) {
            "no stream at this path (404)"
        } else if said(&["(503)", ": 503"]) {
            "camera serves no further viewer (503)"
        } else if said(&["Connection refused", "refused"]) {
            "connection refused"
        } else if said(&["Could not resolve", "resolving", "Name or service not known"]) {
            "host name is not known"
        } else if said(&["No route to host", "unreachable"]) {
            "host cannot be reached"
        } else if said(&["timed out", "Timeout", "timeout"]) {
            "no answer from the camera"
        } else {
            return None;
        };
    Some(reason.to_owned())
}

/// Headline and detail as one sentence.
fn sentence(headline: &str, detail: &str) -> String {
    let headline = headline.trim_end_matches('.');
    match detail.trim_end_matches('.') {
        "" => headline.to_owned(),
        detail => format!("{headline}: {detail}"),
    }
}

/// GStreamer's debug text begins with a place in its source code; the words come last.
fn last_line(debug: &str) -> &str {
    debug.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

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
    /// The camera does not take this user or password; one that is asked too often locks its users out.
    Refused(String),
    /// Somebody has to change something.
    Failed(String),
}

impl Trouble {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Lost(reason) | Self::Unreachable(reason) | Self::Refused(reason) | Self::Failed(reason) => {
                reason
            }
        }
    }

    /// The same trouble in other words.
    pub(super) fn map(self, reword: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Lost(reason) => Self::Lost(reword(reason)),
            Self::Unreachable(reason) => Self::Unreachable(reword(reason)),
            Self::Refused(reason) => Self::Refused(reword(reason)),
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
        return vision_trouble(&cause);
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
    network_trouble(&cause, &detail).unwrap_or_else(|| Trouble::Lost(sentence(cause.message(), &detail)))
}

/// Of our own elements: a model that is missing or does not fit is missing at the next try, too; what goes wrong
/// while frames flow may not.
fn vision_trouble(cause: &gst::glib::Error) -> Trouble {
    let for_good = cause.matches(gst::ResourceError::NotFound)
        || cause.matches(gst::ResourceError::OpenRead)
        || cause.matches(gst::LibraryError::Init)
        || cause.matches(gst::LibraryError::Settings);
    let reason = cause.message().to_owned();
    if for_good { Trouble::Failed(reason) } else { Trouble::Lost(reason) }
}

/// The usual troubles of network cameras in plain words.
fn network_trouble(cause: &gst::glib::Error, detail: &str) -> Option<Trouble> {
    let said =
        |words: &[&str]| words.iter().any(|word| detail.contains(word) || cause.message().contains(word));
    if cause.matches(gst::ResourceError::NotAuthorized) || said(&["(401)", ": 401", "Unauthorized"]) {
        return Some(Trouble::Refused("camera refused user name or password (401)".to_owned()));
    }
    if said(&["(403)", ": 403", "Forbidden"]) {
        return Some(Trouble::Refused("camera forbids this stream to this user (403)".to_owned()));
    }
    let reason = if said(&["(404)", ": 404"]) {
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
    Some(Trouble::Lost(reason.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_elements_say_is_told_in_their_words_and_retried_when_that_may_help() {
        crate::camera::start_gstreamer().expect("GStreamer should start");
        let detect = gst::ElementFactory::make("visiondetect").build().expect("it should be registered");
        let failed = |reason: &str| Trouble::Failed(reason.to_owned());
        let lost = |reason: &str| Trouble::Lost(reason.to_owned());
        let error = |kind: &dyn Fn() -> gst::message::ErrorBuilder<'static>| {
            let message = kind().src(&detect).build();
            let gst::MessageView::Error(error) = message.view() else { unreachable!() };
            explain(error, &[])
        };
        use gst::message::Error;
        for (found, expected) in [
            (error(&|| Error::builder(gst::ResourceError::NotFound, "no model")), failed("no model")),
            (error(&|| Error::builder(gst::ResourceError::OpenRead, "bad file")), failed("bad file")),
            (error(&|| Error::builder(gst::LibraryError::Init, "no runtime")), failed("no runtime")),
            (error(&|| Error::builder(gst::LibraryError::Settings, "no label")), failed("no label")),
            (error(&|| Error::builder(gst::StreamError::Failed, "the thread died")), lost("the thread died")),
            (error(&|| Error::builder(gst::ResourceError::Failed, "no thread")), lost("no thread")),
        ] {
            assert_eq!(found, expected);
        }
    }
}

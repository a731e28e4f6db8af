//! What ONVIF devices answer, read: time, who they are, where their media service is, profiles, addresses.

use jiff::civil::DateTime;
use roxmltree::Node;

use super::{Profile, xml};
use crate::domain::Timestamp;

/// Profiles that are read; a recorder may have one for each of its channels.
const MAX_PROFILES: usize = 64;
/// Longest address that is taken.
const MAX_URL: usize = 1024;

/// Namespace of the media service that nearly all devices have, and of the newer one.
const MEDIA1: &str = "http://www.onvif.org/ver10/media/wsdl";
const MEDIA2: &str = "http://www.onvif.org/ver20/media/wsdl";

/// Which words a media service understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    One,
    Two,
}

pub(super) const GET_DATE: &str = "<GetSystemDateAndTime xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/>";
pub(super) const GET_INFORMATION: &str =
    "<GetDeviceInformation xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/>";
pub(super) const GET_SERVICES: &str = "<GetServices xmlns=\"http://www.onvif.org/ver10/device/wsdl\">\
     <IncludeCapability>false</IncludeCapability></GetServices>";
pub(super) const GET_CAPABILITIES: &str = "<GetCapabilities xmlns=\"http://www.onvif.org/ver10/device/wsdl\"><Category>Media</Category></GetCapabilities>";

impl Media {
    /// The questions for all profiles.
    pub(super) fn get_profiles(self) -> String {
        match self {
            Self::One => format!("<GetProfiles xmlns=\"{MEDIA1}\"/>"),
            Self::Two => format!("<GetProfiles xmlns=\"{MEDIA2}\"><Type>All</Type></GetProfiles>"),
        }
    }

    /// The question for the stream of the profile `token`.
    pub(super) fn get_stream_uri(self, token: &str) -> String {
        let token = xml::escape(token);
        match self {
            Self::One => format!(
                "<GetStreamUri xmlns=\"{MEDIA1}\"><StreamSetup>\
                 <Stream xmlns=\"http://www.onvif.org/ver10/schema\">RTP-Unicast</Stream>\
                 <Transport xmlns=\"http://www.onvif.org/ver10/schema\"><Protocol>RTSP</Protocol></Transport>\
                 </StreamSetup><ProfileToken>{token}</ProfileToken></GetStreamUri>"
            ),
            Self::Two => format!(
                "<GetStreamUri xmlns=\"{MEDIA2}\"><Protocol>RTSP</Protocol>\
                 <ProfileToken>{token}</ProfileToken></GetStreamUri>"
            ),
        }
    }

    /// The question for the still picture of the profile `token`.
    pub(super) fn get_snapshot_uri(self, token: &str) -> String {
        let space = if self == Self::One { MEDIA1 } else { MEDIA2 };
        let token = xml::escape(token);
        format!("<GetSnapshotUri xmlns=\"{space}\"><ProfileToken>{token}</ProfileToken></GetSnapshotUri>")
    }
}

/// The device's clock.
pub fn date_time(answer: &str) -> Option<Timestamp> {
    let document = xml::parse(answer)?;
    let utc = xml::first(document.root(), &["UTCDateTime"])?;
    let number = |path: &[&'static str]| xml::text(utc, path)?.parse::<i16>().ok();
    let small = |path: &[&'static str]| number(path).and_then(|number| i8::try_from(number).ok());
    let at = DateTime::new(
        number(&["Date", "Year"])?,
        small(&["Date", "Month"])?,
        small(&["Date", "Day"])?,
        small(&["Time", "Hour"])?,
        small(&["Time", "Minute"])?,
        // A leap second is no time that others know.
        small(&["Time", "Second"])?.min(59),
        0,
    );
    let at = at.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// Manufacturer and model.
pub fn device_information(answer: &str) -> Option<(Option<String>, Option<String>)> {
    let document = xml::parse(answer)?;
    let told = xml::first(document.root(), &["GetDeviceInformationResponse"])?;
    Some((xml::text(told, &["Manufacturer"]), xml::text(told, &["Model"])))
}

/// Where the media service is, from the answer to `GetServices` or `GetCapabilities`; the older kind goes first, as
/// devices that have both know it better.
pub fn media_service(answer: &str) -> Option<(Media, String)> {
    let document = xml::parse(answer)?;
    let root = document.root();
    let services: Vec<_> = xml::all(root, "Service").collect();
    for (kind, space) in [(Media::One, MEDIA1), (Media::Two, MEDIA2)] {
        let of_kind = |node: &&Node<'_, '_>| xml::text(**node, &["Namespace"]).as_deref() == Some(space);
        if let Some(address) = services.iter().find(of_kind).and_then(|node| url(*node, &["XAddr"])) {
            return Some((kind, address));
        }
    }
    url(root, &["Capabilities", "Media", "XAddr"]).map(|address| (Media::One, address))
}

/// Profiles with their tokens.
pub fn profiles(answer: &str) -> Vec<(String, Profile)> {
    let Some(document) = xml::parse(answer) else { return Vec::new() };
    let read = |node: Node<'_, '_>| {
        let token = node.attribute("token")?.to_owned();
        let own = |name| node.children().find(|child| child.tag_name().name() == name);
        let name = own("Name").and_then(|name| xml::tidy(name.text()?));
        let encoder = xml::first(node, &["VideoEncoderConfiguration"])
            .or_else(|| xml::first(node, &["Configurations", "VideoEncoder"]));
        let number = |path: &[&'static str]| xml::text(encoder?, path)?.parse::<f64>().ok();
        let pixels = |path: &[&'static str]| {
            number(path).filter(|side| (1.0..65536.0).contains(side)).map(|side| side as u32)
        };
        let profile = Profile {
            name: name.unwrap_or_else(|| xml::tidy(&token).unwrap_or_else(|| "profile".to_owned())),
            width: pixels(&["Resolution", "Width"]),
            height: pixels(&["Resolution", "Height"]),
            fps: number(&["FrameRateLimit"]).filter(|fps| (0.1..1000.0).contains(fps)),
            codec: encoder.and_then(|encoder| xml::text(encoder, &["Encoding"])).map(|name| codec(&name)),
            ..Profile::default()
        };
        (token.len() <= MAX_URL).then_some((token, profile))
    };
    xml::all(document.root(), "Profiles").filter_map(read).take(MAX_PROFILES).collect()
}

fn codec(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    match name.as_str() {
        "HEVC" => "H265".to_owned(),
        _ => name,
    }
}

/// The address in the answer to `GetStreamUri`.
pub fn stream_uri(answer: &str) -> Option<String> {
    let document = xml::parse(answer)?;
    url(xml::first(document.root(), &["GetStreamUriResponse"])?, &["Uri"])
}

/// The address in the answer to `GetSnapshotUri`.
pub fn snapshot_uri(answer: &str) -> Option<String> {
    let document = xml::parse(answer)?;
    url(xml::first(document.root(), &["GetSnapshotUriResponse"])?, &["Uri"])
}

/// An address as it stands there, if it may be one.
fn url(node: Node<'_, '_>, path: &[&'static str]) -> Option<String> {
    let text = xml::first(node, path)?.text()?.trim();
    (text.len() <= MAX_URL && text.contains("://") && !text.contains(char::is_control))
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_clock_is_read_and_nonsense_is_no_time() {
        let answer = |month: &str, second: &str| {
            format!(
                "<E><SystemDateAndTime><UTCDateTime><Time><Hour>7</Hour><Minute>5</Minute><Second>{second}</Second>\
                 </Time><Date><Year>2024</Year><Month>{month}</Month><Day>29</Day></Date></UTCDateTime>\
                 <LocalDateTime><Time><Hour>9</Hour></Time></LocalDateTime></SystemDateAndTime></E>"
            )
        };
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let read = |month, second| date_time(&answer(month, second)).map(Timestamp::as_millis);
        assert_eq!(read("2", "6"), Some(at("2024-02-29T07:05:06Z")));
        assert_eq!(read("2", "60"), Some(at("2024-02-29T07:05:59Z")));
        assert_eq!(read("13", "6"), None);
        assert_eq!(read("x", "6"), None);
        assert_eq!(date_time("<E/>"), None);
    }

    #[test]
    fn profiles_of_both_media_services_are_read() {
        let one = "<E><GetProfilesResponse><Profiles token=\"P&amp;1\" fixed=\"true\"><Name>main</Name>\
            <VideoSourceConfiguration token=\"V\"><Name>source</Name></VideoSourceConfiguration>\
            <VideoEncoderConfiguration token=\"e\"><Name>x</Name><Encoding>H264</Encoding>\
            <Resolution><Width>1920</Width><Height>1080</Height></Resolution>\
            <RateControl><FrameRateLimit>25</FrameRateLimit></RateControl></VideoEncoderConfiguration></Profiles>\
            <Profiles token=\"bare\"/><Profiles/></GetProfilesResponse></E>";
        let read = profiles(one);
        assert_eq!(read.len(), 2, "what has no token cannot be asked for");
        assert_eq!(read[0].0, "P&1");
        let main = Profile {
            name: "main".into(),
            width: Some(1920),
            height: Some(1080),
            fps: Some(25.0),
            codec: Some("H264".into()),
            ..Profile::default()
        };
        assert_eq!(read[0].1, main);
        assert_eq!(read[1].1, Profile { name: "bare".into(), ..Profile::default() });
        let two = "<E><Profiles token=\"a\"><Name>sub</Name><Configurations><VideoEncoder token=\"e\">\
            <Encoding>H265</Encoding><Resolution><Width>640</Width><Height>-1</Height></Resolution>\
            </VideoEncoder></Configurations></Profiles></E>";
        let (_, sub) = profiles(two).remove(0);
        assert_eq!((sub.codec.as_deref(), sub.width, sub.height), (Some("H265"), Some(640), None));
    }

    #[test]
    fn the_older_media_service_goes_first() {
        let service = |space: &str, address: &str| {
            format!("<Service><Namespace>{space}</Namespace><XAddr>{address}</XAddr></Service>")
        };
        let both = format!("<E>{}{}</E>", service(MEDIA2, "http://a/2"), service(MEDIA1, "http://a/1"));
        assert_eq!(media_service(&both), Some((Media::One, "http://a/1".into())));
        let newer = format!("<E>{}</E>", service(MEDIA2, "http://a/2"));
        assert_eq!(media_service(&newer), Some((Media::Two, "http://a/2".into())));
        let old = "<E><Capabilities><Device><XAddr>http://a/d</XAddr></Device>\
                   <Media><XAddr>http://a/m</XAddr></Media></Capabilities></E>";
        assert_eq!(media_service(old), Some((Media::One, "http://a/m".into())));
        assert_eq!(media_service("<E/>"), None);
    }

    #[test]
    fn addresses_are_taken_as_they_stand_and_nonsense_is_none() {
        let answer = |uri: &str| {
            format!(
                "<E><GetStreamUriResponse><MediaUri><Uri> {uri} </Uri></MediaUri></GetStreamUriResponse></E>"
            )
        };
        assert_eq!(stream_uri(&answer("rtsp://a/x?a=1&amp;b=2")).as_deref(), Some("rtsp://a/x?a=1&b=2"));
        assert_eq!(stream_uri(&answer("x")), None);
        assert_eq!(snapshot_uri(&answer("http://a/x")), None, "another question's answer");
    }
}

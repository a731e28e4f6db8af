//! From a device that was found to a camera that can be created as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use url::Url;

use super::{Credentials, Found, port_of};
use crate::domain::{CameraId, ParamValue};

/// The pipeline for cameras that stream over RTSP.
const PIPELINE: &str = "rtsp";
/// Room for a number behind it in an id of 64.
const MAX_SLUG: usize = 56;
/// Longer names do not fit a tile.
const MAX_NAME_CHARS: usize = 100;

/// A camera as it would be configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub id: CameraId,
    pub name: String,
    pub pipeline: &'static str,
    /// With the password, when one is needed and known: show them only redacted.
    pub parameters: BTreeMap<String, ParamValue>,
}

/// The camera that `found` would be, with an id that is not among the `taken` ones and then is; `None` when no stream
/// of it is known.
pub fn propose(
    found: &Found,
    credentials: Option<&Credentials>,
    taken: &mut BTreeSet<String>,
) -> Option<Entry> {
    let location = found.profiles.iter().find_map(|profile| profile.stream_url.clone())?;
    let mut parameters = BTreeMap::from([("location".to_owned(), ParamValue::Text(location))]);
    if let Some(credentials) = credentials.filter(|_| found.takes_credentials) {
        parameters.insert("user".to_owned(), ParamValue::Text(credentials.user.clone()));
        let password = credentials.password.reveal().to_owned();
        parameters.insert("password".to_owned(), ParamValue::Text(password));
    }
    let id = id(&found.name, taken);
    taken.insert(id.to_string());
    let name = found.name.chars().take(MAX_NAME_CHARS).collect();
    Some(Entry { id, name, pipeline: PIPELINE, parameters })
}

/// Whether a camera with these parameters is what was found: at its address and, where it told any, at one of its ports.
/// Behind one address there may be many, on a recorder or behind a router.
pub fn is_at(parameters: &BTreeMap<String, ParamValue>, found: &Found) -> bool {
    let ports = found.ports();
    parameters.values().any(|value| {
        let ParamValue::Text(text) = value else { return false };
        let Ok(url) = Url::parse(text) else { return false };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host.parse::<IpAddr>().is_ok_and(|host| host.to_canonical() == found.address)
            && (ports.is_empty() || !url.scheme().starts_with("rtsp") || ports.contains(&port_of(&url)))
    })
}

fn id(name: &str, taken: &BTreeSet<String>) -> CameraId {
    let slug = slug(name);
    let numbered = (2..).map(|number| format!("{slug}-{number}"));
    let mut free = std::iter::once(slug.clone()).chain(numbered).filter(|id| !taken.contains(id));
    free.find_map(|id| CameraId::new(&id).ok()).expect("a slug with a number should be an id")
}

/// `name` in the letters of ids.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "camera".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{Profile, Via};

    fn found(name: &str) -> Found {
        Found {
            address: "10.0.0.7".parse().unwrap(),
            name: name.to_owned(),
            manufacturer: None,
            model: None,
            via: Via::Onvif,
            rtsp_port: None,
            profiles: vec![
                Profile::default(),
                Profile { stream_url: Some("rtsp://10.0.0.7/x".into()), ..Profile::default() },
            ],
            needs_credentials: false,
            takes_credentials: true,
            note: None,
        }
    }

    #[test]
    fn ids_are_free_and_allowed_whatever_a_device_calls_itself() {
        let mut taken = BTreeSet::from(["front-door".to_owned(), "front-door-2".to_owned()]);
        for (name, id) in [
            ("Front  Door!", "front-door-3"),
            ("front door", "front-door-4"),
            ("DS-2CD2042WD_(1)", "ds-2cd2042wd-1"),
            ("Kamera Küche", "kamera-k-che"),
            ("前门", "camera"),
            ("---", "camera-2"),
            (&"x".repeat(300), &"x".repeat(56)),
        ] {
            let entry = propose(&found(name), None, &mut taken).unwrap();
            assert_eq!(entry.id.as_str(), id, "{name}");
            assert!(entry.name.chars().count() <= 100);
        }
    }

    #[test]
    fn a_camera_is_known_by_its_address_and_its_port() {
        let known = |location: &str, found: &Found| {
            is_at(&BTreeMap::from([("location".to_owned(), ParamValue::Text(location.to_owned()))]), found)
        };
        let by_onvif = found("a");
        assert!(known("rtsp://10.0.0.7:554/another", &by_onvif));
        assert!(!known("rtsp://10.0.0.7:555/x", &by_onvif));
        assert!(!known("rtsp://10.0.0.8/x", &by_onvif));
        let by_rtsp =
            Found { via: Via::Rtsp, rtsp_port: Some(8555), profiles: Vec::new(), ..by_onvif.clone() };
        assert!(known("rtsp://ana@10.0.0.7:8555/", &by_rtsp));
        assert!(!known("rtsp://10.0.0.7/x", &by_rtsp));
        let silent = Found { profiles: Vec::new(), ..by_onvif };
        assert!(known("rtsp://10.0.0.7:555/x", &silent), "who tells no port may be the one");
    }

    #[test]
    fn the_password_goes_where_it_was_asked_for() {
        let credentials = Credentials::new("ana", "s3cret").unwrap();
        let keys = |found: &Found| {
            let entry = propose(found, Some(&credentials), &mut BTreeSet::new()).unwrap();
            entry.parameters.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(keys(&found("a")), ["location", "password", "user"]);
        assert_eq!(keys(&Found { takes_credentials: false, ..found("a") }), ["location"]);
        let blind = Found { profiles: Vec::new(), ..found("a") };
        assert_eq!(propose(&blind, None, &mut BTreeSet::new()), None);
    }
}

//! Cameras on the network that were found, and what was asked for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ParameterValue;
use crate::camera::redact;
use crate::discover::{Credentials, Entry, Found, Profile};
use crate::domain::ParamValue;

/// Where to look for cameras; `{}` asks whoever answers on the local networks.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverInput {
    /// Hosts, and networks of at most a /24; only private, loopback and link-local addresses are asked, at most 256.
    #[serde(default)]
    #[schema(examples(json!(["192.168.1.20", "192.168.2.0/26"])))]
    pub hosts: Vec<String>,
    /// One more network.
    #[schema(examples("192.168.1.0/24"))]
    pub cidr: Option<String>,
    pub user: Option<String>,
    /// Sent as a digest; in the open only to hosts that are named one by one, if they ask for it so.
    pub password: Option<String>,
    /// 1 to 30; default 5, of more than 32 addresses 15.
    pub timeout_s: Option<u64>,
    /// Where RTSP is looked for; default 554 and 8554.
    pub rtsp_ports: Option<Vec<u16>>,
    /// Where ONVIF is looked for besides WS-Discovery; default 80, 2020, 8000 and 8899.
    pub onvif_ports: Option<Vec<u16>>,
}

/// The password is not shown.
impl fmt::Debug for DiscoverInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoverInput")
            .field("hosts", &self.hosts)
            .field("cidr", &self.cidr)
            .field("timeout_s", &self.timeout_s)
            .finish_non_exhaustive()
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Discovery {
    /// By address.
    pub cameras: Vec<DiscoveredCamera>,
    /// False: the time was over before everybody was asked; look at fewer addresses, or for longer.
    pub complete: bool,
}

/// One line of `atalaya discover`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DiscoverLine {
    Camera(DiscoveredCamera),
}

/// A device that answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DiscoveredCamera {
    #[schema(examples("192.168.1.20"))]
    pub address: String,
    /// What it calls itself.
    #[schema(examples("Front door"))]
    pub name: String,
    pub manufacturer: Option<String>,
    pub model: Option<String>,
    /// `onvif` or `rtsp`.
    #[schema(examples("onvif"))]
    pub found_by: &'static str,
    /// Main stream first, as a rule.
    pub profiles: Vec<DiscoveredProfile>,
    /// It wants a user and a password, and got none or not the right ones.
    pub needs_credentials: bool,
    /// What stands between it and its pictures, in plain words.
    pub note: Option<String>,
    /// Id of a camera of yours at the same address and port.
    pub known_as: Option<String>,
    /// What can be sent to `POST /api/v1/cameras` as it is; null when no stream is known. A password shows as `***`; for ten minutes that stands for the one that was given here.
    pub entry: Option<CameraEntry>,
    /// The same for the configuration file; the password has to be written into it.
    pub toml: Option<String>,
}

/// One way in which a device sends its pictures.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DiscoveredProfile {
    #[schema(examples("mainStream"))]
    pub name: String,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fps: Option<f64>,
    #[schema(examples("H264"))]
    pub codec: Option<String>,
    #[schema(examples("rtsp://192.168.1.20:554/stream1"))]
    pub stream_url: Option<String>,
    pub snapshot_url: Option<String>,
}

/// A camera as it would be created.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraEntry {
    /// Not the id of any camera yet.
    #[schema(examples("front-door"))]
    pub id: String,
    pub name: String,
    #[schema(examples("rtsp"))]
    pub pipeline: String,
    #[schema(examples(json!({"location": "rtsp://192.168.1.20:554/stream1", "user": "ana", "password": "***"})))]
    pub parameters: BTreeMap<String, ParameterValue>,
}

impl DiscoveredCamera {
    /// `entry` comes with its parameters as anybody may see them.
    pub fn new(
        found: &Found,
        entry: Option<(&Entry, &BTreeMap<String, ParamValue>)>,
        credentials: Option<&Credentials>,
        known_as: Option<String>,
    ) -> Self {
        let secrets: Vec<_> = credentials.map(|known| known.password().reveal()).into_iter().collect();
        let clean = |text: &String| redact(text, &secrets);
        let profile = |profile: &Profile| DiscoveredProfile {
            name: profile.name.clone(),
            width: profile.width,
            height: profile.height,
            fps: profile.fps,
            codec: profile.codec.clone(),
            stream_url: profile.stream_url.as_ref().map(clean),
            snapshot_url: profile.snapshot_url.as_ref().map(clean),
        };
        let entry = entry.map(|(entry, shown)| CameraEntry {
            id: entry.id.to_string(),
            name: entry.name.clone(),
            pipeline: entry.pipeline.to_owned(),
            parameters: shown.iter().map(|(key, value)| (key.clone(), value.into())).collect(),
        });
        Self {
            address: found.address.to_string(),
            name: found.name.clone(),
            manufacturer: found.manufacturer.clone(),
            model: found.model.clone(),
            found_by: found.via.name(),
            profiles: found.profiles.iter().map(profile).collect(),
            needs_credentials: found.needs_credentials,
            note: found.note.as_ref().map(clean),
            known_as,
            toml: entry.as_ref().map(CameraEntry::to_toml),
            entry,
        }
    }
}

impl CameraEntry {
    /// As the configuration file wants it.
    fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let parameter = |(key, value): (&String, &ParameterValue)| {
            let value = match value {
                ParameterValue::Text(value) => text(value),
                ParameterValue::Bool(value) => value.to_string(),
                ParameterValue::Int(value) => value.to_string(),
                ParameterValue::Float(value) => value.to_string(),
            };
            format!("{key} = {value}")
        };
        let parameters: Vec<_> = self.parameters.iter().map(parameter).collect();
        format!(
            "[[cameras]]\nid = {}\nname = {}\npipeline = {}\nparameters = {{ {} }}\n",
            text(&self.id),
            text(&self.name),
            text(&self.pipeline),
            parameters.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_password() {
        let input: DiscoverInput = serde_json::from_str(r#"{"user": "ana", "password": "hunter2"}"#).unwrap();
        assert!(!format!("{input:?}").contains("hunter2"));
    }

    #[test]
    fn an_entry_for_the_file_is_toml_whatever_a_device_calls_itself() {
        let entry = CameraEntry {
            id: "a".into(),
            name: "\"]\n[server]\nlisten = \"0.0.0.0:1\"".into(),
            pipeline: "rtsp".into(),
            parameters: [("location".to_owned(), ParameterValue::Text("rtsp://a/'\"\\x".into()))].into(),
        };
        let read: toml::Table = entry.to_toml().parse().unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["cameras"]);
        let camera = &read["cameras"][0];
        assert_eq!(camera["name"].as_str(), Some(entry.name.as_str()));
        assert_eq!(camera["parameters"]["location"].as_str(), Some("rtsp://a/'\"\\x"));
    }
}

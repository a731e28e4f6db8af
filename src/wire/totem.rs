//! What totems, those who watch them and the server say to each other on `/ws`: the names and the Spanish values of the
//! original design, to the letter.

use gstvision::person::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frame::{in_pixels, rounded};
use super::{Attributes, Detection, Time, ZoneClock};
use crate::domain::{self, Place, Timestamp};

/// Longest name that a client may give to a message of its own.
const MAX_ID_CHARS: usize = 256;

/// What a message is, before the rest of it is read.
#[derive(Debug, Deserialize)]
pub struct TotemEnvelope {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub request_id: Option<RequestId>,
}

/// A client's own name for a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    Number(serde_json::Number),
    Text(String),
}

impl RequestId {
    /// Whether it is short enough to be repeated.
    pub fn is_short(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Text(text) => text.len() <= MAX_ID_CHARS,
        }
    }
}

/// A picture of a totem's camera.
#[derive(Debug, Deserialize)]
pub struct ImageStream {
    /// JPEG, PNG or WebP in base64; a data URL's beginning may stand before it.
    #[serde(default)]
    pub image_data: Option<String>,
    #[serde(default = "yes")]
    pub camera_active: bool,
    /// Anything; comes back.
    #[serde(default)]
    pub timestamp: Option<RequestId>,
}

/// Sound of a totem's microphone.
#[derive(Debug, Deserialize)]
pub struct AudioStream {
    /// In base64; a data URL's beginning may stand before it.
    pub audio_data: String,
    #[serde(default)]
    pub sample_rate: Option<u32>,
    #[serde(default)]
    pub format: Option<String>,
    #[serde(default)]
    pub channels: Option<u16>,
}

fn yes() -> bool {
    true
}

/// What is said of the person nearest to the totem.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct TotemAnalysis {
    pub person_detected: bool,
    pub face_detected: bool,
    pub clothing_item: Option<String>,
    pub clothing_style: Option<String>,
    pub primary_color: Option<String>,
    pub secondary_color: Option<String>,
    pub head_accessory: Option<String>,
    pub bag_accessory: Option<String>,
    pub age_range: Option<String>,
    /// The model's, 0..1; 0 when nobody is there.
    pub detection_confidence: f32,
}

impl TotemAnalysis {
    /// Of `person`, if there is anybody.
    pub fn new(person: Option<&TotemDetection>) -> Self {
        let Some(person) = person else { return Self::default() };
        let said = |attribute: &super::Attribute| attribute.value.as_deref().and_then(spanish);
        let of = &person.attributes;
        Self {
            person_detected: true,
            face_detected: person.face.is_some(),
            clothing_item: said(&of.garment),
            clothing_style: said(&of.style),
            primary_color: said(&of.primary_color),
            secondary_color: said(&of.secondary_color),
            head_accessory: said(&of.head_accessory),
            bag_accessory: said(&of.bag),
            age_range: said(&of.age_range),
            detection_confidence: person.detection.confidence,
        }
    }
}

/// What a totem that analyses by itself has seen: a picture, or all that it makes of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SightingInput {
    /// Which totem it is.
    #[schema(examples("totem-hall"))]
    pub camera: Option<String>,
    pub branch_id: Option<i64>,
    pub sector_id: Option<i64>,
    /// JPEG, PNG or WebP in base64; then it is analysed here, and there is no `analysis`.
    pub image_data: Option<String>,
    pub analysis: Option<SightingAnalysis>,
    /// When the person came, RFC 3339; default: now. With it, a record that is sent again is kept once.
    pub at: Option<String>,
    /// When the person was last seen; default: `at`.
    pub leave: Option<String>,
    /// Tells apart people who came at the same time; default 1.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    pub track: Option<u32>,
    /// What the totem looks with.
    #[schema(examples("real_detection_mediapipe"))]
    pub engine: Option<String>,
}

/// What a totem says of a person, by the names and values of `/ws`; the API's own codes are taken, too. Members that are
/// not known are passed over.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SightingAnalysis {
    /// False: nobody was there, and nothing is kept.
    #[serde(default = "yes")]
    pub person_detected: bool,
    pub clothing_item: Option<String>,
    pub clothing_style: Option<String>,
    pub primary_color: Option<String>,
    pub secondary_color: Option<String>,
    pub head_accessory: Option<String>,
    pub bag_accessory: Option<String>,
    /// Such as `25-34`; the range that is ours holds its middle.
    pub age_range: Option<String>,
    /// 0..1.
    pub detection_confidence: Option<f32>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Sighting {
    pub camera: String,
    pub branch_id: i64,
    pub sector_id: Option<i64>,
    pub enter: Time,
    pub leave: Time,
    /// Whether it is a visit: somebody was there.
    pub kept: bool,
}

/// What a totem is answered that has seen by itself: [`RealtimeAnalysis`] to a picture, [`Sighting`] to a record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SightingAnswer {
    Seen(Box<RealtimeAnalysis>),
    Kept(Sighting),
}

/// Words that totems say for ours.
const ALIASES: [(&str, &str); 3] = [("lentes", "glasses"), ("cartera", "handbag"), ("celeste", "blue")];

/// Codes whose Spanish values in the protocol are not the words of the labels in pictures.
const CODES: [(&str, &str); 4] = [
    ("long_sleeve", "camiseta_manga_larga"),
    ("formal", "formal"),
    ("sporty", "deportivo"),
    ("casual", "casual"),
];

/// The protocol's value for a code; `None` for what was seen to be absent.
fn spanish(code: &str) -> Option<String> {
    if code == gstvision::person::NONE {
        return None;
    }
    let own = CODES.iter().find(|(known, _)| *known == code).map(|(_, value)| *value);
    Some(own.unwrap_or_else(|| Language::Spanish.word(code)).to_owned())
}

/// The code of one of the protocol's values; the value itself when it is a code, an age, or unknown.
pub fn code_of(value: &str) -> &str {
    if let Some((code, _)) = CODES.iter().find(|(_, spanish)| *spanish == value) {
        return code;
    }
    let alias = || ALIASES.iter().find(|(word, _)| *word == value).map(|(_, code)| *code);
    Language::Spanish.code(value).or_else(alias).unwrap_or(value)
}

/// Somebody on a totem's picture.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TotemDetection {
    #[serde(flatten)]
    pub detection: Detection,
    /// As the box; null when no face is seen.
    pub face: Option<[f32; 4]>,
    pub attributes: Attributes,
}

impl TotemDetection {
    /// `detection` with its face, on a picture of `size`, width and height in pixels.
    pub fn new(detection: &domain::Detection, face: Option<domain::Rect>, size: (u32, u32)) -> Self {
        let nothing = domain::Attributes::default();
        Self {
            detection: Detection::new(detection, size),
            face: face.map(|face| in_pixels(face, size)),
            attributes: detection.attributes.as_deref().unwrap_or(&nothing).into(),
        }
    }
}

/// What was seen on a picture.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename = "realtime_analysis")]
pub struct RealtimeAnalysis {
    pub analysis: TotemAnalysis,
    /// JPEG in base64; null when the camera is off.
    pub annotated_image: Option<String>,
    /// Name of the detector.
    pub engine: String,
    pub timestamp: Time,
    pub camera: String,
    pub branch_id: i64,
    pub width: u32,
    pub height: u32,
    /// Nearest first.
    pub detections: Vec<TotemDetection>,
    /// Whether this brings a result of the detector that no answer before it brought.
    pub detector_ran: bool,
    /// How old the picture is that the boxes were found on.
    pub analysis_age_ms: u64,
}

/// What only the sender of a picture or sound is told besides.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TotemEcho {
    /// Pictures since the last answer that were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_timestamp: Option<RequestId>,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "voice_analysis")]
pub struct VoiceAnalysis {
    pub segments_ms: Vec<[u64; 2]>,
    pub speech_ratio: f32,
    pub loudness_db: f32,
    pub duration_ms: u64,
    pub speech_ms: u64,
    pub camera: String,
    pub branch_id: i64,
    pub timestamp: Time,
}

impl VoiceAnalysis {
    /// `heard` with its stretches of speech, told at `now`.
    pub fn new(heard: &domain::VoiceActivity, segments_ms: &[(u64, u64)], now: Timestamp) -> Self {
        Self {
            segments_ms: segments_ms.iter().map(|(from, to)| [*from, *to]).collect(),
            speech_ratio: rounded(heard.speech_ratio, 4),
            loudness_db: rounded(heard.loudness_db, 1),
            duration_ms: heard.duration_ms,
            speech_ms: heard.speech_ms,
            camera: heard.place.camera.to_string(),
            branch_id: heard.place.branch.get(),
            timestamp: ZoneClock::utc().write(now),
        }
    }
}

/// Said besides.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TotemNotice {
    /// What was sent cannot be used; the connection goes on.
    Error {
        code: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
    },
    /// So many answers were not sent, as those before them were not read yet.
    Skipped {
        answers: u64,
    },
    Pong,
}

impl TotemNotice {
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a notice should be JSON: its keys are texts")
    }
}

impl RealtimeAnalysis {
    /// What is said of a totem in `place` whose camera is off.
    pub fn of_nothing(place: &Place, engine: &str, now: Timestamp) -> Self {
        Self {
            analysis: TotemAnalysis::default(),
            annotated_image: None,
            engine: engine.to_owned(),
            timestamp: ZoneClock::utc().write(now),
            camera: place.camera.to_string(),
            branch_id: place.branch.get(),
            width: 0,
            height: 0,
            detections: Vec::new(),
            detector_ran: false,
            analysis_age_ms: 0,
        }
    }
}

/// `message` as all are told it.
pub fn write_told(message: &impl Serialize) -> String {
    serde_json::to_string(message)
        .expect("an answer should be JSON: its keys are texts and its numbers finite")
}

/// `message` as its sender is told it.
pub fn write_answer(message: &impl Serialize, echo: &TotemEcho) -> String {
    let (mut answer, own) = (write_told(message), write_told(echo));
    // Both are objects: what the one lacks the other adds.
    answer.truncate(answer.len() - 1);
    if own.len() > 2 {
        answer.push(',');
    }
    answer.push_str(own.strip_prefix('{').unwrap_or(&own));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_original_design_and_lead_back_to_their_codes() {
        let pairs = [
            ("jacket", "chaqueta"),
            ("sweatshirt", "sudadera"),
            ("long_sleeve", "camiseta_manga_larga"),
            ("t_shirt", "camiseta"),
            ("formal", "formal"),
            ("sporty", "deportivo"),
            ("casual", "casual"),
            ("brown", "marrón"),
            ("purple", "morado"),
            ("hat", "sombrero"),
            ("glasses", "gafas"),
            ("backpack", "mochila"),
            ("handbag", "bolso"),
            ("suitcase", "maleta"),
            ("25-34", "25-34"),
        ];
        for (code, value) in pairs {
            assert_eq!(spanish(code).as_deref(), Some(value));
            assert_eq!(code_of(value), code);
        }
        assert_eq!(spanish("none"), None);
    }

    #[test]
    fn the_sender_is_told_the_same_and_what_is_its_own() {
        let notice = TotemNotice::Skipped { answers: 3 };
        let (told, own) = (write_told(&notice), write_answer(&notice, &TotemEcho::default()));
        assert_eq!((told.as_str(), own.as_str()), (r#"{"type":"skipped","answers":3}"#, told.as_str()));
        let echo = TotemEcho {
            request_id: Some(RequestId::Text("7".into())),
            skipped_frames: Some(2),
            client_timestamp: None,
        };
        let own = write_answer(&notice, &echo);
        assert_eq!(own, r#"{"type":"skipped","answers":3,"skipped_frames":2,"request_id":"7"}"#);
    }
}

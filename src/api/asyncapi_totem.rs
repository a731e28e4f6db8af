//! What is said on `/ws`, for the AsyncAPI document: docs/totem.md as a contract.

use serde_json::{Map, Value, json};

/// What the server says besides what it says on every socket.
const SAID: [&str; 3] = ["realtime_analysis", "voice_analysis", "skipped"];

/// What a client may say.
const HEARD: [&str; 2] = ["image_stream", "audio_stream"];

/// Messages of the gateway's that are said here, too.
const SHARED: [&str; 4] = ["auth", "ping", "pong", "error"];

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// Adds the channel of totems to a document of the gateway.
pub(super) fn add_to(document: &mut Value) {
    let names = SAID.iter().chain(&HEARD).chain(&SHARED);
    let messages: Map<_, _> = names.map(|name| ((*name).to_owned(), reference("messages", name))).collect();
    let text = |description: &str| json!({"type": "string", "description": description});
    document["channels"]["totem"] = json!({
        "address": "/ws",
        "description": "Totems send pictures and sound; they and those who watch are told what is seen and heard.",
        "messages": messages,
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                "token": text("The token, unless it comes by a header or as the first message"),
                "totem": text("Which totem this is"),
                "branch_id": {"type": "integer", "description": "Where it stands"},
                "sector_id": {"type": "integer", "description": "Where it stands"},
            }},
            "headers": {"type": "object", "properties": {
                "Sec-WebSocket-Protocol": text("`atalaya.v1`; or `bearer, TOKEN`; or both"),
            }},
        }},
    });
    let part = |names: &[&str]| -> Vec<Value> {
        let message = |kind: &&str| json!({"$ref": format!("#/channels/totem/messages/{kind}")});
        names.iter().map(message).collect()
    };
    let channel = json!({"$ref": "#/channels/totem"});
    let tells = part(&[&SAID[..], &["pong", "error"]].concat());
    let hears = part(&[&HEARD[..], &["auth", "ping"]].concat());
    document["operations"]["tell_totem"] = json!({"action": "send", "channel": channel, "messages": tells});
    document["operations"]["hear_totem"] =
        json!({"action": "receive", "channel": channel, "messages": hears});
    for name in SAID.iter().chain(&HEARD) {
        document["components"]["messages"][*name] = message(name);
    }
}

fn message(name: &str) -> Value {
    let (summary, required, members) = match name {
        "realtime_analysis" => {
            ("What is seen on a picture: to its sender once, and to the others", REALTIME, realtime())
        }
        "voice_analysis" => ("When somebody spoke in a sound", VOICE, voice()),
        "skipped" => (
            "So many answers of others were not sent, as those before them were not read yet",
            &["answers"][..],
            json!({"answers": {"type": "integer", "minimum": 1}}),
        ),
        "image_stream" => (
            "A picture of the totem's camera",
            &[][..],
            json!({
                "image_data": {"type": "string", "description": "JPEG, PNG or WebP in base64, or as a data URL; needed while the camera is on"},
                "camera_active": {"type": "boolean", "default": true},
                "timestamp": {"type": ["string", "number", "null"], "description": "Comes back as `client_timestamp`"},
                "request_id": own_id(),
            }),
        ),
        _ => (
            "Sound of the totem's microphone",
            &["audio_data"][..],
            json!({
                "audio_data": {"type": "string", "description": "In base64, or as a data URL"},
                "sample_rate": {"type": "integer", "minimum": 8000, "maximum": 192_000},
                "format": {"type": "string", "enum": ["wav", "opus", "s16le", "pcm", "s16be", "f32le"], "default": "wav"},
                "channels": {"type": "integer", "minimum": 1, "maximum": 8, "default": 1},
                "request_id": own_id(),
            }),
        ),
    };
    let mut properties = members.as_object().cloned().unwrap_or_default();
    properties.insert("type".into(), json!({"const": name}));
    let required: Vec<_> = ["type"].iter().chain(required).collect();
    json!({"summary": summary, "payload": {"type": "object", "required": required, "properties": properties}})
}

const REALTIME: &[&str] = &[
    "analysis",
    "annotated_image",
    "engine",
    "timestamp",
    "camera",
    "branch_id",
    "width",
    "height",
    "detections",
    "detector_ran",
    "analysis_age_ms",
];

const VOICE: &[&str] = &[
    "segments_ms",
    "speech_ratio",
    "loudness_db",
    "duration_ms",
    "speech_ms",
    "camera",
    "branch_id",
    "timestamp",
];

fn own_id() -> Value {
    json!({"type": ["string", "number", "null"], "description": "The client's own name for it; told to nobody else"})
}

fn rect() -> Value {
    json!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4,
        "description": "`[x, y, width, height]` in pixels"})
}

fn realtime() -> Value {
    let (text, count) = (json!({"type": ["string", "null"]}), json!({"type": "integer", "minimum": 0}));
    let (flag, share) = (json!({"type": "boolean"}), json!({"type": "number", "minimum": 0, "maximum": 1}));
    json!({
        "analysis": {
            "type": "object",
            "description": "Of the person nearest to the totem; values in Spanish",
            "properties": {
                "person_detected": flag, "face_detected": flag, "clothing_item": text, "clothing_style": text,
                "primary_color": text, "secondary_color": text, "head_accessory": text, "bag_accessory": text,
                "age_range": text, "detection_confidence": share,
            },
        },
        "annotated_image": {"type": ["string", "null"], "description": "JPEG in base64; null when the camera is off"},
        "engine": {"type": "string", "description": "Name of the detector"},
        "timestamp": {"type": "string", "format": "date-time"},
        "camera": {"type": "string"},
        "branch_id": {"type": "integer", "minimum": 1},
        "width": count, "height": count,
        "detections": {"type": "array", "description": "Nearest first", "items": {
            "type": "object",
            "properties": {
                "track": {"type": ["integer", "null"]}, "label": {"type": "string"}, "confidence": share,
                "box": rect(), "face": {"anyOf": [rect(), {"type": "null"}]}, "attributes": {"type": "object"},
            },
        }},
        "detector_ran": {"type": "boolean", "description": "It brings a result that no answer before it brought"},
        "analysis_age_ms": {"type": "integer", "minimum": 0, "maximum": 400},
        "skipped_frames": {"type": "integer", "minimum": 0, "description": "To the sender: pictures that this one overtook"},
        "request_id": own_id(),
        "client_timestamp": {"type": ["string", "number", "null"]},
    })
}

fn voice() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    json!({
        "segments_ms": {"type": "array", "items": {"type": "array", "items": count, "minItems": 2, "maxItems": 2}},
        "speech_ratio": {"type": "number", "minimum": 0, "maximum": 1},
        "loudness_db": {"type": "number"},
        "duration_ms": count, "speech_ms": count,
        "camera": {"type": "string"},
        "branch_id": {"type": "integer", "minimum": 1},
        "timestamp": {"type": "string", "format": "date-time"},
        "request_id": own_id(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CameraId, Place, TenantId, Timestamp, VoiceActivity};
    use crate::wire::{RealtimeAnalysis, TotemNotice, VoiceAnalysis};

    #[test]
    fn whatever_is_told_of_totems_is_in_it_with_all_its_members() {
        let camera = CameraId::new("totem-1").unwrap();
        let place = Place { tenant: TenantId::default(), branch: Default::default(), sector: None, camera };
        let now = Timestamp::from_millis(0);
        let heard = VoiceActivity {
            place: place.clone(),
            begin: now,
            duration_ms: 1,
            speech_ms: 1,
            speech_ratio: 1.0,
            loudness_db: -3.0,
        };
        let told = [
            serde_json::to_value(RealtimeAnalysis::of_nothing(&place, "nanodet", now)).unwrap(),
            serde_json::to_value(VoiceAnalysis::new(&heard, &[], now)).unwrap(),
            serde_json::from_str(&TotemNotice::Skipped { answers: 1 }.text()).unwrap(),
        ];
        for told in told {
            let payload = message(told["type"].as_str().unwrap());
            let mut required: Vec<_> = payload["payload"]["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            let mut members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
            required.sort_unstable();
            members.sort_unstable();
            assert_eq!(members, required);
            assert!(required.iter().all(|name| payload["payload"]["properties"][*name].is_object()));
        }
        let analysis = serde_json::to_value(crate::wire::TotemAnalysis::default()).unwrap();
        let described = realtime()["analysis"]["properties"].as_object().unwrap().len();
        assert_eq!(analysis.as_object().unwrap().len(), described);
    }
}

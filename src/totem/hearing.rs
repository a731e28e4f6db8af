//! What a client says, understood: a picture, a sound, or nothing that is known.

use std::sync::Arc;
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Totems;
use super::client::{Client, Sent, Spoken};
use super::turns::short;
use crate::wire::{AudioStream, ImageStream, RequestId, TotemEnvelope, TotemNotice};

impl Totems {
    /// Takes a message: what is to be looked at or listened to waits for its turn, everything else is answered.
    pub(super) fn hear(&self, client: &Arc<Client>, text: &str) {
        let envelope: TotemEnvelope = match serde_json::from_str(text) {
            Ok(envelope) => envelope,
            Err(error) => return refuse_json(client, &error, None),
        };
        let TotemEnvelope { kind, request_id } = envelope;
        let request_id = request_id.filter(RequestId::is_short);
        match kind.as_deref() {
            Some("image_stream" | "audio_stream") if !client.visitor.may_send => {
                client.refuse("forbidden", "the token's roles may watch and not send", request_id);
            }
            Some("image_stream") => self.hear_picture(client, text, request_id),
            Some("audio_stream") => self.hear_sound(client, text, request_id),
            Some("ping") => client.say(&TotemNotice::Pong),
            Some(other) => {
                let known = "it is image_stream or audio_stream";
                client.refuse(
                    "unknown_type",
                    format!("type {:?} is not known; {known}", short(other)),
                    request_id,
                );
            }
            None => client.refuse("unknown_type", "type is missing", request_id),
        }
    }

    fn hear_picture(&self, client: &Arc<Client>, text: &str, request_id: Option<RequestId>) {
        let Some(ImageStream { image_data, camera_active, timestamp }) = read(client, text, &request_id)
        else {
            return;
        };
        if camera_active && image_data.is_none() {
            return client.refuse("bad_message", "image_data is missing", request_id);
        }
        client.put(Sent {
            image: image_data.filter(|_| camera_active),
            request_id,
            timestamp: timestamp.filter(RequestId::is_short),
            at: Instant::now(),
        });
    }

    fn hear_sound(&self, client: &Arc<Client>, text: &str, request_id: Option<RequestId>) {
        let Some(sound) = read::<AudioStream>(client, text, &request_id) else { return };
        let arrived = self.0.context.clock.now();
        if !client.put_sound(Spoken { sound, request_id: request_id.clone(), arrived }) {
            client.refuse("busy", "two sounds wait already", request_id);
        }
    }
}

fn read<T: DeserializeOwned>(client: &Client, text: &str, request_id: &Option<RequestId>) -> Option<T> {
    serde_json::from_str(text).inspect_err(|error| refuse_json(client, error, request_id.clone())).ok()
}

fn refuse_json(client: &Client, error: &serde_json::Error, request_id: Option<RequestId>) {
    let code = match error.classify() {
        Category::Data => "bad_message",
        _ => "bad_json",
    };
    // It may repeat a value of the message, however long.
    client.refuse(code, error.to_string().chars().take(200).collect::<String>(), request_id);
}

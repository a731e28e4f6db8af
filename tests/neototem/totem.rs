//! Totems, and the pictures that they send.

use std::io::Cursor;
use std::sync::LazyLock;

use atalaya::auth::Ttl;
use atalaya::config::Config;
use atalaya::domain::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::street::street;
use crate::world::{Client, World, caller, within};

/// Several people who walk, in base64.
static STREET: LazyLock<String> = LazyLock::new(|| STANDARD.encode(street("jpegenc")));

/// A wall of the same size, in base64.
static WALL: LazyLock<String> = LazyLock::new(|| {
    let wall = RgbImage::from_fn(768, 576, |x, y| {
        let noise = (x * 7919 + y * 104_729) % 7;
        Rgb([90 + (x / 8) as u8 + noise as u8, 100 + (y / 8) as u8, 110])
    });
    let mut jpeg = Cursor::new(Vec::new());
    wall.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    STANDARD.encode(jpeg.get_ref())
});

pub(crate) fn street_picture() -> &'static str {
    &STREET
}

pub(crate) fn wall_picture() -> &'static str {
    &WALL
}

pub(crate) async fn server() -> World {
    World::with(small).await
}

/// Settings for few people and much haste.
pub(crate) fn small(config: &mut Config) {
    config.detector.model = "nanodet".into();
}

impl World {
    /// Somebody of a tenant on `/ws`.
    pub(crate) async fn visitor(&self, tenant: i64, subject: &str, role: Role, branches: &[i64]) -> Client {
        let token = self.keys.issue(&caller(tenant, subject, role, branches, &[]), Ttl::from_secs(3600));
        self.try_connect(&format!("/ws?token={token}"), &[]).await.unwrap()
    }

    /// What a request of tenant 1's admin is answered.
    pub(crate) async fn ask(
        &self,
        request: impl FnOnce(&str) -> reqwest::RequestBuilder,
    ) -> (StatusCode, Value) {
        let token = self.token("boss", Role::Admin, &[]);
        let base = format!("http://{}", self.address());
        let response = within(request(&base).bearer_auth(token).send()).await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or_default())
    }

    /// What stands at `path`, for tenant 1's admin.
    pub(crate) async fn read(&self, path: &str) -> String {
        let token = self.token("boss", Role::Admin, &[]);
        let get = reqwest::Client::new().get(format!("http://{}{path}", self.address())).bearer_auth(token);
        within(async { get.send().await.unwrap().text().await.unwrap() }).await
    }

    /// The visits of a totem in the shift at hand.
    pub(crate) async fn visits(&self, camera: &str) -> Vec<Value> {
        let get = |base: &str| {
            reqwest::Client::new().get(format!("{base}/api/v1/shifts/current/visits?camera={camera}"))
        };
        let (status, page) = self.ask(get).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["items"].as_array().unwrap().clone()
    }
}

impl Client {
    /// Sends a picture and reads its answer.
    pub(crate) async fn show(&mut self, picture: &str, id: &str) -> Value {
        self.say(&json!({"type": "image_stream", "image_data": picture, "camera_active": true,
            "timestamp": "2025-10-20T14:32:15", "request_id": id}))
            .await;
        loop {
            let message = self.next().await;
            if message["request_id"] == id {
                return message;
            }
        }
    }

    /// Asserts that nothing was said before this question.
    pub(crate) async fn has_heard_nothing(&mut self) {
        self.say(&json!({"type": "ping"})).await;
        assert_eq!(self.next().await, json!({"type": "pong"}));
    }
}

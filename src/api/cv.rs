//! Single pictures: who is on one, and what can be said of them. Nothing is kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gstvision::engine::EngineError;
use gstvision::person::Language;
use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::analyses::{Kind, Order};
use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, parse, query, with};
use super::upload::{Accepts, MAX_UPLOAD_BYTES, Upload, Uploaded, upload};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::still::{self, Analyser, Analysers, Picture, PictureError};
use crate::totem::LookError;
use crate::wire;
use crate::wire::image::Person;
use crate::wire::{ImageAnalysis, ImageDetections, ImageInput, Problem};

const JSON: &str = "application/json";

const ACCEPTS: Accepts = Accepts {
    kinds: &["image/jpeg", "image/png", "image/webp", JSON],
    text: "image/jpeg, image/png, image/webp or application/json",
};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller()).and(query()).and(upload());
    let detect = warp::path!("api" / "v1" / "cv" / "detect")
        .and(warp::post())
        .and(with_caller())
        .then(detect_people)
        .map(respond);
    let analyze = warp::path!("api" / "v1" / "cv" / "analyze")
        .and(warp::post())
        .and(with_caller())
        .then(analyze_people)
        .map(respond);
    detect.or(analyze).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PictureQuery {
    annotated: Option<bool>,
}

/// The people on a picture, as boxes.
#[utoipa::path(post, path = "/api/v1/cv/detect", tag = "pictures",
    params(("annotated" = Option<bool>, Query, description = "With the picture and its boxes; default false")),
    request_body(content((ImageInput = "application/json"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    responses((status = 200, body = ImageDetections),
        (status = 503, description = "Too much waits to be analysed (`Retry-After`), or the detector cannot be loaded", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn detect_people(
    state: State,
    caller: Caller,
    query: Answer<PictureQuery>,
    upload: Upload,
) -> Answer<Json<ImageDetections>> {
    let seen = look(&state, &caller, query, upload, Analyser::people).await?;
    let (width, height) = seen.size;
    let detections =
        seen.people.iter().map(|person| wire::Detection::new(&person.detection, seen.size)).collect();
    Ok(Json(ImageDetections {
        width,
        height,
        model: seen.model,
        detections,
        annotated_image: seen.annotated,
    }))
}

/// The people on a picture, each with all that can be said of them.
#[utoipa::path(post, path = "/api/v1/cv/analyze", tag = "pictures",
    params(("annotated" = Option<bool>, Query, description = "With the picture and its boxes; default false")),
    request_body(content((ImageInput = "application/json"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    responses((status = 200, body = ImageAnalysis),
        (status = 503, description = "Too much waits to be analysed (`Retry-After`), or the detector cannot be loaded", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn analyze_people(
    state: State,
    caller: Caller,
    query: Answer<PictureQuery>,
    upload: Upload,
) -> Answer<Json<ImageAnalysis>> {
    let seen = look(&state, &caller, query, upload, Analyser::analyse).await?;
    let (width, height) = seen.size;
    let people =
        seen.people.iter().map(|person| Person::new(&person.detection, person.face, seen.size)).collect();
    Ok(Json(ImageAnalysis { width, height, model: seen.model, people, annotated_image: seen.annotated }))
}

/// What was seen on a picture that is no more.
struct Seen {
    /// Width and height in pixels.
    size: (u32, u32),
    model: String,
    people: Vec<still::Person>,
    /// JPEG in base64.
    annotated: Option<String>,
}

/// One way to look at a picture.
type Look = fn(&mut Analyser, &Picture) -> Result<Vec<still::Person>, EngineError>;

async fn look(
    state: &State,
    caller: &Caller,
    query: Answer<PictureQuery>,
    upload: Upload,
    look: Look,
) -> Answer<Seen> {
    let limit = state.max_body_bytes.max(MAX_UPLOAD_BYTES);
    let checked = super::permit(caller, Action::Analyse).and(query);
    let (query, upload) = upload.after(checked, limit).await?;
    let annotated = query.annotated.unwrap_or(false);
    let order = Order { tenant: caller.tenant, kind: Kind::Picture, accepts: ACCEPTS, limit };
    let (analysers, language) = (state.analysers.clone(), state.language);
    state
        .analyses
        .run(order, upload, move |uploaded| see(&analysers, uploaded, (annotated, language), look))
        .await
}

/// Blocks for as long as decoding, the inferences and encoding take.
fn see(
    analysers: &Analysers,
    uploaded: Uploaded,
    (annotated, language): (bool, Language),
    look: Look,
) -> Answer<Seen> {
    let (bytes, annotated) = match uploaded.kind.as_str() {
        JSON => {
            let input: ImageInput = parse(&uploaded.bytes)?;
            (picture_data(&input.image_data)?, annotated || input.annotated)
        }
        _ => (uploaded.bytes, annotated),
    };
    let picture = Picture::decode(&bytes)?;
    drop(bytes);
    let (model, people) = analysers
        .lend(|analyser| Ok((analyser.model().to_owned(), look(analyser, &picture)?)))
        .map_err(LookError::from)?;
    let size = (picture.width(), picture.height());
    let annotated = match annotated {
        true => Some(STANDARD.encode(picture.into_annotated(&people, language).map_err(ApiError::internal)?)),
        false => None,
    };
    Ok(Seen { size, model, people, annotated })
}

/// A picture that stands in JSON as `image_data`.
pub(super) fn picture_data(text: &str) -> Answer<Vec<u8>> {
    wire::from_base64(text).map_err(|error| ApiError::invalid("image_data", error))
}

impl From<PictureError> for ApiError {
    fn from(error: PictureError) -> Self {
        let detail = error.to_string();
        match error {
            PictureError::Format => Self::Unsupported(detail),
            PictureError::Size { .. } | PictureError::Deep(_) => Self::Oversized(detail),
            PictureError::Broken(_) => Self::Unfit(detail),
        }
    }
}

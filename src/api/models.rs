//! Models: which there are, which are in use, where they run and how fast.

use gstvision::engine::{self, Loaded, Manifest};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::reply::{Json, respond};
use super::request::{Answer, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::wire::{Model, Page};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "models")
        .and(warp::get())
        .and(with(state.clone()))
        .and(caller())
        .then(list_models)
        .map(respond)
        .boxed()
}

/// All models, by name.
#[utoipa::path(get, path = "/api/v1/models", tag = "models",
    responses((status = 200, body = Page<Model>), super::openapi::Refusals))]
pub(super) async fn list_models(state: State, caller: Caller) -> Answer<Json<Page<Model>>> {
    super::permit(&caller, Action::View)?;
    let loaded = engine::loaded();
    let show = |manifest: &Manifest| show(manifest, loaded.iter().find(|l| l.model == manifest.name));
    Ok(Json(Page::whole(state.models.iter().map(show).collect())))
}

fn show(manifest: &Manifest, loaded: Option<&Loaded>) -> Model {
    Model {
        name: manifest.name.clone(),
        job: manifest.job().name().to_owned(),
        description: manifest.description.clone(),
        licence: manifest.licence.clone(),
        labels: manifest.labels.clone(),
        // By way of its decimals: 0.35 is not to be told as 0.3499999940395355.
        score: manifest.thresholds.score.to_string().parse().unwrap_or_default(),
        loaded: loaded.is_some(),
        device: loaded.map(|loaded| loaded.device.name().to_owned()),
        inference_ms: loaded.and_then(|loaded| loaded.inference_ms),
    }
}

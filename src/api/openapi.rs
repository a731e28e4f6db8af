//! The OpenAPI document, gathered from the handlers. A route that is not listed here does not answer.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::access::SESSION_COOKIE;
use super::{
    assignments, asyncapi, audit, branches, cameras, control, cv, derived, detections, discover, docs,
    event_stream, events, export, gateway, gateway_pages, health, jobs, media, metrics, models, occupancy,
    pipelines, schedules, sectors, series, session, shifts, summaries, table_tokens, tokens, totem, tracking,
    voice, whep, whip,
};
use crate::wire::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Atalaya",
        description = "Live video with what it sees drawn on it, and numbers per work shift. \
            Every route needs a token, as `Authorization: Bearer …` or as the session's cookie, but those that say so. \
            Errors are problems by RFC 9457; what a token may not see does not exist for it."
    ),
    paths(
        cameras::list_cameras, cameras::create_camera, cameras::get_camera, cameras::put_camera,
        cameras::patch_camera, cameras::delete_camera,
        discover::discover_cameras,
        control::get_status, control::start_camera, control::stop_camera, control::restart_camera,
        media::get_snapshot, media::get_mjpeg, detections::stream_detections,
        whep::whep_options, whep::offer_whep, whep::trickle_whep, whep::end_whep,
        whip::whip_options, whip::offer_whip, whip::trickle_whip, whip::end_whip,
        pipelines::list_pipelines, pipelines::get_pipeline, pipelines::check_pipeline,
        models::list_models,
        branches::list_branches, branches::create_branch, branches::get_branch, branches::put_branch,
        branches::patch_branch, branches::delete_branch,
        schedules::list_schedules, schedules::get_schedule, schedules::put_schedule, schedules::delete_schedule,
        shifts::list_shifts, shifts::current_shift, summaries::current_summary,
        cv::detect_people, cv::analyze_people, voice::hear_voice, tracking::track_camera, totem::totem_socket,
        shifts::current_visits, shifts::get_shift, summaries::get_summary, shifts::list_visits,
        summaries::current_comparison, summaries::get_comparison,
        occupancy::get_occupancy, occupancy::get_heatmap, series::get_series,
        export::export_range, export::export_current_csv, export::export_current_ndjson, export::export_csv,
        export::export_ndjson,
        sectors::list_sectors, sectors::create_sector, sectors::get_sector, sectors::put_sector,
        sectors::patch_sector, sectors::delete_sector,
        assignments::list_assignments, assignments::put_assignment, assignments::delete_assignment,
        tokens::list_tokens, tokens::issue_token, tokens::revoke_token, table_tokens::issue_table_token,
        audit::list_changes,
        session::log_in, session::log_out, session::get_session, session::end_session,
        health::get_health, health::get_readiness, metrics::get_metrics,
        jobs::list_jobs, jobs::run_job, jobs::list_nodes,
        docs::get_openapi, docs::get_docs, asyncapi::get_asyncapi,
        gateway::waiter_socket, gateway::kitchen_socket, gateway::admin_socket, gateway::diner_socket,
        gateway_pages::get_gateway_health, gateway_pages::get_gateway_parts, gateway_pages::get_gateway_metrics,
        events::publish_events, event_stream::stream_events,
    ),
    tags(
        (name = "cameras", description = "What is watched, and where it stands"),
        (name = "video", description = "What the cameras see, live"),
        (name = "pipelines", description = "How a camera's pictures are got and looked at"),
        (name = "models", description = "What looks at them"),
        (name = "places", description = "Branches, their sectors, and when their shifts start"),
        (name = "shifts", description = "Figures and visits by work period"),
        (name = "pictures", description = "Single ones, analysed and forgotten"),
        (name = "figures", description = "How many there were over time, and where people stood"),
        (name = "export", description = "Rows as files, for programs of others"),
        (name = "sound", description = "When somebody spoke; the sound itself is forgotten"),
        (name = "totems", description = "Those who stand before them, and what they see"),
        (name = "gateway", description = "What happens, told at once to whom it concerns"),
        (name = "session", description = "Who is asking"),
        (name = "access", description = "Who may ask, and who changed what"),
        (name = "operations", description = "For those who run the server"),
        (name = "contract", description = "This document"),
    ),
    security(("token" = []), ("session" = [])),
    modifiers(&Schemes)
)]
struct Contract;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
        components.add_security_scheme("session", cookie);
    }
}

/// How any route with a token may refuse.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum Refusals {
    /// No token, or one that is not valid
    #[response(status = 401, content_type = "application/problem+json")]
    NoToken(Problem),
    /// The token's roles do not allow it
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
}

/// What is not there, as far as the token can tell.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum Absence {
    /// There is none, or none that the token may see
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// What cannot be changed here.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum Fixed {
    /// The camera stands in the configuration file
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// As [`Fixed`], of branches.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum InFile {
    /// The branch stands in the configuration file
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// How a body can be wrong.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum BadBody {
    /// It cannot be read; `field` says where
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// It did not arrive in time
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(Problem),
    /// It is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// It is of another type
    #[response(status = 415, content_type = "application/problem+json")]
    WrongType(Problem),
    /// A value does not fit; `field` says which
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// How a query can be wrong.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum BadQuery {
    /// A key is unknown or its value cannot be read; `field` says which
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// A value does not fit; `field` says which
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What is told or kept by the database.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) enum Away {
    /// The database does not answer; try again
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// The contract of this server.
pub(super) fn document() -> Document {
    let mut document = Contract::openapi();
    derived::complete(&mut document);
    document
}

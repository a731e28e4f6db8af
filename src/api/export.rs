//! Rows as files: CSV and JSON lines, streamed from the database as fast as the client takes them.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::download::{Order, send};
use super::error::ApiError;
use super::occupancy::given_range;
use super::reply::respond;
use super::request::{Answer, query, with};
use super::shifts::{self, SelectionQuery, selection};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{ExportKind, Extent, Selection, Shift};
use crate::wire::{ExportFormat, Sheet};

/// Ten years, and so everything that there is.
const MAX_DAYS: i64 = 3660;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let asked = || warp::get().and(with(state.clone())).and(caller());
    let of_shift = || asked().and(query());
    let range = warp::path!("api" / "v1" / "export" / String);
    let range = range.and(asked()).and(query()).then(export_range).map(respond);
    let current_csv = warp::path!("api" / "v1" / "shifts" / "current" / "export.csv");
    let current_csv = current_csv.and(of_shift()).then(export_current_csv).map(respond);
    let current_ndjson = warp::path!("api" / "v1" / "shifts" / "current" / "export.ndjson");
    let current_ndjson = current_ndjson.and(of_shift()).then(export_current_ndjson).map(respond);
    let csv = warp::path!("api" / "v1" / "shifts" / String / "export.csv");
    let csv = csv.and(of_shift()).then(export_csv).map(respond);
    let ndjson = warp::path!("api" / "v1" / "shifts" / String / "export.ndjson");
    let ndjson = ndjson.and(of_shift()).then(export_ndjson).map(respond);
    let current = current_csv.or(current_ndjson).unify();
    range.or(current).unify().or(csv).unify().or(ndjson).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeQuery {
    branch_id: Option<i64>,
    from: Option<String>,
    to: Option<String>,
    sector_id: Option<i64>,
    camera: Option<String>,
    open: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShiftQuery {
    /// Of the current shift only.
    branch_id: Option<i64>,
    of: Option<String>,
    from: Option<String>,
    to: Option<String>,
    sector_id: Option<i64>,
    camera: Option<String>,
    open: Option<bool>,
}

/// Rows of a branch over a time, the first at first, as a file.
#[utoipa::path(get, path = "/api/v1/export/{name}", tag = "export",
    params(("name" = String, Path, pattern = "^(visits|crossings|stays|occupancy|voice)\\.(csv|ndjson)$", description = "What, and how: `visits`, `crossings` of lines, `stays` in zones, `occupancy` by the minute or `voice`, as `.csv` or `.ndjson`"),
        ("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("from" = Option<String>, Query, description = "RFC 3339; needed. What begins from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; default: now. What begins before this instant, at most 3660 days after `from`"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("open" = Option<bool>, Query, description = "Only visits that go on, or only those that are over")),
    responses((status = 200, description = "Rows; when it breaks off, the transfer is incomplete", content((String = "text/csv"), (String = "application/x-ndjson"))),
        super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn export_range(
    name: String,
    state: State,
    caller: Caller,
    query: Answer<RangeQuery>,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let (kind, format) = file(&name).ok_or_else(|| ApiError::no("export", &name))?;
    let RangeQuery { branch_id, from, to, sector_id, camera, open } = query?;
    let range = given_range(from, to, state.clock.now(), MAX_DAYS)?;
    let (from, to) = range.ok_or_else(|| ApiError::invalid("from", "is needed"))?;
    let part = SelectionQuery { from: None, to: None, sector_id, camera, open };
    let meant = Selection { from: Some(from), to: Some(to), ..selection(part)? };
    let branch = shifts::branch(&state, &caller, branch_id).await?;
    let clock = shifts::zone(&state, &caller, branch).await?;
    let name = format!("atalaya-{kind}-{}-to-{}", clock.date(from), clock.date(to));
    let (extent, sheet) = (Extent::Branch(branch), Sheet::new(kind, format, clock));
    let export = state.store.export(caller.tenant, kind, extent, meant)?;
    send(&state, &caller, Order { export, sheet, name }).await
}

/// `visits.csv` and the like.
fn file(name: &str) -> Option<(ExportKind, ExportFormat)> {
    let (kind, extension) = name.split_once('.')?;
    Some((ExportKind::from_name(kind)?, ExportFormat::from_extension(extension)?))
}

/// Rows of the shift that runs now, as CSV.
#[utoipa::path(get, path = "/api/v1/shifts/current/export.csv", tag = "export",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("of" = Option<String>, Query, pattern = "^(visits|crossings|stays|occupancy|voice)$", description = "Which rows; default: `visits`"),
        ("from" = Option<String>, Query, description = "RFC 3339; what begins from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; what begins before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("open" = Option<bool>, Query, description = "Only visits that go on, or only those that are over")),
    responses((status = 200, description = "Rows; when it breaks off, the transfer is incomplete", content_type = "text/csv", body = String),
        super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn export_current_csv(
    state: State,
    caller: Caller,
    query: Answer<ShiftQuery>,
) -> Answer<Response> {
    export_current(state, caller, (query?, ExportFormat::Csv)).await
}

/// Rows of the shift that runs now, a JSON object a line.
#[utoipa::path(get, path = "/api/v1/shifts/current/export.ndjson", tag = "export",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("of" = Option<String>, Query, pattern = "^(visits|crossings|stays|occupancy|voice)$", description = "Which rows; default: `visits`"),
        ("from" = Option<String>, Query, description = "RFC 3339; what begins from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; what begins before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("open" = Option<bool>, Query, description = "Only visits that go on, or only those that are over")),
    responses((status = 200, description = "Rows; when it breaks off, the transfer is incomplete", content_type = "application/x-ndjson", body = String),
        super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn export_current_ndjson(
    state: State,
    caller: Caller,
    query: Answer<ShiftQuery>,
) -> Answer<Response> {
    export_current(state, caller, (query?, ExportFormat::Ndjson)).await
}

/// A shift's rows, the first at first, as CSV.
#[utoipa::path(get, path = "/api/v1/shifts/{id}/export.csv", tag = "export",
    params(("id" = i64, Path), ("of" = Option<String>, Query, pattern = "^(visits|crossings|stays|occupancy|voice)$", description = "Which rows; default: `visits`"),
        ("from" = Option<String>, Query, description = "RFC 3339; what begins from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; what begins before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("open" = Option<bool>, Query, description = "Only visits that go on, or only those that are over")),
    responses((status = 200, description = "Rows; when it breaks off, the transfer is incomplete", content_type = "text/csv", body = String),
        super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn export_csv(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ShiftQuery>,
) -> Answer<Response> {
    export_shift(id, state, caller, (query?, ExportFormat::Csv)).await
}

/// A shift's rows, the first at first, a JSON object a line.
#[utoipa::path(get, path = "/api/v1/shifts/{id}/export.ndjson", tag = "export",
    params(("id" = i64, Path), ("of" = Option<String>, Query, pattern = "^(visits|crossings|stays|occupancy|voice)$", description = "Which rows; default: `visits`"),
        ("from" = Option<String>, Query, description = "RFC 3339; what begins from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; what begins before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw"),
        ("open" = Option<bool>, Query, description = "Only visits that go on, or only those that are over")),
    responses((status = 200, description = "Rows; when it breaks off, the transfer is incomplete", content_type = "application/x-ndjson", body = String),
        super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn export_ndjson(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ShiftQuery>,
) -> Answer<Response> {
    export_shift(id, state, caller, (query?, ExportFormat::Ndjson)).await
}

async fn export_current(
    state: State,
    caller: Caller,
    (query, format): (ShiftQuery, ExportFormat),
) -> Answer<Response> {
    let shift = shifts::running(&state, &caller, query.branch_id).await?;
    export_rows(&state, &caller, shift, (query, format)).await
}

async fn export_shift(
    id: String,
    state: State,
    caller: Caller,
    (query, format): (ShiftQuery, ExportFormat),
) -> Answer<Response> {
    let shift = shifts::find_only(&state, &caller, (&id, query.branch_id)).await?;
    export_rows(&state, &caller, shift, (query, format)).await
}

async fn export_rows(
    state: &State,
    caller: &Caller,
    shift: Shift,
    (query, format): (ShiftQuery, ExportFormat),
) -> Answer<Response> {
    let ShiftQuery { branch_id: _, of, from, to, sector_id, camera, open } = query;
    let meant = selection(SelectionQuery { from, to, sector_id, camera, open })?;
    let (kind, clock) = (rows_of(of.as_deref())?, shifts::zone(state, caller, shift.branch).await?);
    let name = format!("atalaya-{kind}-{}-{}", clock.date(shift.start), file_name(&shift));
    let sheet = Sheet::new(kind, format, clock);
    let export = state.store.export(caller.tenant, kind, Extent::Shift(shift), meant)?;
    send(state, caller, Order { export, sheet, name }).await
}

/// What `of` asks for.
fn rows_of(of: Option<&str>) -> Answer<ExportKind> {
    let Some(name) = of else { return Ok(ExportKind::Visits) };
    ExportKind::from_name(name).ok_or_else(|| {
        let known = ExportKind::ALL.map(ExportKind::name).join(", ");
        ApiError::invalid("of", format!("{name:?} is none of {known}"))
    })
}

/// A shift in letters that any file system and any header takes.
fn file_name(shift: &Shift) -> String {
    let name: String = shift.name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}{}", if name.is_empty() { "shift" } else { &name }, shift.id)
}

//! Walls, generated: two tenants, every route of the contract, every id of the other; never a byte of the other's data.

use std::collections::BTreeSet;

use atalaya::domain::{
    Attributes, Camera, CameraId, Change, Direction, ExportKind, IssuedToken, Line, Place, Point, Role,
    Sector, SectorAssignment, SectorId, Visit, VoiceActivity, Zone,
};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, VisitRecord, ZoneStayRecord};
use atalaya::visit::Minute;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{NOON, World, branch, caller, tenant};

/// In every text that tenant 1 has; nothing that is asked for holds it, but ids in paths.
const MARK: &str = "zzmarkzz";

/// Streams without an end: their heads are looked at, and what comes first.
const ENDLESS: [&str; 3] = ["/mjpeg", "/detections", "/events/stream"];

/// Ids of all kinds that tenant 1 has.
struct Marked {
    ids: Vec<String>,
}

async fn mark(world: &World) -> Marked {
    let text = |what: &str| format!("{MARK} {what}");
    let (one, at) = (tenant(1), branch(1));
    let marked = format!("{MARK}-camera");
    let point = |x, y| Point { x, y };
    let hall = world.store.camera(one, &CameraId::new("hall").unwrap()).await.unwrap().unwrap();
    let camera = Camera {
        id: CameraId::new(&marked).unwrap(),
        name: text("camera"),
        sector: Some(SectorId::new(5).unwrap()),
        lines: vec![Line {
            name: text("line").into(),
            from: point(0.0, 0.5),
            to: point(1.0, 0.5),
            entrance: true,
        }],
        zones: vec![Zone::new(&text("zone"), vec![point(0.0, 0.0), point(1.0, 0.0), point(1.0, 1.0)])],
        ..hall
    };
    world.store.create_camera(one, &camera).await.unwrap();
    world.cameras.put(camera);
    let mut venue = world.store.branch(one, at).await.unwrap().unwrap();
    venue.name = text("branch");
    world.store.put_branch(one, &venue, None, NOON).await.unwrap();
    let sector = Sector { id: SectorId::new(5).unwrap(), tenant: one, branch: at, name: text("sector") };
    world.store.create_sector(one, &sector).await.unwrap();
    let user = format!("{MARK}-user");
    let serves = SectorAssignment { tenant: one, branch: at, user: user.clone(), sectors: vec![sector.id] };
    world.store.put_sector_assignment(one, &serves).await.unwrap();
    let token = issued(&text);
    world.store.add_token(one, &token).await.unwrap();
    let change = Change {
        tenant: one,
        branch: Some(at),
        at: NOON,
        subject: text("subject"),
        roles: vec![Role::Admin],
        token: Some(format!("{MARK}-token")),
        method: "PATCH".into(),
        route: text("route"),
        resource: format!("cameras/{marked}"),
        fields: vec![text("field")],
        status: 200,
        request: text("request"),
    };
    world.store.add_change(one, &change).await.unwrap();
    mark_rows(world, &marked).await;
    let shift = world.store.shift_at(one, at, NOON).await.unwrap();
    let ids = vec![marked, shift.id.to_string(), "5".into(), token.id, "hall".into(), "1".into(), user];
    Marked { ids }
}

/// A row of each kind with the mark in it.
async fn mark_rows(world: &World, camera: &str) {
    let place = Place {
        tenant: tenant(1),
        branch: branch(1),
        sector: SectorId::new(5).ok(),
        camera: CameraId::new(camera).unwrap(),
    };
    let (line, zone, at) = (format!("{MARK} line").into(), format!("{MARK} zone").into(), NOON);
    let minute = Minute {
        start_ms: at.as_millis().cast_unsigned(),
        min: 1,
        max: 1,
        people_ms: 60_000,
        seen_ms: 60_000,
    };
    let visit = Visit {
        place: place.clone(),
        track: 1,
        enter: at,
        leave: at,
        confidence: 0.5,
        model: MARK.into(),
        attributes: Attributes::default(),
    };
    let (direction, entrance) = (Direction::In, true);
    let records = [
        Record::Visit(VisitRecord { run: 1, open: false, visit }),
        Record::Crossing(CrossingRecord {
            run: 1,
            place: place.clone(),
            track: 1,
            line,
            entrance,
            direction,
            at,
        }),
        Record::ZoneStay(ZoneStayRecord {
            run: 1,
            place: place.clone(),
            track: 1,
            zone,
            enter: at,
            leave: at,
        }),
        Record::Minute(MinuteRecord { run: 1, place: place.clone(), minute }),
    ];
    world.store.write(tenant(1), &records).await.unwrap();
    let heard = VoiceActivity {
        place,
        begin: at,
        duration_ms: 1000,
        speech_ms: 500,
        speech_ratio: 0.5,
        loudness_db: -20.0,
    };
    world.store.add_voice_activity(tenant(1), &heard).await.unwrap();
}

/// Names of exports: what may stand in their path besides ids.
fn files() -> impl Iterator<Item = String> {
    let formats = ["csv", "ndjson"];
    ExportKind::ALL.into_iter().flat_map(move |kind| formats.map(|format| format!("{kind}.{format}")))
}

/// A token with a mark in each of its texts.
fn issued(text: &impl Fn(&str) -> String) -> IssuedToken {
    IssuedToken {
        tenant: tenant(1),
        id: format!("{MARK}-token"),
        subject: text("subject"),
        roles: vec![Role::Viewer],
        branches: vec![branch(1)],
        sectors: Vec::new(),
        issued_by: text("issuer"),
        issued: Some(NOON),
        expires: None,
        revoked: None,
    }
}

/// Every way to fill a route's path.
fn paths(route: &str, ids: &[String]) -> BTreeSet<String> {
    let mut paths = BTreeSet::from([route.to_owned()]);
    while let Some(path) = paths.iter().find(|path| path.contains('{')).cloned() {
        paths.remove(&path);
        let (before, rest) = path.split_once('{').unwrap();
        let (_, after) = rest.split_once('}').unwrap();
        paths.extend(ids.iter().map(|id| format!("{before}{id}{after}")));
    }
    paths
}

/// Each parameter of the query that may name something of the other, filled with each of its ids.
fn queries(operation: &Value, ids: &[String]) -> Vec<String> {
    let mut queries = vec![String::new()];
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().unwrap();
            queries.extend(ids.iter().map(|id| format!("?{name}={id}")));
        }
    }
    queries
}

/// Nothing is told by an export without a time: that of all there is, unless the query has one.
fn ranged(path: &str, query: String) -> String {
    let from = "from=2026-05-01T00:00:00Z&to=2026-05-06T00:00:00Z";
    match path.contains("/export/") && !query.starts_with("?from=") && !query.starts_with("?to=") {
        true if query.is_empty() => format!("?{from}"),
        true => format!("{query}&{from}"),
        false => query,
    }
}

/// What is told of an answer, without what the request itself said.
async fn told(response: reqwest::Response, asked: &str) -> String {
    let status = response.status();
    let headers = format!("{:?}", response.headers());
    let is_endless = ENDLESS.iter().any(|end| asked.split('?').next().unwrap().ends_with(end));
    let body = match is_endless && status.is_success() {
        true => String::new(),
        false => String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned(),
    };
    let path = asked.split('?').next().unwrap();
    let mut text = format!("{status} {headers} {body}").replace(path, "");
    // A problem may quote the id that was asked for.
    for part in asked.split(['/', '?', '=', '&']).filter(|part| part.contains(MARK)) {
        text = text.replace(part, "");
    }
    text
}

async fn no_route_tells_another_tenant_anything(world: &World) {
    let marked = mark(world).await;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    let stranger = world.token(&caller(2, &[], &[Role::Admin]));
    let (mut asked, mut found) = (0, Vec::new());
    let names: Vec<_> = files().collect();
    for (route, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let ids = if route.contains("/export/") { &names } else { &marked.ids };
            for path in paths(route, ids) {
                for query in queries(operation, &marked.ids) {
                    let query = ranged(&path, query);
                    let target = format!("{path}{query}");
                    let mut request = world.bare(method.clone(), &target).bearer_auth(&stranger);
                    if let Some(body) = body_of(operation) {
                        request = request.json(&body);
                    }
                    let answer = request.send().await.unwrap();
                    assert_ne!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "nothing is seen behind that");
                    let text = told(answer, &target).await;
                    asked += 1;
                    if text.contains(MARK) || text.contains("hunter2") || text.contains("Centro") {
                        found.push(format!("{method} {target}: {text}"));
                    }
                }
            }
        }
    }
    assert!(asked > 300, "{asked}");
    assert!(found.is_empty(), "{}", found.join("\n"));
    // It was there to be found, and nothing of it was changed.
    for list in ["cameras", "branches", "sectors", "sectors/assignments", "tokens", "audit"] {
        let path = &format!("/api/v1/{list}");
        let (status, own) = world.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(own.to_string().contains(MARK), "{path}: {own}");
    }
    for name in &names {
        let path = ranged("/api/v1/export/", String::new());
        let own = world.admin(Method::GET, &format!("/api/v1/export/{name}{path}")).send().await.unwrap();
        assert!(own.text().await.unwrap().contains(MARK), "{name}");
    }
    let (_, log) = world.get("/api/v1/audit").await;
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
}

/// A body that the contract gives as an example, or an empty one.
fn body_of(operation: &Value) -> Option<Value> {
    let content = &operation["requestBody"]["content"]["application/json"];
    if content.is_null() {
        return None;
    }
    Some(if content["example"].is_null() { json!({}) } else { content["example"].clone() })
}

on_both!(no_route_tells_another_tenant_anything);

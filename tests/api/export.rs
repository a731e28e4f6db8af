//! Rows as files, as clients meet them: whole, in their place, at the client's pace, or visibly broken off.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use atalaya::domain::{Attribute, Attributes, CameraId, Place, Role, SectorId, Visit, VoiceActivity};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, VisitRecord, ZoneStayRecord};
use atalaya::visit::{Direction, Minute};
use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection;

use crate::eventually::eventually;
use crate::postgres::Cluster;
use crate::world::{NOON, World, branch, caller, header, json as answer, tenant};

/// More than fits all buffers between the database and a client that takes nothing.
const MANY: u64 = 40_000;

/// All of the day in which the clock stands.
const DAY: &str = "from=2026-05-04T00:00:00%2B02:00&to=2026-05-05T00:00:00%2B02:00";

on_both!(
    csv_has_what_the_list_of_visits_has,
    json_lines_are_the_items_of_the_list,
    every_kind_of_rows_can_be_had,
    a_client_that_reads_slowly_holds_up_nobody_and_has_nothing_read_ahead,
);

fn place(camera: &str) -> Place {
    Place {
        tenant: tenant(1),
        branch: branch(1),
        sector: SectorId::new(3).ok(),
        camera: CameraId::new(camera).unwrap(),
    }
}

fn visit(camera: &str, minutes: u64, seconds: u64) -> VisitRecord {
    let enter = NOON - Duration::from_secs(minutes * 60);
    let said = |value: &str| Attribute { value: Some(value.into()), confidence: 0.75 };
    VisitRecord {
        run: 1,
        open: minutes == 0,
        visit: Visit {
            place: place(camera),
            track: minutes,
            enter,
            leave: enter + Duration::from_secs(seconds),
            confidence: 0.875,
            model: "=nano,\"det\"".into(),
            attributes: Attributes { garment: said("jacket"), bag: said("none"), ..Attributes::default() },
        },
    }
}

async fn add_visits(world: &World) {
    let visits = [visit("hall", 90, 30), visit("hall", 20, 10), visit("fixed", 10, 50), visit("hall", 0, 5)];
    world.store.write_visits(tenant(1), &visits).await.unwrap();
}

async fn text(world: &World, path: &str) -> String {
    let response = world.admin(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rows by the names of their columns.
fn table(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// What a cell of a value is.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with('=') => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn csv_has_what_the_list_of_visits_has(world: &World) {
    add_visits(world).await;
    let (_, listed) = world.get("/api/v1/shifts/current/visits").await;
    let id = world.get("/api/v1/shifts/current").await.1["id"].clone();
    let whole = text(world, "/api/v1/shifts/current/export.csv").await;
    assert_eq!(whole, text(world, &format!("/api/v1/shifts/{id}/export.csv")).await);
    assert_eq!(whole, text(world, &format!("/api/v1/export/visits.csv?{DAY}")).await);
    assert!(whole.starts_with("id,shift_id,branch_id,") && whole.ends_with("\r\n"), "{whole}");
    let rows = table(&whole);
    let mut items = listed["items"].as_array().unwrap().clone();
    items.reverse();
    assert_eq!(rows.len(), items.len());
    for (row, item) in rows.iter().zip(&items) {
        for (name, value) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "attributes") {
            assert_eq!(row[name], cell(value), "{name}");
        }
        for (name, said) in item["attributes"].as_object().unwrap() {
            assert_eq!(row[name], cell(&said["value"]), "{name}");
            let confidence = if said["value"].is_null() { String::new() } else { cell(&said["confidence"]) };
            assert_eq!(row[&format!("{name}_confidence")], confidence, "{name}");
        }
    }
    assert_eq!(
        (rows[0]["model"].as_str(), rows[0]["enter"].as_str()),
        ("'=nano,\"det\"", "2026-05-04T10:30:00+02:00")
    );
    for (query, tracks) in [
        ("camera=hall", vec!["90", "20", "0"]),
        ("camera=fixed&sector_id=3", vec!["10"]),
        ("sector_id=4", vec![]),
        ("open=true", vec!["0"]),
        ("open=false", vec!["90", "20", "10"]),
        ("from=2026-05-04T11:40:00%2B02:00&to=2026-05-04T12:00:00%2B02:00", vec!["20", "10"]),
    ] {
        let told = text(world, &format!("/api/v1/shifts/{id}/export.csv?{query}")).await;
        assert_eq!(
            table(&told).iter().map(|row| row["track"].as_str()).collect::<Vec<_>>(),
            tracks,
            "{query}"
        );
        let (_, listed) = world.get(&format!("/api/v1/shifts/{id}/visits?{query}")).await;
        let listed: Vec<_> =
            listed["items"].as_array().unwrap().iter().rev().map(|item| item["track"].to_string()).collect();
        assert_eq!(listed, tracks, "{query}: the list takes the same");
    }
}

async fn json_lines_are_the_items_of_the_list(world: &World) {
    add_visits(world).await;
    let (_, listed) = world.get("/api/v1/shifts/current/visits").await;
    let mut items = listed["items"].as_array().unwrap().clone();
    items.reverse();
    assert_eq!(lines(&text(world, "/api/v1/shifts/current/export.ndjson").await), items);
    assert_eq!(lines(&text(world, &format!("/api/v1/export/visits.ndjson?{DAY}")).await), items);
    assert_eq!(text(world, "/api/v1/shifts/current/export.ndjson?camera=nobody").await, "");
}

async fn every_kind_of_rows_can_be_had(world: &World) {
    let at = NOON - Duration::from_secs(600);
    let crossing = CrossingRecord {
        run: 1,
        place: place("hall"),
        track: 7,
        line: "=HYPERLINK(\"http://x\")".into(),
        entrance: true,
        direction: Direction::Out,
        at,
    };
    let leave = at + Duration::from_secs(90);
    let stay =
        ZoneStayRecord { run: 1, place: place("hall"), track: 7, zone: "bar, left".into(), enter: at, leave };
    let start_ms = at.as_millis().cast_unsigned();
    let minute = Minute { start_ms, min: 1, max: 4, people_ms: 150_000, seen_ms: 60_000 };
    let records = [
        Record::Crossing(crossing),
        Record::ZoneStay(stay),
        Record::Minute(MinuteRecord { run: 1, place: place("hall"), minute }),
    ];
    world.store.write(tenant(1), &records).await.unwrap();
    let heard = VoiceActivity {
        place: place("hall"),
        begin: at,
        duration_ms: 4000,
        speech_ms: 1000,
        speech_ratio: 0.25,
        loudness_db: -27.5,
    };
    world.store.add_voice_activity(tenant(1), &heard).await.unwrap();
    let mut all = Vec::new();
    for kind in ["crossings", "stays", "occupancy", "voice"] {
        let csv = text(world, &format!("/api/v1/export/{kind}.csv?{DAY}")).await;
        let ndjson = text(world, &format!("/api/v1/export/{kind}.ndjson?{DAY}")).await;
        let (rows, items) = (table(&csv), lines(&ndjson));
        assert_eq!((rows.len(), items.len()), (1, 1), "{kind}");
        for (name, value) in items[0].as_object().unwrap() {
            assert_eq!(rows[0][name], cell(value), "{kind}.{name}");
        }
        assert_eq!(rows[0].len(), items[0].as_object().unwrap().len(), "{kind}");
        for format in ["csv", "ndjson"] {
            let by_shift = text(world, &format!("/api/v1/shifts/current/export.{format}?of={kind}")).await;
            assert_eq!(by_shift, if format == "csv" { csv.clone() } else { ndjson.clone() });
        }
        all.push(csv);
    }
    insta::assert_snapshot!("exports", all.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_a_name_a_type_and_may_be_packed() {
    let world = World::start().await;
    add_visits(&world).await;
    let visits: Vec<_> = (100..200).map(|n| visit("hall", n, 5)).collect();
    world.store.write_visits(tenant(1), &visits).await.unwrap();
    let path = format!("/api/v1/export/visits.csv?{DAY}");
    let plain = world.admin(Method::GET, &path).send().await.unwrap();
    assert_eq!(header(&plain, "content-type"), "text/csv; charset=utf-8");
    let name = "attachment; filename=\"atalaya-visits-2026-05-04-to-2026-05-05.csv\"";
    assert_eq!(header(&plain, "content-disposition"), name);
    assert!(header(&plain, "vary").contains("accept-encoding"));
    let whole = plain.bytes().await.unwrap();
    let packed = world.admin(Method::GET, &path).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    let packed = packed.bytes().await.unwrap();
    assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < whole.len() / 4, "{}", packed.len());
    let shift =
        world.admin(Method::GET, "/api/v1/shifts/current/export.ndjson?of=stays").send().await.unwrap();
    assert_eq!(header(&shift, "content-type"), "application/x-ndjson");
    assert!(
        header(&shift, "content-disposition")
            .starts_with("attachment; filename=\"atalaya-stays-2026-05-04-morning")
    );
    let head = world.admin(Method::HEAD, &path).send().await.unwrap();
    assert_eq!((head.status(), head.text().await.unwrap().as_str()), (StatusCode::OK, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_named_and_what_is_not_seen_is_not_there() {
    let world = World::start().await;
    let id = world.get("/api/v1/shifts/current").await.1["id"].clone();
    for (path, status, field) in [
        (format!("/api/v1/export/people.csv?{DAY}"), StatusCode::NOT_FOUND, Value::Null),
        (format!("/api/v1/export/visits.xlsx?{DAY}"), StatusCode::NOT_FOUND, Value::Null),
        ("/api/v1/export/visits.csv".into(), StatusCode::UNPROCESSABLE_ENTITY, json!("from")),
        ("/api/v1/export/visits.csv?from=2026-05-04".into(), StatusCode::UNPROCESSABLE_ENTITY, json!("from")),
        (format!("/api/v1/export/visits.csv?{DAY}&branch_id=99"), StatusCode::NOT_FOUND, Value::Null),
        (
            format!("/api/v1/export/visits.csv?{DAY}&camera=NO"),
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("camera"),
        ),
        (format!("/api/v1/export/visits.csv?{DAY}&x=1"), StatusCode::BAD_REQUEST, json!("x")),
        ("/api/v1/shifts/4711/export.csv".into(), StatusCode::NOT_FOUND, Value::Null),
        ("/api/v1/shifts/current/export.csv?of=people".into(), StatusCode::UNPROCESSABLE_ENTITY, json!("of")),
        (
            format!("/api/v1/shifts/{id}/export.csv?branch_id=1"),
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("branch_id"),
        ),
        (format!("/api/v1/shifts/{id}/visits?open=perhaps"), StatusCode::BAD_REQUEST, json!("open")),
    ] {
        let (got, problem) = world.get(&path).await;
        assert_eq!((got, &problem["field"]), (status, &field), "{path}: {problem}");
    }
    let waiter = caller(1, &[2], &[Role::Waiter]);
    for path in
        [format!("/api/v1/shifts/{id}/export.csv"), format!("/api/v1/export/visits.csv?{DAY}&branch_id=1")]
    {
        let (status, _) = answer(world.by(&waiter, Method::GET, &path)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} is of another branch");
    }
}

/// So many visits of the day, ten a second, put there by the database itself.
async fn fill(world: &World) {
    let shift = world.store.shift_at(tenant(1), branch(1), NOON).await.unwrap();
    let begin = shift.start.as_millis();
    let columns =
        "tenant, branch, sector, camera, shift, run, track, enter_at, leave_at, dwell_ms, open, confidence,
        model, attributes";
    let attributes =
        r#"{"garment":{"value":"jacket","confidence":0.7},"bag":{"value":"backpack","confidence":0.6}}"#;
    if let Some(url) = world.url_of_database() {
        let statement = format!(
            "insert into visit ({columns}) select 1, 1, 3, 'hall', {}, 9, n, to_timestamp(({begin} + n * 100) / 1000.0),
                to_timestamp(({begin} + n * 100 + 5000) / 1000.0), 5000, false, 0.8, 'nanodet', '{attributes}'
            from generate_series(1, {MANY}) as n",
            shift.id
        );
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    } else {
        let statement = format!(
            "with recursive number (n) as (select 1 union all select n + 1 from number where n < {MANY})
            insert into visit ({columns}) select 1, 1, 3, 'hall', {}, 9, n, {begin} + n * 100, {begin} + n * 100 + 5000,
                5000, 0, 0.8, 'nanodet', '{attributes}'
            from number",
            shift.id
        );
        let file = format!("sqlite://{}", world.store.file().unwrap().display());
        let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
}

/// Asks for a file and takes nothing of it yet.
fn ask(world: &World, path: &str) -> TcpStream {
    let token = world.token(&caller(1, &[], &[Role::Admin]));
    let mut socket = TcpStream::connect(world.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

/// That nothing was read ahead shows in a visit that comes late, and is in the file all the same.
async fn a_client_that_reads_slowly_holds_up_nobody_and_has_nothing_read_ahead(world: &World) {
    fill(world).await;
    let path = format!("/api/v1/export/visits.ndjson?{DAY}");
    let mut slow = ask(world, &path);
    let mut first = [0; 15];
    slow.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    // As long as this takes the other one might have been read, too; twice, as it has not begun much sooner.
    let mut told = Vec::new();
    for _ in 0..2 {
        let fast = text(world, &path).await;
        assert_eq!(fast.lines().count() as u64, MANY);
        // Who takes nothing at all for long is hung up on.
        let mut part = vec![0; 1 << 20];
        slow.read_exact(&mut part).unwrap();
        told.append(&mut part);
    }
    let mut late = visit("hall", 0, 1);
    late.visit.enter = late.visit.enter + Duration::from_secs(7200 - 1);
    late.visit.leave = late.visit.enter;
    late.visit.model = "the late one".into();
    world.store.write_visits(tenant(1), &[late]).await.unwrap();
    let told = tokio::task::spawn_blocking(move || slow.read_to_end(&mut told).map(|_| told));
    let told = String::from_utf8(told.await.unwrap().unwrap()).unwrap();
    assert_eq!(told.matches("\"model\":\"nanodet\"").count() as u64, MANY, "each is in it once");
    assert_eq!(told.matches("the late one").count(), 1, "the end was read when it was wanted");
    assert!(told.ends_with("\r\n0\r\n\r\n"), "it is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_breaks_breaks_the_transfer_off() {
    let cluster = Arc::new(Cluster::start());
    let world = World::start_on(cluster.clone()).await;
    fill(&world).await;
    for (format, coding) in [("csv", "identity"), ("ndjson", "gzip")] {
        let path = format!("/api/v1/export/visits.{format}?{DAY}");
        let request = world.admin(Method::GET, &path).header("accept-encoding", coding);
        let answer = eventually("an export", async || {
            let answer = request.try_clone().unwrap().send().await.unwrap();
            (answer.status() == StatusCode::OK).then_some(answer)
        });
        let mut body = answer.await.bytes_stream();
        body.next().await.unwrap().unwrap();
        tokio::task::block_in_place(|| cluster.crash());
        let broken = body.any(async |chunk| chunk.is_err()).await;
        assert!(broken, "{path}: what is not whole does not end as if it were");
        tokio::task::block_in_place(|| cluster.resume());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_too_many_files_at_once_is_told_to_come_again() {
    let world = World::start().await;
    fill(&world).await;
    let path = format!("/api/v1/export/visits.csv?{DAY}");
    let mut held: Vec<_> = (0..12).map(|_| ask(&world, &path)).collect();
    for socket in &mut held {
        let mut first = [0; 12];
        socket.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    let busy = world.admin(Method::GET, &path).send().await.unwrap();
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&busy, "retry-after"), "1");
    let (status, _) = world.get("/api/v1/shifts/current/summary").await;
    assert_eq!(status, StatusCode::OK, "other requests are answered");
    drop(held);
    eventually("a place that a client has left", async || {
        let answer = world.admin(Method::GET, &path).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
}

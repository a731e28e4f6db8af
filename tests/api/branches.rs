//! Branches and their schedules: described, changed and forgotten over the API.

use std::time::Duration;

use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, json as answer, tenant};

on_both!(
    a_branch_is_created_changed_and_forgotten,
    a_number_is_given_out_once,
    the_first_branch_stays_the_first_when_another_is_described,
    a_branch_and_its_schedule_are_changed_by_whom_they_were_seen_last,
    a_schedule_holds_from_its_first_start_on,
    what_is_no_schedule_is_refused_by_its_field,
    branches_of_the_file_are_changed_in_the_file,
    a_branch_with_cameras_is_not_forgotten,
);

async fn delete(world: &World, path: &str) -> (StatusCode, Value) {
    answer(world.admin(Method::DELETE, path)).await
}

async fn a_branch_is_created_changed_and_forgotten(world: &World) {
    let body = json!({"name": "Norte", "time_zone": "Europe/Lisbon"});
    let (status, made) = world.post("/api/v1/branches", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    insta::assert_json_snapshot!("branch", made);
    assert_eq!(world.get("/api/v1/branches/3").await.1, made);
    let (_, all) = world.get("/api/v1/branches").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let (status, problem) =
        world.post("/api/v1/branches", &json!({"id": 1, "name": "x", "time_zone": "UTC"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let (_, changed) = world.patch("/api/v1/branches/3", &json!({"name": "Sur"})).await;
    assert_eq!((&changed["name"], &changed["time_zone"]), (&json!("Sur"), &json!("Europe/Lisbon")));
    let (_, changed) = world.put("/api/v1/branches/3", &json!({"name": "Este", "time_zone": "UTC"})).await;
    assert_eq!((&changed["name"], &changed["time_zone"]), (&json!("Este"), &json!("UTC")));
    for (body, field) in [
        (json!({"time_zone": "Mars/Base"}), "time_zone"),
        (json!({"name": ""}), "name"),
        (json!({"name": "a\nb"}), "name"),
    ] {
        let (status, problem) = world.patch("/api/v1/branches/3", &body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)));
    }
    let other_id = world.put("/api/v1/branches/3", &json!({"id": 4, "name": "x", "time_zone": "UTC"})).await;
    assert_eq!(other_id.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(delete(world, "/api/v1/branches/3").await.0, StatusCode::NO_CONTENT);
    assert_eq!(delete(world, "/api/v1/branches/3").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/api/v1/branches/3").await.0, StatusCode::NOT_FOUND);
    let (_, log) = world.get("/api/v1/audit").await;
    assert!(log["items"].as_array().unwrap().iter().all(|change| change["branch_id"] == 3), "{log}");
}

async fn the_first_branch_stays_the_first_when_another_is_described(world: &World) {
    // Their only camera is in a branch that nobody described.
    let they = caller(2, &[], &[Role::Admin]);
    let current = async || answer(world.by(&they, Method::GET, "/api/v1/shifts/current")).await.1;
    assert_eq!(current().await["branch_id"], 1);
    let second = json!({"name": "Second", "time_zone": "Asia/Tokyo"});
    let (status, made) = answer(world.by(&they, Method::POST, "/api/v1/branches").json(&second)).await;
    assert_eq!((status, made["id"].as_i64().unwrap() > 1), (StatusCode::CREATED, true), "{made}");
    assert_eq!(current().await["branch_id"], 1);
}

async fn a_number_is_given_out_once(world: &World) {
    let body = json!({"name": "Norte", "time_zone": "UTC"});
    assert_eq!(world.post("/api/v1/branches", &body).await.1["id"], 3);
    world.get("/api/v1/shifts/current?branch_id=3").await;
    assert_eq!(delete(world, "/api/v1/branches/3").await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.post("/api/v1/branches", &body).await.1["id"], 4, "the shift stays that of branch 3");
    // After the largest there is none; the next one is after those before it.
    let largest = json!({"id": i64::MAX, "name": "Last", "time_zone": "UTC"});
    assert_eq!(world.post("/api/v1/branches", &largest).await.0, StatusCode::CREATED);
    let (status, next) = world.post("/api/v1/branches", &json!({"name": "x", "time_zone": "UTC"})).await;
    assert_eq!(status, StatusCode::CREATED, "{next}");
}

async fn a_branch_and_its_schedule_are_changed_by_whom_they_were_seen_last(world: &World) {
    let day = json!({"shifts": [{"name": "day", "start": "09:00"}]});
    for (path, body) in
        [("/api/v1/branches/1", json!({"name": "x", "time_zone": "UTC"})), ("/api/v1/schedules/1", day)]
    {
        let seen = world.admin(Method::GET, path).send().await.unwrap();
        let tag = seen.headers()["etag"].to_str().unwrap().to_owned();
        let put = |tag: &str| world.admin(Method::PUT, path).header("if-match", tag).json(&body).send();
        let changed = put(&tag).await.unwrap();
        assert_eq!(changed.status(), StatusCode::OK, "{path}");
        assert_eq!(put(&tag).await.unwrap().status(), StatusCode::PRECONDITION_FAILED, "{path}");
        let tag = changed.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(put(&tag).await.unwrap().status(), StatusCode::OK, "{path}");
        let again = world.admin(Method::GET, path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
    }
}

async fn a_schedule_holds_from_its_first_start_on(world: &World) {
    let (_, before) = world.get("/api/v1/schedules/1").await;
    let starts = |schedule: &Value| -> Vec<String> {
        schedule["shifts"].as_array().unwrap().iter().map(|s| s["start"].as_str().unwrap().into()).collect()
    };
    assert_eq!(
        (starts(&before), &before["from"]),
        (vec!["06:00".into(), "14:00".into(), "22:00".into()], &Value::Null)
    );
    let (_, morning) = world.get("/api/v1/shifts/current").await;
    // It is noon in Madrid. Days that are left out are all; order does not matter.
    let body = json!({"shifts": [
        {"name": "evening", "start": "19:00", "days": ["sun", "mon"]},
        {"name": "lunch", "start": "13:30"},
    ]});
    let (status, put) = world.put("/api/v1/schedules/1", &body).await;
    assert_eq!(status, StatusCode::OK, "{put}");
    insta::assert_json_snapshot!("schedule", put);
    let (_, running) = world.get("/api/v1/shifts/current").await;
    assert_eq!((&running["id"], &running["start"]), (&morning["id"], &morning["start"]));
    assert_eq!(running["end"], "2026-05-04T13:30:00+02:00");
    world.clock.advance(Duration::from_secs(90 * 60));
    let (_, lunch) = world.get("/api/v1/shifts/current").await;
    assert_eq!((&lunch["name"], &lunch["start"]), (&json!("lunch"), &running["end"]));
    assert_eq!(lunch["end"], "2026-05-04T19:00:00+02:00", "a Monday");
    let (status, back) = delete(world, "/api/v1/schedules/1").await;
    assert_eq!((status, starts(&back)), (StatusCode::OK, starts(&before)));
    let (_, lunch) = world.get("/api/v1/shifts/current").await;
    assert_eq!(lunch["end"], "2026-05-04T14:00:00+02:00", "the first start of the default one");
    let (_, all) = world.get("/api/v1/schedules").await;
    assert_eq!(all["items"][0], back);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

async fn what_is_no_schedule_is_refused_by_its_field(world: &World) {
    let day = json!({"name": "day", "start": "9:00"});
    for (body, status, field) in [
        (json!({"shifts": []}), 422, json!("shifts")),
        (json!({"shifts": [{"name": "day", "start": "25:00"}]}), 422, json!("shifts[0].start")),
        (json!({"shifts": [day, {"name": "day", "start": "09:00"}]}), 422, json!("shifts[1].start")),
        (
            json!({"shifts": [{"name": "day", "start": "9:00", "days": ["monday"]}]}),
            422,
            json!("shifts[0].days"),
        ),
        (json!({"shifts": [{"name": "day", "start": "9:00", "days": []}]}), 422, json!("shifts[0].days")),
        (json!({"shifts": [{"name": "", "start": "9:00"}]}), 422, json!("shifts[0].name")),
        (json!({"shifts": [{"name": "day", "begin": "9:00"}]}), 400, json!("shifts[0].begin")),
    ] {
        let (got, problem) = world.put("/api/v1/schedules/1", &body).await;
        assert_eq!((got.as_u16(), &problem["field"]), (status, &field), "{body}: {problem}");
    }
    let (_, schedule) = world.get("/api/v1/schedules/1").await;
    assert_eq!(schedule["shifts"].as_array().unwrap().len(), 3);
}

async fn branches_of_the_file_are_changed_in_the_file(world: &World) {
    let (_, branch) = world.get("/api/v1/branches/2").await;
    assert_eq!(branch["managed_by"], "file");
    let put = json!({"name": "x", "time_zone": "UTC"});
    for (status, problem) in [
        world.put("/api/v1/branches/2", &put).await,
        world.patch("/api/v1/branches/2", &json!({"name": "x"})).await,
        delete(world, "/api/v1/branches/2").await,
        world.put("/api/v1/schedules/2", &json!({"shifts": [{"name": "day", "start": "9:00"}]})).await,
        delete(world, "/api/v1/schedules/2").await,
    ] {
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("configuration file"), "{problem}");
    }
}

async fn a_branch_with_cameras_is_not_forgotten(world: &World) {
    let (status, problem) = delete(world, "/api/v1/branches/1").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("fixed"), "{problem}");
    assert!(world.store.branch(tenant(1), crate::world::branch(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_change_branches_and_those_of_one_branch_only_theirs() {
    let world = World::start().await;
    let body = json!({"name": "Norte", "time_zone": "UTC"});
    let schedule = json!({"shifts": [{"name": "day", "start": "9:00"}]});
    let (viewer, one) = (caller(1, &[], &[Role::Viewer]), caller(1, &[1], &[Role::Admin]));
    for (method, path, body) in [
        (Method::POST, "/api/v1/branches", &body),
        (Method::PUT, "/api/v1/branches/1", &body),
        (Method::PATCH, "/api/v1/branches/1", &json!({})),
        (Method::DELETE, "/api/v1/branches/1", &json!({})),
        (Method::PUT, "/api/v1/schedules/1", &schedule),
        (Method::DELETE, "/api/v1/schedules/1", &json!({})),
    ] {
        let (status, problem) = answer(world.by(&viewer, method, path).json(body)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {problem}");
    }
    let by_one = |method, path: &str, body: &Value| answer(world.by(&one, method, path).json(body));
    assert_eq!(by_one(Method::POST, "/api/v1/branches", &body).await.0, StatusCode::FORBIDDEN);
    assert_eq!(by_one(Method::PUT, "/api/v1/schedules/1", &schedule).await.0, StatusCode::OK);
    for (method, path) in [
        (Method::PATCH, "/api/v1/branches/2"),
        (Method::DELETE, "/api/v1/branches/2"),
        (Method::DELETE, "/api/v1/schedules/2"),
    ] {
        assert_eq!(by_one(method, path, &json!({})).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (_, seen) = answer(world.by(&one, Method::GET, "/api/v1/schedules")).await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
}

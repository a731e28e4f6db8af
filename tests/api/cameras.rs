//! Cameras over REST: what is written holds at once and is kept.

use atalaya::domain::{CameraId, ParamValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::world::{World, header, json as answer, tenant};

fn text(value: &str) -> ParamValue {
    ParamValue::Text(value.into())
}

/// What is stored of tenant 1's camera.
async fn stored(world: &World, id: &str) -> Option<atalaya::domain::Camera> {
    world.store.camera(tenant(1), &CameraId::new(id).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_has_the_documented_shape() {
    let world = World::start().await;
    world.post("/api/v1/sectors", &json!({"id": 4, "branch_id": 2, "name": "Hall"})).await;
    let request = json!({
        "id": "door", "name": "Door", "pipeline": "plain", "branch_id": 2, "sector_id": 4, "enabled": false,
        "parameters": {"speed": 3, "password": "hunter2"},
        "lines": [{"name": "in", "from": [0.5, 0.0], "to": [0.5, 1.0]}],
        "zones": [{"name": "mat", "corners": [[0.0, 0.5], [1.0, 0.5], [0.5, 1.0]]}],
    });
    let response = world.admin(Method::POST, "/api/v1/cameras").json(&request).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(header(&response, "location"), "/api/v1/cameras/door");
    let created: Value = response.json().await.unwrap();
    insta::assert_json_snapshot!(created);
    assert_eq!(world.get("/api/v1/cameras/door").await.1, created);
    assert_eq!(world.get("/api/v1/cameras/door/status").await.1, created["status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_camera_runs_at_once_is_kept_and_disturbs_no_other() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let (_, before) = world.get("/api/v1/cameras/hall").await;
    let body = json!({"id": "door", "pipeline": "plain"});
    assert_eq!(world.post("/api/v1/cameras", &body).await.0, StatusCode::CREATED);
    world.running(1, "door").await;
    assert_eq!(stored(&world, "door").await.unwrap().name, "door");
    let (status, _) = world.patch("/api/v1/cameras/door", &json!({"parameters": {"speed": 5}})).await;
    assert_eq!(status, StatusCode::OK);
    world.running(1, "door").await;
    assert_eq!(stored(&world, "door").await.unwrap().parameters["speed"], ParamValue::Int(5));
    let (status, _) = answer(world.admin(Method::DELETE, "/api/v1/cameras/door")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(stored(&world, "door").await, None);
    assert_eq!(world.get("/api/v1/cameras/door").await.0, StatusCode::NOT_FOUND);
    let (_, after) = world.get("/api/v1/cameras/hall").await;
    assert_eq!(after["status"]["since"], before["status"]["since"], "it has not been restarted");
    assert_eq!(after["status"]["reconnects"], before["status"]["reconnects"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_are_listed_by_id_page_by_page() {
    let world = World::start().await;
    let (_, all) = world.get("/api/v1/cameras").await;
    assert_eq!(names(&all), ["bar", "fixed", "hall"]);
    assert_eq!(all["next_cursor"], Value::Null);
    assert_eq!(all["items"][1]["managed_by"], "file");
    assert!(all["items"][0]["status"]["state"].is_string());
    let (_, first) = world.get("/api/v1/cameras?limit=2").await;
    assert_eq!(names(&first), ["bar", "fixed"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = world.get(&format!("/api/v1/cameras?limit=2&cursor={cursor}")).await;
    assert_eq!(names(&second), ["hall"]);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(world.get("/api/v1/cameras?limit=0").await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_put_takes_its_default_and_what_is_not_patched_stays() {
    let world = World::start().await;
    let zone = json!([{"name": "mat", "corners": [[0.0, 0.5], [1.0, 0.5], [0.5, 1.0]]}]);
    world.post("/api/v1/sectors", &json!({"id": 7, "name": "Bar"})).await;
    let changes = json!({"sector_id": 7, "zones": zone, "parameters": {"pattern": "smpte"}});
    let (_, patched) = world.patch("/api/v1/cameras/hall", &changes).await;
    assert_eq!((&patched["sector_id"], &patched["zones"]), (&json!(7), &zone));
    assert_eq!((&patched["name"], &patched["parameters"]["pattern"]), (&json!("HALL"), &json!("smpte")));
    assert_eq!(stored(&world, "hall").await.unwrap().parameters["password"], text("hunter2"));
    let nulls = json!({"sector_id": null, "parameters": {"pattern": null}});
    let (_, patched) = world.patch("/api/v1/cameras/hall", &nulls).await;
    assert_eq!((&patched["sector_id"], &patched["parameters"]), (&Value::Null, &json!({"password": "***"})));
    let (_, put) = world.put("/api/v1/cameras/hall", &json!({"pipeline": "plain"})).await;
    assert_eq!((&put["name"], &put["zones"], &put["parameters"]), (&json!("hall"), &json!([]), &json!({})));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_painted_out_is_known_to_be_wrong_before_a_pipeline_fails_of_it() {
    let world = World::start().await;
    for (mask, reason) in [
        ("abc", "\"abc\" is not a number"),
        ("0,0,1", "three corners"),
        ("0,0,5,0,0,1", "5 is outside 0..1"),
        ("0,0,1,0,1,1;0,1", "three corners"),
    ] {
        let location = "rtsp://127.0.0.1:9/nothing";
        let parameters = json!({"location": location, "mask": mask});
        let body = json!({"id": "masked", "pipeline": "rtsp", "parameters": parameters});
        let (status, problem) = world.post("/api/v1/cameras", &body).await;
        let told = (status, &problem["field"]);
        assert_eq!(told, (StatusCode::UNPROCESSABLE_ENTITY, &json!("parameters.mask")), "{mask}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{mask}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_in_a_sector_of_its_branch() {
    let world = World::start().await;
    for (id, branch) in [(3, 1), (4, 2)] {
        world.post("/api/v1/sectors", &json!({"id": id, "branch_id": branch, "name": "Bar"})).await;
    }
    let hall = "/api/v1/cameras/hall";
    let refused = |(status, problem): (StatusCode, Value), what: &str| {
        let told = (status, &problem["field"]);
        assert_eq!(told, (StatusCode::UNPROCESSABLE_ENTITY, &json!("sector_id")), "{what}: {problem}");
    };
    for sector in [4, 5] {
        let body = json!({"id": "door", "pipeline": "plain", "branch_id": 1, "sector_id": sector});
        refused(world.post("/api/v1/cameras", &body).await, "made there");
        refused(world.patch(hall, &json!({"sector_id": sector})).await, "put there");
        refused(world.put(hall, &json!({"pipeline": "plain", "sector_id": sector})).await, "replaced there");
    }
    assert_eq!(world.get("/api/v1/cameras/door").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.patch(hall, &json!({"sector_id": 3})).await.0, StatusCode::OK);
    refused(world.patch(hall, &json!({"branch_id": 2})).await, "moved away from it");
    let (status, _) = world.patch("/api/v1/sectors/3", &json!({"branch_id": 2})).await;
    assert_eq!(status, StatusCode::CONFLICT, "nor does it move away from under its camera");
    let (status, moved) = world.patch(hall, &json!({"branch_id": 2, "sector_id": 4})).await;
    assert_eq!((status, &moved["sector_id"]), (StatusCode::OK, &json!(4)));
    // An older program asked nobody.
    let mut older = stored(&world, "hall").await.unwrap();
    older.sector = atalaya::domain::SectorId::new(9).ok();
    world.store.put_camera(tenant(1), &older).await.unwrap();
    world.cameras.put(older);
    assert_eq!(world.patch(hall, &json!({"name": "Hall"})).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_got_can_be_put_back_and_changes_nothing() {
    let world = World::start().await;
    let before = stored(&world, "hall").await;
    let (_, got) = world.get("/api/v1/cameras/hall").await;
    let (status, put) = world.put("/api/v1/cameras/hall", &got).await;
    assert_eq!(status, StatusCode::OK, "{put}");
    assert_eq!(stored(&world, "hall").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn start_stop_and_restart_act_on_one_camera() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let order = |what: &str| answer(world.admin(Method::POST, &format!("/api/v1/cameras/hall/{what}")));
    let (status, answer) = order("stop").await;
    assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("stopped")), "the answer is how it ended");
    let handle = world.cameras.get(tenant(1), &CameraId::new("hall").unwrap()).unwrap();
    let mut state = handle.state();
    state.wait_for(|state| state.name() == "stopped").await.unwrap();
    let (_, stopped) = world.get("/api/v1/cameras/hall/status").await;
    assert_eq!((&stopped["state"], &stopped["since"]), (&json!("stopped"), &Value::Null));
    assert_eq!(order("start").await.0, StatusCode::OK);
    world.running(1, "hall").await;
    let (_, before) = world.get("/api/v1/cameras/hall/status").await;
    assert_eq!(order("restart").await.0, StatusCode::OK);
    eventually("another run", async || {
        let (_, after) = world.get("/api/v1/cameras/hall/status").await;
        (after["state"] == "running" && after["since"] != before["since"]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_of_the_configuration_file_are_shown_and_not_changed() {
    let world = World::start().await;
    let path = "/api/v1/cameras/fixed";
    for (status, problem) in [
        world.put(path, &json!({"pipeline": "plain"})).await,
        world.patch(path, &json!({"name": "x"})).await,
        answer(world.admin(Method::DELETE, path)).await,
    ] {
        assert_eq!(status, StatusCode::CONFLICT);
        let detail = "camera \"fixed\" stands in the configuration file and is changed there";
        assert_eq!(problem["detail"], detail);
    }
    let (status, _) = answer(world.admin(Method::POST, &format!("{path}/restart"))).await;
    assert_eq!(status, StatusCode::OK, "operating it changes no description");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_create_the_same_camera_at_once_one_succeeds() {
    let world = World::start().await;
    let body = json!({"id": "door", "pipeline": "plain"});
    let tries = (0..8).map(|_| world.post("/api/v1/cameras", &body));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(tries).await.into_iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_no_camera_half_made() {
    let world = World::start().await;
    for delay_ms in 0..20 {
        let body = json!({"id": format!("door-{delay_ms}"), "pipeline": "plain", "enabled": false});
        let request = world.admin(Method::POST, "/api/v1/cameras").json(&body).send();
        // Dropped when the time is up, and its connection with it.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(delay_ms), request).await;
    }
    // Changes are made one after the other, so this one comes after them all.
    let (status, _) = world.post("/api/v1/cameras", &json!({"id": "last", "pipeline": "plain"})).await;
    assert_eq!(status, StatusCode::CREATED);
    let kept: Vec<_> =
        world.store.cameras(tenant(1)).await.unwrap().into_iter().map(|camera| camera.id).collect();
    let running: Vec<_> =
        world.cameras.list(tenant(1)).iter().map(|handle| handle.camera().id.clone()).collect();
    assert_eq!(kept, running);
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_switches_a_camera_is_told_where_it_stands_then() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let switch = async |on: bool| {
        let (status, camera) = world.patch("/api/v1/cameras/hall", &json!({"enabled": on})).await;
        assert_eq!((status, &camera["enabled"]), (StatusCode::OK, &json!(on)));
        camera["status"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(switch(false).await, "stopped");
    assert_ne!(switch(true).await, "stopped");
}

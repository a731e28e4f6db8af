//! Scheduled work and nodes over the API, and scheduled work in `/metrics`.

use atalaya::domain::Role;
use atalaya::jobs::Look;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, json as answer};

on_both!(
    jobs_tell_when_they_ran_and_when_they_will,
    a_job_is_run_by_hand,
    nodes_tell_what_they_run_to_whom_it_concerns,
);

/// All that is due is done.
async fn look(world: &World) {
    // Cameras hang on the same tasks; so the work is waited for by what it leaves.
    world.jobs.look(Look::AtStart).await;
    crate::eventually::eventually("all that is due", async || {
        let jobs = world.jobs.list().await.unwrap();
        jobs.iter().all(|job| job.last.as_ref().is_some_and(|run| run.ended.is_some())).then_some(())
    })
    .await;
}

async fn jobs(world: &World) -> Vec<Value> {
    let (status, jobs) = world.get("/api/v1/jobs").await;
    assert_eq!(status, StatusCode::OK, "{jobs}");
    jobs["items"].as_array().unwrap().clone()
}

async fn jobs_tell_when_they_ran_and_when_they_will(world: &World) {
    let before = jobs(world).await;
    assert!(before.iter().all(|job| job["last"].is_null() && job["last_done"].is_null()), "{before:?}");
    look(world).await;
    let after = jobs(world).await;
    let clean_up = after.iter().find(|job| job["name"] == "clean_up").unwrap();
    assert_eq!(clean_up["last"]["node"], world.jobs.node());
    insta::assert_json_snapshot!("clean_up", clean_up, { ".last.node" => "[random]" });
    // Of Postgres others make the backups.
    let has_backup = after.iter().any(|job| job["name"] == "backup");
    assert_eq!(has_backup, world.store.file().is_some());
}

async fn a_job_is_run_by_hand(world: &World) {
    let (status, job) = world.post("/api/v1/jobs/clean_up/run", &json!({})).await;
    assert_eq!((status, &job["name"]), (StatusCode::ACCEPTED, &json!("clean_up")), "{job}");
    crate::eventually::eventually("the end of the job", async || {
        let jobs = jobs(world).await;
        let clean_up = jobs.iter().find(|job| job["name"] == "clean_up").unwrap();
        (clean_up["last"]["outcome"] == "done").then_some(())
    })
    .await;
    let (status, problem) = world.post("/api/v1/jobs/nothing/run", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
}

async fn nodes_tell_what_they_run_to_whom_it_concerns(world: &World) {
    look(world).await;
    let (_, nodes) = world.get("/api/v1/nodes").await;
    insta::assert_json_snapshot!("nodes", nodes, { ".items[].id" => "[random]", ".items[].version" => "[ours]" });
    for (who, cameras) in [
        (caller(2, &[], &[Role::Admin]), json!(["theirs"])),
        (caller(1, &[2], &[Role::Admin]), json!(["bar"])),
    ] {
        let (_, nodes) = answer(world.by(&who, Method::GET, "/api/v1/nodes")).await;
        assert_eq!(nodes["items"][0]["cameras"], cameras);
    }
    let run = async || {
        world.jobs.look(Look::AtStart).await;
        let (_, nodes) = world.get("/api/v1/nodes").await;
        nodes["items"][0]["cameras"].as_array().unwrap().contains(&json!("hall"))
    };
    assert!(run().await);
    let (status, told) = world.patch("/api/v1/cameras/hall", &json!({"enabled": false})).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert!(!run().await, "one that is switched off runs nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_see_and_run_what_the_server_does() {
    let world = World::start().await;
    look(&world).await;
    for role in [Role::Viewer, Role::Waiter, Role::Kitchen] {
        let who = caller(1, &[], &[role]);
        for (method, path) in [
            (Method::GET, "/api/v1/jobs"),
            (Method::GET, "/api/v1/nodes"),
            (Method::POST, "/api/v1/jobs/clean_up/run"),
        ] {
            let (status, problem) = answer(world.by(&who, method, path)).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{role:?} {path}");
            assert_eq!(problem["detail"], "your roles do not allow to operate the server");
        }
    }
    for (tenant, branches) in [(2, &[][..]), (1, &[1][..])] {
        let who = caller(tenant, branches, &[Role::Admin]);
        for (method, path) in [(Method::GET, "/api/v1/jobs"), (Method::POST, "/api/v1/jobs/clean_up/run")] {
            let (status, problem) = answer(world.by(&who, method, path)).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
            assert!(problem["detail"].as_str().unwrap().contains("admins of tenant 1"), "{problem}");
        }
        let told = world.by(&who, Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        assert!(!told.contains("atalaya_job"), "{told}");
    }
    let metrics = async |role| {
        let request = world.by(&caller(1, &[], &[role]), Method::GET, "/metrics");
        request.send().await.unwrap().text().await.unwrap()
    };
    let told = metrics(Role::Admin).await;
    for line in [
        "atalaya_job_running{job=\"backup\"} 0",
        "atalaya_job_failed{job=\"clean_up\"} 0",
        "atalaya_job_last_done_seconds{job=\"shifts\"} 1777888800",
        "atalaya_job_last_duration_seconds{job=\"clean_up\"} 0",
        "atalaya_job_next_seconds{job=\"clean_up\"} 1777896000",
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    assert!(!metrics(Role::Viewer).await.contains("atalaya_job"));
}

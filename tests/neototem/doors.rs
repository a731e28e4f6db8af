//! Who is let in, and as whom.

use atalaya::auth::Ttl;
use atalaya::config::Secret;
use atalaya::domain::Role;
use atalaya::gateway::Rejected;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::postgres::Cluster;
use crate::totem::{server, small, street_picture, wall_picture};
use crate::world::{World, caller};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_in_any_of_four_ways_and_without_one_the_door_is_shut() {
    let world = server().await;
    let token = world.token("ana", Role::Viewer, &[3]);
    let bearer = format!("bearer, {token}");
    let header = format!("Bearer {token}");
    for (path, headers) in [
        (format!("/ws?token={token}"), vec![]),
        ("/ws".to_owned(), vec![("authorization", header.as_str())]),
        ("/ws".to_owned(), vec![("sec-websocket-protocol", bearer.as_str())]),
    ] {
        let mut client = world.try_connect(&path, &headers).await.unwrap();
        let answer = client.show(wall_picture(), "1").await;
        // The one before may be there yet.
        assert!(answer["camera"].as_str().unwrap().starts_with("totem-ana"), "{answer}");
        assert_eq!(answer["branch_id"], 3);
    }
    let mut client = world.try_connect("/ws", &[("sec-websocket-protocol", "atalaya.v1")]).await.unwrap();
    client.say(&json!({"type": "auth", "token": token})).await;
    assert_eq!(client.show(wall_picture(), "1").await["type"], "realtime_analysis");
    for (path, headers, status) in [
        ("/ws", vec![], 401),
        ("/ws?token=nonsense", vec![], 401),
        ("/ws", vec![("origin", "https://elsewhere.example")], 403),
    ] {
        let (got, problem) = world.try_connect(path, &headers).await.err().unwrap();
        assert_eq!(got.as_u16(), status, "{path}: {problem}");
    }
    let mut client = world.try_connect("/ws", &[("sec-websocket-protocol", "atalaya.v1")]).await.unwrap();
    client.say(&json!({"type": "auth", "token": "nonsense"})).await;
    assert_eq!(client.closed().await.0, 4401);
    // Who may see no camera sees no totem.
    let mut nobody = caller(1, "pos", Role::Viewer, &[], &[]);
    nobody.roles.clear();
    let nobody = world.keys.issue(&nobody, Ttl::from_secs(60));
    let (got, problem) = world.try_connect(&format!("/ws?token={nobody}"), &[]).await.err().unwrap();
    assert_eq!(got.as_u16(), 403, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_says_which_totem_it_is_and_where_it_stands() {
    let world = server().await;
    let token = world.token("ana", Role::Viewer, &[3, 4]);
    let path = |more: &str| format!("/ws?token={token}&{more}");
    let mut client = world.try_connect(&path("totem=hall-2&branch_id=4&sector_id=9"), &[]).await.unwrap();
    let answer = client.show(wall_picture(), "1").await;
    assert_eq!((&answer["camera"], &answer["branch_id"]), (&json!("totem-hall-2"), &json!(4)));
    let mut number = 1;
    let visits = eventually("a visit", async || {
        number += 1;
        client.show(street_picture(), &number.to_string()).await;
        let visits = format!("http://{}/api/v1/shifts/current/visits?branch_id=4", world.address());
        let answer = reqwest::Client::new().get(visits).bearer_auth(&token).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        page["items"].as_array().filter(|visits| !visits.is_empty()).cloned()
    })
    .await;
    assert!(visits.iter().all(|visit| visit["sector_id"] == 9), "{visits:?}");
    let sector = json!({"branch_id": 1, "name": "bar"});
    let post = |base: &str| reqwest::Client::new().post(format!("{base}/api/v1/sectors")).json(&sector);
    let (status, sector) = world.ask(post).await;
    assert_eq!(status, StatusCode::CREATED, "{sector}");
    let elsewhere = format!("branch_id=4&sector_id={}", sector["id"]);
    for (more, status) in [
        ("branch_id=5", StatusCode::NOT_FOUND),
        (elsewhere.as_str(), StatusCode::NOT_FOUND),
        ("totem=-hall", StatusCode::UNPROCESSABLE_ENTITY),
        ("branch_id=0", StatusCode::UNPROCESSABLE_ENTITY),
        ("totem=Hall", StatusCode::UNPROCESSABLE_ENTITY),
        ("branch_id=x", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(world.try_connect(&path(more), &[]).await.err().unwrap().0, status, "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_of_all_branches_it_stands_in_the_first_that_there_is() {
    let world = server().await;
    let token = world.keys.issue(&caller(2, "boss", Role::Admin, &[], &[]), Ttl::from_secs(60));
    let post = reqwest::Client::new().post(format!("http://{}/api/v1/branches", world.address()));
    let branch = json!({"id": 7, "name": "Sur", "time_zone": "UTC"});
    let answer = post.bearer_auth(token).json(&branch).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let mut totem = world.visitor(2, "hall", Role::Viewer, &[]).await;
    assert_eq!(totem.show(wall_picture(), "1").await["branch_id"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_a_totem_is_told_to_come_back_and_is_not_counted_as_a_stranger() {
    let cluster = Cluster::start();
    let world = World::with(|config| {
        small(config);
        config.database.url = Some(Secret::new(cluster.create_database()));
        config.neototem.anonymous_tenant = Some(7);
        config.neototem.allowed_networks = vec!["127.0.0.0/8".into()];
    })
    .await;
    let token = world.token("hall", Role::Viewer, &[]);
    let path = format!("/ws?token={token}");
    let v1 = [("sec-websocket-protocol", "atalaya.v1")];
    let let_in = async || world.try_connect(&path, &[]).await.ok().map(drop);
    eventually("a totem", let_in).await;
    let rejected = || world.app.gateway().figures().rejected(Rejected::Auth);
    let before = rejected();
    tokio::task::block_in_place(|| cluster.crash());
    let mut by_query = world.try_connect(&path, &v1).await.unwrap();
    let mut by_message = world.try_connect("/ws", &v1).await.unwrap();
    by_message.say(&json!({"type": "auth", "token": token})).await;
    for client in [&mut by_query, &mut by_message] {
        let (code, reason) = client.closed().await;
        let told = (code, &reason["code"], &reason["retry"]);
        assert_eq!(told, (1013, &json!("try_later"), &json!(true)), "{reason}");
    }
    // Those who know of no closes, and those without a token.
    for path in [path.as_str(), "/ws?branch_id=4", "/ws?sector_id=9"] {
        let (status, problem) = world.try_connect(path, &[]).await.err().unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {problem}");
    }
    assert_eq!(rejected(), before);
    tokio::task::block_in_place(|| cluster.resume());
    eventually("the totem again", let_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_clients_come_in_without_a_token_from_the_networks_that_are_named() {
    let world = World::with(|config| {
        small(config);
        config.neototem.anonymous_tenant = Some(7);
        config.neototem.allowed_networks = vec!["10.0.0.0/8".into(), "127.0.0.0/8".into()];
    })
    .await;
    let mut totem = world.try_connect("/ws", &[]).await.unwrap();
    let mut own = world.visitor(7, "eva", Role::Waiter, &[]).await;
    let mut other = world.visitor(1, "ana", Role::Admin, &[]).await;
    let answer = totem.show(wall_picture(), "1").await;
    assert_eq!((&answer["camera"], &answer["branch_id"]), (&json!("totem-anonymous"), &json!(1)));
    assert_eq!(own.next().await["camera"], "totem-anonymous");
    other.has_heard_nothing().await;
    let (status, _) = world.try_connect("/ws?token=nonsense", &[]).await.err().unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a token that is there must be good");
    let (status, _) = world.try_connect("/ws/admin", &[]).await.err().unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "it opens no other door");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_alone_lets_nobody_in() {
    for (tenant, networks) in
        [(Some(7), vec![]), (None, vec!["127.0.0.0/8"]), (Some(7), vec!["192.0.2.0/24"])]
    {
        let world = World::with(|config| {
            config.neototem.anonymous_tenant = tenant;
            config.neototem.allowed_networks = networks.iter().map(|network| (*network).to_owned()).collect();
        })
        .await;
        let (status, _) = world.try_connect("/ws", &[]).await.err().unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{tenant:?} {networks:?}");
    }
}

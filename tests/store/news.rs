//! Shifts are told to start and end, and summaries to be brought up to date: once each, by whichever node does the work.

use atalaya::domain::{Occurrence, ShiftNews, Timestamp};
use atalaya::jobs::Look;
use atalaya::store::Store;

use crate::fixture::{EARLY, at, branch, branch_id, postgres, seconds, sqlite, tenant, visit};
use crate::jobs::Node;

on_both!(
    a_shift_is_told_once_to_start_and_once_to_end,
    what_nobody_told_in_time_is_told_late_but_not_after_days,
    a_summary_is_told_every_hour_and_when_its_shift_is_over,
);

/// Half an hour before the afternoon of branch 2.
const BEFORE: &str = "2026-06-10T13:30:00Z";

/// What was told of branch 2 of tenant 1 since the last time, in words.
fn told(node: &Node) -> Vec<String> {
    let all: Vec<_> = node.told.lock().unwrap().drain(..).collect();
    let ours = all.iter().filter(|one| one.place() == (tenant(1), branch_id(2), None));
    ours.map(words).collect()
}

fn words(occurrence: &Occurrence) -> String {
    match occurrence {
        Occurrence::ShiftStarted(shift) => format!("{} started", shift.name),
        Occurrence::ShiftEnded(shift) => format!("{} ended", shift.name),
        Occurrence::SummaryUpdated(ShiftNews { shift, visits, is_over, .. }) => {
            format!("{}: {visits}{}", shift.name, if *is_over { " in all" } else { "" })
        }
        Occurrence::AtCamera { .. } => panic!("no job sees anything: {occurrence:?}"),
    }
}

async fn minutes(node: &Node, count: u32) {
    for _ in 0..count {
        node.clock.advance(seconds(60));
        node.look(Look::AtMinute).await;
    }
}

async fn described(store: &Store) {
    store.put_branch(tenant(1), &branch(1, 2, "UTC"), None, EARLY).await.unwrap();
    store.put_branch(tenant(2), &branch(2, 2, "UTC"), None, EARLY).await.unwrap();
}

async fn a_shift_is_told_once_to_start_and_once_to_end(store: &Store) {
    described(store).await;
    let node = Node::new(store, "a", at(BEFORE));
    node.look(Look::AtStart).await;
    let mut news = told(&node);
    news.sort();
    assert_eq!(news, ["morning started", "morning: 0"]);
    minutes(&node, 29).await;
    assert_eq!(told(&node), [""; 0]);
    // Somebody comes in before the node looks: the shift has its number, and is told all the same.
    store.shift_at(tenant(1), branch_id(2), at("2026-06-10T14:00:00Z")).await.unwrap();
    minutes(&node, 1).await;
    let mut news = told(&node);
    news.sort();
    assert_eq!(news, ["afternoon started", "afternoon: 0", "morning ended", "morning: 0 in all"]);
    minutes(&node, 3).await;
    // Another process goes on where this one was.
    let next = Node::new(store, "b", at("2026-06-10T14:05:00Z"));
    next.look(Look::AtStart).await;
    minutes(&next, 3).await;
    assert_eq!((told(&node), told(&next)), (vec![], vec![]));
}

async fn what_nobody_told_in_time_is_told_late_but_not_after_days(store: &Store) {
    described(store).await;
    Node::new(store, "a", at(BEFORE)).look(Look::AtStart).await;
    let back = Node::new(store, "a", at("2026-06-10T23:00:30Z"));
    back.look(Look::AtStart).await;
    let mut news = told(&back);
    news.retain(|news| !news.contains(':'));
    assert_eq!(news, ["morning ended", "night started"], "in the order in which it happened");
    // A record that waited for the database numbers a shift of last week.
    store.shift_at(tenant(1), branch_id(2), at("2026-06-03T12:00:00Z")).await.unwrap();
    minutes(&back, 1).await;
    assert_eq!(told(&back), [""; 0]);
    let late = Node::new(store, "a", at("2026-06-20T12:00:30Z"));
    late.look(Look::AtStart).await;
    let mut news = told(&late);
    news.retain(|news| !news.contains(':'));
    assert_eq!(news, ["morning started"], "the night of ten days ago is no news");
}

#[tokio::test]
async fn what_could_not_be_told_is_told_the_next_time() {
    for fresh in [sqlite().await, postgres().await] {
        described(&fresh.store).await;
        let node = Node::new(&fresh.store, "a", at(BEFORE));
        node.look(Look::AtStart).await;
        told(&node);
        // Of the end of the morning and the start of the afternoon only the first can be noted.
        fresh.forbid("start_told", "true").await;
        minutes(&node, 30).await;
        let shifts = |mut news: Vec<String>| {
            news.retain(|news| !news.contains(':'));
            news
        };
        assert_eq!(shifts(told(&node)), [""; 0]);
        fresh.allow().await;
        minutes(&node, 1).await;
        assert_eq!(shifts(told(&node)), ["morning ended", "afternoon started"]);
        minutes(&node, 3).await;
        assert_eq!(shifts(told(&node)), [""; 0]);
    }
}

async fn a_summary_is_told_every_hour_and_when_its_shift_is_over(store: &Store) {
    described(store).await;
    let enter = |text| -> Timestamp { at(text) };
    let node = Node::new(store, "a", at(BEFORE));
    node.look(Look::AtStart).await;
    told(&node);
    store.write_visits(tenant(1), &[visit(1, 1, enter("2026-06-10T13:40:00Z"), seconds(5))]).await.unwrap();
    minutes(&node, 29).await;
    assert_eq!(told(&node), [""; 0]);
    minutes(&node, 1).await;
    let mut news = told(&node);
    news.retain(|news| news.contains(':'));
    assert_eq!(news, ["morning: 1 in all", "afternoon: 0"]);
    // A visit that comes late unsettles its shift until the next hour.
    let late = [
        visit(1, 2, enter("2026-06-10T13:50:00Z"), seconds(5)),
        visit(1, 3, enter("2026-06-10T14:10:00Z"), seconds(5)),
    ];
    store.write_visits(tenant(1), &late).await.unwrap();
    minutes(&node, 59).await;
    assert_eq!(told(&node), [""; 0]);
    minutes(&node, 1).await;
    assert_eq!(told(&node), ["morning: 2 in all", "afternoon: 1"]);
}

#[tokio::test]
async fn a_shift_that_cannot_be_settled_keeps_no_other_news_back() {
    for fresh in [sqlite().await, postgres().await] {
        described(&fresh.store).await;
        let node = Node::new(&fresh.store, "a", at(BEFORE));
        node.look(Look::AtStart).await;
        told(&node);
        let hours = async |count: u32| {
            node.clock.advance(seconds(3600) * count);
            node.look(Look::AtMinute).await;
            let mut news = told(&node);
            news.retain(|news| news.contains(':'));
            (news, node.status("aggregation").await.last.unwrap().outcome.unwrap())
        };
        fresh.forbid("settled", "new.tenant = 1 and new.branch = 2 and new.name = 'morning'").await;
        let (news, outcome) = hours(1).await;
        assert_eq!(news, ["afternoon: 0"]);
        assert!(outcome.unwrap_err().contains("forbidden"));
        let (news, outcome) = hours(8).await;
        assert_eq!(news, ["afternoon: 0 in all", "night: 0"], "what ended later is settled");
        assert!(outcome.is_err());
        fresh.allow().await;
        let (news, outcome) = hours(1).await;
        assert_eq!(news, ["morning: 0 in all", "night: 0"]);
        assert_eq!(outcome.unwrap(), "settled 1 shifts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_on_one_postgres_one_tells() {
    let fresh = postgres().await;
    let other = Store::open(fresh.url.as_deref(), fresh.folder.path()).await.unwrap();
    described(&fresh.store).await;
    let (a, b) = (Node::new(&fresh.store, "a", at(BEFORE)), Node::new(&other, "b", at(BEFORE)));
    // Thirteen hours, in steps of half an hour.
    for _ in 0..26 {
        tokio::join!(a.look(Look::AtMinute), b.look(Look::AtMinute));
        for node in [&a, &b] {
            node.clock.advance(seconds(1800));
        }
    }
    let mut news = [told(&a), told(&b)].concat();
    let summaries = news.extract_if(.., |news| news.contains(':')).count();
    news.sort();
    assert_eq!(
        news,
        ["afternoon ended", "afternoon started", "morning ended", "morning started", "night started"]
    );
    // One an hour and one for each shift that was over.
    assert_eq!(summaries, 14 + 2);
}

//! Schedules that change: whoever asks and whatever is edited meanwhile, no instant has two shifts or none.

use std::time::Duration;

use atalaya::domain::{Days, Schedule, ScheduledShift, Shift, TimeOfDay, Timestamp};
use atalaya::store::{Put, Store, StoreError};

use crate::fixture::{EARLY, at, branch, branch_id, postgres, seconds, sqlite, tenant, visit};

on_both!(
    a_changed_schedule_prolongs_or_cuts_the_running_shift,
    late_records_of_before_a_change_land_in_the_shift_of_their_time,
    a_changed_zone_leaves_no_overlap,
    unusable_schedules_change_nothing,
    a_deleted_branch_keeps_its_hours,
    a_first_schedule_holds_since_ever,
    schedules_of_tenants_are_their_own,
);

fn schedule(starts: &[(&str, u8)]) -> Schedule {
    let shift = |(name, hour): &(&str, u8)| ScheduledShift {
        name: (*name).to_owned(),
        start: TimeOfDay { hour: *hour, minute: 0 },
        days: Days::ALL,
    };
    Schedule { shifts: starts.iter().map(shift).collect() }
}

/// All shifts of branch 2, oldest first; fails when two overlap.
async fn stored(store: &Store) -> Vec<Shift> {
    let mut shifts = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page =
            store.shifts(tenant(1), branch_id(2), (None, None), (cursor.as_deref(), 500)).await.unwrap();
        shifts.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    shifts.reverse();
    for pair in shifts.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{pair:?}");
    }
    shifts
}

async fn described(store: &Store) {
    let put = store.put_branch(tenant(1), &branch(1, 2, "UTC"), None, EARLY).await.unwrap();
    assert_eq!(put, Put::Created);
}

async fn shift_at(store: &Store, time: Timestamp) -> Shift {
    store.shift_at(tenant(1), branch_id(2), time).await.unwrap()
}

async fn a_changed_schedule_prolongs_or_cuts_the_running_shift(store: &Store) {
    described(store).await;
    let morning = shift_at(store, at("2026-06-10T11:00:00Z")).await;
    assert_eq!(morning.end, at("2026-06-10T14:00:00Z"));
    let put = async |starts: &[(&str, u8)], now| {
        store.put_schedule(tenant(1), branch_id(2), &schedule(starts), at(now)).await.unwrap();
    };
    put(&[("early", 5), ("late", 16)], "2026-06-10T11:00:00Z").await;
    let prolonged = shift_at(store, at("2026-06-10T15:59:59Z")).await;
    assert_eq!(prolonged, Shift { end: at("2026-06-10T16:00:00Z"), ..morning.clone() });
    put(&[("early", 5), ("noon", 13)], "2026-06-10T11:30:00Z").await;
    let cut = shift_at(store, at("2026-06-10T12:59:59Z")).await;
    assert_eq!(cut, Shift { end: at("2026-06-10T13:00:00Z"), ..morning });
    let noon = shift_at(store, at("2026-06-10T13:00:00Z")).await;
    assert_eq!((noon.name.as_str(), noon.end), ("noon", at("2026-06-11T05:00:00Z")));
    let names: Vec<_> = stored(store).await.into_iter().map(|shift| shift.name).collect();
    assert_eq!(names, ["morning", "noon"]);
}

async fn late_records_of_before_a_change_land_in_the_shift_of_their_time(store: &Store) {
    described(store).await;
    shift_at(store, at("2026-06-10T11:00:00Z")).await;
    let new = schedule(&[("day", 8), ("evening", 20)]);
    store.put_schedule(tenant(1), branch_id(2), &new, at("2026-06-10T11:00:00Z")).await.unwrap();
    // Of yesterday, never numbered so far; of just before the change; of after it.
    let times =
        ["2026-06-09T23:00:00Z", "2026-06-10T10:59:00Z", "2026-06-10T14:30:00Z", "2026-06-10T20:00:00Z"];
    let records: Vec<_> =
        (1..).zip(times).map(|(track, time)| visit(1, track, at(time), seconds(5))).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
    let mut found = Vec::new();
    for shift in stored(store).await {
        let visits = store.visits(tenant(1), shift.id, None, 10).await.unwrap().items;
        for visit in &visits {
            assert!(shift.start <= visit.visit.enter && visit.visit.enter < shift.end, "{shift:?} {visit:?}");
        }
        found.push((shift.name, shift.start, visits.len()));
    }
    let expected = [
        ("night", "2026-06-09T22:00:00Z", 1),
        ("morning", "2026-06-10T06:00:00Z", 2),
        ("evening", "2026-06-10T20:00:00Z", 1),
    ];
    assert_eq!(found, expected.map(|(name, start, visits)| (name.to_owned(), at(start), visits)));
}

async fn a_changed_zone_leaves_no_overlap(store: &Store) {
    described(store).await;
    let morning = shift_at(store, at("2026-06-10T11:00:00Z")).await;
    // 13:00 in Madrid: the afternoon begins there at 12:00Z, before the morning of UTC is over.
    let madrid = branch(1, 2, "Europe/Madrid");
    let put = store.put_branch(tenant(1), &madrid, None, at("2026-06-10T11:00:00Z")).await.unwrap();
    assert_eq!(put, Put::Replaced);
    let running = shift_at(store, at("2026-06-10T11:59:59Z")).await;
    assert_eq!(running, Shift { end: at("2026-06-10T12:00:00Z"), ..morning });
    let afternoon = shift_at(store, at("2026-06-10T13:30:00Z")).await;
    assert_eq!((afternoon.start, afternoon.end), (at("2026-06-10T12:00:00Z"), at("2026-06-10T20:00:00Z")));
    assert_eq!(stored(store).await.len(), 2);
    // The same again, as at each start with a configuration file.
    store.put_branch(tenant(1), &madrid, None, at("2026-06-10T19:00:00Z")).await.unwrap();
    assert_eq!(shift_at(store, at("2026-06-10T19:30:00Z")).await, afternoon);
}

async fn unusable_schedules_change_nothing(store: &Store) {
    described(store).await;
    let twice = schedule(&[("a", 6), ("b", 6)]);
    for bad in [&twice, &Schedule { shifts: Vec::new() }] {
        let error = store.put_schedule(tenant(1), branch_id(2), bad, EARLY).await.unwrap_err();
        assert!(matches!(error, StoreError::Branch { .. }), "{error}");
        let error = store.create_branch(tenant(1), &branch(1, 3, "UTC"), Some(bad), EARLY).await.unwrap_err();
        assert!(matches!(error, StoreError::Branch { .. }), "{error}");
    }
    assert_eq!(store.branch(tenant(1), branch_id(3)).await.unwrap(), None);
    let plan = store.plan(tenant(1), branch_id(2)).await.unwrap();
    assert_eq!(*plan.latest().calendar.schedule(), Schedule::default());
}

async fn a_deleted_branch_keeps_its_hours(store: &Store) {
    let madrid = branch(1, 2, "Europe/Madrid");
    store.put_branch(tenant(1), &madrid, None, EARLY).await.unwrap();
    let morning = shift_at(store, at("2026-06-10T09:00:00Z")).await;
    assert!(store.delete_branch(tenant(1), branch_id(2)).await.unwrap());
    assert!(!store.delete_branch(tenant(1), branch_id(2)).await.unwrap());
    assert_eq!(store.branch(tenant(1), branch_id(2)).await.unwrap(), None);
    assert_eq!(shift_at(store, at("2026-06-10T12:00:00Z")).await.start, morning.end);
}

async fn a_first_schedule_holds_since_ever(store: &Store) {
    let new = schedule(&[("day", 9)]);
    let now = at("2026-06-10T11:00:00Z");
    store.create_branch(tenant(1), &branch(1, 2, "UTC"), Some(&new), now).await.unwrap();
    let day = shift_at(store, now).await;
    assert_eq!((day.name.as_str(), day.start), ("day", at("2026-06-10T09:00:00Z")));
}

async fn schedules_of_tenants_are_their_own(store: &Store) {
    for id in [1, 2] {
        store.put_branch(tenant(id), &branch(id, 2, "UTC"), None, EARLY).await.unwrap();
    }
    let new = schedule(&[("day", 9)]);
    store.put_schedule(tenant(2), branch_id(2), &new, EARLY).await.unwrap();
    let ours = store.plan(tenant(1), branch_id(2)).await.unwrap();
    let theirs = store.plan(tenant(2), branch_id(2)).await.unwrap();
    assert_eq!(*ours.latest().calendar.schedule(), Schedule::default());
    assert_eq!(*theirs.latest().calendar.schedule(), new);
    assert!(store.delete_branch(tenant(2), branch_id(2)).await.unwrap());
    assert!(store.branch(tenant(1), branch_id(2)).await.unwrap().is_some());
    let foreign = store.put_branch(tenant(2), &branch(1, 2, "UTC"), None, EARLY).await.unwrap_err();
    assert!(matches!(foreign, StoreError::Tenant { .. }));
}

/// Twenty at once on two nodes, each for a moment of its own of the same shift, while somebody changes the hours.
async fn race(one: Store, other: Store) {
    described(&one).await;
    let noon = at("2026-06-10T12:00:00Z");
    for round in 0..10_u64 {
        let day = noon + seconds(round * 86_400);
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20_u64 {
            let store = if n % 2 == 0 { one.clone() } else { other.clone() };
            tasks.spawn(async move {
                shift_at(&store, day + Duration::from_secs(n)).await;
            });
        }
        for (store, hour) in [(one.clone(), 13_u8), (other.clone(), 15)] {
            tasks.spawn(async move {
                let new = schedule(&[("a", 6), ("b", hour + (round % 3) as u8)]);
                store.put_schedule(tenant(1), branch_id(2), &new, day).await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let holding: Vec<_> = stored(&one).await.into_iter().filter(|shift| shift.end > day).collect();
        assert_eq!(holding.len(), 1, "{holding:?}");
        assert!(holding[0].start <= day);
        assert_eq!(shift_at(&other, day).await, holding[0]);
    }
    // Whatever was changed in which order: one after another, without a hole where somebody looks.
    for hour in 0..240_u64 {
        shift_at(&one, at("2026-06-10T12:00:00Z") + seconds(hour * 3600)).await;
    }
    let all = stored(&one).await;
    for pair in all.windows(2) {
        assert_eq!(pair[0].end, pair[1].start, "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_who_ask_at_once_on_two_nodes_get_one_shift_while_its_hours_change() {
    let fresh = postgres().await;
    let other = Store::open(fresh.url.as_deref(), fresh.folder.path()).await.unwrap();
    race(fresh.store.clone(), other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_sqlite_file_get_one_shift_while_its_hours_change() {
    let fresh = sqlite().await;
    let other = Store::open(None, fresh.folder.path()).await.unwrap();
    race(fresh.store.clone(), other).await;
}

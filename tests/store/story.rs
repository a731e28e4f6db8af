//! One day at two tenants, told to both databases.

use atalaya::domain::Timestamp;
use atalaya::store::{Put, Store, StoreError, VisitRecord};

use crate::fixture::{EARLY, at, bare_camera, branch, branch_id, camera, camera_id, seconds, tenant, visit};

const MENDOZA: &str = "America/Argentina/Mendoza";

on_both!(
    cameras_are_added_replaced_and_forgotten,
    branches_are_added_and_replaced,
    a_day_is_summed_up_shift_by_shift,
    only_the_first_branch_needs_no_description_to_know_its_hours,
    visits_are_paged_newest_first,
    repeated_and_late_writes_change_nothing,
    order_of_writes_never_matters,
    what_a_crash_left_open_is_closed,
    tenants_never_see_each_other,
    shift_is_numbered_once_however_many_ask,
);

async fn cameras_are_added_replaced_and_forgotten(store: &Store) {
    let (one, door) = (tenant(1), camera(1, "door"));
    store.create_camera(one, &door).await.unwrap();
    assert_eq!(store.camera(one, &door.id).await.unwrap(), Some(door.clone()));

    let taken = store.create_camera(one, &bare_camera(1, "door")).await.unwrap_err();
    assert_eq!(taken.to_string(), "camera \"door\" exists already");
    assert_eq!(store.camera(one, &door.id).await.unwrap(), Some(door.clone()));

    let bare = bare_camera(1, "door");
    assert_eq!(store.put_camera(one, &bare).await.unwrap(), Put::Replaced);
    assert_eq!(store.put_camera(one, &camera(1, "bar")).await.unwrap(), Put::Created);
    // As bytes compare, whatever the language of the database.
    for slug in ["ab", "a-c", "b", "a1"] {
        store.create_camera(one, &bare_camera(1, slug)).await.unwrap();
    }
    let all = store.cameras(one).await.unwrap();
    let slugs: Vec<_> = all.iter().map(|camera| camera.id.as_str()).collect();
    assert_eq!(slugs, ["a-c", "a1", "ab", "b", "bar", "door"]);
    assert_eq!((&all[4], &all[5]), (&camera(1, "bar"), &bare));
    assert_eq!(store.all_cameras().await.unwrap(), all);

    assert!(store.delete_camera(one, &door.id).await.unwrap());
    assert!(!store.delete_camera(one, &door.id).await.unwrap());
    assert_eq!(store.camera(one, &door.id).await.unwrap(), None);
}

async fn branches_are_added_and_replaced(store: &Store) {
    let one = tenant(1);
    store.create_branch(one, &branch(1, 2, MENDOZA), None, EARLY).await.unwrap();
    let taken = store.create_branch(one, &branch(1, 2, "UTC"), None, EARLY).await.unwrap_err();
    assert_eq!(taken.to_string(), "branch 2 exists already");
    assert_eq!(store.put_branch(one, &branch(1, 1, "UTC"), None, EARLY).await.unwrap(), Put::Created);
    assert_eq!(
        store.put_branch(one, &branch(1, 1, "Europe/Madrid"), None, EARLY).await.unwrap(),
        Put::Replaced
    );
    let all = [branch(1, 1, "Europe/Madrid"), branch(1, 2, MENDOZA)];
    assert_eq!(store.branches(one).await.unwrap(), all);
    assert_eq!(store.branch(one, branch_id(2)).await.unwrap(), Some(branch(1, 2, MENDOZA)));
    let nowhere = store.put_branch(one, &branch(1, 3, "Mars/Base"), None, EARLY).await.unwrap_err();
    assert!(matches!(nowhere, StoreError::Branch { .. }), "{nowhere}");
    assert_eq!(store.branch(one, branch_id(3)).await.unwrap(), None);
}

async fn a_day_is_summed_up_shift_by_shift(store: &Store) {
    let one = tenant(1);
    store.put_branch(one, &branch(1, 2, MENDOZA), None, EARLY).await.unwrap();
    // 13:59:30 in Mendoza: it began in the morning, so it belongs there though it ended in the afternoon.
    let late = visit(1, 1, at("2026-06-10T16:59:30Z"), seconds(90));
    let before = |camera: &str, mut record: VisitRecord| {
        record.visit.place.camera = camera_id(camera);
        record
    };
    let afternoon = [
        visit(1, 2, at("2026-06-10T17:00:00Z"), seconds(10)),
        visit(1, 3, at("2026-06-10T17:59:59.999Z"), seconds(20)),
        before("bar", visit(1, 3, at("2026-06-10T18:00:00Z"), seconds(30))),
        before("a-c", visit(1, 5, at("2026-06-10T18:00:00Z"), seconds(20))),
        before("ab", visit(1, 5, at("2026-06-10T18:00:00Z"), seconds(20))),
        VisitRecord { open: true, ..visit(1, 4, at("2026-06-11T00:59:59Z"), seconds(1)) },
    ];
    store.write_visits(one, &[&[late][..], &afternoon[..]].concat()).await.unwrap();

    let shift = store.shift_at(one, branch_id(2), at("2026-06-10T20:00:00Z")).await.unwrap();
    assert_eq!((shift.name.as_str(), shift.start), ("afternoon", at("2026-06-10T17:00:00Z")));
    assert_eq!(shift.end, at("2026-06-11T01:00:00Z"));
    let summary = store.summary(one, &shift).await.unwrap();
    assert_eq!(summary.shift, shift);
    assert_eq!(summary.visits, 6);
    assert_eq!((summary.dwell_median_s, summary.dwell_p95_s), (Some(20), Some(30)));
    assert_eq!(summary.visits_by_hour, [2, 3, 0, 0, 0, 0, 0, 1]);
    let by_camera = [("a-c", 1), ("ab", 1), ("bar", 1), ("door", 3)];
    assert_eq!(summary.visits_by_camera, by_camera.map(|(camera, visits)| (camera.to_owned(), visits)));

    let morning = store.shift_at(one, branch_id(2), at("2026-06-10T16:59:59.999Z")).await.unwrap();
    assert_eq!(store.summary(one, &morning).await.unwrap().visits, 1);
    let night = store.shift_at(one, branch_id(2), at("2026-06-11T01:00:00Z")).await.unwrap();
    let empty = store.summary(one, &night).await.unwrap();
    assert_eq!((empty.visits, empty.dwell_median_s), (0, None));
    assert_eq!(empty.visits_by_hour, [0; 8]);
    let newest = store.shifts(one, branch_id(2), (None, None), (None, 2)).await.unwrap();
    assert_eq!(newest.items, [night, shift]);
    let older =
        store.shifts(one, branch_id(2), (None, None), (newest.next_cursor.as_deref(), 1)).await.unwrap();
    assert_eq!((older.items, older.next_cursor), (vec![morning], None));
}

async fn only_the_first_branch_needs_no_description_to_know_its_hours(store: &Store) {
    let noon = at("2026-06-10T12:00:00Z");
    let start = |zone: jiff::tz::TimeZone, hour: i8| {
        let local = jiff::Timestamp::from_millisecond(noon.as_millis()).unwrap().to_zoned(zone);
        let start = local.with().hour(hour).minute(0).build().unwrap();
        Timestamp::from_millis(start.timestamp().as_millisecond())
    };
    // A machine whose zone has no name counts in UTC.
    let named = jiff::tz::TimeZone::system().iana_name().map(jiff::tz::TimeZone::get);
    let here = named.map_or(jiff::tz::TimeZone::UTC, Result::unwrap);
    let first = store.shift_at(tenant(1), branch_id(1), noon).await.unwrap();
    let begins = [6, 14, 22].map(|hour| start(here.clone(), hour));
    assert!(begins.contains(&first.start), "{first:?} begins at a full hour of {here:?}");
    let second = store.shift_at(tenant(1), branch_id(2), noon).await.unwrap();
    assert_eq!(second.start, start(jiff::tz::TimeZone::UTC, 6));
}

async fn visits_are_paged_newest_first(store: &Store) {
    let one = tenant(1);
    let start = at("2026-06-10T17:00:00Z");
    // Two enter at the same instant: the pages must not lose one of them.
    let entered = |n: u64| visit(1, n, start + seconds(n / 2), seconds(5));
    let records: Vec<_> = (0..1203).map(entered).collect();
    store.write_visits(one, &records).await.unwrap();
    let shift = store.shift_at(one, branch_id(2), start).await.unwrap();

    let mut tracks = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = store.visits(one, shift.id, cursor.as_deref(), 100_000).await.unwrap();
        assert!(page.items.len() <= 500);
        assert!(page.items.iter().all(|item| item.shift == shift.id && !item.open));
        tracks.extend(page.items.iter().map(|item| item.visit.track));
        // Somebody comes in while we page.
        store.write_visits(one, &[entered(5000 + tracks.len() as u64)]).await.unwrap();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(tracks, (0..1203).rev().collect::<Vec<_>>());

    let first = store.visits(one, shift.id, None, 1).await.unwrap();
    assert_eq!(first.items[0].visit, entered(5000 + 1203).visit);
    for wrong in
        ["", "x", "1", "1.", ".1", "1.g", "1.1.1", "ffffffffffffffff1.1", "7fffffffffffffff.1", "-1.1"]
    {
        let error = store.visits(one, shift.id, Some(wrong), 10).await.unwrap_err();
        assert!(matches!(error, StoreError::Cursor(_)), "{wrong:?}: {error}");
    }
}

async fn repeated_and_late_writes_change_nothing(store: &Store) {
    let one = tenant(1);
    let enter = at("2026-06-10T17:00:00Z");
    let open = |stay| VisitRecord { open: true, ..visit(1, 1, enter, seconds(stay)) };
    let mut closed = visit(1, 1, enter, seconds(9));
    closed.visit.confidence = 0.9;
    let shift = store.shift_at(one, branch_id(2), enter).await.unwrap();
    let stored = async || {
        let page = store.visits(one, shift.id, None, 10).await.unwrap();
        let states = page.items.into_iter();
        states.map(|item| (item.open, item.visit)).collect::<Vec<_>>()
    };

    store.write_visits(one, &[open(1)]).await.unwrap();
    assert_eq!(stored().await, [(true, open(1).visit)]);
    assert_eq!(store.summary(one, &shift).await.unwrap().visits, 1);
    // Several states of it in one batch, in any order.
    store.write_visits(one, &[open(5), closed.clone(), open(3)]).await.unwrap();
    for again in [open(1), closed.clone(), open(9), open(5)] {
        store.write_visits(one, &[again]).await.unwrap();
        assert_eq!(stored().await, [(false, closed.visit.clone())]);
    }
    // Same track of another run, and same run and track entering again, are other visits.
    let other_run = VisitRecord { run: 8, ..closed.clone() };
    let again = visit(1, 1, enter + seconds(60), seconds(2));
    store.write_visits(one, &[other_run, again]).await.unwrap();
    assert_eq!(store.summary(one, &shift).await.unwrap().visits, 3);
    store.write_visits(one, &[]).await.unwrap();
}

async fn order_of_writes_never_matters(store: &Store) {
    let one = tenant(1);
    let enter = at("2026-06-10T17:00:00Z");
    let mut run = 0;
    // Every order of four states of a visit, each written alone, and each order under a number of its own.
    for order in (0..256_usize).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]) {
        if (0..4).any(|state| !order.contains(&state)) {
            continue;
        }
        run += 1;
        let mut record = VisitRecord { run, ..visit(1, 1, enter, seconds(0)) };
        for state in order {
            // The last two are of the same length: being over wins.
            record.open = state != 3;
            record.visit.leave = enter + seconds([1, 4, 9, 9][state]);
            store.write_visits(one, std::slice::from_ref(&record)).await.unwrap();
        }
    }
    assert_eq!(run, 24);
    let shift = store.shift_at(one, branch_id(2), enter).await.unwrap();
    let page = store.visits(one, shift.id, None, 500).await.unwrap();
    assert_eq!(page.items.len(), 24);
    assert!(page.items.iter().all(|item| !item.open && item.visit.leave == enter + seconds(9)));
}

async fn what_a_crash_left_open_is_closed(store: &Store) {
    let one = tenant(1);
    let enter = at("2026-06-10T17:00:00Z");
    let open = |track, stay| VisitRecord { open: true, ..visit(1, track, enter, seconds(stay)) };
    store.write_visits(one, &[open(1, 12), open(2, 3), visit(1, 3, enter, seconds(4))]).await.unwrap();
    assert_eq!(store.close_open_visits().await.unwrap(), 2);
    assert_eq!(store.close_open_visits().await.unwrap(), 0);
    let shift = store.shift_at(one, branch_id(2), enter).await.unwrap();
    let summary = store.summary(one, &shift).await.unwrap();
    assert_eq!((summary.visits, summary.dwell_p95_s), (3, Some(12)));
    // Another process on this database that still sees the person says so, and is believed.
    store.write_visits(one, &[open(1, 20)]).await.unwrap();
    let page = store.visits(one, shift.id, None, 10).await.unwrap();
    let first = page.items.iter().find(|item| item.visit.track == 1).unwrap();
    assert_eq!((first.open, first.visit.leave), (true, enter + seconds(20)));
}

async fn tenants_never_see_each_other(store: &Store) {
    let (one, two) = (tenant(1), tenant(2));
    let enter = at("2026-06-10T17:00:00Z");
    for id in [1, 2] {
        store.put_branch(tenant(id), &branch(id, 2, MENDOZA), None, EARLY).await.unwrap();
        store.put_camera(tenant(id), &camera(id, "door")).await.unwrap();
    }
    store.write_visits(one, &[visit(1, 1, enter, seconds(5))]).await.unwrap();
    store.put_camera(one, &camera(1, "secret")).await.unwrap();
    store.put_branch(one, &branch(1, 9, "UTC"), None, EARLY).await.unwrap();

    assert_eq!(store.cameras(two).await.unwrap(), [camera(2, "door")]);
    assert_eq!(store.camera(two, &camera_id("secret")).await.unwrap(), None);
    assert!(!store.delete_camera(two, &camera_id("secret")).await.unwrap());
    assert_eq!(store.branches(two).await.unwrap(), [branch(2, 2, MENDOZA)]);
    assert_eq!(store.branch(two, branch_id(9)).await.unwrap(), None);
    let theirs = store.shift_at(one, branch_id(2), enter).await.unwrap();
    let ours = store.shift_at(two, branch_id(2), enter).await.unwrap();
    assert_ne!(theirs.id, ours.id);
    assert_eq!(store.shift(two, theirs.id).await.unwrap(), None);
    assert_eq!(store.shift(one, theirs.id).await.unwrap(), Some(theirs.clone()));
    assert_eq!(store.visits(two, theirs.id, None, 10).await.unwrap().items, []);
    assert_eq!(store.summary(two, &ours).await.unwrap().visits, 0);
    assert_eq!(store.shifts(two, branch_id(2), (None, None), (None, 10)).await.unwrap().items, [ours]);
    assert_eq!(store.all_cameras().await.unwrap().len(), 3);

    let foreign = |error: StoreError| assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
    foreign(store.summary(two, &theirs).await.unwrap_err());
    foreign(store.put_camera(two, &camera(1, "door")).await.unwrap_err());
    foreign(store.create_camera(two, &camera(1, "x")).await.unwrap_err());
    foreign(store.put_branch(two, &branch(1, 2, "UTC"), None, EARLY).await.unwrap_err());
    let mixed = [visit(2, 1, enter, seconds(5)), visit(1, 9, enter, seconds(5))];
    foreign(store.write_visits(two, &mixed).await.unwrap_err());
    assert_eq!(store.summary(one, &theirs).await.unwrap().visits, 1);
}

async fn shift_is_numbered_once_however_many_ask(store: &Store) {
    let asked = Timestamp::from_millis(1_781_000_000_000);
    let asking = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.shift_at(tenant(1), branch_id(5), asked).await.unwrap() })
    });
    let mut shifts = Vec::new();
    for answer in asking.collect::<Vec<_>>() {
        shifts.push(answer.await.unwrap());
    }
    shifts.dedup();
    assert_eq!(shifts.len(), 1);
}

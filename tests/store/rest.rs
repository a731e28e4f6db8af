//! The change log, tokens, sectors, and answers kept for repeated requests: on both databases, each tenant for itself.

use std::time::Duration;

use atalaya::domain::{
    Change, ClearedTable, IssuedToken, Role, Sector, SectorAssignment, SectorId, SessionId,
};
use atalaya::store::{
    Assigned, CLEARED_KEPT, ChangeFilter, Claim, Once, SavedAnswer, Store, StoreError, Swap,
};

use crate::fixture::{EARLY, at, branch, branch_id, tenant};

const NOON: &str = "2026-06-10T10:00:00Z";

pub(crate) fn change(of: i64, subject: &str) -> Change {
    Change {
        tenant: tenant(of),
        branch: Some(branch_id(2)),
        at: at(NOON),
        subject: subject.into(),
        roles: vec![Role::Admin],
        token: None,
        method: "PATCH".into(),
        route: "/api/v1/cameras/{id}".into(),
        resource: "cameras/hall".into(),
        fields: vec!["name".into()],
        status: 200,
        request: "r".into(),
    }
}

async fn changes_are_each_tenants_own_also_when_few_of_many_may_be_seen(store: &Store) {
    for n in 0..520 {
        store.add_change(tenant(1), &change(1, &format!("s{n}"))).await.unwrap();
    }
    store.add_change(tenant(2), &change(2, "other")).await.unwrap();
    let error = store.add_change(tenant(2), &change(1, "x")).await.unwrap_err();
    assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
    let all = ChangeFilter::default();
    let page = store.changes(tenant(2), &all, |_| true, (None, 10)).await.unwrap();
    assert_eq!(page.items, [change(2, "other")]);
    let first = |change: &Change| change.subject == "s0" || change.subject == "s519";
    let page = store.changes(tenant(1), &all, first, (None, 1)).await.unwrap();
    assert_eq!(page.items[0].subject, "s519");
    let next = store.changes(tenant(1), &all, first, (page.next_cursor.as_deref(), 1)).await.unwrap();
    assert_eq!((next.items[0].subject.as_str(), next.next_cursor), ("s0", None));
}

async fn tables_are_cleared_seated_again_and_forgotten_after_a_week(store: &Store) {
    let table = |is_over| {
        let session = SessionId::new("77").unwrap();
        ClearedTable { tenant: tenant(1), branch: branch_id(2), session, is_over }
    };
    store.note_cleared_table(tenant(1), &table(false), at(NOON)).await.unwrap();
    assert_eq!(store.cleared_tables(at(NOON)).await.unwrap(), [], "of one that never was nothing is kept");
    let error = store.note_cleared_table(tenant(2), &table(true), at(NOON)).await.unwrap_err();
    assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
    store.note_cleared_table(tenant(1), &table(true), at(NOON)).await.unwrap();
    assert_eq!(store.cleared_tables(at(NOON)).await.unwrap(), [table(true)]);
    let later = at(NOON) + Duration::from_secs(3600);
    store.note_cleared_table(tenant(1), &table(false), later).await.unwrap();
    assert_eq!(store.cleared_tables(later).await.unwrap(), [table(false)]);
    store.forget_ended(at(NOON) + CLEARED_KEPT).await.unwrap();
    assert_eq!(store.cleared_tables(at(NOON)).await.unwrap().len(), 1);
    store.forget_ended(later + CLEARED_KEPT + Duration::from_secs(1)).await.unwrap();
    assert_eq!(store.cleared_tables(at(NOON)).await.unwrap(), []);
}

fn token(of: i64, id: &str) -> IssuedToken {
    IssuedToken {
        tenant: tenant(of),
        id: id.into(),
        subject: "bar".into(),
        roles: vec![Role::Viewer, Role::Waiter],
        branches: vec![branch_id(2)],
        sectors: vec![SectorId::new(3).unwrap()],
        issued_by: "ana".into(),
        issued: Some(at(NOON)),
        expires: Some(at(NOON) + Duration::from_secs(60)),
        revoked: None,
    }
}

async fn tokens_are_kept_taken_back_once_and_forgotten(store: &Store) {
    assert!(store.add_token(tenant(1), &token(1, "a")).await.unwrap());
    assert!(!store.add_token(tenant(1), &token(1, "a")).await.unwrap(), "its name is known");
    assert!(store.add_token(tenant(2), &token(2, "a")).await.unwrap(), "another tenant's is another");
    assert_eq!(store.tokens(tenant(1)).await.unwrap(), [token(1, "a")]);
    assert!(store.revoke_token(tenant(1), "a", at(NOON)).await.unwrap());
    assert!(!store.revoke_token(tenant(1), "a", at(NOON)).await.unwrap());
    let revoked = store.revoked_tokens(at(NOON), at(NOON)).await.unwrap();
    assert_eq!((revoked.len(), revoked[0].tenant), (1, tenant(1)));
    let later = at(NOON) + Duration::from_secs(61);
    assert!(store.revoked_tokens(at(NOON), later).await.unwrap().is_empty(), "it would be over");
    let lasting = IssuedToken { expires: None, ..token(1, "b") };
    let foreign = IssuedToken { issued: None, ..token(2, "c") };
    assert!(store.add_token(tenant(1), &lasting).await.unwrap());
    assert!(store.add_token(tenant(2), &foreign).await.unwrap());
    assert_eq!(store.count_tokens(tenant(1), at(NOON)).await.unwrap(), (2, 0));
    assert_eq!(store.count_tokens(tenant(2), at(NOON)).await.unwrap(), (1, 1));
    assert_eq!(store.count_tokens(tenant(2), later).await.unwrap(), (0, 0), "they are over");
    store.forget_ended(at(NOON)).await.unwrap();
    assert_eq!(store.tokens(tenant(2)).await.unwrap().len(), 2, "they are not over yet");
    store.forget_ended(later).await.unwrap();
    assert_eq!(store.tokens(tenant(1)).await.unwrap(), [lasting]);
    assert_eq!(store.tokens(tenant(2)).await.unwrap(), []);
}

async fn a_request_is_claimed_by_one_and_taken_over_when_that_one_is_dead(store: &Store) {
    let once = |attempt| Once { route: "POST /x".into(), key: "k".into(), fingerprint: "f".into(), attempt };
    let claim = async |attempt, after_s| {
        let now = at(NOON) + Duration::from_secs(after_s);
        store.claim(tenant(1), &once(attempt), now).await.unwrap()
    };
    assert_eq!(claim(1, 0).await, Claim::New);
    assert_eq!(claim(2, 59).await, Claim::Running);
    assert_eq!(claim(3, 61).await, Claim::New, "the first is dead");
    let answer =
        SavedAnswer { status: 201, headers: vec![("a".into(), "b".into())], body: Some("{}".into()) };
    store.finish(tenant(1), &once(1), &answer).await.unwrap();
    assert_eq!(claim(4, 62).await, Claim::Running, "what a dead one says is too late");
    store.release(tenant(1), &once(1)).await.unwrap();
    store.finish(tenant(1), &once(3), &answer).await.unwrap();
    assert_eq!(claim(5, 63).await, Claim::Done(answer));
    let other = Once { fingerprint: "g".into(), ..once(6) };
    assert_eq!(store.claim(tenant(1), &other, at(NOON)).await.unwrap(), Claim::Other);
    assert_eq!(store.claim(tenant(2), &other, at(NOON)).await.unwrap(), Claim::New);
    assert_eq!(claim(7, 24 * 3600 + 62).await, Claim::New, "a day later it is forgotten");
}

async fn sectors_change_only_from_what_is_known(store: &Store) {
    let sector = |of: i64, name: &str| Sector {
        id: SectorId::new(3).unwrap(),
        tenant: tenant(of),
        branch: branch_id(2),
        name: name.into(),
    };
    let (first, second) = (sector(1, "First"), sector(1, "Second"));
    store.create_sector(tenant(1), &first).await.unwrap();
    store.create_sector(tenant(2), &sector(2, "Theirs")).await.unwrap();
    assert!(matches!(store.create_sector(tenant(1), &second).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.next_sector(tenant(1)).await.unwrap().get(), 4);
    assert_eq!(store.swap_sector(tenant(1), &first, Some(&second)).await.unwrap(), Swap::Done);
    assert_eq!(store.swap_sector(tenant(1), &first, Some(&second)).await.unwrap(), Swap::Changed);
    assert_eq!(store.swap_sector(tenant(1), &first, None).await.unwrap(), Swap::Changed);
    assert_eq!(store.swap_sector(tenant(1), &second, None).await.unwrap(), Swap::Done);
    assert_eq!(store.sectors(tenant(1)).await.unwrap(), []);
    assert_eq!(store.sectors(tenant(2)).await.unwrap(), [sector(2, "Theirs")]);
}

async fn who_serves_which_sectors_is_each_tenants_own_and_goes_with_them(store: &Store) {
    let sector = |of: i64, id: i64, branch: i64| Sector {
        id: SectorId::new(id).unwrap(),
        tenant: tenant(of),
        branch: branch_id(branch),
        name: format!("Sector {id}"),
    };
    for one in [sector(1, 1, 2), sector(1, 2, 2), sector(1, 3, 5), sector(2, 1, 2)] {
        store.create_sector(one.tenant, &one).await.unwrap();
    }
    let ids = |ids: &[i64]| ids.iter().map(|id| SectorId::new(*id).unwrap()).collect::<Vec<_>>();
    let serves = |of: i64, user: &str, branch: i64, sectors: &[i64]| SectorAssignment {
        tenant: tenant(of),
        branch: branch_id(branch),
        user: user.into(),
        sectors: ids(sectors),
    };
    let put = async |one: &SectorAssignment| store.put_sector_assignment(one.tenant, one).await.unwrap();
    for one in [serves(1, "bea", 2, &[1]), serves(1, "ana", 5, &[3]), serves(1, "ana", 2, &[1, 2])] {
        assert_eq!(put(&one).await, Assigned::Done);
    }
    assert_eq!(put(&serves(2, "ana", 2, &[1])).await, Assigned::Done);
    let error = store.put_sector_assignment(tenant(2), &serves(1, "ana", 2, &[1])).await.unwrap_err();
    assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
    let all = [serves(1, "ana", 2, &[1, 2]), serves(1, "ana", 5, &[3]), serves(1, "bea", 2, &[1])];
    assert_eq!(store.sector_assignments(tenant(1)).await.unwrap(), all);
    // One of another branch, or another tenant's: nothing changes.
    assert_eq!(put(&serves(1, "ana", 2, &[2, 3])).await, Assigned::NoSector(SectorId::new(3).unwrap()));
    assert_eq!(put(&serves(2, "ana", 2, &[2])).await, Assigned::NoSector(SectorId::new(2).unwrap()));
    assert_eq!(store.sector_assignments(tenant(1)).await.unwrap(), all);
    let served = async |of: i64, user: &str, branch: Option<i64>| {
        store.assigned_sectors(tenant(of), user, branch.map(branch_id)).await.unwrap()
    };
    assert_eq!(served(1, "ana", Some(2)).await, ids(&[1, 2]));
    assert_eq!(served(1, "ana", None).await, ids(&[1, 2, 3]));
    assert_eq!(served(2, "ana", None).await, ids(&[1]));
    assert_eq!(served(1, "nobody", None).await, []);
    // A sector that moves takes along who serves it; one that goes, and a branch, as well.
    assert_eq!(put(&serves(1, "ana", 2, &[2])).await, Assigned::Done);
    store.swap_sector(tenant(1), &sector(1, 2, 2), Some(&sector(1, 2, 5))).await.unwrap();
    assert_eq!(served(1, "ana", Some(5)).await, ids(&[2, 3]));
    store.swap_sector(tenant(1), &sector(1, 3, 5), None).await.unwrap();
    assert_eq!(served(1, "ana", Some(5)).await, ids(&[2]));
    store.put_branch(tenant(1), &branch(1, 2, "UTC"), None, EARLY).await.unwrap();
    assert!(store.delete_branch(tenant(1), branch_id(2)).await.unwrap());
    assert_eq!(store.sector_assignments(tenant(1)).await.unwrap(), [serves(1, "ana", 5, &[2])]);
    assert!(store.delete_sector_assignment(tenant(1), "ana", branch_id(5)).await.unwrap());
    assert!(!store.delete_sector_assignment(tenant(1), "ana", branch_id(5)).await.unwrap());
    assert_eq!(store.sector_assignments(tenant(1)).await.unwrap(), []);
    assert_eq!(store.sector_assignments(tenant(2)).await.unwrap(), [serves(2, "ana", 2, &[1])]);
}

on_both!(
    changes_are_each_tenants_own_also_when_few_of_many_may_be_seen,
    tokens_are_kept_taken_back_once_and_forgotten,
    tables_are_cleared_seated_again_and_forgotten_after_a_week,
    a_request_is_claimed_by_one_and_taken_over_when_that_one_is_dead,
    sectors_change_only_from_what_is_known,
    who_serves_which_sectors_is_each_tenants_own_and_goes_with_them,
);

//! Voice activity: what was heard, by tenant, branch and time.

use atalaya::domain::{Place, SectorId, VoiceActivity};
use atalaya::store::{Store, StoreError};

use crate::fixture::{at, branch_id, camera_id, tenant};

fn heard(of: i64, begin: &str, sector: Option<i64>) -> VoiceActivity {
    VoiceActivity {
        place: Place {
            tenant: tenant(of),
            branch: branch_id(2),
            sector: sector.map(|id| SectorId::new(id).unwrap()),
            camera: camera_id("totem-1"),
        },
        begin: at(begin),
        duration_ms: 4000,
        speech_ms: 1000,
        speech_ratio: 0.25,
        loudness_db: -27.5,
    }
}

async fn what_was_heard_is_found_by_tenant_branch_and_time(store: &Store) {
    let first = heard(1, "2026-06-10T10:00:00Z", Some(3));
    let second = heard(1, "2026-06-10T11:00:00.25Z", None);
    let other = heard(2, "2026-06-10T10:30:00Z", None);
    for (of, activity) in [(1, &second), (1, &first), (2, &other)] {
        store.add_voice_activity(tenant(of), activity).await.unwrap();
    }
    let error = store.add_voice_activity(tenant(2), &first).await.unwrap_err();
    assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
    let found = async |of: i64, branch: i64, to: &str| {
        let from = at("2026-06-10T10:00:00Z");
        store.voice_activity(tenant(of), branch_id(branch), from, at(to)).await.unwrap()
    };
    assert_eq!(found(1, 2, "2026-06-10T12:00:00Z").await, [first.clone(), second]);
    assert_eq!(found(1, 2, "2026-06-10T11:00:00Z").await, [first]);
    assert_eq!(found(2, 2, "2026-06-10T12:00:00Z").await, [other]);
    assert_eq!(found(1, 1, "2026-06-10T12:00:00Z").await, []);
}

on_both!(what_was_heard_is_found_by_tenant_branch_and_time);

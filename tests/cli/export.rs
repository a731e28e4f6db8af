//! `atalaya export`: files of rows, also beside a server that runs.

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use atalaya::domain::{Attributes, Branch, BranchId, CameraId, Place, TenantId, Timestamp, Visit};
use atalaya::store::{Store, VisitRecord};

use crate::program::Program;
use crate::server::{serve, serve_anywhere, terminate};

/// 2026-05-04T00:00:00+02:00, midnight in Madrid.
const MIDNIGHT: Timestamp = Timestamp::from_millis(1_777_845_600_000);

fn visit(track: u64, at: Timestamp) -> VisitRecord {
    VisitRecord {
        run: 1,
        open: false,
        visit: Visit {
            place: Place {
                tenant: TenantId::default(),
                branch: BranchId::default(),
                sector: None,
                camera: CameraId::new(if track.is_multiple_of(2) { "door" } else { "bar" }).unwrap(),
            },
            track,
            enter: at,
            leave: at + Duration::from_secs(5),
            confidence: 0.8,
            model: "nanodet".into(),
            attributes: Attributes::default(),
        },
    }
}

/// Visits of branch 1, which is in Madrid: one each minute from midnight on.
async fn fill(data: &Path, url: Option<&str>, count: u64) {
    let store = Store::open(url, data).await.unwrap();
    store.migrate().await.unwrap();
    let tenant = TenantId::default();
    let branch =
        Branch { id: BranchId::default(), tenant, name: "Centro".into(), time_zone: "Europe/Madrid".into() };
    store.put_branch(tenant, &branch, None, MIDNIGHT - Duration::from_secs(86_400)).await.unwrap();
    let minute = |n: u64| visit(n, MIDNIGHT + Duration::from_secs(n * 60));
    let visits: Vec<_> = (0..count).map(minute).collect();
    for part in visits.chunks(4000) {
        store.write_visits(tenant, part).await.unwrap();
    }
    store.close().await;
}

fn tracks(text: &str) -> Vec<u64> {
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<BTreeMap<String, String>>();
    rows.map(|row| row.unwrap()["track"].parse().unwrap()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn rows_are_written_beside_a_server_that_runs() {
    let kept = tempfile::tempdir().unwrap();
    let data = kept.path().join("data");
    let (server, _) = serve(serve_anywhere().data_dir(&data)).await;
    fill(&data, None, 3000).await;
    let export = async |more: &[&str]| {
        let arguments = [&["export", "visits", "--from", "2026-05-04", "--to", "2026-05-05"], more].concat();
        Program::new(&arguments).data_dir(&data).run().await
    };
    let whole = export(&[]).await.fine();
    assert_eq!(tracks(&whole), (0..1440).collect::<Vec<_>>(), "a day of the branch's clock");
    assert!(whole.lines().nth(1).unwrap().contains("2026-05-04T00:00:00+02:00"), "{}", &whole[..500]);
    let arguments = ["export", "visits", "--from", "2026-05-04T06:00", "--to", "2026-05-04T12:00:00"];
    let morning = Program::new(&arguments).data_dir(&data).run().await.fine();
    assert_eq!(tracks(&morning), (360..720).collect::<Vec<_>>(), "hours of the branch's clock");
    let bar = export(&["--camera", "bar"]).await.fine();
    assert_eq!(tracks(&bar), (0..1440).filter(|n| n % 2 == 1).collect::<Vec<_>>());
    assert_eq!(tracks(&export(&["--sector", "1"]).await.fine()), Vec::<u64>::new());
    assert_eq!(tracks(&export(&["--tenant", "2"]).await.fine()), Vec::<u64>::new());
    let files = tempfile::tempdir().unwrap();
    let (csv, ndjson) = (files.path().join("may.csv"), files.path().join("may.ndjson"));
    std::fs::write(&csv, "of last night").unwrap();
    for file in [&csv, &ndjson] {
        let ended = export(&["--output", file.to_str().unwrap()]).await;
        assert!(ended.stderr.contains("1440 rows"), "{ended:?}");
        assert_eq!(ended.fine(), "", "the file is all there is");
    }
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), whole);
    let lines = std::fs::read_to_string(&ndjson).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), &first["track"]), (1440, &serde_json::json!(0)));
    assert_eq!(names(files.path()), ["may.csv", "may.ndjson"], "nothing unfinished is left");
    terminate(server).await;
}

#[tokio::test]
async fn what_cannot_be_read_to_its_end_leaves_the_file_of_before() {
    let kept = tempfile::tempdir().unwrap();
    let data = kept.path().join("data");
    fill(&data, None, 30_000).await;
    let mut file = std::fs::OpenOptions::new().write(true).open(data.join("atalaya.db")).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(length / 2 / 4096 * 4096)).unwrap();
    file.write_all(&vec![0xee; usize::try_from(length / 4).unwrap()]).unwrap();
    drop(file);
    let files = tempfile::tempdir().unwrap();
    let csv = files.path().join("may.csv");
    std::fs::write(&csv, "of last night").unwrap();
    let arguments = ["export", "visits", "--from", "2026-05-01", "--output", csv.to_str().unwrap()];
    Program::new(&arguments).data_dir(&data).run().await.failed(1, &["malformed"]);
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), "of last night");
    assert_eq!(names(files.path()), ["may.csv"]);
}

#[tokio::test]
async fn wrong_usage_and_what_is_not_there_are_told_apart() {
    let kept = tempfile::tempdir().unwrap();
    let data = kept.path().join("data");
    let run = async |arguments: &[&str]| {
        Program::new(&[&["export"], arguments].concat()).data_dir(&data).run().await
    };
    run(&["visits", "--from", "2026-05-04"])
        .await
        .failed(1, &["atalaya.db", "there is none yet", "--data-dir"]);
    assert!(!data.join("atalaya.db").exists(), "it makes none");
    fill(&data, None, 1).await;
    run(&["people", "--from", "2026-05-04"])
        .await
        .failed(2, &["'people'", "visits, crossings, stays, occupancy, voice"]);
    run(&["visits", "--from", "2026-05-04", "--branch", "44"])
        .await
        .failed(1, &["there is no branch 44 of tenant 1; there are 1"]);
    run(&["visits"]).await.failed(2, &["--from"]);
    run(&["visits", "--from", "yesterday"]).await.failed(2, &["--from", "\"yesterday\"", "2026-11-01"]);
    let backwards = ["visits", "--from", "2026-05-04", "--to", "2026-05-03T00:00:00Z"];
    run(&backwards).await.failed(2, &["--to is not after --from"]);
    run(&["visits", "--from", "2026-05-04", "--format", "xlsx"]).await.failed(2, &["'xlsx'", "csv, ndjson"]);
    run(&["visits", "--from", "2026-05-04", "--camera", "NO"]).await.failed(2, &["--camera", "a-z"]);
    let nowhere = ["visits", "--from", "2026-05-04", "--output", "/nowhere/a.csv"];
    run(&nowhere).await.failed(1, &["/nowhere/a.csv.part", "No such file"]);
    let help = run(&["--help"]).await.fine();
    assert!(help.contains("atalaya export visits --from 2026-11-01"), "{help}");
}

#[tokio::test]
async fn postgres_is_read_in_the_same_way_and_never_written() {
    let cluster = crate::postgres::Cluster::shared();
    let url = cluster.create_database();
    let kept = tempfile::tempdir().unwrap();
    let export = async || {
        let arguments = ["export", "visits", "--from", "2026-05-04T00:00:00+02:00", "--format", "ndjson"];
        Program::new(&arguments).data_dir(kept.path()).env("ATALAYA_DATABASE__URL", &url).run().await
    };
    export().await.failed(1, &["it has no tables of Atalaya"]);
    fill(kept.path(), Some(&url), 2500).await;
    let lines = export().await.fine();
    let track =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["track"].as_u64().unwrap();
    assert_eq!(lines.lines().map(track).collect::<Vec<_>>(), (0..2500).collect::<Vec<_>>());
}

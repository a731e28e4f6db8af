//! What is added comes out in order, whatever happens to the files in between.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::line::tests::visit;
use super::*;
use crate::store::VisitRecord;

const MAX: u64 = 16 << 20;

fn open_for(folder: &TempDir, place: &str, max_bytes: u64) -> Spool {
    Spool::open(folder.path(), place, max_bytes).unwrap()
}

fn open(folder: &TempDir) -> Spool {
    open_for(folder, "a database", MAX)
}

fn visits(tracks: std::ops::Range<u64>) -> Vec<Record> {
    tracks.map(visit).collect()
}

fn tracks(records: &[Record]) -> Vec<u64> {
    let track = |record: &Record| match record {
        Record::Visit(VisitRecord { visit, .. }) => visit.track,
        other => panic!("{other:?}"),
    };
    records.iter().map(track).collect()
}

/// Reads and confirms all there is, a few at a time.
fn drain(spool: &mut Spool) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let records = spool.read(300);
        if records.is_empty() {
            return all;
        }
        all.extend(tracks(&records));
        spool.confirm();
    }
}

fn files(spool: &Spool) -> Vec<String> {
    let entries = fs::read_dir(spool.folder()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "lock" && name != "database");
    names.sort();
    names
}

#[test]
fn records_come_out_in_order_and_the_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    // Enough for several files.
    for batch in 0..20 {
        spool.append(&visits(batch * 500..(batch + 1) * 500)).unwrap();
    }
    assert!(files(&spool).len() > 1, "{:?}", files(&spool));
    assert_eq!(spool.figures().records, 10_000);
    assert_eq!(tracks(&spool.read(3)), [0, 1, 2]);
    assert_eq!(tracks(&spool.read(3)), [0, 1, 2], "they stay until the database has them");
    spool.confirm();
    assert_eq!(spool.figures().records, 9_997);
    assert_eq!(drain(&mut spool), (3..10_000).collect::<Vec<_>>());
    assert_eq!((spool.figures().records, spool.figures().bytes, files(&spool).len()), (0, 0, 0));
    spool.append(&visits(7..8)).unwrap();
    assert_eq!(drain(&mut spool), [7]);
}

#[test]
fn records_that_are_added_while_others_are_written_come_after_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..3)).unwrap();
    assert_eq!(tracks(&spool.read(10)), [0, 1, 2]);
    spool.append(&visits(3..5)).unwrap();
    spool.confirm();
    assert_eq!(drain(&mut spool), [3, 4]);
}

#[test]
fn another_process_goes_on_where_one_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..10)).unwrap();
    let error = Spool::open(folder.path(), "a database", MAX).unwrap_err().to_string();
    assert!(error.contains("another process uses it"), "{error}");
    drop(spool);
    let mut spool = open(&folder);
    assert!(spool.figures().has_earlier);
    spool.append(&visits(10..12)).unwrap();
    let earlier = spool.read(100);
    assert_eq!(tracks(&earlier), (0..10).collect::<Vec<_>>());
    spool.confirm();
    assert!(!spool.figures().has_earlier, "what is left is our own");
    assert_eq!(drain(&mut spool), [10, 11]);
}

#[test]
fn oldest_go_when_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open_for(&folder, "a database", 3 << 20);
    for batch in 0..40 {
        assert_eq!(spool.figures().is_full, spool.figures().lost > 0);
        spool.append(&visits(batch * 500..(batch + 1) * 500)).unwrap();
        assert!(spool.figures().bytes <= 3 << 20);
    }
    let lost = spool.figures().lost;
    assert!(lost > 0);
    assert_eq!(spool.figures().records, 20_000 - lost);
    assert_eq!(drain(&mut spool), (lost..20_000).collect::<Vec<_>>());
    assert_eq!((spool.figures().lost, spool.figures().is_full), (lost, false));
    // What is on its way to the database while it goes is neither lost nor confirmed twice.
    let mut spool = open_for(&folder, "another", 1 << 20);
    spool.append(&visits(0..1000)).unwrap();
    assert_eq!(spool.read(10).len(), 10);
    while !spool.figures().is_full {
        spool.append(&visits(1000..2000)).unwrap();
    }
    spool.confirm();
    assert!(drain(&mut spool).iter().all(|track| *track >= 1000));
}

#[test]
fn files_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..1)).unwrap();
    for entry in fs::read_dir(spool.folder()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    assert_eq!(fs::metadata(spool.folder()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn records_of_one_database_never_go_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..3)).unwrap();
    let mut other = open_for(&folder, "Postgres database \"elsewhere\"", MAX);
    assert_eq!(drain(&mut other), [0; 0]);
    drop(spool);
    assert_eq!(drain(&mut open(&folder)), [0, 1, 2]);
    let label = fs::read_to_string(other.folder().join("database")).unwrap();
    assert_eq!(label, "Postgres database \"elsewhere\"\n");
}

#[test]
fn a_data_folder_that_moves_takes_its_spool_along() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = |folder: &TempDir| format!("SQLite file {}/atalaya.db", folder.path().display());
    open_for(&here, &place(&here), MAX).append(&visits(0..3)).unwrap();
    fs::rename(here.path().join("spool"), there.path().join("spool")).unwrap();
    assert_eq!(drain(&mut open_for(&there, &place(&there), MAX)), [0, 1, 2]);
}

#[test]
fn a_damaged_file_is_set_aside_and_everything_else_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    for batch in 0..10 {
        spool.append(&visits(batch * 500..(batch + 1) * 500)).unwrap();
    }
    let names = files(&spool);
    let path = spool.folder().join(&names[0]);
    let mut bytes = fs::read(&path).unwrap();
    // In the middle of the second line.
    let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 20;
    bytes[second] ^= 4;
    fs::write(&path, &bytes).unwrap();
    drop(spool);
    let mut spool = open(&folder);
    let expected: Vec<_> = (0..5000).filter(|track| *track != 1).collect();
    assert_eq!(drain(&mut spool), expected);
    assert_eq!((files(&spool), spool.figures().lost), (vec![names[0].replace("jsonl", "damaged")], 1));
    drop(spool);
    assert_eq!(open(&folder).figures().records, 0, "it is not read again");
}

/// A disk that goes bad spoils file after file, through restart after restart.
#[test]
fn of_damaged_files_the_newest_are_kept_and_none_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..KEPT_DAMAGED as u64 + 3 {
        let mut spool = open(&folder);
        spool.append(&visits(round * 2..round * 2 + 2)).unwrap();
        let path =
            spool.folder().join(files(&spool).into_iter().find(|name| name.ends_with("jsonl")).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 4;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(drain(&mut spool), [round * 2 + 1]);
        let kept = KEPT_DAMAGED.min(round as usize + 1);
        assert_eq!((spool.figures().damaged_files, files(&spool).len()), (kept, kept));
    }
    let spool = open(&folder);
    assert_eq!(spool.figures().damaged_files, KEPT_DAMAGED);
    let newest = fs::read(folder::damaged_path(spool.folder(), KEPT_DAMAGED as u64 + 2)).unwrap();
    assert!(!newest.is_empty() && files(&spool)[0] == "000000000003.damaged", "{:?}", files(&spool));
}

#[test]
fn a_file_that_somebody_took_away_is_counted_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..10)).unwrap();
    drop(spool);
    let mut spool = open(&folder);
    spool.append(&visits(10..12)).unwrap();
    assert_eq!(tracks(&spool.read(4)), [0, 1, 2, 3]);
    spool.confirm();
    fs::remove_file(spool.segment_path(0)).unwrap();
    assert_eq!(drain(&mut spool), [10, 11]);
    assert_eq!((spool.figures().lost, spool.figures().records), (6, 0));
}

#[test]
fn a_disk_that_is_full_takes_nothing_and_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder);
    spool.append(&visits(0..3)).unwrap();
    // The system says "no space left on device" at every write to this one.
    let full = fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
    let working = spool.open.replace(full);
    let error = spool.append(&visits(3..6)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    spool.open = working;
    spool.append(&visits(6..9)).unwrap();
    assert_eq!(drain(&mut spool), [0, 1, 2, 6, 7, 8]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What a killed process or a power cut leaves: the file ends anywhere.
    #[test]
    fn a_torn_end_costs_no_record_that_was_whole(cut in 0_usize..4000) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = open(&folder);
        spool.append(&visits(0..20)).unwrap();
        let path = spool.segment_path(0);
        let bytes = fs::read(&path).unwrap();
        let bytes = &bytes[..bytes.len() - cut.min(bytes.len())];
        fs::write(&path, bytes).unwrap();
        drop(spool);
        let whole = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let mut spool = open(&folder);
        spool.append(&visits(100..101)).unwrap();
        let expected: Vec<_> = (0..whole).chain([100]).collect();
        prop_assert_eq!(drain(&mut spool), expected);
        prop_assert_eq!(files(&spool).len(), 0);
    }

    /// What a bad disk leaves: bytes that are not what they were.
    #[test]
    fn damage_costs_the_lines_it_touches_and_no_other(at in 0_usize..5000, byte: u8, length in 1_usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = open(&folder);
        spool.append(&visits(0..20)).unwrap();
        let path = spool.segment_path(0);
        let mut bytes = fs::read(&path).unwrap();
        let from = at % (bytes.len() - length);
        let touched = |bytes: &[u8], at: usize| bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        let (first, last) = (touched(&bytes, from), touched(&bytes, from + length));
        bytes[from..from + length].fill(byte);
        fs::write(&path, &bytes).unwrap();
        drop(spool);
        let left = drain(&mut open(&folder));
        let untouched: Vec<_> = (0..20).filter(|track| *track < first || *track > last).collect();
        prop_assert!(untouched.iter().all(|track| left.contains(track)), "{left:?} {untouched:?}");
        prop_assert!(left.is_sorted() && left.iter().all(|track| *track < 20));
    }
}

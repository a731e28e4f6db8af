//! The same figures counted by hand: all rows on the table, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use atalaya::domain::{CameraId, Place, Scope, SectorId, Shift, Summary, Timestamp};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, VisitRecord, ZoneStayRecord};
use atalaya::visit::Direction;

/// What a person would do with all rows on the table.
pub(crate) fn by_hand(shift: &Shift, scope: &Scope, rows: &Rows) -> Counted {
    let is_meant = |place: &Place, begin: Timestamp| {
        (shift.start <= begin && begin < shift.end)
            && scope.camera.as_ref().is_none_or(|camera| *camera == place.camera)
            && scope.sector.is_none_or(|sector| Some(sector) == place.sector)
    };
    let mut counted = Counted::default();
    let mut people = BTreeSet::new();
    let (mut dwell, mut zones) = (Vec::new(), BTreeMap::<_, Vec<u64>>::new());
    let mut entered = None;
    for VisitRecord { run, open, visit } in rows.visits.values() {
        let (place, looks) = (&visit.place, &visit.attributes);
        if !is_meant(place, visit.enter) {
            continue;
        }
        let camera = place.camera.to_string();
        counted.visits += 1;
        *counted.by_hour.entry(visit.enter.since(shift.start).as_secs() / 3600).or_default() += 1;
        *counted.by_camera.entry(camera.clone()).or_default() += 1;
        if people.insert((camera.clone(), place.sector.map(SectorId::get), *run, visit.track)) {
            *counted.people.entry(camera).or_default() += 1;
        }
        if !open {
            dwell.push(visit.leave.since(visit.enter).as_secs());
        }
        for said in
            [&looks.garment, &looks.primary_color, &looks.head_accessory, &looks.bag, &looks.age_range]
        {
            if let Some(value) = said.value.as_deref().filter(|value| *value != "none") {
                *counted.said.entry(value.to_owned()).or_default() += 1;
            }
        }
    }
    for CrossingRecord { place, line, entrance, direction, .. } in
        rows.crossings.values().filter(|crossing| is_meant(&crossing.place, crossing.at))
    {
        let known = counted.lines.entry((place.camera.to_string(), line.to_string())).or_default();
        let inwards = *direction == Direction::In;
        *known = (known.0 || *entrance, known.1 + u64::from(inwards), known.2 + u64::from(!inwards));
        if *entrance {
            *entered.get_or_insert(0) += u64::from(inwards);
        }
    }
    for stay in rows.stays.values().filter(|stay| is_meant(&stay.place, stay.enter)) {
        let key = (stay.place.camera.to_string(), stay.zone.to_string());
        zones.entry(key).or_default().push(stay.leave.since(stay.enter).as_secs());
    }
    for record in rows.minutes.values() {
        let minute = &record.minute;
        let start = Timestamp::from_millis(minute.start_ms.cast_signed());
        if is_meant(&record.place, start) {
            let this = (minute.max, std::cmp::Reverse(start));
            let known = counted.peaks.entry(record.place.camera.to_string()).or_insert(this);
            *known = this.max(*known);
        }
    }
    let has_camera = scope.camera.is_some();
    counted.unique = if has_camera { Some(counted.people.values().sum()) } else { entered };
    counted.dwell = stays(dwell);
    counted.zones = zones.into_iter().map(|(key, all)| (key, stays(all))).collect();
    counted
}

/// How many, the middle of them and 95 %, seconds.
pub(crate) type Stays = (u64, Option<u32>, Option<u32>);

/// How many, and the nearest ranks of the middle and of 95 %.
fn stays(mut all: Vec<u64>) -> Stays {
    all.sort_unstable();
    let rank = |percent: usize| {
        let rank = (all.len() * percent).div_ceil(100);
        all.get(rank.saturating_sub(1)).map(|seconds| u32::try_from(*seconds).unwrap())
    };
    (all.len() as u64, rank(50), rank(95))
}

/// A summary in a form that both ways of counting can take.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counted {
    visits: u64,
    unique: Option<u64>,
    /// The count only of zones: a summary does not tell how many visits are over.
    pub(crate) dwell: Stays,
    by_hour: BTreeMap<u64, u64>,
    by_camera: BTreeMap<String, u64>,
    people: BTreeMap<String, u64>,
    said: BTreeMap<String, u64>,
    lines: BTreeMap<(String, String), (bool, u64, u64)>,
    zones: BTreeMap<(String, String), Stays>,
    peaks: BTreeMap<String, (u32, std::cmp::Reverse<Timestamp>)>,
}

pub(crate) fn told(summary: &Summary, finished: u64) -> Counted {
    let looks = &summary.looks;
    let said = [&looks.garments, &looks.colors, &looks.accessories, &looks.bags, &looks.ages];
    let line = |line: &atalaya::domain::LineSummary| {
        ((line.camera.clone(), line.line.clone()), (line.entrance, line.entries, line.exits))
    };
    let zone = |zone: &atalaya::domain::ZoneSummary| {
        ((zone.camera.clone(), zone.zone.clone()), (zone.stays, zone.dwell_median_s, zone.dwell_p95_s))
    };
    Counted {
        visits: summary.visits,
        unique: summary.unique_people,
        dwell: (finished, summary.dwell_median_s, summary.dwell_p95_s),
        by_hour: (0..).zip(summary.visits_by_hour.iter().copied()).filter(|(_, count)| *count > 0).collect(),
        by_camera: summary.visits_by_camera.iter().cloned().collect(),
        people: summary.people_by_camera.iter().cloned().collect(),
        said: said.into_iter().flatten().map(|told| (told.value.clone(), told.count)).collect(),
        lines: summary.lines.iter().map(line).collect(),
        zones: summary.zones.iter().map(zone).collect(),
        peaks: summary
            .peaks
            .iter()
            .map(|(camera, peak)| (camera.clone(), (peak.people, std::cmp::Reverse(peak.at))))
            .collect(),
    }
}

/// What should be in the tables: of each thing the latest state, and of places the first that was told.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) visits: BTreeMap<(CameraId, i64, u64, Timestamp), VisitRecord>,
    crossings: BTreeMap<(CameraId, u64, String, Timestamp), CrossingRecord>,
    stays: BTreeMap<(CameraId, u64, String, Timestamp), ZoneStayRecord>,
    pub(crate) minutes: BTreeMap<(CameraId, i64, u64), MinuteRecord>,
}

impl Rows {
    /// Those of a batch that compete are told in the order that the store puts them in: the latest only.
    pub(crate) fn take(&mut self, records: &[Record]) {
        for record in records {
            match record.clone() {
                Record::Visit(record) => self.visit(record),
                Record::Crossing(record) => {
                    let key = (record.place.camera.clone(), record.track, record.line.to_string(), record.at);
                    self.crossings.entry(key).or_insert(record);
                }
                Record::ZoneStay(record) => {
                    let key =
                        (record.place.camera.clone(), record.track, record.zone.to_string(), record.enter);
                    self.stays.entry(key).or_insert(record);
                }
                Record::Minute(record) => {
                    let key = (record.place.camera.clone(), record.run, record.minute.start_ms);
                    let known = self.minutes.entry(key).or_insert_with(|| record.clone());
                    if record.minute.seen_ms > known.minute.seen_ms {
                        known.minute = record.minute;
                    }
                }
                Record::Heat(_) => {}
            }
        }
    }

    fn visit(&mut self, record: VisitRecord) {
        let visit = &record.visit;
        let key = (visit.place.camera.clone(), record.run, visit.track, visit.enter);
        let known = self.visits.entry(key).or_insert_with(|| record.clone());
        let state = |record: &VisitRecord| (record.visit.leave, !record.open);
        if state(&record) > state(known) {
            let place = known.visit.place.clone();
            *known = record;
            known.visit.place = place;
        }
    }

    pub(crate) fn restart(&mut self) {
        self.visits.values_mut().for_each(|record| record.open = false);
    }
}

//! Rows and figures in one transaction: what is written is counted, once, whatever was there before.
//!
//! Whoever changes the figures of a shift holds its row first, so that two nodes on one Postgres count one after the
//! other. On SQLite only one transaction writes at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::types::Json;

use super::bulk::{Cell, Rows, Sql, Writing};
use super::columns::{StoredAttributes, Time};
use super::insert::{InShift, insert, insert_asking};
use super::record::{CrossingRecord, MinuteRecord, ZoneStayRecord};
use super::tally::{Spot, Tally};
use super::visit::{VisitRecord, millis};
use crate::domain::{Attributes, TenantId, Timestamp};
use crate::visit::Direction;

const HOUR_MS: i64 = 3_600_000;

const HOLD: Sql = Sql {
    sqlite: ") select s.id, s.settled from wanted w cross join shift s on s.id = w.id and s.tenant = w.tenant",
    postgres: ") select s.id, s.settled from wanted w join shift s on s.id = w.id and s.tenant = w.tenant
        order by s.id for no key update of s",
};
const UNSETTLE: Sql = Sql::same("update shift set settled = false where tenant = $1 and id = $2");

/// All visits of the same people. The fence keeps Postgres from reading the whole table when it takes it for small.
const KNOWN: Sql = Sql {
    sqlite:
        ") select v.camera, v.run, v.track, v.enter_at, v.leave_at, v.dwell_ms, v.open, v.shift, v.sector,
            v.attributes
        from wanted w cross join visit v
        on v.tenant = w.tenant and v.camera = w.camera and v.run = w.run and v.track = w.track",
    postgres:
        ") select v.camera, v.run, v.track, v.enter_at, v.leave_at, v.dwell_ms, v.open, v.shift, v.sector,
            v.attributes
        from wanted w cross join lateral (
            select * from visit v
            where v.tenant = w.tenant and v.camera = w.camera and v.run = w.run and v.track = w.track offset 0
        ) v",
};

/// The most people of a camera in a shift. Of a shift whose minutes are no longer all there, only what is more counts.
pub(super) const PEAK: Sql = Sql::same(
    "insert into occupancy_peak (tenant, shift, camera, sector, people, minute_at)
    select tenant, shift, camera, coalesce(sector, 0), max_people, minute_at from occupancy
        where tenant = $1 and shift = $2 and camera = $3 and coalesce(sector, 0) = $4
        order by max_people desc, minute_at limit 1
    on conflict (tenant, shift, camera, sector) do update
        set people = excluded.people, minute_at = excluded.minute_at
        where excluded.people > occupancy_peak.people
            or (select whole from shift where shift.id = excluded.shift)",
);

/// A shift that a record falls into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shifted {
    pub(super) id: i64,
    pub(super) start: Timestamp,
}

/// A visit as it is stored.
#[derive(sqlx::FromRow)]
struct KnownRow {
    camera: String,
    run: i64,
    track: i64,
    enter_at: Time,
    leave_at: Time,
    dwell_ms: i64,
    open: bool,
    shift: i64,
    sector: Option<i64>,
    attributes: Json<StoredAttributes>,
}

struct Known {
    row: KnownRow,
    attributes: Attributes,
}

/// A person, as far as they are known from one visit to the next.
type Person<'a> = (&'a str, i64, i64);

fn person(record: &VisitRecord) -> Person<'_> {
    (record.visit.place.camera.as_str(), record.run, record.visit.track.cast_signed())
}

/// Takes hold of shifts, in the order of their numbers, and answers how many of them there are.
pub(super) async fn hold(
    writing: &mut Writing,
    tenant: TenantId,
    shifts: &BTreeSet<i64>,
) -> Result<usize, sqlx::Error> {
    let mut rows = Rows::new(2);
    for shift in shifts {
        rows.push([Cell::Int(tenant.get()), Cell::Int(*shift)]);
    }
    let held: Vec<(i64, bool)> = writing.put_asking("with wanted (tenant, id) as (", &rows, HOLD).await?;
    for (shift, _) in held.iter().filter(|(_, settled)| *settled) {
        writing.run(UNSETTLE, &[Cell::Int(tenant.get()), Cell::Int(*shift)]).await?;
    }
    Ok(held.len())
}

/// Writes visits and counts them.
pub(super) async fn write_visits(
    writing: &mut Writing,
    tenant: TenantId,
    visits: &[(&VisitRecord, Shifted)],
) -> Result<(), sqlx::Error> {
    let mut held: BTreeSet<i64> = visits.iter().map(|(_, shift)| shift.id).collect();
    let known = loop {
        let known = known_visits(writing, visits).await?;
        // A schedule that was changed since puts a visit elsewhere than it was; it stays where it was.
        let others: BTreeSet<i64> = known.iter().map(|known| known.row.shift).collect();
        let others: BTreeSet<i64> = others.difference(&held).copied().collect();
        if others.is_empty() {
            break known;
        }
        hold(writing, tenant, &others).await?;
        held.extend(others);
    };
    let mut tally = Tally::default();
    count_visits(&mut tally, &known, visits);
    let visits: Vec<InShift<'_, VisitRecord>> =
        visits.iter().map(|(visit, shift)| (*visit, shift.id)).collect();
    insert(writing, &visits).await?;
    tally.put(writing, tenant).await
}

async fn known_visits(
    writing: &mut Writing,
    visits: &[(&VisitRecord, Shifted)],
) -> Result<Vec<Known>, sqlx::Error> {
    let people: BTreeSet<Person<'_>> = visits.iter().map(|(record, _)| person(record)).collect();
    let Some((first, _)) = visits.first() else { return Ok(Vec::new()) };
    let mut rows = Rows::new(4);
    for (camera, run, track) in people {
        let tenant = first.visit.place.tenant.get();
        rows.push([Cell::Int(tenant), Cell::Text(camera), Cell::Int(run), Cell::Int(track)]);
    }
    let head = "with wanted (tenant, camera, run, track) as (";
    let known: Vec<KnownRow> = writing.put_asking(head, &rows, KNOWN).await?;
    let load = |mut row: KnownRow| {
        let attributes = std::mem::take(&mut row.attributes.0).into();
        Known { row, attributes }
    };
    Ok(known.into_iter().map(load).collect())
}

fn count_visits<'a>(tally: &mut Tally<'a>, known: &'a [Known], visits: &[(&'a VisitRecord, Shifted)]) {
    let mut stored: HashMap<(Person<'_>, i64), &'a Known> = HashMap::new();
    let mut people: HashSet<(Person<'_>, Spot<'_>)> = HashSet::new();
    for known in known {
        let row = &known.row;
        let person = (row.camera.as_str(), row.run, row.track);
        stored.insert((person, row.enter_at.0.as_millis()), known);
        people.insert((person, Spot::new(row.shift, &row.camera, row.sector)));
    }
    for (record, shift) in visits {
        let visit = &record.visit;
        let stayed_ms = (!record.open).then(|| millis(visit));
        match stored.get(&(person(record), visit.enter.as_millis())) {
            Some(known) if is_later(record, &known.row) => {
                let row = &known.row;
                let spot = Spot::new(row.shift, &row.camera, row.sector);
                tally.add_looks(spot, (!row.open).then_some(row.dwell_ms), &known.attributes, -1);
                tally.add_looks(spot, stayed_ms, &visit.attributes, 1);
            }
            Some(_) => {}
            None => {
                let spot = Spot::of(shift.id, &visit.place);
                tally.add(spot, ("visit", "", hour(visit.enter, *shift)), 1);
                if people.insert((person(record), spot)) {
                    tally.add(spot, ("person", "", 0), 1);
                }
                tally.add_looks(spot, stayed_ms, &visit.attributes, 1);
            }
        }
    }
}

/// What the `KEEP` of visits says.
fn is_later(record: &VisitRecord, row: &KnownRow) -> bool {
    let leave = record.visit.leave;
    leave > row.leave_at.0 || leave == row.leave_at.0 && row.open && !record.open
}

#[derive(sqlx::FromRow)]
struct CrossedRow {
    shift: i64,
    camera: String,
    sector: Option<i64>,
    line: String,
    entrance: bool,
    direction: String,
    crossed_at: Time,
}

/// Writes crossings and counts those that are new.
pub(super) async fn write_crossings(
    writing: &mut Writing,
    tenant: TenantId,
    crossings: &[(&CrossingRecord, Shifted)],
) -> Result<(), sqlx::Error> {
    let shifts: BTreeMap<i64, Shifted> = crossings.iter().map(|(_, shift)| (shift.id, *shift)).collect();
    let crossings: Vec<InShift<'_, CrossingRecord>> =
        crossings.iter().map(|(crossing, shift)| (*crossing, shift.id)).collect();
    let added: Vec<CrossedRow> = insert_asking(writing, &crossings).await?;
    let mut tally = Tally::default();
    for row in &added {
        let figure = match (row.entrance, row.direction == Direction::In.name()) {
            (true, true) => "entrance_in",
            (true, false) => "entrance_out",
            (false, true) => "in",
            (false, false) => "out",
        };
        let spot = Spot::new(row.shift, &row.camera, row.sector);
        tally.add(spot, (figure, &row.line, hour(row.crossed_at.0, shifts[&row.shift])), 1);
    }
    tally.put(writing, tenant).await
}

#[derive(sqlx::FromRow)]
struct StayedRow {
    shift: i64,
    camera: String,
    sector: Option<i64>,
    zone: String,
    dwell_ms: i64,
}

/// Writes stays and counts those that are new.
pub(super) async fn write_stays(
    writing: &mut Writing,
    tenant: TenantId,
    stays: &[InShift<'_, ZoneStayRecord>],
) -> Result<(), sqlx::Error> {
    let added: Vec<StayedRow> = insert_asking(writing, stays).await?;
    let mut tally = Tally::default();
    for row in &added {
        let spot = Spot::new(row.shift, &row.camera, row.sector);
        tally.add(spot, ("zone", &row.zone, row.dwell_ms / 1000), 1);
    }
    tally.put(writing, tenant).await
}

/// Writes minutes, and looks again for the most people wherever one is new or has changed.
pub(super) async fn write_minutes(
    writing: &mut Writing,
    tenant: TenantId,
    minutes: &[InShift<'_, MinuteRecord>],
) -> Result<(), sqlx::Error> {
    let changed: Vec<(i64, String, Option<i64>)> = insert_asking(writing, minutes).await?;
    let spots: BTreeSet<_> =
        changed.iter().map(|(shift, camera, sector)| Spot::new(*shift, camera, *sector)).collect();
    let held: BTreeSet<i64> = minutes.iter().map(|(_, shift)| *shift).collect();
    let others = spots.iter().map(|spot| spot.shift).filter(|shift| !held.contains(shift)).collect();
    hold(writing, tenant, &others).await?;
    for Spot { shift, camera, sector } in spots {
        let values = [Cell::Int(tenant.get()), Cell::Int(shift), Cell::Text(camera), Cell::Int(sector)];
        writing.run(PEAK, &values).await?;
    }
    Ok(())
}

/// The hour of its shift that holds `at`.
fn hour(at: Timestamp, shift: Shifted) -> i64 {
    (at.as_millis() - shift.start.as_millis()).div_euclid(HOUR_MS)
}

//! What the house itself has noticed, as events: docs/events.md tells of each field.
//!
//! All times are UTC; whoever shows them knows the zone of the branch.

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::rounded;
use super::run::Direction;
use super::{Attributes, Time, ZoneClock};
use crate::domain::{
    Event, EventType, Occupants, Occurrence, Place, SectorId, Shift, ShiftNews, Sight, Timestamp, ZoneStep,
};

/// The camera that an event is of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AtCamera<T> {
    /// Where the camera is; its waiters are told then, and not all of the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_id: Option<i64>,
    #[schema(examples("door"))]
    pub camera: String,
    #[schema(examples("Door"))]
    pub camera_name: String,
    #[serde(flatten)]
    pub seen: T,
}

/// VISIT_STARTED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VisitStarted {
    /// The tracker's number, which begins anew when the camera does.
    pub track: u64,
    pub enter_at: Time,
}

/// VISIT_ENDED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VisitEnded {
    pub track: u64,
    pub enter_at: Time,
    /// Last sight.
    pub leave_at: Time,
    pub dwell_ms: u64,
    /// Best score over the stay, 0..1.
    pub confidence: f32,
    pub attributes: Attributes,
}

/// LINE_CROSSED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LineCrossed {
    pub line: String,
    pub direction: Direction,
    /// Whether the line is a way into the branch.
    pub entrance: bool,
    pub track: u64,
    /// First sight beyond it.
    pub crossed_at: Time,
}

/// ZONE_ENTERED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ZoneEntered {
    pub zone: String,
    pub track: u64,
    pub enter_at: Time,
}

/// ZONE_DWELL.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ZoneDwell {
    pub zone: String,
    pub track: u64,
    pub enter_at: Time,
    /// How long it has been so far.
    pub dwell_ms: u64,
    /// The zone's threshold, seconds.
    pub dwell_s: u32,
}

/// ZONE_LEFT.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ZoneLeft {
    pub zone: String,
    pub track: u64,
    pub enter_at: Time,
    /// Last sight inside.
    pub leave_at: Time,
    pub dwell_ms: u64,
}

/// OCCUPANCY_HIGH, OCCUPANCY_NORMAL.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Occupancy {
    pub zone: String,
    /// How many there are.
    pub people: u32,
    /// The zone's threshold: as many may be there.
    pub max_people: u32,
    pub seen_at: Time,
}

/// CAMERA_ONLINE.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraOnline {
    /// Since when there have been pictures.
    pub since: Time,
}

/// CAMERA_OFFLINE.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraOffline {
    /// Since when there have been none.
    pub since: Time,
    /// `lost`: it is being tried again; `failed`: somebody has to change something.
    #[schema(examples("lost"))]
    pub state: &'static str,
    /// Why, for people.
    pub reason: String,
}

/// SHIFT_STARTED, SHIFT_ENDED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShiftFields {
    pub shift_id: i64,
    #[schema(examples("afternoon"))]
    pub shift_name: String,
    pub start_at: Time,
    /// First instant of the next one.
    pub end_at: Time,
}

/// SUMMARY_UPDATED.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SummaryUpdated {
    #[serde(flatten)]
    pub shift: ShiftFields,
    pub visits: u64,
    /// As of the summary.
    pub unique_people: Option<u64>,
    /// As of when.
    pub updated_at: Time,
    /// Whether the shift was over then.
    pub over: bool,
}

/// The event that tells of `occurrence`.
pub fn event_of_occurrence(occurrence: &Occurrence) -> Event {
    let (name, fields) = match occurrence {
        Occurrence::AtCamera { place, name, sight } => at_camera(place, name, sight),
        Occurrence::ShiftStarted(shift) => ("SHIFT_STARTED", members(&ShiftFields::from(shift))),
        Occurrence::ShiftEnded(shift) => ("SHIFT_ENDED", members(&ShiftFields::from(shift))),
        Occurrence::SummaryUpdated(news) => ("SUMMARY_UPDATED", members(&SummaryUpdated::from(news))),
    };
    let (tenant, branch, sector) = occurrence.place();
    let kind = EventType::new(name).expect("names of our own events should be names");
    Event { kind, tenant, branch, sector, session: None, id: None, fields: fields.into() }
}

fn at_camera(place: &Place, name: &str, sight: &Sight) -> (&'static str, String) {
    let camera = Camera { place, name };
    match sight {
        Sight::VisitStarted { track, enter } => {
            ("VISIT_STARTED", camera.saw(VisitStarted { track: *track, enter_at: time(*enter) }))
        }
        Sight::VisitEnded { track, enter, leave, confidence, attributes } => {
            let visit = VisitEnded {
                track: *track,
                enter_at: time(*enter),
                leave_at: time(*leave),
                dwell_ms: between(*enter, *leave),
                confidence: rounded(*confidence, 4),
                attributes: attributes.into(),
            };
            ("VISIT_ENDED", camera.saw(visit))
        }
        Sight::LineCrossed { line, direction, entrance, track, at } => {
            let crossing = LineCrossed {
                line: line.to_string(),
                direction: (*direction).into(),
                entrance: *entrance,
                track: *track,
                crossed_at: time(*at),
            };
            ("LINE_CROSSED", camera.saw(crossing))
        }
        Sight::InZone { zone, track, enter, step } => in_zone(&camera, (zone, *track, *enter), *step),
        Sight::OccupancyHigh(people) => ("OCCUPANCY_HIGH", camera.saw(Occupancy::from(people))),
        Sight::OccupancyNormal(people) => ("OCCUPANCY_NORMAL", camera.saw(Occupancy::from(people))),
        Sight::Online { since } => ("CAMERA_ONLINE", camera.saw(CameraOnline { since: time(*since) })),
        Sight::Offline { since, reason, retried } => {
            let state = if *retried { "lost" } else { "failed" };
            let offline = CameraOffline { since: time(*since), state, reason: reason.clone() };
            ("CAMERA_OFFLINE", camera.saw(offline))
        }
    }
}

fn in_zone(
    camera: &Camera<'_>,
    (zone, track, enter): (&str, u64, Timestamp),
    step: ZoneStep,
) -> (&'static str, String) {
    let (zone, enter_at) = (zone.to_owned(), time(enter));
    match step {
        ZoneStep::Entered => ("ZONE_ENTERED", camera.saw(ZoneEntered { zone, track, enter_at })),
        ZoneStep::Dwelt { at, dwell_s } => {
            let dwell_ms = between(enter, at);
            ("ZONE_DWELL", camera.saw(ZoneDwell { zone, track, enter_at, dwell_ms, dwell_s }))
        }
        ZoneStep::Left { leave } => {
            let (leave_at, dwell_ms) = (time(leave), between(enter, leave));
            ("ZONE_LEFT", camera.saw(ZoneLeft { zone, track, enter_at, leave_at, dwell_ms }))
        }
    }
}

/// Whose eyes saw it.
struct Camera<'a> {
    place: &'a Place,
    name: &'a str,
}

impl Camera<'_> {
    fn saw(&self, seen: impl Serialize) -> String {
        members(&AtCamera {
            sector_id: self.place.sector.map(SectorId::get),
            camera: self.place.camera.to_string(),
            camera_name: self.name.to_owned(),
            seen,
        })
    }
}

impl From<&Occupants> for Occupancy {
    fn from(occupants: &Occupants) -> Self {
        Self {
            zone: occupants.zone.to_string(),
            people: occupants.people,
            max_people: occupants.max_people,
            seen_at: time(occupants.at),
        }
    }
}

impl From<&Shift> for ShiftFields {
    fn from(shift: &Shift) -> Self {
        Self {
            shift_id: shift.id.get(),
            shift_name: shift.name.clone(),
            start_at: time(shift.start),
            end_at: time(shift.end),
        }
    }
}

impl From<&ShiftNews> for SummaryUpdated {
    fn from(news: &ShiftNews) -> Self {
        Self {
            shift: (&news.shift).into(),
            visits: news.visits,
            unique_people: news.unique_people,
            updated_at: time(news.at),
            over: news.is_over,
        }
    }
}

fn time(at: Timestamp) -> Time {
    ZoneClock::utc().write(at)
}

fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

/// The members of an object, without its braces.
fn members(fields: &impl Serialize) -> String {
    let text = serde_json::to_string(fields).expect("numbers and texts should be JSON");
    text[1..text.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attribute, Attributes, BranchId, CameraId, Direction, ShiftId, TenantId, Topic};

    const ENTER: Timestamp = Timestamp::from_millis(1_777_888_800_000);
    const LEAVE: Timestamp = Timestamp::from_millis(1_777_888_842_250);

    fn seen(sight: Sight) -> Occurrence {
        let place = Place {
            tenant: TenantId::default(),
            branch: BranchId::new(2).unwrap(),
            sector: SectorId::new(3).ok(),
            camera: CameraId::new("door").unwrap(),
        };
        Occurrence::AtCamera { place, name: "Front \"door\"".into(), sight }
    }

    fn sights() -> Vec<Sight> {
        let jacket = Attribute { value: Some("jacket".into()), confidence: 0.7 };
        let occupants = |people| Occupants { zone: "bar".into(), people, max_people: 8, at: LEAVE };
        let in_zone = |step| Sight::InZone { zone: "bar".into(), track: 7, enter: ENTER, step };
        vec![
            Sight::VisitStarted { track: 7, enter: ENTER },
            Sight::VisitEnded {
                track: 7,
                enter: ENTER,
                leave: LEAVE,
                confidence: 0.810_01,
                attributes: Attributes { garment: jacket, ..Attributes::default() },
            },
            Sight::LineCrossed {
                line: "door".into(),
                direction: Direction::In,
                entrance: true,
                track: 7,
                at: ENTER,
            },
            in_zone(ZoneStep::Entered),
            in_zone(ZoneStep::Dwelt { at: LEAVE, dwell_s: 40 }),
            in_zone(ZoneStep::Left { leave: LEAVE }),
            Sight::OccupancyHigh(occupants(9)),
            Sight::OccupancyNormal(occupants(8)),
            Sight::Online { since: ENTER },
            Sight::Offline { since: ENTER, reason: "no route to host".into(), retried: true },
        ]
    }

    fn shift() -> Shift {
        Shift {
            id: ShiftId::new(12).unwrap(),
            tenant: TenantId::default(),
            branch: BranchId::new(2).unwrap(),
            name: "morning".into(),
            start: ENTER,
            end: LEAVE,
        }
    }

    #[test]
    fn events_of_the_house_are_as_documented() {
        let news = ShiftNews { shift: shift(), visits: 31, unique_people: None, at: LEAVE, is_over: true };
        let mut all: Vec<_> = sights().into_iter().map(seen).collect();
        all.extend([
            Occurrence::ShiftStarted(shift()),
            Occurrence::ShiftEnded(shift()),
            Occurrence::SummaryUpdated(news),
        ]);
        let write = |occurrence: &Occurrence| {
            let event = event_of_occurrence(occurrence);
            assert!(event.kind.is_known() && event.kind.topic() != Topic::Other, "{}", event.kind);
            format!("{} {{{}}}", event.kind, event.fields)
        };
        let lines: Vec<_> = all.iter().map(write).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        VISIT_STARTED {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","track":7,"enter_at":"2026-05-04T10:00:00+00:00"}
        VISIT_ENDED {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","track":7,"enter_at":"2026-05-04T10:00:00+00:00","leave_at":"2026-05-04T10:00:42.25+00:00","dwell_ms":42250,"confidence":0.81,"attributes":{"garment":{"value":"jacket","confidence":0.7},"style":{"value":null,"confidence":0.0},"primary_color":{"value":null,"confidence":0.0},"secondary_color":{"value":null,"confidence":0.0},"head_accessory":{"value":null,"confidence":0.0},"bag":{"value":null,"confidence":0.0},"age_range":{"value":null,"confidence":0.0}}}
        LINE_CROSSED {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","line":"door","direction":"in","entrance":true,"track":7,"crossed_at":"2026-05-04T10:00:00+00:00"}
        ZONE_ENTERED {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","zone":"bar","track":7,"enter_at":"2026-05-04T10:00:00+00:00"}
        ZONE_DWELL {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","zone":"bar","track":7,"enter_at":"2026-05-04T10:00:00+00:00","dwell_ms":42250,"dwell_s":40}
        ZONE_LEFT {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","zone":"bar","track":7,"enter_at":"2026-05-04T10:00:00+00:00","leave_at":"2026-05-04T10:00:42.25+00:00","dwell_ms":42250}
        OCCUPANCY_HIGH {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","zone":"bar","people":9,"max_people":8,"seen_at":"2026-05-04T10:00:42.25+00:00"}
        OCCUPANCY_NORMAL {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","zone":"bar","people":8,"max_people":8,"seen_at":"2026-05-04T10:00:42.25+00:00"}
        CAMERA_ONLINE {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","since":"2026-05-04T10:00:00+00:00"}
        CAMERA_OFFLINE {"sector_id":3,"camera":"door","camera_name":"Front \"door\"","since":"2026-05-04T10:00:00+00:00","state":"lost","reason":"no route to host"}
        SHIFT_STARTED {"shift_id":12,"shift_name":"morning","start_at":"2026-05-04T10:00:00+00:00","end_at":"2026-05-04T10:00:42.25+00:00"}
        SHIFT_ENDED {"shift_id":12,"shift_name":"morning","start_at":"2026-05-04T10:00:00+00:00","end_at":"2026-05-04T10:00:42.25+00:00"}
        SUMMARY_UPDATED {"shift_id":12,"shift_name":"morning","start_at":"2026-05-04T10:00:00+00:00","end_at":"2026-05-04T10:00:42.25+00:00","visits":31,"unique_people":null,"updated_at":"2026-05-04T10:00:42.25+00:00","over":true}
        "#);
    }

    #[test]
    fn an_event_goes_where_its_camera_is() {
        let event = event_of_occurrence(&seen(Sight::Online { since: ENTER }));
        let place = (event.tenant.get(), event.branch.get(), event.sector.map(SectorId::get));
        assert_eq!(place, (1, 2, Some(3)));
        let Occurrence::AtCamera { place, name, sight } = seen(Sight::Online { since: ENTER }) else {
            panic!("it is at a camera")
        };
        let place = Place { sector: None, ..place };
        let event = event_of_occurrence(&Occurrence::AtCamera { place, name, sight });
        assert!(event.sector.is_none() && !event.fields.contains("sector_id"), "{}", event.fields);
    }
}

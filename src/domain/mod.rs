//! Plain types of the product: what a camera, a detection, a visit, a shift is.
//!
//! Nothing here does IO and nothing here is `Serialize`: JSON is made in [`crate::wire`], rows in
//! `crate::store`, so that neither contract changes by accident when a type does.

mod audit;
mod camera;
mod cleared;
mod detection;
mod event;
mod export;
mod figures;
mod geometry;
mod heat;
mod ids;
mod job;
mod occurrence;
mod recording;
mod role;
mod sector;
mod series;
mod shift;
mod timestamp;
mod token;
mod visit;
mod voice;

pub use audit::Change;
pub use camera::{Camera, CameraState, ParamValue};
pub use cleared::ClearedTable;
pub use detection::{Detection, Frame};
pub use event::{Endpoint, Event, EventType, SessionId, Topic};
pub use export::{Crossing, ExportKind, ExportRow, Extent, PeopleMinute, Selection, ZoneStay};
pub use figures::{
    Comparison, KeyFigures, LineFigures, LineSummary, LiveFigures, Looks, OccupancySeries, OccupancyStep,
    Peak, Scope, Summary, ValueCount, ZoneFigures, ZoneSummary,
};
pub use geometry::{Direction, Line, Point, Rect, ShapeError, Zone, check_shapes};
pub use heat::Heat;
pub use ids::{BranchId, CameraId, IdError, SectorId, ShiftId, TenantId, VisitId, random_name};
pub use job::{JobRun, JobStatus, Node};
pub use occurrence::{Occupants, Occurrence, Publisher, ShiftNews, Sight, ZoneStep};
pub use recording::RecorderFigures;
pub use role::Role;
pub use sector::{Sector, SectorAssignment};
pub use series::{Measure, People, TimeStep};
pub use shift::{Branch, Days, Schedule, ScheduleError, ScheduledShift, Shift, TimeOfDay};
pub use timestamp::Timestamp;
pub use token::IssuedToken;
pub use visit::{Attribute, Attributes, Place, Visit};
pub use voice::VoiceActivity;

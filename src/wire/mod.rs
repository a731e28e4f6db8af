//! JSON as the world sees it: the contract of REST and of `atalaya run`.
//!
//! Types of the house are not `Serialize`, so none of them changes this contract by accident; what changes here is a
//! decision, and a snapshot test shows it. Field names carry their unit; times are RFC 3339 with an offset; geometry
//! that users give is 0..1 of the picture, boxes that we give are in pixels of the source.

mod attributes;
mod audit;
mod base64;
mod branch;
mod camera;
mod catalog;
mod comparison;
mod discover;
mod event;
mod export;
mod frame;
mod gateway;
mod gateway_health;
mod geometry;
pub mod image;
mod job;
mod occupancy;
pub mod occurrence;
mod page;
mod problem;
mod publishing;
pub mod run;
mod sector;
mod series;
mod session;
mod shift;
mod status;
mod summary;
mod time;
mod token;
mod totem;
mod voice;

pub use attributes::{Attribute, Attributes};
pub use audit::Change;
pub use base64::{Base64Error, from_base64};
pub use branch::{Branch, BranchInput, BranchPatch, Schedule, ScheduleInput, ScheduledShift};
pub use camera::{Camera, CameraInput, CameraPatch, ManagedBy, ParameterValue};
pub use catalog::{Check, CheckInput, Finding, Model, Parameter, Pipeline, PipelineSummary};
pub use comparison::{Comparison, EarlierShift, KeyFigures, MeanShift};
pub use discover::{
    CameraEntry, DiscoverInput, DiscoverLine, DiscoveredCamera, DiscoveredProfile, Discovery,
};
pub use event::{
    EventError, MAX_EVENT_BYTES, Stamp, event_of, read_event, stream_branch, stream_name, whole, write_event,
    write_publication,
};
pub use export::{ExportFormat, Sheet};
pub use frame::{Detection, Frame, LiveDetection, Missed};
pub use gateway::{
    ClientMessage, ServerMessage, StreamPosition, StreamPositions, read_event_id, write_event_id,
};
pub use gateway_health::{
    BreakerState, CircuitBreaker, EndpointConnections, EventProcessing, GatewayConnections, GatewayHealth,
    GatewayHealthDetailed, RateLimiter, RedisPool,
};
pub use geometry::{Line, Zone};
pub use image::{ImageAnalysis, ImageDetections, ImageInput};
pub use job::{Job, JobOutcome, JobRun, Node};
pub use occupancy::{Occupancy, OccupancyPoint, Peak};
pub use occurrence::event_of_occurrence;
pub use page::Page;
pub use problem::Problem;
pub use publishing::{EventInput, EventsInput, Published, PublishedEvent};
pub use sector::{Sector, SectorAssignment, SectorAssignmentInput, SectorInput, SectorPatch};
pub use series::{CountPoint, Measure, PeoplePoint, Series, SeriesPoint, TimeStep};
pub use session::{Health, Readiness, Session};
pub use shift::{Shift, Visit, VisitState};
pub use status::{CameraStatus, LineStatus, State, ZoneStatus};
pub use summary::{BranchPeak, CameraVisits, HourVisits, LineSummary, Summary, ValueCount, ZoneSummary};
pub use time::{Time, ZoneClock, instant};
pub use token::{NewTableToken, NewToken, TableTokenInput, Token, TokenInput, TokenRole};
pub use totem::{
    AudioStream, ImageStream, RealtimeAnalysis, RequestId, Sighting, SightingAnalysis, SightingAnswer,
    SightingInput, TotemAnalysis, TotemDetection, TotemEcho, TotemEnvelope, TotemNotice, VoiceAnalysis,
    code_of, write_answer, write_told,
};
pub use voice::VoiceActivity;

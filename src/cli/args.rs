//! What may be typed after `atalaya`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use super::geometry::{parse_line, parse_zone};
use crate::auth::Ttl;
use crate::config::Overrides;
use crate::demo;
use crate::domain::{
    BranchId, CameraId, ExportKind, IdError, Line, Role, SectorId, SessionId, TenantId, Zone,
};
use crate::wire::ExportFormat;

/// Live video with what it sees drawn on it, and numbers per work shift.
#[derive(Debug, Parser)]
#[command(name = "atalaya", version, about, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// Flags of every command that starts or inspects a server.
#[derive(Debug, Clone, Args)]
pub(super) struct Shared {
    /// Settings file; see atalaya.example.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where the database and the signing secret lie
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Address and port of HTTP; port 0 takes any free one
    #[arg(long, global = true, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
}

impl Shared {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides { file: self.config.clone(), data_dir: self.data_dir.clone(), listen: self.listen }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server: cameras, API, web page
    Serve,
    /// Run the server with a simulated IP camera that plays real footage over real RTSP
    ///
    /// Its numbers go to a database file of their own, whatever `database.url` says.
    Demo(DemoArgs),
    /// Run one pipeline without a server; one JSON object a line on stdout
    Run(RunArgs),
    /// Tell who is on pictures; one JSON object a picture on stdout
    Analyze(AnalyzeArgs),
    /// List, show or check pipeline descriptions
    Pipelines {
        #[command(subcommand)]
        command: PipelinesCommand,
    },
    /// List, verify or time the models
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Write rows of the database as CSV or JSON lines, also while the server runs
    ///
    /// Nothing of the database is changed. Times without an offset are of the branch's clock.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Look for cameras on the local networks; one JSON object a camera on stdout
    ///
    /// Without an address it asks whoever answers ONVIF's multicast; with addresses it asks those, for RTSP as well.
    Discover(DiscoverArgs),
    /// Issue tokens and login links
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Copy the SQLite database, also while the server runs, and check the copy
    ///
    /// Without FILE it goes to `backup.dir`, with the scheduled ones. Of Postgres it says how.
    Backup { file: Option<PathBuf> },
    /// Put a backup in the place of the SQLite database, which is moved aside; the server has to be stopped
    Restore { file: PathBuf },
    /// Bring the database to this version's schema; an SQLite file is copied before
    Migrate,
    /// Tell what is missing on this machine and how to get it
    Doctor,
    /// Play a file as an IP camera over RTSP until stopped
    #[command(hide = true)]
    SimulateCamera(demo::Options),
}

const EXPORT_EXAMPLES: &str = "Examples:
  atalaya export visits --from 2026-11-01 --to 2026-12-01 --output november.csv
  atalaya export crossings --from 2026-11-01T06:00:00+01:00 --format ndjson | gzip > crossings.ndjson.gz";

impl Command {
    /// Whether it goes on until it is stopped.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, Self::Serve | Self::Demo(_) | Self::SimulateCamera(_))
    }
}

#[derive(Debug, Clone, Args)]
pub(super) struct DemoArgs {
    /// Footage to play instead of the installed one
    #[arg(long, value_name = "FILE")]
    pub(super) footage: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// Name of a pipeline description, or the path of one
    pub(super) pipeline: String,
    /// Values for its parameters, e.g. location=clip.avi
    #[arg(value_name = "KEY=VALUE", value_parser = parse_parameter)]
    pub(super) parameters: Vec<(String, String)>,
    /// Count crossings of a segment; `in` is from left to right, looking from its first to its second point
    #[arg(long = "line", value_name = "NAME=x1,y1,x2,y2", value_parser = parse_line)]
    pub(super) lines: Vec<Line>,
    /// Follow who is in a polygon (coordinates 0..1 of the picture)
    #[arg(long = "zone", value_name = "NAME=x,y,x,y,x,y…", value_parser = parse_zone)]
    pub(super) zones: Vec<Zone>,
    /// Play files at their own pace instead of as fast as possible
    #[arg(long)]
    pub(super) realtime: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct AnalyzeArgs {
    /// JPEG, PNG or WebP
    #[arg(required = true, value_name = "IMAGE")]
    pub(super) images: Vec<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExportArgs {
    /// Which rows
    #[arg(value_name = "WHAT", value_parser = export_kinds())]
    pub(super) kind: ExportKind,
    /// What begins from then on: a day, such as 2026-11-01, or a time, such as 2026-11-01T06:00 of the branch's clock or 2026-11-01T06:00:00+01:00
    #[arg(long, value_name = "TIME")]
    pub(super) from: String,
    /// What begins before then; now, when nothing is said
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
    /// As the name of the file ends, or csv
    #[arg(long, value_parser = export_formats())]
    pub(super) format: Option<ExportFormat>,
    /// Where to, instead of standard output; the name stands for the whole file only, and takes the place of an older one
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[arg(long, default_value = "1")]
    pub(super) tenant: TenantId,
    #[arg(long, default_value = "1")]
    pub(super) branch: BranchId,
    /// Only what happened in this sector
    #[arg(long)]
    pub(super) sector: Option<SectorId>,
    /// Only what this camera saw
    #[arg(long, value_parser = parse_camera)]
    pub(super) camera: Option<CameraId>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct DiscoverArgs {
    /// Hosts, and networks of at most a /24, on local networks
    #[arg(value_name = "HOST|CIDR")]
    pub(super) hosts: Vec<String>,
    /// User of the cameras; the password comes from CAMERA_PASSWORD or --password-stdin
    #[arg(long)]
    pub(super) user: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, requires = "user")]
    pub(super) password_stdin: bool,
    /// For the whole search; 5s when nothing is said, 15s of more than 32 addresses
    #[arg(long, value_parser = parse_timeout)]
    pub(super) timeout: Option<Ttl>,
    /// Print entries for the configuration file instead
    #[arg(long)]
    pub(super) toml: bool,
    /// Where RTSP is looked for, instead of 554 and 8554; may repeat
    #[arg(long = "rtsp-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) rtsp_ports: Vec<u16>,
    /// Where ONVIF is looked for at named addresses, instead of 80, 2020, 8000 and 8899; may repeat
    #[arg(long = "onvif-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) onvif_ports: Vec<u16>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum PipelinesCommand {
    /// Names and what they are for
    List,
    /// Text and parameters of one
    Show { name: String },
    /// Check descriptions: all known ones, or these files and names
    Check { files: Vec<PathBuf> },
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum ModelsCommand {
    /// Names, sizes, licences, whether their weights are there
    List,
    /// Load each model and compare its checksum and tensors with its manifest
    Verify { names: Vec<String> },
    /// Time one inference by number of threads on this machine
    Bench { names: Vec<String> },
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum TokenCommand {
    /// Print a token for the API, or one for the guests of a table
    Issue(IssueArgs),
    /// Print a link that logs a browser in, once, within ten minutes
    Link(LinkArgs),
}

#[derive(Debug, Clone, Args)]
pub(super) struct IssueArgs {
    #[arg(long, default_value = "1")]
    pub(super) tenant: TenantId,
    /// What it may do; may repeat
    #[arg(long = "role", required_unless_present = "session", value_parser = roles())]
    pub(super) roles: Vec<Role>,
    /// Only these branches; may repeat; none means all of the tenant. Of a table, the one where it stands
    #[arg(long = "branch")]
    pub(super) branches: Vec<BranchId>,
    /// Only these sectors of them; may repeat
    #[arg(long = "sector")]
    pub(super) sectors: Vec<SectorId>,
    /// How long it holds: 90s, 15m, 1h, 30d; without it 30d, of a table 4h
    #[arg(long)]
    pub(super) ttl: Option<Ttl>,
    /// Whom it is for: shown in logs and the record of changes, and connections are counted by it; without it a name of
    /// its own
    #[arg(long)]
    pub(super) subject: Option<String>,
    /// For the guests of this session at a table, and for nobody else
    #[arg(long, conflicts_with_all = ["roles", "sectors", "subject"], requires = "branches", value_parser = parse_session)]
    pub(super) session: Option<SessionId>,
    /// What their table is called
    #[arg(long, requires = "session")]
    pub(super) table: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct LinkArgs {
    #[arg(long, default_value = "1")]
    pub(super) tenant: TenantId,
    /// What its holder may do; may repeat
    #[arg(long = "role", default_value = "admin", value_parser = roles())]
    pub(super) roles: Vec<Role>,
    /// Only these branches; may repeat
    #[arg(long = "branch")]
    pub(super) branches: Vec<BranchId>,
    /// Whom it is for, as of `token issue`
    #[arg(long)]
    pub(super) subject: Option<String>,
}

fn roles() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(Role::ALL.map(Role::name));
    names.try_map(|name| Role::from_name(&name).ok_or("no such role"))
}

fn export_kinds() -> impl TypedValueParser<Value = ExportKind> {
    let names = PossibleValuesParser::new(ExportKind::ALL.map(ExportKind::name));
    names.try_map(|name| ExportKind::from_name(&name).ok_or("no such rows"))
}

fn export_formats() -> impl TypedValueParser<Value = ExportFormat> {
    let names = PossibleValuesParser::new(ExportFormat::ALL.map(ExportFormat::extension));
    names.try_map(|name| ExportFormat::from_extension(&name).ok_or("no such format"))
}

fn parse_camera(text: &str) -> Result<CameraId, IdError> {
    CameraId::new(text)
}

fn parse_session(text: &str) -> Result<SessionId, String> {
    SessionId::new(text).map_err(|error| error.to_string())
}

fn parse_parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("has no `=`")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn parse_timeout(text: &str) -> Result<Ttl, String> {
    // Nobody waits longer, and a typing mistake is told.
    const MOST: Ttl = Ttl::from_secs(600);
    let wrong = || format!("{text:?} is not a time from 1s to {MOST}");
    text.parse::<Ttl>().ok().filter(|time| time.get() <= MOST.get()).ok_or_else(wrong)
}

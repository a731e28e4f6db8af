//! `atalaya discover`: cameras on the local networks, one JSON object a line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use anyhow::{Context, Result};
use thiserror::Error;

use super::args::DiscoverArgs;
use super::{out, runtime};
use crate::auth::Ttl;
use crate::camera::{Catalog, Description};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::discover::{self, Credentials, Found, Search, Targets};
use crate::domain::ParamValue;
use crate::wire::{DiscoverLine, DiscoveredCamera};

/// Where a password may stand that is to be in no list of processes.
const PASSWORD: &str = "CAMERA_PASSWORD";
/// No password is longer.
const MAX_PASSWORD: u64 = 4096;

/// What no argument shows by itself.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct WrongCredentials(&'static str);

/// # Errors
/// When somebody cannot be asked, or nothing can be printed.
pub(super) fn run(args: &DiscoverArgs, config: &Config) -> Result<()> {
    let credentials = credentials(args)?;
    let catalog = Catalog::load(config.pipelines_dir.as_deref())?;
    runtime()?.block_on(async {
        let targets = Targets::resolve(&args.hosts).await?;
        let mut search = Search::new(targets, credentials, Clock::system());
        search.timeout = args.timeout.map_or(search.timeout, Ttl::get);
        if !args.rtsp_ports.is_empty() {
            search.rtsp_ports.clone_from(&args.rtsp_ports);
        }
        if !args.onvif_ports.is_empty() {
            search.onvif_ports.clone_from(&args.onvif_ports);
        }
        let mut printer = Printer::new(args, config, &catalog, search.credentials.as_ref());
        out::note(begin(&search));
        let mut printed = Ok(());
        let complete = discover::search(&search, |found| {
            if printed.is_ok() {
                printed = printer.print(&found);
            }
        })
        .await;
        printed?;
        printer.end(&search, complete);
        Ok(())
    })
}

fn credentials(args: &DiscoverArgs) -> Result<Option<Credentials>> {
    let Some(user) = &args.user else { return Ok(None) };
    let password = if args.password_stdin {
        let mut text = String::new();
        std::io::stdin().lock().take(MAX_PASSWORD).read_to_string(&mut text).context("standard input")?;
        text.lines().next().unwrap_or_default().to_owned()
    } else {
        let missing =
            WrongCredentials("--user needs a password: --password-stdin, or the variable CAMERA_PASSWORD");
        std::env::var(PASSWORD).map_err(|_| missing)?
    };
    let credentials = Credentials::new(user, &password);
    let wrong = WrongCredentials("--user is empty, or has a colon or a control character in it");
    credentials.map(Some).ok_or_else(|| wrong.into())
}

fn begin(search: &Search) -> String {
    let seconds = search.timeout.as_secs();
    match search.targets.len() {
        0 => {
            let networks = search.interfaces.iter().filter(|address| !address.is_loopback());
            let networks: Vec<_> = networks.map(ToString::to_string).collect();
            format!("asking the networks of {} for ONVIF cameras, {seconds} s at most", networks.join(", "))
        }
        1 => format!("asking 1 address, {seconds} s at most"),
        count => format!("asking {count} addresses, {seconds} s at most"),
    }
}

/// What is printed, and what was.
struct Printer<'a> {
    catalog: &'a Catalog,
    credentials: Option<&'a Credentials>,
    is_toml: bool,
    taken: BTreeSet<String>,
    known: Vec<(String, BTreeMap<String, ParamValue>)>,
    count: usize,
    hides_password: bool,
}

impl<'a> Printer<'a> {
    fn new(
        args: &DiscoverArgs,
        config: &Config,
        catalog: &'a Catalog,
        credentials: Option<&'a Credentials>,
    ) -> Self {
        let parameters = |camera: &config::Camera| {
            camera.parameters.iter().map(|(key, value)| (key.clone(), value.into())).collect()
        };
        Self {
            catalog,
            credentials,
            is_toml: args.toml,
            taken: config.cameras.iter().map(|camera| camera.id.clone()).collect(),
            known: config.cameras.iter().map(|camera| (camera.id.clone(), parameters(camera))).collect(),
            count: 0,
            hides_password: false,
        }
    }

    fn print(&mut self, found: &Found) -> Result<()> {
        self.count += 1;
        let entry = discover::propose(found, self.credentials, &mut self.taken);
        let description = entry.as_ref().map(|entry| self.catalog.get(entry.pipeline)).transpose()?;
        let shown = entry.as_ref().zip(description.as_deref()).map(|(entry, pipeline)| {
            let shown = Description::shown(pipeline, &entry.parameters);
            self.hides_password |= shown != entry.parameters;
            (entry, shown)
        });
        let entry = shown.as_ref().map(|(entry, shown)| (*entry, shown));
        let known_as = self.known_as(found);
        let camera = DiscoveredCamera::new(found, entry, self.credentials, known_as);
        if !self.is_toml {
            return out::line(serde_json::to_string(&DiscoverLine::Camera(camera))?);
        }
        let known = camera.known_as.map_or_else(String::new, |id| format!(", known as {id}"));
        // A device must not end the comment that it stands in; what it calls itself is one line.
        out::line(format_args!("# {} at {}{known}", camera.name, camera.address))?;
        if let Some(note) = camera.note {
            out::line(format_args!("# {note}"))?;
        }
        out::line(camera.toml.unwrap_or_default())
    }

    fn known_as(&self, found: &Found) -> Option<String> {
        let mut there = self.known.iter().filter(|(_, parameters)| discover::is_at(parameters, found));
        there.next().map(|(id, _)| id.clone())
    }

    /// Says what comes next.
    fn end(&self, search: &Search, complete: bool) {
        if self.count == 0 {
            out::note(nothing(search));
        } else {
            out::note(format_args!("{} found", self.count));
        }
        if !complete {
            out::note(
                "the time was over before everybody was asked: try fewer addresses, or a longer --timeout",
            );
        }
        if self.hides_password {
            out::note("write the password in the place of ***");
        }
    }
}

fn nothing(search: &Search) -> &'static str {
    if search.targets.is_empty() {
        "no camera answered. Is it on this network (another VLAN is not reached: name its address or network, as in \
         `atalaya discover 192.168.2.0/24`)? Is ONVIF switched on in its settings? Does a firewall let UDP port 3702 through?"
    } else {
        "no camera answered there. Is the address right, and the camera switched on? Are RTSP and ONVIF switched on in its \
         settings, on other ports perhaps (--rtsp-port, --onvif-port)? Does a firewall stand in between?"
    }
}

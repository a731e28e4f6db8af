//! `atalaya run`: one pipeline without a server, what it sees as JSON lines.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::camera::{Description, DetectorSettings, Ender, FrameStream, Pace};
use crate::domain::{Frame, Line, ParamValue, Zone};
use crate::visit::{Happening, Observer};
use crate::wire::run as wire;

/// What to run and what to watch for.
#[derive(Debug)]
pub struct Request<'a> {
    pub description: &'a Description,
    pub parameters: BTreeMap<String, ParamValue>,
    pub lines: Vec<Line>,
    pub zones: Vec<Zone>,
    pub pace: Pace,
    pub detector: DetectorSettings,
}

/// How far a run is: media time, and the length of the source when it is known.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub done: Duration,
    pub total: Option<Duration>,
    pub frames: u64,
}

/// A pipeline that has been started.
#[derive(Debug)]
pub struct Run {
    stream: FrameStream,
    observer: Observer,
    totals: Totals,
}

impl Run {
    /// # Errors
    /// When the parameters do not fit, or the pipeline does not start.
    pub fn start(request: Request<'_>) -> Result<Self> {
        let stream =
            FrameStream::open(request.description, &request.parameters, &request.detector, request.pace)?;
        Ok(Self { stream, observer: Observer::new(request.lines, request.zones), totals: Totals::default() })
    }

    /// What ends the run early, as the end of the source would.
    pub fn ender(&self) -> Ender {
        self.stream.ender()
    }

    /// Goes on until the source ends, writing a line for each frame and each happening to `out`.
    ///
    /// Everything is told in media time, so a file gives the same lines on every machine. What was seen before a
    /// failure is told in full.
    ///
    /// # Errors
    /// When the pipeline fails, or `out` cannot be written.
    pub fn finish(mut self, out: &mut dyn Write, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        let ended = loop {
            match self.stream.next_frame() {
                Ok(Some(frame)) => self.tell_frame(&frame, out)?,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if self.totals.frames % 25 == 1 {
                let (done, total) = (self.totals.length(), self.stream.duration());
                tell(Progress { done, total, frames: self.totals.frames });
            }
        };
        if ended.is_ok() || self.totals.frames > 0 {
            self.tell_end(out)?;
        }
        Ok(ended?)
    }

    fn tell_frame(&mut self, frame: &Frame, out: &mut dyn Write) -> Result<()> {
        self.totals.count(frame);
        write(out, &wire::Line::Frame(frame.into()))?;
        for happening in self.observer.observe(frame.pts_ms, frame) {
            write_happening(out, happening)?;
        }
        Ok(())
    }

    fn tell_end(&mut self, out: &mut dyn Write) -> Result<()> {
        for happening in self.observer.finish() {
            write_happening(out, happening)?;
        }
        let end = wire::End {
            frames: self.totals.frames,
            seconds: self.totals.length().as_secs_f64(),
            people: self.observer.people(),
        };
        write(out, &wire::Line::End(end))?;
        out.flush().context("standard output")
    }
}

/// How much was seen.
#[derive(Debug, Default)]
struct Totals {
    frames: u64,
    first_ms: Option<u64>,
    last_ms: u64,
}

impl Totals {
    fn count(&mut self, frame: &Frame) {
        self.frames += 1;
        self.first_ms.get_or_insert(frame.pts_ms);
        // A frame without a time has 0.
        self.last_ms = self.last_ms.max(frame.pts_ms);
    }

    /// Media time from the first frame to the end of the last one, taking that to last as long as the others.
    fn length(&self) -> Duration {
        let span = self.last_ms - self.first_ms.unwrap_or(self.last_ms);
        let steps = self.frames.saturating_sub(1).max(1);
        Duration::from_millis(span + span / steps)
    }
}

/// Visits that begin and zones that are entered are told when they end.
fn write_happening(out: &mut dyn Write, happening: Happening) -> Result<()> {
    let line = match happening {
        Happening::VisitEnded(stay) => wire::Line::Visit((&stay).into()),
        Happening::LineCrossed { line, direction, track, at_ms } => wire::Line::Line(wire::Crossing {
            line: line.to_string(),
            direction: direction.into(),
            track,
            pts_ms: at_ms,
        }),
        Happening::ZoneLeft { zone, track, enter_ms, leave_ms } => wire::Line::Zone(wire::Stay {
            zone: zone.to_string(),
            track,
            enter_ms,
            leave_ms,
            dwell_ms: leave_ms - enter_ms,
        }),
        Happening::VisitStarted(_) | Happening::ZoneEntered { .. } | Happening::ZoneDwelt { .. } => {
            return Ok(());
        }
    };
    write(out, &line)
}

fn write(out: &mut dyn Write, line: &wire::Line) -> Result<()> {
    writeln!(out, "{}", line.to_json()).context("standard output")
}

//! Arguments, logging, and the call into the app.

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Plays footage like an IP camera, over RTSP
    #[command(hide = true)]
    SimulateCamera(atalaya::demo::Options),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::SimulateCamera(options) => Ok(atalaya::demo::run(options)?),
    }
}

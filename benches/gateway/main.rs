//! The gateway under load: memory of those who only listen, time from an event to its last listener, deliveries a second,
//! what a flooding tenant costs another, and what is lost when Redis or a server is started anew, or all come back at once.
//!
//! `LOADGEN=PROGRAM [PEER='COMMAND'] cargo bench --bench gateway [-- CONNECTIONS…]`: the load comes from a program that is
//! not ours to tune, through a Redis and 1,000, 5,000 and 10,000 sockets; `PEER`, another gateway of the same protocol, is
//! measured by it in the same run, and so is a bare loop that writes to each socket, which says what this machine can do:
//! the ratio to it holds on others, too. Without `LOADGEN` only faults are measured, by clients of ours. What
//! docs/performance.md quotes is printed beside its target.

mod faults;
mod load;
mod people;
mod servers;

use std::io::Write;

use anyhow::Result;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let counts: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1000, 5000, 10_000] } else { counts };
    match std::env::var_os("LOADGEN") {
        Some(loadgen) => load::measure(&mut out, &loadgen, &counts).await?,
        None => writeln!(
            out,
            "gateway: load is not measured, as LOADGEN names no load client; see benches/gateway"
        )?,
    }
    faults::measure(&mut out).await
}

use std::io;

use crate::fleet::Fleet;
use crate::frame::broken;
use crate::options::Options;
use crate::{Result, exchange_of, target_of};

/// Opens connections, exchanges `--messages` on each of them (none by default), and prints that.
/// Then holds them and answers pings, until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let count = options.required("connections")?;
    let messages = options.optional("messages").map_or(Ok(0), str::parse)?;
    let mut fleet = Fleet::open(&target_of(options)?, &exchange_of(options, 1)?, count)?;
    exchange(&mut fleet, messages)?;
    println!("{{\"connected\":{count}}}");
    fleet.run_until(u64::MAX, |_, _| Err(io::Error::other("a message came that nobody asked for")))?;
    Ok(())
}

/// How often to check whether all answers have come, in nanoseconds.
const GLANCE: u64 = 10_000_000;

/// Sends the messages on every connection, each after the answer to the one before.
fn exchange(fleet: &mut Fleet, messages: usize) -> Result<()> {
    let mut left = vec![messages; fleet.connections.len()];
    let mut missing = messages * left.len();
    if missing > 0 {
        fleet.connections.iter_mut().try_for_each(|connection| connection.send(1))?;
    }
    while missing > 0 {
        fleet.run_until(fleet.clock.now() + GLANCE, |connections, received| {
            let left = &mut left[received.index];
            *left = left.checked_sub(received.count).ok_or_else(|| broken("more came back than was sent"))?;
            missing -= received.count;
            if *left > 0 { connections[received.index].send(1) } else { Ok(()) }
        })?;
    }
    Ok(())
}

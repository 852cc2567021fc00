use std::io;

use crate::fleet::Fleet;
use crate::options::Options;
use crate::{Result, exchange_of, target_of};

/// Opens connections, says so, and holds them, answering pings, until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let count = options.required("connections")?;
    let mut fleet = Fleet::open(&target_of(options)?, &exchange_of(options, 1)?, count)?;
    println!("{{\"connected\":{count}}}");
    fleet.run_until(u64::MAX, |_, _| Err(io::Error::other("a message came that nobody asked for")))?;
    Ok(())
}

//! The one clock of the engine.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The I/O thread frees all that JavaScript has let go of within such a period together. Waking the
/// thread for each would take a tenth of JavaScript's time for a short connection.
#[cfg(unix)]
const FREED_WITHIN: Duration = Duration::from_millis(20);

/// Time since the first call. Monotonic.
#[expect(clippy::disallowed_methods, reason = "the engine is where the core's time comes from")]
pub fn now() -> Duration {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed()
}

/// When the I/O thread frees what is let go of now.
#[cfg(unix)]
pub fn freeing_time() -> Duration {
    let count = now().as_nanos() / FREED_WITHIN.as_nanos() + 1;
    FREED_WITHIN * u32::try_from(count).unwrap_or(u32::MAX)
}

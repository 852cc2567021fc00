//! The one clock of the engine.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Time since the first call. Monotonic.
#[expect(clippy::disallowed_methods, reason = "the engine is where the core's time comes from")]
pub fn now() -> Duration {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed()
}

//! Events on their way to JavaScript.

pub mod backpressure;
pub mod inbox;
pub mod queue;
pub mod record;
pub mod sinks;

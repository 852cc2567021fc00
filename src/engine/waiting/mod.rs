//! What JavaScript's thread does before it sleeps.

pub mod polling;
pub mod spinning;

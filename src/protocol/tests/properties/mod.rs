//! Properties of any stream of bytes, at any split, and of any order of calls.
//!
//! `machine` checks the promises of a connection. It does not use proptest, because the fuzz
//! targets drive it too.

mod machine;
mod operations;
mod pair;
mod split;
mod wire;

use crate::protocol;

//! What holds for any stream of bytes, at any split, and for any order of calls.
//!
//! `machine` checks a connection against its promises and knows nothing of proptest: the fuzz
//! targets drive it too.

mod machine;
mod operations;
mod pair;
mod split;
mod wire;

use crate::protocol;

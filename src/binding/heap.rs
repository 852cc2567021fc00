//! Makes the C library keep memory for the next long message.
//!
//! Each long message is a Buffer in memory of its own, and V8 frees tens of megabytes of them at
//! once. glibc gives the end of its heap back to the system as soon as a little of it is free. The
//! system then clears it and faults it in again, page by page, for the messages that follow, which
//! took longer than to receive them. How much glibc keeps follows the program: twice the largest
//! block, of those mapped for themselves, that was ever freed (mallopt(3), `M_MMAP_THRESHOLD`). So
//! one such block is allocated and freed here, untouched, which costs two system calls. glibc then
//! works as in any program that has had one message of that length. Settings in the environment
//! prevail.

use std::hint::black_box;
use std::sync::Once;

/// At first, glibc maps blocks from this length on for themselves. Shorter ones lie between others,
/// and seldom at the end.
const LONG: usize = 128 << 10;

/// With what glibc adds, less than 32 MiB: it learns nothing from longer blocks.
const BLOCK: usize = 31 << 20;

/// A message of `len` bytes is about to be allocated, and more like it are likely to follow.
pub fn expect(len: usize) {
    static LEARNT: Once = Once::new();
    if cfg!(all(target_os = "linux", target_env = "gnu")) && len >= LONG {
        LEARNT.call_once(|| {
            let mut block = Vec::<u8>::new();
            // Without memory for it there is none to keep either.
            let _ = block.try_reserve_exact(BLOCK);
            drop(black_box(block));
        });
    }
}

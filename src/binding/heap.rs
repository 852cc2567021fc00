//! Has the C library keep memory for the next long message.
//!
//! Each long message is a Buffer in memory of its own, and V8 frees tens of megabytes of them at
//! once. glibc gives the end of its heap back to the system as soon as a little of it is free,
//! which has to clear it and fault it in again, page by page, for the messages that follow: that
//! took longer than to receive them. But how much it keeps follows the program: it is twice the
//! largest block, of those mapped for themselves, that was ever freed (mallopt(3),
//! `M_MMAP_THRESHOLD`). To free one costs two system calls if nobody has touched it. So glibc works
//! as it would in any program that has had one message of that length, and what the environment
//! asks of it prevails.

use std::hint::black_box;
use std::sync::Once;

/// From here on glibc maps blocks for themselves at first. Shorter ones lie between others, and
/// seldom at the end.
const LONG: usize = 128 << 10;

/// What glibc adds included, it learns nothing of blocks above 32 MiB.
const BLOCK: usize = 31 << 20;

/// A message of `len` bytes is about to be allocated, and more like it are likely to follow.
pub fn expect(len: usize) {
    static LEARNT: Once = Once::new();
    if cfg!(all(target_os = "linux", target_env = "gnu")) && len >= LONG {
        LEARNT.call_once(|| {
            let mut block = Vec::<u8>::new();
            // Where there is no memory for it, there is none to be kept either.
            let _ = block.try_reserve_exact(BLOCK);
            drop(black_box(block));
        });
    }
}

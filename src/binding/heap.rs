//! Makes the C library keep memory for the next long message.
//!
//! Each long message is a Buffer in memory of its own, and V8 frees tens of megabytes of them at
//! once. glibc returns the end of its heap to the system as soon as a little of it is free. For
//! later messages the system clears this memory and maps it again, page by page, which takes longer
//! than receiving them. How much glibc keeps depends on the program: twice the largest block ever
//! freed, of those that were mapped separately (mallopt(3), `M_MMAP_THRESHOLD`). So this module
//! allocates and frees one such block without touching it, which costs two system calls. glibc then
//! works as in any program that has had one message of that length. Settings in the environment
//! have priority.

use std::hint::black_box;
use std::sync::Once;

/// At first, glibc maps blocks from this length on separately. Shorter ones lie between others, and
/// seldom at the end of the heap.
const LONG: usize = 128 << 10;

/// Less than 32 MiB with glibc's overhead, because longer blocks do not change what it keeps.
const BLOCK: usize = 31 << 20;

/// Prepares for a message of `len` bytes that is about to be allocated, and for more like it.
pub fn expect(len: usize) {
    static LEARNT: Once = Once::new();
    if cfg!(all(target_os = "linux", target_env = "gnu")) && len >= LONG {
        LEARNT.call_once(|| {
            let mut block = Vec::<u8>::new();
            // If there is no memory for the block, there is none to keep either.
            let _ = block.try_reserve_exact(BLOCK);
            drop(black_box(block));
        });
    }
}

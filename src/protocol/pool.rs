//! Memory of large outputs, to be used again.
//!
//! The allocator gives pieces of this size back to the system, and fresh ones cost a page fault for every 4 KiB: more than
//! it costs to fill them.

use std::sync::{Mutex, PoisonError};

/// Pieces from this size on are kept.
const SMALLEST: usize = 64 << 10;

/// Larger pieces are rare, and not worth the memory.
const LARGEST: usize = 4 << 20;

/// What all connections of the process together keep at most.
const MOST: usize = 8 << 20;

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// An empty piece with at least this capacity.
pub(super) fn take(capacity: usize) -> Vec<u8> {
    if (SMALLEST..=LARGEST).contains(&capacity) {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = pool.iter().position(|piece| piece.capacity() >= capacity) {
            return pool.swap_remove(at);
        }
    }
    Vec::with_capacity(capacity)
}

/// Keeps a piece for later, or gives it back to the allocator.
pub(super) fn give(mut piece: Vec<u8>) {
    if !(SMALLEST..=LARGEST).contains(&piece.capacity()) {
        return;
    }
    piece.clear();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.iter().map(Vec::capacity).sum::<usize>() + piece.capacity() <= MOST {
        pool.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_used_again_and_bounded() {
        for _ in 0..100 {
            give(Vec::with_capacity(1 << 20));
        }
        let kept: usize = POOL.lock().expect("no other test panics here").iter().map(Vec::capacity).sum();
        assert!(kept <= MOST, "{kept}");
        let piece = take(1 << 19);
        assert!(piece.is_empty());
        assert!(piece.capacity() >= 1 << 19);
        assert!(take(LARGEST + 1).capacity() > LARGEST);
        give(vec![1; 10]);
        assert!(take(10).is_empty());
    }
}

//! Memory of messages and output, for reuse.
//!
//! One thread allocates a message and another thread frees it. Then the allocator often gives the
//! memory back to the system. New memory costs a page fault for every 4 KiB, which is more than
//! filling it.

use std::sync::{Mutex, PoisonError};

/// Pieces from this size on are kept. The allocator is fast with smaller ones.
const SMALLEST: usize = 8 << 10;

/// Larger pieces are rare, and not worth the memory.
const LARGEST: usize = 4 << 20;

/// Most bytes that the process keeps.
const MOST: usize = 16 << 20;

/// Size classes for each power of two.
const STEPS: u32 = 4;

const CLASSES: usize = ((LARGEST.ilog2() - SMALLEST.ilog2()) * STEPS + 1) as usize;

static POOL: Mutex<Pool> = Mutex::new(Pool { classes: [const { Vec::new() }; CLASSES], kept: 0 });

struct Pool {
    /// Pieces by their size.
    classes: [Vec<Vec<u8>>; CLASSES],
    /// Bytes in all of them.
    kept: usize,
}

/// An empty piece with a capacity of at least `least` bytes. It is at most `most`, or a quarter
/// above `least`.
pub fn take(least: usize, most: usize) -> Vec<u8> {
    if !(SMALLEST..=LARGEST).contains(&least) {
        return Vec::with_capacity(most);
    }
    let class = Some(class_within(most.min(LARGEST))).filter(|&class| size_of(class) >= least);
    let class = class.unwrap_or_else(|| class_for(least));
    pop(class).unwrap_or_else(|| Vec::with_capacity(size_of(class)))
}

/// A kept piece with a capacity of at least `least` bytes and at most a quarter more, if there is
/// one. The process has this memory anyway.
pub fn take_kept(least: usize) -> Option<Vec<u8>> {
    if (SMALLEST..=LARGEST).contains(&least) { pop(class_for(least)) } else { None }
}

fn pop(class: usize) -> Option<Vec<u8>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let piece = pool.classes[class].pop()?;
    pool.kept -= piece.capacity();
    Some(piece)
}

/// Makes room in `piece` for `more` bytes. If it has to move, it gets room for up to `most`.
pub fn reserve(piece: &mut Vec<u8>, more: usize, most: usize) {
    let len = piece.len();
    if piece.capacity() - len >= more {
        return;
    }
    let most = most.max(more);
    if len + more < SMALLEST {
        piece.reserve_exact(most);
        return;
    }
    move_to(take(len + more, len + most), piece);
}

/// Moves the bytes of `piece` to `other`, which is empty. Keeps the old memory for reuse.
pub fn move_to(mut other: Vec<u8>, piece: &mut Vec<u8>) {
    other.extend_from_slice(piece);
    give(std::mem::replace(piece, other));
}

/// A copy of `bytes`.
pub fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut piece = take(bytes.len(), bytes.len());
    piece.extend_from_slice(bytes);
    piece
}

/// Keeps a piece for reuse, or frees it. Pieces that [`take`] has not made are freed.
pub fn give(mut piece: Vec<u8>) {
    let capacity = piece.capacity();
    let class = class_within(capacity);
    if class >= CLASSES || size_of(class) != capacity {
        return;
    }
    piece.clear();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.kept + capacity <= MOST {
        pool.kept += capacity;
        pool.classes[class].push(piece);
    }
}

/// The greatest class whose size is at most `capacity`, or the smallest one.
fn class_within(capacity: usize) -> usize {
    let capacity = capacity.max(SMALLEST);
    let octave = capacity.ilog2();
    let step = (capacity >> (octave - STEPS.ilog2())) as u32 - STEPS;
    ((octave - SMALLEST.ilog2()) * STEPS + step) as usize
}

/// The smallest class whose size is at least `capacity`.
fn class_for(capacity: usize) -> usize {
    if capacity <= SMALLEST { 0 } else { class_within(capacity - 1) + 1 }
}

/// The size of a class.
fn size_of(class: usize) -> usize {
    let (octave, step) = (class as u32 / STEPS, class as u32 % STEPS);
    (SMALLEST << octave) / STEPS as usize * (STEPS + step) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_used_again_and_bounded() {
        for _ in 0..100 {
            give(Vec::with_capacity(1 << 20));
        }
        let kept = POOL.lock().expect("no other test panics here").kept;
        assert!(kept <= MOST, "{kept}");
        let piece = take(1 << 19, 1 << 19);
        assert!(piece.is_empty());
        assert!(piece.capacity() >= 1 << 19);
        assert!(take(LARGEST + 1, LARGEST + 1).capacity() > LARGEST);
        give(vec![1; 10]);
        assert!(take(10, 10).is_empty());
        give(vec![1; SMALLEST + 1]);
        assert_eq!(take(SMALLEST, SMALLEST).capacity(), SMALLEST);
    }

    #[test]
    fn a_piece_has_the_capacity_that_was_asked_for() {
        for least in (1..20_000).chain([16_000, 65_522, 1 << 20, (1 << 20) + 10, LARGEST - 1, LARGEST]) {
            for most in [least, least * 3 / 2, least * 2] {
                let piece = take(least, most);
                assert!(piece.capacity() >= least, "{least} {most}: {}", piece.capacity());
                let bound = most.max(least + least / 4);
                assert!(piece.capacity() <= bound, "{least} {most}: {}", piece.capacity());
                give(piece);
            }
        }
    }

    #[test]
    fn classes_are_the_sizes_they_say() {
        assert_eq!(size_of(0), SMALLEST);
        assert_eq!(size_of(CLASSES - 1), LARGEST);
        for class in 0..CLASSES {
            assert_eq!(class_within(size_of(class)), class);
            assert_eq!(class_within(size_of(class) + 1), class);
        }
    }
}

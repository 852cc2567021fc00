//! Short messages without a call for each.
//!
//! During a delivery, JavaScript writes short messages one behind the other into memory that both
//! languages see: it stages them. The flush at the end of the turn reads them all. Anything else
//! that is done to a link comes behind them, because `Engine::entry` puts them into the output of
//! their links first.
//!
//! With few links, the flush puts and writes them itself. With more, the I/O threads do both: see
//! [`page`](crate::engine::base::page).

use std::ptr::{self, NonNull};
use std::slice;
#[cfg(unix)]
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use super::abi::{SEND_AS_TEXT, SEND_MARK, STAGED_HEAD, STAGED_STEP};
use super::values;
#[cfg(unix)]
use crate::engine::base::page::{Messages, Page};
use crate::protocol::MessageKind;

/// Bytes of a word.
const WORD: usize = size_of::<u32>();

/// Most pages whose memory is kept.
#[cfg(unix)]
const MOST_SPARE: usize = 4;

/// Memory of JavaScript's, and messages on their way.
#[derive(Default)]
pub struct Staging {
    /// Words and bytes of the staged messages. The first word is where the next one begins; 0 means
    /// that there are none.
    messages: Lent<u32>,
    /// For each slot, how many bytes of frames may be staged.
    rooms: Lent<u32>,
    /// Messages that I/O threads may not have put yet, in order.
    #[cfg(unix)]
    handed: Vec<Arc<Page>>,
    /// Memory for others.
    #[cfg(unix)]
    spare: Vec<Messages>,
}

/// A staged message.
pub struct Staged<'a> {
    /// The slot of its link.
    pub slot: u32,
    /// Its bytes; those of a text are UTF-8.
    pub payload: &'a [u8],
    flags: u32,
}

impl Staged<'_> {
    /// Text or bytes.
    pub fn kind(&self) -> MessageKind {
        if self.flags & SEND_AS_TEXT == 0 { MessageKind::Binary } else { MessageKind::Text }
    }

    /// Whether to report when it has left.
    pub fn has_mark(&self) -> bool {
        self.flags & SEND_MARK != 0
    }
}

/// What was staged, in order.
pub struct StagedMessages<'a> {
    rest: &'a [u32],
}

impl<'a> Iterator for StagedMessages<'a> {
    type Item = Staged<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&[slot, flags, len], behind) = self.rest.split_first_chunk()?;
        // SAFETY: any bytes are bytes.
        let (_, bytes, _) = unsafe { behind.align_to() };
        let payload = bytes.get(..len as usize)?;
        let step = (STAGED_HEAD as usize + payload.len()).next_multiple_of(STAGED_STEP as usize);
        self.rest = self.rest.get(step / WORD..).unwrap_or_default();
        Some(Staged { slot, flags, payload })
    }
}

/// Elements of a typed array of JavaScript's, which lives as long as this.
pub struct Lent<T> {
    start: *mut T,
    len: usize,
    _keeper: Option<Keeper>,
}

impl<T> Default for Lent<T> {
    fn default() -> Self {
        Self { start: NonNull::dangling().as_ptr(), len: 0, _keeper: None }
    }
}

/// Keeps a value of JavaScript's from being collected.
struct Keeper {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Keeper {
    fn new(env: &Env, value: sys::napi_value) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: `value` is a live handle of `env`.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), value, 1, &mut reference) })?;
        Ok(Self { env: env.raw(), reference })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // SAFETY: the engine is dropped by its finalizer at the latest, when the environment still
        // stands. Node-API calls finalizers before it forgets references.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

impl Lent<u32> {
    /// The elements of the Uint32Array `value`, which may not be detached.
    pub fn keep(env: &Env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: JavaScript does not run now, and nobody else borrows these elements.
        let words = unsafe { values::words_mut(env, value) }?;
        Ok(Self { start: words.as_mut_ptr(), len: words.len(), _keeper: Some(Keeper::new(env, value)?) })
    }
}

impl<T> Lent<T> {
    /// The elements.
    ///
    /// # Safety
    /// They are used no longer than JavaScript does not run, and nobody changes those that are
    /// used.
    unsafe fn elements<'a>(&self) -> &'a [T] {
        // SAFETY: the memory is kept; the rest is the caller's promise.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }

    /// Sets one element, if there is one at that place.
    fn set(&mut self, index: usize, value: T) {
        if index < self.len {
            // SAFETY: the memory is kept, and JavaScript, the only other user, does not run while
            // the engine is borrowed.
            unsafe { self.start.add(index).write(value) };
        }
    }
}

impl Staging {
    /// Sets the memory for messages, and that for the room of each slot.
    pub fn set_memory(&mut self, messages: Lent<u32>, rooms: Lent<u32>) {
        self.messages = messages;
        self.rooms = rooms;
    }

    /// Says how many bytes of frames may be staged for a link.
    pub fn set_room(&mut self, slot: u32, room: u32) {
        self.rooms.set(slot as usize, room);
    }

    /// Whether the output of a link may lack messages.
    pub fn is_pending(&self) -> bool {
        #[cfg(unix)]
        if !self.handed.is_empty() {
            return true;
        }
        self.end() > 0
    }

    /// Where the next message would begin; 0 if there is none.
    fn end(&self) -> usize {
        // SAFETY: JavaScript does not run while the engine is borrowed, and this copies the word.
        unsafe { self.messages.elements() }.first().map_or(0, |&end| end as usize)
    }

    /// What is staged.
    ///
    /// # Safety
    /// It is used no longer than JavaScript does not run.
    pub unsafe fn messages<'a>(&self) -> StagedMessages<'a> {
        // SAFETY: by the caller's promise. The engine only changes the first word.
        let words = unsafe { self.messages.elements() }.get(..self.end() / WORD).unwrap_or_default();
        StagedMessages { rest: words.get(STAGED_STEP as usize / WORD..).unwrap_or_default() }
    }

    /// Memory for the messages of another page.
    #[cfg(unix)]
    pub fn spare(&mut self) -> Messages {
        self.spare.pop().unwrap_or_default()
    }

    /// Notes that an I/O thread gets this page.
    #[cfg(unix)]
    pub fn hand(&mut self, page: Arc<Page>) {
        self.handed.push(page);
    }

    /// The pages that I/O threads may not have put yet, in order. They are forgotten.
    #[cfg(unix)]
    pub fn take_handed(&mut self) -> Vec<Arc<Page>> {
        std::mem::take(&mut self.handed)
    }

    /// Forgets the pages that I/O threads have put.
    #[cfg(unix)]
    pub fn reclaim(&mut self) {
        for page in self.take_handed() {
            if Arc::strong_count(&page) > 1 {
                self.handed.push(page);
            } else if self.spare.len() < MOST_SPARE {
                self.spare.extend(page.reclaim());
            }
        }
    }

    /// Nothing is staged any more. The messages stay until JavaScript stages others.
    pub fn clear(&mut self) {
        self.messages.set(0, 0);
    }
}

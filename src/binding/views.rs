//! The engine's data as JavaScript's values.

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::abi::{NO_START, RECORD_EXTRA, RECORD_KIND, RECORD_LENGTH, RECORD_SLOT, RECORD_START};
use super::values;
use crate::engine::events::record::{EventKind, EventRecord, Payload, frame_bits, pack_fragments};
use crate::protocol::{Event, Partial, ViolationKind, pool};

/// Weight after which a batch ends.
const BATCH_WEIGHT: usize = 4 << 20;

/// Bytes of text after which a batch ends: garbage collections copy strings that wait for their
/// handlers.
const BATCH_TEXT: usize = 256 << 10;

/// V8 never copies longer strings.
const MOST_COPIED: usize = 128 << 10;

/// [`Partial`] for JavaScript.
#[napi(object)]
pub struct PartialView {
    /// Opcode of the message whose fragments are arriving; 0 for none.
    pub opcode: u32,
    /// Payload of its complete fragments, if requested, and the length of that payload.
    pub fragments: Buffer,
    pub size: f64,
    /// The first byte of the frame whose payload is arriving, with `abi.FRAME_MASKED`; −1 for none.
    pub frame: i32,
    /// That frame's payload length.
    pub length: f64,
    /// How many bytes of its payload, or else of a header, have arrived.
    pub received: f64,
}

impl PartialView {
    /// Converts `partial`, with a copy of the payload or without.
    pub fn of(partial: &Partial<'_>, copies: bool) -> Self {
        let opcode = partial.message.map_or(0, |kind| kind.opcode() as u32);
        let size = partial.fragments.len() as f64;
        let fragments = if copies { partial.fragments.to_vec().into() } else { Buffer::from(Vec::new()) };
        match partial.frame {
            None => Self { opcode, fragments, size, frame: -1, length: 0.0, received: partial.header as f64 },
            Some((header, received)) => {
                let frame = frame_bits(header.mask.is_some(), header.fin, header.rsv, header.opcode);
                Self {
                    opcode,
                    fragments,
                    size,
                    frame: frame as i32,
                    length: header.len as f64,
                    received: received as f64,
                }
            }
        }
    }
}

/// Records on their way to JavaScript: the numbers in one of its arrays, the payloads in another.
/// See [`abi`](super::abi) for the order of the numbers.
pub struct Batch<'a> {
    env: &'a Env,
    records: &'a mut [[u32; RECORD_LENGTH as usize]],
    payloads: sys::napi_value,
    memory: PayloadMemory<'a>,
    len: usize,
    text: usize,
    weight: usize,
}

impl<'a> Batch<'a> {
    /// An empty batch over the Uint32Array `records` and the array `payloads`.
    pub fn new(
        env: &'a Env,
        records: sys::napi_value,
        payloads: sys::napi_value,
        memory: PayloadMemory<'a>,
    ) -> Result<Self> {
        // SAFETY: JavaScript, the only other user of this memory, does not run while a native call
        // fills a batch.
        let (records, _) = unsafe { values::words_mut(env, records) }?.as_chunks_mut();
        Ok(Self { env, records, payloads, memory, len: 0, text: 0, weight: 0 })
    }

    /// Whether there is room for another record.
    pub fn has_room(&self) -> bool {
        self.len < self.records.len() && self.text < BATCH_TEXT && self.weight < BATCH_WEIGHT && !self.memory.is_full
    }

    /// How many records there are.
    pub fn len(&self) -> u32 {
        self.len as u32
    }

    /// The total weight of the records.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Adds a record, for which there must be room, and returns its weight. `short` is the common
    /// buffer of its queue. With `shares_memory`, a short payload may go to the memory for them.
    pub fn push(&mut self, record: &mut EventRecord, short: &[u8], shares_memory: bool) -> Result<usize> {
        let weight = record.weight();
        let index = self.len;
        self.len += 1;
        let text = record.text_len();
        if text <= MOST_COPIED {
            self.text += text;
        }
        self.weight += weight;
        if shares_memory
            && let Some(range) = record.short_bytes()
            && let Some(start) = self.memory.put(self.env, &short[range.clone()])?
        {
            self.write(index, record.kind, record.slot, range.len() as u32);
            self.records[index][RECORD_START as usize] = start;
            return Ok(weight);
        }
        self.write(index, record.kind, record.slot, record.extra);
        match payload(self.env, record, short) {
            Ok(Some(payload)) => values::set_element(self.env, self.payloads, index as u32, payload)?,
            Ok(None) => {}
            Err(_) => {
                values::clear_exception(self.env)?;
                self.write(index, EventKind::Violation, record.slot, ViolationKind::MessageTooLarge as u32);
            }
        }
        Ok(weight)
    }

    fn write(&mut self, index: usize, kind: EventKind, slot: u32, extra: u32) {
        let record = &mut self.records[index];
        record[RECORD_KIND as usize] = kind as u32;
        record[RECORD_SLOT as usize] = slot;
        record[RECORD_EXTRA as usize] = extra;
        record[RECORD_START as usize] = NO_START;
    }
}

/// Memory of JavaScript's for short payloads. Eight messages of 64 bytes took 157 ns each with views
/// of it, and 660 ns with Buffers that Node-API makes.
pub struct PayloadMemory<'a> {
    /// A Uint8Array.
    bytes: sys::napi_value,
    /// Where the next payload goes.
    start: usize,
    /// What follows `start`. `None` until the first payload.
    rest: Option<&'a mut [u8]>,
    /// A payload had no room.
    is_full: bool,
}

impl PayloadMemory<'_> {
    /// The Uint8Array `bytes` from `start` on.
    pub fn new(env: &Env, bytes: sys::napi_value, start: sys::napi_value) -> Result<Self> {
        let start = values::read_integer(env, start)? as usize;
        Ok(Self { bytes, start, rest: None, is_full: false })
    }

    /// Copies a payload there. Returns its position if there was room.
    fn put(&mut self, env: &Env, payload: &[u8]) -> Result<Option<u32>> {
        let rest = match self.rest.take() {
            Some(rest) => rest,
            // SAFETY: JavaScript, the only other user of this memory, does not run while a native
            // call fills a batch.
            None => unsafe { values::bytes_mut(env, self.bytes) }?.get_mut(self.start..).unwrap_or_default(),
        };
        let Some((place, rest)) = rest.split_at_mut_checked(payload.len()) else {
            self.is_full = true;
            return Ok(None);
        };
        place.copy_from_slice(payload);
        self.rest = Some(rest);
        let start = self.start;
        self.start += payload.len();
        Ok(Some(start as u32))
    }
}

/// The payload of a record; `short` is the common buffer of its queue.
fn payload(env: &Env, record: &mut EventRecord, short: &[u8]) -> Result<Option<sys::napi_value>> {
    let latin1 = matches!(record.kind, EventKind::Latin1Text | EventKind::Request);
    let text = !record.as_bytes && matches!(record.kind, EventKind::Text | EventKind::CloseRequested);
    Ok(Some(match std::mem::replace(&mut record.payload, Payload::Nothing) {
        Payload::Nothing => return Ok(None),
        Payload::Count(count) => values::number(env, count as f64)?,
        Payload::Words(words) => values::latin1_string(env, words.as_bytes())?,
        Payload::Phrase(words) => values::utf8_string(env, words.as_bytes())?,
        Payload::Short(range) if latin1 => values::latin1_string(env, &short[range])?,
        Payload::Short(range) if text => values::utf8_string(env, &short[range])?,
        Payload::Short(range) => values::buffer_copy(env, &short[range])?,
        Payload::Units(bytes) => {
            let value = values::utf16_string(env, &bytes);
            pool::give(bytes);
            value?
        }
        Payload::Long(bytes) => {
            let value = match () {
                () if latin1 => values::latin1_string(env, &bytes),
                () if text => values::utf8_string(env, &bytes),
                () => values::buffer_copy(env, &bytes),
            };
            pool::give(bytes);
            value?
        }
    }))
}

/// The payload of an event that is a message, and the kind of one that is a Buffer.
pub fn message(env: &Env, event: Event<'_>) -> Result<(sys::napi_value, Option<EventKind>)> {
    let (payload, kind) = match event {
        Event::Text { payload, ascii: true } => return Ok((values::latin1_string(env, &payload)?, None)),
        Event::Text { payload, ascii: false } => return Ok((values::utf8_string(env, &payload)?, None)),
        Event::TextBytes(payload) => (payload, EventKind::Text),
        Event::Binary(payload) => (payload, EventKind::Binary),
        Event::Fragments { payload, lengths } => (pack_fragments(payload, &lengths).into(), EventKind::Fragments),
        _ => return Err(Error::from_reason("This event is no message.")),
    };
    Ok((values::buffer_copy(env, &payload)?, Some(kind)))
}

//! What the engine knows, as JavaScript's values.

use std::borrow::Cow;

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::values;
use crate::engine::{Data, Entry, Kind};
use crate::protocol::{Event, Partial};

/// [`Partial`] for JavaScript.
#[napi(object)]
pub struct PartialView {
    /// Opcode of the message of which fragments have arrived; 0 for none.
    pub opcode: u32,
    /// Payload of its complete fragments.
    pub fragments: Buffer,
    /// The first byte of the frame whose payload is arriving, and 0x100 if it is masked; −1 for none.
    pub frame: i32,
    /// That frame's payload length.
    pub length: f64,
    /// How much of its payload, or else of a header, has arrived.
    pub received: f64,
}

impl PartialView {
    /// A copy of what `partial` shows.
    pub fn of(partial: &Partial<'_>) -> Self {
        let opcode = partial.message.map_or(0, |kind| kind.opcode() as u32);
        let fragments = partial.fragments.to_vec().into();
        match partial.frame {
            None => Self { opcode, fragments, frame: -1, length: 0.0, received: partial.header as f64 },
            Some((header, received)) => {
                let bits = [header.mask.is_some(), header.fin].map(i32::from);
                let frame = bits[0] << 8 | bits[1] << 7 | i32::from(header.rsv) << 4 | i32::from(header.opcode);
                Self { opcode, fragments, frame, length: header.len as f64, received: received as f64 }
            }
        }
    }
}

/// The payload of an entry; `short` is the common buffer of its queue.
pub fn payload(env: &Env, entry: &mut Entry, short: &[u8]) -> Result<Option<sys::napi_value>> {
    let text = matches!(entry.kind, Kind::Text | Kind::CloseRequested | Kind::Violation);
    Ok(Some(match std::mem::replace(&mut entry.data, Data::Nothing) {
        Data::Nothing => return Ok(None),
        Data::Count(count) => values::number(env, count as f64)?,
        Data::Words(words) => values::ascii_string(env, words.as_bytes())?,
        Data::Short(range) if entry.kind == Kind::AsciiText => values::ascii_string(env, &short[range])?,
        Data::Short(range) if text => values::utf8_string(env, &short[range])?,
        Data::Short(range) => values::buffer_copy(env, &short[range])?,
        Data::Long(bytes) if entry.kind == Kind::AsciiText => values::ascii_string(env, &bytes)?,
        Data::Long(bytes) if text => values::utf8_string(env, &bytes)?,
        Data::Long(bytes) => values::buffer_from(env, bytes)?,
    }))
}

/// The payload of an event that is a message.
pub fn message(env: &Env, event: Event<'_>) -> Result<sys::napi_value> {
    match event {
        Event::Text { payload, ascii: true } => values::ascii_string(env, &payload),
        Event::Text { payload, ascii: false } => values::utf8_string(env, &payload),
        Event::Binary(Cow::Borrowed(bytes)) => values::buffer_copy(env, bytes),
        Event::Binary(Cow::Owned(bytes)) => values::buffer_from(env, bytes),
        _ => Err(Error::from_reason("This event is no message.")),
    }
}

//! The calls that are made for every message, turn or connection.
//!
//! napi-rs guards each call of a method, and each slice that it lends, by locks and sets of its
//! own. That costs more than these calls themselves, so these are plain Node-API functions, with
//! the engine for their data pointer.

use std::ffi::{CStr, c_void};
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};
use napi_derive::napi;

use super::abi::SEND_AS_TEXT;
use super::engine::Engine;
use super::values;
use super::views::PayloadMemory;
use crate::protocol::MessageKind;

/// The type of such a function for Node-API. It returns null for undefined.
type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

const CALLS: [(&CStr, Callback); 16] = [
    (c"adopt", adopt),
    (c"broadcast", broadcast),
    (c"drain", drain),
    (c"encodeInto", encode_into),
    (c"flush", flush),
    (c"free", free),
    (c"handBack", hand_back),
    (c"kick", kick),
    (c"openAlike", open_alike),
    (c"receive", receive),
    (c"release", release),
    (c"sendBinary", send_binary),
    (c"sendText", send_text),
    (c"take", take),
    (c"transferred", transferred),
    (c"wait", wait),
];

#[napi]
impl Engine {
    /// Functions that work on this engine.
    ///
    /// - `adopt` hands the descriptor `fd` to an I/O thread. It is borrowed until `release` or
    ///   `giveUpDescriptor`. With `owns`, the link keeps a duplicate instead. `false` leaves the
    ///   link with JavaScript.
    /// - `broadcast` encodes a message once and sends it on the adopted, unmasked links of the
    ///   first `count` of `slots`. It overwrites each slot with bits of `abi.SENT_…`, and returns
    ///   how many links have reached their high-water mark. `isLatin1` says that no character of
    ///   the text is beyond U+00FF.
    /// - `drain` fills `batch`, `abi.RECORD_LENGTH` numbers an event, and `payloads`. Short payloads
    ///   of links that share memory go into `memory`, one after another from `start` on. It returns
    ///   how many events there are, and `abi.BATCH_LAST` if it need not be called again: `wake` is
    ///   called for the next one.
    /// - `encodeInto` encodes a message of a link that JavaScript drives into `target` at `start`.
    ///   It returns the frame's length; 0 leaves the message to `encode`, for lack of room or since
    ///   it takes several frames.
    /// - `flush` writes the output of this turn, or wakes the I/O threads for it. `true` asks for
    ///   `drain`.
    /// - `free` frees the slot of a released link, whose last event JavaScript has reached. `true`
    ///   if no I/O thread serves a link any more.
    /// - `handBack` ends the polling that `wait` may have begun. Until then this thread polls
    ///   instead of the I/O threads, also between two calls of `wait`.
    /// - `kick` wakes the I/O thread of an adopted link, to send the link's output.
    /// - `openAlike` makes another link with the options of the last `open` that had the same
    ///   `masks`, and returns its slot.
    /// - `receive` takes bytes that JavaScript received. With `direct`, if they made one message
    ///   and nothing else, it returns that message, and writes the kind of event into `kind` if it
    ///   is a Buffer. Otherwise it returns bits of `abi.RECEIVED_…`. `inflating` says that an I/O
    ///   thread still inflates earlier bytes.
    /// - `release` ends the use of a link. The slot of an adopted link is free after
    ///   `EVENT_RELEASED`, that of any other at once. `true` asks for `drain`.
    /// - `sendBinary` and `sendText` send a message. On a link that JavaScript drives, `takeOutput`
    ///   returns what is not to be deflated. They take bits of `abi.SEND_…` and return bits of
    ///   `abi.SENT_…`.
    /// - `take` hands over the events of the last `receive` or `handleTimeout`, as `drain` does. It
    ///   must be called until it returns `abi.BATCH_LAST`, before another link is used.
    /// - `transferred` writes the bytes received and the bytes sent into `counts`.
    /// - `wait` waits a few microseconds for events if they are likely to come. It follows a
    ///   `drain` that has found none. `false` says that none have come: `wake` is called for the
    ///   next one.
    #[napi(ts_return_type = "{ \
            adopt(slot: number, fd: number, owns: boolean): boolean; \
            broadcast(slots: Uint32Array, count: number, data: string | Uint8Array, isText: boolean, isLatin1: boolean): number; \
            drain(batch: Uint32Array, payloads: unknown[], memory: Uint8Array, start: number): number; \
            encodeInto(slot: number, data: string | Uint8Array, isText: boolean, target: Uint8Array, start: number): number; \
            flush(): boolean; \
            free(slot: number): boolean; \
            handBack(): void; \
            kick(slot: number): void; \
            openAlike(masks: boolean): number; \
            receive(slot: number, bytes: Uint8Array, direct: boolean, inflating: boolean, kind?: Uint32Array): string | Buffer | number; \
            release(slot: number, lingering: boolean): boolean; \
            sendBinary(slot: number, bytes: Uint8Array, flags: number): number; \
            sendText(slot: number, text: string, flags: number): number; \
            take(batch: Uint32Array, payloads: unknown[], memory: Uint8Array, start: number): number; \
            transferred(slot: number, counts: Float64Array): void; \
            wait(): boolean \
            }")]
    pub fn calls<'env>(&self, env: &'env Env, this: This<'_>) -> Result<Object<'env>> {
        let calls = Object::new(env)?;
        let mut engine = ptr::null_mut();
        // The functions need the pointer from which every borrow comes, because this borrow ends
        // here.
        // SAFETY: `this` is the live object of this class whose method this is.
        check_status!(unsafe { sys::napi_unwrap(env.raw(), this.raw(), &mut engine) })?;
        for (name, callback) in CALLS {
            let function = function(env, name, callback, engine, this.raw())?;
            // SAFETY: both handles are live in the current scope, and the name is terminated by
            // zero.
            check_status!(unsafe { sys::napi_set_named_property(env.raw(), calls.raw(), name.as_ptr(), function) })?;
        }
        Ok(calls)
    }
}

/// A function that keeps its `owner` alive. `data` points to the engine of the owner.
fn function(
    env: &Env,
    name: &CStr,
    callback: Callback,
    data: *mut c_void,
    owner: sys::napi_value,
) -> Result<sys::napi_value> {
    let mut function = ptr::null_mut();
    // SAFETY: the name is terminated by zero; `callback` reads `data` as what it is.
    check_status!(unsafe {
        sys::napi_create_function(
            env.raw(),
            name.as_ptr(),
            name.count_bytes() as isize,
            Some(callback),
            data,
            &mut function,
        )
    })?;
    let owned = sys::napi_property_descriptor {
        utf8name: c"engine".as_ptr(),
        name: ptr::null_mut(),
        method: None,
        getter: None,
        setter: None,
        value: owner,
        // Neither writable nor configurable: it stays for as long as the function does.
        attributes: sys::PropertyAttributes::default,
        data: ptr::null_mut(),
    };
    // SAFETY: one descriptor, both of whose handles are live in the current scope.
    check_status!(unsafe { sys::napi_define_properties(env.raw(), function, 1, &owned) })?;
    Ok(function)
}

/// Runs `body` with the engine and the arguments of a call, and throws its error.
///
/// # Safety
/// `env` and `info` are those of a call to a [`function`] whose `data` is an [`Engine`].
unsafe fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&mut Engine, &Env, [sys::napi_value; N]) -> Result<sys::napi_value>,
) -> sys::napi_value {
    let mut arguments = [ptr::null_mut(); N];
    let mut count = N;
    let mut data = ptr::null_mut();
    // SAFETY: by the caller's promise; there is room for `count` arguments, and missing ones become
    // undefined.
    let status =
        unsafe { sys::napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), ptr::null_mut(), &mut data) };
    // SAFETY: the function owns the object whose finalizer frees the engine. This is the
    // environment's thread, and no method of the engine calls JavaScript while it borrows it, so
    // this borrow is the only one.
    let engine = unsafe { data.cast::<Engine>().as_mut() };
    let result = match engine {
        Some(engine) if status == sys::Status::napi_ok => body(engine, &Env::from_raw(env), arguments),
        _ => Err(Error::from_status(Status::GenericFailure)),
    };
    result.unwrap_or_else(|error| {
        // SAFETY: `env` is the environment of this call.
        unsafe { JsError::from(error).throw_into(env) };
        ptr::null_mut()
    })
}

/// Defines the callbacks of [`CALLS`]: each is its arguments and what it does with them.
macro_rules! calls {
    ($($name:ident($engine:ident, $env:ident, [$($argument:ident),*]) $body:block)*) => {$(
        unsafe extern "C" fn $name(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
            let body = |$engine: &mut Engine, $env: &Env, [$($argument),*]: [sys::napi_value; _]| $body;
            // SAFETY: `Engine::calls` has made the function.
            unsafe { call(env, info, body) }
        }
    )*};
}

calls! {
    adopt(engine, env, [slot, fd, owns]) {
        let slot = values::read_integer(env, slot)?;
        let owns = values::read_boolean(env, owns)?;
        let adopted = engine.adopt(slot, values::read_signed(env, fd)?, owns);
        values::boolean(env, adopted)
    }

    broadcast(engine, env, [slots, count, data, is_text, is_latin1]) {
        let count = values::read_integer(env, count)? as usize;
        let kind = if values::read_boolean(env, is_text)? { MessageKind::Text } else { MessageKind::Binary };
        let is_latin1 = values::read_boolean(env, is_latin1)?;
        let mut scratch = engine.take_scratch();
        let full = values::read_message(env, kind, data, is_latin1, &mut scratch).and_then(|()| {
            // SAFETY: JavaScript, the only other user of this memory, does not run while this
            // function does.
            let slots = unsafe { values::words_mut(env, slots) }?;
            let count = count.min(slots.len());
            Ok(engine.broadcast(&mut slots[..count], kind, &scratch))
        });
        engine.keep_scratch(scratch);
        values::integer(env, full?)
    }

    drain(engine, env, [batch, payloads, memory, start]) {
        let memory = PayloadMemory::new(env, memory, start)?;
        let count = engine.drain(env, batch, payloads, memory)?;
        values::integer(env, count)
    }

    encode_into(engine, env, [slot, data, is_text, target, start]) {
        let slot = values::read_integer(env, slot)?;
        let start = values::read_integer(env, start)? as usize;
        let kind = if values::read_boolean(env, is_text)? { MessageKind::Text } else { MessageKind::Binary };
        let mut scratch = engine.take_scratch();
        // The message is copied first: `data` may be a view of the memory of `target`.
        let length = values::read_message(env, kind, data, false, &mut scratch).and_then(|()| {
            // SAFETY: JavaScript, the only other user of this memory, does not run while this
            // function does, and no other reference to it is alive.
            let target = unsafe { values::bytes_mut(env, target) }?;
            Ok(engine.encode_frame_into(slot, kind, &scratch, target.get_mut(start..).unwrap_or_default()))
        });
        engine.keep_scratch(scratch);
        values::integer(env, length?)
    }

    flush(engine, env, []) {
        let drain = engine.flush();
        values::boolean(env, drain)
    }

    free(engine, env, [slot]) {
        let is_idle = engine.free(values::read_integer(env, slot)?);
        values::boolean(env, is_idle)
    }

    hand_back(engine, _env, []) {
        engine.hand_back();
        Ok(ptr::null_mut())
    }

    kick(engine, env, [slot]) {
        let slot = values::read_integer(env, slot)?;
        if let Some(entry) = engine.entry(slot) {
            entry.link.kick();
        }
        Ok(ptr::null_mut())
    }

    open_alike(engine, env, [masks]) {
        let slot = engine.open_alike(values::read_boolean(env, masks)?)?;
        values::integer(env, slot)
    }

    receive(engine, env, [slot, bytes, direct, inflating, kind]) {
        let slot = values::read_integer(env, slot)?;
        let direct = values::read_boolean(env, direct)?;
        let inflating = values::read_boolean(env, inflating)?;
        // SAFETY: JavaScript, which could change these bytes, does not run while they are borrowed.
        let bytes = unsafe { values::bytes(env, bytes) }?;
        engine.receive(env, slot, bytes, direct, inflating, kind)
    }

    release(engine, env, [slot, lingering]) {
        let slot = values::read_integer(env, slot)?;
        let drain = engine.release(slot, values::read_boolean(env, lingering)?);
        values::boolean(env, drain)
    }

    send_binary(engine, env, [slot, bytes, flags]) {
        let slot = values::read_integer(env, slot)?;
        let flags = values::read_integer(env, flags)?;
        // SAFETY: JavaScript, which could change these bytes, does not run while they are borrowed.
        let bytes = unsafe { values::bytes(env, bytes) }?;
        let kind = if flags & SEND_AS_TEXT == 0 { MessageKind::Binary } else { MessageKind::Text };
        let status = engine.send_message(slot, kind, bytes, flags);
        values::integer(env, status)
    }

    send_text(engine, env, [slot, text, flags]) {
        let slot = values::read_integer(env, slot)?;
        let flags = values::read_integer(env, flags)?;
        let status = engine.send_text(env, slot, text, flags)?;
        values::integer(env, status)
    }

    take(engine, env, [batch, payloads, memory, start]) {
        let memory = PayloadMemory::new(env, memory, start)?;
        let count = engine.take(env, batch, payloads, memory)?;
        values::integer(env, count)
    }

    transferred(engine, env, [slot, counts]) {
        let slot = values::read_integer(env, slot)?;
        // SAFETY: JavaScript, the only other user of this memory, does not run while this function
        // does.
        let counts = unsafe { values::numbers_mut(env, counts) }?;
        if let Some(counts) = counts.first_chunk_mut() {
            *counts = engine.transferred(slot);
        }
        Ok(ptr::null_mut())
    }

    wait(engine, env, []) {
        let has_come = engine.wait();
        values::boolean(env, has_come)
    }
}

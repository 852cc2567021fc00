//! Between JavaScript's values and bytes, without the detours that a general conversion would take.

use std::ptr;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use crate::protocol::Violation;

/// Strings of up to this many UTF-16 units are read in one pass into a buffer of the greatest size they could need.
const ONE_PASS: usize = 4096;

/// Bytes up to this many are copied into a Buffer.
const SHORT_BUFFER: usize = 4096;

/// Reads the string `value` as UTF-8 into the cleared `bytes`; lone surrogates become U+FFFD.
pub fn read_text(env: &Env, value: sys::napi_value, bytes: &mut Vec<u8>) -> Result<()> {
    let mut units = 0;
    // SAFETY: `value` is a live handle of `env`; with no buffer, only the length in UTF-16 units is stored.
    check_status!(unsafe { sys::napi_get_value_string_utf16(env.raw(), value, ptr::null_mut(), 0, &mut units) })?;
    let mut most = units * 3;
    if units > ONE_PASS {
        // SAFETY: as above; the length in UTF-8 bytes is stored.
        check_status!(unsafe { sys::napi_get_value_string_utf8(env.raw(), value, ptr::null_mut(), 0, &mut most) })?;
    }
    bytes.clear();
    bytes.reserve(most + 1);
    let mut written = 0;
    // SAFETY: `bytes` has room for `most` bytes and the terminating zero that Node-API appends.
    check_status!(unsafe {
        sys::napi_get_value_string_utf8(env.raw(), value, bytes.as_mut_ptr().cast(), most + 1, &mut written)
    })?;
    // SAFETY: Node-API has just initialised `written` bytes, which is at most `most`.
    unsafe { bytes.set_len(written) };
    Ok(())
}

/// A string of ASCII bytes, which are copied as they are.
pub fn ascii_string(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `bytes.len()` bytes from the slice.
    check_status!(unsafe {
        sys::napi_create_string_latin1(env.raw(), bytes.as_ptr().cast(), bytes.len() as isize, &mut value)
    })?;
    Ok(value)
}

/// A string of UTF-8 bytes.
pub fn utf8_string(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `bytes.len()` bytes from the slice.
    check_status!(unsafe {
        sys::napi_create_string_utf8(env.raw(), bytes.as_ptr().cast(), bytes.len() as isize, &mut value)
    })?;
    Ok(value)
}

/// A Buffer with a copy of the bytes.
pub fn buffer_copy(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `bytes.len()` bytes from the slice; the copy's address is not asked for.
    check_status!(unsafe {
        sys::napi_create_buffer_copy(env.raw(), bytes.len(), bytes.as_ptr().cast(), ptr::null_mut(), &mut value)
    })?;
    Ok(value)
}

/// A Buffer of the bytes. Long ones are taken over, where the runtime allows external memory; to copy short ones is
/// cheaper than to have their memory's end reported.
pub fn buffer_from(env: &Env, bytes: Vec<u8>) -> Result<sys::napi_value> {
    if bytes.len() <= SHORT_BUFFER {
        return buffer_copy(env, &bytes);
    }
    // SAFETY: `env` is the environment that this call came from.
    unsafe { ToNapiValue::to_napi_value(env.raw(), Buffer::from(bytes)) }
}

/// The code and words for a payload of which no value could be made. The exception that said so is taken back.
pub fn refuse(env: &Env) -> Result<(u32, sys::napi_value)> {
    let mut exception = ptr::null_mut();
    // SAFETY: writes one handle; without a pending exception it is undefined.
    check_status!(unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &mut exception) })?;
    Ok((
        u32::from(Violation::MessageTooLarge.code()),
        ascii_string(env, Violation::MessageTooLarge.to_string().as_bytes())?,
    ))
}

/// A number.
pub fn number(env: &Env, value: f64) -> Result<sys::napi_value> {
    let mut result = ptr::null_mut();
    // SAFETY: writes one handle.
    check_status!(unsafe { sys::napi_create_double(env.raw(), value, &mut result) })?;
    Ok(result)
}

/// Stores `value` at `index` of the array `array`.
pub fn set_element(env: &Env, array: &Object<'_>, index: u32, value: sys::napi_value) -> Result<()> {
    // SAFETY: both handles are live in the current scope.
    check_status!(unsafe { sys::napi_set_element(env.raw(), array.raw(), index, value) })
}

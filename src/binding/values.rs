//! Conversions between JavaScript's values and bytes, quicker than general ones.

use std::{ptr, slice};

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use super::heap;
use super::text::Text;
use crate::protocol::MessageKind;

/// Reads a message of either kind as its payload bytes into the cleared `bytes`. For `is_latin1`
/// see [`Text::of`].
pub fn read_message(
    env: &Env,
    kind: MessageKind,
    value: sys::napi_value,
    is_latin1: bool,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    match kind {
        MessageKind::Text => Text::of(env, value, is_latin1)?.read(bytes),
        MessageKind::Binary => {
            bytes.clear();
            // SAFETY: JavaScript, which could change these bytes, does not run while they are
            // borrowed.
            bytes.extend_from_slice(unsafe { self::bytes(env, value) }?);
            Ok(())
        }
    }
}

/// The bytes of the Uint8Array `value`.
///
/// # Safety
/// Nobody else may change them while they are borrowed.
pub unsafe fn bytes<'a>(env: &Env, value: sys::napi_value) -> Result<&'a [u8]> {
    // SAFETY: a shared borrow asks no more of the caller than an exclusive one.
    unsafe { bytes_mut(env, value) }.map(|bytes| &*bytes)
}

/// The bytes of the Uint8Array `value`, for writing.
///
/// # Safety
/// Nobody else may look at them while they are borrowed.
pub unsafe fn bytes_mut<'a>(env: &Env, value: sys::napi_value) -> Result<&'a mut [u8]> {
    let (mut data, mut length) = (ptr::null_mut(), 0);
    // SAFETY: `value` is a live handle of `env`; Node-API checks that it is a view of bytes.
    let status = unsafe { sys::napi_get_buffer_info(env.raw(), value, &mut data, &mut length) };
    check_status!(status, "The data must be a Buffer or a Uint8Array.")?;
    if data.is_null() || length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: the view has `length` bytes at `data`, initialised as all memory of JavaScript's;
    // they are the caller's.
    Ok(unsafe { slice::from_raw_parts_mut(data.cast(), length) })
}

/// The numbers of the Uint32Array `value`, for writing.
///
/// # Safety
/// Nobody else may look at them while they are borrowed.
pub unsafe fn words_mut<'a>(env: &Env, value: sys::napi_value) -> Result<&'a mut [u32]> {
    // SAFETY: by the caller's promise; these arrays have elements of this type.
    unsafe { elements_mut(env, value, sys::TypedarrayType::uint32_array) }
}

/// The numbers of the Float64Array `value`, for writing.
///
/// # Safety
/// Nobody else may look at them while they are borrowed.
pub unsafe fn numbers_mut<'a>(env: &Env, value: sys::napi_value) -> Result<&'a mut [f64]> {
    // SAFETY: by the caller's promise; these arrays have elements of this type.
    unsafe { elements_mut(env, value, sys::TypedarrayType::float64_array) }
}

/// # Safety
/// Nobody else may look at the elements while they are borrowed. Typed arrays of the kind
/// `wanted` have elements of the type `T`.
unsafe fn elements_mut<'a, T>(env: &Env, value: sys::napi_value, wanted: i32) -> Result<&'a mut [T]> {
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    let nothing = ptr::null_mut();
    // SAFETY: `value` is a live handle of `env`; Node-API checks that it is a typed array, and
    // skips outputs that are null.
    let status = unsafe {
        sys::napi_get_typedarray_info(env.raw(), value, &mut kind, &mut length, &mut data, nothing, ptr::null_mut())
    };
    if status != sys::Status::napi_ok || kind != wanted || data.is_null() {
        return Err(Error::new(Status::InvalidArg, "The array must be a typed array of the kind that is asked for."));
    }
    // SAFETY: the view has `length` aligned numbers at `data`, initialised as all memory of
    // JavaScript's; they are the caller's.
    Ok(unsafe { slice::from_raw_parts_mut(data.cast(), length) })
}

/// Reads an unsigned number of 32 bits.
pub fn read_integer(env: &Env, value: sys::napi_value) -> Result<u32> {
    let mut integer = 0;
    // SAFETY: `value` is a live handle of `env`.
    let status = unsafe { sys::napi_get_value_uint32(env.raw(), value, &mut integer) };
    check_status!(status, "The argument must be a number.")?;
    Ok(integer)
}

/// Reads a signed number of 32 bits.
pub fn read_signed(env: &Env, value: sys::napi_value) -> Result<i32> {
    let mut integer = 0;
    // SAFETY: `value` is a live handle of `env`.
    let status = unsafe { sys::napi_get_value_int32(env.raw(), value, &mut integer) };
    check_status!(status, "The argument must be a number.")?;
    Ok(integer)
}

/// Reads `true` or `false`.
pub fn read_boolean(env: &Env, value: sys::napi_value) -> Result<bool> {
    let mut boolean = false;
    // SAFETY: `value` is a live handle of `env`.
    let status = unsafe { sys::napi_get_value_bool(env.raw(), value, &mut boolean) };
    check_status!(status, "The argument must be a boolean.")?;
    Ok(boolean)
}

/// An unsigned number of 32 bits.
pub fn integer(env: &Env, value: u32) -> Result<sys::napi_value> {
    let mut result = ptr::null_mut();
    // SAFETY: writes one handle.
    check_status!(unsafe { sys::napi_create_uint32(env.raw(), value, &mut result) })?;
    Ok(result)
}

/// `true` or `false`.
pub fn boolean(env: &Env, value: bool) -> Result<sys::napi_value> {
    let mut result = ptr::null_mut();
    // SAFETY: writes one handle.
    check_status!(unsafe { sys::napi_get_boolean(env.raw(), value, &mut result) })?;
    Ok(result)
}

/// A string of Latin-1, whose bytes are copied as they are.
pub fn latin1_string(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `bytes.len()` bytes from the slice.
    check_status!(unsafe {
        sys::napi_create_string_latin1(env.raw(), bytes.as_ptr().cast(), bytes.len() as isize, &mut value)
    })?;
    Ok(value)
}

/// A string of UTF-16 units, as bytes in this machine's order.
pub fn utf16_string(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    // SAFETY: any two bytes are a unit.
    let (before, mut units, _) = unsafe { bytes.align_to::<u16>() };
    let copy: Vec<u16>;
    if !before.is_empty() {
        copy = bytes.chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
        units = &copy;
    }
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `units.len()` units from the slice.
    check_status!(unsafe {
        sys::napi_create_string_utf16(env.raw(), units.as_ptr(), units.len() as isize, &mut value)
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

/// A Buffer with a copy of the bytes, in memory of JavaScript's own. Such memory can be transferred
/// to another thread, unlike external memory, and costs no more at any size.
pub fn buffer_copy(env: &Env, bytes: &[u8]) -> Result<sys::napi_value> {
    heap::expect(bytes.len());
    let mut value = ptr::null_mut();
    // SAFETY: Node-API copies `bytes.len()` bytes from the slice; the copy's address is not
    // requested.
    check_status!(unsafe {
        sys::napi_create_buffer_copy(env.raw(), bytes.len(), bytes.as_ptr().cast(), ptr::null_mut(), &mut value)
    })?;
    Ok(value)
}

/// Clears the exception of a value that could not be made, such as a text that is too long for a
/// string of JavaScript.
pub fn clear_exception(env: &Env) -> Result<()> {
    let mut exception = ptr::null_mut();
    // SAFETY: writes one handle; without a pending exception it is undefined.
    check_status!(unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &mut exception) })
}

/// A number.
pub fn number(env: &Env, value: f64) -> Result<sys::napi_value> {
    let mut result = ptr::null_mut();
    // SAFETY: writes one handle.
    check_status!(unsafe { sys::napi_create_double(env.raw(), value, &mut result) })?;
    Ok(result)
}

/// Stores `value` at `index` of the array `array`.
pub fn set_element(env: &Env, array: sys::napi_value, index: u32, value: sys::napi_value) -> Result<()> {
    // SAFETY: both handles are live in the current scope.
    check_status!(unsafe { sys::napi_set_element(env.raw(), array, index, value) })
}

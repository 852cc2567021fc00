//! JavaScript's strings as UTF-8.

use std::ptr;

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

use crate::protocol::pool;

/// Strings of up to this many UTF-16 units are encoded in one pass. The memory has the greatest
/// size that they could need, but only the part that they need is touched. Asking V8 for the length
/// in UTF-8 first takes longer than encoding the string.
const ONE_PASS: usize = 256 << 10;

/// A string of JavaScript. Lone surrogates become U+FFFD.
pub struct Text<'a> {
    env: &'a Env,
    value: sys::napi_value,
    units: usize,
    is_latin1: bool,
}

impl<'a> Text<'a> {
    /// The string `value`. `is_latin1` says that no character is beyond U+00FF, which only
    /// JavaScript can tell quickly.
    pub fn of(env: &'a Env, value: sys::napi_value, is_latin1: bool) -> Result<Self> {
        let mut units = 0;
        // SAFETY: `value` is a live handle of `env`; with no buffer, only the length in UTF-16
        // units is stored.
        let status = unsafe { sys::napi_get_value_string_utf16(env.raw(), value, ptr::null_mut(), 0, &mut units) };
        check_status!(status, "The text must be a string.")?;
        Ok(Self { env, value, units, is_latin1 })
    }

    /// Its length in UTF-16 units. It takes as many bytes at least.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Reads it into the cleared `bytes`.
    pub fn read(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clear();
        if self.is_latin1 {
            // V8 copies ASCII in a quarter of the time that encoding takes.
            self.read_latin1(bytes)?;
            if bytes.is_ascii() {
                return Ok(());
            }
            bytes.clear();
        }
        self.read_utf8(bytes)
    }

    /// Reads it into memory of its own, if it is ASCII and known to be Latin-1.
    pub fn take_ascii(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.is_latin1 {
            return Ok(None);
        }
        let mut bytes = pool::take(self.units + 1, self.units + 1);
        self.read_latin1(&mut bytes)?;
        if bytes.is_ascii() {
            return Ok(Some(bytes));
        }
        pool::give(bytes);
        // Prevents a second attempt.
        self.is_latin1 = false;
        Ok(None)
    }

    fn read_utf8(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let mut most = 3 * self.units;
        if self.units > ONE_PASS {
            // SAFETY: the string is live; with no buffer, only the length in UTF-8 bytes is stored.
            check_status!(unsafe {
                sys::napi_get_value_string_utf8(self.env.raw(), self.value, ptr::null_mut(), 0, &mut most)
            })?;
        }
        bytes.reserve(most + 1);
        let mut written = 0;
        // SAFETY: the string is live, and `bytes`, which is empty, has room for `most` bytes and
        // the terminating zero.
        check_status!(unsafe {
            let bytes = bytes.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.env.raw(), self.value, bytes, most + 1, &mut written)
        })?;
        // SAFETY: Node-API has just initialised `written` bytes, which is at most `most`.
        unsafe { bytes.set_len(written) };
        Ok(())
    }

    /// Reads the lower byte of each unit.
    fn read_latin1(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.reserve(self.units + 1);
        let mut written = 0;
        // SAFETY: the string is live, and `bytes`, which is empty, has room for all units and the
        // terminating zero.
        check_status!(unsafe {
            let bytes = bytes.as_mut_ptr().cast();
            sys::napi_get_value_string_latin1(self.env.raw(), self.value, bytes, self.units + 1, &mut written)
        })?;
        // SAFETY: Node-API has just initialised `written` bytes, which is at most `units`.
        unsafe { bytes.set_len(written) };
        Ok(())
    }
}

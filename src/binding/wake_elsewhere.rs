//! The same interface for platforms without I/O threads, where nothing has to wake JavaScript.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;

/// Does nothing.
#[derive(Default)]
pub struct Wake;

impl Wake {
    /// Does nothing.
    pub fn open(self: &Arc<Self>, _env: &Env, _function: &Function<'_, (), ()>) -> Result<()> {
        Ok(())
    }

    /// Does nothing.
    pub fn signal(&self) {}

    /// Does nothing.
    pub fn set_ref(&self, _referenced: bool) {}

    /// Does nothing.
    pub fn close(&self) {}
}

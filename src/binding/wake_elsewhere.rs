//! How JavaScript is woken where an addon can't find libuv by its names.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, sys};

/// A function of JavaScript's that any thread can have called, in a turn of the event loop of its own.
pub struct Wake {
    env: sys::napi_env,
    raw: sys::napi_threadsafe_function,
    signal: Box<dyn Fn() + Send + Sync>,
}

// SAFETY: the raw pointers are used on JavaScript's thread only.
unsafe impl Send for Wake {}
// SAFETY: as above.
unsafe impl Sync for Wake {}

impl Wake {
    /// Has `function` called after each [`signal`](Self::signal), once for several. It does not keep the process alive,
    /// unless [`set_ref`](Self::set_ref) says so.
    pub fn new(env: &Env, function: &Function<'_, (), ()>) -> Result<Arc<Self>> {
        let function = function.build_threadsafe_function::<()>().weak::<true>().build()?;
        let raw = function.raw();
        let signal = Box::new(move || {
            // It can fail only while the environment is torn down, when nobody is left to be told.
            function.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(Arc::new(Self { env: env.raw(), raw, signal }))
    }

    /// Has the function called soon, from any thread.
    pub fn signal(&self) {
        (self.signal)();
    }

    /// Keeps the process alive, or no longer. On JavaScript's thread.
    pub fn set_ref(&self, referenced: bool) {
        // SAFETY: the function lives as long as this does, and this is the thread of its environment.
        unsafe {
            if referenced {
                sys::napi_ref_threadsafe_function(self.env, self.raw);
            } else {
                sys::napi_unref_threadsafe_function(self.env, self.raw);
            }
        }
    }

    /// Node ends it along with the environment.
    pub fn close(&self) {}
}

//! Wakes JavaScript's thread.
//!
//! Node-API's threadsafe functions hold a lock while they signal the event loop, and the thread
//! that is woken needs the same lock. If both share a core, it wakes only to wait. So this module
//! uses libuv's own signal, which Node exports to addons with the rest of libuv's C interface.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::*;
use napi::{Env, check_status, sys};

/// The number of `uv_async_t` for `uv_handle_size`.
const UV_ASYNC: c_int = 1;

/// A `uv_async_t`, whose layout only libuv knows.
#[repr(C)]
struct Handle {
    private: [u8; 0],
}

unsafe extern "C" {
    fn uv_async_init(
        on: *mut sys::uv_loop_s,
        handle: *mut Handle,
        callback: unsafe extern "C" fn(*mut Handle),
    ) -> c_int;
    fn uv_async_send(handle: *mut Handle) -> c_int;
    fn uv_close(handle: *mut Handle, callback: unsafe extern "C" fn(*mut Handle));
    fn uv_handle_get_data(handle: *const Handle) -> *mut c_void;
    fn uv_handle_set_data(handle: *mut Handle, data: *mut c_void);
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_ref(handle: *mut Handle);
    fn uv_unref(handle: *mut Handle);
}

/// A function of JavaScript that other threads call by a signal. It runs in a turn of the event
/// loop of its own. Signals wait while it is closed.
#[derive(Default)]
pub struct Wake {
    /// JavaScript's thread takes the lock when its first connection comes and when its last one has
    /// gone, but not when it is woken.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None while it is closed. The lock keeps the handle while another thread signals.
    handle: Option<NonNull<Handle>>,
    /// Keeps the process alive.
    referenced: bool,
    /// It was signalled while it was closed.
    missed: bool,
}

// SAFETY: other threads only signal the handle, which libuv allows any thread.
unsafe impl Send for State {}

/// The data of a handle. Only JavaScript's thread uses it.
struct Callback {
    env: sys::napi_env,
    function: sys::napi_ref,
    context: sys::napi_async_context,
    cleanup: sys::napi_async_cleanup_hook_handle,
    wake: Arc<Wake>,
    /// The memory of the handle.
    memory: *mut [u128],
}

impl Wake {
    /// Calls `function` after each [`signal`](Self::signal), once for several, and for one that has
    /// come before. Does nothing if it is open. It does not keep the process alive, unless
    /// [`set_ref`](Self::set_ref) says so.
    pub fn open(self: &Arc<Self>, env: &Env, function: &Function<'_, (), ()>) -> Result<()> {
        if self.lock().handle.is_some() {
            return Ok(());
        }
        let mut event_loop = ptr::null_mut();
        // SAFETY: writes a pointer.
        check_status!(unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut event_loop) })?;
        // SAFETY: asks for a number.
        let size = unsafe { uv_handle_size(UV_ASYNC) };
        let memory: *mut [u128] = Box::into_raw(vec![0; size.div_ceil(size_of::<u128>())].into_boxed_slice());
        let handle: *mut Handle = memory.cast();
        let mut callback = Box::new(Callback {
            env: env.raw(),
            function: ptr::null_mut(),
            context: ptr::null_mut(),
            cleanup: ptr::null_mut(),
            wake: self.clone(),
            memory,
        });
        if let Err(error) = callback.prepare(function) {
            callback.forget();
            return Err(error);
        }
        // SAFETY: this is the thread of the loop, and the handle's memory stays where it is until
        // the handle is closed.
        if unsafe { uv_async_init(event_loop, handle, on_signal) } != 0 {
            callback.forget();
            return Err(Error::from_reason("The event loop takes no more handles."));
        }
        let callback = Box::into_raw(callback);
        let mut state = self.lock();
        // SAFETY: the handle was just made; its data is given back when it is closed.
        unsafe {
            uv_handle_set_data(handle, callback.cast());
            if !state.referenced {
                uv_unref(handle);
            }
            if std::mem::take(&mut state.missed) {
                uv_async_send(handle);
            }
        }
        state.handle = NonNull::new(handle);
        drop(state);
        // SAFETY: the hook's argument lives until the hook is removed.
        let added = check_status!(unsafe {
            sys::napi_add_async_cleanup_hook(env.raw(), Some(on_teardown), callback.cast(), &mut (*callback).cleanup)
        });
        added.inspect_err(|_| self.close())
    }

    /// Makes the function run soon. Any thread may call this.
    pub fn signal(&self) {
        let mut state = self.lock();
        match state.handle {
            Some(handle) => {
                // SAFETY: the handle is open, because closing it first takes it out under the lock.
                unsafe { uv_async_send(handle.as_ptr()) };
            }
            None => state.missed = true,
        }
    }

    /// Sets whether it keeps the process alive while it is open. Runs on JavaScript's thread.
    pub fn set_ref(&self, referenced: bool) {
        let mut state = self.lock();
        state.referenced = referenced;
        if let Some(handle) = state.handle {
            // SAFETY: the handle is open, and this is the thread of its loop.
            unsafe { if referenced { uv_ref(handle.as_ptr()) } else { uv_unref(handle.as_ptr()) } }
        }
    }

    /// Closes it until it is opened again. Runs on JavaScript's thread, and not in the function.
    pub fn close(&self) {
        let mut state = self.lock();
        let handle = state.handle.take();
        // It may have been signalled just now.
        state.missed |= handle.is_some();
        drop(state);
        if let Some(handle) = handle {
            let handle = handle.as_ptr();
            // SAFETY: nothing else refers to the handle any more, and this is the thread of its
            // loop. Its data is a `Callback`.
            unsafe {
                (*uv_handle_get_data(handle).cast::<Callback>()).forget();
                uv_close(handle, on_closed);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: the memory comes from a box, and the handle, if there ever was one, is closed.
        drop(unsafe { Box::from_raw(self.memory) });
    }
}

impl Callback {
    fn prepare(&mut self, function: &Function<'_, (), ()>) -> Result<()> {
        let mut name = ptr::null_mut();
        // SAFETY: the name is copied; the handles are live in the current scope.
        check_status!(unsafe {
            let words = c"WebSocketEngine";
            sys::napi_create_string_latin1(self.env, words.as_ptr(), words.count_bytes() as isize, &mut name)
        })?;
        // SAFETY: as above; without a resource, Node makes one.
        check_status!(unsafe { sys::napi_async_init(self.env, ptr::null_mut(), name, &mut self.context) })?;
        // SAFETY: as above.
        check_status!(unsafe { sys::napi_create_reference(self.env, function.raw(), 1, &mut self.function) })
    }

    /// Deletes what belongs to the environment.
    fn forget(&mut self) {
        // SAFETY: both belong to this environment, this is its thread, and nothing uses them any
        // more.
        unsafe {
            sys::napi_delete_reference(self.env, std::mem::replace(&mut self.function, ptr::null_mut()));
            sys::napi_async_destroy(self.env, std::mem::replace(&mut self.context, ptr::null_mut()));
        }
    }

    /// Calls the function as Node calls its own callbacks of libuv: its ticks and microtasks run
    /// right after it.
    fn call(&self) -> Result<()> {
        let (env, context) = (self.env, self.context);
        let (mut function, mut receiver, mut scope) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: `env` is the environment of this thread; the handles are live in the scope of the
        // caller.
        check_status!(unsafe { sys::napi_get_reference_value(env, self.function, &mut function) })?;
        // SAFETY: as above.
        check_status!(unsafe { sys::napi_get_undefined(env, &mut receiver) })?;
        // SAFETY: as above; the resource is that of the context.
        check_status!(unsafe { sys::napi_open_callback_scope(env, ptr::null_mut(), context, &mut scope) })?;
        // SAFETY: as above; there are no arguments, and nobody wants the result.
        unsafe { sys::napi_call_function(env, receiver, function, 0, ptr::null(), ptr::null_mut()) };
        surface(env);
        // SAFETY: the scope was opened above.
        check_status!(unsafe { sys::napi_close_callback_scope(env, scope) })
    }
}

/// Makes an exception that the function has thrown an uncaught one.
fn surface(env: sys::napi_env) {
    let (mut is_pending, mut exception) = (false, ptr::null_mut());
    // SAFETY: `env` is the environment of this thread, with a scope for the one handle that is
    // written.
    unsafe {
        sys::napi_is_exception_pending(env, &mut is_pending);
        if is_pending {
            sys::napi_get_and_clear_last_exception(env, &mut exception);
            sys::napi_fatal_exception(env, exception);
        }
    }
}

unsafe extern "C" fn on_signal(handle: *mut Handle) {
    // SAFETY: the data of the handle is a `Callback` until it is closed.
    let callback = unsafe { &*uv_handle_get_data(handle).cast::<Callback>() };
    let (env, mut scope) = (callback.env, ptr::null_mut());
    // SAFETY: `env` is the environment of this thread.
    unsafe {
        if sys::napi_open_handle_scope(env, &mut scope) == sys::Status::napi_ok {
            // It fails only where the environment is about to end.
            let _ = callback.call();
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

/// Runs when the environment ends, which waits until the hook is removed.
unsafe extern "C" fn on_teardown(_cleanup: sys::napi_async_cleanup_hook_handle, callback: *mut c_void) {
    // SAFETY: the argument is a `Callback`, which lives until its handle is closed. If closing has
    // begun, this does nothing.
    unsafe { (*callback.cast::<Callback>()).wake.close() };
}

unsafe extern "C" fn on_closed(handle: *mut Handle) {
    // SAFETY: the handle's data is the `Callback` that `Wake::open` has leaked. Nothing else refers
    // to it once the hook is removed.
    unsafe {
        let callback = Box::from_raw(uv_handle_get_data(handle).cast::<Callback>());
        if !callback.cleanup.is_null() {
            sys::napi_remove_async_cleanup_hook(callback.cleanup);
        }
    }
}
